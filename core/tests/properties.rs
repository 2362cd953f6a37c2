//! What holds whatever happens? Random histories of chains, clocks and stores; a failing one is printed with its seed.

#[path = "support/world.rs"]
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use entwine_core::feed::clock::{SentClock, SentTip, digest};
use entwine_core::feed::{Clock, FeedTree, Tip};
use entwine_core::id::{Hash, KeyholderId, PersonId};
use entwine_core::keyholder::SecretKeys;
use entwine_core::keyholder::invitation::InvitationKind;
use entwine_core::limits::{INVITATIONS_PER_PERSON_MAX, PERSONS_SHARED_MAX};
use entwine_core::membership::{Body, KeyRing, MembershipChain, Record};
use entwine_core::sync::{Plan, Point, reconcile};
use entwine_core::wire::{from_bytes, to_bytes};
use proptest::prelude::*;
use rand::SeedableRng as _;
use rand::rngs::ChaCha20Rng;
use world::{NOON, Phone, couple};

/// What somebody tries to append.
#[derive(Debug, Clone, Copy)]
enum Attempt {
    Invite,
    Revoke(usize),
    Accept(usize, Who),
    Rotate,
    Unknown,
    FoundAgain,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Who {
    Ada,
    Noor,
    Third,
}

/// What is wrong with the record, if anything.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Flaw {
    None,
    OldHead,
    WrongIndex,
    OthersSignature,
}

fn attempt() -> impl Strategy<Value = Attempt> {
    prop_oneof![
        3 => Just(Attempt::Invite),
        2 => (0..4_usize).prop_map(Attempt::Revoke),
        2 => (0..4_usize, who()).prop_map(|(invitation, who)| Attempt::Accept(invitation, who)),
        3 => Just(Attempt::Rotate),
        1 => Just(Attempt::Unknown),
        1 => Just(Attempt::FoundAgain),
    ]
}

fn who() -> impl Strategy<Value = Who> {
    prop_oneof![Just(Who::Ada), Just(Who::Noor), Just(Who::Third)]
}

fn flaw() -> impl Strategy<Value = Flaw> {
    prop_oneof![6 => Just(Flaw::None), 1 => Just(Flaw::OldHead), 1 => Just(Flaw::WrongIndex), 1 => Just(Flaw::OthersSignature)]
}

/// The rules in their plainest form, beside the code that is tested.
#[derive(Default)]
struct Rules {
    devices: Vec<Who>,
    open: Vec<usize>,
    inviters: BTreeMap<usize, Who>,
    openings: u32,
}

impl Rules {
    fn allow(&mut self, author: Who, attempt: Attempt, next_invitation: usize) -> bool {
        let is_member = self.devices.contains(&author);
        let has_room = self.devices.len() < PERSONS_SHARED_MAX;
        match attempt {
            Attempt::Invite => {
                let mine = self.open.iter().filter(|open| self.inviters[open] == author).count();
                let allowed = is_member && has_room && mine < INVITATIONS_PER_PERSON_MAX;
                if allowed {
                    self.open.push(next_invitation);
                    self.inviters.insert(next_invitation, author);
                }
                allowed
            }
            Attempt::Revoke(invitation) => {
                let allowed = is_member && self.open.contains(&invitation) && self.inviters[&invitation] == author;
                self.close(allowed, invitation);
                allowed
            }
            Attempt::Accept(invitation, joiner) => {
                let allowed = self.open.contains(&invitation) && has_room && !self.devices.contains(&joiner);
                self.close(allowed, invitation);
                if allowed {
                    self.devices.push(joiner);
                }
                allowed
            }
            Attempt::Rotate => {
                let allowed = is_member && self.openings < 2;
                self.openings += u32::from(allowed);
                allowed
            }
            Attempt::Unknown => is_member,
            Attempt::FoundAgain => false,
        }
    }

    fn close(&mut self, closes: bool, invitation: usize) {
        if closes {
            self.open.retain(|open| *open != invitation);
            self.openings = 0;
        }
    }
}

struct Couple {
    rng: ChaCha20Rng,
    devices: [SecretKeys; 3],
    persons: [PersonId; 3],
    invitations: Vec<SecretKeys>,
}

impl Couple {
    fn new(seed: u64) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let devices = std::array::from_fn(|_| SecretKeys::make_random(&mut rng));
        let persons = std::array::from_fn(|_| PersonId::make_random(&mut rng));
        let invitations = (0..32).map(|_| SecretKeys::make_random(&mut rng)).collect();
        Self { rng, devices, persons, invitations }
    }

    /// The record that `author` would write, even where its own software would not let it.
    fn write(&mut self, chain: &MembershipChain, author: Who, attempt: Attempt, next: usize, flaw: Flaw) -> Record {
        let keys = self.devices[author as usize].clone();
        let person = self.persons[author as usize];
        let ring = KeyRing::derive(chain, &self.devices[0]);
        let founder = self.devices[0].clone();
        let rewrite = |record: Record| record.body().clone();
        let (signer, body) = match attempt {
            Attempt::Invite => {
                let invited = chain.invite(
                    &mut self.rng,
                    &founder,
                    &ring,
                    &self.invitations[next],
                    (InvitationKind::Partner, NOON),
                );
                let Body::Add(mut add) = rewrite(invited.expect("the founder writes")) else { unreachable!() };
                add.person = person;
                add.offer = self.invitations[next].sign_offer(&chain.space(), &person, add.kind);
                (keys, Body::Add(add))
            }
            Attempt::Revoke(n) => {
                let record = chain.remove(&founder, self.invitations[n].id()).expect("the founder writes");
                (keys, rewrite(record))
            }
            Attempt::Accept(n, joiner) => {
                let (device, person) = (&self.devices[joiner as usize], self.persons[joiner as usize]);
                (self.invitations[n].clone(), rewrite(chain.accept(&self.invitations[n], device, person)))
            }
            Attempt::Rotate => {
                (keys, rewrite(chain.rotate(&mut self.rng, &founder, &ring).expect("the founder writes")))
            }
            Attempt::Unknown => (keys, Body::Unknown { kind: 99, critical: false, bytes: vec![1] }),
            Attempt::FoundAgain => (keys, rewrite(chain.records()[0].clone())),
        };
        let index = if flaw == Flaw::WrongIndex { chain.len() + 1 } else { chain.len() };
        let previous = if flaw == Flaw::OldHead { Hash::of("test", &[b"old"]) } else { chain.head() };
        let record = Record::sign(&signer, index, previous, body.clone());
        if flaw != Flaw::OthersSignature {
            return record;
        }
        let other = Record::sign(&self.invitations[31], index, previous, body);
        let mut bytes = record.bytes().to_vec();
        let len = bytes.len();
        bytes[len - 64..].copy_from_slice(&other.bytes()[other.bytes().len() - 64..]);
        Record::parse(&bytes).expect("well-formed")
    }
}

/// A chain after these attempts, every one of which both ends judge alike and as the rules say.
fn play(seed: u64, attempts: &[(Who, Attempt, Flaw)]) -> MembershipChain {
    let mut couple = Couple::new(seed);
    let (founder, person) = (couple.devices[0].clone(), couple.persons[0]);
    let kind = entwine_core::membership::SpaceKind::Shared;
    let first = MembershipChain::create(&mut couple.rng, &founder, person, kind);
    let mut chain = MembershipChain::found(first.bytes()).expect("a founding record");
    let mut relay = chain.clone();
    let mut rules = Rules { devices: vec![Who::Ada], openings: 1, ..Rules::default() };
    for (next, (author, attempt, flaw)) in attempts.iter().enumerate() {
        let record = couple.write(&chain, *author, *attempt, next, *flaw);
        let expected = *flaw == Flaw::None && rules.allow(*author, *attempt, next);
        let (len, head) = (chain.len(), chain.head());
        let judged = chain.append(record.bytes()).map(Record::hash);
        assert_eq!(judged.is_ok(), expected, "{author:?} {attempt:?} {flaw:?}: {judged:?}");
        assert_eq!(relay.append_record(record).map(Record::hash), judged, "both ends judge alike");
        assert_eq!(chain.len(), len + u32::from(expected));
        assert!(expected || chain.head() == head, "a refused record changes nothing");
        assert_eq!(chain.open_epoch().is_some(), rules.openings > 0);
        assert_eq!(chain.persons().len(), rules.devices.len());
    }
    chain
}

fn parse(records: &[Vec<u8>]) -> Option<MembershipChain> {
    MembershipChain::parse(records.iter().map(Vec::as_slice)).ok()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_chain_takes_what_the_rules_allow_and_nothing_else(
        seed in any::<u64>(),
        attempts in proptest::collection::vec((who(), attempt(), flaw()), 1..24),
        at in any::<prop::sample::Index>(),
        bit in any::<prop::sample::Index>(),
    ) {
        let chain = play(seed, &attempts);
        let records: Vec<Vec<u8>> = chain.records().iter().map(|record| record.bytes().to_vec()).collect();
        prop_assert_eq!(parse(&records).map(|parsed| parsed.head()), Some(chain.head()));

        let index = at.index(records.len());
        let mut flipped = records.clone();
        let bit = bit.index(flipped[index].len() * 8);
        flipped[index][bit / 8] ^= 1 << (bit % 8);
        prop_assert!(parse(&flipped).is_none(), "bit {} of record {}", bit, index);

        if records.len() > 1 {
            let mut left_out = records.clone();
            left_out.remove(index);
            let is_prefix = index == records.len() - 1;
            prop_assert_eq!(parse(&left_out).is_some(), is_prefix);
            let mut swapped = records.clone();
            swapped.swap(index, (index + 1) % records.len());
            prop_assert!(parse(&swapped).is_none());
            let mut doubled = records.clone();
            doubled.insert(index, records[index].clone());
            prop_assert!(parse(&doubled).is_none());
        }
    }

    /// Whoever is a device, whenever it came, opens every epoch there ever was.
    #[test]
    fn every_device_opens_every_epoch(
        seed in any::<u64>(),
        attempts in proptest::collection::vec((who(), attempt()), 1..24),
    ) {
        let honest: Vec<_> = attempts
            .into_iter()
            .filter(|(who, attempt)| !matches!((who, attempt), (Who::Noor | Who::Third, Attempt::Rotate)))
            .map(|(who, attempt)| (who, attempt, Flaw::None))
            .collect();
        let chain = play(seed, &honest);
        let couple = Couple::new(seed);
        let openings = chain.openings().count();
        for keys in couple.devices.iter().filter(|keys| chain.member(&keys.id()).is_some()) {
            let joined_at = chain.member(&keys.id()).expect("a member").added_at;
            let has_seal = chain.openings().any(|record| record.index() > joined_at || joined_at == 0);
            prop_assert_eq!(KeyRing::derive(&chain, keys).len(), if has_seal { openings } else { 0 });
        }
    }
}

/// Grows a tree of entries: the n-th follows the one that `choices` picks among those before it.
fn grow(feed: u8, choices: &[usize]) -> Vec<(Tip, Hash)> {
    let mut entries: Vec<(Tip, Hash)> = Vec::new();
    for (index, choice) in choices.iter().enumerate() {
        let parent = (choice % (index + 1)).checked_sub(1).map(|at| entries[at].0);
        let (seq, previous) = parent.map_or((1, Hash::ZERO), |tip| (tip.seq + 1, tip.hash));
        entries.push((Tip { seq, hash: Hash::of("test", &[&[feed], &(index as u32).to_be_bytes()]) }, previous));
    }
    entries
}

fn line(len: usize) -> Vec<usize> {
    (0..len).collect()
}

/// What a store holds of these entries: those that `mask` picks and that have their place.
fn hold(entries: &[(Tip, Hash)], mask: &[bool]) -> FeedTree {
    let mut tree = FeedTree::default();
    for ((entry, previous), _) in entries.iter().zip(mask).filter(|(_, held)| **held) {
        tree.insert(*entry, *previous).ok();
    }
    tree
}

type Trees = BTreeMap<KeyholderId, FeedTree>;

fn clock_of(trees: &Trees) -> Clock {
    trees.iter().filter(|(_, tree)| !tree.tips().is_empty()).map(|(id, tree)| (*id, tree.tips().clone())).collect()
}

fn plan(chain: &MembershipChain, mine: &Trees, theirs: &Trees, all: &BTreeMap<KeyholderId, Vec<(Tip, Hash)>>) -> Plan {
    let known = |point: &Point| {
        let held = all.get(&point.feed)?.iter().map(|(tip, _)| *tip).find(|tip| point.tip.matches(tip))?;
        mine.get(&point.feed)?.contains(&held).then_some(held)
    };
    reconcile(chain, &clock_of(mine), &SentClock::of(chain, &clock_of(theirs), false), &known)
}

/// Sends what a plan says, and returns how much of it the other had already.
fn deliver(plan: &Plan, from: &Trees, to: &mut Trees, all: &BTreeMap<KeyholderId, Vec<(Tip, Hash)>>) -> usize {
    let mut doubles = 0;
    for range in &plan.send {
        for tip in from[&range.feed].beyond(&range.beyond) {
            let previous = all[&range.feed].iter().find(|(entry, _)| *entry == tip).expect("an entry").1;
            let tree = to.entry(range.feed).or_default();
            doubles += usize::from(tree.contains(&tip));
            tree.insert(tip, previous).expect("parents come before children");
        }
    }
    doubles
}

fn feeds() -> (MembershipChain, KeyholderId, KeyholderId) {
    static FEEDS: OnceLock<(MembershipChain, KeyholderId, KeyholderId)> = OnceLock::new();
    let made = || {
        let (ada, noor, _) = couple();
        (ada.store.chain().clone(), ada.id(), noor.id())
    };
    FEEDS.get_or_init(made).clone()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn lines_meet_in_one_round_and_nothing_is_sent_twice(lens in [0..9_usize, 0..9, 0..9, 0..9]) {
        let (chain, ada, noor) = feeds();
        let all = BTreeMap::from([(ada, grow(1, &line(9))), (noor, grow(2, &line(9)))]);
        let take = |a: usize, n: usize| -> Trees {
            BTreeMap::from([(ada, hold(&all[&ada][..a], &[true; 9])), (noor, hold(&all[&noor][..n], &[true; 9]))])
        };
        let (mut one, mut other) = (take(lens[0], lens[1]), take(lens[2], lens[3]));
        let (there, back) = (plan(&chain, &one, &other, &all), plan(&chain, &other, &one, &all));
        prop_assert_eq!(there.ask, lens[2] > lens[0] || lens[3] > lens[1]);
        prop_assert_eq!(there.sends_nothing(), lens[0] <= lens[2] && lens[1] <= lens[3]);
        prop_assert_eq!(deliver(&there, &one.clone(), &mut other, &all) + deliver(&back, &other.clone(), &mut one, &all), 0);
        prop_assert_eq!(clock_of(&one), clock_of(&other));
        prop_assert_eq!(plan(&chain, &one, &other, &all), Plan::default());
    }

    /// Trees meet too, as long as somebody knows one of the other's tips; and nobody sends what the other has if it knows all.
    #[test]
    fn trees_meet(
        choices in proptest::collection::vec(0..8_usize, 1..20),
        mine in proptest::collection::vec(any::<bool>(), 20),
        theirs in proptest::collection::vec(any::<bool>(), 20),
    ) {
        let (chain, ada, _) = feeds();
        let all = BTreeMap::from([(ada, grow(1, &choices))]);
        let (mut one, mut other) =
            (BTreeMap::from([(ada, hold(&all[&ada], &mine))]), BTreeMap::from([(ada, hold(&all[&ada], &theirs))]));
        let union = all[&ada].iter().filter(|(tip, _)| one[&ada].contains(tip) || other[&ada].contains(tip)).count();
        for _ in 0..2 {
            for _ in 0..2 {
                let plan = plan(&chain, &one, &other, &all);
                let doubles = deliver(&plan, &one, &mut other, &all);
                prop_assert!(doubles == 0 || plan.ask, "who knows all their tips sends nothing that they have");
                std::mem::swap(&mut one, &mut other);
            }
        }
        if clock_of(&one) == clock_of(&other) {
            prop_assert_eq!(&one, &other);
            prop_assert_eq!(one[&ada].beyond(&[]).len(), union);
        } else {
            let knows = |tree: &FeedTree, tips: &BTreeSet<Tip>| tips.iter().any(|tip| tree.contains(tip));
            prop_assert!(!knows(&one[&ada], other[&ada].tips()) && !knows(&other[&ada], one[&ada].tips()));
        }
    }

    #[test]
    fn two_digests_are_equal_exactly_if_the_clocks_are(
        one in proptest::collection::btree_set((0..2_usize, 1..4_u64, 0..3_u8), 0..5),
        other in proptest::collection::btree_set((0..2_usize, 1..4_u64, 0..3_u8), 0..5),
        whole in any::<bool>(),
    ) {
        let (chain, ada, noor) = feeds();
        let build = |tips: &BTreeSet<(usize, u64, u8)>| {
            let mut clock = Clock::new();
            for (feed, seq, hash) in tips {
                let feed = [ada, noor][*feed];
                clock.entry(feed).or_default().insert(Tip { seq: *seq, hash: Hash::of("test", &[&[*hash]]) });
            }
            clock
        };
        let (first, second) = (build(&one), build(&other));
        prop_assert_eq!(digest(&chain, &first) == digest(&chain, &second), first == second);
        let shorter = MembershipChain::parse(chain.records()[..3].iter().map(Record::bytes)).unwrap();
        prop_assert_ne!(digest(&chain, &first), digest(&shorter, &first), "the chain counts too");

        let sent = SentClock::of(&chain, &first, whole);
        prop_assert_eq!(from_bytes::<SentClock>(&to_bytes(&sent)), Ok(sent.clone()));
        for line in sent.lines.iter().flatten() {
            let feed = chain.by_number(line.feed).unwrap().id;
            let tips = &first[&feed];
            prop_assert!(line.tips.iter().zip(tips).all(|(sent, tip)| sent.matches(tip)));
            prop_assert_eq!(line.tips.len(), tips.len());
        }
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Two phones write and sync in any order: in the end both hold every word of both.
    #[test]
    fn whatever_the_order_of_exchanges_all_words_arrive(steps in proptest::collection::vec((0..2_usize, any::<bool>()), 1..12)) {
        let (ada, noor, mut relay) = couple();
        let mut phones = [ada, noor];
        let mut words = Vec::new();
        for (n, (who, writes)) in steps.iter().enumerate() {
            let phone: &mut Phone = &mut phones[*who];
            if *writes {
                words.push(format!("word {n:02}"));
                phone.write(&format!("word {n:02}"));
            } else {
                phone.sync_fully(&mut relay);
            }
        }
        for who in [0, 1, 0] {
            phones[who].sync_fully(&mut relay);
        }
        prop_assert_eq!(phones[0].words(), words.clone());
        prop_assert_eq!(phones[1].words(), words);
    }
}

#[test]
fn a_tip_in_short_form_stands_for_the_same_entry() {
    let tip = Tip { seq: 3, hash: Hash::of("test", &[b"tip"]) };
    assert!(SentTip::short(&tip).matches(&tip) && SentTip::whole(&tip).matches(&tip));
    let other = Tip { seq: 4, ..tip };
    assert!(!SentTip::short(&tip).matches(&other) && !SentTip::whole(&tip).matches(&other));
}
