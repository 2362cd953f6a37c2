import Foundation

internal import EntwineFFI

/// The words that Entwine brings along, in one language. They never change while an app runs.
///
/// The ids of what is in it are the same in every language and version.
public struct Content: Hashable, Sendable {
    /// The language that they are in, which may be a wider one than was asked for, such as `de`.
    public let language: String
    /// The decks of questions, in the order to show them.
    public let decks: [Deck]
    /// The questions, by deck and from light to deep.
    public let questions: [Question]
    /// The wheel of feelings, each after its parent.
    public let feelings: [Feeling]
    /// What feelings do in the body.
    public let sensations: [Sensation]
    /// Rituals to adopt.
    public let templates: [Template]
    /// The five vulnerability steps, in their order.
    public let vulnerabilitySteps: [VulnerabilityStep]
    /// The three questions of the A.R.E. look.
    public let areQuestions: [AreQuestion]

    /// The words for a locale: where there are none for `de-AT`, those for `de`, and where there are none either, for `en`.
    public init(for locale: Locale = .current) throws {
        let content = try calling { try EntwineFFI.content(locale: locale.identifier(.bcp47)) }
        language = content.locale
        decks = content.decks.map { Deck(id: $0.id, name: $0.name) }
        questions = content.questions.map { Question(id: $0.id, deck: $0.deck, depth: Int($0.depth), text: $0.text) }
        feelings = content.feelings.map { Feeling(id: $0.id, parent: $0.parent, word: $0.word) }
        sensations = content.sensations.map { Sensation(id: $0.id, place: $0.place, word: $0.word) }
        templates = content.templates.map(Template.init)
        vulnerabilitySteps = content.vulnerabilitySteps.map {
            VulnerabilityStep(id: $0.id, name: $0.name, share: $0.share, listen: $0.listen)
        }
        areQuestions = content.areQuestions.map { AreQuestion(id: $0.id, text: $0.text) }
    }

    /// A deck of questions.
    public struct Deck: Hashable, Sendable, Identifiable {
        /// Names it.
        public let id: String
        /// What it is called.
        public let name: String
    }

    /// A question to ask each other.
    public struct Question: Hashable, Sendable, Identifiable {
        /// Names it.
        public let id: String
        /// Its deck's id.
        public let deck: String
        /// From 1, light, to 3, deep.
        public let depth: Int
        /// The question.
        public let text: String
    }

    /// A word of the wheel of feelings.
    public struct Feeling: Hashable, Sendable, Identifiable {
        /// Names it.
        public let id: String
        /// The wider feeling that it belongs to; none for those in the middle.
        public let parent: String?
        /// As somebody says it after "I feel".
        public let word: String
    }

    /// What somebody feels in the body.
    public struct Sensation: Hashable, Sendable, Identifiable {
        /// Names it.
        public let id: String
        /// Where in the body, as people say it.
        public let place: String
        /// What is felt there.
        public let word: String
    }

    /// A ritual to adopt, by ``Rituals/adopt(_:_:for:)``.
    public struct Template: Hashable, Sendable, Identifiable {
        /// Names it.
        public let id: String
        /// What it is called.
        public let name: String
        /// Why it is good for two.
        public let why: String
        /// When it comes round, unless the two choose otherwise.
        public let every: Recurrence
        /// What is done, in this order.
        public let steps: [RitualStep]
    }

    /// A gentle, optional step towards showing more of oneself.
    public struct VulnerabilityStep: Hashable, Sendable, Identifiable {
        /// Names it.
        public let id: String
        /// What it is called.
        public let name: String
        /// For the one who shares.
        public let share: String
        /// For the one who listens.
        public let listen: String
    }

    /// A question of the A.R.E. look.
    public struct AreQuestion: Hashable, Sendable, Identifiable {
        /// Names it: `accessible`, `responsive` or `engaged`.
        public let id: String
        /// The question.
        public let text: String
    }
}

extension Content.Template {
    init(_ template: EntwineFFI.ContentTemplate) {
        id = template.id
        name = template.name
        why = template.why
        every = Recurrence(rawValue: template.cadence)
        steps = template.steps.map {
            RitualStep($0.text, minutes: $0.minutes.map(Int.init), turn: Turn(word: $0.turn))
        }
    }
}
