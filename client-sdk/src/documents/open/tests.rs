//! Two programs on one profile, and the tablet of the same person: whatever stays open is what would be loaded anew.

use std::collections::BTreeSet;

use entwine_core::document::{ActorId, Document, DocumentName, EntityId};
use entwine_core::feed::{Clock, EntryHeader, EntryKind, Position, VerifiedEntry};
use entwine_core::id::Hash;
use entwine_core::keyholder::SecretKeys;
use entwine_core::membership::MembershipChain;
use entwine_core::practice::Writer;
use entwine_core::practice::journal::JournalEntry;
use entwine_core::practice::origin::{Origin, chapter};
use entwine_core::sealing::entry::EntryContent;
use entwine_core::sync::{Append, ChainMark};
use entwine_core::time::Timestamp;
use proptest::prelude::*;
use tempfile::TempDir;

use crate::client::{Client, SpaceView};
use crate::error::Error;
use crate::storage::{Held, Step};
use crate::{ClientOptions, NewEntry, clock, random};

/// Ada's phone, on which two programs run, and what her tablet writes.
struct Phone {
    programs: [Client; 2],
    month: DocumentName,
    tablet: SecretKeys,
    tablets_own: Document,
    last: Option<VerifiedEntry>,
    written: Vec<EntityId>,
    _folder: TempDir,
}

impl Phone {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (first, view) = crate::documents::tests::founder(folder.path()).await;
        let tablet = SecretKeys::make_random(&mut random::generator());
        let added = view.chain.add_device(&mut random::generator(), &first.keys, &view.ring, &tablet).unwrap();
        let mut chain = (*view.chain).clone();
        chain.append_record(added).unwrap();
        let append = Append::new(ChainMark::of(&view.chain), chain, Vec::new());
        assert!(matches!(first.storage.append(&append, &|_| (*view.ring).clone()).await.unwrap(), Step::Done(_)));
        // What founding wrote lies in entries: whatever is sealed next is about the month.
        let sealed = first.storage.seal_pending(&first.keys, &append.chain, &view.ring).await.unwrap();
        assert!(matches!(sealed, Step::Done(_)));
        let second = Client::open(folder.path(), ClientOptions::default()).await.unwrap();
        let tablets_own = Document::new(ActorId::make_random(&mut random::generator(), &tablet.id()));
        let month = chapter(clock::now(), &clock::zone());
        let programs = [first, second];
        Self { programs, month, tablet, tablets_own, last: None, written: Vec::new(), _folder: folder }
    }

    async fn view(&self) -> SpaceView {
        self.programs[0].view(false).await.unwrap()
    }

    async fn write(&mut self, program: usize, text: &str) -> Result<EntityId, Error> {
        let new = NewEntry { text: text.to_owned(), ..NewEntry::default() };
        let id = self.programs[program].journal().write(new).await?;
        self.written.push(id.clone());
        Ok(id)
    }

    /// Entries of the tablet come, and nobody looks at them yet.
    async fn comes(&mut self, count: usize) {
        let view = self.view().await;
        let mut entries = Vec::new();
        for _ in 0..count {
            let person = self.programs[0].person(&view).unwrap();
            let writer = Writer { person, device: self.tablet.id() };
            let id = EntityId::make(clock::now(), &mut random::generator());
            let entry = JournalEntry::new("", "from the tablet", &Origin::new(&writer, clock::now(), &clock::zone()));
            self.tablets_own.collection_mut().put(&id, &entry, clock::now()).unwrap();
            let changes = self.tablets_own.take_changes();
            entries.push(self.signed(&view, changes));
        }
        self.append(&view, (*view.chain).clone(), entries).await;
    }

    /// What the tablet signs next.
    fn signed(&mut self, view: &SpaceView, changes: Vec<Vec<u8>>) -> VerifiedEntry {
        let header = EntryHeader {
            space: view.space,
            feed: self.tablet.id(),
            seq: self.last.as_ref().map_or(1, |last| last.seq + 1),
            previous: self.last.as_ref().map_or(Hash::ZERO, |last| last.hash),
            position: Position { index: view.chain.len() - 1, hash: view.chain.head() },
            kind: EntryKind::CHANGES,
            critical: true,
        };
        let (document, times) = (self.month.as_str().to_owned(), (Timestamp::default(), Timestamp::default()));
        let content = EntryContent { document, generation: 0, changes, clock: Vec::new(), written: times };
        let epoch = view.chain.open_epoch().unwrap().hash();
        let secret = view.ring.get(&epoch).unwrap();
        let entry = content.seal(&mut random::generator(), &self.tablet, secret, &header);
        self.last = Some(entry.clone());
        entry
    }

    async fn append(&self, view: &SpaceView, chain: MembershipChain, entries: Vec<VerifiedEntry>) {
        let append = Append::new(ChainMark::of(&view.chain), chain, entries);
        let stored = self.programs[0].storage.append(&append, &|_| (*view.ring).clone()).await.unwrap();
        assert!(matches!(stored, Step::Done(_)));
    }

    /// A program seals what is pending, as an exchange does.
    async fn seal(&self, program: usize) {
        let (client, view) = (&self.programs[program], self.view().await);
        let sealed = client.storage.seal_pending(&client.keys, &view.chain, &view.ring).await.unwrap();
        assert!(matches!(sealed, Step::Done(_)));
    }

    /// The relay sets the last entry of this phone aside.
    async fn is_refused(&self, program: usize) {
        let (client, view) = (&self.programs[program], self.view().await);
        let clock = client.storage.clock(&view.space).await.unwrap();
        if let Some(tip) = clock.get(&client.keyholder()).and_then(|tips| tips.last()) {
            self.refuses(program, tip.hash).await;
        }
    }

    async fn refuses(&self, program: usize, entry: Hash) {
        let (client, view) = (&self.programs[program], self.view().await);
        let ring = |_: &_| (*view.ring).clone();
        client.storage.take_back(&view.space, &client.keyholder(), &[entry], &ring).await.unwrap();
    }

    /// Up to where a program holds the month open.
    fn held(&self, program: usize, view: &SpaceView) -> Option<Held> {
        let client = &self.programs[program];
        let kept = client.documents.take(&view.space, self.month.as_str())?;
        let held = kept.held;
        client.documents.put(&view.space, self.month.as_str(), kept, true);
        Some(held)
    }

    /// What each program holds open, brought up to date, is what it would load.
    async fn check(&self) {
        let view = self.view().await;
        for client in &self.programs {
            let name = self.month.as_str();
            let Some(kept) = client.documents.take(&view.space, name) else { continue };
            let newer = client.storage.stored_document(&view.space, name, Some(kept.held)).await.unwrap();
            let all = client.storage.stored_document(&view.space, name, None).await.unwrap();
            let kept = client.bring_up(&view, Some(kept), newer).unwrap();
            let loaded = client.bring_up(&view, None, all).unwrap();
            assert_eq!(sorted(&kept.document), sorted(&loaded.document));
            assert_eq!((kept.document.waits(), loaded.document.waits()), (0, 0), "nothing stands on what is not there");
            assert_eq!(kept.held.version, loaded.held.version);
            client.documents.put(&view.space, name, kept, true);
        }
    }

    /// How many entries a program shows.
    async fn shown(&self, program: usize) -> usize {
        self.programs[program].journal().list(None).await.unwrap().len()
    }
}

/// The state of a document, and all that it shows.
fn sorted(document: &Document) -> (Vec<u8>, String) {
    let bytes = document.heads().to_bytes();
    let mut heads: Vec<&[u8]> = bytes.chunks(32).collect();
    heads.sort_unstable();
    let entries = document.collection::<JournalEntry>();
    (heads.concat(), format!("{:?} {:?}", entries.list(), entries.trash(clock::now())))
}

#[tokio::test]
async fn what_another_program_writes_comes_into_a_document_that_stays_open() {
    let mut phone = Phone::new().await;
    let view = phone.view().await;
    for program in [0, 1, 0] {
        phone.write(program, "a word").await.unwrap();
    }
    assert_eq!([phone.shown(0).await, phone.shown(1).await], [3, 3]);
    phone.seal(1).await;
    phone.write(1, "one more").await.unwrap();
    let held = phone.held(0, &view).expect("it stays open");
    let storage = &phone.programs[0].storage;
    let newer = storage.stored_document(&view.space, phone.month.as_str(), Some(held)).await.unwrap();
    assert!(newer.is_newer && newer.snapshot.is_none(), "only what is newer is read");
    assert_eq!((newer.tail.len(), newer.pending.len()), (1, 1), "what was sealed, and what was written");
    assert_eq!(phone.shown(0).await, 4);
    phone.check().await;
}

#[tokio::test]
async fn a_document_that_stays_open_is_loaded_anew_once_another_program_opened_entries() {
    let mut phone = Phone::new().await;
    phone.write(0, "before").await.unwrap();
    // What arrived before is opened after something was written and sealed: it lies before what the first program has read.
    phone.comes(3).await;
    phone.write(0, "and after").await.unwrap();
    phone.seal(0).await;
    let view = phone.view().await;
    let held = phone.held(0, &view).expect("it stays open");
    phone.programs[1].open_arrived().await.unwrap();
    assert_eq!(phone.shown(0).await, 5);
    assert_ne!(phone.held(0, &view).unwrap().version, held.version);
    phone.check().await;
}

#[tokio::test]
async fn nothing_is_written_on_what_the_relay_refused_for_good_though_it_stays_open() {
    let mut phone = Phone::new().await;
    let refused = phone.write(0, "nobody takes this").await.unwrap();
    for _ in 0..2 {
        phone.seal(1).await;
        phone.is_refused(1).await;
    }
    let good = phone.write(0, "and this stands alone").await.unwrap();
    let view = phone.view().await;
    let stored = phone.programs[0].storage.stored_document(&view.space, phone.month.as_str(), None).await.unwrap();
    assert_eq!((stored.staying.len(), stored.pending.len()), (1, 1));
    let mut partners = Document::new(ActorId::make_random(&mut random::generator(), &phone.tablet.id()));
    partners.apply(&[stored.pending[0].bytes.clone()]).unwrap();
    assert_eq!(partners.waits(), 0, "the partner can read it");
    assert_eq!([phone.shown(0).await, phone.shown(1).await], [2, 2], "what was refused is shown all the same");
    for program in &phone.programs {
        let journal = program.journal();
        for edit in [journal.append(&refused, " more").await, journal.delete(&refused).await] {
            assert!(matches!(edit, Err(Error::Stays { .. })), "it is told why: {edit:?}");
        }
        let nothing = EntityId::make(clock::now(), &mut random::generator());
        let edit = journal.append(&nothing, " more").await;
        assert!(matches!(edit, Err(Error::NotFound { .. })), "and what nobody wrote is not found: {edit:?}");
        let opened = journal.open_editor(&good).await.unwrap();
        journal.save_edited(&opened, "and this is edited").await.unwrap();
        assert!(journal.read(&refused).await.is_ok());
    }
    phone.check().await;
}

#[tokio::test]
async fn what_was_written_on_a_refused_text_before_that_was_known_stays_with_it() {
    let mut phone = Phone::new().await;
    let id = phone.write(0, "nobody takes this").await.unwrap();
    phone.seal(0).await;
    phone.programs[1].journal().append(&id, " nor what follows").await.unwrap();
    phone.is_refused(0).await;
    phone.seal(0).await;
    // The one that was set aside goes first, and alone.
    let view = phone.view().await;
    let storage = &phone.programs[0].storage;
    let sealed = storage.stored_document(&view.space, phone.month.as_str(), None).await.unwrap().tail;
    assert_eq!(sealed.len(), 2);
    phone.refuses(0, sealed[0].hash).await;
    let stored = storage.stored_document(&view.space, phone.month.as_str(), None).await.unwrap();
    assert_eq!((stored.staying.len(), stored.pending.len(), stored.tail.len()), (2, 0, 0));
    phone.check().await;
}

#[tokio::test]
async fn a_write_that_fails_leaves_nothing_open_that_was_not_kept() {
    let mut phone = Phone::new().await;
    phone.write(0, "kept").await.unwrap();
    phone.programs[1].storage.refuse_pending(true).await;
    phone.write(0, "lost").await.unwrap_err();
    phone.programs[1].storage.refuse_pending(false).await;
    assert_eq!(phone.shown(0).await, 1);
    phone.write(0, "kept too").await.unwrap();
    assert_eq!([phone.shown(0).await, phone.shown(1).await], [2, 2]);
    phone.check().await;
}

#[tokio::test]
async fn an_edit_that_is_refused_half_way_leaves_nothing_of_it() {
    let mut phone = Phone::new().await;
    let view = phone.view().await;
    phone.write(0, "before").await.unwrap();
    let client = &phone.programs[0];
    let entry = |text| {
        let writer = Writer { person: client.person(&view).unwrap(), device: client.keyholder() };
        JournalEntry::new("", text, &Origin::new(&writer, clock::now(), &clock::zone()))
    };
    let id = || EntityId::make(clock::now(), &mut random::generator());
    let half = client.change(&view, &phone.month, |document, now| {
        document.collection_mut().put(&id(), &entry("half"), now)?;
        Err::<(), _>(Error::TextNotFound)
    });
    half.await.unwrap_err();
    client
        .change(&view, &phone.month, |document, now| Ok(document.collection_mut().put(&id(), &entry("whole"), now)?))
        .await
        .unwrap();
    assert_eq!([phone.shown(0).await, phone.shown(1).await], [2, 2]);
    phone.check().await;
}

#[tokio::test]
async fn what_a_removed_device_said_beyond_its_cut_stays_in_a_document_though_it_says_nonsense_too() {
    let mut phone = Phone::new().await;
    phone.comes(2).await;
    let last = phone.last.clone().unwrap();
    let view = phone.view().await;
    let broken = phone.signed(&view, vec![b"no change at all".to_vec()]);
    phone.append(&view, (*view.chain).clone(), vec![broken]).await;
    phone.comes(1).await;
    for program in [0, 1] {
        phone.programs[program].open_arrived().await.unwrap();
        assert_eq!(phone.shown(program).await, 3);
    }
    let before = phone.held(0, &view).unwrap();
    let cut = Clock::from([(phone.tablet.id(), BTreeSet::from([last.tip()]))]);
    let mut chain = (*view.chain).clone();
    chain.append_record(chain.remove(&phone.programs[0].keys, [phone.tablet.id()], &cut).unwrap()).unwrap();
    phone.append(&view, chain, Vec::new()).await;
    let stored =
        phone.programs[0].storage.stored_document(&view.space, phone.month.as_str(), Some(before)).await.unwrap();
    assert!(!stored.is_newer, "entries went: whoever held the document loads it anew");
    for program in &phone.programs {
        assert_eq!(
            program.view(false).await.unwrap().chain.len(),
            view.chain.len() + 1,
            "and the chain that it had verified"
        );
    }
    assert_eq!([phone.shown(0).await, phone.shown(1).await], [3, 3]);
    phone.check().await;
}

#[tokio::test]
async fn what_came_with_a_record_is_not_taken_for_locked_by_whoever_read_the_chain_before() {
    let mut phone = Phone::new().await;
    let before = phone.view().await;
    let mut chain = (*before.chain).clone();
    let laptop = SecretKeys::make_random(&mut random::generator());
    let added = chain.add_device(&mut random::generator(), &phone.programs[0].keys, &before.ring, &laptop).unwrap();
    chain.append_record(added).unwrap();
    phone.append(&before, chain, Vec::new()).await;
    phone.comes(1).await;
    let client = &phone.programs[0];
    let batch = client.storage.unopened(&before.space, 10).await.unwrap();
    assert!(matches!(client.open_batch(&before, &batch).await.unwrap(), Step::Moved), "it is looked at again");
    assert_eq!(phone.shown(0).await, 1);
    let counts = phone.programs[0].storage.counts(&before.space).await.unwrap();
    assert_eq!((counts.waiting_for_key, counts.unopened), (0, 0), "no key is missing");
}

/// A change that makes a text with a bold letter. automerge takes it, and Entwine does not: see `core/src/document/received.rs`.
const MARKED: &str = "856f4a836de85b46016a00100707070707070707070707070707070701010000000b0104020411081308150534024206560757037002a5010a0001\
     0500000105010002020000017f0000017b0002017d027f0178000501057f04030102077f0003167e0200612062060000047f04626f6c640001";

#[tokio::test]
async fn what_was_set_aside_stays_out_of_a_document_that_is_made_anew() {
    let mut phone = Phone::new().await;
    phone.comes(1).await;
    let view = phone.view().await;
    let marked = data_encoding::HEXLOWER.decode(MARKED.as_bytes()).unwrap();
    let entry = phone.signed(&view, vec![marked.clone()]);
    phone.append(&view, (*view.chain).clone(), vec![entry]).await;
    phone.programs[0].open_arrived().await.unwrap();
    phone.write(0, "nobody takes this").await.unwrap();
    for _ in 0..2 {
        phone.seal(1).await;
        phone.is_refused(1).await;
    }
    let name = phone.month.as_str();
    let stored = phone.programs[0].storage.stored_document(&view.space, name, None).await.unwrap();
    assert!(stored.snapshot.is_none(), "it went with what was refused");
    for program in &phone.programs {
        let mut loaded = program.load(&view, &phone.month).await.unwrap();
        assert!(!loaded.all_changes().contains(&marked));
    }
    assert_eq!([phone.shown(0).await, phone.shown(1).await], [2, 2]);
    phone.check().await;
}

#[tokio::test]
async fn an_exchange_opens_no_document_and_not_even_home() {
    let mut phone = Phone::new().await;
    phone.write(0, "waits to be sealed").await.unwrap();
    phone.comes(3).await;
    let client = &phone.programs[1];
    let status = client.sync_once(std::time::Duration::from_secs(60), None).await.unwrap();
    assert_eq!(status.reason, Some(crate::Reason::Offline), "nobody is there");
    assert_eq!(client.documents.count(), 0);
    client.status().await.unwrap();
    assert_eq!(client.documents.count(), 2, "the month and home, once somebody wants to know");
}

#[tokio::test]
async fn whoever_begins_to_watch_opens_no_month_where_nothing_is_pending() {
    let mut phone = Phone::new().await;
    phone.write(0, "of this month").await.unwrap();
    phone.seal(0).await;
    let view = phone.view().await;
    let name = phone.month.as_str().to_owned();
    let client =
        std::sync::Arc::new(Client::open(phone.programs[0].profile(), ClientOptions::default()).await.unwrap());
    let mut watch = client.watch();
    assert!(matches!(watch.next().await.unwrap(), crate::Event::Status { .. }));
    assert!(client.documents.take(&view.space, &name).is_none());
    let id = phone.write(1, "by another program").await.unwrap();
    let changed = loop {
        if let crate::Event::Changed { id, .. } = watch.next().await.unwrap() {
            break id;
        }
    };
    assert_eq!(changed, id, "and what changed later is told exactly");
    assert!(client.documents.take(&view.space, &name).is_some());
}

#[tokio::test]
async fn leafing_through_many_months_closes_neither_home_nor_the_month_that_is_written_in() {
    let mut phone = Phone::new().await;
    let view = phone.view().await;
    phone.write(0, "one").await.unwrap();
    phone.write(0, "two").await.unwrap();
    let client = &phone.programs[0];
    for month in 1..=12 {
        let name = DocumentName::parse(&format!("journal/2019-{month:02}")).unwrap();
        let id = EntityId::make(clock::now(), &mut random::generator());
        let writer = Writer { person: client.person(&view).unwrap(), device: client.keyholder() };
        let entry = JournalEntry::new("", "long ago", &Origin::new(&writer, clock::now(), &clock::zone()));
        let put = client.change(&view, &name, |document, now| Ok(document.collection_mut().put(&id, &entry, now)?));
        put.await.unwrap();
    }
    let held = phone.held(0, &view);
    assert!(held.is_some());
    for month in (1..=12).cycle().take(30) {
        let month = format!("2019-{month:02}").parse().unwrap();
        assert_eq!(client.journal().list(Some(&month)).await.unwrap().len(), 1);
    }
    assert_eq!(phone.held(0, &view), held);
    assert!(client.documents.take(&view.space, "home").is_some());
    assert!(client.documents.count() <= 6);
}

/// It worked, but for what the relay refused for good: nothing is written on that.
fn is_done(result: Result<(), Error>) {
    assert!(matches!(result, Ok(()) | Err(Error::Stays { .. })), "{result:?}");
}

/// What happens on the phone: to which program, and what.
fn happenings() -> impl Strategy<Value = Vec<(usize, usize)>> {
    prop::collection::vec((0..2_usize, 0..10_usize), 1..40)
}

/// Few: every step is on the disk. `PROPTEST_CASES` takes more.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn whatever_two_programs_do_an_open_document_is_as_one_loaded_anew(happenings in happenings()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut phone = Phone::new().await;
            for (number, (program, what)) in happenings.into_iter().enumerate() {
                let id = phone.written.get(number % phone.written.len().max(1)).cloned();
                match (what, id) {
                    (0 | 1, _) | (2 | 3, None) => _ = phone.write(program, &format!("{number}")).await.unwrap(),
                    (2, Some(id)) => is_done(phone.programs[program].journal().append(&id, " and more").await),
                    (3, Some(id)) => is_done(phone.programs[program].journal().delete(&id).await),
                    (4 | 5, _) => phone.seal(program).await,
                    (6, _) => phone.comes(1 + number % 3).await,
                    (7, _) => phone.programs[program].open_arrived().await.unwrap(),
                    (8, _) => phone.is_refused(program).await,
                    _ => {
                        let (client, view) = (&phone.programs[program], phone.view().await);
                        if let Some(mut kept) = client.documents.take(&view.space, phone.month.as_str()) {
                            client.keep_snapshot(&view, &phone.month, &mut kept).await;
                            client.documents.put(&view.space, phone.month.as_str(), kept, true);
                        }
                    }
                }
                phone.check().await;
            }
            assert_eq!(phone.shown(0).await, phone.shown(1).await);
        });
    }
}
