internal import EntwineFFI

/// What can open a space.
public enum KeyholderKind: Sendable {
    /// A phone, or a computer.
    case device
    /// A link for the partner.
    case partnerInvitation
    /// A link for one's own next device.
    case deviceInvitation
    /// Twenty-four words on paper.
    case recoveryPhrase
}

/// A device, a phrase or an open link, as its person sees it; of the partner's only that it is there.
public struct Keyholder: Hashable, Sendable, Identifiable {
    /// Its id.
    public let id: DeviceId
    /// Its kind; none for the partner's.
    public let kind: KeyholderKind?
    /// Whether it is one's own.
    public let isOwn: Bool
    /// Whether it is this very device.
    public let isThis: Bool
}

/// An own device or phrase that was added since this device last looked.
public struct NewKeyholder: Hashable, Sendable, Identifiable {
    /// Its id.
    public let id: DeviceId
    /// Its kind.
    public let kind: KeyholderKind
    /// The six words that a new device shows too, to compare.
    public let safetyWords: [String]
}

/// What leaving came to.
public struct Left: Hashable, Sendable {
    /// The shared space.
    public let space: SpaceId
    /// Whether the relay knows. If not, it is told at the next exchange.
    public let isTold: Bool
}

/// What founding anew came to.
public struct FoundedAnew: Hashable, Sendable {
    /// The new shared space.
    public let space: SpaceId
    /// The shared space that is an archive now.
    public let archived: SpaceId
}

extension EntwineClient {
    /// All devices, and one's own phrase and links.
    public func devices() async throws -> [Keyholder] {
        try await calling { try await ffi.devices() }.map(Keyholder.init)
    }

    /// The own devices and phrases that were added since this was last asked: each is told once, and should be shown.
    public func newKeyholders() async throws -> [NewKeyholder] {
        try await calling { try await ffi.newKeyholders() }.map(NewKeyholder.init)
    }

    /// Removes an own device, or the phrase.
    ///
    /// - Throws: ``EntwineError``, or `CancellationError`.
    public func removeDevice(_ device: DeviceId) async throws {
        try await cancellable { try await ffi.removeDevice(id: device.rawValue, cancellation: $0) }
    }

    /// Leaves the shared space, alone and at once, with all devices: they read on what they have.
    ///
    /// - Throws: ``EntwineError``, or `CancellationError`.
    @discardableResult
    public func leave() async throws -> Left {
        Left(try await cancellable { try await ffi.leave(cancellation: $0) })
    }

    /// Founds shared and private space anew, with a copy of everything that the last ones held, on their relay or another.
    ///
    /// - Throws: ``EntwineError``, or `CancellationError`.
    @discardableResult
    public func foundAnew(relay: String? = nil, token: String? = nil) async throws -> FoundedAnew {
        FoundedAnew(try await cancellable { try await ffi.foundAnew(relay: relay, token: token, cancellation: $0) })
    }
}

extension KeyholderKind {
    init(_ kind: EntwineFFI.KeyholderKind) {
        switch kind {
        case .device: self = .device
        case .partnerInvitation: self = .partnerInvitation
        case .deviceInvitation: self = .deviceInvitation
        case .recoveryPhrase: self = .recoveryPhrase
        }
    }
}

extension Keyholder {
    init(_ keyholder: EntwineFFI.Keyholder) {
        id = DeviceId(rawValue: keyholder.id)
        kind = keyholder.kind.map(KeyholderKind.init)
        isOwn = keyholder.isOwn
        isThis = keyholder.isThis
    }
}

extension NewKeyholder {
    init(_ new: EntwineFFI.NewKeyholder) {
        id = DeviceId(rawValue: new.id)
        kind = KeyholderKind(new.kind)
        safetyWords = new.safetyWords
    }
}

extension Left {
    init(_ left: EntwineFFI.Left) {
        space = SpaceId(rawValue: left.space)
        isTold = left.isTold
    }
}

extension FoundedAnew {
    init(_ founded: EntwineFFI.FoundedAnew) {
        space = SpaceId(rawValue: founded.space)
        archived = SpaceId(rawValue: founded.archived)
    }
}
