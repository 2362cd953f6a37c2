package app.entwine

import java.time.LocalDate
import java.time.LocalTime
import app.entwine.ffi.EntwineClient as Native
import app.entwine.ffi.NewRitual as NativeNewRitual
import app.entwine.ffi.Ritual as NativeRitual
import app.entwine.ffi.RitualChanges as NativeChanges

/** What we do again and again. */
public data class Ritual(
    val id: RitualId,
    val name: String,
    /** When it comes round, as an RRULE of RFC 5545. */
    val every: String,
    /** At which hour; none also where it is written in a way that this version does not read. */
    val at: LocalTime?,
    /** By field, the other values of what was chosen differently apart. */
    val alternatives: Map<String, List<String>>,
    /** When it was done in this month and the last, the latest first. */
    val done: List<Done>,
)

/** That somebody did a ritual. */
public data class Done(val date: LocalDate, val by: String, val note: String)

/** The rituals: what we do again and again, and that we did it. */
public class Rituals internal constructor(client: Native) {
    private val native = call { client.rituals() }

    /** Adds a ritual. [every] is an RRULE of RFC 5545, such as `FREQ=WEEKLY;BYDAY=FR`. */
    public suspend fun add(name: String, every: String, at: LocalTime? = null): RitualId =
        awaiting { RitualId(native.add(NativeNewRitual(name, every, at?.let(::hourText)))) }

    /** Changes a ritual: only the fields that are given. */
    public suspend fun change(id: RitualId, name: String? = null, every: String? = null, at: LocalTime? = null): Unit =
        awaiting { native.change(id.value, NativeChanges(name, every, at?.let(::hourText))) }

    /** All rituals, in the order in which they were made. */
    public suspend fun list(): List<Ritual> = awaiting { native.list().map { it.translated() } }

    /** Records that a ritual was done today. Both may record it: it is one occurrence then. */
    public suspend fun done(id: RitualId, note: String? = null): Unit = awaiting { native.done(id.value, note) }
}

/** The ritual that an event is about; none for an event about anything else. */
public val Event.ritual: RitualId?
    get() = about("ritual", ::RitualId)

private fun NativeRitual.translated() = Ritual(
    id = RitualId(id),
    name = name,
    every = every,
    at = at?.let(::readHour),
    alternatives = alternatives,
    done = done.mapNotNull { one -> readDay(one.date)?.let { Done(it, one.by, one.note) } },
)
