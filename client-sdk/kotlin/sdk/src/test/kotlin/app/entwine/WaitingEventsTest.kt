package app.entwine

import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows

internal class WaitingEventsTest {
    private val waiting = WaitingEvents()

    private fun changed(number: Int) = Event.Changed("entry", number.toString())

    private fun status(waitingUp: Long) = Event.Status(SyncStatus(null, false, null, null, waitingUp, 0, 0))

    private fun rest(): List<Event> = runBlocking {
        waiting.end(null)
        generateSequence { runBlocking { waiting.next() } }.toList()
    }

    @Test
    fun `equal events and older statuses give way, and the order is kept`() {
        for (event in listOf(status(1), changed(1), changed(2), status(2), changed(1))) waiting.put(event)
        assertEquals(listOf(changed(2), status(2), changed(1)), rest())
    }

    @Test
    fun `where too many wait, that is told, and where the device stands`() {
        waiting.put(status(1))
        repeat(WaitingEvents.COUNT_MAX) { waiting.put(changed(it)) }
        waiting.put(changed(-1))
        assertEquals(listOf(Event.Missed, status(1), changed(-1)), rest())
    }

    @Test
    fun `a reader waits for the next event, and is told a failure after the last`() = runBlocking<Unit> {
        val first = async(start = CoroutineStart.UNDISPATCHED) { waiting.next() }
        waiting.put(changed(1))
        assertEquals(changed(1), first.await())
        async(start = CoroutineStart.UNDISPATCHED) { waiting.next() }.cancelAndJoin()
        waiting.put(changed(2))
        waiting.end(EntwineException.TryLater("the disk failed", null))
        waiting.put(changed(3))
        assertEquals(changed(2), waiting.next())
        assertThrows<EntwineException.TryLater> { runBlocking { waiting.next() } }
    }

    @Test
    fun `after the end there is nothing`() {
        waiting.end(null)
        waiting.put(changed(1))
        assertNull(runBlocking { waiting.next() })
    }
}
