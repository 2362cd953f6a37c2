internal import EntwineFFI

/// How a practice stands with a couple.
public enum Standing: String, EntwineChoice {
    /// Somebody wants it, and nobody lets it rest.
    case inUse = "in-use"
    /// Somebody lets it rest. Who of the two is not told.
    case atRest = "at-rest"
    /// Nobody has asked for it.
    case outOfSight = "out-of-sight"
    /// What only a newer version knows.
    case later
}

/// What somebody wants of a practice.
public enum Wanted: String, EntwineChoice {
    /// To use it.
    case use
    /// To let it rest.
    case rest
    /// What only a newer version knows.
    case later
}

/// A practice, and how it stands with the couple.
public struct Practice: Hashable, Sendable {
    /// What it is called: `journal`, `check-in`, …
    public let name: String
    /// How it stands.
    public let standing: Standing
    /// What this person wants.
    public let wanted: Wanted?
}

/// Which practices a couple uses: one or two to begin with, and the rest stays out of sight until it is wanted.
public struct Practices: Sendable {
    private let ffi: EntwineFFI.Practices

    init(_ ffi: EntwineFFI.Practices) {
        self.ffi = ffi
    }

    /// All of them. One is in use if somebody wants it and nobody lets it rest.
    public func list() async throws -> [Practice] {
        try await calling { try await ffi.list() }.map {
            Practice(name: $0.name, standing: Standing(word: $0.standing), wanted: $0.wanted.map(Wanted.init(word:)))
        }
    }

    /// Chooses for oneself what is wanted of a practice.
    ///
    /// - Throws: ``EntwineError/fixInput(_:)`` where no practice is called so.
    public func choose(_ name: String, _ wanted: Wanted) async throws {
        try await calling { try await ffi.choose(name: name, wanted: wanted.rawValue) }
    }
}

extension Event {
    /// The name of the practice of which somebody wants something else; none where it is about something else.
    public var practice: String? {
        if case .changed(let change) = self, change.what == "practice" { change.id } else { nil }
    }
}
