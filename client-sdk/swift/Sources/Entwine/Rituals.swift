import Foundation

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

/// Whose turn a step is.
public enum Turn: String, EntwineChoice {
    /// Both, together.
    case both
    /// The one who begins.
    case first
    /// The other.
    case second
    /// Each for oneself, or one after the other as it comes.
    case each
    /// What only a newer version knows.
    case later
}

/// What became of a ritual on a day.
public enum Outcome: String, EntwineChoice {
    /// They did it together.
    case together
    /// Whoever says so did it alone.
    case alone
    /// It was left out.
    case skipped
    /// It was moved to another day.
    case moved
    /// It was moved here.
    case planned
    /// What only a newer version knows.
    case later
}

/// One step of a ritual.
public struct RitualStep: Hashable, Sendable {
    /// What is done.
    public var text: String
    /// How long it takes; none where it takes as long as it takes.
    public var minutes: Int?
    /// Whose turn it is.
    public var turn: Turn

    /// A step.
    public init(_ text: String, minutes: Int? = nil, turn: Turn = .both) {
        self.text = text
        self.minutes = minutes
        self.turn = turn
    }
}

/// In which time zone the hour of a ritual is.
public enum RitualZone: Hashable, Sendable {
    /// In that of wherever one is.
    case floating
    /// In a certain one, by its IANA name.
    case of(TimeZone)
}

/// Whether to be reminded, and when.
public enum Remind: Hashable, Sendable {
    /// Not at all.
    case never
    /// So many minutes before the hour.
    case minutesBefore(Int)
}

/// A new ritual.
public struct NewRitual: Hashable, Sendable {
    /// What it is called.
    public var name: String
    /// When it comes round.
    public var every: Recurrence
    /// At which hour; none for the whole day.
    public var at: TimeOfDay?
    /// The first day; none is today.
    public var starts: Day?
    /// In which time zone the hour is.
    public var zone: RitualZone
    /// Whether to be reminded, and when.
    public var remind: Remind
    /// Why it matters to them.
    public var why: String
    /// What is done, in this order.
    public var steps: [RitualStep]

    /// A ritual to add by ``Rituals/add(_:)``.
    public init(
        name: String,
        every: Recurrence,
        at: TimeOfDay? = nil,
        starts: Day? = nil,
        zone: RitualZone = .floating,
        remind: Remind = .never,
        why: String = "",
        steps: [RitualStep] = []
    ) {
        self.name = name
        self.every = every
        self.at = at
        self.starts = starts
        self.zone = zone
        self.remind = remind
        self.why = why
        self.steps = steps
    }
}

/// What to change of a ritual, or to have otherwise than its template; none leaves a field as it is.
public struct RitualChanges: Hashable, Sendable {
    /// What it is called.
    public var name: String?
    /// When it comes round.
    public var every: Recurrence?
    /// At which hour.
    public var at: TimeOfDay?
    /// The first day, from which the rule counts.
    public var starts: Day?
    /// In which time zone the hour is.
    public var zone: RitualZone?
    /// Whether to be reminded, and when.
    public var remind: Remind?
    /// Why it matters to them. Both may write in it.
    public var why: String?
    /// What is done, in this order. Where the partner changed other steps apart, both changes stay.
    public var steps: [RitualStep]?

    /// Changes to make by ``Rituals/change(_:_:)``, or to adopt a template with.
    public init(
        name: String? = nil,
        every: Recurrence? = nil,
        at: TimeOfDay? = nil,
        starts: Day? = nil,
        zone: RitualZone? = nil,
        remind: Remind? = nil,
        why: String? = nil,
        steps: [RitualStep]? = nil
    ) {
        self.name = name
        self.every = every
        self.at = at
        self.starts = starts
        self.zone = zone
        self.remind = remind
        self.why = why
        self.steps = steps
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
    /// At which hour; none for the whole day, and where it is written in a way that this version does not read, as below.
    public let at: TimeOfDay?
    /// The first day.
    public let starts: Day?
    /// In which time zone the hour is; none where it is that of wherever one is.
    public let zone: TimeZone?
    /// How many minutes before the hour to remind of it; none for not at all.
    public let reminderMinutes: Int?
    /// Why it matters to them.
    public let why: String
    /// What is done, in this order.
    public let steps: [RitualStep]
    /// The id of the ``Content/Template`` that it was adopted from.
    public let template: String?
    /// In the order in which they were begun.
    public let pauses: [RitualPause]
    /// By field, the other values of what was chosen differently apart.
    public let alternatives: [String: [String]]
    /// On which days of this month and the last somebody did it, the latest first.
    public let done: [RitualOccurrence]
}

/// Days on which a ritual rests, both included.
public struct RitualPause: Hashable, Sendable, Identifiable {
    /// Names it.
    public let id: PauseId
    /// The first day; none where no calendar here holds it.
    public let from: Day?
    /// The last day; none until somebody ends it.
    public let to: Day?
    /// The name of who began it.
    public let by: String
    /// By field, the other values of what was chosen differently apart.
    public let alternatives: [String: [String]]
}

/// What both say of a ritual on one day.
public struct RitualOccurrence: Hashable, Sendable {
    /// The day; none where no calendar here holds it.
    public let day: Day?
    /// Whether it was done together, as one of them says at least.
    public let isTogether: Bool
    /// The word of each who said something, the earliest first. Where they differ, neither is wrong.
    public let records: [RitualRecord]
}

/// What one of the two says.
public struct RitualRecord: Hashable, Sendable {
    /// The name of who says so.
    public let by: String
    /// What became of it.
    public let outcome: Outcome
    /// A few words about it.
    public let note: String
    /// The day to which it was moved.
    public let to: Day?
    /// The day from which it was moved here.
    public let from: Day?
}

/// What is due, and what cannot be told of.
public struct DueRituals: Hashable, Sendable {
    /// From the earliest on. What has no hour comes first on its day.
    public let due: [DueRitual]
    /// Rituals of which this version does not understand when they are due: a newer one wrote them.
    public let notUnderstood: [RitualNotUnderstood]
}

/// Once that a ritual is due.
public struct DueRitual: Hashable, Sendable {
    /// Which ritual.
    public let ritual: RitualId
    /// What it is called.
    public let name: String
    /// The day that the rule names. It may be another than that of ``at``, where the ritual's hour is that of another zone.
    public let day: Day?
    /// When; none where the ritual has no hour.
    public let at: Date?
    /// When to remind of it; none for not at all.
    public let remindAt: Date?
}

/// A ritual of which it cannot be told when it is due.
public struct RitualNotUnderstood: Hashable, Sendable {
    /// Which one.
    public let ritual: RitualId
    /// What it is called.
    public let name: String
    /// What is not understood, in words for people.
    public let reason: String
}

/// The rituals: what we do again and again, and what became of each day.
public struct Rituals: Sendable {
    private let ffi: EntwineFFI.Rituals

    init(_ ffi: EntwineFFI.Rituals) {
        self.ffi = ffi
    }

    /// Begins a ritual.
    ///
    /// - Throws: ``EntwineError/fixInput(_:)`` where the rule is not taken, or something is too long.
    @discardableResult
    public func add(_ ritual: NewRitual) async throws -> RitualId {
        RitualId(rawValue: try await calling { try await ffi.add(ritual: ritual.ffi()) })
    }

    /// Adopts a ``Content/Template`` by its id, in the words of a locale, with what the changes say otherwise.
    ///
    /// It is a copy; two who adopt the same apart have two rituals then.
    @discardableResult
    public func adopt(
        _ template: String, _ changes: RitualChanges = RitualChanges(), for locale: Locale = .current
    ) async throws -> RitualId {
        let locale = locale.identifier(.bcp47)
        return RitualId(
            rawValue: try await calling {
                try await ffi.adopt(template: template, locale: locale, changes: changes.ffi())
            })
    }

    /// Changes a ritual: only what is given.
    public func change(_ ritual: RitualId, _ changes: RitualChanges) async throws {
        try await calling { try await ffi.change(id: ritual.rawValue, changes: changes.ffi()) }
    }

    /// All rituals, in the order in which they were made.
    public func list() async throws -> [Ritual] {
        try await calling { try await ffi.list() }.map(Ritual.init)
    }

    /// Those that were put into the trash in the last thirty days.
    public func trash() async throws -> [Ritual] {
        try await calling { try await ffi.trash() }.map(Ritual.init)
    }

    /// One ritual, also where it lies in the trash.
    public func read(_ ritual: RitualId) async throws -> Ritual {
        Ritual(try await calling { try await ffi.read(id: ritual.rawValue) })
    }

    /// Puts a ritual into the trash. What was done of it stays.
    public func delete(_ ritual: RitualId) async throws {
        try await calling { try await ffi.delete(id: ritual.rawValue) }
    }

    /// Takes a ritual out of the trash.
    public func restore(_ ritual: RitualId) async throws {
        try await calling { try await ffi.restore(id: ritual.rawValue) }
    }

    /// Records that a ritual was done, today or on a day, together or alone. Both may record it: it is one occurrence then.
    @discardableResult
    public func done(
        _ ritual: RitualId, note: String? = nil, alone: Bool = false, on day: Day? = nil
    ) async throws -> OccurrenceId {
        OccurrenceId(
            rawValue: try await calling {
                try await ffi.done(id: ritual.rawValue, note: note, alone: alone, date: day?.description)
            })
    }

    /// Leaves a ritual out, today or on a day: it is due no more on it, and nobody is told that it was missed.
    @discardableResult
    public func skip(_ ritual: RitualId, note: String? = nil, on day: Day? = nil) async throws -> OccurrenceId {
        OccurrenceId(
            rawValue: try await calling {
                try await ffi.skip(id: ritual.rawValue, note: note, date: day?.description)
            })
    }

    /// Moves a ritual from today, or from a day, to another one: it is due on that one, and no more on its own.
    @discardableResult
    public func move(
        _ ritual: RitualId, to other: Day, note: String? = nil, from day: Day? = nil
    ) async throws -> OccurrenceId {
        OccurrenceId(
            rawValue: try await calling {
                try await ffi.moveTo(id: ritual.rawValue, to: other.description, note: note, date: day?.description)
            })
    }

    /// What became of a ritual from one day to another, both included, the latest first.
    ///
    /// None is from a year ago on, and for all that is to come.
    public func history(of ritual: RitualId, from: Day? = nil, to: Day? = nil) async throws -> [RitualOccurrence] {
        try await calling {
            try await ffi.history(id: ritual.rawValue, from: from?.description, to: to?.description)
        }.map(RitualOccurrence.init)
    }

    /// What is due from one day to another, both included, in the time zone of this phone.
    ///
    /// None is from today on, and for a week.
    public func due(from: Day? = nil, to: Day? = nil) async throws -> DueRituals {
        DueRituals(try await calling { try await ffi.due(from: from?.description, to: to?.description) })
    }

    /// What to remind of from one moment until before another: hand it to the phone's system, so that it rings while no app runs.
    ///
    /// A time without screens that this person has promised holds it back.
    public func reminders(from: Date, to: Date) async throws -> DueRituals {
        DueRituals(try await calling { try await ffi.reminders(from: from, to: to) })
    }

    /// Lets a ritual rest from one day to another, both included. None is from today on, and until it is resumed.
    @discardableResult
    public func pause(_ ritual: RitualId, from: Day? = nil, to: Day? = nil) async throws -> PauseId {
        PauseId(
            rawValue: try await calling {
                try await ffi.pause(id: ritual.rawValue, from: from?.description, to: to?.description)
            })
    }

    /// Ends every pause that a ritual has today: how many it ended. What is planned for later stays.
    @discardableResult
    public func resume(_ ritual: RitualId) async throws -> Int {
        Int(try await calling { try await ffi.resume(id: ritual.rawValue) })
    }

    /// Ends one pause of a ritual, also where it is planned for later. False where it was over already.
    @discardableResult
    public func end(_ pause: PauseId, of ritual: RitualId) async throws -> Bool {
        try await calling { try await ffi.endPause(id: ritual.rawValue, pause: pause.rawValue) }
    }
}

extension Event {
    /// The ritual that is new, was changed, or of which something was recorded; none where it is about something else.
    public var ritual: RitualId? { about("ritual") }
}

extension RitualStep {
    init(_ step: EntwineFFI.RitualStep) {
        self.init(step.text, minutes: step.minutes.map(Int.init), turn: Turn(word: step.turn))
    }

    func ffi() -> EntwineFFI.RitualStep {
        EntwineFFI.RitualStep(text: text, minutes: minutes.map(UInt32.init(clamping:)), turn: turn.rawValue)
    }
}

extension RitualZone {
    /// As Rust takes it.
    var name: String {
        switch self {
        case .floating: "floating"
        case .of(let zone): zone.identifier
        }
    }
}

extension NewRitual {
    func ffi() -> EntwineFFI.NewRitual {
        var minutes: UInt32?
        if case .minutesBefore(let number) = remind { minutes = UInt32(clamping: number) }
        return EntwineFFI.NewRitual(
            name: name,
            every: every.rawValue,
            at: at?.description,
            starts: starts?.description,
            zone: zone.name,
            reminderMinutes: minutes,
            why: why,
            steps: steps.map { $0.ffi() })
    }
}

extension RitualChanges {
    func ffi() -> EntwineFFI.RitualChanges {
        let remind: EntwineFFI.Remind? =
            switch remind {
            case nil: nil
            case .never: .never
            case .minutesBefore(let number): .minutesBefore(minutes: UInt32(clamping: number))
            }
        return EntwineFFI.RitualChanges(
            name: name,
            every: every?.rawValue,
            at: at?.description,
            starts: starts?.description,
            zone: zone?.name,
            remind: remind,
            why: why,
            steps: steps?.map { $0.ffi() })
    }
}

extension Ritual {
    init(_ ritual: EntwineFFI.Ritual) {
        id = RitualId(rawValue: ritual.id)
        name = ritual.name
        every = Recurrence(rawValue: ritual.every)
        at = ritual.at.flatMap { TimeOfDay($0) }
        starts = Day(ritual.starts)
        zone = ritual.zone.flatMap { TimeZone(identifier: $0) }
        reminderMinutes = ritual.reminderMinutes.map(Int.init)
        why = ritual.why
        steps = ritual.steps.map(RitualStep.init)
        template = ritual.template
        pauses = ritual.pauses.map(RitualPause.init)
        alternatives = ritual.alternatives
        done = ritual.done.map(RitualOccurrence.init)
    }
}

extension RitualPause {
    init(_ pause: EntwineFFI.RitualPause) {
        id = PauseId(rawValue: pause.id)
        from = Day(pause.from)
        to = pause.to.flatMap { Day($0) }
        by = pause.by
        alternatives = pause.alternatives
    }
}

extension RitualOccurrence {
    init(_ occurrence: EntwineFFI.RitualOccurrence) {
        day = Day(occurrence.date)
        isTogether = occurrence.together
        records = occurrence.records.map {
            RitualRecord(
                by: $0.by,
                outcome: Outcome(word: $0.outcome),
                note: $0.note,
                to: $0.to.flatMap { Day($0) },
                from: $0.from.flatMap { Day($0) })
        }
    }
}

extension DueRituals {
    init(_ list: EntwineFFI.DueRituals) {
        due = list.due.map {
            DueRitual(
                ritual: RitualId(rawValue: $0.ritual),
                name: $0.name,
                day: Day($0.date),
                at: $0.at.map { LocalTime($0).date },
                remindAt: $0.remindAt.map { LocalTime($0).date })
        }
        notUnderstood = list.notUnderstood.map {
            RitualNotUnderstood(ritual: RitualId(rawValue: $0.ritual), name: $0.name, reason: $0.reason)
        }
    }
}
