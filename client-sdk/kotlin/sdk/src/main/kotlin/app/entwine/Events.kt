package app.entwine

import app.entwine.ffi.EventListener
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import app.entwine.ffi.EntwineClient as Native
import app.entwine.ffi.Event as NativeEvent

/** Something happened, here or elsewhere. It names what changed, and carries none of it: read what you show. */
public sealed interface Event {
    /** Something of a practice is new, was changed, went into the trash or out of it; or what hangs on it is. */
    public data class Changed(
        /** What: `entry`, `ritual`, …, as each practice calls what an app shows. */
        val what: String,
        /** Which. */
        val id: String,
    ) : Event

    /** Somebody is called something else: whatever shows an author is other than before. */
    public data object NamesChanged : Event

    /** More was changed than is told one by one: show everything anew. */
    public data object Missed : Event

    /** All of this has come so far. */
    public data class Reached(val written: Written, val durability: Durability) : Event

    /** The device stands elsewhere than before. */
    public data class Status(val status: SyncStatus) : Event

    /** A device came in: one's [own], or the partner's. */
    public data class DeviceAdded(val id: KeyholderId, val own: Boolean) : Event

    /** A device was removed, or left: one's [own], or the partner's. */
    public data class DeviceRemoved(val id: KeyholderId, val own: Boolean) : Event
}

/** The thing of this kind that an event is about. */
internal inline fun <T> Event.about(what: String, named: (String) -> T): T? =
    (this as? Event.Changed)?.takeIf { it.what == what }?.let { named(it.id) }

internal fun eventsOf(native: Native): Flow<Event> = flow {
    val waiting = WaitingEvents()
    val subscription = call { native.subscribe(Listener(waiting)) }
    try {
        while (true) emit(waiting.next() ?: break)
    } finally {
        subscription.cancel()
        subscription.destroy()
    }
}

/** Keeps what the native library tells. It never waits: while it did, nobody else who listens would be told anything. */
private class Listener(private val waiting: WaitingEvents) : EventListener {
    override fun onEvent(event: NativeEvent) {
        if (event is NativeEvent.Ended) {
            waiting.end(if (event.isFailure) EntwineException.TryLater(event.detail, null) else null)
        } else {
            waiting.put(event.translated())
        }
    }
}

private fun NativeEvent.translated(): Event = when (this) {
    is NativeEvent.Changed -> Event.Changed(what, id)
    is NativeEvent.NamesChanged -> Event.NamesChanged
    is NativeEvent.Missed -> Event.Missed
    is NativeEvent.Reached -> Event.Reached(Written(written), durability.translated())
    is NativeEvent.Status -> Event.Status(status.translated())
    is NativeEvent.DeviceAdded -> Event.DeviceAdded(KeyholderId(id), own)
    is NativeEvent.DeviceRemoved -> Event.DeviceRemoved(KeyholderId(id), own)
    is NativeEvent.Ended -> error("the end is no event of this layer")
}
