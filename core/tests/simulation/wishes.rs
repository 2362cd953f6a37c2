//! Which records does a device append? What its owner wants, after what the chain needs by itself.

use std::collections::{BTreeSet, VecDeque};

use entwine_core::feed::Clock;
use entwine_core::id::KeyholderId;
use entwine_core::keyholder::SecretKeys;
use entwine_core::keyholder::invitation::InvitationKind;
use entwine_core::membership::{Body, KeyRing, MembershipChain, Record};
use entwine_core::time::Timestamp;

use super::Tools;

/// What somebody wants of the membership.
#[derive(Clone)]
pub(crate) enum Wish {
    Invite(Box<SecretKeys>, InvitationKind, Timestamp),
    Phrase(Box<SecretKeys>),
    /// A device, a phrase or an invitation of one's own.
    Remove(KeyholderId),
    /// All of one's own.
    Leave,
}

impl Wish {
    pub(crate) fn is_fulfilled(&self, chain: &MembershipChain) -> bool {
        match self {
            Self::Invite(keys, ..) | Self::Phrase(keys) => chain.keyholder(&keys.id()).is_some(),
            Self::Remove(id) => chain.member(id).is_none(),
            Self::Leave => false,
        }
    }
}

/// The records that the chain needs now: expired invitations of one's own end before anything else, then what was wanted, and a
/// new epoch wherever none is open. A wish that the rules do not grant is dropped.
pub(crate) fn propose(
    keys: &SecretKeys,
    learned: &MembershipChain,
    clock: &Clock,
    (now, spared): (Timestamp, &BTreeSet<KeyholderId>),
    wishes: &mut VecDeque<Wish>,
    ring: &dyn Fn(&MembershipChain) -> KeyRing,
    tools: &mut Tools,
) -> Vec<Record> {
    let Some(me) = learned.member(&keys.id()) else { return Vec::new() };
    let mut chain = learned.clone();
    let mut records: Vec<Record> = Vec::new();
    let leaves = wishes.iter().any(|wish| matches!(wish, Wish::Leave));
    let wanted = |id: &KeyholderId| wishes.iter().any(|wish| matches!(wish, Wish::Remove(gone) if gone == id));
    let is_over = |expires: Option<Timestamp>| expires.is_some_and(|expires| expires < now);
    let own = learned.current_of(&me.person);
    let ending: Vec<KeyholderId> = own
        .filter(|k| leaves || wanted(&k.id) || (is_over(k.expires) && !spared.contains(&k.id)))
        .map(|k| k.id)
        .collect();
    if !ending.is_empty() {
        if ending.iter().any(|id| !wanted(id)) && !leaves {
            tools.counters.hit("membership: an expired invitation is removed by its inviter");
        }
        let removal = chain.remove(keys, ending, clock).expect("a device removes what is its person's");
        chain.append_record(removal.clone()).expect("the next record");
        records.push(removal);
    }
    if chain.member(&keys.id()).is_none() {
        // Whoever leaves never picks the next key.
        return records;
    }
    if chain.open_epoch().is_none() {
        let closing = chain.records().iter().rev().find(|r| matches!(r.body(), Body::Accept(_) | Body::Remove(_)));
        let is_mine = closing.is_some_and(|record| record.author() == keys.id());
        tools.counters.hit(match is_mine {
            true => "membership: an epoch is opened by who closed it",
            false => "membership: an epoch is opened by another who sees it closed",
        });
        let opening = chain.rotate(&mut tools.rng, keys, &ring(learned)).expect("a member rotates");
        chain.append_record(opening.clone()).expect("the next record");
        records.push(opening);
    }
    wishes.retain(|wish| {
        let addition = match wish {
            Wish::Invite(invitation, kind, expires) if chain.keyholder(&invitation.id()).is_none() => {
                chain.invite(&mut tools.rng, keys, &ring(&chain), invitation, (*kind, *expires))
            }
            Wish::Phrase(phrase) if chain.keyholder(&phrase.id()).is_none() => {
                chain.add_phrase(&mut tools.rng, keys, &ring(&chain), phrase)
            }
            _ => return true,
        };
        match addition.and_then(|record| chain.append_record(record).cloned()) {
            Ok(record) => {
                records.push(record);
                true
            }
            Err(_) => false,
        }
    });
    records
}
