package app.entwine.android

import app.entwine.KeyStore
import java.io.File
import java.io.FileNotFoundException
import java.io.IOException
import java.io.RandomAccessFile
import java.nio.channels.FileChannel
import java.nio.file.Files
import java.nio.file.StandardCopyOption.ATOMIC_MOVE
import java.nio.file.StandardOpenOption.READ

/** Wraps a secret with a key that never leaves the phone. */
internal interface Wrapping {
    /** Wraps, with a key that is made where there is none. What it throws can be tried again. */
    fun wrap(secret: ByteArray): ByteArray

    /** What was wrapped; nothing where the key is gone for good, or is another one. What it throws can be tried again. */
    fun unwrap(wrapped: ByteArray): ByteArray?
}

/** Keeps a secret in a file, wrapped. */
internal class WrappedSecret(private val file: File, private val wrapping: Wrapping) : KeyStore {
    /**
     * A secret that is there and opens no more is given as an empty one, which the SDK knows for no keys: the profile is then to be
     * [recovered][app.entwine.EntwineException.Recover]. As none it would be made anew, over a profile of other keys.
     */
    override fun load(): ByteArray? {
        val wrapped = try {
            file.readBytes()
        } catch (missing: FileNotFoundException) {
            if (file.exists()) throw missing
            return null
        }
        return wrapping.unwrap(wrapped) ?: ByteArray(0)
    }

    override fun create(secret: ByteArray) = alone {
        if (file.exists()) throw IOException("there are keys already")
        val wrapped = wrapping.wrap(secret)
        // Some phones' Keystores fail: what does not open again is not kept.
        if (wrapping.unwrap(wrapped)?.contentEquals(secret) != true) throw IOException("the Keystore does not open what it sealed")
        // Whole under another name first: a kill must not leave half a secret under the name that counts. Android allows an app no
        // hard links, so what keeps the renaming from taking the place of other keys is that everybody comes here alone.
        val whole = File(file.path + ".new")
        RandomAccessFile(whole, "rw").use {
            it.setLength(0)
            it.write(wrapped)
            it.fd.sync()
        }
        Files.move(whole.toPath(), file.toPath(), ATOMIC_MOVE)
        // The file's name is durable only once its folder is.
        FileChannel.open(file.absoluteFile.parentFile!!.toPath(), READ).use { it.force(true) }
    }

    /** One thread of one process at a time. */
    private fun <T> alone(block: () -> T): T = synchronized(PROCESS) {
        Files.createDirectories(file.absoluteFile.parentFile!!.toPath())
        RandomAccessFile(File(file.path + ".lock"), "rw").use { lock ->
            // Closing the file lets go of it.
            lock.channel.lock()
            block()
        }
    }

    private companion object {
        /** A process may lock a file once only. */
        val PROCESS = Any()
    }
}
