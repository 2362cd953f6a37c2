import Foundation

internal import EntwineFFI

/// The A.R.E. looks: can I reach you, can I rely on your answer, do I know you stay close.
///
/// Each is a round of sealed answers, once a week at most. A week is written as `2026-W48`, and none is this one.
public struct AreLooks: Sendable {
    private let ffi: EntwineFFI.AreLooks

    init(_ ffi: EntwineFFI.AreLooks) {
        self.ffi = ffi
    }

    /// The look of a week, in the words of a locale.
    public func read(_ week: String? = nil, for locale: Locale = .current) async throws -> SealedRound {
        let locale = locale.identifier(.bcp47)
        return SealedRound(try await calling { try await ffi.read(week: week, locale: locale) })
    }

    /// Answers the three questions of a week; an empty text passes one over.
    @discardableResult
    public func answer(_ texts: String..., week: String? = nil) async throws -> RoundId {
        RoundId(rawValue: try await calling { try await ffi.answer(week: week, texts: texts) })
    }

    /// The looks that this person has answered or passed over, the latest first.
    public func list(for locale: Locale = .current) async throws -> [SealedRound] {
        let locale = locale.identifier(.bcp47)
        return try await calling { try await ffi.list(locale: locale) }.map(SealedRound.init)
    }
}
