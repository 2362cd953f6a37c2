/// What names a thing: text that an app keeps and hands back, and does not read.
public protocol EntwineId: RawRepresentable, Hashable, Codable, Sendable, CustomStringConvertible where RawValue == String {
    /// An id as it was kept. Whether there is anything of this name is found out by asking for it.
    init(rawValue: String)
}

extension EntwineId {
    /// The id as text.
    public var description: String { rawValue }
}

/// Names what can be responded to: an entry, or a check-in.
public protocol RespondableId: EntwineId {}

/// Names a journal entry.
public struct EntryId: RespondableId {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
}

/// Names a ritual.
public struct RitualId: EntwineId {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
}

/// Names one occurrence of a ritual.
public struct OccurrenceId: EntwineId {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
}

/// Names a gratitude.
public struct GratitudeId: EntwineId {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
}

/// Names a response.
public struct ResponseId: EntwineId {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
}

/// Names a check-in.
public struct CheckInId: RespondableId {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
}

/// Names a note.
public struct NoteId: EntwineId {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
}

/// Names that somebody reaches out.
public struct ReachingOutId: EntwineId {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
}

/// Names how somebody turns towards it.
public struct TurningTowardsId: EntwineId {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
}

/// Names a time without screens.
public struct ScreenFreeId: EntwineId {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
}

/// Names a pause of a ritual.
public struct PauseId: EntwineId {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
}

/// Names a round of sealed answers.
public struct RoundId: EntwineId {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
}

/// Names a session of questions.
public struct SessionId: EntwineId {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
}

/// Names a space: what the two of you share, or what is one's own.
public struct SpaceId: EntwineId {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
}

/// Names a device, or whatever else can open a space: a recovery phrase, an open link.
public struct DeviceId: EntwineId {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
}

/// Names an invitation.
public struct InvitationId: EntwineId {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
}
