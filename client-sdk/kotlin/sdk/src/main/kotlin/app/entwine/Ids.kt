package app.entwine

/** Names what can be responded to: an entry, or a check-in. */
public sealed interface Respondable {
    /** The id as text. */
    public val value: String
}

/** Names a journal entry. */
@JvmInline
public value class EntryId(override val value: String) : Respondable {
    override fun toString(): String = value
}

/** Names a ritual. */
@JvmInline
public value class RitualId(public val value: String) {
    override fun toString(): String = value
}

/** Names a gratitude. */
@JvmInline
public value class GratitudeId(public val value: String) {
    override fun toString(): String = value
}

/** Names a response. */
@JvmInline
public value class ResponseId(public val value: String) {
    override fun toString(): String = value
}

/** Names a check-in. */
@JvmInline
public value class CheckInId(override val value: String) : Respondable {
    override fun toString(): String = value
}

/** Names a note. */
@JvmInline
public value class NoteId(public val value: String) {
    override fun toString(): String = value
}

/** Names that somebody reaches out. */
@JvmInline
public value class ReachingOutId(public val value: String) {
    override fun toString(): String = value
}

/** Names how somebody turns towards it. */
@JvmInline
public value class TurningTowardsId(public val value: String) {
    override fun toString(): String = value
}

/** Names a time without screens. */
@JvmInline
public value class ScreenFreeId(public val value: String) {
    override fun toString(): String = value
}

/** Names a pause of a ritual. */
@JvmInline
public value class PauseId(public val value: String) {
    override fun toString(): String = value
}

/** Names a round of sealed answers. */
@JvmInline
public value class RoundId(public val value: String) {
    override fun toString(): String = value
}

/** Names a session of questions. */
@JvmInline
public value class SessionId(public val value: String) {
    override fun toString(): String = value
}

/** Names a space. */
@JvmInline
public value class SpaceId(public val value: String) {
    override fun toString(): String = value
}

/** Names a device, a recovery phrase or an invitation: whatever has keys. */
@JvmInline
public value class KeyholderId(public val value: String) {
    override fun toString(): String = value
}

/** Everything that was written on this device, in one space, by a moment. It may be kept beyond a restart. */
@JvmInline
public value class Written(public val value: String) {
    override fun toString(): String = value
}
