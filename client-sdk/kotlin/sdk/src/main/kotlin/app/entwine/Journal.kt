package app.entwine

import java.time.LocalDate
import java.time.OffsetDateTime
import java.time.YearMonth
import app.entwine.ffi.EntwineClient as Native
import app.entwine.ffi.JournalChanges as NativeChanges
import app.entwine.ffi.JournalEntry as NativeEntry
import app.entwine.ffi.JournalEntrySummary as NativeSummary
import app.entwine.ffi.NewJournalEntry as NativeNewEntry
import app.entwine.ffi.OpenedText as NativeOpenedText

/** An entry without its text, for a list. */
public data class JournalEntrySummary(
    val id: EntryId,
    val title: String,
    /** The name of who began it. */
    val author: String,
    /** When, with the offset of where it was written. */
    val writtenAt: OffsetDateTime,
    /** Whether only one's own devices have it. */
    val private: Boolean,
    /** In alphabetical order. */
    val tags: List<String>,
    /** How the writer wants to be heard. */
    val wish: ListeningWish?,
)

/** An entry. */
public data class JournalEntry(
    val id: EntryId,
    val title: String,
    /** The text, with everybody's words. */
    val text: String,
    /** The name of who began it. */
    val author: String,
    /** When, with the offset of where it was written. */
    val writtenAt: OffsetDateTime,
    /** Whether only one's own devices have it. */
    val private: Boolean,
    /** In alphabetical order, as all lists here. */
    val tags: List<String>,
    /** Ids of [Content.feelings], or own words. */
    val feelings: List<String>,
    /** Where in the body they are: ids of [Content.sensations], or own words. */
    val sensations: List<String>,
    /** What set it off. */
    val setOff: String,
    /** Who was there. */
    val people: List<String>,
    /** Where it was, in the writer's own words. */
    val place: String,
    /** How the writer wants to be heard. */
    val wish: ListeningWish?,
    /** How many photos and voice notes a later version has put beside it. */
    val attachments: Int,
    /** Whether it lies in the trash. */
    val isTrashed: Boolean,
    /** By field, the other values of what was chosen differently apart. */
    val alternatives: Map<String, List<String>>,
)

/** A text as an editor opened it. */
public class OpenedText internal constructor(private val native: NativeOpenedText) {
    /** What to edit. */
    public val text: String = call { native.text() }

    /** Keeps what was [edited]. It is compared with the text as it was opened, so that what others wrote meanwhile stays. */
    public suspend fun save(edited: String): Unit = awaiting { native.save(edited) }
}

/** The journal: entries that both write in, and private ones. When a function that writes returns, it is on the disk. */
public class Journal internal constructor(client: Native) {
    private val native = call { client.journal() }

    /**
     * Writes a new entry: shared, or for one's own devices alone. Everything but the text may be left out.
     *
     * @param feelings ids of [Content.feelings], or own words
     * @param sensations where in the body they are: ids of [Content.sensations], or own words
     * @param setOff what set it off
     * @param people who was there
     * @param place where it was, in the writer's own words
     * @param wish how the writer wants to be heard
     */
    public suspend fun write(
        text: String,
        title: String = "",
        tags: Collection<String> = emptyList(),
        private: Boolean = false,
        feelings: Collection<String> = emptyList(),
        sensations: Collection<String> = emptyList(),
        setOff: String = "",
        people: Collection<String> = emptyList(),
        place: String = "",
        wish: ListeningWish? = null,
    ): EntryId = awaiting {
        val new = NativeNewEntry(
            title = title,
            text = text,
            tags = tags.toList(),
            private = private,
            feelings = feelings.toList(),
            sensations = sensations.toList(),
            setOff = setOff,
            people = people.toList(),
            place = place,
            wish = wish?.word,
        )
        EntryId(native.write(new))
    }

    /**
     * Changes what stands beside an entry's text: only what is given. What both add apart to tags, feelings, sensations and people
     * is all there afterwards. A wish is taken back by [withdrawWish].
     */
    public suspend fun change(
        id: EntryId,
        title: String? = null,
        tags: Collection<String>? = null,
        feelings: Collection<String>? = null,
        sensations: Collection<String>? = null,
        setOff: String? = null,
        people: Collection<String>? = null,
        place: String? = null,
        wish: ListeningWish? = null,
    ): Unit = awaiting {
        val changes = NativeChanges(
            title = title,
            tags = tags?.toList(),
            feelings = feelings?.toList(),
            sensations = sensations?.toList(),
            setOff = setOff,
            people = people?.toList(),
            place = place,
            wish = wish?.word,
        )
        native.change(id.value, changes)
    }

    /** Takes back how the writer of an entry wants to be heard. */
    public suspend fun withdrawWish(id: EntryId): Unit = awaiting { native.change(id.value, NativeChanges(wish = "")) }

    /**
     * Shares a private entry of one's own, or a [passage] of it: the id of what is shared. With no passage the private one goes into
     * the trash. Nothing private touches the shared space in any other way.
     */
    public suspend fun share(id: EntryId, passage: String? = null): EntryId =
        awaiting { EntryId(native.share(id.value, passage)) }

    /** Adds to the end of an entry's text. */
    public suspend fun append(id: EntryId, text: String): Unit = awaiting { native.append(id.value, text) }

    /** Replaces the first place where [old] stands in an entry's text. */
    public suspend fun replace(id: EntryId, old: String, new: String): Unit = awaiting { native.replace(id.value, old, new) }

    /** Opens an entry's text for an editor. */
    public suspend fun openEditor(id: EntryId): OpenedText = awaiting { OpenedText(native.openEditor(id.value)) }

    /** An entry, also one that lies in the trash. */
    public suspend fun read(id: EntryId): JournalEntry = awaiting { native.read(id.value).translated() }

    /** The months that anything was written in, the latest first. */
    public suspend fun months(): List<YearMonth> = awaiting { native.months().map(YearMonth::parse) }

    /** The entries of a [month], or all, the newest first; one's own private ones too. */
    public suspend fun list(month: YearMonth? = null): List<JournalEntrySummary> =
        awaiting { native.list(month?.toString()).map { it.translated() } }

    /** What was written on this [day] of earlier years, the newest first; none is today. The day is the writer's. */
    public suspend fun onThisDay(day: LocalDate? = null): List<JournalEntrySummary> =
        awaiting { native.onThisDay(day?.toString()).map { it.translated() } }

    /** What was put into the trash in the last thirty days. */
    public suspend fun trash(): List<JournalEntrySummary> = awaiting { native.trash().map { it.translated() } }

    /** Puts an entry into the trash. An edit that this device has not seen brings it back. */
    public suspend fun delete(id: EntryId): Unit = awaiting { native.delete(id.value) }

    /** Takes an entry out of the trash. */
    public suspend fun restore(id: EntryId): Unit = awaiting { native.restore(id.value) }
}

/** The entry that an event is about; none for an event about anything else. */
public val Event.entry: EntryId?
    get() = about("entry", ::EntryId)

private fun NativeSummary.translated() =
    JournalEntrySummary(EntryId(id), title, author, readMoment(writtenAt), private, tags, wish?.let { chosen(it) })

private fun NativeEntry.translated() = JournalEntry(
    id = EntryId(id),
    title = title,
    text = text,
    author = author,
    writtenAt = readMoment(writtenAt),
    private = private,
    tags = tags,
    feelings = feelings,
    sensations = sensations,
    setOff = setOff,
    people = people,
    place = place,
    wish = wish?.let { chosen(it) },
    attachments = attachments.toInt(),
    isTrashed = trashed,
    alternatives = alternatives,
)
