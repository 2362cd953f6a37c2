package app.entwine

import java.time.DateTimeException
import java.time.LocalDate
import java.time.LocalDateTime
import java.time.LocalTime
import java.time.OffsetDateTime
import java.time.ZoneId
import java.time.ZoneOffset
import java.time.format.DateTimeParseException
import java.time.temporal.ChronoUnit
import kotlin.time.Duration

// Moments as other devices wrote them. A newer version, or somebody else's, may write what Java does not read: a list that holds
// such a thing is shown all the same.

private val LOCAL_AND_OFFSET = Regex("(.{19})([+-])(\\d{2}):(\\d{2})")

/** RFC 3339 with an offset. Java knows none beyond 18 hours: what has a larger one is told in UTC. */
internal fun readMoment(text: String): OffsetDateTime =
    try {
        OffsetDateTime.parse(text)
    } catch (unread: DateTimeParseException) {
        val (local, sign, hours, minutes) =
            LOCAL_AND_OFFSET.matchEntire(text)?.destructured ?: throw unread
        val ahead = (hours.toLong() * 60 + minutes.toLong()) * if (sign == "-") -1 else 1
        LocalDateTime.parse(local).minusMinutes(ahead).atOffset(ZoneOffset.UTC)
    }

/** `YYYY-MM-DD`, or none. */
internal fun readDay(text: String): LocalDate? = reading { LocalDate.parse(text) }

/** `HH:MM`, or none. */
internal fun readHour(text: String): LocalTime? = reading { LocalTime.parse(text) }

/** `YYYY-MM-DDTHH:MM` of a clock on a wall, or none. */
internal fun readWall(text: String): LocalDateTime? = reading { LocalDateTime.parse(text) }

/** To the minute, as it is read. */
internal fun wallText(at: LocalDateTime): String = at.truncatedTo(ChronoUnit.MINUTES).toString()

/** To the minute, as it is read. */
internal fun hourText(at: LocalTime): String = at.truncatedTo(ChronoUnit.MINUTES).toString()

/** Whole minutes; what is less than none is none. */
internal fun Duration.minutes(): UInt = inWholeMinutes.coerceIn(0, UInt.MAX_VALUE.toLong()).toUInt()

/** What is less than none is none. */
internal fun count(number: Int): UInt = number.coerceAtLeast(0).toUInt()

/** A zone that Java knows, or none. */
internal fun readZone(name: String): ZoneId? = reading { ZoneId.of(name) }

private inline fun <T> reading(block: () -> T): T? =
    try {
        block()
    } catch (_: DateTimeException) {
        null
    }
