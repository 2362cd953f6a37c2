package app.entwine

import java.time.OffsetDateTime
import java.time.YearMonth
import java.util.Locale
import app.entwine.ffi.CoupleQuestion as NativeQuestion
import app.entwine.ffi.EntwineClient as Native
import app.entwine.ffi.OpenAnswer as NativeAnswer
import app.entwine.ffi.QuestionSession as NativeSession
import app.entwine.ffi.SessionQuestion as NativeSessionQuestion

/** Where a question of a session stands. */
public enum class StepState(override val word: String) : Choice {
    /** It is the one to talk about. */
    NOW("now"),

    /** The two talked about it. */
    DONE("done"),

    /** Somebody passed it over, and owes no reason. */
    SKIPPED("skipped"),

    /** Its turn is to come; also what only a newer version knows. */
    LATER("later"),
}

/** How a session goes on from the question that the two talk about. */
public enum class Passing(override val word: String) : Choice {
    /** They talked about it. */
    DONE("done"),

    /** They pass it over. */
    SKIPPED("skipped"),

    /** What only a newer version knows. */
    LATER("later"),
}

/** A question of the decks, or an own one. */
public data class CoupleQuestion(
    /** Names it: that of [Content.questions], or of an own one. */
    val id: String,
    /** Its deck's id. */
    val deck: String,
    /** From 1, light, to 3, deep. */
    val depth: Int,
    val text: String,
    /** The name of who made it up; none for what comes along. */
    val author: String?,
)

/** How deep the two ask each other: the depth that [holds], of which nothing tells whose it is, and one's [own]. */
public data class DepthCeiling(val holds: Int, val own: Int)

/** An answer in the open. */
public data class OpenAnswer(
    val id: String,
    /** The question's id. */
    val question: String,
    /** The question, as it was asked. */
    val asked: String,
    val text: String,
    /** The name of who gave it. */
    val author: String,
    /** When, with the offset of where it was. */
    val writtenAt: OffsetDateTime,
)

/** A session of questions, which can be left and resumed. */
public data class QuestionSession(
    val id: SessionId,
    /** The deck that it was drawn from; none where from all. */
    val deck: String?,
    /** The name of who began it. */
    val author: String,
    /** When, with the offset of where it was. */
    val writtenAt: OffsetDateTime,
    /** Whether no question is left that both want. */
    val isDone: Boolean,
    /** The number of the question to talk about, from 1. */
    val now: Int?,
    /** Its questions, in their order. */
    val questions: List<SessionQuestion>,
)

/** A question of a session. */
public data class SessionQuestion(
    /** From 1. */
    val number: Int,
    /** The question's id. */
    val id: String,
    val text: String,
    /** From 1, light, to 3, deep. */
    val depth: Int,
    val state: StepState,
    /** The name of who answers first. */
    val begins: String,
    /** The answers in the open, the earliest first. */
    val answers: List<OpenAnswer>,
    /** The round in which it is answered under seal. */
    val round: RoundId,
    /** How that stands. */
    val sealed: RoundState,
)

/** The questions to ask each other: one by one, or a session that rises step by step. */
public class Questions internal constructor(client: Native) {
    private val native = call { client.questions() }

    /** Adds an own question, for both: its id. */
    public suspend fun add(text: String, deck: String, depth: Int): String =
        awaiting { native.add(text, deck, count(depth)) }

    /** Puts one's own question into the trash. */
    public suspend fun delete(id: String): Unit = awaiting { native.delete(id) }

    /** The questions of a [deck] and a [depth], or all, in the order in which they are drawn. */
    public suspend fun list(
        deck: String? = null,
        depth: Int? = null,
        locale: Locale = Locale.getDefault(),
    ): List<CoupleQuestion> = awaiting {
        native.list(deck, depth?.let(::count), locale.toLanguageTag()).map { it.translated() }
    }

    /** The next question that was not asked yet, no deeper than both want; none where none is left. */
    public suspend fun draw(deck: String? = null, depth: Int? = null, locale: Locale = Locale.getDefault()): CoupleQuestion? =
        awaiting { native.draw(deck, depth?.let(::count), locale.toLanguageTag())?.translated() }

    /** Answers a question in the open, in a [session] or outside: the answer's id. */
    public suspend fun answer(
        question: String,
        text: String,
        session: SessionId? = null,
        locale: Locale = Locale.getDefault(),
    ): String = awaiting { native.answer(question, text, false, session?.value, locale.toLanguageTag()) }

    /** Answers a question under seal, in a [session] or outside. */
    public suspend fun answerSealed(
        question: String,
        text: String,
        session: SessionId? = null,
        locale: Locale = Locale.getDefault(),
    ): RoundId = awaiting { RoundId(native.answer(question, text, true, session?.value, locale.toLanguageTag())) }

    /** Passes a question over, without a reason: it is not drawn again. */
    public suspend fun skip(question: String): Unit = awaiting { native.skip(question) }

    /** The answers in the open, to one [question] or all, the newest first. */
    public suspend fun answers(question: String? = null): List<OpenAnswer> =
        awaiting { native.answers(question).map { it.translated() } }

    /** How deep the two ask each other. */
    public suspend fun ceiling(): DepthCeiling = awaiting { native.ceiling().let { DepthCeiling(it.holds.toInt(), it.own.toInt()) } }

    /** Says how deep this person wants to be asked. */
    public suspend fun setCeiling(depth: Int): Unit = awaiting { native.setCeiling(count(depth)) }

    /** Begins a session of so many questions. */
    public suspend fun startSession(number: Int, deck: String? = null, locale: Locale = Locale.getDefault()): SessionId =
        awaiting { SessionId(native.startSession(deck, count(number), locale.toLanguageTag())) }

    /** Goes on from the question that the two talk about: the session as it stands then. */
    public suspend fun nextInSession(id: SessionId, how: Passing = Passing.DONE): QuestionSession =
        awaiting { native.nextInSession(id.value, how.word).translated() }

    /** One session. */
    public suspend fun session(id: SessionId): QuestionSession = awaiting { native.session(id.value).translated() }

    /** The sessions of a [month], or all, the newest first. */
    public suspend fun sessions(month: YearMonth? = null): List<QuestionSession> =
        awaiting { native.sessions(month?.toString()).map { it.translated() } }
}

/** The session of questions that an event is about; none for an event about anything else. */
public val Event.questionSession: SessionId?
    get() = about("question_session", ::SessionId)

private fun NativeQuestion.translated() = CoupleQuestion(id, deck, depth.toInt(), text, author)

private fun NativeAnswer.translated() = OpenAnswer(id, question, asked, text, author, readMoment(writtenAt))

private fun NativeSession.translated() = QuestionSession(
    id = SessionId(id),
    deck = deck,
    author = author,
    writtenAt = readMoment(writtenAt),
    isDone = done,
    now = now?.toInt(),
    questions = questions.map { it.translated() },
)

private fun NativeSessionQuestion.translated() = SessionQuestion(
    number = number.toInt(),
    id = id,
    text = text,
    depth = depth.toInt(),
    state = chosen(state),
    begins = begins,
    answers = answers.map { it.translated() },
    round = RoundId(round),
    sealed = chosen(`sealed`),
)
