package org.example.journal

import org.unifiedpush.android.connector.FailedReason
import org.unifiedpush.android.connector.PushService
import org.unifiedpush.android.connector.data.PushEndpoint
import org.unifiedpush.android.connector.data.PushMessage

/**
 * Somebody wrote: exchange once. A push says nothing, and whatever it says is not read. Declared in the manifest as a service of the
 * action `org.unifiedpush.android.connector.PUSH_EVENT`.
 */
class SyncPush : PushService() {
    override fun onMessage(message: PushMessage, instance: String) = SyncWorker.enqueueOnce(this)

    /** Where this phone can be woken; whoever is to do that must be told of it. The relay is not: it knows nobody's phone. */
    override fun onNewEndpoint(endpoint: PushEndpoint, instance: String) = Unit

    override fun onRegistrationFailed(reason: FailedReason, instance: String) = Unit

    override fun onUnregistered(instance: String) = Unit
}
