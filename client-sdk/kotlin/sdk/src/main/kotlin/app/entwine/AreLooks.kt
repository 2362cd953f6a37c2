package app.entwine

import java.util.Locale
import app.entwine.ffi.EntwineClient as Native

/**
 * The A.R.E. looks: can I reach you, can I rely on your answer, do I know you stay close. Each is a round of sealed answers, once a week
 * at most; a week is written as `2026-W48`, and none is this one.
 */
public class AreLooks internal constructor(client: Native) {
    private val native = call { client.areLooks() }

    /** The look of a [week], in the words of a [locale]. */
    public suspend fun read(week: String? = null, locale: Locale = Locale.getDefault()): SealedRound =
        awaiting { native.read(week, locale.toLanguageTag()).translated() }

    /** Answers the three questions of a [week]; an empty text passes one over. */
    public suspend fun answer(vararg texts: String, week: String? = null): RoundId =
        awaiting { RoundId(native.answer(week, texts.toList())) }

    /** The looks that this person has answered or passed over, the latest first. */
    public suspend fun list(locale: Locale = Locale.getDefault()): List<SealedRound> =
        awaiting { native.list(locale.toLanguageTag()).map { it.translated() } }
}
