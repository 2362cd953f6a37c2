import Foundation

internal import EntwineFFI

/// How much strength somebody has.
public enum Energy: String, EntwineChoice {
    /// Little.
    case low
    /// Enough.
    case middle
    /// Much.
    case high
    /// What only a newer version knows.
    case later
}

/// How open somebody is to a deep talk. No explanation is owed.
public enum DeepTalk: String, EntwineChoice {
    /// Gladly.
    case open
    /// Ask me again.
    case maybe
    /// Not today.
    case notToday = "not-today"
    /// What only a newer version knows.
    case later
}

/// The part of the day that a check-in belongs to.
public enum PartOfDay: String, EntwineChoice {
    /// The morning.
    case morning
    /// The evening.
    case evening
    /// Any time.
    case any
    /// What only a newer version knows.
    case later
}

/// What a check-in says. What is none is left out of a new one, and left as it is in one that is there.
public struct CheckInWords: Hashable, Sendable {
    /// How the writer is: one of ``moods``, or own words.
    public var mood: String?
    /// How much strength there is.
    public var energy: Energy?
    /// Ids of ``Content/feelings``, or own words.
    public var feelings: [String]?
    /// What is needed today.
    public var need: String?
    /// How open to a deep talk.
    public var talk: DeepTalk?
    /// One line of the day.
    public var line: String?
    /// How the writer wants to be heard.
    public var wish: ListeningWish?
    /// The part of the day; for a new one, none is any.
    public var part: PartOfDay?

    /// How somebody is, in one word each, from the hardest day to the best: to tap. They are no numbers to count with.
    public static let moods = ["stormy", "heavy", "even", "light", "bright"]

    /// Words to check in with, or to change a check-in by.
    public init(
        mood: String? = nil,
        energy: Energy? = nil,
        feelings: [String]? = nil,
        need: String? = nil,
        talk: DeepTalk? = nil,
        line: String? = nil,
        wish: ListeningWish? = nil,
        part: PartOfDay? = nil
    ) {
        self.mood = mood
        self.energy = energy
        self.feelings = feelings
        self.need = need
        self.talk = talk
        self.line = line
        self.wish = wish
        self.part = part
    }
}

/// What can be taken back of a check-in, beside texts, which are emptied.
public enum CheckInChoice: Hashable, Sendable {
    /// How much strength there is.
    case energy
    /// How open to a deep talk.
    case talk
    /// How the writer wants to be heard.
    case wish
}

/// How somebody was.
public struct CheckIn: Hashable, Sendable, Identifiable {
    /// Names it.
    public let id: CheckInId
    /// How the writer wants to be heard: to be seen before anybody answers.
    public let wish: ListeningWish?
    /// How the writer is: one of ``CheckInWords/moods``, or own words; may be empty.
    public let mood: String
    /// How much strength there is.
    public let energy: Energy?
    /// In alphabetical order.
    public let feelings: [String]
    /// What is needed today; may be empty.
    public let need: String
    /// How open to a deep talk.
    public let talk: DeepTalk?
    /// One line of the day; may be empty.
    public let line: String
    /// The part of the day.
    public let part: PartOfDay
    /// The name of who wrote it.
    public let author: String
    /// When it was written.
    public let writtenAt: Date
    /// How far the writer's clock was from Greenwich's then.
    public let writersZone: TimeZone
    /// Whether only one's own devices have it.
    public let isPrivate: Bool
    /// How many photos and voice notes a later version has put beside it.
    public let attachments: Int
    /// Whether it lies in the trash.
    public let isInTrash: Bool
    /// By field, the other values of what was chosen differently on one's own devices apart.
    public let alternatives: [String: [String]]
}

/// The check-ins: how each is, for both or for oneself, from one tap to ten minutes.
public struct CheckIns: Sendable {
    private let ffi: EntwineFFI.CheckIns

    init(_ ffi: EntwineFFI.CheckIns) {
        self.ffi = ffi
    }

    /// Checks in, for both or for oneself alone. One word of anything is enough.
    ///
    /// - Throws: ``EntwineError/fixInput(_:)`` where it says nothing, or something is too long.
    @discardableResult
    public func add(_ words: CheckInWords, isPrivate: Bool = false) async throws -> CheckInId {
        CheckInId(rawValue: try await calling { try await ffi.add(words: words.ffi(), private: isPrivate) })
    }

    /// Changes one's own: only what is given. What was chosen may be taken back.
    public func change(
        _ checkIn: CheckInId, _ words: CheckInWords, takingBack: Set<CheckInChoice> = []
    ) async throws {
        try await calling { try await ffi.change(id: checkIn.rawValue, words: words.ffi(takingBack)) }
    }

    /// Those of a month, or all, the newest first; one's own private ones too.
    public func list(_ month: Month? = nil) async throws -> [CheckIn] {
        try await calling { try await ffi.list(month: month?.description) }.map(CheckIn.init)
    }

    /// One of them, also where it lies in the trash.
    public func read(_ checkIn: CheckInId) async throws -> CheckIn {
        CheckIn(try await calling { try await ffi.read(id: checkIn.rawValue) })
    }

    /// Puts one's own into the trash.
    public func delete(_ checkIn: CheckInId) async throws {
        try await calling { try await ffi.delete(id: checkIn.rawValue) }
    }

    /// Takes one out of the trash.
    public func restore(_ checkIn: CheckInId) async throws {
        try await calling { try await ffi.restore(id: checkIn.rawValue) }
    }
}

extension Event {
    /// The check-in that is new, was changed, or went into the trash or out of it; none where it is about something else.
    public var checkIn: CheckInId? { about("check_in") }
}

extension CheckInWords {
    func ffi(_ takingBack: Set<CheckInChoice> = []) -> EntwineFFI.CheckInWords {
        EntwineFFI.CheckInWords(
            mood: mood,
            energy: takingBack.contains(.energy) ? "" : energy?.rawValue,
            feelings: feelings,
            need: need,
            talk: takingBack.contains(.talk) ? "" : talk?.rawValue,
            line: line,
            wish: takingBack.contains(.wish) ? "" : wish?.rawValue,
            part: part?.rawValue)
    }
}

extension CheckIn {
    init(_ checkIn: EntwineFFI.CheckIn) {
        let written = LocalTime(checkIn.writtenAt)
        id = CheckInId(rawValue: checkIn.id)
        wish = checkIn.wish.map(ListeningWish.init(word:))
        mood = checkIn.mood
        energy = checkIn.energy.map(Energy.init(word:))
        feelings = checkIn.feelings
        need = checkIn.need
        talk = checkIn.talk.map(DeepTalk.init(word:))
        line = checkIn.line
        part = PartOfDay(word: checkIn.part)
        author = checkIn.author
        writtenAt = written.date
        writersZone = written.zone
        isPrivate = checkIn.private
        attachments = Int(checkIn.attachments)
        isInTrash = checkIn.trashed
        alternatives = checkIn.alternatives
    }
}
