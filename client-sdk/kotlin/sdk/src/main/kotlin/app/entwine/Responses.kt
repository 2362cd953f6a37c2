package app.entwine

import java.time.OffsetDateTime
import app.entwine.ffi.EntwineClient as Native
import app.entwine.ffi.Response as NativeResponse

/** What a response does. There is no like to count. */
public enum class ResponseKind(override val word: String) : Choice {
    /** I hear you. Needs no words. */
    HEARD("heard"),

    /** What I hear is … */
    REFLECT("reflect"),

    /** Something to ask. */
    QUESTION("question"),

    /** Thank you for telling me. Needs no words. */
    THANKS("thanks"),

    /** It makes sense that you feel so. */
    VALIDATE("validate"),

    /** What only a newer version knows. */
    LATER("later"),
}

/** A response to an entry or a check-in. */
public data class Response(
    val id: ResponseId,
    /** Names the entry or the check-in. */
    val to: String,
    val kind: ResponseKind,
    /** The words; may be empty. */
    val text: String,
    /** The name of who wrote it. */
    val author: String,
    /** When, with the offset of where it was written. */
    val writtenAt: OffsetDateTime,
    /** Whether only one's own devices have it, as with what it responds to. */
    val private: Boolean,
)

/** What was said to an entry or a check-in. There is no number of anything in it. */
public data class ResponseList(
    /** How its writer wants to be heard: show it before anybody answers. */
    val wish: ListeningWish?,
    /** In the order in which they were written. */
    val responses: List<Response>,
)

/** The responses: "I hear you", "what I hear is …", a question, thanks. */
public class Responses internal constructor(client: Native) {
    private val native = call { client.responses() }

    /** Responds to an entry or a check-in. */
    public suspend fun add(to: Respondable, kind: ResponseKind, text: String = ""): ResponseId =
        awaiting { ResponseId(native.add(to.value, kind.word, text)) }

    /** What was said to an entry or a check-in. */
    public suspend fun list(to: Respondable): ResponseList = awaiting {
        val list = native.list(to.value)
        ResponseList(list.wish?.let { chosen(it) }, list.responses.map { it.translated() })
    }

    /** One of them, also where it lies in the trash. */
    public suspend fun read(id: ResponseId): Response = awaiting { native.read(id.value).translated() }

    /** Puts one's own into the trash. */
    public suspend fun delete(id: ResponseId): Unit = awaiting { native.delete(id.value) }

    /** Takes one out of the trash. */
    public suspend fun restore(id: ResponseId): Unit = awaiting { native.restore(id.value) }
}

/** The response that an event is about; none for an event about anything else. */
public val Event.response: ResponseId?
    get() = about("response", ::ResponseId)

private fun NativeResponse.translated() =
    Response(ResponseId(id), to, chosen(kind), text, author, readMoment(writtenAt), `private`)
