import Entwine
import XCTest

/// Two people and their phones come together, and apart.
final class PairingStories: XCTestCase {
    func testWhoPairsSeesTheSameSixWordsOnBothPhones() async throws {
        let world = try World()
        let relay = try Relay(world)
        let ada = try await world.phone("ada", name: "Ada")
        let noor = try await world.phone("noor", name: "Noor")
        XCTAssertEqual(try ada.personName, "Ada")
        XCTAssertNotEqual(try ada.id, try noor.id)
        let before = await failure { try await ada.journal.write(NewEntry(text: "too early")) }
        XCTAssertEqual(before?.isRefreshState, true, "\(before as Any)")

        let space = try await ada.create(relay: relay.url, token: relay.token)
        let invitation = try await ada.invitePartner()
        XCTAssertEqual(invitation.kind, .partner)
        let hours = invitation.expiresAt.timeIntervalSinceNow / 3600
        XCTAssertTrue((47...49).contains(hours), "a partner has two days, and not \(hours) hours")
        let open = try await ada.invitations()
        XCTAssertEqual(open.map(\.id), [invitation.id])

        let wrong = await failure { try await noor.join(invitation.link, expecting: .device) }
        XCTAssertEqual(wrong?.isFixInput, true, "\(wrong as Any)")
        let joined = try await noor.join(invitation.link, expecting: .partner)
        XCTAssertEqual(joined.space, space)
        XCTAssertEqual(joined.safetyWords.count, 6)
        try await sync(ada)
        let (adas, noors) = (try await ada.safetyWords(), try await noor.safetyWords())
        XCTAssertEqual(adas, joined.safetyWords)
        XCTAssertEqual(noors, joined.safetyWords)
        let hasPartner = try await ada.hasPartner()
        XCTAssertTrue(hasPartner)

        let third = try await world.phone("third", name: "Third")
        let used = await failure { try await third.join(invitation.link, expecting: .partner) }
        XCTAssertEqual(used?.isAskForLink, true, "\(used as Any)")
        let none = await failure { try await third.join("entwine://nothing", expecting: .partner) }
        XCTAssertEqual(none?.isFixInput, true, "\(none as Any)")
    }

    func testAnInvitationThatIsEndedLetsNobodyIn() async throws {
        let couple = try await Couple()
        let invitation = try await couple.ada.inviteDevice()
        try await couple.ada.revoke(invitation.id)
        let tablet = try await couple.world.phone("tablet", name: "Ada")
        let ended = await failure { try await tablet.join(invitation.link, expecting: .device) }
        XCTAssertEqual(ended?.isAskForLink, true, "\(ended as Any)")
        let unknown = await failure { try await couple.ada.revoke(InvitationId(rawValue: "nothing")) }
        XCTAssertEqual(unknown?.isFixInput, true, "\(unknown as Any)")
    }

    func testAPhoneThatWasRemovedShowsWhatItHasAndWritesNothing() async throws {
        let couple = try await Couple()
        let tablet = try await couple.world.phone("tablet", name: "Ada")
        try await tablet.join(try await couple.ada.inviteDevice().link, expecting: .device)
        let entry = try await tablet.journal.write(NewEntry(title: "On the tablet", text: "read on"))
        try await sync(tablet)
        try await sync(couple.ada)
        let new = try await couple.ada.newKeyholders()
        XCTAssertEqual(new.map(\.id), [try tablet.id])
        let devices = try await couple.ada.devices()
        XCTAssertEqual(devices.filter { $0.isOwn && $0.kind == .device }.count, 2, "\(devices)")

        let events = try tablet.events()
        _ = try await take(events) { if case .status(let status) = $0 { status.isInSync } else { false } }
        try await couple.ada.removeDevice(try tablet.id)
        let told = try await take(events) { if case .status(let status) = $0 { status.reason == .removed } else { false } }
        guard case .status(let status) = told else { return XCTFail("\(told)") }
        XCTAssertNotNil(status.remedy)

        let refused = await failure { try await tablet.journal.write(NewEntry(text: "no more")) }
        XCTAssertEqual(refused?.isShowReadOnly, true, "\(refused as Any)")
        let read = try await tablet.journal.read(entry)
        XCTAssertEqual(read.text, "read on")
        let itself = await failure { try await couple.ada.removeDevice(try couple.ada.id) }
        XCTAssertEqual(itself?.isFixInput, true, "\(itself as Any)")
    }

    func testWhoLeavesReadsOnAndTheOtherFoundsAnew() async throws {
        let couple = try await Couple()
        let entry = try await couple.ada.journal.write(NewEntry(text: "what we had"))
        try await couple.meet()
        let left = try await couple.noor.leave()
        XCTAssertTrue(left.isTold)
        let refused = await failure { try await couple.noor.journal.append(" more", to: entry) }
        XCTAssertEqual(refused?.isShowReadOnly, true, "\(refused as Any)")
        let read = try await couple.noor.journal.read(entry)
        XCTAssertEqual(read.text, "what we had")

        let founded = try await couple.ada.foundAnew(token: couple.relay.token)
        XCTAssertEqual(founded.archived, left.space)
        let copy = try await couple.ada.journal.read(entry)
        XCTAssertEqual(copy.text, "what we had")
    }

    func testWhoLostEveryPhoneComesBackByTheWords() async throws {
        let couple = try await Couple()
        let shared = try await couple.ada.journal.write(NewEntry(text: "for both"))
        let own = try await couple.ada.journal.write(NewEntry(text: "for me", isPrivate: true))
        let coveredBefore = try await couple.ada.isCoveredByPhrase()
        XCTAssertFalse(coveredBefore)
        let words = try await couple.ada.makePhrase()
        XCTAssertEqual(words.count, 24)
        let again = try await couple.ada.makePhrase()
        XCTAssertEqual(again, words, "until it is confirmed, the same words are shown")
        try await couple.ada.confirmPhrase()
        let covered = try await couple.ada.isCoveredByPhrase()
        XCTAssertTrue(covered)
        try await sync(couple.ada)
        try await couple.ada.close()

        let next = try await couple.world.phone("next", name: "Ada")
        let mistyped = await failure { try await next.recover(relay: couple.relay.url, words: "snow snow snow") }
        XCTAssertEqual(mistyped?.isFixInput, true, "\(mistyped as Any)")
        let spaces = try await next.recover(relay: couple.relay.url, words: words.joined(separator: " "))
        XCTAssertEqual(spaces.count, 2)
        try await sync(next)
        let texts = [try await next.journal.read(shared).text, try await next.journal.read(own).text]
        XCTAssertEqual(texts, ["for both", "for me"])
    }
}
