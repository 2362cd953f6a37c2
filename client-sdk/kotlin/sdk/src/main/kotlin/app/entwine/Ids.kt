package app.entwine

/** Names a journal entry. */
@JvmInline
public value class EntryId(public val value: String) {
    override fun toString(): String = value
}

/** Names a ritual. */
@JvmInline
public value class RitualId(public val value: String) {
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
