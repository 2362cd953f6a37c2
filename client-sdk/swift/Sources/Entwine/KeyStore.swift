import Foundation

internal import EntwineFFI

/// Keeps one secret of a profile: on this device only, in no backup, and readable in the background, so that a locked phone
/// can sync. Called on any thread, and may take its time.
///
/// Whatever it throws harms nothing: the call that needed it fails with ``EntwineError/tryLater(_:)``.
public protocol KeyStore: Sendable {
    /// The secret, if there is one.
    func load() throws -> Data?

    /// Keeps a secret where there is none yet. Returns only after it is durable; where there is one already, it throws.
    func create(_ secret: Data) throws
}

/// An app's key store as Rust asks it.
final class BridgedKeyStore: EntwineFFI.KeyStore {
    private let store: any KeyStore

    init(_ store: any KeyStore) {
        self.store = store
    }

    func load() throws -> Data? {
        do {
            return try store.load()
        } catch {
            throw KeyStoreFailure.Unavailable(reason: words(of: error))
        }
    }

    func create(secret: Data) throws {
        do {
            try store.create(secret)
        } catch {
            throw KeyStoreFailure.Unavailable(reason: words(of: error))
        }
    }
}

/// What an error says, as well as it can.
func words(of error: any Error) -> String {
    (error as? any LocalizedError)?.errorDescription ?? String(describing: error)
}
