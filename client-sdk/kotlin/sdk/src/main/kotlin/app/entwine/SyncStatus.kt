package app.entwine

import app.entwine.ffi.Durability as NativeDurability
import app.entwine.ffi.Reason as NativeReason
import app.entwine.ffi.SyncStatus as NativeStatus

/** Where a device stands, over its shared and its private space. */
public data class SyncStatus(
    /** The shared space, if there is one. */
    val space: SpaceId?,
    /** The last exchange found everything on both sides, nothing was written since, everything is opened. */
    val inSync: Boolean,
    /** Why not; none when in sync. */
    val reason: Reason?,
    /** What to do about it, and what was seen, in words for people. */
    val remedy: String?,
    /** Changes that no entry carries yet, and entries that the relay was not seen to hold. */
    val waitingUp: Long,
    /** Entries that the relay holds and this device does not. */
    val waitingDown: Long,
    /** Entries that cannot be opened. */
    val setAside: Long,
)

/** Why a device is not in sync. */
public enum class Reason {
    /** There is no space yet. */
    NO_SPACE,

    /** Something was written since the last exchange, or there was none yet. */
    NOT_SENT,

    /** The relay did not answer, or not with a message. */
    OFFLINE,

    /** The relay said no. */
    REFUSED,

    /** The relay does not know the space and wants a registration token. */
    REGISTRATION_NEEDED,

    /** This device was removed. */
    REMOVED,

    /** This person left. */
    LEFT,

    /** Something came that opens only with a key that is not here yet. */
    KEY_MISSING,

    /** The relay does not hold what it once had, and does not take it. */
    RELAY_BEHIND,

    /** The relay follows another branch of the membership chain. */
    CHAINS_DIFFER,

    /** This device's disk is full. */
    DISK_FULL,

    /** The space uses what this version does not know. */
    APP_TOO_OLD,

    /** The space uses what this version does not do yet. */
    NOT_SUPPORTED_YET,
}

/** How far something written here has come. Each level is more than the one before it. */
public enum class Durability {
    /** On this device, on its disk. */
    LOCAL,

    /** On the relay, on its disk. */
    RELAY,

    /** A device of the partner held it when it wrote something itself. */
    PARTNER,
}

internal fun NativeStatus.translated() = SyncStatus(
    space = space?.let(::SpaceId),
    inSync = inSync,
    reason = reason?.translated(),
    remedy = remedy,
    waitingUp = waitingUp.toLong(),
    waitingDown = waitingDown.toLong(),
    setAside = setAside.toLong(),
)

private fun NativeReason.translated() = when (this) {
    NativeReason.NO_SPACE -> Reason.NO_SPACE
    NativeReason.NOT_SENT -> Reason.NOT_SENT
    NativeReason.OFFLINE -> Reason.OFFLINE
    NativeReason.REFUSED -> Reason.REFUSED
    NativeReason.REGISTRATION_NEEDED -> Reason.REGISTRATION_NEEDED
    NativeReason.REMOVED -> Reason.REMOVED
    NativeReason.LEFT -> Reason.LEFT
    NativeReason.KEY_MISSING -> Reason.KEY_MISSING
    NativeReason.RELAY_BEHIND -> Reason.RELAY_BEHIND
    NativeReason.CHAINS_DIFFER -> Reason.CHAINS_DIFFER
    NativeReason.DISK_FULL -> Reason.DISK_FULL
    NativeReason.APP_TOO_OLD -> Reason.APP_TOO_OLD
    NativeReason.NOT_SUPPORTED_YET -> Reason.NOT_SUPPORTED_YET
}

internal fun NativeDurability.translated() = when (this) {
    NativeDurability.LOCAL -> Durability.LOCAL
    NativeDurability.RELAY -> Durability.RELAY
    NativeDurability.PARTNER -> Durability.PARTNER
}

internal fun Durability.native() = when (this) {
    Durability.LOCAL -> NativeDurability.LOCAL
    Durability.RELAY -> NativeDurability.RELAY
    Durability.PARTNER -> NativeDurability.PARTNER
}
