package app.entwine

import java.util.Locale
import app.entwine.ffi.Content as NativeContent
import app.entwine.ffi.ContentTemplate as NativeTemplate

/** The words that Entwine brings along, in one language. They never change while an app runs. */
public data class Content(
    /** The language that they are in, which may be a wider one than was asked for. */
    val locale: Locale,
    /** The decks of questions, in the order to show them. */
    val decks: List<Deck>,
    /** The questions, by deck and from light to deep. */
    val questions: List<Question>,
    /** The wheel of feelings, each after its parent. */
    val feelings: List<Feeling>,
    /** What feelings do in the body. */
    val sensations: List<Sensation>,
    /** Rituals to adopt. */
    val templates: List<Template>,
    /** The five vulnerability steps, in their order. */
    val vulnerabilitySteps: List<VulnerabilityStep>,
    /** The three questions of the A.R.E. look. */
    val areQuestions: List<AreQuestion>,
) {
    /** A deck of questions. Its [id] is the same in every language and version, as those of all that follows. */
    public data class Deck(val id: String, val name: String)

    /** A question to ask each other: its deck's id, and a [depth] from 1, light, to 3, deep. */
    public data class Question(val id: String, val deck: String, val depth: Int, val text: String)

    /** A word of the wheel of feelings, as somebody says it after "I feel"; its [parent] is the wider one that it belongs to. */
    public data class Feeling(val id: String, val parent: String?, val word: String)

    /** What somebody feels in the body, and in which [place]. */
    public data class Sensation(val id: String, val place: String, val word: String)

    /** A ritual to adopt, by [Rituals.adopt]: [why] it is good for two, and [every], when it comes round, as an RRULE of RFC 5545. */
    public data class Template(val id: String, val name: String, val why: String, val every: String, val steps: List<RitualStep>)

    /** A gentle, optional step towards showing more of oneself: words for the one who shares, and for the one who listens. */
    public data class VulnerabilityStep(val id: String, val name: String, val share: String, val listen: String)

    /** A question of the A.R.E. look. */
    public data class AreQuestion(val id: String, val text: String)

    public companion object {
        /** The words for a [locale]: where there are none for `de-AT`, those for `de`, and where there are none either, for `en`. */
        public fun of(locale: Locale = Locale.getDefault()): Content =
            call { app.entwine.ffi.content(locale.toLanguageTag()).translated() }
    }
}

private fun NativeContent.translated() = Content(
    locale = Locale.forLanguageTag(locale),
    decks = decks.map { Content.Deck(it.id, it.name) },
    questions = questions.map { Content.Question(it.id, it.deck, it.depth.toInt(), it.text) },
    feelings = feelings.map { Content.Feeling(it.id, it.parent, it.word) },
    sensations = sensations.map { Content.Sensation(it.id, it.place, it.word) },
    templates = templates.map { it.translated() },
    vulnerabilitySteps = vulnerabilitySteps.map { Content.VulnerabilityStep(it.id, it.name, it.share, it.listen) },
    areQuestions = areQuestions.map { Content.AreQuestion(it.id, it.text) },
)

private fun NativeTemplate.translated() =
    Content.Template(id, name, why, cadence, steps.map { RitualStep(it.text, it.minutes?.toInt(), chosen(it.turn)) })
