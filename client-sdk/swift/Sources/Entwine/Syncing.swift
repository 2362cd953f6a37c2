import Foundation

internal import EntwineFFI

/// Why a device is not in sync.
public enum Reason: Sendable {
    /// There is no space yet.
    case noSpace
    /// Something was written since the last exchange, or there was none yet.
    case notSent
    /// The relay did not answer, or not with a message.
    case offline
    /// The relay said no.
    case refused
    /// The relay does not know the space and wants a registration token.
    case registrationNeeded
    /// This device was removed.
    case removed
    /// This device left.
    case left
    /// Something came that opens only with a key that is not here yet.
    case keyMissing
    /// The relay does not hold what it once had, and does not take it.
    case relayBehind
    /// The relay follows another branch of the membership chain.
    case chainsDiffer
    /// This device's disk is full.
    case diskFull
    /// The space uses what this version does not know.
    case appTooOld
    /// The space uses what this version does not do yet.
    case notSupportedYet
}

/// Where a device stands, over its shared and its private space.
public struct SyncStatus: Hashable, Sendable {
    /// The shared space, if there is one.
    public let space: SpaceId?
    /// The last exchange found everything on both sides, nothing was written since, everything is opened.
    public let isInSync: Bool
    /// Why not; none when in sync.
    public let reason: Reason?
    /// What to do about it, and what was seen, in words for people.
    public let remedy: String?
    /// How many changes and entries the relay was not seen to hold.
    public let waitingUp: UInt64
    /// How many entries the relay holds and this device does not.
    public let waitingDown: UInt64
    /// How many entries cannot be opened.
    public let setAside: UInt64
}

/// How far something written here has come. Each level is more than the one before it.
public enum Durability: Int, Comparable, Sendable {
    /// On this device, on its disk: so it is as soon as the call that wrote it has returned.
    case local
    /// On the relay, on its disk.
    case relay
    /// A device of the partner held it when it wrote something itself. This may never come: who only reads never says so.
    case partner

    public static func < (one: Durability, other: Durability) -> Bool { one.rawValue < other.rawValue }
}

/// Everything that was written on this device, in one space, by a moment. It may be kept as text, beyond a restart, but not
/// beside the profile: a profile that is restored from a backup knows nothing of it.
public struct WrittenMark: RawRepresentable, Hashable, Codable, Sendable {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
}

extension EntwineClient {
    /// One exchange of all spaces, at most until the deadline: for a background task, and for a button.
    ///
    /// What was durable by the deadline is kept, and the next exchange goes on from there. Whatever the relay does is told by
    /// the status, and throws nothing. While somebody takes ``events()``, exchanges happen by themselves.
    ///
    /// - Parameters:
    ///   - deadline: How long it may take. iOS gives a background refresh about thirty seconds.
    ///   - token: A registration token, needed only where the status says ``Reason/registrationNeeded``.
    /// - Throws: ``EntwineError`` for the device's own faults, or `CancellationError`.
    @discardableResult
    public func syncOnce(deadline: Duration, token: String? = nil) async throws -> SyncStatus {
        let status = try await cancellable {
            try await ffi.syncOnce(deadline: deadline.asDeadline, token: token, cancellation: $0)
        }
        return SyncStatus(status)
    }

    /// Where this device stands. Never contacts the relay.
    public func status() async throws -> SyncStatus {
        SyncStatus(try await calling { try await ffi.status() })
    }

    /// A mark for everything that was written on this device until now, in the shared or in one's own private space.
    public func written(inPrivate: Bool = false) async throws -> WrittenMark {
        WrittenMark(rawValue: try await calling { try await ffi.written(private: inPrivate) })
    }

    /// How far everything up to a mark has come. Never contacts the relay.
    public func durability(of written: WrittenMark) async throws -> Durability {
        Durability(try await calling { try await ffi.durability(written: written.rawValue) })
    }

    /// Waits until everything up to a mark has come so far, at most until the deadline. It exchanges nothing by itself.
    ///
    /// - Returns: How far it has come then.
    /// - Throws: ``EntwineError``, or `CancellationError`.
    public func reached(_ written: WrittenMark, _ wanted: Durability, deadline: Duration) async throws -> Durability {
        let reached = try await cancellable {
            try await ffi.reached(
                written: written.rawValue, wanted: wanted.ffi, deadline: deadline.asDeadline, cancellation: $0)
        }
        return Durability(reached)
    }

    /// Lets go of the connection until ``resume()``: the app goes into the background.
    public func suspend() throws {
        try calling { try ffi.suspend() }
    }

    /// Connects again at once, if anybody takes events. What happened meanwhile is told then.
    public func resume() throws {
        try calling { try ffi.resume() }
    }
}

extension Reason {
    init(_ reason: EntwineFFI.Reason) {
        switch reason {
        case .noSpace: self = .noSpace
        case .notSent: self = .notSent
        case .offline: self = .offline
        case .refused: self = .refused
        case .registrationNeeded: self = .registrationNeeded
        case .removed: self = .removed
        case .left: self = .left
        case .keyMissing: self = .keyMissing
        case .relayBehind: self = .relayBehind
        case .chainsDiffer: self = .chainsDiffer
        case .diskFull: self = .diskFull
        case .appTooOld: self = .appTooOld
        case .notSupportedYet: self = .notSupportedYet
        }
    }
}

extension SyncStatus {
    init(_ status: EntwineFFI.SyncStatus) {
        space = status.space.map(SpaceId.init(rawValue:))
        isInSync = status.inSync
        reason = status.reason.map(Reason.init)
        remedy = status.remedy
        waitingUp = status.waitingUp
        waitingDown = status.waitingDown
        setAside = status.setAside
    }
}

extension Durability {
    init(_ durability: EntwineFFI.Durability) {
        switch durability {
        case .local: self = .local
        case .relay: self = .relay
        case .partner: self = .partner
        }
    }

    var ffi: EntwineFFI.Durability {
        switch self {
        case .local: .local
        case .relay: .relay
        case .partner: .partner
        }
    }
}
