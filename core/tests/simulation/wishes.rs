//! Which records does a device append? What its owner wants, after what the chain needs by itself.

use std::collections::{BTreeSet, VecDeque};

use entwine_core::feed::Clock;
use entwine_core::id::{Hash, KeyholderId};
use entwine_core::keyholder::SecretKeys;
use entwine_core::keyholder::invitation::InvitationKind;
use entwine_core::membership::{Body, KeyRing, MembershipChain, Record};
use entwine_core::time::Timestamp;

use rand::RngExt as _;

use super::Tools;
use super::hostile::rotate_faultily;

/// What somebody wants of the membership.
#[derive(Clone)]
pub(crate) enum Wish {
    Invite(Box<SecretKeys>, InvitationKind, Timestamp),
    Phrase(Box<SecretKeys>),
    /// A device, a phrase or an invitation of one's own.
    Remove(KeyholderId),
    /// An opening after which somebody cannot read: the next is to mend it.
    Mend(Hash),
    /// All of one's own.
    Leave,
}

impl Wish {
    pub(crate) fn is_fulfilled(&self, chain: &MembershipChain) -> bool {
        match self {
            Self::Invite(keys, ..) | Self::Phrase(keys) => chain.keyholder(&keys.id()).is_some(),
            Self::Remove(id) => chain.member(id).is_none(),
            Self::Mend(opening) => chain.openings().last().is_some_and(|last| last.hash() != *opening),
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
        let opening = open_epoch(&chain, keys, &ring(learned), tools);
        chain.append_record(opening.clone()).expect("the next record");
        records.push(opening);
    }
    if wishes.iter().any(|wish| matches!(wish, Wish::Mend(_)) && !wish.is_fulfilled(&chain)) {
        let mending = mend(&mut chain, keys, &ring(learned), now, tools);
        records.extend(mending);
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

/// The record that opens the next epoch: of a faulty version, with a faulty seal.
fn open_epoch(chain: &MembershipChain, keys: &SecretKeys, ring: &KeyRing, tools: &mut Tools) -> Record {
    let is_faulty = tools.rng.random_bool(tools.faulty_openings);
    let faulty = is_faulty.then(|| rotate_faultily(chain, keys, ring, tools)).flatten();
    faulty.unwrap_or_else(|| chain.rotate(&mut tools.rng, keys, ring).expect("a member rotates"))
}

/// A new epoch: at once where the rules grant it, else after one that is closed by an invitation to nobody.
fn mend(
    chain: &mut MembershipChain,
    keys: &SecretKeys,
    ring: &KeyRing,
    now: Timestamp,
    tools: &mut Tools,
) -> Vec<Record> {
    tools.counters.hit("membership: a new epoch is opened to mend the last");
    let opening = open_epoch(chain, keys, ring, tools);
    if let Ok(opening) = chain.append_record(opening) {
        return vec![opening.clone()];
    }
    let nobody = SecretKeys::make_random(&mut tools.rng);
    let Ok(invitation) = chain.invite(&mut tools.rng, keys, ring, &nobody, (InvitationKind::Device, now)) else {
        return Vec::new();
    };
    let mut records = vec![invitation];
    if chain.append_record(records[0].clone()).is_err() {
        return Vec::new();
    }
    records.push(chain.remove(keys, [nobody.id()], &Clock::new()).expect("its own"));
    chain.append_record(records[1].clone()).expect("the next record");
    records.push(open_epoch(chain, keys, ring, tools));
    chain.append_record(records[2].clone()).expect("the next record");
    records
}
