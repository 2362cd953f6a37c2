package org.example.journal

import android.content.Context
import androidx.work.Constraints
import androidx.work.CoroutineWorker
import androidx.work.ExistingPeriodicWorkPolicy
import androidx.work.ExistingWorkPolicy
import androidx.work.NetworkType
import androidx.work.OneTimeWorkRequestBuilder
import androidx.work.PeriodicWorkRequestBuilder
import androidx.work.WorkManager
import androidx.work.WorkerParameters
import app.entwine.EntwineClient
import app.entwine.EntwineException
import app.entwine.Reason
import app.entwine.android.open
import java.util.concurrent.TimeUnit
import kotlin.time.Duration.Companion.minutes

/** One exchange in the background. The app may have the same profile open meanwhile. */
class SyncWorker(context: Context, parameters: WorkerParameters) : CoroutineWorker(context, parameters) {
    override suspend fun doWork(): Result =
        try {
            // Android ends a worker after ten minutes; what is durable by the deadline is kept.
            val status = EntwineClient.open(applicationContext).use { it.syncOnce(5.minutes) }
            if (status.reason == Reason.OFFLINE || status.reason == Reason.NOT_SENT) Result.retry() else Result.success()
        } catch (_: EntwineException.TryLater) {
            Result.retry()
        } catch (_: EntwineException) {
            // Nobody can be asked here: the app meets the same when it is opened, and says it then.
            Result.failure()
        }

    companion object {
        private val connected = Constraints.Builder().setRequiredNetworkType(NetworkType.CONNECTED).build()

        /** Every quarter of an hour, which is as often as Android does it, while there is a network. Call it when the app starts. */
        fun enqueuePeriodically(context: Context) {
            val request = PeriodicWorkRequestBuilder<SyncWorker>(15, TimeUnit.MINUTES).setConstraints(connected).build()
            WorkManager.getInstance(context).enqueueUniquePeriodicWork("sync", ExistingPeriodicWorkPolicy.KEEP, request)
        }

        /** As soon as there is a network. What is asked while one is at work comes after it, for that one may have begun before. */
        fun enqueueOnce(context: Context) {
            val request = OneTimeWorkRequestBuilder<SyncWorker>().setConstraints(connected).build()
            WorkManager.getInstance(context).enqueueUniqueWork("sync now", ExistingWorkPolicy.APPEND_OR_REPLACE, request)
        }
    }
}
