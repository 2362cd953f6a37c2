//! Whom may a relay let into a space, or throw out? Nobody: whatever records it adds, with whatever keys it has got hold of.

use entwine_core::feed::{EntryHeader, EntryKind, Position, SentEntry};
use entwine_core::id::{Hash, PersonId, SpaceId};
use entwine_core::keyholder::{KeyholderKind, SecretKeys};
use entwine_core::membership::record::{Accept, Cut, Remove};
use entwine_core::membership::{Body, KeyRing, MembershipChain, Record, SpaceKind};
use entwine_core::wire::message::Response;
use entwine_tests::double::Trick;
use rand::SeedableRng as _;
use rand::rngs::ChaCha20Rng;

use super::lies::{changed_in_space, said};
use super::{Case, Stage, case};

const BEHIND: &[&str] = &["relay_behind"];

/// Adds a record to the shared chain in every answer, as if it stood there.
fn adds(stage: &Stage, record: impl Fn(&MembershipChain) -> Record + Send + 'static) -> Trick {
    let shared = shared(stage);
    let chain = stage.relay.chain(&shared);
    let record = record(&chain);
    changed_in_space(move |space, request, response| {
        if space == shared {
            add(&chain, &record, request.clock.chain_len, response);
        }
    })
}

fn add(chain: &MembershipChain, record: &Record, from: u32, response: &mut Response) {
    let records = chain.records().iter().skip(from as usize).map(|record| record.bytes().to_vec());
    response.records = records.chain([record.bytes().to_vec()]).collect();
    let clock = said(response);
    (clock.chain_len, clock.chain_head, clock.digest) = (chain.len() + 1, record.hash(), Hash::ZERO);
}

fn shared(stage: &Stage) -> SpaceId {
    entwine_tests::phone::text(&stage.ada.status(), "space").parse().unwrap()
}

/// The record by which `author` would add the stranger's keys as a device of Ada's, whatever the rules say.
fn addition(chain: &MembershipChain, author: &SecretKeys, added: &SecretKeys, person: PersonId) -> Record {
    let random = &mut ChaCha20Rng::seed_from_u64(1);
    // As a member of a chain in which that is allowed would write it; then signed anew for this one.
    let first = MembershipChain::create(random, author, person, SpaceKind::Shared);
    let own = MembershipChain::found(first.bytes()).unwrap();
    let made = own.add_device(random, author, &KeyRing::derive(&own, author), added).unwrap();
    let Body::Add(mut add) = made.body().clone() else { panic!("an addition adds") };
    add.offer = added.sign_offer(&chain.space(), &person, KeyholderKind::Device);
    Record::sign(author, chain.len(), chain.head(), Body::Add(add))
}

fn persons(stage: &Stage) -> [PersonId; 2] {
    let chain = stage.relay.chain(&shared(stage));
    [&stage.ada, &stage.noor].map(|phone| chain.keyholder(&phone.secret_keys().id()).unwrap().person)
}

pub(super) fn cases() -> Vec<Case> {
    vec![
        case("adds a device in the name of nobody", BEHIND, |stage| {
            let (keys, [ada, _]) = (stage.stranger.clone(), persons(stage));
            adds(stage, move |chain| addition(chain, &keys, &keys, ada))
        }),
        case("adds a device by a removed phone", BEHIND, |stage| {
            let (removed, stranger, [ada, _]) = (stage.removed.clone(), stage.stranger.clone(), persons(stage));
            adds(stage, move |chain| addition(chain, &removed, &stranger, ada))
        }),
        case("brings a removed phone back by the partner", BEHIND, |stage| {
            let (removed, noor, [_, person]) = (stage.removed.clone(), stage.noor.secret_keys(), persons(stage));
            adds(stage, move |chain| addition(chain, &noor, &removed, person))
        }),
        case("adds a device of Ada's by the partner", BEHIND, |stage| {
            let (noor, stranger, [ada, _]) = (stage.noor.secret_keys(), stage.stranger.clone(), persons(stage));
            adds(stage, move |chain| addition(chain, &noor, &stranger, ada))
        }),
        case("removes Ada by the partner", BEHIND, |stage| {
            let (noor, ada) = (stage.noor.secret_keys(), stage.ada.secret_keys().id());
            adds(stage, move |chain| {
                let cuts = vec![Cut { keyholder: ada, tips: Vec::new() }];
                Record::sign(&noor, chain.len(), chain.head(), Body::Remove(Remove { cuts }))
            })
        }),
        case("lets a third person in by keys that were never invited", BEHIND, |stage| {
            let stranger = stage.stranger.clone();
            adds(stage, move |chain| {
                let person = PersonId::from_bytes([7; 16]);
                let offer = stranger.sign_offer(&chain.space(), &person, KeyholderKind::Device);
                let accept = Accept { person, device: *stranger.public(), offer };
                Record::sign(&stranger, chain.len(), chain.head(), Body::Accept(accept))
            })
        }),
        case("closes the epoch by a removed phone", BEHIND, |stage| {
            let removed = stage.removed.clone();
            adds(stage, move |chain| {
                let cuts = vec![Cut { keyholder: removed.id(), tips: Vec::new() }];
                Record::sign(&removed, chain.len(), chain.head(), Body::Remove(Remove { cuts }))
            })
        }),
        case("shows the chain of another space", &["relay_behind", "chains_differ"], |stage| {
            let stranger = stage.stranger.clone();
            let random = &mut ChaCha20Rng::seed_from_u64(2);
            let first = MembershipChain::create(random, &stranger, PersonId::from_bytes([8; 16]), SpaceKind::Shared);
            changed_in_space(move |_, _, response| {
                response.records = vec![first.bytes().to_vec()];
                let clock = said(response);
                (clock.chain_len, clock.chain_head) = (1, first.hash());
            })
        }),
        case("brings an entry of a removed phone, written after its end", BEHIND, |stage| {
            forged_entry(stage, stage.removed.clone())
        }),
        case("brings an entry of somebody who never was in the space", BEHIND, |stage| {
            forged_entry(stage, stage.stranger.clone())
        }),
    ]
}

/// An entry in the feed of a removed phone at the newest position, signed by these keys.
fn forged_entry(stage: &Stage, keys: SecretKeys) -> Trick {
    let shared = shared(stage);
    let chain = stage.relay.chain(&shared);
    let feed = chain.keyholder(&stage.removed.id()).unwrap();
    let header = EntryHeader {
        space: shared,
        feed: feed.id,
        seq: 1,
        previous: Hash::ZERO,
        position: Position { index: chain.len() - 1, hash: chain.head() },
        kind: EntryKind::CHANGES,
        critical: true,
    };
    let entry = header.sign(&keys, vec![7; 200]).into_stored();
    let sent = SentEntry {
        feed: feed.number,
        seq: 1,
        previous: None,
        position: entry.position,
        kind: entry.kind,
        critical: true,
        sealed: entry.sealed,
        signature: entry.signature,
    };
    changed_in_space(move |space, _, response| {
        if space == shared {
            response.entries.push(sent.clone());
            said(response).digest = Hash::ZERO;
        }
    })
}
