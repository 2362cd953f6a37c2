package app.entwine.android

import android.content.Context
import android.net.ConnectivityManager
import android.net.Network
import android.net.NetworkCapabilities
import app.entwine.NetworkMonitor

/** Tells of the network that Android would use for this app. Needs `ACCESS_NETWORK_STATE`, which the SDK's manifest asks for. */
public class ConnectivityNetworkMonitor(context: Context) : NetworkMonitor {
    private val connectivity = context.getSystemService(ConnectivityManager::class.java)
    private var callback: ConnectivityManager.NetworkCallback? = null

    @Synchronized
    override fun start(tell: (Boolean) -> Unit) {
        stop()
        // Android says nothing by itself while there is no network.
        tell(connectivity.activeNetwork?.let(connectivity::getNetworkCapabilities)?.reachesSomething() ?: false)
        val begun = object : ConnectivityManager.NetworkCallback() {
            // Of every network that becomes the default one, right after `onAvailable`.
            override fun onCapabilitiesChanged(network: Network, capabilities: NetworkCapabilities) =
                tell(capabilities.reachesSomething())

            override fun onLost(network: Network) = tell(false)
        }
        connectivity.registerDefaultNetworkCallback(begun)
        callback = begun
    }

    @Synchronized
    override fun stop() {
        callback?.let(connectivity::unregisterNetworkCallback)
        callback = null
    }
}

/** A relay may stand at home, so that a network without the internet reaches it too: what is asked is what the network is for. */
private fun NetworkCapabilities.reachesSomething() = hasCapability(NetworkCapabilities.NET_CAPABILITY_INTERNET)
