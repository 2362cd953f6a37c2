package app.entwine

import java.time.Instant
import app.entwine.ffi.EntwineClient as Native
import app.entwine.ffi.InvitationKind as NativeInvitationKind
import app.entwine.ffi.KeyholderKind as NativeKeyholderKind

/** Whom an invitation lets in. */
public enum class InvitationKind {
    /** The partner. */
    PARTNER,

    /** One's own next device. */
    DEVICE,
}

/** What has keys. */
public enum class KeyholderKind {
    /** A phone, or a computer. */
    DEVICE,

    /** A link for the partner. */
    PARTNER_INVITATION,

    /** A link for one's own next device. */
    DEVICE_INVITATION,

    /** Twenty-four words on paper. */
    RECOVERY_PHRASE,
}

/** An invitation as it was made. Whoever has the [link] is let in, once, until [expiresAt]; it is shown this once. */
public class Invitation(
    public val id: KeyholderId,
    public val link: String,
    public val kind: InvitationKind,
    public val expiresAt: Instant,
)

/** An invitation that nobody has taken up yet. */
public data class OpenInvitation(val id: KeyholderId, val kind: InvitationKind, val expiresAt: Instant)

/** What joining came to. Where the [safetyWords] differ from those on the inviter's phone, somebody is in the middle. */
public data class Joined(val space: SpaceId, val kind: InvitationKind, val safetyWords: List<String>)

/** What leaving came to. Where the relay is not told yet, it is at the next exchange. */
public data class Left(val space: SpaceId, val isTold: Boolean)

/** What founding anew came to: the new shared space, and the one that is an archive now. */
public data class FoundedAnew(val space: SpaceId, val archived: SpaceId)

/** A keyholder, as its person sees it; of the partner's only that it is there, so without a [kind]. */
public data class Keyholder(val id: KeyholderId, val kind: KeyholderKind?, val isOwn: Boolean, val isThis: Boolean)

/** An own device or phrase that was added since this device last looked. A new device shows the same [safetyWords]. */
public data class NewKeyholder(val id: KeyholderId, val kind: KeyholderKind, val safetyWords: List<String>)

/** Two people and their phones. What changes who belongs to the space needs the relay. */
public class Membership internal constructor(private val native: Native) {
    /**
     * Founds the shared space and one's own private one, and brings both to a [relay], an address such as
     * `https://relay.example.org`. Where it refuses or does not answer, both stay, and calling this again goes on with them.
     */
    public suspend fun create(relay: String, token: String? = null): SpaceId = awaiting { SpaceId(native.create(relay, token)) }

    /** Makes a link for the partner, for one use. */
    public suspend fun invitePartner(): Invitation = awaiting { native.invitePartner().translated() }

    /** Makes a link for one's own next device, for one use. Whoever has it becomes its person. */
    public suspend fun inviteDevice(): Invitation = awaiting { native.inviteDevice().translated() }

    /** The invitations of this person that nobody has taken up yet, as far as this device knows. */
    public suspend fun invitations(): List<OpenInvitation> = awaiting {
        native.invitations().map { OpenInvitation(KeyholderId(it.id), it.kind.translated(), it.expiresAt) }
    }

    /** Ends an invitation. */
    public suspend fun revoke(id: KeyholderId): Unit = awaiting { native.revoke(id.value) }

    /**
     * Joins by a link of the expected kind. After a cut, calling it again with the same link goes on; so does a sync. With
     * [bringCopy], what the spaces in use hold is copied into a space that the partner has founded anew.
     */
    public suspend fun join(
        link: String,
        expect: InvitationKind = InvitationKind.PARTNER,
        bringCopy: Boolean = false,
    ): Joined = awaiting {
        val joined = native.join(link, expect.native(), bringCopy)
        Joined(SpaceId(joined.space), joined.kind.translated(), joined.safetyWords)
    }

    /** The six words that both people's phones show: the same on both, or somebody is in the middle. */
    public suspend fun safetyWords(): List<String> = awaiting { native.safetyWords() }

    /** Whether the partner has joined, as far as this device knows. */
    public suspend fun hasPartner(): Boolean = awaiting { native.hasPartner() }

    /** All devices, and one's own phrase and links. */
    public suspend fun devices(): List<Keyholder> = awaiting {
        native.devices().map { Keyholder(KeyholderId(it.id), it.kind?.translated(), it.isOwn, it.isThis) }
    }

    /** The own devices and phrases that were added since this was last asked: each is told once, and should be shown. */
    public suspend fun newKeyholders(): List<NewKeyholder> = awaiting {
        native.newKeyholders().map { NewKeyholder(KeyholderId(it.id), it.kind.translated(), it.safetyWords) }
    }

    /** Removes an own device, or the phrase. */
    public suspend fun removeDevice(id: KeyholderId): Unit = awaiting { native.removeDevice(id.value) }

    /** Leaves the shared space, alone and at once, with all devices: they read on what they have. */
    public suspend fun leave(): Left = awaiting { native.leave().let { Left(SpaceId(it.space), it.isTold) } }

    /** Founds shared and private space anew, with a copy of everything that the last ones held, on their relay or another. */
    public suspend fun foundAnew(relay: String? = null, token: String? = null): FoundedAnew = awaiting {
        native.foundAnew(relay, token).let { FoundedAnew(SpaceId(it.space), SpaceId(it.archived)) }
    }
}

/** Twenty-four words on paper, for whoever loses every device. */
public class Recovery internal constructor(private val native: Native) {
    /**
     * Makes a recovery phrase, to be shown this once and written down. It counts once it is confirmed; until then an older one
     * stays good, and calling this again shows the same words.
     */
    public suspend fun makePhrase(): List<String> = awaiting { native.makePhrase() }

    /** Says that the words were written down: older phrases end. */
    public suspend fun confirmPhrase(): Unit = awaiting { native.confirmPhrase() }

    /** Whether a phrase would bring everything back. */
    public suspend fun isCovered(): Boolean = awaiting { native.isCoveredByPhrase() }

    /** Comes back by the words of a phrase, into a profile that has no space yet. The spaces that came back. */
    public suspend fun recover(relay: String, words: String): List<SpaceId> =
        awaiting { native.recover(relay, words).map(::SpaceId) }
}

private fun app.entwine.ffi.Invitation.translated() = Invitation(KeyholderId(id), link, kind.translated(), expiresAt)

private fun NativeInvitationKind.translated() = when (this) {
    NativeInvitationKind.PARTNER -> InvitationKind.PARTNER
    NativeInvitationKind.DEVICE -> InvitationKind.DEVICE
}

private fun InvitationKind.native() = when (this) {
    InvitationKind.PARTNER -> NativeInvitationKind.PARTNER
    InvitationKind.DEVICE -> NativeInvitationKind.DEVICE
}

private fun NativeKeyholderKind.translated() = when (this) {
    NativeKeyholderKind.DEVICE -> KeyholderKind.DEVICE
    NativeKeyholderKind.PARTNER_INVITATION -> KeyholderKind.PARTNER_INVITATION
    NativeKeyholderKind.DEVICE_INVITATION -> KeyholderKind.DEVICE_INVITATION
    NativeKeyholderKind.RECOVERY_PHRASE -> KeyholderKind.RECOVERY_PHRASE
}
