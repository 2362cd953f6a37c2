import Entwine
import Foundation
import XCTest

/// Both find words for it, each on a phone of their own, and read the same.
final class WordStories: XCTestCase {
    func testWhatBothSayBesideAnEntryIsAllThereAndAWishStandsAboveIt() async throws {
        let couple = try await Couple()
        let (adas, noors) = (try couple.ada.journal, try couple.noor.journal)
        let entry = try await adas.write(
            NewEntry(
                text: "I could not sleep.", feelings: ["worried"], sensations: ["tight chest"], setOff: "The letter.",
                people: ["Mother"], place: "the kitchen", wish: .justListen))
        try await couple.meet()
        try await adas.change(entry, EntryChanges(feelings: ["worried", "tired"]))
        try await noors.change(entry, EntryChanges(feelings: ["worried", "hopeful"], place: "our kitchen", wish: .askMe))
        try await couple.meet()
        let (one, other) = (try await adas.read(entry), try await noors.read(entry))
        XCTAssertEqual(one, other)
        XCTAssertEqual(one.feelings, ["hopeful", "tired", "worried"])
        XCTAssertEqual(one.sensations + [one.setOff] + one.people + [one.place], ["tight chest", "The letter.", "Mother", "our kitchen"])
        let listed = try await adas.list()
        XCTAssertEqual(listed.map(\.wish), [.askMe])
        try await adas.withdrawWish(of: entry)
        let without = try await adas.read(entry)
        XCTAssertNil(without.wish)
        let later = await failure { try await adas.change(entry, EntryChanges(wish: .later)) }
        XCTAssertEqual(later?.isFixInput, true, "\(later as Any)")
    }

    func testOfAPrivateEntryOnlyWhatItsWriterSharesComesToThePartner() async throws {
        let couple = try await Couple()
        let (adas, noors) = (try couple.ada.journal, try couple.noor.journal)
        let mine = try await adas.write(NewEntry(text: "Mine alone. You were kind today.", isPrivate: true))
        let passage = try await adas.share(mine, passage: "You were kind today.")
        try await couple.meet()
        let listed = try await noors.list()
        XCTAssertEqual(listed.map(\.id), [passage])
        let shared = try await noors.read(passage)
        XCTAssertEqual(shared.text, "You were kind today.")
        let found = try await couple.noor.search("alone")
        XCTAssertEqual(found, [])
        let all = try await adas.share(mine)
        try await couple.meet()
        let whole = try await noors.read(all)
        XCTAssertEqual(whole.text, "Mine alone. You were kind today.")
        let trash = try await adas.trash()
        XCTAssertEqual(trash.map(\.id), [mine])
        let again = await failure { try await adas.share(all) }
        XCTAssertEqual(again?.isRefreshState, true, "\(again as Any)")
    }

    func testThreeGratitudesOfOneAndOneOfTheOtherStandTogether() async throws {
        let couple = try await Couple()
        let (adas, noors) = (try couple.ada.gratitudes, try couple.noor.gratitudes)
        let three = try await adas.add("The soup.", "Your patience.", "Snow.", about: .effort)
        let one = try await noors.add("You called.")
        try await couple.meet()
        let (seen, same) = (try await adas.list(), try await noors.list())
        XCTAssertEqual(seen, same)
        XCTAssertEqual(Set(seen.map(\.id)), Set(three + one))
        let read = try await adas.read(one[0])
        XCTAssertEqual([read.text, read.author], ["You called.", "Noor"])
        XCTAssertEqual(read.about, .anything)
        let theirs = await failure { try await noors.delete(three[0]) }
        XCTAssertEqual(theirs?.isRefreshState, true, "\(theirs as Any)")
        try await noors.delete(one[0])
        try await couple.meet()
        let left = try await adas.list()
        XCTAssertEqual(left.count, 3)
        try await noors.restore(one[0])
        let none = await failure { try await adas.add() }
        XCTAssertEqual(none?.isFixInput, true, "\(none as Any)")
    }

    func testWordsAreFoundWhereverTheyStandAndADayComesRound() async throws {
        let couple = try await Couple()
        let entry = try await couple.ada.journal.write(NewEntry(title: "First snow", text: "We walked to the lake."))
        let gratitude = try await couple.noor.gratitudes.add("The lake, and you.")
        try await couple.meet()
        let hits = try await couple.ada.search("LAKE")
        XCTAssertEqual(Set(hits.map(\.id)), [entry.rawValue, gratitude[0].rawValue])
        XCTAssertEqual(Set(hits.map(\.what)), ["entry", "gratitude"])
        XCTAssertTrue(hits.allSatisfy { $0.excerpt.contains("lake") && !$0.isPrivate }, "\(hits)")
        let wordless = await failure { try await couple.ada.search(" ") }
        XCTAssertEqual(wordless?.isFixInput, true, "\(wordless as Any)")

        let written = try await couple.noor.journal.read(entry)
        let day = Day(of: written.writtenAt, in: written.writersZone)
        let anniversary = Day(year: day.month.year + 1, month: day.month.month, day: day.day)
        let then = try await couple.noor.journal.onThisDay(anniversary)
        XCTAssertEqual(then.map(\.id), [entry])
        let today = try await couple.noor.journal.onThisDay()
        XCTAssertEqual(today, [])
    }

    func testASearchWhoseTaskIsCancelledAnswersNothing() async throws {
        let ada = try await World().phone("ada", name: "Ada")
        let (start, go) = AsyncStream<Void>.makeStream()
        let searching = Task {
            for await _ in start { break }
            return try await ada.search("lake")
        }
        searching.cancel()
        go.finish()
        do {
            let hits = try await searching.value
            XCTFail("it answered \(hits)")
        } catch is CancellationError {
            // As every call whose task was cancelled.
        }
    }

    func testTheWordsThatAreBroughtAlongAreWhole() throws {
        let content = try Content(for: Locale(identifier: "en_GB"))
        XCTAssertEqual(content.language, "en")
        XCTAssertEqual(content, try Content(for: Locale(identifier: "tlh")))
        XCTAssertEqual(Set(content.questions.map(\.deck)), Set(content.decks.map(\.id)))
        XCTAssertTrue(content.questions.allSatisfy { (1...3).contains($0.depth) && !$0.text.isEmpty })
        let feelings = content.feelings.map(\.id)
        XCTAssertTrue(content.feelings.allSatisfy { $0.parent.map(feelings.contains) ?? true })
        XCTAssertFalse(content.sensations.isEmpty)
        XCTAssertTrue(content.templates.allSatisfy { !$0.steps.isEmpty && $0.steps.allSatisfy { $0.turn != .later } })
        XCTAssertEqual([content.vulnerabilitySteps.count, content.areQuestions.count], [5, 3])
    }
}
