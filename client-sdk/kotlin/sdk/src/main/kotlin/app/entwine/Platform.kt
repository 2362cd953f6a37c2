package app.entwine

import app.entwine.ffi.KeyStoreFailure
import app.entwine.ffi.MonitorFailure
import app.entwine.ffi.NetworkObserver
import app.entwine.ffi.KeyStore as NativeKeyStore
import app.entwine.ffi.NetworkMonitor as NativeMonitor

/**
 * Keeps one secret of a profile: on this device only, in no backup, and readable while the phone is locked, so that it can sync.
 * Whatever it throws makes the call that needed it fail with [EntwineException.TryLater].
 */
public interface KeyStore {
    /** The secret, if there is one; an empty one where it can never be had again, which asks for [EntwineException.Recover]. */
    public fun load(): ByteArray?

    /** Keeps a secret where there is none yet. Returns only after it is durable; where there is one already, it throws. */
    public fun create(secret: ByteArray)
}

/** Tells whether anything can be reached. Where it throws, the network counts as there. */
public interface NetworkMonitor {
    /** Begins to tell, the first time at once: `true` while there is a network. Called when somebody begins to collect events. */
    public fun start(tell: (Boolean) -> Unit)

    /** Ends it: nobody collects any more. */
    public fun stop()
}

internal fun KeyStore.native(): NativeKeyStore = object : NativeKeyStore {
    override fun load(): ByteArray? = failing(KeyStoreFailure::Unavailable) { this@native.load() }

    override fun create(secret: ByteArray) = failing(KeyStoreFailure::Unavailable) { this@native.create(secret) }
}

internal fun NetworkMonitor.native(): NativeMonitor = object : NativeMonitor {
    override fun start(observer: NetworkObserver) =
        failing(MonitorFailure::Unavailable) { this@native.start { isReachable -> call { observer.changed(isReachable) } } }

    override fun stop() = failing(MonitorFailure::Unavailable) { this@native.stop() }
}

/** The native library knows one failure of a callback; what the app threw is told in words. */
private inline fun <T> failing(failure: (String) -> Exception, block: () -> T): T =
    try {
        block()
    } catch (thrown: Exception) {
        throw failure(thrown.message ?: thrown.javaClass.simpleName)
    }
