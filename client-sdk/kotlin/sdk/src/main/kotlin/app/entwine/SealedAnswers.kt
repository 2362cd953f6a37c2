package app.entwine

import java.time.OffsetDateTime
import java.time.YearMonth
import java.util.Locale
import app.entwine.ffi.EntwineClient as Native
import app.entwine.ffi.SealedRound as NativeRound

/** How a round of sealed answers stands for this person. */
public enum class RoundState(override val word: String) : Choice {
    /** This person has not answered. Whether the other has is not told before both have. */
    OPEN("open"),

    /** This person has answered. */
    YOU_ANSWERED("you answered"),

    /** Both have, and the phones are opening it for each other. */
    BOTH_ANSWERED("both answered"),

    /** Both can read both. */
    REVEALED("revealed"),

    /** What the other shows is not what they had sealed. */
    DOES_NOT_MATCH("does not match"),

    /** Somebody passed it over, and owes no reason. */
    SKIPPED("skipped"),

    /** What only a newer version knows. */
    LATER("later"),
}

/** A question, as it was asked. Its [id] is that of [Content.questions] or of an own one; empty for what was only typed. */
public data class AskedQuestion(val id: String, val text: String)

/** Questions that both answer under seal, and how that stands for this person. */
public data class SealedRound(
    val id: RoundId,
    /** In their order. */
    val questions: List<AskedQuestion>,
    val state: RoundState,
    /** What this person answered, a text for each question, as far as this device has it. */
    val yours: List<String>?,
    /** What the other answered, once both can read both. */
    val theirs: List<String>?,
    /** How many more answers the other had sealed, which stayed so. */
    val unopened: Int,
    /** The name of who opened it; of rounds that nobody opened, none. */
    val openedBy: String?,
    /** When, with the offset of where it was. */
    val openedAt: OffsetDateTime?,
)

/** The sealed answers: both answer, and neither reads the other's before both have. */
public class SealedAnswers internal constructor(client: Native) {
    private val native = call { client.sealedAnswers() }

    /** Opens a round with a question of one's own. */
    public suspend fun open(question: String): RoundId = awaiting { RoundId(native.open(question)) }

    /** Opens a round with one of [Content.questions] by its id, in the words of a [locale]. */
    public suspend fun openQuestion(id: String, locale: Locale = Locale.getDefault()): RoundId =
        awaiting { RoundId(native.openQuestion(id, locale.toLanguageTag())) }

    /** Answers: a text for each question, empty where one is passed over. */
    public suspend fun answer(id: RoundId, vararg texts: String): Unit = awaiting { native.answer(id.value, texts.toList()) }

    /** Passes a round over, without a reason, and withdraws what one has answered. */
    public suspend fun skip(id: RoundId): Unit = awaiting { native.skip(id.value) }

    /** Shows one's answer to the other, who passes the round over. */
    public suspend fun publish(id: RoundId): Unit = awaiting { native.publish(id.value) }

    /** One round. */
    public suspend fun read(id: RoundId): SealedRound = awaiting { native.read(id.value).translated() }

    /** The rounds that were opened in a [month], or all, the newest first. */
    public suspend fun list(month: YearMonth? = null): List<SealedRound> =
        awaiting { native.list(month?.toString()).map { it.translated() } }
}

/** The round that an event is about; none for an event about anything else. */
public val Event.round: RoundId?
    get() = about("sealed_answer", ::RoundId)

internal fun NativeRound.translated() = SealedRound(
    id = RoundId(id),
    questions = questions.map { AskedQuestion(it.id, it.text) },
    state = chosen(state),
    yours = yours,
    theirs = theirs,
    unopened = unopened.toInt(),
    openedBy = openedBy,
    openedAt = openedAt?.let(::readMoment),
)
