package app.entwine

import java.time.OffsetDateTime
import java.time.YearMonth
import app.entwine.ffi.CheckIn as NativeCheckIn
import app.entwine.ffi.CheckInWords as NativeWords
import app.entwine.ffi.EntwineClient as Native

/** How much strength somebody has. */
public enum class Energy(override val word: String) : Choice {
    /** Little. */
    LOW("low"),

    /** Enough. */
    MIDDLE("middle"),

    /** Much. */
    HIGH("high"),

    /** What only a newer version knows. */
    LATER("later"),
}

/** How open somebody is to a deep talk. No explanation is owed. */
public enum class DeepTalk(override val word: String) : Choice {
    /** Gladly. */
    OPEN("open"),

    /** Ask me again. */
    MAYBE("maybe"),

    /** Not today. */
    NOT_TODAY("not-today"),

    /** What only a newer version knows. */
    LATER("later"),
}

/** The part of the day that a check-in belongs to. */
public enum class PartOfDay(override val word: String) : Choice {
    /** The morning. */
    MORNING("morning"),

    /** The evening. */
    EVENING("evening"),

    /** Any time. */
    ANY("any"),

    /** What only a newer version knows. */
    LATER("later"),
}

/** What a check-in says. What is none is left out of a new one, and left as it is in one that is there. */
public data class CheckInWords(
    /** How the writer is: one of [MOODS], or own words. */
    val mood: String? = null,
    val energy: Energy? = null,
    /** Ids of [Content.feelings], or own words. */
    val feelings: List<String>? = null,
    /** What is needed today. */
    val need: String? = null,
    /** How open to a deep talk. */
    val talk: DeepTalk? = null,
    /** One line of the day. */
    val line: String? = null,
    /** How the writer wants to be heard. */
    val wish: ListeningWish? = null,
    /** The part of the day; for a new one, none is any. */
    val part: PartOfDay? = null,
) {
    public companion object {
        /** How somebody is, in one word each, from the hardest day to the best: to tap. They are no numbers to count with. */
        public val MOODS: List<String> = listOf("stormy", "heavy", "even", "light", "bright")
    }
}

/** What can be taken back of a check-in, beside texts, which are emptied. */
public enum class CheckInChoice { ENERGY, TALK, WISH }

/** How somebody was. */
public data class CheckIn(
    val id: CheckInId,
    /** How the writer wants to be heard: to be seen before anybody answers. */
    val wish: ListeningWish?,
    /** How the writer is: one of [CheckInWords.MOODS], or own words; may be empty. */
    val mood: String,
    val energy: Energy?,
    /** In alphabetical order. */
    val feelings: List<String>,
    /** What is needed today; may be empty. */
    val need: String,
    /** How open to a deep talk. */
    val talk: DeepTalk?,
    /** One line of the day; may be empty. */
    val line: String,
    val part: PartOfDay,
    /** The name of who wrote it. */
    val author: String,
    /** When, with the offset of where it was written. */
    val writtenAt: OffsetDateTime,
    /** Whether only one's own devices have it. */
    val private: Boolean,
    /** How many photos and voice notes a later version has put beside it. */
    val attachments: Int,
    /** Whether it lies in the trash. */
    val isTrashed: Boolean,
    /** By field, the other values of what was chosen differently on one's own devices apart. */
    val alternatives: Map<String, List<String>>,
)

/** The check-ins: how each is, for both or for oneself, from one tap to ten minutes. */
public class CheckIns internal constructor(client: Native) {
    private val native = call { client.checkIns() }

    /** Checks in, for both or for oneself alone. One word of anything is enough. */
    public suspend fun add(words: CheckInWords, private: Boolean = false): CheckInId =
        awaiting { CheckInId(native.add(words.native(), private)) }

    /** Changes one's own: only what is given. What was chosen may be taken back. */
    public suspend fun change(id: CheckInId, words: CheckInWords, takingBack: Set<CheckInChoice> = emptySet()): Unit =
        awaiting { native.change(id.value, words.native(takingBack)) }

    /** Those of a [month], or all, the newest first; one's own private ones too. */
    public suspend fun list(month: YearMonth? = null): List<CheckIn> =
        awaiting { native.list(month?.toString()).map { it.translated() } }

    /** One of them, also where it lies in the trash. */
    public suspend fun read(id: CheckInId): CheckIn = awaiting { native.read(id.value).translated() }

    /** Puts one's own into the trash. */
    public suspend fun delete(id: CheckInId): Unit = awaiting { native.delete(id.value) }

    /** Takes one out of the trash. */
    public suspend fun restore(id: CheckInId): Unit = awaiting { native.restore(id.value) }
}

/** The check-in that an event is about; none for an event about anything else. */
public val Event.checkIn: CheckInId?
    get() = about("check_in", ::CheckInId)

private fun CheckInWords.native(takingBack: Set<CheckInChoice> = emptySet()): NativeWords {
    fun word(what: CheckInChoice, choice: Choice?) = if (what in takingBack) "" else choice?.word
    return NativeWords(
        mood = mood,
        energy = word(CheckInChoice.ENERGY, energy),
        feelings = feelings,
        need = need,
        talk = word(CheckInChoice.TALK, talk),
        line = line,
        wish = word(CheckInChoice.WISH, wish),
        part = part?.word,
    )
}

private fun NativeCheckIn.translated() = CheckIn(
    id = CheckInId(id),
    wish = wish?.let { chosen(it) },
    mood = mood,
    energy = energy?.let { chosen(it) },
    feelings = feelings,
    need = need,
    talk = talk?.let { chosen(it) },
    line = line,
    part = chosen(part),
    author = author,
    writtenAt = readMoment(writtenAt),
    private = `private`,
    attachments = attachments.toInt(),
    isTrashed = trashed,
    alternatives = alternatives,
)
