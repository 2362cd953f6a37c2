internal import EntwineFFI

extension EntwineClient {
    /// Makes a recovery phrase: 24 words, to be shown this once and written down.
    ///
    /// It counts once it is confirmed; until then an older one stays good, and calling this again shows the same words.
    ///
    /// - Throws: ``EntwineError``, or `CancellationError`.
    public func makePhrase() async throws -> [String] {
        try await cancellable { try await ffi.makePhrase(cancellation: $0) }
    }

    /// Says that the words were written down: older phrases end. An app asks for a few of the words first.
    ///
    /// - Throws: ``EntwineError``, or `CancellationError`.
    public func confirmPhrase() async throws {
        try await cancellable { try await ffi.confirmPhrase(cancellation: $0) }
    }

    /// Whether a phrase would bring everything back.
    public func isCoveredByPhrase() async throws -> Bool {
        try await calling { try await ffi.isCoveredByPhrase() }
    }

    /// Comes back by the words of a phrase, into a profile that has no space yet.
    ///
    /// - Parameters:
    ///   - relay: The relay's address, as a person types it.
    ///   - words: The 24 words, with blanks between them.
    /// - Returns: The spaces that came back.
    /// - Throws: ``EntwineError``, or `CancellationError`.
    @discardableResult
    public func recover(relay: String, words: String) async throws -> [SpaceId] {
        try await cancellable { try await ffi.recover(relay: relay, words: words, cancellation: $0) }
            .map(SpaceId.init(rawValue:))
    }
}
