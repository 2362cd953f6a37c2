import Foundation
import XCTest

@testable import Entwine

/// Calls that fail or end early, and what is there afterwards.
final class CallStories: XCTestCase {
    func testACancelledCallEndsAtOnceLosesNothingAndTheNextOneWorks() async throws {
        let couple = try await Couple()
        let ada = couple.ada
        couple.relay.stop()
        let entry = try await ada.journal.write(NewEntry(text: "kept"))
        do {
            let silent = try SilentServer(at: couple.relay.address)
            let syncing = Task { try await ada.syncOnce(deadline: .seconds(3600)) }
            try await silent.waitForConnection()
            syncing.cancel()
            let ended = try await within { await syncing.result }
            XCTAssertThrowsError(try ended.get()) { XCTAssertTrue($0 is CancellationError, "\($0)") }
        }
        let kept = try await ada.journal.read(entry)
        XCTAssertEqual(kept.text, "kept")
        try couple.relay.start()
        try await couple.meet()
        let noors = try await couple.noor.journal.read(entry)
        XCTAssertEqual(noors.text, "kept")
    }

    func testEveryCallThatAsksARelayCanBeCancelledWhileItWaits() async throws {
        let couple = try await Couple()
        let (world, ada, noor) = (couple.world, couple.ada, couple.noor)
        let tablet = try await world.phone("tablet", name: "Ada")
        try await tablet.join(try await ada.inviteDevice().link, expecting: .device)
        try await sync(ada)
        let invitation = try await ada.inviteDevice()
        let (founding, joining, recovering) = (
            try await world.phone("founding", name: "Fay"), try await world.phone("joining", name: "Ada"),
            try await world.phone("recovering", name: "Ada")
        )
        let words = Array(repeating: "abandon", count: 23).joined(separator: " ") + " art"
        couple.relay.stop()
        let address = couple.relay.address
        let calls: [(String, @Sendable () async throws -> Void)] = [
            ("create", { try await founding.create(relay: "http://\(address)", token: "token") }),
            ("join", { try await joining.join(invitation.link, expecting: .device) }),
            ("recover", { try await recovering.recover(relay: "http://\(address)", words: words) }),
            ("syncOnce", { try await ada.syncOnce(deadline: .seconds(3600)) }),
            ("invitePartner", { _ = try await ada.invitePartner() }),
            ("inviteDevice", { _ = try await ada.inviteDevice() }),
            ("revoke", { try await ada.revoke(invitation.id) }),
            ("makePhrase", { _ = try await ada.makePhrase() }),
            ("removeDevice", { try await ada.removeDevice(try tablet.id) }),
            ("leave", { try await noor.leave() }),
            ("foundAnew", { try await ada.foundAnew() }),
        ]
        for (name, call) in calls {
            let silent = try SilentServer(at: address)
            let calling = Task { try await call() }
            do {
                try await silent.waitForConnection()
            } catch {
                return XCTFail("\(name): \(error), and the call: \(await calling.result)")
            }
            calling.cancel()
            let ended = try await within { await calling.result }
            XCTAssertThrowsError(try ended.get(), name) { XCTAssertTrue($0 is CancellationError, "\(name): \($0)") }
        }
        let mark = try await ada.written()
        let waiting = Task { try await ada.reached(mark, .partner, deadline: .seconds(3600)) }
        waiting.cancel()
        let ended = try await within { await waiting.result }
        XCTAssertThrowsError(try ended.get()) { XCTAssertTrue($0 is CancellationError, "\($0)") }
    }

    func testATaskThatIsCancelledAlreadyAsksNothing() async throws {
        let world = try World()
        let ada = try await world.phone("ada", name: "Ada")
        let calling = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await ada.syncOnce(deadline: .seconds(1))
        }
        let ended = await calling.result
        XCTAssertThrowsError(try ended.get()) { XCTAssertTrue($0 is CancellationError, "\($0)") }
    }

    func testADeadlineHoldsAgainstAServerThatNeverAnswers() async throws {
        let couple = try await Couple()
        couple.relay.stop()
        let silent = try SilentServer(at: couple.relay.address)
        let ada = couple.ada
        let status = try await within { try await ada.syncOnce(deadline: .milliseconds(300)) }
        XCTAssertEqual(status.reason, .offline)
        withExtendedLifetime(silent) {}
        XCTAssertEqual(Duration.seconds(-5).asDeadline, 0)
        XCTAssertEqual(Duration.seconds(Int64.max / 2).asDeadline, 365 * 24 * 3600)
        let past = try await ada.syncOnce(deadline: .seconds(-5))
        XCTAssertEqual(past.isInSync, false)
    }

    func testAClosedClientSaysSoToEveryCall() async throws {
        let couple = try await Couple()
        let (ada, journal, rituals) = (couple.ada, try couple.ada.journal, try couple.ada.rituals)
        try await ada.close()
        try await ada.close()
        let entry = EntryId(rawValue: "01JDHZ0000000000000000000")
        let calls: [() async throws -> Void] = [
            { _ = try ada.id },
            { _ = try ada.events() },
            { try ada.suspend() },
            { try ada.resume() },
            { _ = try await ada.status() },
            { _ = try await ada.syncOnce(deadline: .seconds(1)) },
            { _ = try await ada.invitePartner() },
            { _ = try await ada.devices() },
            { _ = try await ada.makePhrase() },
            { _ = try await ada.written() },
            { _ = try await journal.write(NewEntry(text: "too late")) },
            { _ = try await journal.list() },
            { _ = try await journal.read(entry) },
            { _ = try await rituals.list() },
        ]
        for (number, call) in calls.enumerated() {
            let error = await failure { try await call() }
            XCTAssertEqual(error?.isRefreshState, true, "call \(number): \(error as Any)")
        }
    }

    func testWhatIsNotTakenIsSaidAndNothingOfItIsKept() async throws {
        let couple = try await Couple()
        let journal = try couple.ada.journal
        for id in ["", "nothing", "01JDHZ0000000000000000000", String(repeating: "x", count: 100_000), "\u{0}"] {
            let unknown = await failure { try await journal.read(EntryId(rawValue: id)) }
            XCTAssertEqual(unknown?.isFixInput, true, "\(id.prefix(30)): \(unknown as Any)")
            let ritual = await failure { try await couple.ada.rituals.done(RitualId(rawValue: id)) }
            XCTAssertEqual(ritual?.isFixInput, true, "\(id.prefix(30)): \(ritual as Any)")
        }
        let long = String(repeating: "snow ", count: 2_000_000)
        let tooLong = await failure { try await journal.write(NewEntry(text: long)) }
        XCTAssertEqual(tooLong?.isFixInput, true, "\(tooLong as Any)")
        let entries = try await journal.list()
        XCTAssertEqual(entries, [])
        let entry = try await journal.write(NewEntry(title: "", text: "Grüße 👩‍❤️‍👩\u{0} ✓"))
        let read = try await journal.read(entry)
        XCTAssertEqual(read.text, "Grüße 👩‍❤️‍👩\u{0} ✓")
        let missing = await failure { try await journal.replace("not there", with: "x", in: entry) }
        XCTAssertEqual(missing?.isFixInput, true, "\(missing as Any)")
        let mark = await failure { try await couple.ada.durability(of: WrittenMark(rawValue: "x")) }
        XCTAssertEqual(mark?.isFixInput, true, "\(mark as Any)")
    }

    func testAProfileIsMadeOnlyWithAName() async throws {
        let world = try World()
        let none = await failure { try await EntwineClient.open(at: world.place("ada")) }
        XCTAssertEqual(none?.isRefreshState, true, "\(none as Any)")
        let empty = await failure { try await world.phone("ada", name: "  ") }
        XCTAssertEqual(empty?.isFixInput, true, "\(empty as Any)")
        let ada = try await world.phone("ada", name: "Ada")
        let again = try await world.phone("ada", name: "Somebody else")
        XCTAssertEqual(try again.personName, "Ada")
        XCTAssertEqual(try again.id, try ada.id)
    }

    func testAKeyStoreThatThrowsHarmsNothing() async throws {
        let world = try World()
        let store = Drawer()
        store.isLocked = true
        let locked = await failure { try await world.phone("ada", name: "Ada", keyStore: store) }
        XCTAssertEqual(locked?.isTryLater, true, "\(locked as Any)")
        XCTAssertEqual(locked?.message.contains("the drawer is locked"), true, "\(locked as Any)")
        store.isLocked = false
        let ada = try await world.phone("ada", name: "Ada", keyStore: store)
        let id = try ada.id
        try await ada.close()
        XCTAssertNotNil(store.secret)
        let files = try FileManager.default.contentsOfDirectory(atPath: world.place("ada").path)
        XCTAssertFalse(files.contains("keys"), "the keys are in no file: \(files)")

        store.isLocked = true
        let again = await failure { try await EntwineClient.open(at: world.place("ada"), keyStore: store) }
        XCTAssertEqual(again?.isTryLater, true, "\(again as Any)")
        store.isLocked = false
        let opened = try await EntwineClient.open(at: world.place("ada"), keyStore: store)
        XCTAssertEqual(try opened.id, id)
        try await opened.close()
        store.secret = nil
        let gone = await failure { try await EntwineClient.open(at: world.place("ada"), keyStore: store) }
        XCTAssertEqual(gone?.isRecover, true, "\(gone as Any)")
    }

    func testMonthsDaysAndTimesReadWhatTheyWrite() throws {
        XCTAssertEqual(Month("2026-11")?.description, "2026-11")
        XCTAssertEqual(Month(year: 26, month: 1)?.description, "0026-01")
        for text in ["2026-13", "2026-1", "2026", "+026-11", "2026-11-1", "２０２６-11"] { XCTAssertNil(Month(text), text) }
        XCTAssertEqual(Day("2026-11-25")?.description, "2026-11-25")
        for text in ["2026-11-32", "2026-11-00", "2026-11"] { XCTAssertNil(Day(text), text) }
        XCTAssertEqual(TimeOfDay("07:05")?.description, "07:05")
        for text in ["24:00", "7:05", "07:60"] { XCTAssertNil(TimeOfDay(text), text) }
        let written = LocalTime("2026-11-25T20:40:00+05:30")
        XCTAssertEqual(written.date.timeIntervalSince1970, 1_795_619_400)
        XCTAssertEqual(written.zone.secondsFromGMT(), 19_800)
        XCTAssertEqual(LocalTime("2026-11-25T20:40:00-03:00").zone.secondsFromGMT(), -10_800)
        XCTAssertEqual(LocalTime("long ago").date, .distantPast)
    }
}

/// A key store of the story's own.
private final class Drawer: KeyStore, @unchecked Sendable {
    private let lock = NSLock()
    private var state: (isLocked: Bool, secret: Data?) = (false, nil)

    var isLocked: Bool {
        get { lock.withLock { state.isLocked } }
        set { lock.withLock { state.isLocked = newValue } }
    }

    var secret: Data? {
        get { lock.withLock { state.secret } }
        set { lock.withLock { state.secret = newValue } }
    }

    func load() throws -> Data? {
        guard !isLocked else { throw Stuck(description: "the drawer is locked") }
        return secret
    }

    func create(_ secret: Data) throws {
        guard !isLocked else { throw Stuck(description: "the drawer is locked") }
        guard self.secret == nil else { throw Stuck(description: "there is something in it") }
        self.secret = secret
    }
}
