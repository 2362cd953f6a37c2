package app.entwine

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.time.Instant

internal class PairingTest : Story() {
    @Test
    fun `two phones of this language and one in a terminal pair, write apart and come to the same`() = tell {
        val relay = relay()
        val (ada, noor) = phone("Ada") to terminal("Noor")
        assertEquals(Reason.NO_SPACE, ada.status().reason)
        val space = ada.membership.create(relay.url, relay.token)
        assertEquals(space, ada.status().space)

        val invitation = ada.membership.invitePartner()
        assertEquals(InvitationKind.PARTNER, invitation.kind)
        assertTrue(invitation.expiresAt > Instant.now())
        assertEquals(listOf(invitation.id), ada.membership.invitations().map { it.id })
        noor.run("init", "--name", "Noor")
        noor.run("join", invitation.link)
        assertSynced(ada)
        assertTrue(ada.membership.hasPartner())
        val words = ada.membership.safetyWords()
        assertEquals(6, words.size)
        assertTrue(words.all { noor.run("safety-words").contains(it) })

        // Ada's next phone is of this language too.
        val tablet = phone("tablet", "Ada")
        val joined = tablet.membership.join(ada.membership.inviteDevice().link, InvitationKind.DEVICE)
        assertSynced(ada)
        assertEquals(joined.safetyWords, ada.membership.newKeyholders().single().safetyWords)
        assertTrue(ada.membership.newKeyholders().isEmpty(), "each is told once")

        // All three write with no relay there.
        relay.kill()
        val byAda = ada.journal.write("We walked to the lake.", title = "First snow", tags = listOf("winter"))
        ada.journal.write("Only for me.", private = true)
        val byTablet = tablet.journal.write("Warm socks.")
        val byNoor = noor.field("id", "write", "--title", "From a train", "--text", "Hills.")
        assertEquals(Reason.OFFLINE, ada.syncOnce(LONG).reason)
        relay.start()
        meet(ada, tablet)
        noor.run("sync")
        meet(ada, tablet)

        assertEquals("Hills.", ada.journal.read(EntryId(byNoor)).text)
        assertEquals("Noor", tablet.journal.read(EntryId(byNoor)).author)
        assertEquals("Warm socks.", noor.field("text", "read", byTablet.value))
        assertEquals("We walked to the lake.", noor.field("text", "read", byAda.value))
        assertEquals(4, tablet.journal.list().size, "the private one too")
        assertFalse(noor.run("list").contains("Only for me"))
    }

    @Test
    fun `a device that was removed is told so, reads on, and writes nothing more`() = tell {
        val relay = relay()
        val (ada, _) = couple(relay)
        val tablet = phone("tablet", "Ada")
        tablet.membership.join(ada.membership.inviteDevice().link, InvitationKind.DEVICE)
        val entry = tablet.journal.write("Before.")
        meet(tablet, ada)
        refused<EntwineException.FixInput> { ada.membership.removeDevice(ada.id) }
        ada.membership.removeDevice(tablet.id)
        assertEquals(Reason.REMOVED, tablet.syncOnce(LONG).reason)
        refused<EntwineException.ShowReadOnly> { tablet.journal.write("After.") }
        assertEquals("Before.", tablet.journal.read(entry).text)
        assertEquals(listOf("Before."), ada.journal.list().map { ada.journal.read(it.id).text })
    }

    @Test
    fun `who lost every phone comes back by the words of a phrase`() = tell {
        val relay = relay()
        val (ada, noor) = couple(relay)
        assertFalse(ada.recovery.isCovered())
        val words = ada.recovery.makePhrase()
        assertEquals(24, words.size)
        ada.recovery.confirmPhrase()
        assertTrue(ada.recovery.isCovered())
        val shared = ada.journal.write("For both.")
        val private = ada.journal.write("For me.", private = true)
        meet(ada, noor)
        ada.close()

        val again = phone("Ada's next", "Ada")
        refused<EntwineException.FixInput> { again.recovery.recover(relay.url, "no such words") }
        assertEquals(2, again.recovery.recover(relay.url, words.joinToString(" ")).size)
        assertEquals("For both.", again.journal.read(shared).text)
        assertEquals("For me.", again.journal.read(private).text)
    }

    @Test
    fun `links that let nobody in are told apart from what is no link`() = tell {
        val relay = relay()
        val (ada, _) = couple(relay)
        val late = phone("late", "Eve")
        refused<EntwineException.FixInput> { late.membership.join("entwine://join#nothing") }
        val link = ada.membership.inviteDevice()
        refused<EntwineException.FixInput> { late.membership.join(link.link, InvitationKind.PARTNER) }
        ada.membership.revoke(link.id)
        refused<EntwineException.AskForLink> { late.membership.join(link.link, InvitationKind.DEVICE) }
        refused<EntwineException.FixInput> { ada.membership.revoke(link.id) }
        refused<EntwineException.RefreshState> { ada.membership.create(relay.url) }
    }

    @Test
    fun `whoever leaves reads on, and the other goes on alone`() = tell {
        val (ada, noor) = couple(relay())
        val entry = ada.journal.write("Ours.")
        meet(ada, noor)
        assertTrue(noor.membership.leave().isTold)
        refused<EntwineException.ShowReadOnly> { noor.journal.append(entry, " Mine.") }
        assertEquals("Ours.", noor.journal.read(entry).text)
        ada.journal.append(entry, " Still.")
        assertSynced(ada)
    }
}
