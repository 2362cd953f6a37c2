package app.entwine

import kotlinx.coroutines.channels.Channel

/** Events that were told and not taken yet: few, and none is lost in silence. Telling one never waits. */
internal class WaitingEvents {
    // All of it is guarded by the lock.
    private val lock = Any()
    private val events = LinkedHashSet<Event>()
    private var end: End? = null

    private val news = Channel<Unit>(Channel.CONFLATED)

    private class End(val failure: EntwineException?)

    /** Keeps an event until it is taken. An equal one that waits already, or an older status, gives way to it. */
    fun put(event: Event) {
        synchronized(lock) {
            if (end != null) return
            if (event is Event.Status) events.removeIf { it is Event.Status }
            events.remove(event)
            events.add(event)
            if (events.size > COUNT_MAX) makeRoom()
        }
        news.trySend(Unit)
    }

    /** There is no further event; where something failed, what. */
    fun end(failure: EntwineException?) {
        synchronized(lock) { if (end == null) end = End(failure) }
        news.trySend(Unit)
    }

    /** The next event, for one reader. Waits for it; none when there will be no further one. */
    suspend fun next(): Event? {
        while (true) {
            synchronized(lock) {
                events.firstOrNull()?.let {
                    events.remove(it)
                    return it
                }
                end?.let { throw it.failure ?: return null }
            }
            news.receive()
        }
    }

    /** Whoever is told that something was missed looks at everything anew; only where the device stands is told all the same. */
    private fun makeRoom() {
        events.removeIf { it !is Event.Status }
        val statuses = events.toList()
        events.clear()
        events.add(Event.Missed)
        events.addAll(statuses)
    }

    companion object {
        /** As many wait to be taken one by one: more than a screen shows. */
        const val COUNT_MAX = 256
    }
}
