package app.entwine

/**
 * One of a few things, which a word in the documents stands for. A word that only a newer version knows is read as `LATER`, which
 * each of them has; nobody chooses that one: a call that is given it throws [EntwineException.FixInput].
 */
public interface Choice {
    /** The word. */
    public val word: String
}

internal inline fun <reified C> chosen(word: String): C where C : Enum<C>, C : Choice =
    enumValues<C>().firstOrNull { it.word == word } ?: enumValueOf("LATER")

/** How somebody wants to be heard: to be seen before anybody answers. */
public enum class ListeningWish(override val word: String) : Choice {
    /** Hear me, and say no more than that you did. */
    JUST_LISTEN("just-listen"),

    /** Ask me, so that I get to the bottom of it. */
    ASK_ME("ask-me"),

    /** Think about it with me: advice is welcome. */
    THINK_WITH_ME("think-with-me"),

    /** What only a newer version knows. */
    LATER("later"),
}
