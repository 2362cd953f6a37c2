package app.entwine

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.time.LocalDate
import java.util.Locale

internal class WordsTest : Story() {
    @Test
    fun `what both say of a feeling beside an entry is all there, and a wish stands above it`() = tell {
        val (ada, noor) = couple(relay())
        val entry = ada.journal.write(
            "I could not sleep.",
            feelings = listOf("worried"),
            sensations = listOf("tight chest"),
            setOff = "The letter.",
            people = listOf("Mother"),
            place = "the kitchen",
            wish = ListeningWish.JUST_LISTEN,
        )
        meet(ada, noor)
        ada.journal.change(entry, feelings = listOf("worried", "tired"))
        noor.journal.change(entry, feelings = listOf("worried", "hopeful"), place = "our kitchen", wish = ListeningWish.ASK_ME)
        meet(ada, noor)
        val read = ada.journal.read(entry)
        assertEquals(read, noor.journal.read(entry))
        assertEquals(listOf("hopeful", "tired", "worried"), read.feelings)
        assertEquals(listOf("tight chest", "The letter.", "Mother", "our kitchen"), read.sensations + read.setOff + read.people + read.place)
        assertEquals(ListeningWish.ASK_ME, ada.journal.list().single().wish)
        ada.journal.withdrawWish(entry)
        assertEquals(null, ada.journal.read(entry).wish)
        refused<EntwineException.FixInput> { ada.journal.change(entry, wish = ListeningWish.LATER) }
    }

    @Test
    fun `of a private entry only what its writer shares comes to the partner`() = tell {
        val (ada, noor) = couple(relay())
        val private = ada.journal.write("Mine alone. You were kind today.", title = "Tuesday", private = true)
        val passage = ada.journal.share(private, "You were kind today.")
        meet(ada, noor)
        assertEquals(listOf(passage), noor.journal.list().map { it.id })
        assertEquals("You were kind today.", noor.journal.read(passage).text)
        assertTrue(noor.search("alone").isEmpty())
        val all = ada.journal.share(private)
        meet(ada, noor)
        assertEquals("Mine alone. You were kind today.", noor.journal.read(all).text)
        assertEquals(listOf(private), ada.journal.trash().map { it.id })
        refused<EntwineException.RefreshState> { ada.journal.share(all) }
    }

    @Test
    fun `three gratitudes of one and one of the other stand together on both phones`() = tell {
        val (ada, noor) = couple(relay())
        val three = ada.gratitudes.add("The soup.", "Your patience.", "Snow.", about = GratitudeFor.EFFORT)
        assertEquals(3, three.size)
        val one = noor.gratitudes.add("You called.").single()
        meet(ada, noor)
        val shown = ada.gratitudes.list()
        assertEquals(shown, noor.gratitudes.list())
        assertEquals((three + one).toSet(), shown.map { it.id }.toSet())
        assertEquals(GratitudeFor.ANYTHING, ada.gratitudes.read(one).about)
        refused<EntwineException.RefreshState> { noor.gratitudes.delete(three.first()) }
        noor.gratitudes.delete(one)
        meet(ada, noor)
        assertEquals(3, ada.gratitudes.list().size)
        noor.gratitudes.restore(one)
        refused<EntwineException.FixInput> { ada.gratitudes.add() }
    }

    @Test
    fun `words are found wherever they stand, and a day comes round`() = tell {
        val (ada, noor) = couple(relay())
        val entry = ada.journal.write("We walked to the lake.", title = "First snow")
        val gratitude = noor.gratitudes.add("The lake, and you.").single()
        meet(ada, noor)
        val hits = ada.search("LAKE")
        assertEquals(setOf("entry" to entry.value, "gratitude" to gratitude.value), hits.map { it.what to it.id }.toSet())
        assertTrue(hits.all { "lake" in it.excerpt && !it.private }, hits.toString())
        assertTrue(ada.search("desert").isEmpty())
        refused<EntwineException.FixInput> { ada.search(" ") }
        val written = LocalDate.from(noor.journal.read(entry).writtenAt)
        assertEquals(listOf(entry), noor.journal.onThisDay(written.plusYears(1)).map { it.id })
        assertTrue(noor.journal.onThisDay().isEmpty())
    }

    @Test
    fun `the words that are brought along are whole, in the widest language that there is`() {
        val content = Content.of(Locale.forLanguageTag("en-GB"))
        assertEquals(Locale.ENGLISH, content.locale)
        assertEquals(content, Content.of(Locale.forLanguageTag("tlh")))
        val decks = content.decks.map { it.id }
        assertTrue(content.questions.all { it.deck in decks && it.depth in 1..3 && it.text.isNotBlank() })
        assertEquals(decks.toSet(), content.questions.map { it.deck }.toSet())
        val feelings = content.feelings.map { it.id }
        assertTrue(content.feelings.all { it.parent == null || it.parent in feelings })
        assertTrue(content.sensations.isNotEmpty())
        assertTrue(content.templates.all { it.steps.isNotEmpty() && it.steps.none { step -> step.turn == Turn.LATER } })
        assertEquals(listOf(5, 3), listOf(content.vulnerabilitySteps.size, content.areQuestions.size))
    }

    @Test
    fun `a word that only a newer version knows is read as later`() {
        assertEquals(GratitudeFor.EFFORT, chosen<GratitudeFor>("effort"))
        assertEquals(GratitudeFor.LATER, chosen<GratitudeFor>("weather"))
    }
}
