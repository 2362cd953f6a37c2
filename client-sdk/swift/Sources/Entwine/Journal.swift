import Foundation

internal import EntwineFFI

/// A new journal entry.
public struct NewEntry: Hashable, Sendable {
    /// May be empty.
    public var title: String
    /// May be empty.
    public var text: String
    /// In the writer's own words.
    public var tags: [String]
    /// For one's own devices alone.
    public var isPrivate: Bool
    /// Ids of ``Content/feelings``, or own words.
    public var feelings: [String]
    /// Where in the body they are: ids of ``Content/sensations``, or own words.
    public var sensations: [String]
    /// What set it off.
    public var setOff: String
    /// Who was there.
    public var people: [String]
    /// Where it was, in the writer's own words.
    public var place: String
    /// How the writer wants to be heard.
    public var wish: ListeningWish?

    /// An entry to write by ``Journal/write(_:)``.
    public init(
        title: String = "",
        text: String,
        tags: [String] = [],
        isPrivate: Bool = false,
        feelings: [String] = [],
        sensations: [String] = [],
        setOff: String = "",
        people: [String] = [],
        place: String = "",
        wish: ListeningWish? = nil
    ) {
        self.title = title
        self.text = text
        self.tags = tags
        self.isPrivate = isPrivate
        self.feelings = feelings
        self.sensations = sensations
        self.setOff = setOff
        self.people = people
        self.place = place
        self.wish = wish
    }
}

/// What to change of an entry beside its text; none leaves a field as it is.
///
/// What both add apart to tags, feelings, sensations and people is all there afterwards.
public struct EntryChanges: Hashable, Sendable {
    /// The title.
    public var title: String?
    /// The tags.
    public var tags: [String]?
    /// The feelings.
    public var feelings: [String]?
    /// The sensations.
    public var sensations: [String]?
    /// What set it off.
    public var setOff: String?
    /// Who was there.
    public var people: [String]?
    /// Where it was.
    public var place: String?
    /// How the writer wants to be heard; it is taken back by ``Journal/withdrawWish(of:)``.
    public var wish: ListeningWish?

    /// Changes to make by ``Journal/change(_:_:)``.
    public init(
        title: String? = nil,
        tags: [String]? = nil,
        feelings: [String]? = nil,
        sensations: [String]? = nil,
        setOff: String? = nil,
        people: [String]? = nil,
        place: String? = nil,
        wish: ListeningWish? = nil
    ) {
        self.title = title
        self.tags = tags
        self.feelings = feelings
        self.sensations = sensations
        self.setOff = setOff
        self.people = people
        self.place = place
        self.wish = wish
    }
}

/// A journal entry without its text, for a list.
public struct EntrySummary: Hashable, Sendable, Identifiable {
    /// Names it.
    public let id: EntryId
    /// The title.
    public let title: String
    /// The name of who began it.
    public let author: String
    /// When it was begun.
    public let writtenAt: Date
    /// How far the writer's clock was from Greenwich's then: to show the hour that it was for the writer.
    public let writersZone: TimeZone
    /// Whether only one's own devices have it.
    public let isPrivate: Bool
    /// In alphabetical order.
    public let tags: [String]
    /// How the writer wants to be heard.
    public let wish: ListeningWish?
}

/// A journal entry.
public struct Entry: Hashable, Sendable, Identifiable {
    /// Names it.
    public let id: EntryId
    /// The title.
    public let title: String
    /// The text, with everybody's words.
    public let text: String
    /// The name of who began it.
    public let author: String
    /// When it was begun.
    public let writtenAt: Date
    /// How far the writer's clock was from Greenwich's then: to show the hour that it was for the writer.
    public let writersZone: TimeZone
    /// Whether only one's own devices have it.
    public let isPrivate: Bool
    /// In alphabetical order, as all lists here.
    public let tags: [String]
    /// Ids of ``Content/feelings``, or own words.
    public let feelings: [String]
    /// Where in the body they are: ids of ``Content/sensations``, or own words.
    public let sensations: [String]
    /// What set it off.
    public let setOff: String
    /// Who was there.
    public let people: [String]
    /// Where it was, in the writer's own words.
    public let place: String
    /// How the writer wants to be heard.
    public let wish: ListeningWish?
    /// How many photos and voice notes a later version has put beside it.
    public let attachments: Int
    /// Whether it lies in the trash.
    public let isInTrash: Bool
    /// By field, the other values of what was chosen differently apart.
    public let alternatives: [String: [String]]
}

/// The journal: entries that both write in, and private ones.
public struct Journal: Sendable {
    private let ffi: EntwineFFI.Journal

    init(_ ffi: EntwineFFI.Journal) {
        self.ffi = ffi
    }

    /// Writes a new entry. When this returns, it is on the disk.
    ///
    /// - Throws: ``EntwineError/fixInput(_:)`` where something is too long.
    @discardableResult
    public func write(_ entry: NewEntry) async throws -> EntryId {
        let new = NewJournalEntry(
            title: entry.title,
            text: entry.text,
            tags: entry.tags,
            private: entry.isPrivate,
            feelings: entry.feelings,
            sensations: entry.sensations,
            setOff: entry.setOff,
            people: entry.people,
            place: entry.place,
            wish: entry.wish?.rawValue)
        return EntryId(rawValue: try await calling { try await ffi.write(entry: new) })
    }

    /// Changes what stands beside an entry's text: only what is given.
    ///
    /// - Throws: ``EntwineError/fixInput(_:)`` where something is too long.
    public func change(_ entry: EntryId, _ changes: EntryChanges) async throws {
        let changes = JournalChanges(
            title: changes.title,
            tags: changes.tags,
            feelings: changes.feelings,
            sensations: changes.sensations,
            setOff: changes.setOff,
            people: changes.people,
            place: changes.place,
            wish: changes.wish?.rawValue)
        try await calling { try await ffi.change(id: entry.rawValue, changes: changes) }
    }

    /// Takes back how the writer of an entry wants to be heard.
    public func withdrawWish(of entry: EntryId) async throws {
        try await calling { try await ffi.change(id: entry.rawValue, changes: JournalChanges(wish: "")) }
    }

    /// Shares a private entry of one's own, or a passage of it, and gives the id of what is shared.
    ///
    /// With no passage the private one goes into the trash. Nothing private touches the shared space in any other way.
    ///
    /// - Throws: ``EntwineError/refreshState(_:)`` where it is shared already or lies in the trash, ``EntwineError/fixInput(_:)``
    ///   where the passage does not stand in it.
    @discardableResult
    public func share(_ entry: EntryId, passage: String? = nil) async throws -> EntryId {
        EntryId(rawValue: try await calling { try await ffi.share(id: entry.rawValue, passage: passage) })
    }

    /// Adds to the end of an entry's text.
    public func append(_ text: String, to entry: EntryId) async throws {
        try await calling { try await ffi.append(id: entry.rawValue, text: text) }
    }

    /// Replaces the first place where some words stand in an entry's text.
    ///
    /// - Throws: ``EntwineError/fixInput(_:)`` where they do not stand in it.
    public func replace(_ words: String, with others: String, in entry: EntryId) async throws {
        try await calling { try await ffi.replace(id: entry.rawValue, old: words, new: others) }
    }

    /// Opens an entry's text for an editor.
    public func openEditor(_ entry: EntryId) async throws -> OpenedText {
        let opened = try await calling { try await ffi.openEditor(id: entry.rawValue) }
        return OpenedText(opened, text: try calling { try opened.text() })
    }

    /// An entry, also one that lies in the trash.
    public func read(_ entry: EntryId) async throws -> Entry {
        Entry(try await calling { try await ffi.read(id: entry.rawValue) })
    }

    /// The months that anything was written in, the latest first.
    public func months() async throws -> [Month] {
        try await calling { try await ffi.months() }.compactMap { Month($0) }
    }

    /// The entries of a month, or all, the newest first; one's own private ones too.
    public func list(_ month: Month? = nil) async throws -> [EntrySummary] {
        try await calling { try await ffi.list(month: month?.description) }.map(EntrySummary.init)
    }

    /// What was written on a day of earlier years, the newest first; none is today. The day is the writer's.
    public func onThisDay(_ day: Day? = nil) async throws -> [EntrySummary] {
        try await calling { try await ffi.onThisDay(day: day?.description) }.map(EntrySummary.init)
    }

    /// What was put into the trash in the last thirty days.
    public func trash() async throws -> [EntrySummary] {
        try await calling { try await ffi.trash() }.map(EntrySummary.init)
    }

    /// Puts an entry into the trash. An edit that this device has not seen brings it back.
    public func delete(_ entry: EntryId) async throws {
        try await calling { try await ffi.delete(id: entry.rawValue) }
    }

    /// Takes an entry out of the trash.
    public func restore(_ entry: EntryId) async throws {
        try await calling { try await ffi.restore(id: entry.rawValue) }
    }
}

extension Event {
    /// The journal entry that is new, was changed, or went into the trash or out of it; none where it is about something else.
    public var entry: EntryId? { about("entry") }
}

/// A text as an editor opened it.
public struct OpenedText: Sendable {
    /// What to edit.
    public let text: String
    private let ffi: EntwineFFI.OpenedText

    init(_ ffi: EntwineFFI.OpenedText, text: String) {
        self.ffi = ffi
        self.text = text
    }

    /// Keeps what was edited. It is compared with the text as it was opened, so that what others wrote meanwhile stays.
    public func save(_ edited: String) async throws {
        try await calling { try await ffi.save(edited: edited) }
    }
}

extension EntrySummary {
    init(_ entry: EntwineFFI.JournalEntrySummary) {
        let written = LocalTime(entry.writtenAt)
        id = EntryId(rawValue: entry.id)
        title = entry.title
        author = entry.author
        writtenAt = written.date
        writersZone = written.zone
        isPrivate = entry.private
        tags = entry.tags
        wish = entry.wish.map(ListeningWish.init(word:))
    }
}

extension Entry {
    init(_ entry: EntwineFFI.JournalEntry) {
        let written = LocalTime(entry.writtenAt)
        id = EntryId(rawValue: entry.id)
        title = entry.title
        text = entry.text
        author = entry.author
        writtenAt = written.date
        writersZone = written.zone
        isPrivate = entry.private
        tags = entry.tags
        feelings = entry.feelings
        sensations = entry.sensations
        setOff = entry.setOff
        people = entry.people
        place = entry.place
        wish = entry.wish.map(ListeningWish.init(word:))
        attachments = Int(entry.attachments)
        isInTrash = entry.trashed
        alternatives = entry.alternatives
    }
}
