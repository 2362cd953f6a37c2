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

    /// An entry to write by ``Journal/write(_:)``.
    public init(title: String = "", text: String, tags: [String] = [], isPrivate: Bool = false) {
        self.title = title
        self.text = text
        self.tags = tags
        self.isPrivate = isPrivate
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
    /// In alphabetical order.
    public let tags: [String]
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
        let new = NewJournalEntry(title: entry.title, text: entry.text, tags: entry.tags, private: entry.isPrivate)
        return EntryId(rawValue: try await calling { try await ffi.write(entry: new) })
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
    public var entry: EntryId? {
        if case .changed(let change) = self, change.what == "entry" { EntryId(rawValue: change.id) } else { nil }
    }
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
        isInTrash = entry.trashed
        alternatives = entry.alternatives
    }
}
