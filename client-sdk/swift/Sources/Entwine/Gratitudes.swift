import Foundation

internal import EntwineFFI

/// What a gratitude is about.
public enum GratitudeFor: String, EntwineChoice {
    /// Who the partner is.
    case character
    /// What the partner did.
    case act
    /// The effort that was noticed, whatever came of it.
    case effort
    /// Anything else in the day.
    case anything
    /// What only a newer version knows.
    case later
}

/// Something that somebody is grateful for.
public struct Gratitude: Hashable, Sendable, Identifiable {
    /// Names it.
    public let id: GratitudeId
    /// What for.
    public let text: String
    /// What it is about.
    public let about: GratitudeFor
    /// The name of who wrote it.
    public let author: String
    /// When it was written.
    public let writtenAt: Date
    /// How far the writer's clock was from Greenwich's then.
    public let writersZone: TimeZone
}

/// The gratitudes: one thing, or the three of an evening.
public struct Gratitudes: Sendable {
    private let ffi: EntwineFFI.Gratitudes

    init(_ ffi: EntwineFFI.Gratitudes) {
        self.ffi = ffi
    }

    /// Writes down one thing, or up to three.
    ///
    /// - Throws: ``EntwineError/fixInput(_:)`` where there are none or more than three, or one is empty or too long.
    @discardableResult
    public func add(_ texts: String..., about: GratitudeFor = .anything) async throws -> [GratitudeId] {
        try await calling { try await ffi.add(texts: texts, about: about.rawValue) }.map(GratitudeId.init(rawValue:))
    }

    /// Those of a month, or all, the newest first.
    public func list(_ month: Month? = nil) async throws -> [Gratitude] {
        try await calling { try await ffi.list(month: month?.description) }.map(Gratitude.init)
    }

    /// One of them, also where it lies in the trash.
    public func read(_ gratitude: GratitudeId) async throws -> Gratitude {
        Gratitude(try await calling { try await ffi.read(id: gratitude.rawValue) })
    }

    /// Puts one's own into the trash.
    ///
    /// - Throws: ``EntwineError/refreshState(_:)`` where the partner wrote it.
    public func delete(_ gratitude: GratitudeId) async throws {
        try await calling { try await ffi.delete(id: gratitude.rawValue) }
    }

    /// Takes one out of the trash.
    public func restore(_ gratitude: GratitudeId) async throws {
        try await calling { try await ffi.restore(id: gratitude.rawValue) }
    }
}

extension Event {
    /// The gratitude that is new, or went into the trash or out of it; none where it is about something else.
    public var gratitude: GratitudeId? { about("gratitude") }
}

extension Gratitude {
    init(_ gratitude: EntwineFFI.Gratitude) {
        let written = LocalTime(gratitude.writtenAt)
        id = GratitudeId(rawValue: gratitude.id)
        text = gratitude.text
        about = GratitudeFor(word: gratitude.about)
        author = gratitude.author
        writtenAt = written.date
        writersZone = written.zone
    }
}
