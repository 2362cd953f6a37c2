package app.entwine.android

import android.content.Context
import app.entwine.EntwineClient
import app.entwine.EntwineException
import kotlinx.coroutines.runBlocking
import org.junit.After
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNull
import org.junit.Assert.assertThrows
import org.junit.Before
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import java.io.File
import java.io.IOException
import java.security.ProviderException
import java.security.Security
import java.security.UnrecoverableKeyException
import java.util.concurrent.CountDownLatch
import java.util.concurrent.Executors

@RunWith(RobolectricTestRunner::class)
class KeystoreKeyStoreTest {
    private val context: Context = RuntimeEnvironment.getApplication()
    private val folder = File(context.noBackupFilesDir, "entwine")
    private val file = File(folder, "profile.keys")
    private val secret = ByteArray(64) { it.toByte() }

    @Before
    fun begin() {
        KeystoreInMemory.held.clear()
        KeystoreInMemory.made = 0
        KeystoreInMemory.failure = null
        Security.addProvider(KeystoreInMemory)
    }

    @After
    fun end() = Security.removeProvider(KeystoreInMemory.name)

    @Test
    fun `a secret is kept once, sealed, and nothing else is left`() {
        val store = KeystoreKeyStore(context)
        assertNull(store.load())
        assertEquals("asking makes no key", 0, KeystoreInMemory.made)
        store.create(secret)
        assertArrayEquals(secret, KeystoreKeyStore(context).load())
        assertThrows(IOException::class.java) { store.create(ByteArray(64)) }
        assertArrayEquals(secret, store.load())
        assertFalse("it lies there sealed", file.readBytes().asList().windowed(8).any { it == secret.asList().subList(8, 16) })
        assertEquals(setOf("profile.keys", "profile.keys.lock"), folder.list()!!.toSet())
    }

    @Test
    fun `what a kill left half written is no secret and stands in nobody's way`() {
        folder.mkdirs()
        File(folder, "profile.keys.new").writeBytes(ByteArray(1000) { 7 })
        val store = KeystoreKeyStore(context)
        assertNull(store.load())
        store.create(secret)
        assertArrayEquals(secret, store.load())
    }

    @Test
    fun `of many that make keys at once one does`() {
        val begin = CountDownLatch(1)
        val threads = Executors.newFixedThreadPool(8)
        val made = (0 until 8).map { number ->
            threads.submit<Int?> {
                begin.await()
                runCatching { KeystoreKeyStore(context).create(ByteArray(64) { number.toByte() }) }.map { number }.getOrNull()
            }
        }
        begin.countDown()
        val winner = made.mapNotNull { it.get() }.single()
        threads.shutdown()
        assertArrayEquals(ByteArray(64) { winner.toByte() }, KeystoreKeyStore(context).load())
        assertEquals(1, KeystoreInMemory.made)
    }

    @Test
    fun `a Keystore that fails is asked again later`() {
        val store = KeystoreKeyStore(context)
        KeystoreInMemory.failure = ProviderException("busy")
        assertThrows(ProviderException::class.java) { store.create(secret) }
        KeystoreInMemory.failure = null
        store.create(secret)
        KeystoreInMemory.failure = UnrecoverableKeyException("busy").apply { initCause(IOException("no answer")) }
        assertThrows(UnrecoverableKeyException::class.java) { store.load() }
        KeystoreInMemory.failure = null
        assertArrayEquals(secret, store.load())
    }

    @Test
    fun `a profile opens by keys in the Keystore, and asks to be recovered without them`() = runBlocking {
        EntwineClient.open(context, "Noor").use { assertEquals("Noor", it.personName) }
        EntwineClient.open(context).use { assertEquals("Noor", it.personName) }
        val kept = file.readBytes()
        val key = KeystoreInMemory.held.getValue("app.entwine.profile")

        // Another phone, with the folder of this one; and a Keystore that holds another key under the name.
        KeystoreInMemory.held.clear()
        assertRecover()
        KeystoreInMemory.held["app.entwine.profile"] = javax.crypto.spec.SecretKeySpec(ByteArray(32), "AES")
        assertRecover()
        KeystoreInMemory.held.clear()
        assertArrayEquals("no keys were made over them", kept, file.readBytes())
        assertEquals(1, KeystoreInMemory.made)

        // A Keystore that does not answer is another matter.
        KeystoreInMemory.failure = ProviderException("busy")
        val failed = runCatching { EntwineClient.open(context, "Noor").close() }.exceptionOrNull()
        assertEquals(EntwineException.TryLater::class, failed?.let { it::class })
        KeystoreInMemory.failure = null
        KeystoreInMemory.held["app.entwine.profile"] = key
        EntwineClient.open(context).use { assertEquals("Noor", it.personName) }

        // Keys whose database never came to be, or went, are not made anew either.
        KeystoreInMemory.held.clear()
        profileFolder(context).toFile().deleteRecursively()
        assertRecover()

        // And without the file, beside a database.
        KeystoreInMemory.held["app.entwine.other"] = key
        EntwineClient.open(context, "Noor", "other").close()
        File(folder, "other.keys").delete()
        assertRecover("other")
    }

    private suspend fun assertRecover(profile: String = "profile") {
        val failed = runCatching { EntwineClient.open(context, "Noor", profile).close() }.exceptionOrNull()
        assertEquals("$failed", EntwineException.Recover::class, failed?.let { it::class })
    }
}
