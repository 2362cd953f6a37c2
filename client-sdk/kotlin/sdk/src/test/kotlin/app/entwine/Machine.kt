package app.entwine

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import java.net.InetAddress
import java.net.ServerSocket
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.TimeUnit
import kotlin.time.Duration.Companion.seconds

// What the stories stand on: the real relay, phones of this language, and a phone in a terminal.

/** Far more than anything here takes: whatever runs into it hangs. */
internal val LONG = 60.seconds

private fun program(name: String): String = Path.of(System.getProperty("entwine.programs"), name).toString()

/** Settings of the shell that runs the tests are not what they talk about. */
private fun ProcessBuilder.alone(): ProcessBuilder = apply {
    environment().keys.removeAll { it.startsWith("ENTWINE_") }
}

/** Each story has a world of its own, which is gone when it is told. */
internal abstract class Story {
    private val folder: Path = Files.createTempDirectory("entwine-story")
    private val toClose = mutableListOf<AutoCloseable>()

    fun place(name: String): Path = folder.resolve(name)

    fun tell(story: suspend CoroutineScope.() -> Unit): Unit = runBlocking { withTimeout(LONG * 2) { story() } }

    fun <T : AutoCloseable> keep(it: T): T = it.also(toClose::add)

    fun relay(): Relay = keep(Relay(place("relay")))

    /** A phone of this language. */
    suspend fun phone(
        folder: String,
        name: String? = folder,
        keyStore: KeyStore? = null,
        network: NetworkMonitor? = null,
    ): EntwineClient = keep(EntwineClient.open(place(folder), name, keyStore, network))

    /** Two phones of this language that share a space. */
    suspend fun couple(relay: Relay): Pair<EntwineClient, EntwineClient> {
        val (ada, noor) = phone("Ada") to phone("Noor")
        ada.membership.create(relay.url, relay.token)
        noor.membership.join(ada.membership.invitePartner().link)
        meet(ada, noor)
        return ada to noor
    }

    /** A phone in a terminal: another program, in Rust. */
    fun terminal(folder: String) = Terminal(place(folder))

    @AfterEach
    fun end() {
        toClose.asReversed().forEach { it.close() }
        folder.toFile().deleteRecursively()
    }
}

/** Exchanges until both have everything of each other. */
internal suspend fun meet(vararg phones: EntwineClient) {
    for (phone in phones.toList() + phones) assertSynced(phone)
}

internal suspend fun assertSynced(phone: EntwineClient) {
    val status = phone.syncOnce(LONG)
    assertTrue(status.inSync, status.toString())
}

internal suspend fun <T> Flow<T>.soon(wanted: (T) -> Boolean): T = withTimeout(LONG) { first { wanted(it) } }

/** Fails with a certain name; the text is for people. */
internal suspend inline fun <reified E : EntwineException> refused(call: () -> Unit): E {
    try {
        call()
    } catch (refusal: EntwineException) {
        if (refusal is E) {
            assertTrue(!refusal.message.isNullOrBlank())
            return refusal
        }
        throw AssertionError("${refusal.javaClass.simpleName} in the place of ${E::class.simpleName}", refusal)
    }
    throw AssertionError("it was not refused with ${E::class.simpleName}")
}

/** The real relay, in a process of its own, at an address that it can have again. */
internal class Relay(private val data: Path) : AutoCloseable {
    private var process: Process? = null
    private var address = "127.0.0.1:0"
    lateinit var token: String
        private set

    val url get() = "http://$address"

    init {
        start()
    }

    fun start() {
        val command = listOf(program("entwine-relay"), "serve", "--data", data.toString(), "--listen", address)
        val started = ProcessBuilder(command).alone().redirectError(ProcessBuilder.Redirect.DISCARD).start()
        process = started
        val lines = started.inputReader()
        while (true) {
            val line = lines.readLine() ?: throw AssertionError("the relay ended: is ${command[0]} there?")
            if (line.startsWith("registration token: ")) token = line.removePrefix("registration token: ")
            if (line.startsWith("listening on http://")) {
                address = line.removePrefix("listening on http://")
                break
            }
        }
    }

    /** Ends it as a power cut would. */
    fun kill() {
        process?.destroyForcibly()?.waitFor()
    }

    override fun close() = kill()
}

/** A server that takes every connection and never answers. */
internal class SilentServer : AutoCloseable {
    private val socket = ServerSocket(0, 64, InetAddress.getLoopbackAddress())
    val url = "http://127.0.0.1:${socket.localPort}"

    /** Waits until somebody has connected. */
    fun awaitConnection(): Unit = socket.run { soTimeout = LONG.inWholeMilliseconds.toInt(); accept() }.let { }

    override fun close() = socket.close()
}

/** The command line `entwine`. */
internal class Terminal(private val profile: Path) {
    /** Runs a command to its good end, and gives what it printed as JSON. */
    fun run(vararg arguments: String): String {
        val command = listOf(program("entwine"), "--profile", profile.toString()) + arguments + "--json"
        val process = ProcessBuilder(command).alone().redirectError(ProcessBuilder.Redirect.INHERIT).start()
        val printed = process.inputReader().readText()
        assertTrue(process.waitFor(LONG.inWholeSeconds, TimeUnit.SECONDS), "${arguments[0]} hangs")
        assertEquals(0, process.exitValue(), "entwine ${arguments.joinToString(" ")}: $printed")
        return printed
    }

    /** A field of the object that a command prints. */
    fun field(name: String, vararg arguments: String): String {
        val printed = run(*arguments)
        val found = Regex("\"$name\":\\s*\"((?:[^\"\\\\]|\\\\.)*)\"").find(printed)
        return (found ?: throw AssertionError("no $name in $printed")).groupValues[1]
    }
}
