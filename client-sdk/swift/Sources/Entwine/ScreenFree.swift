import Foundation

internal import EntwineFFI

/// A time without screens. Of what the other does with it, there is nothing but the promise.
public struct ScreenFreeTime: Hashable, Sendable, Identifiable {
    /// Names it.
    public let id: ScreenFreeId
    /// When it begins.
    public let from: Date
    /// When it ends.
    public let to: Date
    /// How far the proposer's clock is from Greenwich's then.
    public let proposersZone: TimeZone
    /// The name of who proposed it.
    public let author: String
    /// The names of who promised it, in the order in which they did.
    public let promisedBy: [String]
    /// Whether this person is one of them.
    public let isPromised: Bool
    /// When this person ended it early. Only one's own devices know.
    public let endedAt: Date?
}

/// The times without screens. Reminders of rituals are held back while one lasts that this person has promised.
public struct ScreenFree: Sendable {
    private let ffi: EntwineFFI.ScreenFreeTimes

    init(_ ffi: EntwineFFI.ScreenFreeTimes) {
        self.ffi = ffi
    }

    /// Proposes one of some minutes, and promises it. It begins when the clock on this wall says so; none is now.
    ///
    /// - Throws: ``EntwineError/fixInput(_:)`` where it is longer than a day or no minute long, ``EntwineError/refreshState(_:)``
    ///   where it is over already or more than a year away.
    @discardableResult
    public func propose(minutes: Int, from: WallTime? = nil) async throws -> ScreenFreeId {
        let minutes = UInt32(clamping: minutes)
        return ScreenFreeId(
            rawValue: try await calling { try await ffi.propose(minutes: minutes, from: from?.description) })
    }

    /// Promises what the other proposed.
    public func promise(_ time: ScreenFreeId) async throws {
        try await calling { try await ffi.promise(id: time.rawValue) }
    }

    /// Ends it early, for oneself. Nobody else can see it.
    public func end(_ time: ScreenFreeId) async throws {
        try await calling { try await ffi.end(id: time.rawValue) }
    }

    /// Those that begin in a month, or all, the latest proposed first.
    public func list(_ month: Month? = nil) async throws -> [ScreenFreeTime] {
        try await calling { try await ffi.list(month: month?.description) }.map(ScreenFreeTime.init)
    }

    /// One of them.
    public func read(_ time: ScreenFreeId) async throws -> ScreenFreeTime {
        ScreenFreeTime(try await calling { try await ffi.read(id: time.rawValue) })
    }
}

extension Event {
    /// The time without screens that was proposed, promised or ended; none where it is about something else.
    public var screenFree: ScreenFreeId? { about("screen_free") }
}

extension ScreenFreeTime {
    init(_ time: EntwineFFI.ScreenFreeTime) {
        let from = LocalTime(time.from)
        id = ScreenFreeId(rawValue: time.id)
        self.from = from.date
        to = LocalTime(time.to).date
        proposersZone = from.zone
        author = time.author
        promisedBy = time.promisedBy
        isPromised = time.promised
        endedAt = time.endedAt.map { LocalTime($0).date }
    }
}
