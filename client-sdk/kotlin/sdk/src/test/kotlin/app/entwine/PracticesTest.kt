package app.entwine

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.time.LocalDate
import java.time.LocalDateTime
import java.time.LocalTime
import java.time.ZoneId
import java.util.Locale
import kotlin.time.Duration.Companion.minutes

/** What both do apart in one practice after the other, each on a phone of their own, they read the same when they meet. */
internal class PracticesTest : Story() {
    @Test
    fun `both check in apart, and each says that the other was heard`() = tell {
        val (ada, noor) = couple(relay())
        val words = CheckInWords(mood = "light", energy = Energy.LOW, feelings = listOf("tired", "calm"), wish = ListeningWish.ASK_ME)
        val adas = ada.checkIns.add(words)
        val noors = noor.checkIns.add(CheckInWords(line = "Rain all day.", talk = DeepTalk.OPEN, part = PartOfDay.EVENING))
        val private = noor.checkIns.add(CheckInWords(mood = "stormy"), private = true)
        val entry = ada.journal.write("I miss the sea.")
        meet(ada, noor)
        ada.responses.add(noors, ResponseKind.HEARD)
        noor.responses.add(adas, ResponseKind.REFLECT, "You are tired, and at peace.")
        noor.responses.add(entry, ResponseKind.QUESTION, "Which sea?")
        meet(ada, noor)
        for (phone in listOf(ada, noor)) {
            val list = phone.responses.list(adas)
            assertEquals(ListeningWish.ASK_ME, list.wish)
            assertEquals(listOf("You are tired, and at peace."), list.responses.map { it.text })
            assertEquals(listOf("Ada"), phone.responses.list(noors).responses.map { it.author })
            assertEquals(listOf(ResponseKind.QUESTION), phone.responses.list(entry).responses.map { it.kind })
        }
        assertEquals(setOf(adas, noors), ada.checkIns.list().map { it.id }.toSet())
        assertTrue(noor.checkIns.read(private).private)
        val read = noor.checkIns.read(adas)
        assertEquals(listOf("light", Energy.LOW, listOf("calm", "tired"), PartOfDay.ANY), listOf(read.mood, read.energy, read.feelings, read.part))
        ada.checkIns.change(adas, CheckInWords(need = "Sleep."), takingBack = setOf(CheckInChoice.WISH))
        assertEquals(listOf("Sleep.", null, Energy.LOW), ada.checkIns.read(adas).let { listOf(it.need, it.wish, it.energy) })
        refused<EntwineException.RefreshState> { noor.checkIns.change(adas, words) }
        refused<EntwineException.FixInput> { ada.checkIns.add(CheckInWords()) }
        refused<EntwineException.FixInput> { ada.responses.add(noors, ResponseKind.REFLECT) }
    }

    @Test
    fun `a note comes when it is for, and what waits for its hour is seen by its writer alone`() = tell {
        val (ada, noor) = couple(relay())
        val now = ada.notes.add("Thinking of your hands.")
        val hour = LocalDateTime.now().plusDays(3)
        val later = ada.notes.add("Good morning.", at = hour)
        val greeting = noor.notes.add("There you are.", whenOnline = true)
        meet(ada, noor)
        assertEquals(setOf(now, later, greeting), ada.notes.list().map { it.id }.toSet())
        assertEquals(setOf(now, greeting), noor.notes.list().map { it.id }.toSet())
        val shown = ada.notes.read(later)
        assertEquals(NoteTime.HOUR, shown.time)
        assertEquals(hour.withSecond(0).withNano(0), shown.at)
        assertEquals(shown.at, noor.notes.nextHour())
        assertNull(ada.notes.nextHour())
        ada.notes.withdraw(later)
        assertTrue(ada.notes.read(later).isWithdrawn)
        refused<EntwineException.RefreshState> { ada.notes.withdraw(now) }
        refused<EntwineException.FixInput> { noor.notes.read(later) }
    }

    @Test
    fun `one reaches out, and the other turns towards it`() = tell {
        val (ada, noor) = couple(relay())
        val good = ada.reachingOut.add(Bid.GOOD_NEWS, "They said yes.")
        val hard = noor.reachingOut.add(Bid.NEED_YOU)
        meet(ada, noor)
        noor.reachingOut.answer(good, Turning.TELL_ME_MORE)
        ada.reachingOut.answer(hard, Turning.AFTER, after = LocalTime.of(18, 0), text = "Then I am yours.")
        meet(ada, noor)
        assertEquals(ada.reachingOut.list(), noor.reachingOut.list())
        assertEquals(listOf("Noor" to Turning.TELL_ME_MORE), ada.reachingOut.read(good).answers.map { it.author to it.turning })
        assertEquals(listOf(LocalTime.of(18, 0)), noor.reachingOut.read(hard).answers.map { it.after })
        refused<EntwineException.RefreshState> { ada.reachingOut.answer(good, Turning.HERE) }
        refused<EntwineException.FixInput> { ada.reachingOut.answer(hard, Turning.AFTER) }
    }

    @Test
    fun `both promise a time without screens, and who ended it early is told to nobody`() = tell {
        val (ada, noor) = couple(relay())
        val time = ada.screenFree.propose(90.minutes)
        meet(ada, noor)
        noor.screenFree.promise(time)
        noor.screenFree.end(time)
        meet(ada, noor)
        val shown = ada.screenFree.list().single()
        assertEquals(90, java.time.Duration.between(shown.from, shown.to).toMinutes())
        assertEquals(listOf("Ada", "Noor"), shown.promisedBy)
        assertNull(shown.endedAt)
        assertTrue(noor.screenFree.read(time).endedAt != null)
        refused<EntwineException.FixInput> { ada.screenFree.propose((-1).minutes) }
    }

    @Test
    fun `a ritual that is adopted has steps that both change, and of each day both say what became of it`() = tell {
        val (ada, noor) = couple(relay())
        val today = LocalDate.now()
        val template = Content.of(Locale.ENGLISH).templates.first { it.steps.size > 1 }
        val zone = ZoneId.of("Europe/Amsterdam")
        val ritual = ada.rituals.adopt(
            template.id,
            RitualChanges(every = "FREQ=DAILY", at = LocalTime.of(7, 30), starts = today, zone = RitualZone.Of(zone), remind = Remind.MinutesBefore(10)),
        )
        meet(ada, noor)
        noor.rituals.change(ritual, RitualChanges(steps = template.steps + RitualStep("A kiss.", minutes = 1, turn = Turn.EACH)))
        ada.rituals.done(ritual, "In bed.", date = today)
        noor.rituals.done(ritual, alone = true, date = today)
        ada.rituals.move(ritual, to = today.plusDays(3), date = today.plusDays(2))
        noor.rituals.skip(ritual, "Early train.", date = today.plusDays(1))
        meet(ada, noor)
        val shown = ada.rituals.read(ritual)
        assertEquals(shown, noor.rituals.read(ritual))
        assertEquals(listOf(template.name, template.id, zone, 10), listOf(shown.name, shown.template, shown.zone, shown.reminderMinutes))
        assertEquals(template.steps + RitualStep("A kiss.", 1, Turn.EACH), shown.steps)
        val outcomes = ada.rituals.history(ritual).associate { it.date to it.records.map { record -> record.outcome }.toSet() }
        assertEquals(setOf(Outcome.TOGETHER, Outcome.ALONE), outcomes[today])
        assertEquals(setOf(Outcome.SKIPPED), outcomes[today.plusDays(1)])
        assertEquals(setOf(Outcome.MOVED), outcomes[today.plusDays(2)])
        val due = ada.rituals.due(today.plusDays(1), today.plusDays(4))
        assertTrue(due.notUnderstood.isEmpty())
        assertFalse(due.due.any { it.date == today.plusDays(2) }, due.toString())
        val fourth = due.due.last { it.date == today.plusDays(4) }
        assertEquals(LocalTime.of(7, 30), fourth.at?.atZoneSameInstant(zone)?.toLocalTime())
        assertEquals(fourth.at?.minusMinutes(10), fourth.remindAt)
        val at = fourth.at!!.toInstant()
        assertEquals(listOf(ritual), noor.rituals.reminders(at.minusSeconds(3600), at).due.map { it.ritual })

        val pause = noor.rituals.pause(ritual, today.plusDays(4), today.plusDays(9))
        assertFalse(noor.rituals.due(today.plusDays(4), today.plusDays(9)).due.any { it.ritual == ritual })
        assertEquals(listOf(today.plusDays(4) to today.plusDays(9)), noor.rituals.read(ritual).pauses.map { it.from to it.to })
        assertTrue(noor.rituals.endPause(ritual, pause))
        noor.rituals.pause(ritual)
        assertEquals(1, noor.rituals.resume(ritual))
        noor.rituals.delete(ritual)
        assertEquals(listOf(ritual), noor.rituals.trash().map { it.id })
        noor.rituals.restore(ritual)
        refused<EntwineException.FixInput> { ada.rituals.adopt("no-such-template") }
    }

    @Test
    fun `neither reads what the other answered before both have, and then both do`() = tell {
        val (ada, noor) = couple(relay())
        val round = ada.sealedAnswers.open("What do you miss?")
        ada.sealedAnswers.answer(round, "The sea.")
        meet(ada, noor)
        assertEquals(listOf(RoundState.OPEN, null), noor.sealedAnswers.read(round).let { listOf(it.state, it.theirs) })
        assertEquals(RoundState.YOU_ANSWERED, ada.sealedAnswers.read(round).state)
        noor.sealedAnswers.answer(round, "Sleep.")
        meet(ada, noor)
        meet(ada, noor)
        for ((phone, yours, theirs) in listOf(Triple(ada, "The sea.", "Sleep."), Triple(noor, "Sleep.", "The sea."))) {
            val read = phone.sealedAnswers.list().single()
            assertEquals(RoundState.REVEALED, read.state)
            assertEquals(listOf(listOf(yours), listOf(theirs)), listOf(read.yours, read.theirs))
        }
        val question = Content.of(Locale.ENGLISH).questions.first()
        val passed = noor.sealedAnswers.openQuestion(question.id, Locale.ENGLISH)
        noor.sealedAnswers.skip(passed)
        meet(ada, noor)
        val skipped = ada.sealedAnswers.read(passed)
        assertEquals(RoundState.SKIPPED to listOf(AskedQuestion(question.id, question.text)), skipped.state to skipped.questions)
        refused<EntwineException.FixInput> { ada.sealedAnswers.read(RoundId("nothing")) }
    }

    @Test
    fun `a session of questions rises step by step, no deeper than the more reserved of the two wants`() = tell {
        val (ada, noor) = couple(relay())
        val (english, deck) = Locale.ENGLISH to Content.of(Locale.ENGLISH).decks.first().id
        noor.questions.setCeiling(1)
        val own = noor.questions.add("Which song is ours?", deck, 1)
        meet(ada, noor)
        assertEquals(DepthCeiling(holds = 1, own = 3), ada.questions.ceiling())
        assertEquals("Noor", ada.questions.list(deck, locale = english).single { it.id == own }.author)
        assertEquals(1, ada.questions.draw(deck, locale = english)?.depth)
        val session = ada.questions.startSession(3, deck, english)
        meet(ada, noor)
        val first = noor.questions.session(session).questions.first()
        noor.questions.answer(first.id, "The kitchen.", session, english)
        ada.questions.answerSealed(first.id, "The stairs.", session, english)
        assertEquals(2, ada.questions.nextInSession(session).now)
        meet(ada, noor)
        val shown = noor.questions.session(session)
        assertEquals(listOf(StepState.DONE, StepState.NOW, StepState.LATER), shown.questions.map { it.state })
        assertTrue(shown.questions.all { it.depth == 1 })
        assertEquals(listOf("Noor" to "The kitchen."), shown.questions.first().answers.map { it.author to it.text })
        assertEquals(listOf("The kitchen."), ada.questions.answers(first.id).map { it.text })
        assertEquals(listOf(session), ada.questions.sessions().map { it.id })
        ada.questions.skip(own)
        noor.questions.delete(own)
        refused<EntwineException.FixInput> { ada.questions.setCeiling(7) }
    }

    @Test
    fun `a step has the pace of the more reserved, and a look at each other is seen when both have written`() = tell {
        val (ada, noor) = couple(relay())
        noor.vulnerability.setPace(Pace.MONTHLY)
        ada.vulnerability.setPace(Pace.WEEKLY)
        ada.areLooks.answer("Yes.", "Mostly.", "")
        meet(ada, noor)
        assertEquals(VulnerabilityPace(holds = Pace.MONTHLY, own = Pace.WEEKLY), ada.vulnerability.pace())
        val step = ada.vulnerability.list(Locale.ENGLISH).first()
        assertEquals(step, ada.vulnerability.next(Locale.ENGLISH).step)
        ada.vulnerability.done(step.id, "It was good.")
        meet(ada, noor)
        assertEquals(1, ada.vulnerability.list(Locale.ENGLISH).first().done.size)
        assertTrue(noor.vulnerability.list(Locale.ENGLISH).all { it.done.isEmpty() }, "of the other nothing is said")
        assertNull(noor.areLooks.read(locale = Locale.ENGLISH).theirs)
        noor.areLooks.answer("Yes.", "Yes.", "Yes.")
        meet(ada, noor)
        meet(ada, noor)
        assertEquals(listOf("Yes.", "Mostly.", ""), noor.areLooks.read(locale = Locale.ENGLISH).theirs)
        assertEquals(RoundState.REVEALED, ada.areLooks.list(Locale.ENGLISH).single().state)
        refused<EntwineException.FixInput> { ada.areLooks.read("last week") }
    }

    @Test
    fun `a practice is in use while somebody wants it and nobody lets it rest`() = tell {
        val (ada, noor) = couple(relay())
        suspend fun standing(phone: EntwineClient) = phone.practices.list().single { it.name == "gratitude" }
        assertEquals(Standing.OUT_OF_SIGHT, standing(ada).standing)
        ada.practices.choose("gratitude", Wanted.USE)
        meet(ada, noor)
        assertEquals(Practice("gratitude", Standing.IN_USE, null), standing(noor))
        noor.practices.choose("gratitude", Wanted.REST)
        meet(ada, noor)
        assertEquals(Practice("gratitude", Standing.AT_REST, Wanted.USE), standing(ada))
        assertFalse(ada.practices.list().any { it.standing == Standing.LATER })
        refused<EntwineException.FixInput> { ada.practices.choose("chess", Wanted.USE) }
    }
}
