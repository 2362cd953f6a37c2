import Foundation

internal import EntwineFFI

// How does a call get into Rust, and how does it end? Every call of this module goes through one of these three.

/// A call that does not wait.
func calling<T>(_ call: () throws -> T) throws -> T {
    do {
        return try call()
    } catch {
        throw EntwineError(error)
    }
}

/// A call that asks the device alone: it is over soon, and runs to its end.
func calling<T: Sendable>(_ call: () async throws -> T) async throws -> T {
    do {
        return try await call()
    } catch {
        throw EntwineError(error)
    }
}

/// A call that may wait for a network: cancelling the task ends it, in Rust too.
func cancellable<T: Sendable>(_ call: (Cancellation) async throws -> T) async throws -> T {
    try Task.checkCancellation()
    let cancellation = try calling { try Cancellation() }
    do {
        return try await withTaskCancellationHandler {
            try await call(cancellation)
        } onCancel: {
            try? cancellation.cancel()
        }
    } catch EntwineFFI.EntwineError.TryLater where Task.isCancelled {
        throw CancellationError()
    } catch {
        throw EntwineError(error)
    }
}

extension Duration {
    /// As Rust takes it: neither negative nor longer than a year.
    var asDeadline: TimeInterval {
        let (seconds, attoseconds) = components
        return min(max(Double(seconds) + Double(attoseconds) * 1e-18, 0), 365 * 24 * 3600)
    }
}
