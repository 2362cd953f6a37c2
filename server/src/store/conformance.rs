//! What does every store do alike? The suite that each implementation passes: [`suite`] makes one test of each story.

use std::sync::Arc;

use entwine_core::feed::clock::{SentTip, TipHash};
use entwine_core::feed::{EntryKind, StoredEntry, Tip};
use entwine_core::id::{Hash, KeyholderId, PersonId, ShortHash, SpaceId};
use entwine_core::keyholder::{KeyholderKind, PublicKeys};
use entwine_core::limits::ENTRIES_PER_MESSAGE_MAX;
use entwine_core::membership::SpaceKind;
use entwine_core::registration::RegistrationToken;
use entwine_core::sync::{ChainMark, Point, Range};
use entwine_core::time::Timestamp;

use super::{
    Admission, Append, Appended, Created, KeyholderLine, NewRecord, NewSpace, SpaceLine, SpaceState, Store, StoreError,
};

/// Makes a test of each story; `$fresh` is an async function that makes an empty store, and whatever must outlive it.
macro_rules! suite {
    ($fresh:path: $($story:ident),* $(,)?) => {
        $(
            #[tokio::test]
            async fn $story() {
                let (store, _kept) = $fresh().await;
                crate::store::conformance::$story(store).await;
            }
        )*
    };
    ($fresh:path) => {
        crate::store::conformance::suite!($fresh:
            a_space_is_created_once,
            records_and_keyholders_follow_the_chain,
            a_moved_chain_takes_nothing,
            entries_are_kept_once_and_tips_follow,
            pages_are_bounded_and_in_order,
            a_branch_alone_is_read,
            points_are_located,
            a_feed_ends_at_its_cut,
            a_branch_of_the_chain_takes_over,
            spaces_do_not_see_each_other,
            one_private_space_for_each_member,
            tokens_admit_until_they_are_revoked,
            the_first_token_is_shown_until_it_is_used,
            many_writers_lose_nothing,
            a_bad_change_fails_alone,
            a_closed_store_takes_nothing,
        );
    };
}
pub(crate) use suite;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const ADA: PersonId = PersonId::from_bytes([0xad; 16]);
const NOOR: PersonId = PersonId::from_bytes([0x00; 16]);

fn hash(name: &str) -> Hash {
    Hash::of("test", &[name.as_bytes()])
}

fn space_id(name: &str) -> SpaceId {
    SpaceId::from_bytes(*hash(name).as_bytes())
}

fn keys(name: &str) -> PublicKeys {
    PublicKeys::from_bytes(*hash(name).as_bytes(), *hash(&format!("{name}'s other key")).as_bytes())
}

fn mark(len: u32, name: &str) -> ChainMark {
    ChainMark { len, head: hash(name) }
}

pub(crate) fn record(name: &str) -> NewRecord {
    NewRecord { hash: hash(name), bytes: name.as_bytes().to_vec() }
}

fn device(name: &str, person: PersonId, added_at: u32) -> KeyholderLine {
    KeyholderLine { keys: keys(name), kind: KeyholderKind::Device, person, added_at, removed_at: None }
}

/// A space that Ada founds with her phone, of one record: `create NAME`.
fn new_space(name: &str) -> NewSpace {
    NewSpace {
        space: space_id(name),
        kind: SpaceKind::Shared,
        founder: ADA,
        records: vec![record(&format!("create {name}"))],
        keyholders: vec![device("ada's phone", ADA, 0)],
        admission: Admission::Free,
        now: NOW,
    }
}

pub(crate) async fn with_space(store: &dyn Store, name: &str) -> SpaceId {
    assert_eq!(store.create(new_space(name)).await.unwrap(), Created::Done);
    space_id(name)
}

/// Nothing, to a space that was just created.
pub(crate) fn nothing_to(name: &str) -> Append {
    Append {
        space: space_id(name),
        seen: mark(1, &format!("create {name}")),
        kept: 1,
        records: Vec::new(),
        keyholders: Vec::new(),
        entries: Vec::new(),
        cuts: Vec::new(),
        now: NOW,
    }
}

/// An entry by Ada's phone, so many bytes long.
fn entry(name: &str, seq: u64, previous: Hash, len: usize) -> StoredEntry {
    StoredEntry {
        feed: keys("ada's phone").id(),
        seq,
        hash: hash(name),
        previous,
        position: 0,
        kind: EntryKind::from_code(u64::MAX),
        critical: seq.is_multiple_of(2),
        sealed: vec![0x5e; len],
        signature: [seq.to_le_bytes()[0]; 64],
    }
}

/// Entries one after another: `NAME 1`, `NAME 2`, …, beginning after `previous`.
pub(crate) fn line(name: &str, after: u64, previous: Hash, count: u64, len: usize) -> Vec<StoredEntry> {
    let mut previous = previous;
    (after + 1..=after + count)
        .map(|seq| {
            let next = entry(&format!("{name} {seq}"), seq, previous, len);
            previous = next.hash;
            next
        })
        .collect()
}

async fn append_entries(store: &dyn Store, name: &str, entries: Vec<StoredEntry>) -> Vec<Tip> {
    match store.append(Append { entries, ..nothing_to(name) }).await.unwrap() {
        Appended::Done { tips } => tips.into_iter().map(|(_, tip)| tip).collect(),
        Appended::Moved => panic!("nobody moved the chain"),
    }
}

async fn load(store: &dyn Store, space: SpaceId) -> SpaceState {
    store.load(space, None).await.unwrap().unwrap()
}

fn whole_feed() -> Vec<Range> {
    beyond(&[])
}

fn beyond(tips: &[Tip]) -> Vec<Range> {
    vec![Range { feed: keys("ada's phone").id(), beyond: tips.to_vec() }]
}

pub(crate) async fn a_space_is_created_once(store: Arc<dyn Store>) {
    assert_eq!(store.load(space_id("home"), None).await.unwrap(), None);
    let space = with_space(&*store, "home").await;
    let again = NewSpace { records: vec![record("create home"), record("other")], ..new_space("home") };
    assert_eq!(store.create(again).await.unwrap(), Created::Exists);
    let state = load(&*store, space).await;
    let records = Some(vec![b"create home".to_vec()]);
    let expected = SpaceState { mark: mark(1, "create home"), records, tips: vec![], bytes: 11 };
    assert_eq!(state, expected);
    let known = store.load(space, Some(expected.mark)).await.unwrap();
    assert_eq!(
        known,
        Some(SpaceState { records: None, ..expected.clone() }),
        "whoever knows the chain is not told it again"
    );
    assert_eq!(store.load(space, Some(mark(1, "another"))).await.unwrap(), Some(expected));
    assert_eq!(store.keys_of(keys("ada's phone").id()).await.unwrap(), Some(keys("ada's phone")));
    assert_eq!(store.keys_of(keys("noor's phone").id()).await.unwrap(), None);
}

pub(crate) async fn records_and_keyholders_follow_the_chain(store: Arc<dyn Store>) {
    let space = with_space(&*store, "home").await;
    let invitation = KeyholderLine { kind: KeyholderKind::PartnerInvitation, ..device("invitation", ADA, 1) };
    let add = Append { records: vec![record("add")], keyholders: vec![invitation.clone()], ..nothing_to("home") };
    store.append(add).await.unwrap();
    let line = SpaceLine { space, is_private: false };
    assert_eq!(store.spaces_of(keys("invitation").id()).await.unwrap(), [line]);

    let accept = Append {
        seen: mark(2, "add"),
        kept: 2,
        records: vec![record("accept"), record("rotate")],
        keyholders: vec![KeyholderLine { removed_at: Some(2), ..invitation }, device("noor's phone", NOOR, 2)],
        ..nothing_to("home")
    };
    store.append(accept).await.unwrap();
    let records = ["create home", "add", "accept", "rotate"].map(|name| name.as_bytes().to_vec());
    assert_eq!(load(&*store, space).await.records, Some(records.to_vec()));
    assert_eq!(store.spaces_of(keys("invitation").id()).await.unwrap(), []);
    assert_eq!(store.spaces_of(keys("noor's phone").id()).await.unwrap(), [line]);
    let admitted = |invitation, keyholder| store.admitted_by(keys(invitation).id(), keys(keyholder).id());
    assert_eq!(admitted("invitation", "noor's phone").await.unwrap(), [space]);
    assert_eq!(admitted("invitation", "ada's phone").await.unwrap(), []);
    assert_eq!(admitted("ada's phone", "noor's phone").await.unwrap(), []);
    assert_eq!(store.keys_of(keys("invitation").id()).await.unwrap(), Some(keys("invitation")), "removed or not");
}

pub(crate) async fn a_moved_chain_takes_nothing(store: Arc<dyn Store>) {
    let space = with_space(&*store, "home").await;
    let words = line("word", 0, Hash::ZERO, 1, 10);
    for (len, head) in [(2, "create home"), (1, "create another"), (0, "")] {
        let seen = mark(len, head);
        for records in [vec![record("add")], Vec::new()] {
            let append = Append { seen, kept: len, records, entries: words.clone(), ..nothing_to("home") };
            assert_eq!(store.append(append).await.unwrap(), Appended::Moved);
        }
    }
    let elsewhere = Append { space: space_id("nowhere"), entries: words, ..nothing_to("home") };
    assert_eq!(store.append(elsewhere).await.unwrap(), Appended::Moved);
    assert_eq!(load(&*store, space).await.bytes, 11);
}

pub(crate) async fn entries_are_kept_once_and_tips_follow(store: Arc<dyn Store>) {
    let space = with_space(&*store, "home").await;
    let words = line("word", 0, Hash::ZERO, 3, 100);
    assert_eq!(append_entries(&*store, "home", words[..2].to_vec()).await, [words[1].tip()]);
    assert_eq!(append_entries(&*store, "home", words.clone()).await, [words[2].tip()], "known ones are passed over");
    assert_eq!(load(&*store, space).await.bytes, 11 + 300);

    // A phone that was restored from a backup goes on from the first word.
    let branch = line("branch", 1, words[0].hash, 2, 100);
    let mut both = vec![words[2].tip(), branch[1].tip()];
    both.sort();
    assert_eq!(append_entries(&*store, "home", branch).await, both);
    assert_eq!(load(&*store, space).await.tips.len(), 2);

    let (read, more) = store.read(space, beyond(&[both[0], both[1]]), 1000).await.unwrap();
    assert_eq!((read, more), (vec![], false));
    let (read, _) = store.read(space, whole_feed(), 10_000).await.unwrap();
    assert_eq!(read.len(), 5);
    assert_eq!(read[0], words[0], "bit for bit");
}

pub(crate) async fn pages_are_bounded_and_in_order(store: Arc<dyn Store>) {
    let space = with_space(&*store, "home").await;
    let words = line("word", 0, Hash::ZERO, 40, 1000);
    append_entries(&*store, "home", words.clone()).await;
    let (mut read, mut pages) = (Vec::new(), 0);
    loop {
        let held = read.last().map(StoredEntry::tip);
        let (page, more) = store.read(space, beyond(held.as_slice()), 9000).await.unwrap();
        assert!((1..=8).contains(&page.len()));
        read.extend(page);
        pages += 1;
        if !more {
            break;
        }
    }
    assert_eq!(read, words);
    assert!(pages >= 5, "{pages}");
    let (page, more) = store.read(space, whole_feed(), 1).await.unwrap();
    assert_eq!((page.len(), more), (1, true), "one at least");

    let many = line("word", 40, words[39].hash, ENTRIES_PER_MESSAGE_MAX as u64, 0);
    append_entries(&*store, "home", many).await;
    let (page, more) = store.read(space, whole_feed(), usize::MAX).await.unwrap();
    assert_eq!((page.len(), more), (ENTRIES_PER_MESSAGE_MAX, true), "no more than one message takes");
}

pub(crate) async fn a_branch_alone_is_read(store: Arc<dyn Store>) {
    let space = with_space(&*store, "home").await;
    let trunk = line("trunk", 0, Hash::ZERO, 20, 10);
    let left = line("left", 20, trunk[19].hash, 30, 10);
    let right = line("right", 20, trunk[19].hash, 5, 10);
    append_entries(&*store, "home", [trunk.clone(), left.clone(), right.clone()].concat()).await;

    let read = async |tips: &[Tip], budget| store.read(space, beyond(tips), budget).await.unwrap();
    assert_eq!(read(&[left[29].tip()], 100_000).await, (right.clone(), false));
    assert_eq!(read(&[right[4].tip()], 100_000).await, (left.clone(), false));
    assert_eq!(read(&[left[29].tip(), right[1].tip()], 100_000).await, (right[2..].to_vec(), false));
    assert_eq!(read(&[trunk[9].tip()], 100_000).await.0.len(), 10 + 30 + 5);
    let (page, more) = read(&[right[4].tip()], 500).await;
    assert_eq!((page.as_slice(), more), (&left[..2], true), "a page of a branch goes on where the last ended");
}

pub(crate) async fn points_are_located(store: Arc<dyn Store>) {
    let space = with_space(&*store, "home").await;
    let words = line("word", 0, Hash::ZERO, 3, 10);
    append_entries(&*store, "home", words.clone()).await;
    // Two entries of one place whose hashes begin alike: only a whole hash tells them apart.
    let mut twin = entry("twin", 3, words[1].hash, 10);
    let mut bytes = *words[2].hash.as_bytes();
    bytes[31] ^= 1;
    twin.hash = Hash::from_bytes(bytes);
    append_entries(&*store, "home", vec![twin.clone()]).await;

    let feed = keys("ada's phone").id();
    let point = |tip| Point { feed, tip };
    let nobody = KeyholderId::from_bytes([1; 16]);
    let unknown = TipHash::Short(ShortHash::from_bytes([0; 8]));
    let points = vec![
        point(SentTip::short(&words[1].tip())),
        point(SentTip::whole(&words[0].tip())),
        point(SentTip::short(&words[2].tip())),
        point(SentTip::whole(&words[2].tip())),
        point(SentTip::whole(&twin.tip())),
        point(SentTip { seq: 1, hash: unknown }),
        point(SentTip { seq: u64::MAX, hash: unknown }),
        Point { feed: nobody, tip: SentTip::whole(&words[0].tip()) },
    ];
    let found = store.locate(space, points).await.unwrap();
    let [first, second, third] = [0, 1, 2].map(|index: usize| Some(words[index].tip()));
    assert_eq!(found, [second, first, None, third, Some(twin.tip()), None, None, None]);
}

pub(crate) async fn a_branch_of_the_chain_takes_over(store: Arc<dyn Store>) {
    let space = with_space(&*store, "home").await;
    let lost = Append {
        records: vec![record("lost 1"), record("lost 2")],
        keyholders: vec![
            device("ada's tablet", ADA, 1),
            KeyholderLine { removed_at: Some(2), ..device("ada's phone", ADA, 0) },
        ],
        ..nothing_to("home")
    };
    store.append(lost).await.unwrap();
    let stands = line("stands", 0, Hash::ZERO, 2, 100);
    let mut bound = line("bound", 2, stands[1].hash, 1, 100);
    bound[0].position = 2;
    let follows = line("follows", 3, bound[0].hash, 1, 100);
    let seen = mark(3, "lost 2");
    let entries = [stands.clone(), bound, follows].concat();
    store.append(Append { seen, kept: 3, entries, ..nothing_to("home") }).await.unwrap();
    let before = store.load(space, None).await.unwrap().unwrap();

    let branch = Append {
        seen,
        kept: 1,
        records: vec![record("won")],
        keyholders: vec![device("ada's phone", ADA, 0), device("noor's phone", NOOR, 1)],
        ..nothing_to("home")
    };
    let stale = Append { seen: mark(3, "another"), ..branch.clone() };
    assert_eq!(store.append(stale).await.unwrap(), Appended::Moved);
    assert_eq!(store.load(space, None).await.unwrap().unwrap(), before);
    store.append(branch).await.unwrap();
    let after = store.load(space, None).await.unwrap().unwrap();
    let bytes = |names: &[&str]| names.iter().map(|name| name.as_bytes().to_vec()).collect::<Vec<_>>();
    assert_eq!(after.records, Some(bytes(&["create home", "won"])));
    assert_eq!(after.tips, [(keys("ada's phone").id(), stands[1].tip())], "what is bound to a lost record goes");
    assert_eq!(before.bytes - after.bytes, ("lost 1lost 2".len() - "won".len()) as u64);
    assert_eq!(store.keys_of(keys("ada's tablet").id()).await.unwrap(), None, "whom a lost record added was never in");
    for name in ["ada's phone", "noor's phone"] {
        assert_eq!(store.spaces_of(keys(name).id()).await.unwrap(), [SpaceLine { space, is_private: false }], "{name}");
    }
    let next = Append { seen: mark(2, "won"), kept: 2, records: vec![record("next")], ..nothing_to("home") };
    assert!(matches!(store.append(next).await.unwrap(), Appended::Done { .. }));
}

pub(crate) async fn a_feed_ends_at_its_cut(store: Arc<dyn Store>) {
    let space = with_space(&*store, "home").await;
    let words = line("word", 0, Hash::ZERO, 4, 100);
    let branch = line("branch", 1, words[0].hash, 2, 100);
    append_entries(&*store, "home", [words[..3].to_vec(), branch.clone()].concat()).await;
    let feed = keys("ada's phone").id();
    let cut_at = async |tips: &[Tip], entries: &[StoredEntry]| {
        let append = Append { cuts: vec![(feed, tips.to_vec())], entries: entries.to_vec(), ..nothing_to("home") };
        match store.append(append).await.unwrap() {
            Appended::Done { tips } => tips.into_iter().map(|(_, tip)| tip).collect::<Vec<_>>(),
            Appended::Moved => panic!("nobody moved the chain"),
        }
    };
    let read = async || store.read(space, whole_feed(), 10_000).await.unwrap().0;

    let mut both = vec![words[2].tip(), branch[1].tip()];
    both.sort();
    assert_eq!(cut_at(&[words[3].tip()], &[]).await, both, "not all of the cut is here: nothing leaves");
    assert_eq!(read().await.len(), 5);
    assert_eq!(cut_at(&[words[3].tip()], &words[3..]).await, [words[3].tip()]);
    assert_eq!(read().await, words, "the branch beyond it is gone");
    let point = Point { feed, tip: SentTip::whole(&branch[1].tip()) };
    assert_eq!(store.locate(space, vec![point]).await.unwrap(), [None]);

    assert_eq!(cut_at(&[words[0].tip(), words[1].tip()], &[]).await, [words[1].tip()], "one is before the other");
    assert_eq!(read().await, words[..2]);
    assert_eq!(cut_at(&[], &[]).await, [], "nothing stands");
    assert_eq!(read().await, []);
}

pub(crate) async fn spaces_do_not_see_each_other(store: Arc<dyn Store>) {
    let home = with_space(&*store, "home").await;
    let away = with_space(&*store, "away").await;
    let words = line("word", 0, Hash::ZERO, 2, 10);
    append_entries(&*store, "home", words.clone()).await;
    assert_eq!(load(&*store, away).await.tips, []);
    assert_eq!(store.read(away, whole_feed(), 1000).await.unwrap(), (vec![], false));
    let point = Point { feed: keys("ada's phone").id(), tip: SentTip::whole(&words[0].tip()) };
    assert_eq!(store.locate(away, vec![point]).await.unwrap(), [None]);
    let mut both = [home, away];
    both.sort();
    let listed = store.spaces_of(keys("ada's phone").id()).await.unwrap();
    assert_eq!(listed.iter().map(|line| line.space).collect::<Vec<_>>(), both);
}

pub(crate) async fn one_private_space_for_each_member(store: Arc<dyn Store>) {
    let shared = with_space(&*store, "home").await;
    let ada = keys("ada's phone").id();
    let private = |name: &str, founder, device| NewSpace {
        kind: SpaceKind::Private { of: shared },
        founder,
        admission: Admission::MemberOf { shared, device },
        ..new_space(name)
    };
    let strange = private("noor's", NOOR, keys("noor's phone").id());
    assert_eq!(store.create(strange).await.unwrap(), Created::NotAdmitted, "no member");
    assert_eq!(store.create(private("hers", NOOR, ada)).await.unwrap(), Created::NotAdmitted, "another's device");
    assert_eq!(store.create(private("ada's", ADA, ada)).await.unwrap(), Created::Done);
    assert_eq!(store.create(private("ada's", ADA, ada)).await.unwrap(), Created::Exists);
    assert_eq!(store.create(private("ada's second", ADA, ada)).await.unwrap(), Created::NotAdmitted, "one each");
    let elsewhere = NewSpace { kind: SpaceKind::Private { of: space_id("away") }, ..private("third", ADA, ada) };
    assert_eq!(store.create(elsewhere).await.unwrap(), Created::NotAdmitted, "beside another space");
    let lines = store.spaces_of(ada).await.unwrap();
    let private = SpaceLine { space: space_id("ada's"), is_private: true };
    assert_eq!(lines, [SpaceLine { space: shared, is_private: false }, private]);
}

pub(crate) async fn tokens_admit_until_they_are_revoked(store: Arc<dyn Store>) {
    let token = RegistrationToken::new("come in");
    let id = store.add_token(token.clone(), false, NOW).await.unwrap();
    assert_eq!(store.standing_tokens().await.unwrap(), [(id.clone(), token.digest())]);
    assert!(store.unused_token().await.unwrap().is_none(), "its text was not kept");

    let by = |name: &str, id: &str| NewSpace { admission: Admission::Token(id.to_owned()), ..new_space(name) };
    assert_eq!(store.create(by("home", "another")).await.unwrap(), Created::NotAdmitted);
    assert_eq!(store.create(by("home", &id)).await.unwrap(), Created::Done);
    let later = NewSpace { now: NOW.plus_seconds(60), ..by("away", &id) };
    assert_eq!(store.create(later).await.unwrap(), Created::Done, "it can be used again");
    assert_eq!(store.tokens().await.unwrap()[0].used_at, Some(NOW), "the first use");

    assert!(store.revoke_token(id.clone(), NOW.plus_seconds(90)).await.unwrap());
    assert!(!store.revoke_token(id.clone(), NOW).await.unwrap());
    assert_eq!(store.standing_tokens().await.unwrap(), []);
    assert_eq!(store.create(by("third", &id)).await.unwrap(), Created::NotAdmitted);
    assert_eq!(store.tokens().await.unwrap()[0].revoked_at, Some(NOW.plus_seconds(90)));
}

pub(crate) async fn the_first_token_is_shown_until_it_is_used(store: Arc<dyn Store>) {
    let id = store.add_token(RegistrationToken::new("come in"), true, NOW).await.unwrap();
    assert_eq!(store.unused_token().await.unwrap().unwrap().reveal(), "come in");
    assert_eq!(store.unused_token().await.unwrap().unwrap().reveal(), "come in");
    store.create(NewSpace { admission: Admission::Token(id), ..new_space("home") }).await.unwrap();
    assert!(store.unused_token().await.unwrap().is_none());
}

pub(crate) async fn many_writers_lose_nothing(store: Arc<dyn Store>) {
    let names: Vec<String> = (0..50).map(|number| format!("space {number}")).collect();
    let created = names.iter().map(|name| store.create(new_space(name)));
    for created in futures_util::future::join_all(created).await {
        assert_eq!(created.unwrap(), Created::Done);
    }
    let words = line("word", 0, Hash::ZERO, 4, 10);
    let appended = names.iter().map(|name| append_entries(&*store, name, words.clone()));
    for tips in futures_util::future::join_all(appended).await {
        assert_eq!(tips, [words[3].tip()]);
    }
    for name in &names {
        let (read, more) = store.read(space_id(name), whole_feed(), 10_000).await.unwrap();
        assert_eq!((read, more), (words.clone(), false));
    }
}

pub(crate) async fn a_bad_change_fails_alone(store: Arc<dyn Store>) {
    let home = with_space(&*store, "home").await;
    let good = Append { entries: line("word", 0, Hash::ZERO, 1, 10), ..nothing_to("home") };
    // What no machine lets through: so it fails half-way, when its record is in already.
    let unheard_of = entry("unheard of", u64::MAX, Hash::ZERO, 10);
    let bad = Append { records: vec![record("add")], entries: vec![unheard_of], ..nothing_to("home") };
    let (bad, good, other) = tokio::join!(store.append(bad), store.append(good), with_space(&*store, "third"));
    assert!(bad.is_err());
    assert!(matches!(good.unwrap(), Appended::Done { .. }), "nothing of the bad one stayed");
    assert_eq!(other, space_id("third"));
    assert!(store.is_writable());
    let state = load(&*store, home).await;
    assert_eq!((state.mark.len, state.tips.len()), (1, 1));
}

pub(crate) async fn a_closed_store_takes_nothing(store: Arc<dyn Store>) {
    let accepted = store.create(new_space("home"));
    let (accepted, ()) = tokio::join!(accepted, store.close());
    assert_eq!(accepted.unwrap(), Created::Done, "what was accepted is finished");
    assert!(!store.is_writable());
    assert!(matches!(store.create(new_space("away")).await, Err(StoreError::Unavailable)));
    store.close().await;
}
