package app.entwine.android

import android.app.Activity
import android.app.Application
import app.entwine.EntwineException
import org.junit.Assert.assertEquals
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment

@RunWith(RobolectricTestRunner::class)
class ForegroundTest {
    private val application: Application = RuntimeEnvironment.getApplication()
    private val done = mutableListOf<String>()

    @Test
    fun `the connection goes with the last activity and comes with the first`() {
        follow { }
        val first = Robolectric.buildActivity(Activity::class.java).setup()
        val second = Robolectric.buildActivity(Activity::class.java).setup()
        first.pause().stop()
        assertEquals("another one is on the screen", emptyList<String>(), done)
        second.pause().stop()
        assertEquals(listOf("suspend"), done)
        second.restart()
        first.restart()
        assertEquals(listOf("suspend", "resume"), done)
    }

    @Test
    fun `a client that was closed is followed no longer`() {
        follow { throw EntwineException.RefreshState("closed", null) }
        repeat(2) { Robolectric.buildActivity(Activity::class.java).setup().pause().stop() }
        assertEquals(listOf("suspend"), done)
    }

    private fun follow(then: () -> Unit) = application.registerActivityLifecycleCallbacks(
        Foreground(
            suspend = { done += "suspend"; then() },
            resume = { done += "resume"; then() },
            end = application::unregisterActivityLifecycleCallbacks,
        ),
    )
}
