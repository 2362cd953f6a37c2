import Foundation

internal import EntwineFFI

/// What somebody reaches out with.
public enum Bid: String, EntwineChoice {
    /// I think of you.
    case thinkingOfYou = "thinking-of-you"
    /// Something good happened.
    case goodNews = "good-news"
    /// Something hard happened.
    case badNews = "bad-news"
    /// I could use you.
    case needYou = "need-you"
    /// What only a newer version knows.
    case later
}

/// How the other turns towards it.
public enum Turning: String, EntwineChoice {
    /// I am here.
    case here
    /// Tell me more.
    case tellMeMore = "tell-me-more"
    /// I am with you after an hour.
    case after
    /// What only a newer version knows.
    case later
}

/// That somebody reaches out. What has no answer is shown as what has one: nothing here counts, waits or reminds.
public struct ReachedOut: Hashable, Sendable, Identifiable {
    /// Names it.
    public let id: ReachingOutId
    /// What with.
    public let bid: Bid
    /// Words beside it; may be empty.
    public let text: String
    /// The name of who reaches out.
    public let author: String
    /// When it was.
    public let writtenAt: Date
    /// How far the writer's clock was from Greenwich's then.
    public let writersZone: TimeZone
    /// How the other turned towards it, in the order in which they did.
    public let answers: [TurningTowards]
}

/// How somebody turns towards it.
public struct TurningTowards: Hashable, Sendable, Identifiable {
    /// Names it.
    public let id: TurningTowardsId
    /// How.
    public let turning: Turning
    /// After which hour, by the clock where it was written.
    public let after: TimeOfDay?
    /// Words beside it; may be empty.
    public let text: String
    /// The name of who answers.
    public let author: String
    /// When it was.
    public let writtenAt: Date
    /// How far the writer's clock was from Greenwich's then.
    public let writersZone: TimeZone
}

/// Reaching out, and turning towards it.
public struct ReachingOut: Sendable {
    private let ffi: EntwineFFI.ReachingOut

    init(_ ffi: EntwineFFI.ReachingOut) {
        self.ffi = ffi
    }

    /// Reaches out to the other, with words or without.
    @discardableResult
    public func add(_ bid: Bid, text: String = "") async throws -> ReachingOutId {
        ReachingOutId(rawValue: try await calling { try await ffi.add(bid: bid.rawValue, text: text) })
    }

    /// Turns towards it, with words or without. ``Turning/after`` needs the hour, by this wall clock.
    ///
    /// - Throws: ``EntwineError/refreshState(_:)`` for whoever reached out: it is for the other to answer.
    @discardableResult
    public func answer(
        _ reachedOut: ReachingOutId, _ turning: Turning, after: TimeOfDay? = nil, text: String = ""
    ) async throws -> TurningTowardsId {
        TurningTowardsId(
            rawValue: try await calling {
                try await ffi.answer(
                    id: reachedOut.rawValue, turning: turning.rawValue, after: after?.description, text: text)
            })
    }

    /// Those of a month, or all, the newest first.
    public func list(_ month: Month? = nil) async throws -> [ReachedOut] {
        try await calling { try await ffi.list(month: month?.description) }.map(ReachedOut.init)
    }

    /// One of them, also where it lies in the trash.
    public func read(_ reachedOut: ReachingOutId) async throws -> ReachedOut {
        ReachedOut(try await calling { try await ffi.read(id: reachedOut.rawValue) })
    }

    /// Puts one's own into the trash.
    public func delete(_ reachedOut: ReachingOutId) async throws {
        try await calling { try await ffi.delete(id: reachedOut.rawValue) }
    }

    /// Takes one out of the trash.
    public func restore(_ reachedOut: ReachingOutId) async throws {
        try await calling { try await ffi.restore(id: reachedOut.rawValue) }
    }
}

extension Event {
    /// The reaching out that it is about, or that it answers; none where it is about something else.
    public var reachingOut: ReachingOutId? { about("reaching_out") }
}

extension ReachedOut {
    init(_ reachedOut: EntwineFFI.ReachedOut) {
        let written = LocalTime(reachedOut.writtenAt)
        id = ReachingOutId(rawValue: reachedOut.id)
        bid = Bid(word: reachedOut.bid)
        text = reachedOut.text
        author = reachedOut.author
        writtenAt = written.date
        writersZone = written.zone
        answers = reachedOut.answers.map(TurningTowards.init)
    }
}

extension TurningTowards {
    init(_ turning: EntwineFFI.TurningTowards) {
        let written = LocalTime(turning.writtenAt)
        id = TurningTowardsId(rawValue: turning.id)
        self.turning = Turning(word: turning.turning)
        after = turning.after.flatMap { TimeOfDay($0) }
        text = turning.text
        author = turning.author
        writtenAt = written.date
        writersZone = written.zone
    }
}
