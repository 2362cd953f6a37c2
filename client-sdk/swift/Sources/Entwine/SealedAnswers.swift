import Foundation

internal import EntwineFFI

/// How a round of sealed answers stands for this person.
public enum RoundState: String, EntwineChoice {
    /// This person has not answered. Whether the other has is not told before both have.
    case open
    /// This person has answered.
    case youAnswered = "you answered"
    /// Both have, and the phones are opening it for each other.
    case bothAnswered = "both answered"
    /// Both can read both.
    case revealed
    /// What the other shows is not what they had sealed.
    case doesNotMatch = "does not match"
    /// Somebody passed it over, and owes no reason.
    case skipped
    /// What only a newer version knows.
    case later
}

/// A question, as it was asked.
public struct AskedQuestion: Hashable, Sendable {
    /// That of ``Content/questions`` or of an own one; empty for what was only typed.
    public let id: String
    /// Its words.
    public let text: String
}

/// Questions that both answer under seal, and how that stands for this person.
public struct SealedRound: Hashable, Sendable, Identifiable {
    /// Names it.
    public let id: RoundId
    /// In their order.
    public let questions: [AskedQuestion]
    /// How it stands.
    public let state: RoundState
    /// What this person answered, a text for each question, as far as this device has it.
    public let yours: [String]?
    /// What the other answered, once both can read both.
    public let theirs: [String]?
    /// How many more answers the other had sealed, which stayed so.
    public let unopened: Int
    /// The name of who opened it; of rounds that nobody opened, none.
    public let openedBy: String?
    /// When it was opened.
    public let openedAt: Date?
}

/// The sealed answers: both answer, and neither reads the other's before both have.
public struct SealedAnswers: Sendable {
    private let ffi: EntwineFFI.SealedAnswers

    init(_ ffi: EntwineFFI.SealedAnswers) {
        self.ffi = ffi
    }

    /// Opens a round with a question of one's own.
    @discardableResult
    public func open(_ question: String) async throws -> RoundId {
        RoundId(rawValue: try await calling { try await ffi.open(question: question) })
    }

    /// Opens a round with one of ``Content/questions`` by its id, in the words of a locale.
    @discardableResult
    public func open(questionOf id: String, for locale: Locale = .current) async throws -> RoundId {
        let locale = locale.identifier(.bcp47)
        return RoundId(rawValue: try await calling { try await ffi.openQuestion(id: id, locale: locale) })
    }

    /// Answers: a text for each question, empty where one is passed over.
    public func answer(_ round: RoundId, _ texts: String...) async throws {
        try await calling { try await ffi.answer(id: round.rawValue, texts: texts) }
    }

    /// Passes a round over, without a reason, and withdraws what one has answered.
    public func skip(_ round: RoundId) async throws {
        try await calling { try await ffi.skip(id: round.rawValue) }
    }

    /// Shows one's answer to the other, who passes the round over.
    public func publish(_ round: RoundId) async throws {
        try await calling { try await ffi.publish(id: round.rawValue) }
    }

    /// One round.
    public func read(_ round: RoundId) async throws -> SealedRound {
        SealedRound(try await calling { try await ffi.read(id: round.rawValue) })
    }

    /// The rounds that were opened in a month, or all, the newest first.
    public func list(_ month: Month? = nil) async throws -> [SealedRound] {
        try await calling { try await ffi.list(month: month?.description) }.map(SealedRound.init)
    }
}

extension Event {
    /// The round of sealed answers that it is about; none where it is about something else.
    public var round: RoundId? { about("sealed_answer") }
}

extension SealedRound {
    init(_ round: EntwineFFI.SealedRound) {
        id = RoundId(rawValue: round.id)
        questions = round.questions.map { AskedQuestion(id: $0.id, text: $0.text) }
        state = RoundState(word: round.state)
        yours = round.yours
        theirs = round.theirs
        unopened = Int(round.unopened)
        openedBy = round.openedBy
        openedAt = round.openedAt.map { LocalTime($0).date }
    }
}
