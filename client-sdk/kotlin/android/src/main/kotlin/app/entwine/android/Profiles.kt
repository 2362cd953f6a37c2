package app.entwine.android

import android.content.Context
import app.entwine.EntwineClient
import java.io.File
import java.nio.file.Path

/**
 * The folder for a profile, in a place that no backup takes: brought back without its keys, a profile opens nothing, and an old one
 * brought back beside the phone's own would be the same device twice.
 *
 * @param profile as in [KeystoreKeyStore]
 */
public fun profileFolder(context: Context, profile: String = "profile"): Path =
    File(context.noBackupFilesDir, "entwine/$profile").toPath()

/** Opens the app's profile, or makes it where there is none and the person's [name] is given: with keys in the Keystore. */
public suspend fun EntwineClient.Companion.open(context: Context, name: String? = null, profile: String = "profile"): EntwineClient =
    open(
        folder = profileFolder(context, profile),
        name = name,
        keyStore = KeystoreKeyStore(context, profile),
        network = ConnectivityNetworkMonitor(context),
    )
