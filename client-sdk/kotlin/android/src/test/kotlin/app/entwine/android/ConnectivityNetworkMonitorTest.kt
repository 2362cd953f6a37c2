package app.entwine.android

import android.content.Context
import android.net.ConnectivityManager
import android.net.NetworkCapabilities
import org.junit.Assert.assertEquals
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.shadows.ShadowNetwork
import org.robolectric.shadows.ShadowNetworkCapabilities

@RunWith(RobolectricTestRunner::class)
class ConnectivityNetworkMonitorTest {
    private val context: Context = RuntimeEnvironment.getApplication()
    private val connectivity = context.getSystemService(ConnectivityManager::class.java)
    private val told = mutableListOf<Boolean>()

    @Test
    fun `it tells at once, then of each network that comes and goes, until it is stopped`() {
        shadowOf(connectivity).setDefaultNetworkActive(false)
        shadowOf(connectivity).setActiveNetworkInfo(null)
        val monitor = ConnectivityNetworkMonitor(context)
        monitor.start(told::add)
        assertEquals(listOf(false), told)

        val android = shadowOf(connectivity).networkCallbacks.single()
        val network = ShadowNetwork.newInstance(7)
        val internet = ShadowNetworkCapabilities.newInstance()
        shadowOf(internet).addCapability(NetworkCapabilities.NET_CAPABILITY_INTERNET)
        android.onAvailable(network)
        android.onCapabilitiesChanged(network, internet)
        assertEquals(listOf(false, true), told)
        android.onLost(network)
        assertEquals(listOf(false, true, false), told)

        // Begun again, it asks Android once, and not twice.
        monitor.start(told::add)
        assertEquals(1, shadowOf(connectivity).networkCallbacks.size)
        monitor.stop()
        monitor.stop()
        assertEquals(0, shadowOf(connectivity).networkCallbacks.size)
    }
}
