package app.entwine

import java.time.LocalTime
import java.time.OffsetDateTime
import java.time.YearMonth
import app.entwine.ffi.EntwineClient as Native
import app.entwine.ffi.ReachedOut as NativeReachedOut
import app.entwine.ffi.TurningTowards as NativeTurning

/** What somebody reaches out with. */
public enum class Bid(override val word: String) : Choice {
    /** I think of you. */
    THINKING_OF_YOU("thinking-of-you"),

    /** Something good happened. */
    GOOD_NEWS("good-news"),

    /** Something hard happened. */
    BAD_NEWS("bad-news"),

    /** I could use you. */
    NEED_YOU("need-you"),

    /** What only a newer version knows. */
    LATER("later"),
}

/** How the other turns towards it. */
public enum class Turning(override val word: String) : Choice {
    /** I am here. */
    HERE("here"),

    /** Tell me more. */
    TELL_ME_MORE("tell-me-more"),

    /** I am with you after an hour. */
    AFTER("after"),

    /** What only a newer version knows. */
    LATER("later"),
}

/** That somebody reaches out. What has no answer is shown as what has one: nothing here counts, waits or reminds. */
public data class ReachedOut(
    val id: ReachingOutId,
    val bid: Bid,
    /** Words beside it; may be empty. */
    val text: String,
    /** The name of who reaches out. */
    val author: String,
    /** When, with the offset of where it was. */
    val writtenAt: OffsetDateTime,
    /** How the other turned towards it, in the order in which they did. */
    val answers: List<TurningTowards>,
)

/** How somebody turns towards it. */
public data class TurningTowards(
    val id: TurningTowardsId,
    val turning: Turning,
    /** After which hour, by the clock where it was written. */
    val after: LocalTime?,
    /** Words beside it; may be empty. */
    val text: String,
    /** The name of who answers. */
    val author: String,
    /** When, with the offset of where it was. */
    val writtenAt: OffsetDateTime,
)

/** Reaching out, and turning towards it. */
public class ReachingOut internal constructor(client: Native) {
    private val native = call { client.reachingOut() }

    /** Reaches out to the other, with words or without. */
    public suspend fun add(bid: Bid, text: String = ""): ReachingOutId =
        awaiting { ReachingOutId(native.add(bid.word, text)) }

    /** Turns towards it, with words or without. [Turning.AFTER] needs the hour, by this wall clock. */
    public suspend fun answer(
        id: ReachingOutId,
        turning: Turning,
        after: LocalTime? = null,
        text: String = "",
    ): TurningTowardsId = awaiting { TurningTowardsId(native.answer(id.value, turning.word, after?.let(::hourText), text)) }

    /** Those of a [month], or all, the newest first. */
    public suspend fun list(month: YearMonth? = null): List<ReachedOut> =
        awaiting { native.list(month?.toString()).map { it.translated() } }

    /** One of them, also where it lies in the trash. */
    public suspend fun read(id: ReachingOutId): ReachedOut = awaiting { native.read(id.value).translated() }

    /** Puts one's own into the trash. */
    public suspend fun delete(id: ReachingOutId): Unit = awaiting { native.delete(id.value) }

    /** Takes one out of the trash. */
    public suspend fun restore(id: ReachingOutId): Unit = awaiting { native.restore(id.value) }
}

/** The reaching out that an event is about, or that it answers; none for an event about anything else. */
public val Event.reachingOut: ReachingOutId?
    get() = about("reaching_out", ::ReachingOutId)

private fun NativeReachedOut.translated() = ReachedOut(
    id = ReachingOutId(id),
    bid = chosen(bid),
    text = text,
    author = author,
    writtenAt = readMoment(writtenAt),
    answers = answers.map { it.translated() },
)

private fun NativeTurning.translated() = TurningTowards(
    id = TurningTowardsId(id),
    turning = chosen(turning),
    after = after?.let(::readHour),
    text = text,
    author = author,
    writtenAt = readMoment(writtenAt),
)
