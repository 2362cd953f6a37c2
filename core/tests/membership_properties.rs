//! Does a chain take what the rules allow, and nothing else? Random histories beside the rules in their plainest form; a failing
//! one is printed with its seed.

use std::collections::{BTreeMap, BTreeSet};

use entwine_core::id::{Hash, KeyholderId, PersonId, SpaceId};
use entwine_core::keyholder::{KeyholderKind, SecretKeys};
use entwine_core::membership::{Accept, Add, Body, Cut, KeyRing, MembershipChain, Record, Remove, SpaceKind};
use entwine_core::sealing::epoch::Seal;
use entwine_core::time::Timestamp;
use proptest::prelude::*;
use rand::SeedableRng as _;
use rand::rngs::ChaCha20Rng;

/// The moment at which every link here ends.
const NOON: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// What somebody tries to append. Numbers choose among whoever there is, and mostly somebody who may.
#[derive(Debug, Clone, Copy)]
enum Attempt {
    Add(Kind),
    Remove(u8),
    Accept,
    Rotate,
    Unknown,
    FoundAgain,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Device,
    PartnerLink,
    DeviceLink,
    Phrase,
}

impl Kind {
    fn keyholder_kind(self) -> KeyholderKind {
        match self {
            Self::Device => KeyholderKind::Device,
            Self::PartnerLink => KeyholderKind::PartnerInvitation,
            Self::DeviceLink => KeyholderKind::DeviceInvitation,
            Self::Phrase => KeyholderKind::RecoveryPhrase,
        }
    }

    fn is_link(self) -> bool {
        matches!(self, Self::PartnerLink | Self::DeviceLink)
    }
}

/// Whose the added keys are said to be.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Person {
    /// The author's; Noor, where a partner's link is taken up.
    Right,
    Numbered(usize),
}

/// What is wrong with the record, if anything.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Flaw {
    None,
    OldHead,
    WrongIndex,
    OthersSignature,
    OthersOffer,
}

/// One turn: who tries what, for whom, with which keys of the pool.
#[derive(Debug, Clone, Copy)]
struct Turn {
    author: u8,
    attempt: Attempt,
    person: Person,
    subject: u8,
    flaw: Flaw,
}

fn attempt() -> impl Strategy<Value = Attempt> {
    prop_oneof![
        4 => kind().prop_map(Attempt::Add),
        2 => any::<u8>().prop_map(Attempt::Remove),
        4 => Just(Attempt::Accept),
        3 => Just(Attempt::Rotate),
        1 => Just(Attempt::Unknown),
        1 => Just(Attempt::FoundAgain),
    ]
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![1 => Just(Kind::Device), 2 => Just(Kind::PartnerLink), 2 => Just(Kind::DeviceLink), 1 => Just(Kind::Phrase)]
}

fn person() -> impl Strategy<Value = Person> {
    prop_oneof![6 => Just(Person::Right), 1 => (0..3_usize).prop_map(Person::Numbered)]
}

fn flaw() -> impl Strategy<Value = Flaw> {
    prop_oneof![
        20 => Just(Flaw::None),
        1 => Just(Flaw::OldHead),
        1 => Just(Flaw::WrongIndex),
        1 => Just(Flaw::OthersSignature),
        1 => Just(Flaw::OthersOffer),
    ]
}

fn turn() -> impl Strategy<Value = Turn> {
    (any::<u8>(), attempt(), person(), any::<u8>(), flaw()).prop_map(|(author, attempt, person, subject, flaw)| Turn {
        author,
        attempt,
        person,
        subject,
        flaw,
    })
}

/// Keys that were ever added: what the rules know of them.
#[derive(Debug, Clone, Copy)]
struct Holder {
    kind: Kind,
    person: usize,
    is_current: bool,
    /// Who added it.
    by: usize,
}

/// The rules in their plainest form, beside the code that is tested. Keys and persons are numbers here.
struct Rules {
    is_private: bool,
    holders: BTreeMap<usize, Holder>,
    openings: u32,
}

impl Rules {
    fn founded(is_private: bool) -> Self {
        let founder = Holder { kind: Kind::Device, person: 0, is_current: true, by: 0 };
        Self { is_private, holders: BTreeMap::from([(0, founder)]), openings: 1 }
    }

    fn current(&self) -> impl Iterator<Item = (usize, Holder)> {
        self.holders.iter().filter(|(_, holder)| holder.is_current).map(|(key, holder)| (*key, *holder))
    }

    fn count(&self, person: usize, is_counted: impl Fn(Kind) -> bool) -> usize {
        self.current().filter(|(_, holder)| holder.person == person && is_counted(holder.kind)).count()
    }

    fn persons(&self) -> BTreeSet<usize> {
        self.holders.values().filter(|holder| holder.kind == Kind::Device).map(|holder| holder.person).collect()
    }

    fn allow(&mut self, author: usize, attempt: Attempt, person: usize, subject: usize) -> bool {
        let Some(by) = self.holders.get(&author).copied().filter(|holder| holder.is_current) else { return false };
        let is_device = by.kind == Kind::Device;
        match attempt {
            Attempt::Add(kind) => self.allow_add((author, by), kind, person, subject),
            Attempt::Accept => self.allow_accept(author, by, person, subject),
            Attempt::Remove(_) => {
                let gone = self.removed_with(subject);
                let is_own = |key: &usize| self.holders[key].is_current && self.holders[key].person == by.person;
                let allowed = is_device && gone.iter().all(is_own);
                gone.into_iter().for_each(|key| self.end(allowed, key));
                allowed
            }
            Attempt::Rotate => {
                let allowed = is_device && self.openings < 2;
                self.openings += u32::from(allowed);
                allowed
            }
            Attempt::Unknown => is_device,
            Attempt::FoundAgain => false,
        }
    }

    /// Whoever a removal names: with a device, every open invitation that it made.
    fn removed_with(&self, subject: usize) -> Vec<usize> {
        let made = self.current().filter(|(_, it)| it.kind.is_link() && it.by == subject).map(|(key, _)| key);
        made.chain([subject]).collect()
    }

    fn allow_add(&mut self, (author, by): (usize, Holder), kind: Kind, person: usize, subject: usize) -> bool {
        let is_phrase = by.kind == Kind::Phrase;
        let may = by.kind == Kind::Device || (is_phrase && kind == Kind::Device);
        let has_room = match kind {
            Kind::Device => self.count(person, |held| held == kind) < if is_phrase { 12 } else { 8 },
            Kind::Phrase => self.count(person, |held| held == kind) < 2,
            Kind::DeviceLink => self.count(person, Kind::is_link) < 3,
            Kind::PartnerLink => !self.is_private && self.persons().len() < 2 && self.count(person, Kind::is_link) < 3,
        };
        let allowed = may && has_room && person == by.person && !self.holders.contains_key(&subject);
        if allowed {
            self.holders.insert(subject, Holder { kind, person, is_current: true, by: author });
        }
        allowed
    }

    fn allow_accept(&mut self, author: usize, by: Holder, person: usize, subject: usize) -> bool {
        let is_right = match by.kind {
            Kind::PartnerLink => !self.persons().contains(&person) && self.persons().len() < 2,
            Kind::DeviceLink => person == by.person && self.count(person, |held| held == Kind::Device) < 8,
            Kind::Device | Kind::Phrase => false,
        };
        let allowed = is_right && !self.holders.contains_key(&subject);
        if allowed {
            self.holders.insert(subject, Holder { kind: Kind::Device, person, is_current: true, by: author });
        }
        self.end(allowed, author);
        allowed
    }

    /// Whoever leaves closes the epoch.
    fn end(&mut self, ends: bool, key: usize) {
        if ends {
            self.holders.get_mut(&key).expect("a keyholder").is_current = false;
            self.openings = 0;
        }
    }

    /// Mostly a keyholder that has something to do with the attempt, sometimes anybody.
    fn choose(&self, choice: u8, attempt: Attempt) -> usize {
        let fits = |kind: Kind| match attempt {
            Attempt::Accept => kind.is_link(),
            Attempt::Add(Kind::Device) => kind == Kind::Device || kind == Kind::Phrase,
            _ => kind == Kind::Device,
        };
        let fitting: Vec<usize> = self.current().filter(|(_, it)| fits(it.kind)).map(|(key, _)| key).collect();
        if choice.is_multiple_of(6) || fitting.is_empty() {
            usize::from(choice) % POOL
        } else {
            fitting[usize::from(choice) % fitting.len()]
        }
    }
}

/// Keys that there are, at most as many as turns.
const POOL: usize = 40;

struct World {
    rng: ChaCha20Rng,
    keys: Vec<SecretKeys>,
    persons: [PersonId; 3],
}

impl World {
    fn new(seed: u64) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let persons = std::array::from_fn(|_| PersonId::make_random(&mut rng));
        let keys = (0..POOL).map(|_| SecretKeys::make_random(&mut rng)).collect();
        Self { rng, keys, persons }
    }

    fn found(&mut self, is_private: bool) -> MembershipChain {
        let kind = if is_private { SpaceKind::Private { of: SpaceId::ZERO } } else { SpaceKind::Shared };
        let first = MembershipChain::create(&mut self.rng, &self.keys[0], self.persons[0], kind);
        MembershipChain::found(first.bytes()).expect("a founding record")
    }

    /// Everything that whoever holds the epoch opened last can open.
    fn ring(&self, chain: &MembershipChain) -> KeyRing {
        let last = chain.openings().next_back().expect("one at least").hash();
        let holders = self.keys.iter().filter(|keys| chain.keyholder(&keys.id()).is_some());
        let mut rings = holders.map(|keys| KeyRing::derive(chain, keys));
        rings.find(|ring| ring.get(&last).is_some()).expect("somebody was there when it was opened")
    }

    /// What the author would write, even where its own software would not let it: with another's keys, where it has none.
    fn body(
        &mut self,
        chain: &MembershipChain,
        turn: &Turn,
        gone: &[usize],
        author: usize,
        person: usize,
        subject: usize,
    ) -> Body {
        let (subject_keys, person) = (&self.keys[subject], self.persons[person]);
        let offering = if turn.flaw == Flaw::OthersOffer { &self.keys[author] } else { subject_keys };
        let ring = self.ring(chain);
        match turn.attempt {
            Attempt::Add(kind) => {
                let kind = kind.keyholder_kind();
                let last = chain.openings().next_back().expect("one at least").hash();
                let (secret, place) = (ring.get(&last).expect("it opens the last"), chain.seal_place(chain.len()));
                Body::Add(Box::new(Add {
                    person,
                    kind,
                    keys: *subject_keys.public(),
                    expires: kind.is_invitation().then_some(NOON),
                    offer: offering.sign_offer(&chain.space(), &person, kind),
                    seal: Seal::make(&mut self.rng, secret, &place, subject_keys.public()),
                }))
            }
            Attempt::Remove(_) => {
                let ids: BTreeSet<KeyholderId> = gone.iter().map(|key| self.keys[*key].id()).collect();
                Body::Remove(Remove {
                    cuts: ids.into_iter().map(|keyholder| Cut { keyholder, tips: Vec::new() }).collect(),
                })
            }
            Attempt::Accept => {
                let offer = offering.sign_offer(&chain.space(), &person, KeyholderKind::Device);
                Body::Accept(Accept { person, device: *subject_keys.public(), offer })
            }
            Attempt::Rotate => match self.keys.iter().find(|keys| chain.member(&keys.id()).is_some()) {
                Some(member) => chain.rotate(&mut self.rng, member, &ring).expect("a member writes").body().clone(),
                None => chain.records()[0].body().clone(),
            },
            Attempt::Unknown => Body::Unknown { kind: 99, critical: false, bytes: vec![1] },
            Attempt::FoundAgain => chain.records()[0].body().clone(),
        }
    }

    fn sign(&self, chain: &MembershipChain, author: usize, body: Body, flaw: Flaw) -> Record {
        let index = if flaw == Flaw::WrongIndex { chain.len() + 1 } else { chain.len() };
        let previous = if flaw == Flaw::OldHead { Hash::of("test", &[b"old"]) } else { chain.head() };
        let record = Record::sign(&self.keys[author], index, previous, body.clone());
        if flaw != Flaw::OthersSignature {
            return record;
        }
        let other = Record::sign(&self.keys[(author + 1) % POOL], index, previous, body);
        let mut bytes = record.bytes().to_vec();
        let len = bytes.len();
        bytes[len - 64..].copy_from_slice(&other.bytes()[other.bytes().len() - 64..]);
        Record::parse(&bytes).expect("well-formed")
    }
}

/// A chain after these turns, every one of which both ends judge alike and as the rules say.
fn play(seed: u64, is_private: bool, turns: &[Turn]) -> (MembershipChain, World) {
    let mut world = World::new(seed);
    let mut chain = world.found(is_private);
    let (mut relay, mut rules) = (chain.clone(), Rules::founded(is_private));
    for (next, turn) in turns.iter().enumerate() {
        let author = rules.choose(turn.author, turn.attempt);
        let person = match turn.person {
            Person::Right => match (turn.attempt, rules.holders.get(&author)) {
                (Attempt::Accept, Some(link)) if link.kind == Kind::PartnerLink => 1,
                (_, holder) => holder.map_or(0, |holder| holder.person),
            },
            Person::Numbered(person) => person,
        };
        let held: Vec<usize> = rules.holders.keys().copied().collect();
        let is_removable = |key: usize, it: Holder, choice: u8| it.kind != Kind::Device || (choice % 4 == 1 && key > 0);
        let removable: Vec<usize> = match turn.attempt {
            Attempt::Remove(choice) => {
                rules.current().filter(|(key, it)| is_removable(*key, *it, choice)).map(|(key, _)| key).collect()
            }
            _ => Vec::new(),
        };
        let subject = match turn.attempt {
            Attempt::Remove(choice) if !removable.is_empty() && choice % 4 > 0 => {
                removable[usize::from(choice) % removable.len()]
            }
            Attempt::Remove(choice) => held[usize::from(choice) % held.len()],
            _ if turn.subject.is_multiple_of(8) => held[usize::from(turn.subject) % held.len()],
            _ => next + 1,
        };
        let gone = rules.removed_with(subject);
        let body = world.body(&chain, turn, &gone, author, person, subject);
        let record = world.sign(&chain, author, body, turn.flaw);
        let has_offer = matches!(turn.attempt, Attempt::Add(_) | Attempt::Accept);
        let is_flawless =
            turn.flaw == Flaw::None || (turn.flaw == Flaw::OthersOffer && (!has_offer || author == subject));
        let expected = is_flawless && rules.allow(author, turn.attempt, person, subject);
        let (len, head) = (chain.len(), chain.head());
        let judged = chain.append(record.bytes()).map(Record::hash);
        assert_eq!(judged.is_ok(), expected, "{author} {turn:?} {person} {subject}: {judged:?}");
        assert_eq!(relay.append_record(record).map(Record::hash), judged, "both ends judge alike");
        assert_eq!(chain.len(), len + u32::from(expected));
        assert!(expected || chain.head() == head, "a refused record changes nothing");
        assert_eq!(chain.open_epoch().is_some(), rules.openings > 0);
        assert_eq!(chain.persons().len(), rules.persons().len());
        let current: BTreeSet<KeyholderId> = rules.current().map(|(key, _)| world.keys[key].id()).collect();
        assert_eq!(chain.current().map(|keyholder| keyholder.id).collect::<BTreeSet<_>>(), current);
    }
    (chain, world)
}

fn parse(records: &[Vec<u8>]) -> Option<MembershipChain> {
    MembershipChain::parse(records.iter().map(Vec::as_slice)).ok()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_chain_takes_what_the_rules_allow_and_nothing_else(
        seed in any::<u64>(),
        is_private in any::<bool>(),
        turns in proptest::collection::vec(turn(), 1..POOL),
        at in any::<prop::sample::Index>(),
        bit in any::<prop::sample::Index>(),
    ) {
        let (chain, _) = play(seed, is_private, &turns);
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

    /// Whoever holds keys, whenever it came, opens every epoch there ever was; who was removed, none that came later.
    #[test]
    fn every_keyholder_opens_every_epoch_until_it_goes(
        seed in any::<u64>(),
        is_private in any::<bool>(),
        turns in proptest::collection::vec(turn(), 1..POOL),
    ) {
        let (chain, world) = play(seed, is_private, &turns);
        for keys in &world.keys {
            let Some(holder) = chain.keyholder(&keys.id()) else { continue };
            let was_in = |index: &u32| holder.removed_at.is_none_or(|removed| *index < removed);
            let openings: Vec<u32> = chain.openings().map(Record::index).filter(was_in).collect();
            let by_accept = matches!(chain.records()[holder.added_at as usize].body(), Body::Accept(_));
            let has_seal = !by_accept || openings.iter().any(|index| *index > holder.added_at);
            let expected = if has_seal { openings.len() } else { 0 };
            prop_assert_eq!(KeyRing::derive(&chain, keys).len(), expected, "{:?}", holder);
        }
    }
}
