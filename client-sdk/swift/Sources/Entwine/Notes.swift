import Foundation

internal import EntwineFFI

/// When a note is to be seen.
public enum NoteTime: String, EntwineChoice {
    /// As soon as it comes.
    case now
    /// At an hour of the reader's own wall clock.
    case hour
    /// When the reader is there again: greet with it.
    case online
    /// What only a newer version knows.
    case later
}

/// A note that is there for whoever reads. Whether the other has seen it is nobody's to know.
public struct Note: Hashable, Sendable, Identifiable {
    /// Names it.
    public let id: NoteId
    /// What it says.
    public let text: String
    /// When it is to be seen.
    public let time: NoteTime
    /// At which hour of the reader's wall clock.
    public let at: WallTime?
    /// The name of who wrote it.
    public let author: String
    /// When it was written.
    public let writtenAt: Date
    /// How far the writer's clock was from Greenwich's then.
    public let writersZone: TimeZone
    /// Whether its writer has withdrawn it.
    public let isWithdrawn: Bool
}

/// The notes: for now, for a set hour, or for when the other is there again.
public struct Notes: Sendable {
    private let ffi: EntwineFFI.Notes

    init(_ ffi: EntwineFFI.Notes) {
        self.ffi = ffi
    }

    /// Writes a note to the other, for now, or for when they are there again.
    ///
    /// - Throws: ``EntwineError/fixInput(_:)`` where it is empty or too long.
    @discardableResult
    public func add(_ text: String, whenOnline: Bool = false) async throws -> NoteId {
        NoteId(rawValue: try await calling { try await ffi.add(text: text, at: nil, whenOnline: whenOnline) })
    }

    /// Writes a note to the other, for an hour of the clock on the wall wherever they are.
    ///
    /// - Throws: ``EntwineError/fixInput(_:)`` where it is empty or too long, ``EntwineError/refreshState(_:)`` where the hour has
    ///   passed everywhere or is more than a year away.
    @discardableResult
    public func add(_ text: String, at hour: WallTime) async throws -> NoteId {
        NoteId(rawValue: try await calling { try await ffi.add(text: text, at: hour.description, whenOnline: false) })
    }

    /// Those that were written in a month, or all, the newest first. What waits for its hour is seen by its writer alone.
    public func list(_ month: Month? = nil) async throws -> [Note] {
        try await calling { try await ffi.list(month: month?.description) }.map(Note.init)
    }

    /// One of them.
    public func read(_ note: NoteId) async throws -> Note {
        Note(try await calling { try await ffi.read(id: note.rawValue) })
    }

    /// The next minute of this phone's wall clock at which a note of the other's is to be seen; none where none waits. Look again then,
    /// or let the phone say that something is there: what it says is told to nobody before.
    public func nextHour() async throws -> WallTime? {
        try await calling { try await ffi.nextHour() }.flatMap { WallTime($0) }
    }

    /// Takes back one's own before its hour.
    ///
    /// - Throws: ``EntwineError/refreshState(_:)`` where it has come: what has come stays with whom it was for.
    public func withdraw(_ note: NoteId) async throws {
        try await calling { try await ffi.withdraw(id: note.rawValue) }
    }
}

extension Event {
    /// The note that is new or was withdrawn; none where it is about something else.
    public var note: NoteId? { about("note") }
}

extension Note {
    init(_ note: EntwineFFI.Note) {
        let written = LocalTime(note.writtenAt)
        id = NoteId(rawValue: note.id)
        text = note.text
        time = NoteTime(word: note.when)
        at = note.at.flatMap { WallTime($0) }
        author = note.author
        writtenAt = written.date
        writersZone = written.zone
        isWithdrawn = note.withdrawn
    }
}
