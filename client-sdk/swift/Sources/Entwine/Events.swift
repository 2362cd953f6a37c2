internal import EntwineFFI

/// Something happened, here or elsewhere: something that is shown may be other than before.
public enum Event: Hashable, Sendable {
    /// Something of a practice is new, was changed, went into the trash or out of it; or what hangs on it is. Each practice
    /// reads its own: ``entry``, ``ritual``.
    case changed(Change)
    /// Somebody is called something else: whatever shows an author is other than before.
    case namesChanged
    /// More happened than is told one by one: look at everything anew, also at devices and at what was waited for.
    case missed
    /// Everything up to the mark has come so far.
    case reached(WrittenMark, Durability)
    /// The device stands elsewhere than before.
    case status(SyncStatus)
    /// A device came in: one's own, or the partner's.
    case deviceAdded(DeviceId, isOwn: Bool)
    /// A device was removed, or left: one's own, or the partner's.
    case deviceRemoved(DeviceId, isOwn: Bool)
    /// The last event: the device's own database failed. What was seen, in words for people.
    case failed(String)

    /// What changed, by its name and the name of its kind.
    public struct Change: Hashable, Sendable {
        /// Its kind: `entry`, `ritual`, …
        public let what: String
        /// Which.
        public let id: String
    }
}

extension Event {
    /// The thing of this kind that it is about.
    func about<Id: EntwineId>(_ what: String) -> Id? {
        if case .changed(let change) = self, change.what == what { Id(rawValue: change.id) } else { nil }
    }
}

extension EntwineClient {
    /// What happens from now on. The first event is the status.
    ///
    /// While anybody takes events, the client stays connected, and exchanges whenever there is something new on either side.
    /// It ends with the task that takes them, with the stream, and with the client; hold on to the client meanwhile. Each
    /// call gives a stream of its own, for one task.
    ///
    /// Whoever takes them too slowly is told ``Event/missed`` in place of what does not fit: nothing is lost in silence.
    ///
    /// - Throws: ``EntwineError/refreshState(_:)`` where the client is closed.
    public func events() throws -> AsyncStream<Event> {
        let waiting = WaitingEvents()
        let subscription = try calling { try ffi.subscribe(listener: Listener(waiting)) }
        // The stream holds the subscription, and lets go of it with its last event.
        return AsyncStream {
            defer { withExtendedLifetime(subscription) {} }
            return await waiting.next()
        } onCancel: {
            try? subscription.cancel()
            waiting.abandon()
        }
    }
}

/// Puts what Rust tells into what Swift takes; it never waits, so that nobody else who listens does.
private final class Listener: EventListener {
    private let waiting: WaitingEvents

    init(_ waiting: WaitingEvents) {
        self.waiting = waiting
    }

    func onEvent(event: EntwineFFI.Event) throws {
        switch event {
        case .ended(let isFailure, let detail): waiting.end(with: isFailure ? .failed(detail) : nil)
        default: if let event = Event(event) { waiting.put(event) }
        }
    }
}

extension Event {
    /// None for the end, which is no event.
    fileprivate init?(_ event: EntwineFFI.Event) {
        switch event {
        case .changed(let what, let id): self = .changed(Change(what: what, id: id))
        case .namesChanged: self = .namesChanged
        case .missed: self = .missed
        case .reached(let written, let durability):
            self = .reached(WrittenMark(rawValue: written), Durability(durability))
        case .status(let status): self = .status(SyncStatus(status))
        case .deviceAdded(let id, let own): self = .deviceAdded(DeviceId(rawValue: id), isOwn: own)
        case .deviceRemoved(let id, let own): self = .deviceRemoved(DeviceId(rawValue: id), isOwn: own)
        case .ended: return nil
        }
    }
}
