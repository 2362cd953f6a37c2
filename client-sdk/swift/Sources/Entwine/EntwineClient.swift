import Foundation

internal import EntwineFFI

/// A device: a profile with its keys, its database and what the two of you wrote.
///
/// Everything that neither changes who belongs to the space nor exchanges works with no network in reach. When a call that
/// writes has returned, what it wrote is on the disk.
///
/// Any number of clients, also in several processes, may have the same profile open: an app and its extension, say.
public final class EntwineClient: Sendable {
    let ffi: EntwineFFI.EntwineClient

    private init(_ ffi: EntwineFFI.EntwineClient) {
        self.ffi = ffi
    }

    /// Opens a profile, or makes one where there is none and a name is given.
    ///
    /// - Parameters:
    ///   - folder: The folder of the profile. It is made where it is missing. On iOS it is set up so that a locked phone can
    ///     sync, and so that no backup contains it: see `ProfileFolder`.
    ///   - name: What the person is called; needed only where there is no profile yet.
    ///   - keyStore: Where the keys are kept. Without one: in the Keychain on Apple's systems, in a file of the folder elsewhere.
    ///   - network: Who knows whether there is a network. Without one: the system on Apple's systems, and elsewhere it is tried.
    ///   - certificateAuthorities: A file of certificate authorities, in PEM form, to believe beside those of the web: for a
    ///     relay at home with TLS.
    /// - Throws: ``EntwineError/refreshState(_:)`` where there is no profile and no name, ``EntwineError/tryLater(_:)`` where the
    ///   key store or the folder does not answer, ``EntwineError/recover(_:)`` where the keys are gone or the database is
    ///   damaged, ``EntwineError/fixInput(_:)`` where the name is empty or too long.
    public static func open(
        at folder: URL,
        name: String? = nil,
        keyStore: (any KeyStore)? = nil,
        network: (any NetworkMonitor)? = nil,
        certificateAuthorities: URL? = nil
    ) async throws -> EntwineClient {
        let platform = try Platform.prepare(folder)
        let config = ClientConfig(
            folder: folder.path,
            name: name,
            caFile: certificateAuthorities?.path,
            keyStore: (keyStore ?? platform.keyStore).map(BridgedKeyStore.init),
            network: (network ?? platform.network).map(BridgedNetworkMonitor.init)
        )
        return try await calling { EntwineClient(try await EntwineFFI.EntwineClient.open(config: config)) }
    }

    /// Closes the profile: streams of events end, and every further call fails with ``EntwineError/refreshState(_:)``.
    ///
    /// What was reported as done is durable with or without it. Closing twice does nothing.
    public func close() async throws {
        try await calling { try await ffi.closeProfile() }
    }

    /// This device's id.
    public var id: DeviceId {
        get throws { DeviceId(rawValue: try calling { try ffi.keyholder() }) }
    }

    /// What the person is called.
    public var personName: String {
        get throws { try calling { try ffi.personName() } }
    }

    /// The journal.
    public var journal: Journal {
        get throws { Journal(try calling { try ffi.journal() }) }
    }

    /// The rituals.
    public var rituals: Rituals {
        get throws { Rituals(try calling { try ffi.rituals() }) }
    }

    /// The gratitudes.
    public var gratitudes: Gratitudes {
        get throws { Gratitudes(try calling { try ffi.gratitudes() }) }
    }

    /// The responses to entries and check-ins.
    public var responses: Responses {
        get throws { Responses(try calling { try ffi.responses() }) }
    }

    /// The check-ins.
    public var checkIns: CheckIns {
        get throws { CheckIns(try calling { try ffi.checkIns() }) }
    }

    /// The notes.
    public var notes: Notes {
        get throws { Notes(try calling { try ffi.notes() }) }
    }

    /// Reaching out, and turning towards it.
    public var reachingOut: ReachingOut {
        get throws { ReachingOut(try calling { try ffi.reachingOut() }) }
    }

    /// The times without screens.
    public var screenFree: ScreenFree {
        get throws { ScreenFree(try calling { try ffi.screenFree() }) }
    }

    /// The questions to ask each other.
    public var questions: Questions {
        get throws { Questions(try calling { try ffi.questions() }) }
    }

    /// The vulnerability steps.
    public var vulnerability: Vulnerability {
        get throws { Vulnerability(try calling { try ffi.vulnerability() }) }
    }

    /// The A.R.E. looks.
    public var areLooks: AreLooks {
        get throws { AreLooks(try calling { try ffi.areLooks() }) }
    }

    /// The sealed answers.
    public var sealedAnswers: SealedAnswers {
        get throws { SealedAnswers(try calling { try ffi.sealedAnswers() }) }
    }

    /// Which practices the two use.
    public var practices: Practices {
        get throws { Practices(try calling { try ffi.practices() }) }
    }
}
