package app.entwine

import java.time.LocalDateTime
import java.time.OffsetDateTime
import java.time.YearMonth
import app.entwine.ffi.EntwineClient as Native
import app.entwine.ffi.Note as NativeNote

/** When a note is to be seen. */
public enum class NoteTime(override val word: String) : Choice {
    /** As soon as it comes. */
    NOW("now"),

    /** At an hour of the reader's own wall clock. */
    HOUR("hour"),

    /** When the reader is there again: greet with it. */
    ONLINE("online"),

    /** What only a newer version knows. */
    LATER("later"),
}

/** A note that is there for whoever reads. Whether the other has seen it is nobody's to know. */
public data class Note(
    val id: NoteId,
    val text: String,
    val time: NoteTime,
    /** At which hour of the reader's wall clock. */
    val at: LocalDateTime?,
    /** The name of who wrote it. */
    val author: String,
    /** When it was written, with the offset of where it was. */
    val writtenAt: OffsetDateTime,
    /** Whether its writer has withdrawn it. */
    val isWithdrawn: Boolean,
)

/** The notes: for now, for a set hour, or for when the other is there again. */
public class Notes internal constructor(client: Native) {
    private val native = call { client.notes() }

    /**
     * Writes a note to the other. With [at] it is for that minute of the wall clock wherever the other is; without, it is for now, or
     * with [whenOnline] for when they are there again.
     */
    public suspend fun add(text: String, at: LocalDateTime? = null, whenOnline: Boolean = false): NoteId =
        awaiting { NoteId(native.add(text, at?.let(::wallText), whenOnline)) }

    /** Those that were written in a [month], or all, the newest first. What waits for its hour is seen by its writer alone. */
    public suspend fun list(month: YearMonth? = null): List<Note> =
        awaiting { native.list(month?.toString()).map { it.translated() } }

    /** One of them. */
    public suspend fun read(id: NoteId): Note = awaiting { native.read(id.value).translated() }

    /**
     * The next minute of this phone's wall clock at which a note of the other's is to be seen; none where none waits. Look again then, or
     * let the phone say that something is there: what it says is told to nobody before.
     */
    public suspend fun nextHour(): LocalDateTime? = awaiting { native.nextHour()?.let(::readWall) }

    /** Takes back one's own before its hour. What has come stays with whom it was for. */
    public suspend fun withdraw(id: NoteId): Unit = awaiting { native.withdraw(id.value) }
}

/** The note that an event is about; none for an event about anything else. */
public val Event.note: NoteId?
    get() = about("note", ::NoteId)

private fun NativeNote.translated() =
    Note(NoteId(id), text, chosen(`when`), at?.let(::readWall), author, readMoment(writtenAt), withdrawn)
