import Foundation

internal import EntwineFFI

/// Where a question of a session stands.
public enum StepState: String, EntwineChoice {
    /// It is the one to talk about.
    case now
    /// The two talked about it.
    case done
    /// Somebody passed it over, and owes no reason.
    case skipped
    /// Its turn is to come; also what only a newer version knows.
    case later
}

/// How a session goes on from the question that the two talk about.
public enum Passing: String, EntwineChoice {
    /// They talked about it.
    case done
    /// They pass it over.
    case skipped
    /// What only a newer version knows.
    case later
}

/// A question of the decks, or an own one.
public struct CoupleQuestion: Hashable, Sendable, Identifiable {
    /// Names it: that of ``Content/questions``, or of an own one.
    public let id: String
    /// Its deck's id.
    public let deck: String
    /// From 1, light, to 3, deep.
    public let depth: Int
    /// Its words.
    public let text: String
    /// The name of who made it up; none for what comes along.
    public let author: String?
}

/// How deep the two ask each other.
public struct DepthCeiling: Hashable, Sendable {
    /// The depth that holds. Nothing tells whose it is.
    public let holds: Int
    /// What this person wants.
    public let own: Int
}

/// An answer in the open.
public struct OpenAnswer: Hashable, Sendable, Identifiable {
    /// Names it.
    public let id: String
    /// The question's id.
    public let question: String
    /// The question, as it was asked.
    public let asked: String
    /// The answer.
    public let text: String
    /// The name of who gave it.
    public let author: String
    /// When it was given.
    public let writtenAt: Date
}

/// A session of questions, which can be left and resumed.
public struct QuestionSession: Hashable, Sendable, Identifiable {
    /// Names it.
    public let id: SessionId
    /// The deck that it was drawn from; none where from all.
    public let deck: String?
    /// The name of who began it.
    public let author: String
    /// When it was begun.
    public let writtenAt: Date
    /// Whether no question is left that both want.
    public let isDone: Bool
    /// The number of the question to talk about, from 1.
    public let now: Int?
    /// Its questions, in their order.
    public let questions: [SessionQuestion]
}

/// A question of a session.
public struct SessionQuestion: Hashable, Sendable, Identifiable {
    /// Its number, from 1.
    public let number: Int
    /// The question's id.
    public let id: String
    /// Its words.
    public let text: String
    /// From 1, light, to 3, deep.
    public let depth: Int
    /// Where it stands.
    public let state: StepState
    /// The name of who answers first.
    public let begins: String
    /// The answers in the open, the earliest first.
    public let answers: [OpenAnswer]
    /// The round in which it is answered under seal.
    public let round: RoundId
    /// How that stands.
    public let sealed: RoundState
}

/// The questions to ask each other: one by one, or a session that rises step by step.
public struct Questions: Sendable {
    private let ffi: EntwineFFI.Questions

    init(_ ffi: EntwineFFI.Questions) {
        self.ffi = ffi
    }

    /// Adds an own question, for both: its id.
    @discardableResult
    public func add(_ text: String, deck: String, depth: Int) async throws -> String {
        try await calling { try await ffi.add(text: text, deck: deck, depth: UInt32(clamping: depth)) }
    }

    /// Puts one's own question into the trash.
    public func delete(_ question: String) async throws {
        try await calling { try await ffi.delete(id: question) }
    }

    /// The questions of a deck and a depth, or all, in the order in which they are drawn.
    public func list(deck: String? = nil, depth: Int? = nil, for locale: Locale = .current) async throws -> [CoupleQuestion] {
        let (depth, locale) = (depth.map(UInt32.init(clamping:)), locale.identifier(.bcp47))
        return try await calling { try await ffi.list(deck: deck, depth: depth, locale: locale) }.map(CoupleQuestion.init)
    }

    /// The next question that was not asked yet, no deeper than both want; none where none is left.
    public func draw(deck: String? = nil, depth: Int? = nil, for locale: Locale = .current) async throws -> CoupleQuestion? {
        let (depth, locale) = (depth.map(UInt32.init(clamping:)), locale.identifier(.bcp47))
        return try await calling { try await ffi.draw(deck: deck, depth: depth, locale: locale) }.map(CoupleQuestion.init)
    }

    /// Answers a question in the open, in a session or outside: the answer's id.
    @discardableResult
    public func answer(
        _ question: String, _ text: String, in session: SessionId? = nil, for locale: Locale = .current
    ) async throws -> String {
        let locale = locale.identifier(.bcp47)
        return try await calling {
            try await ffi.answer(
                question: question, text: text, sealed: false, session: session?.rawValue, locale: locale)
        }
    }

    /// Answers a question under seal, in a session or outside.
    @discardableResult
    public func answerSealed(
        _ question: String, _ text: String, in session: SessionId? = nil, for locale: Locale = .current
    ) async throws -> RoundId {
        let locale = locale.identifier(.bcp47)
        return RoundId(
            rawValue: try await calling {
                try await ffi.answer(
                    question: question, text: text, sealed: true, session: session?.rawValue, locale: locale)
            })
    }

    /// Passes a question over, without a reason: it is not drawn again.
    public func skip(_ question: String) async throws {
        try await calling { try await ffi.skip(question: question) }
    }

    /// The answers in the open, to one question or all, the newest first.
    public func answers(to question: String? = nil) async throws -> [OpenAnswer] {
        try await calling { try await ffi.answers(question: question) }.map(OpenAnswer.init)
    }

    /// How deep the two ask each other.
    public func ceiling() async throws -> DepthCeiling {
        let ceiling = try await calling { try await ffi.ceiling() }
        return DepthCeiling(holds: Int(ceiling.holds), own: Int(ceiling.own))
    }

    /// Says how deep this person wants to be asked.
    public func setCeiling(_ depth: Int) async throws {
        try await calling { try await ffi.setCeiling(depth: UInt32(clamping: depth)) }
    }

    /// Begins a session of so many questions.
    @discardableResult
    public func startSession(
        of number: Int, deck: String? = nil, for locale: Locale = .current
    ) async throws -> SessionId {
        let (count, locale) = (UInt32(clamping: number), locale.identifier(.bcp47))
        return SessionId(
            rawValue: try await calling { try await ffi.startSession(deck: deck, count: count, locale: locale) })
    }

    /// Goes on from the question that the two talk about: the session as it stands then.
    @discardableResult
    public func next(in session: SessionId, _ how: Passing = .done) async throws -> QuestionSession {
        QuestionSession(try await calling { try await ffi.nextInSession(id: session.rawValue, how: how.rawValue) })
    }

    /// One session.
    public func session(_ session: SessionId) async throws -> QuestionSession {
        QuestionSession(try await calling { try await ffi.session(id: session.rawValue) })
    }

    /// The sessions of a month, or all, the newest first.
    public func sessions(_ month: Month? = nil) async throws -> [QuestionSession] {
        try await calling { try await ffi.sessions(month: month?.description) }.map(QuestionSession.init)
    }
}

extension Event {
    /// The session of questions that it is about; none where it is about something else.
    public var questionSession: SessionId? { about("question_session") }
}

extension CoupleQuestion {
    init(_ question: EntwineFFI.CoupleQuestion) {
        id = question.id
        deck = question.deck
        depth = Int(question.depth)
        text = question.text
        author = question.author
    }
}

extension OpenAnswer {
    init(_ answer: EntwineFFI.OpenAnswer) {
        id = answer.id
        question = answer.question
        asked = answer.asked
        text = answer.text
        author = answer.author
        writtenAt = LocalTime(answer.writtenAt).date
    }
}

extension QuestionSession {
    init(_ session: EntwineFFI.QuestionSession) {
        id = SessionId(rawValue: session.id)
        deck = session.deck
        author = session.author
        writtenAt = LocalTime(session.writtenAt).date
        isDone = session.done
        now = session.now.map(Int.init)
        questions = session.questions.map(SessionQuestion.init)
    }
}

extension SessionQuestion {
    init(_ question: EntwineFFI.SessionQuestion) {
        number = Int(question.number)
        id = question.id
        text = question.text
        depth = Int(question.depth)
        state = StepState(word: question.state)
        begins = question.begins
        answers = question.answers.map(OpenAnswer.init)
        round = RoundId(rawValue: question.round)
        sealed = RoundState(word: question.sealed)
    }
}
