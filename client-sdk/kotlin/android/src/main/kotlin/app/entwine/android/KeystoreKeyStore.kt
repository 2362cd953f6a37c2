package app.entwine.android

import android.content.Context
import android.content.pm.PackageManager
import android.os.Build
import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyPermanentlyInvalidatedException
import android.security.keystore.KeyProperties
import app.entwine.KeyStore
import java.io.File
import java.security.ProviderException
import java.security.UnrecoverableKeyException
import javax.crypto.AEADBadTagException
import javax.crypto.Cipher
import javax.crypto.KeyGenerator
import javax.crypto.SecretKey
import javax.crypto.spec.GCMParameterSpec

/**
 * Keeps the keys of a profile in a file that no backup takes, wrapped with a key of Android's Keystore, in hardware of its own where
 * the phone has some. They are readable while the phone is locked, once it was unlocked since it started.
 *
 * Where the file is there and the key of the Keystore is not (the file was carried to another phone, or the Keystore was emptied),
 * opening the profile fails with [app.entwine.EntwineException.Recover]; no keys are made anew over it.
 *
 * @param profile a name of letters and digits, another one for each profile of the app
 */
public class KeystoreKeyStore(context: Context, profile: String = "profile") : KeyStore {
    private val secret: WrappedSecret

    init {
        require(profile.isNotEmpty() && profile.all { it.isLetterOrDigit() }) { "a name of letters and digits" }
        val hasStrongBox = Build.VERSION.SDK_INT >= Build.VERSION_CODES.P &&
            context.packageManager.hasSystemFeature(PackageManager.FEATURE_STRONGBOX_KEYSTORE)
        secret = WrappedSecret(File(context.noBackupFilesDir, "entwine/$profile.keys"), Keystore("app.entwine.$profile", hasStrongBox))
    }

    override fun load(): ByteArray? = secret.load()

    override fun create(secret: ByteArray): Unit = this.secret.create(secret)
}

/** A version, which the seal covers; then the nonce, which the Keystore chooses; then what is sealed. */
private const val VERSION: Byte = 1
private const val NONCE_LENGTH = 12
private const val TAG_BITS = 128
private const val PROVIDER = "AndroidKeyStore"
private const val CIPHER = "AES/GCM/NoPadding"

/** AES-256-GCM with a key that never leaves Android's Keystore. */
private class Keystore(private val alias: String, private val hasStrongBox: Boolean) : Wrapping {
    override fun wrap(secret: ByteArray): ByteArray {
        val key = key() ?: make()
        val cipher = Cipher.getInstance(CIPHER)
        cipher.init(Cipher.ENCRYPT_MODE, key)
        check(cipher.iv.size == NONCE_LENGTH) { "the Keystore chose a nonce of ${cipher.iv.size} bytes" }
        cipher.updateAAD(byteArrayOf(VERSION))
        return byteArrayOf(VERSION) + cipher.iv + cipher.doFinal(secret)
    }

    override fun unwrap(wrapped: ByteArray): ByteArray? {
        val head = 1 + NONCE_LENGTH
        if (wrapped.size < head || wrapped[0] != VERSION) return null
        return try {
            val cipher = Cipher.getInstance(CIPHER)
            cipher.init(Cipher.DECRYPT_MODE, key() ?: return null, GCMParameterSpec(TAG_BITS, wrapped, 1, NONCE_LENGTH))
            cipher.updateAAD(byteArrayOf(VERSION))
            cipher.doFinal(wrapped, head, wrapped.size - head)
        } catch (_: KeyPermanentlyInvalidatedException) {
            null
        } catch (_: AEADBadTagException) {
            null
        }
    }

    private fun key(): SecretKey? = try {
        java.security.KeyStore.getInstance(PROVIDER).apply { load(null) }.getKey(alias, null) as SecretKey?
    } catch (lost: UnrecoverableKeyException) {
        // Of a key that will never work again. A Keystore that does not answer throws the same, with the reason as its cause.
        if (lost.cause == null) null else throw lost
    }

    private fun make(): SecretKey = try {
        make(hasStrongBox)
    } catch (refused: ProviderException) {
        // StrongBoxUnavailableException, which old phones do not know.
        if (hasStrongBox) make(inStrongBox = false) else throw refused
    }

    private fun make(inStrongBox: Boolean): SecretKey {
        val wanted = KeyGenParameterSpec.Builder(alias, KeyProperties.PURPOSE_ENCRYPT or KeyProperties.PURPOSE_DECRYPT)
            .setBlockModes(KeyProperties.BLOCK_MODE_GCM)
            .setEncryptionPaddings(KeyProperties.ENCRYPTION_PADDING_NONE)
            .setKeySize(256)
            // Nobody unlocks a phone so that it may sync.
            .setUserAuthenticationRequired(false)
        if (inStrongBox && Build.VERSION.SDK_INT >= Build.VERSION_CODES.P) wanted.setIsStrongBoxBacked(true)
        val generator = KeyGenerator.getInstance(KeyProperties.KEY_ALGORITHM_AES, PROVIDER)
        generator.init(wanted.build())
        return generator.generateKey()
    }
}
