internal import EntwineFFI

/// Knows whether there is a network: while there is none, nothing is tried, and nothing costs battery.
///
/// Whatever it throws harms nothing: the network counts as there then.
public protocol NetworkMonitor: Sendable {
    /// Begins to tell whether there is a network, the first time at once. Called when somebody begins to take a client's
    /// events. What is told after the client is gone harms nothing.
    func start(telling changed: @escaping @Sendable (_ isReachable: Bool) -> Void) throws

    /// Ends it: nobody takes events any more.
    func stop() throws
}

/// An app's network monitor as Rust asks it.
final class BridgedNetworkMonitor: EntwineFFI.NetworkMonitor {
    private let monitor: any NetworkMonitor

    init(_ monitor: any NetworkMonitor) {
        self.monitor = monitor
    }

    func start(observer: NetworkObserver) throws {
        do {
            try monitor.start { try? observer.changed(isReachable: $0) }
        } catch {
            throw MonitorFailure.Unavailable(reason: words(of: error))
        }
    }

    func stop() throws {
        do {
            try monitor.stop()
        } catch {
            throw MonitorFailure.Unavailable(reason: words(of: error))
        }
    }
}
