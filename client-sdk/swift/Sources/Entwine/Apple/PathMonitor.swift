#if canImport(Network)
    import Foundation
    import Network

    /// Tells whether there is a network, as the system sees it.
    public final class PathMonitor: NetworkMonitor, @unchecked Sendable {
        // Guarded by the lock. A path monitor that was cancelled does not start again: each start takes a new one.
        private let lock = NSLock()
        private var running: NWPathMonitor?

        /// One that does not run yet.
        public init() {}

        public func start(telling changed: @escaping @Sendable (_ isReachable: Bool) -> Void) throws {
            let monitor = NWPathMonitor()
            // Wherever a connection may come about, it is tried; a relay at home is reached with no way to the internet.
            monitor.pathUpdateHandler = { changed($0.status != .unsatisfied) }
            lock.withLock {
                running?.cancel()
                running = monitor
            }
            monitor.start(queue: DispatchQueue(label: "app.entwine.network"))
        }

        public func stop() throws {
            lock.withLock {
                running?.cancel()
                running = nil
            }
        }
    }
#endif
