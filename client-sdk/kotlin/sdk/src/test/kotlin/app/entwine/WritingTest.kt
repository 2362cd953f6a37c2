package app.entwine

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.time.LocalTime
import java.time.YearMonth
import kotlin.time.Duration

internal class WritingTest : Story() {
    @Test
    fun `words that both write into one entry apart stay, and an editor takes none back`() = tell {
        val relay = relay()
        val (ada, noor) = couple(relay)
        val entry = ada.journal.write("We saw a fox.")
        meet(ada, noor)
        relay.kill()
        val editor = ada.journal.openEditor(entry)
        ada.journal.append(entry, " It looked at us.")
        editor.save(editor.text.replace("a fox", "a red fox"))
        noor.journal.append(entry, " Then it ran.")
        relay.start()
        meet(ada, noor)
        val text = ada.journal.read(entry).text
        assertEquals(text, noor.journal.read(entry).text)
        for (words in listOf("a red fox.", " It looked at us.", " Then it ran.")) assertTrue(words in text, text)
    }

    @Test
    fun `the journal lists by month, and an edit brings back what the other deleted`() = tell {
        val (ada, noor) = couple(relay())
        val entry = ada.journal.write("Snow.", title = "Winter", tags = listOf("b", "a"))
        meet(ada, noor)
        val month = noor.journal.months().single()
        val listed = noor.journal.list(month).single()
        assertEquals(listOf("Winter", "Ada", listOf("a", "b")), listOf(listed.title, listed.author, listed.tags))
        assertEquals(month, YearMonth.from(listed.writtenAt))
        assertTrue(noor.journal.list(month.minusMonths(1)).isEmpty())
        noor.journal.delete(entry)
        assertEquals(listOf(entry), noor.journal.trash().map { it.id })
        ada.journal.replace(entry, "Snow", "Deep snow")
        meet(ada, noor)
        assertEquals(listOf("Deep snow."), noor.journal.list().map { noor.journal.read(it.id).text })
        noor.journal.delete(entry)
        noor.journal.restore(entry)
        assertEquals(1, noor.journal.list().size)
    }

    @Test
    fun `a ritual that both did on one day is told by both, and a contested hour keeps its alternative`() = tell {
        val (ada, noor) = couple(relay())
        val ritual = ada.rituals.add("Walk", "FREQ=DAILY", LocalTime.of(18, 0))
        meet(ada, noor)
        ada.rituals.done(ritual, "in the rain")
        ada.rituals.change(ritual, RitualChanges(at = LocalTime.of(19, 0)))
        noor.rituals.done(ritual)
        noor.rituals.change(ritual, RitualChanges(at = LocalTime.of(20, 30), name = "Evening walk"))
        meet(ada, noor)
        val shown = ada.rituals.list().single()
        assertEquals(shown, noor.rituals.list().single())
        assertEquals(listOf("Ada", "Noor"), shown.done.single().records.map { it.by }.sorted())
        assertEquals("Evening walk", shown.name)
        val hours = shown.alternatives.getValue("at") + shown.at.toString()
        assertEquals(listOf("19:00", "20:30"), hours.sorted())
        refused<EntwineException.FixInput> { ada.rituals.add("Never", "FREQ=SOMETIMES") }
        refused<EntwineException.FixInput> { ada.rituals.done(RitualId("nothing")) }
    }

    @Test
    fun `how far words have come can be asked and waited for`() = tell {
        val relay = relay()
        val (ada, noor) = couple(relay)
        ada.journal.write("Far.")
        val written = ada.written()
        assertEquals(Durability.LOCAL, ada.durability(written))
        assertSynced(ada)
        assertEquals(Durability.RELAY, ada.reached(written, Durability.RELAY, LONG))
        // No deadline at all.
        assertEquals(Durability.RELAY, ada.reached(written, Durability.RELAY, Duration.INFINITE))
        assertTrue(ada.syncOnce(Duration.INFINITE).inSync)
        meet(noor)
        noor.journal.write("Heard.")
        meet(noor, ada)
        assertEquals(Durability.PARTNER, ada.durability(written))
        refused<EntwineException.FixInput> { ada.durability(Written("nothing")) }
    }
}
