internal import EntwineFFI

/// When a ritual comes round, as a rule of RFC 5545.
public struct Recurrence: RawRepresentable, Hashable, Codable, Sendable {
    /// The rule, such as `FREQ=WEEKLY;BYDAY=FR`.
    public let rawValue: String
    /// Any rule; which ones are taken is found out by adding a ritual with it.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// Every day.
    public static let daily = Recurrence(rawValue: "FREQ=DAILY")

    /// Every week, on these days.
    public static func weekly(on days: Weekday...) -> Recurrence {
        Recurrence(rawValue: "FREQ=WEEKLY;BYDAY=" + days.map(\.rawValue).joined(separator: ","))
    }

    /// A day of the week.
    public enum Weekday: String, Sendable {
        /// Monday.
        case monday = "MO"
        /// Tuesday.
        case tuesday = "TU"
        /// Wednesday.
        case wednesday = "WE"
        /// Thursday.
        case thursday = "TH"
        /// Friday.
        case friday = "FR"
        /// Saturday.
        case saturday = "SA"
        /// Sunday.
        case sunday = "SU"
    }
}

/// A new ritual.
public struct NewRitual: Hashable, Sendable {
    /// What it is called.
    public var name: String
    /// When it comes round.
    public var every: Recurrence
    /// At which hour.
    public var at: TimeOfDay?

    /// A ritual to add by ``Rituals/add(_:)``.
    public init(name: String, every: Recurrence, at: TimeOfDay? = nil) {
        self.name = name
        self.every = every
        self.at = at
    }
}

/// What to change of a ritual; none leaves a field as it is.
public struct RitualChanges: Hashable, Sendable {
    /// What it is called.
    public var name: String?
    /// When it comes round.
    public var every: Recurrence?
    /// At which hour.
    public var at: TimeOfDay?

    /// Changes to make by ``Rituals/change(_:_:)``.
    public init(name: String? = nil, every: Recurrence? = nil, at: TimeOfDay? = nil) {
        self.name = name
        self.every = every
        self.at = at
    }
}

/// A ritual.
public struct Ritual: Hashable, Sendable, Identifiable {
    /// Names it.
    public let id: RitualId
    /// What it is called.
    public let name: String
    /// When it comes round.
    public let every: Recurrence
    /// At which hour.
    public let at: TimeOfDay?
    /// By field, the other values of what was chosen differently apart.
    public let alternatives: [String: [String]]
    /// When it was done in this month and the last, the latest first.
    public let done: [Done]
}

/// That somebody did a ritual.
public struct Done: Hashable, Sendable {
    /// The day; none where no calendar here holds it.
    public let day: Day?
    /// The name of who says so.
    public let by: String
    /// A few words about it.
    public let note: String
}

/// The rituals: what we do again and again, and that we did it.
public struct Rituals: Sendable {
    private let ffi: EntwineFFI.Rituals

    init(_ ffi: EntwineFFI.Rituals) {
        self.ffi = ffi
    }

    /// Adds a ritual.
    ///
    /// - Throws: ``EntwineError/fixInput(_:)`` where the rule is not taken, or something is too long.
    @discardableResult
    public func add(_ ritual: NewRitual) async throws -> RitualId {
        let new = EntwineFFI.NewRitual(name: ritual.name, every: ritual.every.rawValue, at: ritual.at?.description)
        return RitualId(rawValue: try await calling { try await ffi.add(ritual: new) })
    }

    /// Changes a ritual: only the fields that are given.
    public func change(_ ritual: RitualId, _ changes: RitualChanges) async throws {
        let changes = EntwineFFI.RitualChanges(
            name: changes.name, every: changes.every?.rawValue, at: changes.at?.description)
        try await calling { try await ffi.change(id: ritual.rawValue, changes: changes) }
    }

    /// All rituals, in the order in which they were made.
    public func list() async throws -> [Ritual] {
        try await calling { try await ffi.list() }.map(Ritual.init)
    }

    /// Records that a ritual was done today. Both may record it: it is one occurrence then.
    @discardableResult
    public func done(_ ritual: RitualId, note: String? = nil) async throws -> OccurrenceId {
        OccurrenceId(rawValue: try await calling { try await ffi.done(id: ritual.rawValue, note: note) })
    }
}

extension Event {
    /// The ritual that is new, was changed or was done; none where it is about something else.
    public var ritual: RitualId? { about("ritual") }
}

extension Ritual {
    init(_ ritual: EntwineFFI.Ritual) {
        id = RitualId(rawValue: ritual.id)
        name = ritual.name
        every = Recurrence(rawValue: ritual.every)
        at = ritual.at.flatMap { TimeOfDay($0) }
        alternatives = ritual.alternatives
        done = ritual.done.map(Done.init)
    }
}

extension Done {
    init(_ done: EntwineFFI.Done) {
        day = Day(done.date)
        by = done.by
        note = done.note
    }
}
