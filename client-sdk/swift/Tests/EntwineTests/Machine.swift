import Entwine
import Foundation
import XCTest

#if canImport(Glibc)
    import Glibc
#endif

// What the stories stand on: the real relay, phones of this language, and a phone in a terminal.

/// Far more than anything here needs: whatever runs into it hangs.
let guardTime: Duration = .seconds(60)

/// That a story came to a point where it cannot go on.
struct Stuck: Error, CustomStringConvertible {
    let description: String
}

/// Where the programs lie, which Cargo made.
func program(_ name: String) throws -> URL {
    guard let folder = ProcessInfo.processInfo.environment["STORY_PROGRAMS"] else {
        throw Stuck(description: "STORY_PROGRAMS says where entwine and entwine-relay lie: test-on-linux.sh sets it")
    }
    return URL(fileURLWithPath: folder).appendingPathComponent(name)
}

/// Starts a program that heeds signals. On Linux it takes over the signals that its starter's thread keeps away, and a thread
/// of tasks keeps nearly all away.
private func begin(_ process: Process) throws {
    var none = sigset_t()
    var kept = sigset_t()
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, &kept)
    defer { pthread_sigmask(SIG_SETMASK, &kept, nil) }
    try process.run()
}

/// A folder of one story, gone with it.
final class World: Sendable {
    let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("entwine-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: folder)
    }

    func place(_ name: String) -> URL { folder.appendingPathComponent(name) }

    /// A phone of this language, with a profile of its own.
    func phone(
        _ folder: String, name: String, keyStore: (any KeyStore)? = nil, network: (any NetworkMonitor)? = nil
    ) async throws -> EntwineClient {
        try await EntwineClient.open(at: place(folder), name: name, keyStore: keyStore, network: network)
    }
}

/// The real relay, on a loopback address of its own, so that it can have the same port again.
final class Relay {
    private let data: URL
    private var process: Process?
    private(set) var address: String
    private(set) var token = ""

    init(_ world: World) throws {
        data = world.place("relay")
        address = loopbackAddress() + ":0"
        try start()
    }

    deinit {
        process?.terminate()
    }

    var url: String { "http://\(address)" }

    /// Starts it, also once more, and waits until it listens.
    func start() throws {
        let relay = Process()
        relay.executableURL = try program("entwine-relay")
        relay.arguments = ["serve", "--data", data.path, "--listen", address]
        let output = Pipe()
        relay.standardOutput = output
        relay.standardError = FileHandle.nullDevice
        try begin(relay)
        process = relay
        var told = ""
        while !told.contains("\nlistening on http://") || !told.hasSuffix("\n") {
            let bytes = output.fileHandleForReading.availableData
            guard !bytes.isEmpty else { throw Stuck(description: "the relay ended:\n\(told)") }
            told += "\n" + String(decoding: bytes, as: UTF8.self)
        }
        // It never waits for somebody to read on.
        output.fileHandleForReading.readabilityHandler = { if $0.availableData.isEmpty { $0.readabilityHandler = nil } }
        for line in told.split(separator: "\n") {
            if let token = line.after("registration token: ") { self.token = token }
            if let address = line.after("listening on http://") { self.address = address }
        }
    }

    /// Asks it to stop, and waits until it has.
    func stop() {
        process?.terminate()
        process?.waitUntilExit()
        process = nil
    }
}

/// The same network, and a server that takes every connection and never answers.
final class SilentServer {
    private let socket: Int32

    init(at address: String) throws {
        let parts = address.split(separator: ":")
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = in_port_t(UInt16(parts[1]) ?? 0).bigEndian
        name.sin_addr.s_addr = inet_addr(String(parts[0]))
        #if canImport(Glibc)
            socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            socket = Darwin.socket(AF_INET, SOCK_STREAM, 0)
        #endif
        var yes: Int32 = 1
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        let bound = withUnsafePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        // The system greets whoever connects; nobody ever reads.
        guard bound == 0, listen(socket, 64) == 0 else { throw Stuck(description: "no server at \(address): \(errno)") }
    }

    /// Waits until somebody has connected.
    func waitForConnection() async throws {
        let socket = socket
        let taken = try await within {
            await withCheckedContinuation { done in
                Thread.detachNewThread { done.resume(returning: accept(socket, nil, nil)) }
            }
        }
        guard taken >= 0 else { throw Stuck(description: "nobody connected: \(errno)") }
    }

    deinit {
        close(socket)
    }
}

/// A phone in a terminal: the Rust SDK by its command line.
struct TerminalPhone {
    let profile: URL

    init(_ world: World, _ folder: String, name: String) throws {
        profile = world.place(folder)
        try run("init", "--name", name)
    }

    /// Runs a command: its answer.
    @discardableResult
    func run(_ arguments: String...) throws -> [String: Any] {
        let phone = Process()
        phone.executableURL = try program("entwine")
        phone.arguments = ["--profile", profile.path, "--json"] + arguments
        let (output, complaints) = (Pipe(), Pipe())
        phone.standardOutput = output
        phone.standardError = complaints
        phone.standardInput = FileHandle.nullDevice
        try begin(phone)
        let answer = output.fileHandleForReading.readDataToEndOfFile()
        let complaint = complaints.fileHandleForReading.readDataToEndOfFile()
        phone.waitUntilExit()
        guard phone.terminationStatus == 0 else {
            throw Stuck(description: "\(arguments): \(String(decoding: complaint, as: UTF8.self))")
        }
        return try JSONSerialization.jsonObject(with: answer) as? [String: Any] ?? [:]
    }
}

/// A couple that has paired: Ada founded the space, and Noor joined.
struct Couple {
    let world: World
    let relay: Relay
    let ada: EntwineClient
    let noor: EntwineClient

    init() async throws {
        world = try World()
        relay = try Relay(world)
        ada = try await world.phone("ada", name: "Ada")
        noor = try await world.phone("noor", name: "Noor")
        try await ada.create(relay: relay.url, token: relay.token)
        try await noor.join(try await ada.invitePartner().link, expecting: .partner)
        try await sync(ada)
    }

    /// Another phone of Noor's.
    func phone(_ folder: String, network: (any NetworkMonitor)? = nil) async throws -> EntwineClient {
        let phone = try await world.phone(folder, name: "Noor", network: network)
        try await phone.join(try await noor.inviteDevice().link, expecting: .device)
        return phone
    }

    /// Both exchange until both hold the same.
    func meet() async throws {
        for phone in [ada, noor, ada] { try await sync(phone) }
    }
}

/// An exchange that must come to its end.
func sync(_ phone: EntwineClient) async throws {
    let status = try await phone.syncOnce(deadline: guardTime)
    XCTAssertTrue(status.isInSync, "\(status)")
}

/// Waits for something, at most for the guard's time. Whatever does not come is left behind: it may not heed its cancellation.
func within<T: Sendable>(
    _ time: Duration = guardTime, _ what: @escaping @Sendable () async throws -> T
) async throws -> T {
    let (answers, answer) = AsyncStream<Result<T, any Error>>.makeStream()
    let working = Task {
        do {
            answer.yield(.success(try await what()))
        } catch {
            answer.yield(.failure(error))
        }
    }
    let guarding = Task {
        try await Task.sleep(for: time)
        answer.yield(.failure(Stuck(description: "nothing came within \(time)")))
    }
    defer {
        working.cancel()
        guarding.cancel()
    }
    for await first in answers { return try first.get() }
    throw CancellationError()
}

/// Takes events until one fits.
func take(
    _ events: AsyncStream<Event>, until fits: @escaping @Sendable (Event) -> Bool
) async throws -> Event {
    try await within {
        // One step at a time: the stream goes on where this one stops.
        var steps = events.makeAsyncIterator()
        while let event = await steps.next() {
            if fits(event) { return event }
        }
        throw Stuck(description: "the events ended")
    }
}

/// That a call fails, and by which error.
func failure<T>(_ call: () async throws -> T, file: StaticString = #filePath, line: UInt = #line) async -> EntwineError? {
    do {
        let value = try await call()
        XCTFail("this did not fail: \(value)", file: file, line: line)
        return nil
    } catch {
        guard let error = error as? EntwineError else {
            XCTFail("not an EntwineError: \(error)", file: file, line: line)
            return nil
        }
        XCTAssertFalse(error.message.isEmpty, file: file, line: line)
        return error
    }
}

extension EntwineError {
    var isTryLater: Bool { if case .tryLater = self { true } else { false } }
    var isFixInput: Bool { if case .fixInput = self { true } else { false } }
    var isAskForLink: Bool { if case .askForLink = self { true } else { false } }
    var isRefreshState: Bool { if case .refreshState = self { true } else { false } }
    var isShowReadOnly: Bool { if case .showReadOnly = self { true } else { false } }
    var isRecover: Bool { if case .recover = self { true } else { false } }
}

extension Substring {
    fileprivate func after(_ prefix: String) -> String? {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
    }
}

private func loopbackAddress() -> String {
    #if os(Linux)
        "127.\(UInt8.random(in: 64...127)).\(UInt8.random(in: 1...254)).\(UInt8.random(in: 1...254))"
    #else
        "127.0.0.1"
    #endif
}
