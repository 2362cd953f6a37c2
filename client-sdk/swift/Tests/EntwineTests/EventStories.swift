import Foundation
import XCTest

@testable import Entwine

/// What happens is told, for as long as somebody listens.
final class EventStories: XCTestCase {
    func testEventsArriveAndAConnectionThatWasLostComesBack() async throws {
        let couple = try await Couple()
        let events = try couple.noor.events()
        guard case .status = try await take(events, until: { _ in true }) else { return XCTFail("first comes the status") }
        let adas = try couple.ada.events()
        let entry = try await couple.ada.journal.write(NewEntry(text: "Look."))
        let mark = try await couple.ada.written()
        // Nobody syncs here: both listen, and so both are connected.
        _ = try await take(events) { $0.entry == entry }
        _ = try await take(adas) { if case .reached(_, .relay) = $0 { true } else { false } }
        let durability = try await couple.ada.reached(mark, .relay, deadline: guardTime)
        XCTAssertEqual(durability, .relay)
        let read = try await couple.noor.journal.read(entry)
        XCTAssertEqual(read.text, "Look.")

        couple.relay.stop()
        _ = try await take(events) { if case .status(let status) = $0 { status.reason == .offline } else { false } }
        let other = try await couple.ada.journal.write(NewEntry(text: "While it was away."))
        try couple.relay.start()
        _ = try await take(events) { $0.entry == other }
    }

    func testAClientThatIsSuspendedConnectsAgainWhenItIsResumed() async throws {
        let couple = try await Couple()
        let events = try couple.noor.events()
        _ = try await take(events) { if case .status(let status) = $0 { status.isInSync } else { false } }
        try couple.noor.suspend()
        let entry = try await writeAndBeHeard(in: couple, by: try await couple.phone("tablet"))
        let asleep = await failure { try await couple.noor.journal.read(entry) }
        XCTAssertEqual(asleep?.isFixInput, true, "\(asleep as Any)")
        try couple.noor.resume()
        _ = try await take(events) { $0.entry == entry }
    }

    func testAListenerEndsWithItsTask() async throws {
        let monitor = Switch()
        let couple = try await Couple()
        let noor = try await couple.phone("tablet", network: monitor)
        let events = try noor.events()
        let listening = Task { for await _ in events {} }
        try await monitor.isStarted.wait()
        listening.cancel()
        await listening.value
        // Rust stops the monitor once nobody listens any more.
        try await monitor.isStopped.wait()
    }

    func testAListenerEndsWithItsStream() async throws {
        let monitor = Switch()
        let world = try World()
        let ada = try await world.phone("ada", name: "Ada", network: monitor)
        do {
            let events = try ada.events()
            _ = try await take(events) { if case .status(let status) = $0 { status.reason == .noSpace } else { false } }
        }
        try await monitor.isStopped.wait()
    }

    func testAListenerEndsWithItsClient() async throws {
        let world = try World()
        let ada = try await world.phone("ada", name: "Ada")
        let events = try ada.events()
        _ = try await take(events) { if case .status = $0 { true } else { false } }
        try await ada.close()
        // It ends, and by no failure.
        try await within {
            for await event in events { if case .failed = event { XCTFail("\(event)") } }
        }
    }

    func testWithNoNetworkNothingIsTriedUntilThereIsOne() async throws {
        let monitor = Switch(isReachable: false)
        let couple = try await Couple()
        let noor = try await couple.phone("tablet", network: monitor)
        let events = try noor.events()
        try await monitor.isStarted.wait()
        let entry = try await writeAndBeHeard(in: couple, by: couple.noor)
        let away = await failure { try await noor.journal.read(entry) }
        XCTAssertEqual(away?.isFixInput, true, "\(away as Any)")
        monitor.turn(true)
        _ = try await take(events) { $0.entry == entry }
    }

    func testANetworkMonitorThatThrowsHarmsNothing() async throws {
        let couple = try await Couple()
        let noor = try await couple.phone("tablet", network: Broken())
        let events = try noor.events()
        let entry = try await couple.ada.journal.write(NewEntry(text: "All the same."))
        try await sync(couple.ada)
        _ = try await take(events) { $0.entry == entry }
        try await noor.close()
    }

    func testWhoTakesEventsTooSlowlyIsToldThatSomethingWasMissed() async throws {
        let waiting = WaitingEvents()
        let entry = { (number: Int) in Event.changed(Event.Change(what: "entry", id: "\(number)")) }
        for number in 0..<WaitingEvents.countMax { waiting.put(entry(number)) }
        waiting.put(entry(0))
        let oldest = try await within { await waiting.next() }
        XCTAssertEqual(oldest, entry(1), "what waits already is told once, in its last place")
        for number in 1...2 { waiting.put(entry(WaitingEvents.countMax + number)) }
        let instead = try await within { await waiting.next() }
        XCTAssertEqual(instead, .missed)
        waiting.put(entry(7))
        waiting.end(with: .failed("done"))
        waiting.put(entry(8))
        var rest: [Event] = []
        while let event = try await within(guardTime, { await waiting.next() }) { rest.append(event) }
        XCTAssertEqual(rest, [entry(7), .failed("done")], "from then on each is told again, and after the end none")
    }

    func testAStreamThatNobodyTakesFromHoldsUpNobodyElse() async throws {
        let couple = try await Couple()
        let slow = try couple.noor.events()
        let quick = try couple.noor.events()
        let entry = try await couple.ada.journal.write(NewEntry(text: "Hello?"))
        try await sync(couple.ada)
        _ = try await take(quick) { $0.entry == entry }
        _ = try await take(slow) { $0.entry == entry }
    }
}

/// Ada writes a few entries, and somebody hears of each: so would all others who are connected have. The first of them.
private func writeAndBeHeard(in couple: Couple, by other: EntwineClient) async throws -> EntryId {
    let events = try other.events()
    var written: [EntryId] = []
    for number in 1...4 {
        let entry = try await couple.ada.journal.write(NewEntry(text: "Number \(number)"))
        try await sync(couple.ada)
        _ = try await take(events) { $0.entry == entry }
        written.append(entry)
    }
    return written[0]
}

/// A network that is there or not, as the story says.
private final class Switch: NetworkMonitor, @unchecked Sendable {
    let isStarted = Bell()
    let isStopped = Bell()
    private let lock = NSLock()
    private var isReachable: Bool
    private var changed: (@Sendable (Bool) -> Void)?

    init(isReachable: Bool = true) {
        self.isReachable = isReachable
    }

    func start(telling changed: @escaping @Sendable (Bool) -> Void) throws {
        changed(lock.withLock { self.changed = changed; return isReachable })
        isStarted.ring()
    }

    func stop() throws {
        isStopped.ring()
    }

    func turn(_ isReachable: Bool) {
        let changed = lock.withLock { self.isReachable = isReachable; return self.changed }
        changed?(isReachable)
    }
}

private struct Broken: NetworkMonitor {
    func start(telling changed: @escaping @Sendable (Bool) -> Void) throws { throw Stuck(description: "no monitor") }
    func stop() throws { throw Stuck(description: "no monitor") }
}

/// Rings once, and is heard whenever somebody asks.
final class Bell: Sendable {
    private let rung: AsyncStream<Void>
    private let ringer: AsyncStream<Void>.Continuation

    init() {
        (rung, ringer) = AsyncStream.makeStream()
    }

    func ring() { ringer.finish() }

    func wait() async throws {
        let rung = rung
        try await within { for await _ in rung {} }
    }
}
