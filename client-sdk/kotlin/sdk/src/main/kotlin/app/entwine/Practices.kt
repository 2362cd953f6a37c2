package app.entwine

import app.entwine.ffi.EntwineClient as Native

/** How a practice stands with a couple. */
public enum class Standing(override val word: String) : Choice {
    /** Somebody wants it, and nobody lets it rest. */
    IN_USE("in-use"),

    /** Somebody lets it rest. Who of the two is not told. */
    AT_REST("at-rest"),

    /** Nobody has asked for it. */
    OUT_OF_SIGHT("out-of-sight"),

    /** What only a newer version knows. */
    LATER("later"),
}

/** What somebody wants of a practice. */
public enum class Wanted(override val word: String) : Choice {
    /** To use it. */
    USE("use"),

    /** To let it rest. */
    REST("rest"),

    /** What only a newer version knows. */
    LATER("later"),
}

/** A practice, and how it stands with the couple. */
public data class Practice(
    /** What it is called: `journal`, `check-in`, … */
    val name: String,
    val standing: Standing,
    /** What this person wants. */
    val wanted: Wanted?,
)

/** Which practices a couple uses: one or two to begin with, and the rest stays out of sight until it is wanted. */
public class Practices internal constructor(client: Native) {
    private val native = call { client.practices() }

    /** All of them. One is in use if somebody wants it and nobody lets it rest. */
    public suspend fun list(): List<Practice> =
        awaiting { native.list().map { Practice(it.name, chosen(it.standing), it.wanted?.let { word -> chosen(word) }) } }

    /** Chooses for oneself what is wanted of a practice. */
    public suspend fun choose(name: String, wanted: Wanted): Unit = awaiting { native.choose(name, wanted.word) }
}

/** The name of the practice that an event is about; none for an event about anything else. */
public val Event.practice: String?
    get() = about("practice") { it }
