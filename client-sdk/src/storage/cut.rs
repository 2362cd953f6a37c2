//! What loses its place? Entries of a removed device beyond its cut. What they said is handed on, so that no word goes with
//! them.

use entwine_core::feed::{FeedTree, Tip};
use entwine_core::id::{KeyholderId, SpaceId};
use entwine_core::membership::{KeyRing, MembershipChain};
use entwine_core::sealing::entry::EntryContent;
use entwine_core::sync::Append;
use sqlx::SqliteConnection;

use super::document::{EntryState, PendingChange};
use super::feed::stored_entry;
use super::sealing::feed_tree;
use super::{Storage, StorageError, to_sql};

impl Storage {
    /// Ends feeds at their cuts, as far as these are here, and hands on what lies beyond; but not what came after its
    /// author was removed: that never had a place, and an old key must not get its words in through somebody else's hands.
    pub(super) async fn apply_cuts(
        &self,
        connection: &mut SqliteConnection,
        append: &Append,
        ring: &KeyRing,
    ) -> Result<(), StorageError> {
        let space = append.chain.space();
        for (feed, cut) in &append.cuts {
            let mut tree = feed_tree(connection, &space, feed).await?;
            let ended = tree.cut(cut);
            displace(connection, &space, feed, &tree, &ended.displaced).await?;
            if !ended.is_whole {
                continue;
            }
            sqlx::query("UPDATE entry SET state = ? WHERE space = ? AND feed = ? AND state = ?")
                .bind(EntryState::Unopened.code())
                .bind(space.as_bytes().as_slice())
                .bind(feed.as_bytes().as_slice())
                .bind(EntryState::WaitsForCut.code())
                .execute(&mut *connection)
                .await?;
        }
        if append.cuts.is_empty() && append.records.is_empty() {
            Ok(())
        } else {
            self.hand_on(connection, &append.chain, ring).await
        }
    }

    /// The changes of displaced entries join the pending ones, as far as they open; the others wait for their key. Changes are
    /// named by their content, so that it does no harm where another device hands on the same.
    pub(super) async fn hand_on(
        &self,
        connection: &mut SqliteConnection,
        chain: &MembershipChain,
        ring: &KeyRing,
    ) -> Result<(), StorageError> {
        let space = chain.space();
        let rows = sqlx::query(
            "SELECT feed, seq, hash, previous, position, kind, critical, sealed, signature FROM displaced_entry
             WHERE space = ? ORDER BY feed, seq, hash",
        )
        .bind(space.as_bytes().as_slice())
        .fetch_all(&mut *connection)
        .await?;
        for row in &rows {
            let entry = stored_entry(row)?;
            let Ok(content) = EntryContent::open(&entry, chain, ring) else { continue };
            let index = self.document_index(&space, &content.document, content.generation);
            self.touch_document(connection, &space, &index, &content.document, content.generation).await?;
            for bytes in content.changes {
                let change = PendingChange { bytes, written: content.written.1 };
                self.insert_pending(connection, &space, &index, &change, 0).await?;
            }
            let statement = "DELETE FROM displaced_entry WHERE space = ? AND feed = ? AND seq = ? AND hash = ?";
            at_place(connection, statement, &space, &entry.feed, &entry.tip()).await?;
        }
        Ok(())
    }
}

/// Entries leave their feed, of which `tree` is what stays. What never had a place there goes for good. Whoever holds a document in
/// which they were opened holds what may be there no more.
pub(super) async fn displace(
    connection: &mut SqliteConnection,
    space: &SpaceId,
    feed: &KeyholderId,
    tree: &FeedTree,
    displaced: &[Tip],
) -> Result<(), StorageError> {
    for place in displaced {
        sqlx::query("DELETE FROM entry WHERE space = ? AND feed = ? AND seq = ? AND hash = ? AND state = ?")
            .bind(space.as_bytes().as_slice())
            .bind(feed.as_bytes().as_slice())
            .bind(to_sql(place.seq))
            .bind(place.hash.as_bytes().as_slice())
            .bind(EntryState::WaitsForCut.code())
            .execute(&mut *connection)
            .await?;
        for statement in [
            "UPDATE document SET version = version + 1 WHERE (space, document) IN
             (SELECT space, document FROM entry WHERE space = ? AND feed = ? AND seq = ? AND hash = ?)",
            "INSERT OR IGNORE INTO displaced_entry SELECT space, feed, seq, hash, previous, position, kind, critical, sealed,
             signature FROM entry WHERE space = ? AND feed = ? AND seq = ? AND hash = ?",
            "DELETE FROM entry WHERE space = ? AND feed = ? AND seq = ? AND hash = ?",
            "DELETE FROM tip WHERE space = ? AND feed = ? AND seq = ? AND hash = ?",
        ] {
            at_place(connection, statement, space, feed, place).await?;
        }
    }
    for tip in tree.tips() {
        let statement = "INSERT OR IGNORE INTO tip (space, feed, seq, hash) VALUES (?, ?, ?, ?)";
        at_place(connection, statement, space, feed, tip).await?;
    }
    Ok(())
}

pub(super) async fn at_place(
    connection: &mut SqliteConnection,
    statement: &'static str,
    space: &SpaceId,
    feed: &KeyholderId,
    place: &Tip,
) -> Result<(), StorageError> {
    sqlx::query(statement)
        .bind(space.as_bytes().as_slice())
        .bind(feed.as_bytes().as_slice())
        .bind(to_sql(place.seq))
        .bind(place.hash.as_bytes().as_slice())
        .execute(connection)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use entwine_core::feed::clock::SentTip;
    use entwine_core::feed::{Clock, EntryHeader, EntryKind, Position, VerifiedEntry};
    use entwine_core::id::{Hash, PersonId};
    use entwine_core::keyholder::SecretKeys;
    use entwine_core::membership::{Record, SpaceKind};
    use entwine_core::sealing::storage::StorageKey;
    use entwine_core::sync::ChainMark;
    use entwine_core::time::Timestamp;
    use tempfile::TempDir;

    use super::super::document::Counts;
    use super::super::feed::Step;
    use super::super::{SpaceSettings, ToldLine};
    use super::*;
    use crate::random::generator;

    impl SpaceSettings for () {}

    /// Ada's laptop, with a chain that has her tablet too.
    struct Laptop {
        storage: Storage,
        chain: MembershipChain,
        ada: SecretKeys,
        tablet: SecretKeys,
        _folder: TempDir,
    }

    impl Laptop {
        async fn new() -> Self {
            let rng = &mut generator();
            let [ada, tablet] = [(); 2].map(|()| SecretKeys::make_random(rng));
            let adas = PersonId::make_random(rng);
            let first = MembershipChain::create(rng, &ada, adas, SpaceKind::Shared);
            let mut chain = MembershipChain::found(first.bytes()).expect("a first record");
            let ring = KeyRing::derive(&chain, &ada);
            chain
                .append_record(chain.add_device(rng, &ada, &ring, &tablet).expect("Ada adds"))
                .expect("the next record");
            let folder = tempfile::tempdir().expect("a temporary folder");
            let storage =
                Storage::open(&folder.path().join("device.db"), StorageKey::from_bytes([7; 32])).await.expect("opens");
            storage.add_spaces(&[(&chain, &())]).await.expect("a space");
            Self { storage, chain, ada, tablet, _folder: folder }
        }

        /// What the tablet writes after an entry of its own.
        fn word(&self, previous: Option<&VerifiedEntry>, word: &str) -> VerifiedEntry {
            let epoch = self.chain.epoch_at(1).expect("an epoch was open").hash();
            let ring = KeyRing::derive(&self.chain, &self.tablet);
            let header = EntryHeader {
                space: self.chain.space(),
                feed: self.tablet.id(),
                seq: previous.map_or(1, |entry| entry.seq + 1),
                previous: previous.map_or(Hash::ZERO, |entry| entry.hash),
                position: Position { index: 1, hash: self.chain.hash_at(1).expect("a record") },
                kind: EntryKind::CHANGES,
                critical: true,
            };
            let content = EntryContent {
                document: "home".to_owned(),
                generation: 0,
                changes: vec![word.as_bytes().to_vec()],
                clock: Vec::new(),
                written: (Timestamp::default(), Timestamp::default()),
            };
            content.seal(&mut generator(), &self.tablet, ring.get(&epoch).expect("its key"), &header)
        }

        async fn append(&mut self, record: Option<Record>, entries: &[&VerifiedEntry], ring: &KeyRing) {
            let before = ChainMark::of(&self.chain);
            if let Some(record) = record {
                self.chain.append_record(record).expect("the next record");
            }
            let entries = entries.iter().map(|entry| (*entry).clone()).collect();
            let append = Append::new(before, self.chain.clone(), entries);
            assert!(matches!(
                self.storage.append(&append, &|_| ring.clone()).await.expect("it appends"),
                Step::Done(_)
            ));
        }

        /// The tablet goes, and its feed ends there.
        fn removal(&self, last: &VerifiedEntry) -> Record {
            let clock = Clock::from([(self.tablet.id(), BTreeSet::from([last.tip()]))]);
            self.chain.remove(&self.ada, [self.tablet.id()], &clock).expect("Ada removes")
        }

        fn ring(&self) -> KeyRing {
            KeyRing::derive(&self.chain, &self.ada)
        }

        async fn tips(&self) -> Vec<Tip> {
            let clock = self.storage.clock(&self.chain.space()).await.expect("a clock");
            clock.get(&self.tablet.id()).into_iter().flatten().copied().collect()
        }

        async fn pending(&self) -> Vec<Vec<u8>> {
            let document = self.storage.stored_document(&self.chain.space(), "home", None).await.expect("a document");
            document.pending.into_iter().map(|change| change.bytes).collect()
        }

        async fn counts(&self) -> Counts {
            self.storage.counts(&self.chain.space()).await.expect("counts")
        }
    }

    #[tokio::test]
    async fn what_lay_beyond_a_cut_joins_what_is_pending() {
        let mut laptop = Laptop::new().await;
        let (one, ring) = (laptop.word(None, "one"), laptop.ring());
        let two = laptop.word(Some(&one), "two");
        laptop.append(None, &[&one, &two], &ring).await;
        assert_eq!(laptop.tips().await, [two.tip()]);
        laptop.append(Some(laptop.removal(&one)), &[], &ring).await;
        assert_eq!((laptop.tips().await, laptop.pending().await), (vec![one.tip()], vec![b"two".to_vec()]));
    }

    #[tokio::test]
    async fn what_does_not_open_yet_waits_for_its_key() {
        let mut laptop = Laptop::new().await;
        let (one, nothing) = (laptop.word(None, "one"), KeyRing::default());
        let two = laptop.word(Some(&one), "two");
        laptop.append(None, &[&one, &two], &nothing).await;
        laptop.append(Some(laptop.removal(&one)), &[], &nothing).await;
        assert_eq!((laptop.tips().await, laptop.pending().await), (vec![one.tip()], vec![]));
        let rotate = laptop.chain.rotate(&mut generator(), &laptop.ada, &laptop.ring()).expect("Ada rotates");
        laptop.append(Some(rotate), &[], &laptop.ring()).await;
        assert_eq!(laptop.pending().await, [b"two".to_vec()]);
    }

    #[tokio::test]
    async fn what_came_after_the_removal_waits_for_the_cut_and_is_not_handed_on() {
        let mut laptop = Laptop::new().await;
        let (one, ring) = (laptop.word(None, "one"), laptop.ring());
        let (two, never_said) = (laptop.word(Some(&one), "two"), laptop.word(Some(&one), "never said"));
        let (three, too_high) = (laptop.word(Some(&two), "three"), laptop.word(Some(&never_said), "nor this"));
        laptop.append(Some(laptop.removal(&three)), &[], &ring).await;
        laptop.append(None, &[&one, &never_said, &too_high], &ring).await;
        let counts = laptop.counts().await;
        assert_eq!((counts.unopened, counts.waiting_for_cut), (0, 2), "what may lie within it is kept, and not shown");
        laptop.append(None, &[&two, &three], &ring).await;
        let counts = laptop.counts().await;
        assert_eq!((counts.unopened, counts.waiting_for_cut, counts.pending), (3, 0, 0));
        assert_eq!(laptop.tips().await, [three.tip()]);
    }

    #[tokio::test]
    async fn what_an_entry_told_stands_until_a_later_one_and_goes_with_it() {
        let mut laptop = Laptop::new().await;
        let (one, ring) = (laptop.word(None, "one"), laptop.ring());
        let two = laptop.word(Some(&one), "two");
        laptop.append(None, &[&one, &two], &ring).await;
        let space = laptop.chain.space();
        let arrivals = laptop.storage.unopened(&space, 2).await.expect("two entries");
        let told = |index: usize, seq| {
            let tip = Tip { seq, hash: Hash::of("test", &[b"never seen"]) };
            let (author, feed) = (laptop.tablet.id(), laptop.ada.id());
            ToldLine { arrival: arrivals[index].arrival, author, feed, tips: vec![SentTip::short(&tip)] }
        };
        let missing = async || {
            let missing = laptop.storage.missing_tips(&space).await.expect("what is missing");
            missing.iter().map(|missing| missing.tip.seq).collect::<Vec<_>>()
        };
        laptop.storage.keep_told(&space, &[told(1, 9)]).await.expect("it is kept");
        laptop.storage.keep_told(&space, &[told(0, 4)]).await.expect("it is passed over");
        assert_eq!(missing().await, [9]);
        laptop.storage.keep_told(&space, &[told(1, 7)]).await.expect("it is kept");
        assert_eq!(missing().await, [7], "it is what was told last");
        let held = ToldLine { feed: laptop.tablet.id(), tips: vec![SentTip::short(&one.tip())], ..told(1, 7) };
        laptop.storage.keep_told(&space, &[held]).await.expect("it is kept");
        assert_eq!(laptop.storage.missing_tips(&space).await.expect("what is missing").len(), 1, "what is here is not");
        laptop.append(Some(laptop.removal(&one)), &[], &ring).await;
        assert_eq!(laptop.storage.missing_tips(&space).await.expect("what is missing").len(), 0);
    }
}
