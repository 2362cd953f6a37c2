package app.entwine

import java.time.OffsetDateTime
import java.time.YearMonth
import app.entwine.ffi.EntwineClient as Native
import app.entwine.ffi.Gratitude as NativeGratitude

/** What a gratitude is about. */
public enum class GratitudeFor(override val word: String) : Choice {
    /** Who the partner is. */
    CHARACTER("character"),

    /** What the partner did. */
    ACT("act"),

    /** The effort that was noticed, whatever came of it. */
    EFFORT("effort"),

    /** Anything else in the day. */
    ANYTHING("anything"),

    /** What only a newer version knows. */
    LATER("later"),
}

/** Something that somebody is grateful for. */
public data class Gratitude(
    val id: GratitudeId,
    /** What for. */
    val text: String,
    val about: GratitudeFor,
    /** The name of who wrote it. */
    val author: String,
    /** When, with the offset of where it was written. */
    val writtenAt: OffsetDateTime,
)

/** The gratitudes: one thing, or the three of an evening. */
public class Gratitudes internal constructor(client: Native) {
    private val native = call { client.gratitudes() }

    /** Writes down one thing, or up to three. */
    public suspend fun add(vararg texts: String, about: GratitudeFor = GratitudeFor.ANYTHING): List<GratitudeId> =
        awaiting { native.add(texts.toList(), about.word).map(::GratitudeId) }

    /** Those of a [month], or all, the newest first. */
    public suspend fun list(month: YearMonth? = null): List<Gratitude> =
        awaiting { native.list(month?.toString()).map { it.translated() } }

    /** One of them, also where it lies in the trash. */
    public suspend fun read(id: GratitudeId): Gratitude = awaiting { native.read(id.value).translated() }

    /** Puts one's own into the trash. */
    public suspend fun delete(id: GratitudeId): Unit = awaiting { native.delete(id.value) }

    /** Takes one out of the trash. */
    public suspend fun restore(id: GratitudeId): Unit = awaiting { native.restore(id.value) }
}

/** The gratitude that an event is about; none for an event about anything else. */
public val Event.gratitude: GratitudeId?
    get() = about("gratitude", ::GratitudeId)

private fun NativeGratitude.translated() =
    Gratitude(GratitudeId(id), text, chosen(about), author, readMoment(writtenAt))
