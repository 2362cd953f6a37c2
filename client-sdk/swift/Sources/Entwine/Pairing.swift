import Foundation

internal import EntwineFFI

/// Whom an invitation lets in.
public enum InvitationKind: Sendable {
    /// The partner.
    case partner
    /// The inviter's own next device.
    case device
}

/// An invitation as it was made. The link is shown this once.
public struct Invitation: Hashable, Sendable {
    /// Names it, to end it by.
    public let id: InvitationId
    /// What to hand over: whoever has it is let in.
    public let link: String
    /// Whom it lets in.
    public let kind: InvitationKind
    /// Until when.
    public let expiresAt: Date
}

/// An invitation that nobody has taken up yet.
public struct OpenInvitation: Hashable, Sendable {
    /// Names it, to end it by.
    public let id: InvitationId
    /// Whom it lets in.
    public let kind: InvitationKind
    /// Until when.
    public let expiresAt: Date
}

/// What joining came to.
public struct Joined: Hashable, Sendable {
    /// The shared space.
    public let space: SpaceId
    /// Which kind of invitation it was.
    public let kind: InvitationKind
    /// Six words that the inviter's phone shows too. Where they differ, somebody is in the middle.
    public let safetyWords: [String]
}

extension EntwineClient {
    /// Founds the shared space and one's own private one, and brings both to a relay.
    ///
    /// Where the relay refuses or does not answer, both stay, and calling this again goes on with them.
    ///
    /// - Parameters:
    ///   - relay: The relay's address, as a person types it.
    ///   - token: The registration token of that relay, where it wants one.
    /// - Returns: The new shared space.
    /// - Throws: ``EntwineError``, or `CancellationError`.
    @discardableResult
    public func create(relay: String, token: String? = nil) async throws -> SpaceId {
        SpaceId(rawValue: try await cancellable { try await ffi.create(relay: relay, token: token, cancellation: $0) })
    }

    /// Makes a link for the partner, for one use.
    ///
    /// - Throws: ``EntwineError``, or `CancellationError`.
    public func invitePartner() async throws -> Invitation {
        Invitation(try await cancellable { try await ffi.invitePartner(cancellation: $0) })
    }

    /// Makes a link for one's own next device, for one use. Whoever has it becomes its person.
    ///
    /// - Throws: ``EntwineError``, or `CancellationError`.
    public func inviteDevice() async throws -> Invitation {
        Invitation(try await cancellable { try await ffi.inviteDevice(cancellation: $0) })
    }

    /// The invitations of this person that nobody has taken up yet, as far as this device knows.
    public func invitations() async throws -> [OpenInvitation] {
        try await calling { try await ffi.invitations() }.map(OpenInvitation.init)
    }

    /// Ends an invitation.
    ///
    /// - Throws: ``EntwineError``, or `CancellationError`.
    public func revoke(_ invitation: InvitationId) async throws {
        try await cancellable { try await ffi.revoke(id: invitation.rawValue, cancellation: $0) }
    }

    /// Joins by a link of the expected kind. After a cut, calling it again with the same link goes on; so does a sync.
    ///
    /// - Parameters:
    ///   - link: The link, as it was handed over.
    ///   - expecting: Whom it should let in. An app asks before it takes a link for one's own device.
    ///   - bringingCopy: Whether what this device holds is copied into a space that the partner has founded anew.
    /// - Throws: ``EntwineError/askForLink(_:)`` where the link is used up or over, ``EntwineError/fixInput(_:)`` where it is
    ///   none or of the other kind; `CancellationError`.
    @discardableResult
    public func join(_ link: String, expecting: InvitationKind, bringingCopy: Bool = false) async throws -> Joined {
        Joined(
            try await cancellable {
                try await ffi.join(link: link, expect: expecting.ffi, bringCopy: bringingCopy, cancellation: $0)
            })
    }

    /// The six words that both people's phones show: the same on both, or somebody is in the middle.
    public func safetyWords() async throws -> [String] {
        try await calling { try await ffi.safetyWords() }
    }

    /// Whether the partner has joined, as far as this device knows.
    public func hasPartner() async throws -> Bool {
        try await calling { try await ffi.hasPartner() }
    }
}

extension InvitationKind {
    init(_ kind: EntwineFFI.InvitationKind) {
        switch kind {
        case .partner: self = .partner
        case .device: self = .device
        }
    }

    var ffi: EntwineFFI.InvitationKind {
        switch self {
        case .partner: .partner
        case .device: .device
        }
    }
}

extension Invitation {
    init(_ made: EntwineFFI.Invitation) {
        id = InvitationId(rawValue: made.id)
        link = made.link
        kind = InvitationKind(made.kind)
        expiresAt = made.expiresAt
    }
}

extension OpenInvitation {
    init(_ open: EntwineFFI.OpenInvitation) {
        id = InvitationId(rawValue: open.id)
        kind = InvitationKind(open.kind)
        expiresAt = open.expiresAt
    }
}

extension Joined {
    init(_ joined: EntwineFFI.Joined) {
        space = SpaceId(rawValue: joined.space)
        kind = InvitationKind(joined.kind)
        safetyWords = joined.safetyWords
    }
}
