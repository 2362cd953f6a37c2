import Foundation

internal import EntwineFFI

/// Where words were found.
public struct SearchHit: Hashable, Sendable {
    /// What it is, or belongs to: `entry`, `ritual`, …, as ``Event/Change`` calls it.
    public let what: String
    /// Names it.
    public let id: String
    /// When it was made.
    public let madeAt: Date
    /// Whether only one's own devices have it.
    public let isPrivate: Bool
    /// The words around what was found.
    public let excerpt: String
}

extension EntwineClient {
    /// Looks for words in everything that this device has, whatever their case and accents.
    ///
    /// All of them must stand in a thing; the newest comes first. One month after the other is opened for it, so cancel the task
    /// where the words change.
    ///
    /// - Throws: ``EntwineError/fixInput(_:)`` where there is no word.
    public func search(_ words: String) async throws -> [SearchHit] {
        try await cancellable { try await ffi.search(words: words, cancellation: $0) }.map(SearchHit.init)
    }
}

extension SearchHit {
    init(_ hit: EntwineFFI.SearchHit) {
        what = hit.what
        id = hit.id
        madeAt = LocalTime(hit.madeAt).date
        isPrivate = hit.private
        excerpt = hit.excerpt
    }
}
