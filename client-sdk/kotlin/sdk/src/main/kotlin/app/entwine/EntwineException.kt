package app.entwine

import app.entwine.ffi.InternalException
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext
import app.entwine.ffi.EntwineException as Failure

/**
 * Why something was not done, named by what an app should do; the message says what happened, in words for people. Nothing that
 * was reported as done is lost by any of them.
 */
public sealed class EntwineException(message: String, cause: Throwable?) : Exception(message, cause) {
    /** Nothing is wrong with the question: ask again later. The relay is out of reach, say, or the phone's keys are locked. */
    public class TryLater(message: String, cause: Throwable?) : EntwineException(message, cause)

    /** What was given is not taken: show the message beside the field, and let it be changed. */
    public class FixInput(message: String, cause: Throwable?) : EntwineException(message, cause)

    /** This invitation lets nobody in any more: ask whoever made it for another one. */
    public class AskForLink(message: String, cause: Throwable?) : EntwineException(message, cause)

    /** The client is in another state than the call expects: read the status, and show the screen that fits it. */
    public class RefreshState(message: String, cause: Throwable?) : EntwineException(message, cause)

    /** This device was removed, or its person left: show what is there, and offer nothing that writes. */
    public class ShowReadOnly(message: String, cause: Throwable?) : EntwineException(message, cause)

    /** The disk is full: let the user make room. Nothing was written. */
    public class MakeRoom(message: String, cause: Throwable?) : EntwineException(message, cause)

    /** The space uses what this version does not know: ask for an update of the app. */
    public class UpdateApp(message: String, cause: Throwable?) : EntwineException(message, cause)

    /** What is on this device cannot be opened: make another profile, and come back in by a link or the recovery phrase. */
    public class Recover(message: String, cause: Throwable?) : EntwineException(message, cause)
}

/** Makes a call, and gives its failure the name that this layer has for it. */
internal inline fun <T> call(block: () -> T): T =
    try {
        block()
    } catch (failure: Failure) {
        throw failure.translated()
    } catch (fault: InternalException) {
        throw EntwineException.TryLater("a fault in the native library: ${fault.message}", fault)
    } catch (closed: IllegalStateException) {
        // What the bindings say of an object whose native half was let go.
        if (closed is java.util.concurrent.CancellationException) throw closed
        throw EntwineException.RefreshState("this client was closed: open another one", closed)
    }

/**
 * Makes a call that waits. What comes after it never runs on a thread of the native library, whatever the caller's dispatcher is:
 * a thread that waits there for another call would be the one that should do it.
 */
internal suspend fun <T> awaiting(block: suspend () -> T): T = withContext(Dispatchers.Default) { call { block() } }

internal fun Failure.translated(): EntwineException {
    val text = message.orEmpty()
    return when (this) {
        is Failure.TryLater -> EntwineException.TryLater(text, this)
        is Failure.FixInput -> EntwineException.FixInput(text, this)
        is Failure.AskForLink -> EntwineException.AskForLink(text, this)
        is Failure.RefreshState -> EntwineException.RefreshState(text, this)
        is Failure.ShowReadOnly -> EntwineException.ShowReadOnly(text, this)
        is Failure.MakeRoom -> EntwineException.MakeRoom(text, this)
        is Failure.UpdateApp -> EntwineException.UpdateApp(text, this)
        is Failure.Recover -> EntwineException.Recover(text, this)
    }
}
