package org.example.journal

import android.app.Application
import app.entwine.EntwineClient
import app.entwine.EntwineException
import app.entwine.android.followForeground
import app.entwine.android.open
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.async

/** Opens the profile once for all screens, and lets go of the connection while none is shown. */
class JournalApplication : Application() {
    private val scope = CoroutineScope(SupervisorJob() + Dispatchers.Main.immediate)

    /** It fails with [EntwineException.Recover] where the keys are gone: offer to come back by a link or the phrase. */
    lateinit var client: Deferred<EntwineClient>
        private set

    override fun onCreate() {
        super.onCreate()
        client = scope.async { open(name = "Noor").also { it.followForeground(this@JournalApplication) } }
        SyncWorker.enqueuePeriodically(this)
    }

    private suspend fun open(name: String) = EntwineClient.open(this, name)
}
