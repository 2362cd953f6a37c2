import Entwine
import XCTest

/// Both write, with a relay in reach or without, and nothing is lost.
final class WritingStories: XCTestCase {
    func testWordsThatBothWroteWithNoRelayInReachMeetAgain() async throws {
        let couple = try await Couple()
        let (ada, noor) = (couple.ada, couple.noor)
        let entry = try await ada.journal.write(
            NewEntry(title: "First snow", text: "We walked to the lake.", tags: ["winter", "lake"]))
        let ritual = try await ada.rituals.add(
            NewRitual(name: "Evening gratitude", every: .daily, at: TimeOfDay(hour: 21, minute: 0)))
        try await couple.meet()

        couple.relay.stop()
        try await ada.journal.append(" I kept thinking of it.", to: entry)
        try await noor.journal.replace("the lake", with: "the frozen lake", in: entry)
        try await ada.rituals.change(ritual, RitualChanges(at: TimeOfDay("20:30")))
        try await noor.rituals.change(ritual, RitualChanges(at: TimeOfDay("21:30")))
        let mark = try await noor.written()
        let away = try await noor.syncOnce(deadline: guardTime)
        XCTAssertEqual(away.reason, .offline)
        XCTAssertGreaterThan(away.waitingUp, 0)
        let local = try await noor.durability(of: mark)
        XCTAssertEqual(local, .local)

        try couple.relay.start()
        try await couple.meet()
        try await sync(noor)
        let (adas, noors) = (try await ada.journal.read(entry), try await noor.journal.read(entry))
        XCTAssertEqual(adas, noors)
        XCTAssertEqual(adas.text, "We walked to the frozen lake. I kept thinking of it.")
        XCTAssertEqual(adas.tags, ["lake", "winter"])
        XCTAssertEqual(adas.author, "Ada")
        XCTAssertLessThan(abs(adas.writtenAt.timeIntervalSinceNow), 3600, "\(adas.writtenAt)")
        let (adasRituals, noorsRituals) = (try await ada.rituals.list(), try await noor.rituals.list())
        XCTAssertEqual(adasRituals, noorsRituals)
        let shown = try XCTUnwrap(adasRituals.first)
        XCTAssertEqual(
            Set([shown.at?.description].compactMap { $0 } + (shown.alternatives["at"] ?? [])), ["20:30", "21:30"],
            "one stands, and the other is readable beside it")
        // What reached the partner is known once the partner wrote after it.
        try await ada.journal.append(" So did I.", to: entry)
        try await couple.meet()
        try await sync(noor)
        let reached = try await noor.reached(mark, .partner, deadline: guardTime)
        XCTAssertEqual(reached, .partner)
    }

    func testAPhoneInATerminalAndOneOfThisLanguageReadEachOther() async throws {
        let couple = try await Couple()
        let laptop = try TerminalPhone(couple.world, "laptop", name: "Noor")
        try laptop.run("join", try await couple.noor.inviteDevice().link, "--expect", "device")
        let written = try laptop.run("write", "--title", "From a terminal", "--text", "Ada, look outside.")
        let id = EntryId(rawValue: try XCTUnwrap(written["id"] as? String))
        let own = try laptop.run("write", "--title", "Mine", "--text", "alone", "--private")
        let ownId = EntryId(rawValue: try XCTUnwrap(own["id"] as? String))
        try laptop.run("sync")
        try await couple.meet()

        let read = try await couple.ada.journal.read(id)
        XCTAssertEqual([read.title, read.text, read.author], ["From a terminal", "Ada, look outside.", "Noor"])
        let noors = try await couple.noor.journal.read(ownId)
        XCTAssertTrue(noors.isPrivate)
        let adas = await failure { try await couple.ada.journal.read(ownId) }
        XCTAssertEqual(adas?.isFixInput, true, "what is private never comes to the partner: \(adas as Any)")

        try await couple.ada.journal.append(" I do.", to: id)
        try await couple.meet()
        try laptop.run("sync")
        XCTAssertEqual(try laptop.run("read", id.rawValue)["text"] as? String, "Ada, look outside. I do.")
    }

    func testTheJournalListsByMonthAndKeepsWhatWasThrownAway() async throws {
        let couple = try await Couple()
        let journal = try couple.ada.journal
        let first = try await journal.write(NewEntry(title: "One", text: "first"))
        let second = try await journal.write(NewEntry(title: "Two", text: "second", isPrivate: true))
        let months = try await journal.months()
        XCTAssertEqual(months.count, 1)
        let listed = try await journal.list(months[0])
        XCTAssertEqual(listed.map(\.id), [second, first])
        XCTAssertEqual(listed.map(\.isPrivate), [true, false])
        XCTAssertEqual(months[0], Month(of: listed[0].writtenAt, in: listed[0].writersZone))
        let other = try await journal.list(Month(year: 1999, month: 1))
        XCTAssertEqual(other, [])

        try await journal.delete(first)
        let (trash, left) = (try await journal.trash(), try await journal.list())
        XCTAssertEqual(trash.map(\.id), [first])
        XCTAssertEqual(left.map(\.id), [second])
        let thrown = try await journal.read(first)
        XCTAssertTrue(thrown.isInTrash)
        try await journal.restore(first)
        let back = try await journal.list()
        XCTAssertEqual(back.count, 2)
    }

    func testWhatAnEditorSavesJoinsWhatCameMeanwhile() async throws {
        let couple = try await Couple()
        let entry = try await couple.ada.journal.write(NewEntry(text: "One two three."))
        try await couple.meet()
        let opened = try await couple.noor.journal.openEditor(entry)
        XCTAssertEqual(opened.text, "One two three.")
        try await couple.ada.journal.append(" Four.", to: entry)
        try await couple.meet()
        try await opened.save("One and two three.")
        let text = try await couple.noor.journal.read(entry).text
        XCTAssertEqual(text, "One and two three. Four.")
    }

    func testARitualThatBothDidIsOneOccurrence() async throws {
        let couple = try await Couple()
        let ritual = try await couple.ada.rituals.add(NewRitual(name: "Walk", every: .weekly(on: .friday, .sunday)))
        try await couple.meet()
        let one = try await couple.ada.rituals.done(ritual, note: "in the rain")
        let other = try await couple.noor.rituals.done(ritual)
        try await couple.meet()
        let shown = try await couple.ada.rituals.list()
        XCTAssertEqual(shown[0].every, Recurrence(rawValue: "FREQ=WEEKLY;BYDAY=FR,SU"))
        XCTAssertEqual(shown[0].done.map { Set($0.records.map(\.by)) }, [["Ada", "Noor"]])
        XCTAssertNotNil(shown[0].done[0].day)
        XCTAssertEqual(one.rawValue.isEmpty, other.rawValue.isEmpty)
        let rule = await failure { try await couple.ada.rituals.add(NewRitual(name: "x", every: Recurrence(rawValue: "now"))) }
        XCTAssertEqual(rule?.isFixInput, true, "\(rule as Any)")
    }

    func testTwoClientsOfOneProfileSeeWhatTheOtherWrites() async throws {
        let couple = try await Couple()
        let second = try await EntwineClient.open(at: couple.world.place("ada"))
        XCTAssertEqual(try second.id, try couple.ada.id)
        let events = try second.events()
        _ = try await take(events) { if case .status = $0 { true } else { false } }
        let entry = try await couple.ada.journal.write(NewEntry(text: "from the app"))
        _ = try await take(events) { $0.entry == entry }
        try await second.journal.append(", and from its extension", to: entry)
        let text = try await couple.ada.journal.read(entry).text
        XCTAssertEqual(text, "from the app, and from its extension")
        try await second.close()
        try await couple.ada.journal.append(".", to: entry)
    }
}
