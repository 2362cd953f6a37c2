package app.entwine

import java.time.OffsetDateTime
import app.entwine.ffi.SearchHit as NativeHit

/** Where words were found. */
public data class SearchHit(
    /** What it is, or belongs to: `entry`, `ritual`, …, as [Event.Changed] calls it. */
    val what: String,
    /** Names it. */
    val id: String,
    /** When it was made, in the time zone of this phone. */
    val madeAt: OffsetDateTime,
    /** Whether only one's own devices have it. */
    val private: Boolean,
    /** The words around what was found. */
    val excerpt: String,
)

internal fun NativeHit.translated() = SearchHit(what, id, readMoment(madeAt), private, excerpt)
