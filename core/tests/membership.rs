//! Who may append what, and who opens what by it? Every rule for devices, invitations and phrases, with its limit.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use entwine_core::feed::{Clock, Tip};
use entwine_core::id::{Hash, KeyholderId, PersonId, SpaceId};
use entwine_core::keyholder::invitation::InvitationKind;
use entwine_core::keyholder::{KeyholderKind, SecretKeys};
use entwine_core::limits::{
    DEVICES_PER_PERSON_MAX, DEVICES_PER_PERSON_RECOVERY_MAX, INVITATIONS_PER_PERSON_MAX, PHRASES_PER_PERSON_MAX,
};
use entwine_core::membership::{
    Accept, Add, Body, ChainError, Cut, KeyRing, MembershipChain, Record, Remove, SpaceKind, device_safety_words,
    safety_words,
};
use entwine_core::sealing::epoch::Seal;
use entwine_core::time::Timestamp;
use rand::SeedableRng as _;
use rand::rngs::ChaCha20Rng;

use KeyholderKind::{Device, DeviceInvitation, PartnerInvitation, RecoveryPhrase};

const SOON: Timestamp = Timestamp::from_seconds(1_800_000_600);

/// A space, its founder Ada, and whatever she appends.
struct Space {
    chain: MembershipChain,
    rng: ChaCha20Rng,
    ada: SecretKeys,
    adas: PersonId,
}

impl Space {
    fn found(kind: SpaceKind) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(7);
        let (ada, adas) = (SecretKeys::make_random(&mut rng), PersonId::make_random(&mut rng));
        let first = MembershipChain::create(&mut rng, &ada, adas, kind);
        Self { chain: MembershipChain::found(first.bytes()).unwrap(), rng, ada, adas }
    }

    fn shared() -> Self {
        Self::found(SpaceKind::Shared)
    }

    fn private() -> Self {
        Self::found(SpaceKind::Private { of: Self::shared().chain.space() })
    }

    /// A shared space that Noor's phone has joined.
    fn of_a_couple() -> (Self, SecretKeys, PersonId) {
        let mut space = Self::shared();
        let (noor, noors) = (space.keys(), PersonId::make_random(&mut space.rng));
        let invitation = space.adds(PartnerInvitation);
        space.append(space.chain.accept(&invitation, &noor, noors)).unwrap();
        space.rotates();
        (space, noor, noors)
    }

    fn keys(&mut self) -> SecretKeys {
        SecretKeys::make_random(&mut self.rng)
    }

    fn append(&mut self, record: Record) -> Result<(), ChainError> {
        let (len, head) = (self.chain.len(), self.chain.head());
        let appended = self.chain.append(record.bytes()).map(drop);
        assert!(appended.is_ok() || (self.chain.len(), self.chain.head()) == (len, head), "refused changes nothing");
        appended
    }

    /// Whatever this author signs.
    fn sign(&mut self, author: &SecretKeys, body: Body) -> Result<(), ChainError> {
        self.append(Record::sign(author, self.chain.len(), self.chain.head(), body))
    }

    /// An `Add` in which everything is as it should be.
    fn add(&mut self, person: PersonId, kind: KeyholderKind, keys: &SecretKeys) -> Add {
        let last = self.chain.openings().next_back().unwrap().hash();
        let ring = KeyRing::derive(&self.chain, &self.ada);
        let place = self.chain.seal_place(self.chain.len());
        Add {
            person,
            kind,
            keys: *keys.public(),
            expires: kind.is_invitation().then_some(SOON),
            offer: keys.sign_offer(&self.chain.space(), &person, kind),
            seal: Seal::make(&mut self.rng, ring.get(&last).unwrap(), &place, keys.public()),
        }
    }

    fn sign_add(&mut self, author: &SecretKeys, add: Add) -> Result<(), ChainError> {
        self.sign(author, Body::Add(Box::new(add)))
    }

    /// New keys of this kind, which `author` tries to add for `person`.
    fn try_add(
        &mut self,
        author: &SecretKeys,
        person: PersonId,
        kind: KeyholderKind,
    ) -> Result<SecretKeys, ChainError> {
        let keys = self.keys();
        let add = self.add(person, kind, &keys);
        self.sign_add(author, add).map(|()| keys)
    }

    /// New keys of this kind, which Ada adds.
    fn adds(&mut self, kind: KeyholderKind) -> SecretKeys {
        self.try_add(&self.ada.clone(), self.adas, kind).expect("Ada may")
    }

    fn removes(&mut self, keys: &SecretKeys) {
        self.append(self.chain.remove(&self.ada, [keys.id()], &Clock::new()).unwrap()).expect("Ada may");
    }

    fn rotates(&mut self) {
        let ring = KeyRing::derive(&self.chain, &self.ada);
        let record = self.chain.rotate(&mut self.rng, &self.ada, &ring).unwrap();
        self.append(record).expect("Ada may");
    }

    /// How many epochs these keys open.
    fn opens(&self, keys: &SecretKeys) -> usize {
        KeyRing::derive(&self.chain, keys).len()
    }

    fn count(&self, kind: KeyholderKind) -> usize {
        self.chain.current_of(&self.adas).filter(|keyholder| keyholder.kind == kind).count()
    }
}

#[track_caller]
fn is_refused<T>(result: Result<T, ChainError>, rule: &str) {
    match result {
        Err(ChainError::NotAllowed(said)) => assert!(said.contains(rule), "{said:?} is not about {rule:?}"),
        Err(other) => panic!("{other:?} instead of {rule:?}"),
        Ok(_) => panic!("allowed, in spite of {rule:?}"),
    }
}

#[test]
fn a_person_has_eight_devices_and_a_phrase_brings_twelve() {
    let mut space = Space::shared();
    let (ada, adas) = (space.ada.clone(), space.adas);
    let phrase = space.adds(RecoveryPhrase);
    let link = space.adds(DeviceInvitation);
    while space.count(Device) < DEVICES_PER_PERSON_MAX {
        space.adds(Device);
    }
    is_refused(space.try_add(&ada, adas, Device), "eight devices");
    let late = space.keys();
    is_refused(space.append(space.chain.accept(&link, &late, adas)), "eight devices");
    assert!(space.chain.member(&link.id()).is_some(), "the link stays open");
    while space.count(Device) < DEVICES_PER_PERSON_RECOVERY_MAX {
        space.try_add(&phrase, adas, Device).expect("a phrase may bring more");
    }
    is_refused(space.try_add(&phrase, adas, Device), "twelve devices");
    is_refused(space.try_add(&ada, adas, Device), "eight devices");
    assert_eq!((space.count(Device), space.count(RecoveryPhrase)), (12, 1));
}

#[test]
fn a_person_has_two_phrases_of_which_one_can_be_replaced() {
    let (mut space, noor, noors) = Space::of_a_couple();
    let ada = space.ada.clone();
    let first = space.adds(RecoveryPhrase);
    space.adds(RecoveryPhrase);
    assert_eq!(space.count(RecoveryPhrase), PHRASES_PER_PERSON_MAX);
    is_refused(space.try_add(&ada, space.adas, RecoveryPhrase), "two recovery phrases");
    space.try_add(&noor, noors, RecoveryPhrase).expect("Ada's do not count for Noor");
    space.removes(&first);
    space.adds(RecoveryPhrase);
}

#[test]
fn a_person_has_three_open_invitations_of_both_kinds_together() {
    let mut space = Space::shared();
    let ada = space.ada.clone();
    let first = space.adds(DeviceInvitation);
    space.adds(PartnerInvitation);
    space.adds(DeviceInvitation);
    assert_eq!(space.count(DeviceInvitation) + space.count(PartnerInvitation), INVITATIONS_PER_PERSON_MAX);
    for kind in [PartnerInvitation, DeviceInvitation] {
        is_refused(space.try_add(&ada, space.adas, kind), "three invitations");
    }
    let tablet = space.keys();
    space.append(space.chain.accept(&first, &tablet, space.adas)).expect("Ada's own");
    space.adds(DeviceInvitation);

    let (mut space, noor, noors) = Space::of_a_couple();
    for _ in 0..INVITATIONS_PER_PERSON_MAX {
        space.adds(DeviceInvitation);
        space.try_add(&noor, noors, DeviceInvitation).expect("each has her own");
    }
    is_refused(space.try_add(&noor, noors, PartnerInvitation), "both its persons");
}

#[test]
fn nobody_adds_or_removes_for_the_other() {
    let (mut space, noor, noors) = Space::of_a_couple();
    let ada = space.ada.clone();
    let third = PersonId::make_random(&mut space.rng);
    for kind in [Device, DeviceInvitation, RecoveryPhrase] {
        for person in [noors, third] {
            is_refused(space.try_add(&ada, person, kind), "adds for another person");
        }
    }
    let phrase = space.adds(RecoveryPhrase);
    is_refused(space.try_add(&phrase, noors, Device), "adds for another person");
    let link = space.adds(DeviceInvitation);
    let adas_device = ada.id();
    for target in [phrase.id(), link.id(), adas_device] {
        is_refused(
            space.append(space.chain.remove(&noor, [target], &Clock::new()).unwrap()),
            "removes for another person",
        );
    }
}

/// Every body but an `Accept`, as this keyholder would write it.
fn tries_everything(space: &mut Space, author: &SecretKeys, except: Option<KeyholderKind>) {
    let (adas, other) = (space.adas, space.adds(DeviceInvitation));
    for kind in [Device, PartnerInvitation, DeviceInvitation, RecoveryPhrase] {
        if except != Some(kind) {
            let rule = if except.is_some() { "adds a device, and nothing else" } else { "adds nobody but its joiner" };
            is_refused(space.try_add(author, adas, kind), rule);
        }
    }
    for target in [author.id(), other.id()] {
        let cuts = vec![Cut { keyholder: target, tips: Vec::new() }];
        is_refused(space.sign(author, Body::Remove(Remove { cuts })), "only a device removes");
    }
    let ring = KeyRing::derive(&space.chain, author);
    let rotate = space.chain.rotate(&mut space.rng, author, &ring).unwrap();
    is_refused(space.append(rotate), "only a device rotates");
    for critical in [false, true] {
        let body = Body::Unknown { kind: 77, critical, bytes: vec![1] };
        is_refused(space.sign(author, body), "only a device appends");
    }
    let first = space.chain.records()[0].body().clone();
    is_refused(space.sign(author, first), "founded once");
    space.removes(&other);
    space.rotates();
}

#[test]
fn an_invitation_appends_its_accept_and_nothing_else() {
    for kind in [PartnerInvitation, DeviceInvitation] {
        let mut space = Space::shared();
        let invitation = space.adds(kind);
        tries_everything(&mut space, &invitation, None);
        let person = if kind == DeviceInvitation { space.adas } else { PersonId::make_random(&mut space.rng) };
        let (joiner, second) = (space.keys(), space.keys());
        space.append(space.chain.accept(&invitation, &joiner, person)).expect("its one act");
        assert_eq!(space.chain.member(&joiner.id()).unwrap().person, person);
        assert_eq!(space.append(space.chain.accept(&invitation, &second, person)), Err(ChainError::NotSigned));
    }
}

#[test]
fn a_phrase_adds_a_device_and_nothing_else() {
    let mut space = Space::shared();
    let phrase = space.adds(RecoveryPhrase);
    tries_everything(&mut space, &phrase, Some(Device));
    let joiner = space.keys();
    is_refused(space.append(space.chain.accept(&phrase, &joiner, space.adas)), "only an invitation is accepted");
    space.try_add(&phrase, space.adas, Device).expect("its one kind of act");
    space.try_add(&phrase, space.adas, Device).expect("as often as it is needed");
    space.removes(&phrase);
    assert_eq!(
        space.try_add(&phrase, space.adas, Device).map(drop),
        Err(ChainError::NotSigned),
        "a removed one, nothing"
    );
}

#[test]
fn a_private_space_has_devices_and_phrases_of_one_person() {
    let mut space = Space::private();
    let (ada, adas) = (space.ada.clone(), space.adas);
    let (tablet, other) = (space.keys(), PersonId::make_random(&mut space.rng));
    is_refused(space.try_add(&ada, adas, PartnerInvitation), "a private space has one person");
    let link = space.adds(DeviceInvitation);
    is_refused(space.append(space.chain.accept(&link, &tablet, other)), "the inviter's own device");
    space.append(space.chain.accept(&link, &tablet, adas)).expect("her own tablet");
    space.rotates();
    let phrase = space.adds(RecoveryPhrase);
    let laptop = space.try_add(&phrase, adas, Device).expect("by her phrase");
    assert_eq!(space.chain.persons().len(), 1);
    assert_eq!((space.opens(&tablet), space.opens(&laptop)), (2, 2));
}

#[test]
fn an_acceptance_brings_the_person_that_its_invitation_is_for() {
    let (mut space, _, noors) = Space::of_a_couple();
    let (joiner, third) = (space.keys(), PersonId::make_random(&mut space.rng));
    let link = space.adds(DeviceInvitation);
    for person in [noors, third] {
        is_refused(space.append(space.chain.accept(&link, &joiner, person)), "the inviter's own device");
    }
    let mut space = Space::shared();
    let invitation = space.adds(PartnerInvitation);
    is_refused(space.append(space.chain.accept(&invitation, &joiner, space.adas)), "a new person");

    // The second of two invitations comes too late: her place is taken.
    let second = space.adds(PartnerInvitation);
    space.append(space.chain.accept(&invitation, &joiner, noors)).unwrap();
    let another = space.keys();
    is_refused(space.append(space.chain.accept(&second, &another, third)), "both its persons");
}

#[test]
fn nobody_is_added_who_did_not_offer_it() {
    let (mut space, _, noors) = Space::of_a_couple();
    let (ada, adas, here) = (space.ada.clone(), space.adas, space.chain.space());
    let elsewhere = SpaceId::ZERO;
    let phrase = space.adds(RecoveryPhrase);
    for (author, kind) in [(&ada, Device), (&ada, DeviceInvitation), (&ada, RecoveryPhrase), (&phrase, Device)] {
        let keys = space.keys();
        let other_kind = if kind == Device { RecoveryPhrase } else { Device };
        let offers = [
            [0; 64],
            ada.sign_offer(&here, &adas, kind),
            keys.sign_offer(&elsewhere, &adas, kind),
            keys.sign_offer(&here, &noors, kind),
            keys.sign_offer(&here, &adas, other_kind),
        ];
        for offer in offers {
            let add = Add { offer, ..space.add(adas, kind, &keys) };
            is_refused(space.sign_add(author, add), "did not offer itself");
        }
        let add = space.add(adas, kind, &keys);
        space.sign_add(author, add).expect("what was offered");
    }
    let (link, tablet) = (space.adds(DeviceInvitation), space.keys());
    let offers = [
        [0; 64],
        link.sign_offer(&here, &adas, Device),
        tablet.sign_offer(&elsewhere, &adas, Device),
        tablet.sign_offer(&here, &noors, Device),
        tablet.sign_offer(&here, &adas, DeviceInvitation),
    ];
    for offer in offers {
        let accept = Accept { person: adas, device: *tablet.public(), offer };
        is_refused(space.sign(&link, Body::Accept(accept)), "did not offer itself");
    }
}

#[test]
fn only_an_invitation_has_an_end_and_a_seal_is_the_added_ones() {
    let mut space = Space::shared();
    let (ada, adas) = (space.ada.clone(), space.adas);
    for kind in [Device, PartnerInvitation, DeviceInvitation, RecoveryPhrase] {
        let keys = space.keys();
        let expires = (!kind.is_invitation()).then_some(SOON);
        let add = Add { expires, ..space.add(adas, kind, &keys) };
        is_refused(space.sign_add(&ada, add), "an invitation has an end");
        let seal = space.add(adas, kind, &ada).seal;
        let add = Add { seal, ..space.add(adas, kind, &keys) };
        is_refused(space.sign_add(&ada, add), "the seal is another's");
    }
}

#[test]
fn nobody_is_added_twice_not_even_after_a_removal() {
    let mut space = Space::shared();
    let (ada, adas) = (space.ada.clone(), space.adas);
    let (link, tablet) = (space.adds(DeviceInvitation), space.keys());
    space.append(space.chain.accept(&link, &tablet, adas)).unwrap();
    let phrase = space.adds(RecoveryPhrase);
    for (keys, kind) in [(&phrase, RecoveryPhrase), (&tablet, Device), (&link, DeviceInvitation)] {
        let add = space.add(adas, kind, keys);
        is_refused(space.sign_add(&ada, add), "never added twice");
    }
    space.removes(&phrase);
    let add = space.add(adas, RecoveryPhrase, &phrase);
    is_refused(space.sign_add(&ada, add), "never added twice");
    let second = space.adds(DeviceInvitation);
    is_refused(space.append(space.chain.accept(&second, &tablet, adas)), "never added twice");
}

/// Two tips that a feed might end at.
fn two_tips() -> [Tip; 2] {
    [3, 4].map(|seq: u8| Tip { seq: seq.into(), hash: Hash::of("test", &[&[seq]]) })
}

#[test]
fn a_removed_devices_feed_ends_at_what_the_remover_held() {
    let mut space = Space::shared();
    let (tablet, laptop, phrase) = (space.adds(Device), space.adds(Device), space.adds(RecoveryPhrase));
    let [third, fourth] = two_tips();
    let clock = Clock::from([(tablet.id(), [third, fourth].into()), (space.ada.id(), [third].into())]);
    let removal = space.chain.remove(&space.ada, [tablet.id(), laptop.id(), phrase.id()], &clock).unwrap();
    space.append(removal).expect("Ada may");
    assert_eq!(space.chain.cut_of(&tablet.id()), Some([third, fourth].as_slice()));
    assert_eq!(space.chain.cut_of(&laptop.id()), Some([].as_slice()), "nothing of it stands");
    assert_eq!(space.chain.cut_of(&phrase.id()), None, "who never had a feed has no end of one");
    assert_eq!(space.chain.cut_of(&space.ada.id()), None, "hers goes on");
    assert_eq!(space.chain.current().map(|keyholder| keyholder.id).collect::<Vec<_>>(), [space.ada.id()]);
    assert!(space.chain.open_epoch().is_none(), "the epoch is closed");
    let removed = space.chain.keyholder(&tablet.id()).unwrap();
    assert!(removed.is_member_at(space.chain.len() - 2) && !removed.is_member_at(space.chain.len() - 1));

    space.rotates();
    let kept = [space.ada.clone(), tablet, laptop].map(|keys| space.opens(&keys));
    assert_eq!(kept, [2, 1, 1], "and whoever was removed opens nothing new");
}

#[test]
fn only_a_device_has_a_feed_that_ends() {
    let mut space = Space::shared();
    let (phrase, link) = (space.adds(RecoveryPhrase), space.adds(DeviceInvitation));
    for keys in [phrase, link] {
        let tips = two_tips().map(|tip| (tip.seq, tip.hash)).to_vec();
        let body = Body::Remove(Remove { cuts: vec![Cut { keyholder: keys.id(), tips }] });
        is_refused(space.sign(&space.ada.clone(), body), "only a device has a feed");
        assert!(space.chain.member(&keys.id()).is_some() && space.chain.open_epoch().is_some());
    }
}

/// A removal of exactly these, written by hand.
fn removal_of(keyholders: &[&SecretKeys]) -> Body {
    let mut ids: Vec<KeyholderId> = keyholders.iter().map(|keys| keys.id()).collect();
    ids.sort();
    Body::Remove(Remove { cuts: ids.into_iter().map(|keyholder| Cut { keyholder, tips: Vec::new() }).collect() })
}

#[test]
fn with_a_device_goes_every_open_invitation_that_it_made() {
    let mut space = Space::shared();
    let (ada, adas, tablet) = (space.ada.clone(), space.adas, space.adds(Device));
    let hers = space.adds(DeviceInvitation);
    let [for_a_partner, for_a_device] =
        [PartnerInvitation, DeviceInvitation].map(|kind| space.try_add(&tablet, adas, kind).unwrap());
    for left_open in [vec![&tablet], vec![&tablet, &for_a_partner], vec![&tablet, &for_a_device, &hers]] {
        is_refused(space.sign(&ada, removal_of(&left_open)), "goes every invitation");
    }
    space.append(space.chain.remove(&ada, [tablet.id()], &Clock::new()).unwrap()).expect("it names them by itself");
    for gone in [&tablet, &for_a_partner, &for_a_device] {
        assert!(space.chain.member(&gone.id()).is_none());
    }
    assert!(space.chain.member(&hers.id()).is_some(), "her own stays");
    let record = space.chain.accept(&for_a_device, &SecretKeys::from_bytes(&[3; 64]), adas);
    assert_eq!(space.append(record), Err(ChainError::NotSigned), "a thief's link lets nobody in");
}

#[test]
fn a_device_that_came_by_a_link_outlives_the_device_that_made_it() {
    let mut space = Space::shared();
    let (ada, adas, laptop) = (space.ada.clone(), space.adas, space.keys());
    let tablet = space.adds(Device);
    let link = space.try_add(&tablet, adas, DeviceInvitation).unwrap();
    space.append(space.chain.accept(&link, &laptop, adas)).unwrap();
    space.rotates();
    space.sign(&ada, removal_of(&[&tablet])).expect("the link is used up");
    assert!(space.chain.member(&laptop.id()).is_some());
    is_refused(space.sign(&ada, removal_of(&[&tablet])), "it is no keyholder");
}

#[test]
fn whoever_leaves_removes_all_of_their_own_and_nobody_else() {
    let (mut space, noor, _) = Space::of_a_couple();
    let (ada, adas) = (space.ada.clone(), space.adas);
    let tablet = space.adds(Device);
    space.adds(RecoveryPhrase);
    space.adds(DeviceInvitation);
    is_refused(space.sign(&noor, removal_of(&[&ada])), "removes for another person");
    let own: Vec<KeyholderId> = space.chain.current_of(&adas).map(|keyholder| keyholder.id).collect();
    let [third, _] = two_tips();
    let clock = Clock::from([(ada.id(), [third].into())]);
    space.append(space.chain.remove(&tablet, own, &clock).unwrap()).expect("leaving takes one device, and no word");
    assert_eq!(space.chain.current().map(|keyholder| keyholder.id).collect::<Vec<_>>(), [noor.id()]);
    assert_eq!(space.chain.cut_of(&ada.id()), Some([third].as_slice()));
    assert_eq!(space.chain.remove(&ada, [ada.id()], &clock), Err(ChainError::NotSigned), "who is gone signs nothing");

    let ring = KeyRing::derive(&space.chain, &noor);
    let record = space.chain.rotate(&mut space.rng, &noor, &ring).unwrap();
    space.append(record).expect("who stays opens the next epoch");
    assert_eq!([&noor, &ada, &tablet].map(|keys| space.opens(keys)), [3, 2, 2]);
    let (invitation, ring) = (space.keys(), KeyRing::derive(&space.chain, &noor));
    let record =
        space.chain.invite(&mut space.rng, &noor, &ring, &invitation, (InvitationKind::Partner, SOON)).unwrap();
    is_refused(space.append(record), "both its persons");
}

#[test]
fn a_device_may_remove_itself() {
    let mut space = Space::shared();
    let tablet = space.adds(Device);
    space.sign(&tablet, removal_of(&[&tablet])).expect("nobody else is asked");
    assert!(space.chain.member(&tablet.id()).is_none());
    space.sign(&space.ada.clone(), removal_of(&[&space.ada.clone()])).expect("the last one too");
    assert_eq!(space.chain.current().count(), 0);
}

#[test]
fn who_is_added_opens_the_whole_history_by_one_seal() {
    let mut space = Space::shared();
    let phrase = space.adds(RecoveryPhrase);
    for _ in 0..4 {
        let revoked = space.adds(DeviceInvitation);
        space.removes(&revoked);
        space.rotates();
    }
    let by_phrase = KeyRing::derive(&space.chain, &phrase);
    let laptop = space.keys();
    let record = space.chain.add_device(&mut space.rng, &phrase, &by_phrase, &laptop).unwrap();
    space.append(record).expect("a phrase adds a device");
    let tablet = space.adds(Device);
    let second = space.adds(RecoveryPhrase);
    let epochs = space.chain.openings().count();
    assert_eq!(epochs, 5);
    for keys in [&laptop, &tablet, &second] {
        let sealed_to = |record: &Record| record.opening().is_some_and(|opening| opening.seal_of(&keys.id()).is_some());
        assert!(!space.chain.records().iter().any(sealed_to), "the seal in its Add is its only one");
        assert_eq!(space.opens(keys), epochs);
    }
    // Where none is open the newest that was is sealed to it, and the next has a seal for it.
    let revoked = space.adds(DeviceInvitation);
    space.removes(&revoked);
    assert!(space.chain.open_epoch().is_none());
    let phone = space.adds(Device);
    assert_eq!(space.opens(&phone), epochs);
    space.rotates();
    assert_eq!((space.opens(&phone), space.opens(&laptop)), (epochs + 1, epochs + 1));
}

#[test]
fn who_came_by_a_device_link_opens_the_past_with_its_own_rotate() {
    let mut space = Space::shared();
    let revoked = space.adds(DeviceInvitation);
    space.removes(&revoked);
    space.rotates();
    let (link, tablet) = (space.adds(DeviceInvitation), space.keys());
    space.append(space.chain.accept(&link, &tablet, space.adas)).unwrap();
    assert!(space.chain.open_epoch().is_none(), "an Accept closes the epoch");
    assert_eq!((space.opens(&tablet), space.opens(&link)), (0, 2), "no seal is the tablet's yet");
    let by_link = KeyRing::derive(&space.chain, &link);
    let record = space.chain.rotate(&mut space.rng, &tablet, &by_link).unwrap();
    space.append(record).expect("a device rotates");
    assert_eq!((space.opens(&tablet), space.opens(&space.ada)), (3, 3));
    assert_eq!(space.opens(&link), 2, "a used link opens nothing that comes later");
}

#[test]
fn a_removed_phrase_opens_nothing_new() {
    let mut space = Space::shared();
    let (old, new) = (space.adds(RecoveryPhrase), space.adds(RecoveryPhrase));
    space.removes(&old);
    assert!(space.chain.open_epoch().is_none(), "a removal closes the epoch");
    space.rotates();
    let laptop = space.try_add(&new, space.adas, Device).unwrap();
    assert_eq!((space.opens(&old), space.opens(&new), space.opens(&laptop)), (1, 2, 2));
    let opened = space.chain.open_epoch().unwrap();
    assert!(opened.opening().unwrap().seal_of(&old.id()).is_none());
    assert_eq!(KeyRing::derive(&space.chain, &old).get(&opened.hash()), None);
}

#[test]
fn what_the_chain_writes_itself_is_taken() {
    let mut space = Space::shared();
    let (link, phrase, tablet) = (space.keys(), space.keys(), space.keys());
    let ring = KeyRing::derive(&space.chain, &space.ada);
    let with = (InvitationKind::Device, SOON);
    let record = space.chain.invite(&mut space.rng, &space.ada, &ring, &link, with).unwrap();
    space.append(record).unwrap();
    let record = space.chain.add_phrase(&mut space.rng, &space.ada, &ring, &phrase).unwrap();
    space.append(record).unwrap();
    let record = space.chain.add_device(&mut space.rng, &space.ada, &ring, &tablet).unwrap();
    space.append(record).unwrap();
    let member = |keys: &SecretKeys| space.chain.member(&keys.id()).unwrap();
    assert_eq!((member(&link).kind, member(&link).expires), (DeviceInvitation, Some(SOON)));
    assert_eq!((member(&phrase).kind, member(&phrase).expires), (RecoveryPhrase, None));
    assert_eq!((member(&tablet).kind, member(&tablet).person), (Device, space.adas));
}

#[test]
fn a_devices_safety_words_hang_on_the_record_that_brought_it() {
    let (mut space, noor, _) = Space::of_a_couple();
    let (tablet, laptop) = (space.adds(Device), space.adds(Device));
    let words = |keys: &SecretKeys| device_safety_words(&space.chain, &keys.id()).unwrap();
    assert_ne!(words(&tablet), words(&laptop));
    assert_eq!(Some(words(&noor)), safety_words(&space.chain), "the partner's first device has the space's words");
    assert_eq!(device_safety_words(&space.chain, &SecretKeys::from_bytes(&[1; 64]).id()), None);
}
