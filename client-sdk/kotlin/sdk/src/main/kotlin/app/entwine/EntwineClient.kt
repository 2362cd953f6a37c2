package app.entwine

import app.entwine.ffi.ClientConfig
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.runBlocking
import java.nio.file.Path
import kotlin.time.Duration
import kotlin.time.toJavaDuration
import app.entwine.ffi.EntwineClient as Native

/**
 * One profile: a device of one person, with its keys and its database. Everything but what changes the membership works with no
 * network in reach; several clients, of several processes too, may open the same profile at once.
 *
 * Every function may throw an [EntwineException]. A coroutine that is cancelled ends its call: what was durable by then is kept.
 */
public class EntwineClient private constructor(private val native: Native) : AutoCloseable {
    /** The journal. */
    public val journal: Journal = Journal(native)

    /** The rituals. */
    public val rituals: Rituals = Rituals(native)

    /** The gratitudes. */
    public val gratitudes: Gratitudes = Gratitudes(native)

    /** The responses to entries and check-ins. */
    public val responses: Responses = Responses(native)

    /** The check-ins. */
    public val checkIns: CheckIns = CheckIns(native)

    /** The notes. */
    public val notes: Notes = Notes(native)

    /** Reaching out, and turning towards it. */
    public val reachingOut: ReachingOut = ReachingOut(native)

    /** The times without screens. */
    public val screenFree: ScreenFree = ScreenFree(native)

    /** The questions to ask each other. */
    public val questions: Questions = Questions(native)

    /** The vulnerability steps. */
    public val vulnerability: Vulnerability = Vulnerability(native)

    /** The A.R.E. looks. */
    public val areLooks: AreLooks = AreLooks(native)

    /** The sealed answers. */
    public val sealedAnswers: SealedAnswers = SealedAnswers(native)

    /** Which practices the two use. */
    public val practices: Practices = Practices(native)

    /** Who belongs to the space: inviting, joining, removing, leaving. */
    public val membership: Membership = Membership(native)

    /** Coming back without a device, by words on paper. */
    public val recovery: Recovery = Recovery(native)

    /** This device. */
    public val id: KeyholderId = call { KeyholderId(native.keyholder()) }

    /** What the person is called. */
    public val personName: String = call { native.personName() }

    /**
     * What happens from now on, here and elsewhere; the first event is the status. While anybody collects, the client stays
     * connected and exchanges whenever there is something new on either side. A slow collector holds nothing up: events of one
     * kind about one thing become one, and where too many wait it gets [Event.Missed]. The flow fails when the profile's database
     * does, and completes when the client is closed.
     */
    public val events: Flow<Event> = eventsOf(native)

    /** Where this device stands. Never contacts the relay. */
    public suspend fun status(): SyncStatus = awaiting { native.status().translated() }

    /**
     * Looks for [words] in everything that this device has, whatever their case and accents: all of them must stand in a thing. The
     * newest first. It opens one month after the other, so let it end with its coroutine where the words change.
     */
    public suspend fun search(words: String): List<SearchHit> = awaiting { native.search(words).map { it.translated() } }

    /**
     * One exchange of all spaces, at most until the [deadline]: what was durable by then is kept, and the next exchange goes on
     * from there. Whatever the relay does is told by the status; a registration [token] is needed only where its reason is
     * [Reason.REGISTRATION_NEEDED].
     */
    public suspend fun syncOnce(deadline: Duration, token: String? = null): SyncStatus =
        awaiting { native.syncOnce(deadline.coerceAtLeast(Duration.ZERO).toJavaDuration(), token).translated() }

    /** A mark for everything that was written on this device until now, in the shared or the private space. */
    public suspend fun written(private: Boolean = false): Written = awaiting { Written(native.written(private)) }

    /** How far everything up to a mark has come. Never contacts the relay. */
    public suspend fun durability(written: Written): Durability = awaiting { native.durability(written.value).translated() }

    /**
     * Waits until everything up to a mark has come so far, at most until the [deadline]: how far it has come then. It exchanges
     * nothing by itself: that is done by whoever collects [events], or by [syncOnce].
     */
    public suspend fun reached(written: Written, wanted: Durability, deadline: Duration): Durability =
        awaiting { native.reached(written.value, wanted.native(), deadline.coerceAtLeast(Duration.ZERO).toJavaDuration()).translated() }

    /** Lets go of the connection until [resume]: the app goes into the background. */
    public fun suspend(): Unit = call { native.suspend() }

    /** Connects again at once, if anybody collects [events]. What happened meanwhile is told then. */
    public fun resume(): Unit = call { native.resume() }

    /**
     * Closes the profile: [events] complete, and every further call throws [EntwineException.RefreshState]. What was reported as
     * done is durable with or without it. Waits for what is under way on the disk; closing twice does nothing.
     */
    override fun close(): Unit = runBlocking { awaiting { native.closeProfile() } }

    public companion object {
        /**
         * Opens the profile in a [folder], or makes one where there is none and the person's [name] is given.
         *
         * @param keyStore where the keys are kept; without one, in a file of the folder
         * @param network who knows whether there is a network; without one, it is tried
         * @param caFile certificate authorities, in PEM form, to believe beside those of the web: for a relay at home with TLS
         */
        public suspend fun open(
            folder: Path,
            name: String? = null,
            keyStore: KeyStore? = null,
            network: NetworkMonitor? = null,
            caFile: Path? = null,
        ): EntwineClient = awaiting {
            val config = ClientConfig(
                folder = folder.toString(),
                name = name,
                caFile = caFile?.toString(),
                keyStore = keyStore?.native(),
                network = network?.native(),
            )
            EntwineClient(Native.open(config))
        }
    }
}
