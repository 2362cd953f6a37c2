package app.entwine

import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.onEach
import kotlinx.coroutines.withContext
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.nio.file.Files
import kotlin.time.Duration.Companion.milliseconds

internal class CallsTest : Story() {
    /** Keeps the secret in memory, and fails while it is told to. */
    private class Memory : KeyStore {
        var isLocked = false
        var secret: ByteArray? = null

        override fun load(): ByteArray? {
            check(!isLocked) { "the phone was not unlocked since it started" }
            return secret
        }

        override fun create(secret: ByteArray) {
            check(!isLocked) { "the phone was not unlocked since it started" }
            check(this.secret == null) { "there is one" }
            this.secret = secret
        }
    }

    @Test
    fun `a key store that throws delays a client and harms nothing`() = tell {
        val keys = Memory()
        keys.isLocked = true
        val refusal = refused<EntwineException.TryLater> { phone("Ada", keyStore = keys) }
        assertTrue("not unlocked" in refusal.message!!, refusal.message)
        keys.isLocked = false
        val id = phone("Ada", keyStore = keys).use { it.id }
        val kept = keys.secret!!.copyOf()
        keys.isLocked = true
        refused<EntwineException.TryLater> { phone("Ada", keyStore = keys) }
        keys.isLocked = false
        assertEquals(id, phone("Ada", name = null, keyStore = keys).id)
        assertArrayEquals(kept, keys.secret)
        assertTrue(Files.notExists(place("Ada").resolve("keys")), "no file has them")
        // A phone that was restored without its keys.
        refused<EntwineException.Recover> { phone("Ada", keyStore = Memory()) }
    }

    @Test
    fun `a profile is made only with a name`() = tell {
        refused<EntwineException.RefreshState> { phone("nobody", name = null) }
        refused<EntwineException.FixInput> { phone("nobody", name = " ") }
        assertEquals("Ada", phone("Ada").personName)
    }

    @Test
    fun `a closed client says so to every call`() = tell {
        val (ada, _) = couple(relay())
        val entry = ada.journal.write("Kept.")
        ada.close()
        ada.close()
        refused<EntwineException.RefreshState> { ada.status() }
        refused<EntwineException.RefreshState> { ada.journal.write("Too late.") }
        refused<EntwineException.RefreshState> { ada.syncOnce(LONG) }
        refused<EntwineException.RefreshState> { ada.suspend() }
        assertEquals("Kept.", phone("Ada").journal.read(entry).text)
    }

    @Test
    fun `what is not taken is said, and nothing of it is kept`() = tell {
        val (ada, _) = couple(relay())
        val entry = ada.journal.write("Short.")
        refused<EntwineException.FixInput> { ada.journal.write("x".repeat(10_000_000)) }
        refused<EntwineException.FixInput> { ada.journal.append(entry, "x".repeat(10_000_000)) }
        refused<EntwineException.FixInput> { ada.journal.read(EntryId("nothing")) }
        refused<EntwineException.FixInput> { ada.journal.read(EntryId("01J0000000000000000000000A")) }
        refused<EntwineException.FixInput> { ada.journal.replace(entry, "Long", "Longer") }
        refused<EntwineException.FixInput> { ada.membership.removeDevice(KeyholderId("nothing")) }
        assertEquals("Short.", ada.journal.read(entry).text)
        assertEquals(1, ada.journal.list().size)
    }

    @Test
    fun `a call that is cancelled ends at once, loses nothing, and the next one works`() = tell {
        val relay = relay()
        val ada = phone("Ada")
        val silent = keep(SilentServer())
        val creating = async { ada.membership.create(silent.url, "token") }
        withContext(Dispatchers.IO) { silent.awaitConnection() }
        creating.cancelAndJoin()
        assertTrue(creating.isCancelled)
        val entry = ada.journal.write("Written meanwhile.")
        val syncing = async { ada.syncOnce(LONG) }
        withContext(Dispatchers.IO) { silent.awaitConnection() }
        syncing.cancelAndJoin()
        ada.membership.create(relay.url, relay.token)
        assertSynced(ada)
        assertEquals("Written meanwhile.", ada.journal.read(entry).text)
    }

    @Test
    fun `a coroutine without a thread of its own may close the client, or wait, after any call`() = tell {
        val ada = phone("Ada")
        withContext(Dispatchers.Unconfined) {
            ada.status()
            assertTrue("entwine" !in Thread.currentThread().name, Thread.currentThread().name)
            ada.close()
        }
        refused<EntwineException.RefreshState> { ada.status() }
    }

    @Test
    fun `a deadline holds against a server that never answers`() = tell {
        val ada = phone("Ada")
        val silent = keep(SilentServer())
        val creating = async { ada.membership.create(silent.url, "token") }
        withContext(Dispatchers.IO) { silent.awaitConnection() }
        creating.cancelAndJoin()
        val status = ada.syncOnce(200.milliseconds)
        assertEquals(Reason.OFFLINE, status.reason, status.toString())
    }

    @Test
    fun `two clients on one profile see what the other writes`() = tell {
        val (ada, noor) = couple(relay())
        val extension = phone("Ada")
        assertEquals(ada.id, extension.id)
        // What is there when somebody begins to listen is no news to them.
        val listening = CompletableDeferred<Unit>()
        val heard = async { ada.events.onEach { listening.complete(Unit) }.soon { it is Event.Changed } }
        listening.await()
        val entry = extension.journal.write("Shared from a browser.")
        assertEquals(Event.Changed("entry", entry.value), heard.await())
        ada.journal.append(entry, " Read it tonight?")
        meet(extension, noor, ada)
        assertEquals("Shared from a browser. Read it tonight?", noor.journal.read(entry).text)
        extension.close()
        assertEquals(1, ada.journal.list().size)
    }
}
