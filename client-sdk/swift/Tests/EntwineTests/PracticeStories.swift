import Entwine
import Foundation
import XCTest

/// What both do apart in one practice after the other, each on a phone of their own, they read the same when they meet.
final class PracticeStories: XCTestCase {
    func testBothCheckInApartAndEachSaysThatTheOtherWasHeard() async throws {
        let couple = try await Couple()
        let (ada, noor) = (couple.ada, couple.noor)
        let words = CheckInWords(mood: "light", energy: .low, feelings: ["tired", "calm"], wish: .askMe)
        let adas = try await ada.checkIns.add(words)
        let noors = try await noor.checkIns.add(CheckInWords(talk: .open, line: "Rain all day.", part: .evening))
        let mine = try await noor.checkIns.add(CheckInWords(mood: "stormy"), isPrivate: true)
        let entry = try await ada.journal.write(NewEntry(text: "I miss the sea."))
        try await couple.meet()
        try await ada.responses.add(.heard, to: noors)
        try await noor.responses.add(.reflect, to: adas, text: "You are tired, and at peace.")
        try await noor.responses.add(.question, to: entry, text: "Which sea?")
        try await couple.meet()
        for phone in [ada, noor] {
            let toAda = try await phone.responses.list(to: adas)
            XCTAssertEqual(toAda.wish, .askMe)
            XCTAssertEqual(toAda.responses.map(\.text), ["You are tired, and at peace."])
            let toNoor = try await phone.responses.list(to: noors)
            XCTAssertEqual(toNoor.responses.map(\.author), ["Ada"])
            let toEntry = try await phone.responses.list(to: entry)
            XCTAssertEqual(toEntry.responses.map(\.kind), [.question])
        }
        let listed = try await ada.checkIns.list()
        XCTAssertEqual(Set(listed.map(\.id)), [adas, noors])
        let own = try await noor.checkIns.read(mine)
        XCTAssertTrue(own.isPrivate)
        let read = try await noor.checkIns.read(adas)
        XCTAssertEqual([read.mood] + read.feelings, ["light", "calm", "tired"])
        XCTAssertEqual(read.energy, .low)
        XCTAssertEqual(read.part, .any)
        try await ada.checkIns.change(adas, CheckInWords(need: "Sleep."), takingBack: [.wish])
        let changed = try await ada.checkIns.read(adas)
        XCTAssertEqual([changed.need, changed.wish?.rawValue, changed.energy?.rawValue], ["Sleep.", nil, "low"])
        let theirs = await failure { try await noor.checkIns.change(adas, words) }
        XCTAssertEqual(theirs?.isRefreshState, true, "\(theirs as Any)")
        let nothing = await failure { try await ada.checkIns.add(CheckInWords()) }
        XCTAssertEqual(nothing?.isFixInput, true, "\(nothing as Any)")
        let wordless = await failure { try await ada.responses.add(.reflect, to: noors) }
        XCTAssertEqual(wordless?.isFixInput, true, "\(wordless as Any)")
    }

    func testANoteComesWhenItIsForAndWhatWaitsIsSeenByItsWriterAlone() async throws {
        let couple = try await Couple()
        let (adas, noors) = (try couple.ada.notes, try couple.noor.notes)
        let now = try await adas.add("Thinking of your hands.")
        let hour = WallTime(of: Date(timeIntervalSinceNow: 3 * 24 * 3600))
        let later = try await adas.add("Good morning.", at: hour)
        let greeting = try await noors.add("There you are.", whenOnline: true)
        try await couple.meet()
        let (written, seen) = (try await adas.list(), try await noors.list())
        XCTAssertEqual(Set(written.map(\.id)), [now, later, greeting])
        XCTAssertEqual(Set(seen.map(\.id)), [now, greeting])
        let shown = try await adas.read(later)
        XCTAssertEqual(shown.time, .hour)
        XCTAssertEqual(shown.at, hour)
        let (mine, theirs) = (try await adas.nextHour(), try await noors.nextHour())
        XCTAssertNil(mine)
        XCTAssertEqual(theirs, hour)
        try await adas.withdraw(later)
        let withdrawn = try await adas.read(later)
        XCTAssertTrue(withdrawn.isWithdrawn)
        let come = await failure { try await adas.withdraw(now) }
        XCTAssertEqual(come?.isRefreshState, true, "\(come as Any)")
        let early = await failure { try await noors.read(later) }
        XCTAssertEqual(early?.isFixInput, true, "\(early as Any)")
    }

    func testOneReachesOutAndTheOtherTurnsTowardsIt() async throws {
        let couple = try await Couple()
        let (adas, noors) = (try couple.ada.reachingOut, try couple.noor.reachingOut)
        let good = try await adas.add(.goodNews, text: "They said yes.")
        let hard = try await noors.add(.needYou)
        try await couple.meet()
        try await noors.answer(good, .tellMeMore)
        try await adas.answer(hard, .after, after: TimeOfDay("18:00"), text: "Then I am yours.")
        try await couple.meet()
        let (one, other) = (try await adas.list(), try await noors.list())
        XCTAssertEqual(one, other)
        let answered = try await adas.read(good)
        XCTAssertEqual(answered.answers.map(\.turning), [.tellMeMore])
        XCTAssertEqual(answered.answers.map(\.author), ["Noor"])
        let promised = try await noors.read(hard)
        XCTAssertEqual(promised.answers.map(\.after), [TimeOfDay("18:00")])
        let own = await failure { try await adas.answer(good, .here) }
        XCTAssertEqual(own?.isRefreshState, true, "\(own as Any)")
        let whenThen = await failure { try await adas.answer(hard, .after) }
        XCTAssertEqual(whenThen?.isFixInput, true, "\(whenThen as Any)")
    }

    func testBothPromiseATimeWithoutScreensAndWhoEndedItEarlyIsToldToNobody() async throws {
        let couple = try await Couple()
        let (adas, noors) = (try couple.ada.screenFree, try couple.noor.screenFree)
        let time = try await adas.propose(minutes: 90)
        try await couple.meet()
        try await noors.promise(time)
        try await noors.end(time)
        try await couple.meet()
        let shown = try await adas.list()
        XCTAssertEqual(shown.map { $0.to.timeIntervalSince($0.from) }, [TimeInterval(90 * 60)])
        XCTAssertEqual(shown.map(\.promisedBy), [["Ada", "Noor"]])
        XCTAssertEqual(shown.map(\.endedAt), [nil])
        let own = try await noors.read(time)
        XCTAssertNotNil(own.endedAt)
        let negative = await failure { try await adas.propose(minutes: -1) }
        XCTAssertEqual(negative?.isFixInput, true, "\(negative as Any)")
    }

    func testOfARitualThatIsAdoptedBothChangeTheStepsAndSayWhatBecameOfEachDay() async throws {
        let couple = try await Couple()
        let (adas, noors) = (try couple.ada.rituals, try couple.noor.rituals)
        func day(_ ahead: Int) -> Day { Day(of: Date(timeIntervalSinceNow: Double(ahead) * 24 * 3600)) }
        let template = try XCTUnwrap(try Content(for: Locale(identifier: "en")).templates.first { $0.steps.count > 1 })
        let zone = try XCTUnwrap(TimeZone(identifier: "Europe/Amsterdam"))
        let changes = RitualChanges(
            every: .daily, at: TimeOfDay("07:30"), starts: day(0), zone: .of(zone), remind: .minutesBefore(10))
        let ritual = try await adas.adopt(template.id, changes)
        try await couple.meet()
        let kiss = RitualStep("A kiss.", minutes: 1, turn: .each)
        try await noors.change(ritual, RitualChanges(steps: template.steps + [kiss]))
        try await adas.done(ritual, note: "In bed.", on: day(0))
        try await noors.done(ritual, alone: true, on: day(0))
        try await adas.move(ritual, to: day(3), from: day(2))
        try await noors.skip(ritual, note: "Early train.", on: day(1))
        try await couple.meet()
        let (shown, same) = (try await adas.read(ritual), try await noors.read(ritual))
        XCTAssertEqual(shown, same)
        XCTAssertEqual(shown.name, template.name)
        XCTAssertEqual(shown.template, template.id)
        XCTAssertEqual(shown.zone, zone)
        XCTAssertEqual(shown.reminderMinutes, 10)
        XCTAssertEqual(shown.steps, template.steps + [kiss])
        let history = try await adas.history(of: ritual)
        func outcomes(_ day: Day) -> Set<Outcome> { Set(history.filter { $0.day == day }.flatMap(\.records).map(\.outcome)) }
        XCTAssertEqual(outcomes(day(0)), [.together, .alone])
        XCTAssertEqual(outcomes(day(1)), [.skipped])
        XCTAssertEqual(outcomes(day(2)), [.moved])
        let list = try await adas.due(from: day(1), to: day(4))
        XCTAssertEqual(list.notUnderstood, [])
        XCTAssertFalse(list.due.contains { $0.day == day(2) }, "\(list)")
        let fourth = try XCTUnwrap(list.due.last { $0.day == day(4) })
        let at = try XCTUnwrap(fourth.at)
        XCTAssertEqual(WallTime(of: at, in: zone).time, TimeOfDay("07:30"))
        XCTAssertEqual(fourth.remindAt, at.addingTimeInterval(-600))
        let reminders = try await noors.reminders(from: at.addingTimeInterval(-3600), to: at)
        XCTAssertEqual(reminders.due.map(\.ritual), [ritual])

        let pause = try await noors.pause(ritual, from: day(4), to: day(9))
        let resting = try await noors.due(from: day(4), to: day(9))
        XCTAssertEqual(resting.due, [])
        let pauses = try await noors.read(ritual).pauses
        XCTAssertEqual(pauses.map(\.from), [day(4)])
        XCTAssertEqual(pauses.map(\.to), [day(9)])
        let wasThere = try await noors.end(pause, of: ritual)
        XCTAssertTrue(wasThere)
        try await noors.pause(ritual)
        let ended = try await noors.resume(ritual)
        XCTAssertEqual(ended, 1)
        try await noors.delete(ritual)
        let trash = try await noors.trash()
        XCTAssertEqual(trash.map(\.id), [ritual])
        try await noors.restore(ritual)
        let unknown = await failure { try await adas.adopt("no-such-template") }
        XCTAssertEqual(unknown?.isFixInput, true, "\(unknown as Any)")
    }

    func testNeitherReadsWhatTheOtherAnsweredBeforeBothHave() async throws {
        let couple = try await Couple()
        let (adas, noors) = (try couple.ada.sealedAnswers, try couple.noor.sealedAnswers)
        let round = try await adas.open("What do you miss?")
        try await adas.answer(round, "The sea.")
        try await couple.meet()
        let before = try await noors.read(round)
        XCTAssertEqual(before.state, .open)
        XCTAssertNil(before.theirs)
        let own = try await adas.read(round)
        XCTAssertEqual(own.state, .youAnswered)
        try await noors.answer(round, "Sleep.")
        try await couple.meet()
        try await couple.meet()
        let (one, other) = (try await adas.list(), try await noors.list())
        XCTAssertEqual([one, other].map { $0.map(\.state) }, [[.revealed], [.revealed]])
        XCTAssertEqual(one.map(\.theirs), [["Sleep."]])
        XCTAssertEqual(other.map(\.theirs), [["The sea."]])
        let english = Locale(identifier: "en")
        let question = try XCTUnwrap(try Content(for: english).questions.first)
        let passed = try await noors.open(questionOf: question.id, for: english)
        try await noors.skip(passed)
        try await couple.meet()
        let skipped = try await adas.read(passed)
        XCTAssertEqual(skipped.state, .skipped)
        XCTAssertEqual(skipped.questions.map(\.text), [question.text])
        let unknown = await failure { try await adas.read(RoundId(rawValue: "nothing")) }
        XCTAssertEqual(unknown?.isFixInput, true, "\(unknown as Any)")
    }

    func testASessionOfQuestionsRisesNoDeeperThanTheMoreReservedWants() async throws {
        let couple = try await Couple()
        let (adas, noors) = (try couple.ada.questions, try couple.noor.questions)
        let english = Locale(identifier: "en")
        let deck = try XCTUnwrap(try Content(for: english).decks.first).id
        try await noors.setCeiling(1)
        let own = try await noors.add("Which song is ours?", deck: deck, depth: 1)
        try await couple.meet()
        let ceiling = try await adas.ceiling()
        XCTAssertEqual([ceiling.holds, ceiling.own], [1, 3])
        let listed = try await adas.list(deck: deck, for: english)
        XCTAssertEqual(listed.filter { $0.id == own }.map(\.author), ["Noor"])
        let drawn = try await adas.draw(deck: deck, for: english)
        XCTAssertEqual(drawn?.depth, 1)
        let session = try await adas.startSession(of: 3, deck: deck, for: english)
        try await couple.meet()
        let first = try await noors.session(session).questions[0]
        try await noors.answer(first.id, "The kitchen.", in: session, for: english)
        try await adas.answerSealed(first.id, "The stairs.", in: session, for: english)
        let next = try await adas.next(in: session)
        XCTAssertEqual(next.now, 2)
        try await couple.meet()
        let shown = try await noors.session(session)
        XCTAssertEqual(shown.questions.map(\.state), [.done, .now, .later])
        XCTAssertEqual(shown.questions.map(\.depth), [1, 1, 1])
        XCTAssertEqual(shown.questions[0].answers.map(\.text), ["The kitchen."])
        let answers = try await adas.answers(to: first.id)
        XCTAssertEqual(answers.map(\.author), ["Noor"])
        let sessions = try await adas.sessions()
        XCTAssertEqual(sessions.map(\.id), [session])
        try await adas.skip(own)
        try await noors.delete(own)
        let tooDeep = await failure { try await adas.setCeiling(7) }
        XCTAssertEqual(tooDeep?.isFixInput, true, "\(tooDeep as Any)")
    }

    func testAStepHasThePaceOfTheMoreReservedAndALookIsSeenWhenBothHaveWritten() async throws {
        let couple = try await Couple()
        let (steps, looks) = (try couple.ada.vulnerability, try couple.noor.areLooks)
        let english = Locale(identifier: "en")
        try await couple.noor.vulnerability.setPace(.monthly)
        try await steps.setPace(.weekly)
        try await couple.ada.areLooks.answer("Yes.", "Mostly.", "")
        try await couple.meet()
        let pace = try await steps.pace()
        XCTAssertEqual([pace.holds, pace.own], [.monthly, .weekly])
        let step = try await steps.list(for: english)[0]
        let next = try await steps.next(for: english)
        XCTAssertEqual(next.step, step)
        try await steps.done(step.id, note: "It was good.")
        try await couple.meet()
        let done = try await steps.list(for: english)
        XCTAssertEqual(done[0].done.count, 1)
        let ofTheOther = try await couple.noor.vulnerability.list(for: english)
        XCTAssertTrue(ofTheOther.allSatisfy(\.done.isEmpty), "of the other nothing is said")
        let before = try await looks.read(for: english)
        XCTAssertNil(before.theirs)
        try await looks.answer("Yes.", "Yes.", "Yes.")
        try await couple.meet()
        try await couple.meet()
        let after = try await looks.read(for: english)
        XCTAssertEqual(after.theirs, ["Yes.", "Mostly.", ""])
        let listed = try await couple.ada.areLooks.list(for: english)
        XCTAssertEqual(listed.map(\.state), [.revealed])
        let noWeek = await failure { try await looks.read("last week") }
        XCTAssertEqual(noWeek?.isFixInput, true, "\(noWeek as Any)")
    }

    func testAPracticeIsInUseWhileSomebodyWantsItAndNobodyLetsItRest() async throws {
        let couple = try await Couple()
        let (adas, noors) = (try couple.ada.practices, try couple.noor.practices)
        let before = try await adas.list().first { $0.name == "gratitude" }
        XCTAssertEqual(before?.standing, .outOfSight)
        try await adas.choose("gratitude", .use)
        try await couple.meet()
        let begun = try await noors.list().first { $0.name == "gratitude" }
        XCTAssertEqual(begun?.standing, .inUse)
        XCTAssertNil(begun?.wanted)
        try await noors.choose("gratitude", .rest)
        try await couple.meet()
        let resting = try await adas.list().first { $0.name == "gratitude" }
        XCTAssertEqual(resting?.standing, .atRest)
        XCTAssertEqual(resting?.wanted, .use)
        let unknown = await failure { try await adas.choose("chess", .use) }
        XCTAssertEqual(unknown?.isFixInput, true, "\(unknown as Any)")
    }
}
