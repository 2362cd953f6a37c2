import Foundation

internal import EntwineFFI

/// What a response does. There is no like to count.
public enum ResponseKind: String, EntwineChoice {
    /// I hear you. Needs no words.
    case heard
    /// What I hear is …
    case reflect
    /// Something to ask.
    case question
    /// Thank you for telling me. Needs no words.
    case thanks
    /// It makes sense that you feel so.
    case validate
    /// What only a newer version knows.
    case later
}

/// A response to an entry or a check-in.
public struct Response: Hashable, Sendable, Identifiable {
    /// Names it.
    public let id: ResponseId
    /// Names the entry or the check-in.
    public let to: String
    /// What it does.
    public let kind: ResponseKind
    /// The words; may be empty.
    public let text: String
    /// The name of who wrote it.
    public let author: String
    /// When it was written.
    public let writtenAt: Date
    /// How far the writer's clock was from Greenwich's then.
    public let writersZone: TimeZone
    /// Whether only one's own devices have it, as with what it responds to.
    public let isPrivate: Bool
}

/// What was said to an entry or a check-in. There is no number of anything in it.
public struct ResponseList: Hashable, Sendable {
    /// How its writer wants to be heard: show it before anybody answers.
    public let wish: ListeningWish?
    /// In the order in which they were written.
    public let responses: [Response]
}

/// The responses: "I hear you", "what I hear is …", a question, thanks.
public struct Responses: Sendable {
    private let ffi: EntwineFFI.Responses

    init(_ ffi: EntwineFFI.Responses) {
        self.ffi = ffi
    }

    /// Responds to an entry or a check-in.
    ///
    /// - Throws: ``EntwineError/fixInput(_:)`` where it needs words and has none, or there is no such thing to respond to.
    @discardableResult
    public func add(_ kind: ResponseKind, to what: some RespondableId, text: String = "") async throws -> ResponseId {
        ResponseId(rawValue: try await calling { try await ffi.add(to: what.rawValue, kind: kind.rawValue, text: text) })
    }

    /// What was said to an entry or a check-in.
    public func list(to what: some RespondableId) async throws -> ResponseList {
        let list = try await calling { try await ffi.list(to: what.rawValue) }
        return ResponseList(
            wish: list.wish.map(ListeningWish.init(word:)), responses: list.responses.map(Response.init))
    }

    /// One of them, also where it lies in the trash.
    public func read(_ response: ResponseId) async throws -> Response {
        Response(try await calling { try await ffi.read(id: response.rawValue) })
    }

    /// Puts one's own into the trash.
    public func delete(_ response: ResponseId) async throws {
        try await calling { try await ffi.delete(id: response.rawValue) }
    }

    /// Takes one out of the trash.
    public func restore(_ response: ResponseId) async throws {
        try await calling { try await ffi.restore(id: response.rawValue) }
    }
}

extension Event {
    /// The response that is new, or went into the trash or out of it; none where it is about something else.
    public var response: ResponseId? { about("response") }
}

extension Response {
    init(_ response: EntwineFFI.Response) {
        let written = LocalTime(response.writtenAt)
        id = ResponseId(rawValue: response.id)
        to = response.to
        kind = ResponseKind(word: response.kind)
        text = response.text
        author = response.author
        writtenAt = written.date
        writersZone = written.zone
        isPrivate = response.private
    }
}
