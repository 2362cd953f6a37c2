package app.entwine

import java.time.LocalDateTime
import java.time.OffsetDateTime
import java.time.YearMonth
import kotlin.time.Duration
import app.entwine.ffi.EntwineClient as Native
import app.entwine.ffi.ScreenFreeTime as NativeTime

/** A time without screens. Of what the other does with it, there is nothing but the promise. */
public data class ScreenFreeTime(
    val id: ScreenFreeId,
    /** When it begins, with the proposer's offset. */
    val from: OffsetDateTime,
    /** When it ends. */
    val to: OffsetDateTime,
    /** The name of who proposed it. */
    val author: String,
    /** The names of who promised it, in the order in which they did. */
    val promisedBy: List<String>,
    /** Whether this person is one of them. */
    val isPromised: Boolean,
    /** When this person ended it early. Only one's own devices know. */
    val endedAt: OffsetDateTime?,
)

/** The times without screens. Reminders of rituals are held back while one lasts that this person has promised. */
public class ScreenFree internal constructor(client: Native) {
    private val native = call { client.screenFree() }

    /** Proposes one of some whole minutes, and promises it. It begins when the clock on this wall says so; none is now. */
    public suspend fun propose(length: Duration, from: LocalDateTime? = null): ScreenFreeId =
        awaiting { ScreenFreeId(native.propose(length.minutes(), from?.let(::wallText))) }

    /** Promises what the other proposed. */
    public suspend fun promise(id: ScreenFreeId): Unit = awaiting { native.promise(id.value) }

    /** Ends it early, for oneself. Nobody else can see it. */
    public suspend fun end(id: ScreenFreeId): Unit = awaiting { native.end(id.value) }

    /** Those that begin in a [month], or all, the latest proposed first. */
    public suspend fun list(month: YearMonth? = null): List<ScreenFreeTime> =
        awaiting { native.list(month?.toString()).map { it.translated() } }

    /** One of them. */
    public suspend fun read(id: ScreenFreeId): ScreenFreeTime = awaiting { native.read(id.value).translated() }
}

/** The time without screens that an event is about; none for an event about anything else. */
public val Event.screenFree: ScreenFreeId?
    get() = about("screen_free", ::ScreenFreeId)

private fun NativeTime.translated() = ScreenFreeTime(
    id = ScreenFreeId(id),
    from = readMoment(from),
    to = readMoment(to),
    author = author,
    promisedBy = promisedBy,
    isPromised = promised,
    endedAt = endedAt?.let(::readMoment),
)
