package app.entwine

import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.async
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.onEach
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

internal class EventsTest : Story() {
    @Test
    fun `what the partner writes comes as an event, also after the connection was lost`() = tell {
        val relay = relay()
        val (ada, noor) = couple(relay)
        assertTrue(ada.events.first() is Event.Status, "the status is told first")
        val inSync = CompletableDeferred<Unit>()
        val heard = async {
            ada.events.onEach { if (it is Event.Status && it.status.inSync) inSync.complete(Unit) }
                .soon { it is Event.Changed }
        }
        inSync.await()
        val entry = noor.journal.write("Hello.")
        assertSynced(noor)
        assertEquals(Event.Changed("entry", entry.value), heard.await())

        relay.kill()
        val back = async { ada.events.soon { it is Event.Changed } }
        noor.journal.append(entry, " Again.")
        relay.start()
        assertSynced(noor)
        back.await()
        assertEquals("Hello. Again.", ada.journal.read(entry).text)
    }

    @Test
    fun `a client that is suspended connects again when it is resumed`() = tell {
        val (ada, noor) = couple(relay())
        ada.suspend()
        val told = async { ada.events.soon { it is Event.Changed } }
        val entry = noor.journal.write("While you were away.")
        assertSynced(noor)
        ada.resume()
        assertEquals(entry, told.await().entry)
        assertEquals(null, told.await().ritual)
    }

    @Test
    fun `with no network nothing is tried until there is one`() = tell {
        val (ada, noor) = couple(relay())
        ada.close()
        val monitor = object : NetworkMonitor {
            val observed = CompletableDeferred<(Boolean) -> Unit>()
            val stopped = CompletableDeferred<Unit>()

            override fun start(tell: (Boolean) -> Unit) {
                tell(false)
                observed.complete(tell)
            }

            override fun stop() {
                stopped.complete(Unit)
            }
        }
        val again = phone("Ada", network = monitor)
        val told = async { again.events.soon { it is Event.Changed } }
        val tell = monitor.observed.await()
        noor.journal.write("For when you are back.")
        assertSynced(noor)
        assertTrue(told.isActive)
        tell(true)
        told.await()
        monitor.stopped.await()
        tell(false)
    }

    @Test
    fun `a network monitor and a listener that throw harm nothing`() = tell {
        val (ada, noor) = couple(relay())
        ada.close()
        val again = phone("Ada", network = object : NetworkMonitor {
            override fun start(tell: (Boolean) -> Unit) = throw IllegalStateException("no network service")

            override fun stop() = throw IllegalStateException("none to stop")
        })
        // One collector fails in the middle of it, and the other goes on.
        val failed = launch {
            runCatching { again.events.collect { throw IllegalArgumentException("out of sorts") } }
        }
        val told = async { again.events.soon { it is Event.Changed } }
        failed.join()
        noor.journal.write("Still here.")
        assertSynced(noor)
        told.await()
    }

    @Test
    fun `a collector that takes its time holds nobody else up, and misses nothing`() = tell {
        val (ada, _) = couple(relay())
        val (busy, mayGoOn, begun) = List(3) { CompletableDeferred<Unit>() }
        val heardLate = mutableSetOf<EntryId>()
        val slow = launch {
            ada.events.collect {
                if (busy.complete(Unit)) mayGoOn.await()
                if (it is Event.Changed) heardLate += EntryId(it.id)
            }
        }
        busy.await()
        val heard = Channel<EntryId>(Channel.UNLIMITED)
        val quick = launch {
            ada.events.collect {
                begun.complete(Unit)
                if (it is Event.Changed) heard.send(EntryId(it.id))
            }
        }
        begun.await()
        val written = List(40) { ada.journal.write("Line $it.") }.toSet()
        val seen = mutableSetOf<EntryId>()
        withTimeout(LONG) { while (!seen.containsAll(written)) seen += heard.receive() }
        assertTrue(heardLate.isEmpty())
        mayGoOn.complete(Unit)
        ada.close()
        withTimeout(LONG) { joinAll(slow, quick) }
        assertTrue(heardLate.containsAll(written), "what waited is told before the end")
    }

    @Test
    fun `events complete when the client is closed`() = tell {
        val (ada, _) = couple(relay())
        val begun = CompletableDeferred<Unit>()
        val all = async { ada.events.onEach { begun.complete(Unit) }.toList() }
        begun.await()
        ada.close()
        assertTrue(withTimeout(LONG) { all.await() }.isNotEmpty())
        refused<EntwineException.RefreshState> { ada.events.first() }
    }
}
