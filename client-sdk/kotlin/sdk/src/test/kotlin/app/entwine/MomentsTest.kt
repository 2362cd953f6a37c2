package app.entwine

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Test
import java.time.LocalDate
import java.time.LocalTime
import java.time.OffsetDateTime

internal class MomentsTest {
    @Test
    fun `moments are read with any offset that a device may have written`() {
        assertEquals(OffsetDateTime.parse("2026-11-25T21:00:00+02:00"), readMoment("2026-11-25T21:00:00+02:00"))
        assertEquals(OffsetDateTime.parse("2026-11-25T01:30:00Z"), readMoment("2026-11-25T21:00:00+19:30"))
        assertEquals(OffsetDateTime.parse("2026-11-26T22:59:00Z"), readMoment("2026-11-25T21:00:00-25:59"))
    }

    @Test
    fun `a day or an hour that cannot be read is none`() {
        assertEquals(LocalDate.of(2026, 11, 25), readDay("2026-11-25"))
        assertEquals(LocalTime.of(7, 5), readHour("07:05"))
        for (text in listOf("", "soon", "2026-13-40", "25:00")) {
            assertNull(readDay(text), text)
            assertNull(readHour(text), text)
        }
    }
}
