import Foundation

/// Events that were told and not taken yet: few, and none is lost in silence.
final class WaitingEvents: @unchecked Sendable {
    /// As many wait to be taken one by one: more than a screen shows.
    static let countMax = 256

    // All of it is guarded by the lock.
    private let lock = NSLock()
    private var events: [Event] = []
    private var readers: [CheckedContinuation<Event?, Never>] = []
    private var isLast = false

    /// Keeps an event until it is taken. An equal one that waits already, or an older status, gives way to it.
    func put(_ event: Event) {
        let reader = lock.withLock { () -> CheckedContinuation<Event?, Never>? in
            guard !isLast else { return nil }
            if !readers.isEmpty { return readers.removeFirst() }
            events.removeAll { $0 == event || ($0.isStatus && event.isStatus) }
            events.append(event)
            if events.count > Self.countMax { makeRoom() }
            return nil
        }
        reader?.resume(returning: event)
    }

    /// The next event. Waits for it; none when there will be no further one.
    func next() async -> Event? {
        await withCheckedContinuation { reader in
            let taken = lock.withLock { () -> Event?? in
                if !events.isEmpty { return events.removeFirst() }
                if isLast { return .some(nil) }
                readers.append(reader)
                return nil
            }
            if let taken { reader.resume(returning: taken) }
        }
    }

    /// There is no further event, but this.
    func end(with last: Event?) {
        if let last { put(last) }
        lock.withLock { isLast = true }
        wakeReaders()
    }

    /// Nobody takes events any more.
    func abandon() {
        lock.withLock {
            isLast = true
            events.removeAll()
        }
        wakeReaders()
    }

    private func wakeReaders() {
        let woken = lock.withLock {
            defer { readers.removeAll() }
            return readers
        }
        for reader in woken { reader.resume(returning: nil) }
    }

    /// Whoever is told that something was missed looks at everything anew; only where the device stands is told all the same.
    private func makeRoom() {
        events = [.missed] + events.filter { $0.isStatus || $0.isFailure }
    }
}

extension Event {
    fileprivate var isStatus: Bool {
        if case .status = self { true } else { false }
    }

    fileprivate var isFailure: Bool {
        if case .failed = self { true } else { false }
    }
}
