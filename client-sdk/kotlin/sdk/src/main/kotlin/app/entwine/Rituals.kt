package app.entwine

import java.time.Instant
import java.time.LocalDate
import java.time.LocalTime
import java.time.OffsetDateTime
import java.time.ZoneId
import java.util.Locale
import app.entwine.ffi.DueRitual as NativeDue
import app.entwine.ffi.DueRituals as NativeDueList
import app.entwine.ffi.EntwineClient as Native
import app.entwine.ffi.NewRitual as NativeNewRitual
import app.entwine.ffi.Remind as NativeRemind
import app.entwine.ffi.Ritual as NativeRitual
import app.entwine.ffi.RitualChanges as NativeChanges
import app.entwine.ffi.RitualOccurrence as NativeOccurrence
import app.entwine.ffi.RitualPause as NativePause
import app.entwine.ffi.RitualStep as NativeStep

/** Whose turn a step is. */
public enum class Turn(override val word: String) : Choice {
    /** Both, together. */
    BOTH("both"),

    /** The one who begins. */
    FIRST("first"),

    /** The other. */
    SECOND("second"),

    /** Each for oneself, or one after the other as it comes. */
    EACH("each"),

    /** What only a newer version knows. */
    LATER("later"),
}

/** What became of a ritual on a day. */
public enum class Outcome(override val word: String) : Choice {
    /** They did it together. */
    TOGETHER("together"),

    /** Whoever says so did it alone. */
    ALONE("alone"),

    /** It was left out. */
    SKIPPED("skipped"),

    /** It was moved to another day. */
    MOVED("moved"),

    /** It was moved here. */
    PLANNED("planned"),

    /** What only a newer version knows. */
    LATER("later"),
}

/** One step of a ritual; with no [minutes] it takes as long as it takes. */
public data class RitualStep(val text: String, val minutes: Int? = null, val turn: Turn = Turn.BOTH)

/** In which time zone the hour of a ritual is. */
public sealed interface RitualZone {
    /** In that of wherever one is. */
    public data object Floating : RitualZone

    /** In a certain one. */
    public data class Of(val zone: ZoneId) : RitualZone
}

/** Whether to be reminded, and when. */
public sealed interface Remind {
    /** Not at all. */
    public data object Never : Remind

    /** So many minutes before the hour. */
    public data class MinutesBefore(val minutes: Int) : Remind
}

/** What to change of a ritual, or to have otherwise than its template; none leaves a field as it is. */
public data class RitualChanges(
    val name: String? = null,
    /** When it comes round, as an RRULE of RFC 5545. */
    val every: String? = null,
    /** At which hour. */
    val at: LocalTime? = null,
    /** The first day, from which the rule counts. */
    val starts: LocalDate? = null,
    val zone: RitualZone? = null,
    val remind: Remind? = null,
    /** Why it matters to them. Both may write in it. */
    val why: String? = null,
    /** What is done, in this order. Where the partner changed other steps apart, both changes stay. */
    val steps: List<RitualStep>? = null,
)

/** What we do again and again. */
public data class Ritual(
    val id: RitualId,
    val name: String,
    /** When it comes round, as an RRULE of RFC 5545. */
    val every: String,
    /** At which hour; none for the whole day, and where it is written in a way that this version does not read, as below. */
    val at: LocalTime?,
    /** The first day. */
    val starts: LocalDate?,
    /** In which time zone the hour is; none where it is that of wherever one is. */
    val zone: ZoneId?,
    /** How many minutes before the hour to remind of it; none for not at all. */
    val reminderMinutes: Int?,
    /** Why it matters to them. */
    val why: String,
    /** What is done, in this order. */
    val steps: List<RitualStep>,
    /** The id of the [Content.Template] that it was adopted from. */
    val template: String?,
    /** In the order in which they were begun. */
    val pauses: List<RitualPause>,
    /** By field, the other values of what was chosen differently apart. */
    val alternatives: Map<String, List<String>>,
    /** On which days of this month and the last somebody did it, the latest first. */
    val done: List<RitualOccurrence>,
)

/** Days on which a ritual rests, both included. */
public data class RitualPause(
    val id: PauseId,
    val from: LocalDate,
    /** The last day; none until somebody ends it. */
    val to: LocalDate?,
    /** The name of who began it. */
    val by: String,
    /** By field, the other values of what was chosen differently apart. */
    val alternatives: Map<String, List<String>>,
)

/** What both say of a ritual on one day. */
public data class RitualOccurrence(
    val date: LocalDate,
    /** Whether it was done together, as one of them says at least. */
    val isTogether: Boolean,
    /** The word of each who said something, the earliest first. Where they differ, neither is wrong. */
    val records: List<RitualRecord>,
)

/** What one of the two says. */
public data class RitualRecord(
    /** The name of who says so. */
    val by: String,
    val outcome: Outcome,
    /** A few words about it. */
    val note: String,
    /** The day to which it was moved. */
    val to: LocalDate?,
    /** The day from which it was moved here. */
    val from: LocalDate?,
)

/** What is due, and what cannot be told of. */
public data class DueRituals(
    /** From the earliest on. What has no hour comes first on its day. */
    val due: List<DueRitual>,
    /** Rituals of which this version does not understand when they are due: a newer one wrote them. */
    val notUnderstood: List<RitualNotUnderstood>,
)

/** Once that a ritual is due. */
public data class DueRitual(
    val ritual: RitualId,
    val name: String,
    /** The day that the rule names. It may be another than that of [at], where the ritual's hour is that of another zone. */
    val date: LocalDate,
    /** When, in the time zone of this phone; none where the ritual has no hour. */
    val at: OffsetDateTime?,
    /** When to remind of it; none for not at all. */
    val remindAt: OffsetDateTime?,
)

/** A ritual of which it cannot be told when it is due, and why, in words for people. */
public data class RitualNotUnderstood(val ritual: RitualId, val name: String, val reason: String)

/** The rituals: what we do again and again, and what became of each day. */
public class Rituals internal constructor(client: Native) {
    private val native = call { client.rituals() }

    /**
     * Begins a ritual.
     *
     * @param every an RRULE of RFC 5545, such as `FREQ=WEEKLY;BYDAY=FR`
     * @param at at which hour; none for the whole day
     * @param starts the first day; none is today
     * @param zone in which zone the hour is; none for that of wherever one is
     * @param reminderMinutes how many minutes before the hour to remind of it; none for not at all
     * @param why why it matters to them
     * @param steps what is done, in this order
     */
    public suspend fun add(
        name: String,
        every: String,
        at: LocalTime? = null,
        starts: LocalDate? = null,
        zone: ZoneId? = null,
        reminderMinutes: Int? = null,
        why: String = "",
        steps: List<RitualStep> = emptyList(),
    ): RitualId = awaiting {
        val new = NativeNewRitual(
            name = name,
            every = every,
            at = at?.let(::hourText),
            starts = starts?.toString(),
            zone = zone?.id,
            reminderMinutes = reminderMinutes?.let(::count),
            why = why,
            steps = steps.map { it.native() },
        )
        RitualId(native.add(new))
    }

    /**
     * Adopts a [Content.Template] by its id, in the words of a [locale], with what [changes] say otherwise. It is a copy; two who adopt
     * the same apart have two rituals then.
     */
    public suspend fun adopt(
        template: String,
        changes: RitualChanges = RitualChanges(),
        locale: Locale = Locale.getDefault(),
    ): RitualId = awaiting { RitualId(native.adopt(template, locale.toLanguageTag(), changes.native())) }

    /** Changes a ritual: only what is given. */
    public suspend fun change(id: RitualId, changes: RitualChanges): Unit =
        awaiting { native.change(id.value, changes.native()) }

    /** All rituals, in the order in which they were made. */
    public suspend fun list(): List<Ritual> = awaiting { native.list().map { it.translated() } }

    /** Those that were put into the trash in the last thirty days. */
    public suspend fun trash(): List<Ritual> = awaiting { native.trash().map { it.translated() } }

    /** One ritual, also where it lies in the trash. */
    public suspend fun read(id: RitualId): Ritual = awaiting { native.read(id.value).translated() }

    /** Puts a ritual into the trash. What was done of it stays. */
    public suspend fun delete(id: RitualId): Unit = awaiting { native.delete(id.value) }

    /** Takes a ritual out of the trash. */
    public suspend fun restore(id: RitualId): Unit = awaiting { native.restore(id.value) }

    /** Records that a ritual was done, today or on a day, together or [alone]. Both may record it: it is one occurrence then. */
    public suspend fun done(id: RitualId, note: String? = null, alone: Boolean = false, date: LocalDate? = null) {
        awaiting { native.done(id.value, note, alone, date?.toString()) }
    }

    /** Leaves a ritual out, today or on a day: it is due no more on it, and nobody is told that it was missed. */
    public suspend fun skip(id: RitualId, note: String? = null, date: LocalDate? = null) {
        awaiting { native.skip(id.value, note, date?.toString()) }
    }

    /** Moves a ritual from today, or from a day, [to] another one: it is due on that one, and no more on its own. */
    public suspend fun move(id: RitualId, to: LocalDate, note: String? = null, date: LocalDate? = null) {
        awaiting { native.moveTo(id.value, to.toString(), note, date?.toString()) }
    }

    /**
     * What became of a ritual from one day to another, both included, the latest first. None is from a year ago on, and for all that is
     * to come.
     */
    public suspend fun history(id: RitualId, from: LocalDate? = null, to: LocalDate? = null): List<RitualOccurrence> =
        awaiting { native.history(id.value, from?.toString(), to?.toString()).mapNotNull { it.translated() } }

    /** What is due from one day to another, both included, in the time zone of this phone. None is from today on, and for a week. */
    public suspend fun due(from: LocalDate? = null, to: LocalDate? = null): DueRituals =
        awaiting { native.due(from?.toString(), to?.toString()).translated() }

    /**
     * What to remind of from one moment until before another: hand it to the phone's system, so that it rings while no app runs. A
     * time without screens that this person has promised holds it back.
     */
    public suspend fun reminders(from: Instant, to: Instant): DueRituals = awaiting { native.reminders(from, to).translated() }

    /** Lets a ritual rest from one day to another, both included. None is from today on, and until it is resumed. */
    public suspend fun pause(id: RitualId, from: LocalDate? = null, to: LocalDate? = null): PauseId =
        awaiting { PauseId(native.pause(id.value, from?.toString(), to?.toString())) }

    /** Ends every pause that a ritual has today: how many it ended. What is planned for later stays. */
    public suspend fun resume(id: RitualId): Int = awaiting { native.resume(id.value).toInt() }

    /** Ends one pause of a ritual, also where it is planned for later. False where it was over already. */
    public suspend fun endPause(id: RitualId, pause: PauseId): Boolean = awaiting { native.endPause(id.value, pause.value) }
}

/** The ritual that an event is about; none for an event about anything else. */
public val Event.ritual: RitualId?
    get() = about("ritual", ::RitualId)

private fun RitualStep.native() = NativeStep(text, minutes?.let(::count), turn.word)

private fun RitualChanges.native() = NativeChanges(
    name = name,
    every = every,
    at = at?.let(::hourText),
    starts = starts?.toString(),
    zone = when (zone) {
        null -> null
        RitualZone.Floating -> "floating"
        is RitualZone.Of -> zone.zone.id
    },
    remind = when (remind) {
        null -> null
        Remind.Never -> NativeRemind.Never
        is Remind.MinutesBefore -> NativeRemind.MinutesBefore(count(remind.minutes))
    },
    why = why,
    steps = steps?.map { it.native() },
)

private fun NativeRitual.translated() = Ritual(
    id = RitualId(id),
    name = name,
    every = every,
    at = at?.let(::readHour),
    starts = readDay(starts),
    zone = zone?.let(::readZone),
    reminderMinutes = reminderMinutes?.toInt(),
    why = why,
    steps = steps.map { RitualStep(it.text, it.minutes?.toInt(), chosen(it.turn)) },
    template = template,
    pauses = pauses.mapNotNull { it.translated() },
    alternatives = alternatives,
    done = done.mapNotNull { it.translated() },
)

private fun NativePause.translated(): RitualPause? {
    val (first, last) = (readDay(from) ?: return null) to to?.let { readDay(it) ?: return null }
    return RitualPause(PauseId(id), first, last, by, alternatives)
}

private fun NativeOccurrence.translated(): RitualOccurrence? {
    val records = records.map { RitualRecord(it.by, chosen(it.outcome), it.note, it.to?.let(::readDay), it.from?.let(::readDay)) }
    return RitualOccurrence(readDay(date) ?: return null, together, records)
}

private fun NativeDueList.translated() = DueRituals(
    due = due.mapNotNull { it.translated() },
    notUnderstood = notUnderstood.map { RitualNotUnderstood(RitualId(it.ritual), it.name, it.reason) },
)

private fun NativeDue.translated(): DueRitual? = readDay(date)?.let {
    DueRitual(RitualId(ritual), name, it, at?.let(::readMoment), remindAt?.let(::readMoment))
}
