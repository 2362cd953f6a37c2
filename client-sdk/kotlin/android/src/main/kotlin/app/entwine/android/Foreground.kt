package app.entwine.android

import android.app.Activity
import android.app.Application
import android.os.Bundle
import app.entwine.EntwineClient
import app.entwine.EntwineException

/**
 * Lets go of the connection while none of the app's activities is on the screen, and makes it again when one comes back. Call it
 * before the first activity is started, in `Application.onCreate` say; closing what it gives ends it, and so does closing the client.
 */
public fun EntwineClient.followForeground(application: Application): AutoCloseable {
    val observer = Foreground(suspend = ::suspend, resume = ::resume, end = application::unregisterActivityLifecycleCallbacks)
    application.registerActivityLifecycleCallbacks(observer)
    return AutoCloseable { application.unregisterActivityLifecycleCallbacks(observer) }
}

/** Counts the activities on the screen. All of it happens on the main thread. */
internal class Foreground(
    private val suspend: () -> Unit,
    private val resume: () -> Unit,
    private val end: (Application.ActivityLifecycleCallbacks) -> Unit,
) : Application.ActivityLifecycleCallbacks {
    private var started = 0
    private var isSuspended = false

    override fun onActivityStarted(activity: Activity) {
        started += 1
        if (isSuspended) tell(suspended = false)
    }

    override fun onActivityStopped(activity: Activity) {
        // One that was on the screen before anybody counted.
        if (started > 0) started -= 1
        // One that is turned comes back at once.
        if (started == 0 && !activity.isChangingConfigurations) tell(suspended = true)
    }

    private fun tell(suspended: Boolean) {
        isSuspended = suspended
        try {
            if (suspended) suspend() else resume()
        } catch (_: EntwineException.RefreshState) {
            // The client was closed.
            end(this)
        }
    }

    override fun onActivityCreated(activity: Activity, state: Bundle?) = Unit

    override fun onActivityResumed(activity: Activity) = Unit

    override fun onActivityPaused(activity: Activity) = Unit

    override fun onActivitySaveInstanceState(activity: Activity, state: Bundle) = Unit

    override fun onActivityDestroyed(activity: Activity) = Unit
}
