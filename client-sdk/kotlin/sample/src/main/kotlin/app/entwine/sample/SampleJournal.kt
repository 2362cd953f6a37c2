package app.entwine.sample

import app.entwine.EntryId
import app.entwine.EntwineClient
import app.entwine.EntwineException
import app.entwine.Event
import app.entwine.entry
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import java.nio.file.Path
import java.time.YearMonth
import java.time.format.DateTimeFormatter
import kotlin.system.exitProcess
import kotlin.time.Duration.Companion.seconds

private const val HELP = """
  create RELAY TOKEN   found a space on a relay, which printed the token when it was started
  invite               make a link for your partner
  join LINK            join by your partner's link
  write WORDS          write an entry
  private WORDS        write one for your own devices alone
  add ID WORDS         add words to an entry, also to your partner's
  list                 show this month and those before it, the newest first
  words                show the six words that your partner sees too
  sync                 exchange with the relay now
  status               say whether everything is where it should be
  quit
"""

/** A journal in a terminal. What happens elsewhere is told while it waits for the next line. */
public fun main(arguments: Array<String>) {
    if (arguments.size != 2) {
        System.err.println("usage: SampleJournal FOLDER NAME      (a phone is a folder; the name is yours)")
        exitProcess(2)
    }
    val (folder, name) = arguments
    try {
        runBlocking { EntwineClient.open(Path.of(folder), name).use { run(it) } }
    } catch (refusal: EntwineException) {
        System.err.println(refusal.message)
        exitProcess(1)
    }
}

private suspend fun run(client: EntwineClient) = coroutineScope {
    println("This is the phone of ${client.personName}. `help` lists what you can type.")
    val events = launch { client.events.collect { tell(client, it) } }
    while (true) {
        val line = withContext(Dispatchers.IO) { readlnOrNull() }?.trim() ?: break
        if (line == "quit") break
        try {
            obey(client, line.substringBefore(' '), line.substringAfter(' ', "").trim())
        } catch (refusal: EntwineException) {
            println("! ${refusal.message}")
        }
    }
    events.cancelAndJoin()
}

/** What came from elsewhere; one's own words are known already, and told like any others. */
private suspend fun tell(client: EntwineClient, event: Event) {
    val entry = event.entry
    when {
        entry != null -> client.journal.read(entry).let { println("~ ${it.author}: ${it.text}") }
        event is Event.Status -> println(if (event.status.inSync) "~ in sync" else "~ ${event.status.remedy}")
        event is Event.DeviceAdded -> println(if (event.own) "~ a device of yours came in" else "~ your partner is here")
    }
}

private suspend fun obey(client: EntwineClient, verb: String, rest: String) {
    when (verb) {
        "" -> {}
        "create" -> {
            val space = client.membership.create(rest.substringBefore(' '), rest.substringAfter(' ', "").ifBlank { null })
            println("founded $space")
        }
        "invite" -> println(client.membership.invitePartner().link)
        "join" -> println("joined: compare the words ${client.membership.join(rest).safetyWords.joinToString(" ")}")
        "write" -> println("wrote ${client.journal.write(rest)}")
        "private" -> println("wrote ${client.journal.write(rest, private = true)}")
        "add" -> client.journal.append(EntryId(rest.substringBefore(' ')), " " + rest.substringAfter(' ', ""))
        "words" -> println(client.membership.safetyWords().joinToString(" "))
        "sync" -> println(client.syncOnce(30.seconds).remedy ?: "in sync")
        "status" -> println(client.status().remedy ?: "in sync")
        "list" -> for (month in client.journal.months()) list(client, month)
        "help" -> print(HELP.trimStart('\n'))
        else -> println("! there is no `$verb` here: `help` lists what you can type")
    }
}

private suspend fun list(client: EntwineClient, month: YearMonth) {
    for (entry in client.journal.list(month)) {
        val day = entry.writtenAt.format(DateTimeFormatter.ISO_LOCAL_DATE)
        val mark = if (entry.private) " (private)" else ""
        println("$day ${entry.id} ${entry.author}$mark: ${client.journal.read(entry.id).text}")
    }
}
