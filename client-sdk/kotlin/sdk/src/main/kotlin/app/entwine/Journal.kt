package app.entwine

import java.time.OffsetDateTime
import java.time.YearMonth
import app.entwine.ffi.EntwineClient as Native
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
    /** In alphabetical order. */
    val tags: List<String>,
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

    /** Writes a new entry: shared, or for one's own devices alone. */
    public suspend fun write(
        text: String,
        title: String = "",
        tags: Collection<String> = emptyList(),
        private: Boolean = false,
    ): EntryId = awaiting { EntryId(native.write(NativeNewEntry(title, text, tags.toList(), private))) }

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

    /** What was put into the trash in the last thirty days. */
    public suspend fun trash(): List<JournalEntrySummary> = awaiting { native.trash().map { it.translated() } }

    /** Puts an entry into the trash. An edit that this device has not seen brings it back. */
    public suspend fun delete(id: EntryId): Unit = awaiting { native.delete(id.value) }

    /** Takes an entry out of the trash. */
    public suspend fun restore(id: EntryId): Unit = awaiting { native.restore(id.value) }
}

/** The entry that an event is about; none for an event about anything else. */
public val Event.entry: EntryId?
    get() = (this as? Event.Changed)?.takeIf { it.what == "entry" }?.let { EntryId(it.id) }

private fun NativeSummary.translated() =
    JournalEntrySummary(EntryId(id), title, author, readMoment(writtenAt), private, tags)

private fun NativeEntry.translated() = JournalEntry(
    id = EntryId(id),
    title = title,
    text = text,
    author = author,
    writtenAt = readMoment(writtenAt),
    private = private,
    tags = tags,
    isTrashed = trashed,
    alternatives = alternatives,
)
