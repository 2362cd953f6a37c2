//! Documents in the device's database: what was written here, what was opened, and snapshots of both.
//!
//! ```text
//! document = snapshot + opened entries that arrived later + changes that are pending
//! ```
//!
//! A snapshot is a cache. Whoever writes one, or marks entries as opened, says which version of the document's row it saw:
//! where another process was quicker, nothing is written, and it begins again. The version moves with all that takes something
//! out of a document or puts something where it was read already. What only adds at the end, as writing and sealing do, leaves it.

use entwine_core::feed::StoredEntry;
use entwine_core::id::{DocumentId, SpaceId};
use entwine_core::sync::ChainMark;
use entwine_core::time::Timestamp;
use sqlx::{Row as _, Sqlite, SqliteConnection, Transaction};

use super::feed::{Step, stored_entry};
use super::refusal::REFUSALS_MAX;
use super::{Storage, StorageError, chain_mark, from_sql, to_sql};

/// Stands for a document: a keyed hash of its id, so that the database does not tell which documents there are.
pub(crate) type DocumentIndex = [u8; 16];

/// What became of an entry after it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EntryState {
    /// Not looked at yet.
    Unopened,
    /// Its changes are part of a document.
    Opened,
    /// It cannot be opened, or automerge refuses it: kept, counted, and never in the way of others.
    SetAside,
    /// Of a kind that this version does not know and need not know.
    KeptUnread,
    /// The key of its epoch is not here yet.
    WaitsForKey,
    /// Of a kind that this version does not know and would have to know.
    WaitsForNewerApp,
    /// It came after its author was removed, and is not known yet to lie within the cut.
    WaitsForCut,
}

impl EntryState {
    pub(super) fn code(self) -> i64 {
        match self {
            Self::Unopened => 0,
            Self::Opened => 1,
            Self::SetAside => 2,
            Self::KeptUnread => 3,
            Self::WaitsForKey => 4,
            Self::WaitsForNewerApp => 5,
            Self::WaitsForCut => 6,
        }
    }
}

/// A change that no entry carries yet.
#[derive(Debug, Clone)]
pub(crate) struct PendingChange {
    pub(crate) bytes: Vec<u8>,
    pub(crate) written: Timestamp,
}

/// Up to where somebody holds everything of a document. Good as long as the document has this version: until then, more may have
/// come, and nothing has gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Held {
    pub(crate) version: u64,
    pub(crate) entries_until: u64,
    pub(crate) pending_until: u64,
}

/// What a document is made of, read at one moment: all of it, or what is newer than somebody held.
#[derive(Debug, Default)]
pub(crate) struct StoredDocument {
    /// Whether anything of it was ever kept.
    pub(crate) is_there: bool,
    /// Whether it is only what is newer.
    pub(crate) is_newer: bool,
    /// Up to where one holds everything with this.
    pub(crate) held: Held,
    pub(crate) snapshot: Option<Vec<u8>>,
    /// The arrival up to which a snapshot claims to hold everything; 0 where there is none.
    pub(crate) snapshot_until: u64,
    pub(crate) tail: Vec<StoredEntry>,
    pub(crate) pending: Vec<PendingChange>,
    /// Changes that the relay set aside for good: to be shown, and never to be written on.
    pub(crate) staying: Vec<PendingChange>,
}

/// An entry that nobody looked at yet.
#[derive(Debug, Clone)]
pub(crate) struct UnopenedEntry {
    pub(crate) arrival: u64,
    pub(crate) entry: StoredEntry,
}

/// A snapshot, and up to where it holds everything.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) bytes: Vec<u8>,
    pub(crate) entries_until: u64,
    pub(crate) pending_until: u64,
}

/// What became of some entries of one document.
#[derive(Debug)]
pub(crate) struct Opening {
    pub(crate) name: String,
    pub(crate) generation: u32,
    /// The version of the document that the changes were tried on.
    pub(crate) version: u64,
    pub(crate) states: Vec<(u64, EntryState)>,
    pub(crate) snapshot: Option<Snapshot>,
}

/// Numbers for a status.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Counts {
    pub(crate) pending: u64,
    pub(crate) unopened: u64,
    pub(crate) set_aside: u64,
    pub(crate) waiting_for_key: u64,
    pub(crate) waiting_for_newer_app: u64,
    pub(crate) waiting_for_cut: u64,
}

/// Reading and writing documents.
impl Storage {
    pub(crate) fn document_index(&self, space: &SpaceId, name: &str, generation: u32) -> DocumentIndex {
        self.key.document_index(&DocumentId::derive(space, name, generation))
    }

    /// The names of all documents of a space that this store knows of.
    pub(crate) async fn document_names(&self, space: &SpaceId) -> Result<Vec<String>, StorageError> {
        let rows = sqlx::query("SELECT document, name FROM document WHERE space = ?")
            .bind(space.as_bytes().as_slice())
            .fetch_all(&self.pool)
            .await?;
        let mut names = Vec::with_capacity(rows.len());
        for row in rows {
            let (name, _) = self.open_name(space, row.get(0), row.get(1))?;
            names.push(name);
        }
        names.sort();
        Ok(names)
    }

    /// What a document is made of; nothing at all for one that was never written. Where nothing has gone since somebody `held` it,
    /// only what is newer.
    pub(crate) async fn stored_document(
        &self,
        space: &SpaceId,
        name: &str,
        held: Option<Held>,
    ) -> Result<StoredDocument, StorageError> {
        let mut transaction = self.pool.begin().await?;
        let stored = self.read_document(&mut transaction, space, &self.document_index(space, name, 0), held).await?;
        transaction.commit().await?;
        Ok(stored)
    }

    /// Begins to write into a document. Nobody else writes until that ends, so that what is written on is still there when it is
    /// kept.
    pub(crate) async fn write_document(
        &self,
        space: &SpaceId,
        name: &str,
    ) -> Result<DocumentWriting<'_>, StorageError> {
        let index = self.document_index(space, name, 0);
        Ok(DocumentWriting {
            storage: self,
            transaction: self.begin().await?,
            space: *space,
            name: name.to_owned(),
            index,
            is_there: false,
        })
    }

    async fn read_document(
        &self,
        connection: &mut SqliteConnection,
        space: &SpaceId,
        index: &DocumentIndex,
        held: Option<Held>,
    ) -> Result<StoredDocument, StorageError> {
        let row =
            sqlx::query("SELECT version, entries_until, pending_until FROM document WHERE space = ? AND document = ?")
                .bind(space.as_bytes().as_slice())
                .bind(index.as_slice())
                .fetch_optional(&mut *connection)
                .await?;
        let Some(row) = row else { return Ok(StoredDocument::default()) };
        let [version, snapshot_until, pending_until] = [0, 1, 2].map(|column| from_sql(row.get(column)));
        let held = held.filter(|held| held.version == version);
        let mut stored = StoredDocument {
            is_there: true,
            is_newer: held.is_some(),
            held: held.unwrap_or(Held { version, entries_until: snapshot_until, pending_until }),
            snapshot_until,
            ..StoredDocument::default()
        };
        if !stored.is_newer {
            stored.snapshot = self.read_snapshot(connection, space, index).await?;
        }
        let rows = sqlx::query(
            "SELECT feed, seq, hash, previous, position, kind, critical, sealed, signature, arrival FROM entry
             WHERE space = ? AND document = ? AND arrival > ? AND state IN (?, ?) ORDER BY arrival",
        )
        .bind(space.as_bytes().as_slice())
        .bind(index.as_slice())
        .bind(to_sql(stored.held.entries_until))
        .bind(EntryState::Opened.code())
        // What was set aside and has a document opened, and fitted in part.
        .bind(EntryState::SetAside.code())
        .fetch_all(&mut *connection)
        .await?;
        for row in &rows {
            stored.tail.push(stored_entry(row)?);
            stored.held.entries_until = from_sql(row.get(9));
        }
        let rows = sqlx::query(
            "SELECT sealed, change, refusals FROM pending
             WHERE space = ? AND document = ? AND (change > ? OR refusals = ?) ORDER BY change",
        )
        .bind(space.as_bytes().as_slice())
        .bind(index.as_slice())
        .bind(to_sql(stored.held.pending_until))
        .bind(REFUSALS_MAX)
        .fetch_all(&mut *connection)
        .await?;
        for row in &rows {
            let change = self.open_pending(space, index, row.get(0))?;
            if row.get::<i64, _>(2) == REFUSALS_MAX {
                stored.staying.push(change);
            } else {
                stored.pending.push(change);
                stored.held.pending_until = from_sql(row.get(1));
            }
        }
        Ok(stored)
    }

    /// The entries of a document up to this arrival, all from the first one on.
    pub(crate) async fn entries_of(
        &self,
        space: &SpaceId,
        name: &str,
        until: u64,
    ) -> Result<Vec<StoredEntry>, StorageError> {
        let rows = sqlx::query(
            "SELECT feed, seq, hash, previous, position, kind, critical, sealed, signature FROM entry
             WHERE space = ? AND document = ? AND arrival <= ? AND state IN (?, ?) ORDER BY arrival",
        )
        .bind(space.as_bytes().as_slice())
        .bind(self.document_index(space, name, 0).as_slice())
        .bind(to_sql(until))
        .bind(EntryState::Opened.code())
        .bind(EntryState::SetAside.code())
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(stored_entry).collect()
    }

    async fn read_snapshot(
        &self,
        connection: &mut SqliteConnection,
        space: &SpaceId,
        index: &DocumentIndex,
    ) -> Result<Option<Vec<u8>>, StorageError> {
        let row = sqlx::query("SELECT snapshot FROM document WHERE space = ? AND document = ?")
            .bind(space.as_bytes().as_slice())
            .bind(index.as_slice())
            .fetch_one(connection)
            .await?;
        let sealed = row.get::<Option<&[u8]>, _>(0);
        sealed.map(|sealed| Ok(self.open_sealed(&place("snapshot", space, index), sealed)?.to_vec())).transpose()
    }

    /// The number of the change.
    pub(super) async fn insert_pending(
        &self,
        connection: &mut SqliteConnection,
        space: &SpaceId,
        index: &DocumentIndex,
        change: &PendingChange,
        refusals: i64,
    ) -> Result<u64, StorageError> {
        let plain = [&change.written.as_millis().to_be_bytes(), change.bytes.as_slice()].concat();
        let inserted = sqlx::query("INSERT INTO pending (space, document, sealed, refusals) VALUES (?, ?, ?, ?)")
            .bind(space.as_bytes().as_slice())
            .bind(index.as_slice())
            .bind(self.seal(&place("pending", space, index), &plain))
            .bind(refusals)
            .execute(connection)
            .await?;
        Ok(from_sql(inserted.last_insert_rowid()))
    }

    /// Replaces a document's snapshot, unless another process changed something about the document since `version`: the version
    /// afterwards.
    pub(crate) async fn set_snapshot(
        &self,
        space: &SpaceId,
        name: &str,
        version: u64,
        snapshot: &Snapshot,
    ) -> Result<Step<u64>, StorageError> {
        let index = self.document_index(space, name, 0);
        let mut transaction = self.begin().await?;
        if document_version(&mut transaction, space, &index).await? != version {
            return Ok(Step::Moved);
        }
        self.write_snapshot(&mut transaction, space, &index, snapshot).await?;
        transaction.commit().await?;
        Ok(Step::Done(version + 1))
    }

    async fn write_snapshot(
        &self,
        connection: &mut SqliteConnection,
        space: &SpaceId,
        index: &DocumentIndex,
        snapshot: &Snapshot,
    ) -> Result<(), StorageError> {
        sqlx::query(
            "UPDATE document SET snapshot = ?, entries_until = ?, pending_until = ?, version = version + 1
             WHERE space = ? AND document = ?",
        )
        .bind(self.seal(&place("snapshot", space, index), &snapshot.bytes))
        .bind(to_sql(snapshot.entries_until))
        .bind(to_sql(snapshot.pending_until))
        .bind(space.as_bytes().as_slice())
        .bind(index.as_slice())
        .execute(connection)
        .await?;
        Ok(())
    }

    pub(super) async fn touch_document(
        &self,
        connection: &mut SqliteConnection,
        space: &SpaceId,
        index: &DocumentIndex,
        name: &str,
        generation: u32,
    ) -> Result<(), StorageError> {
        let plain = [&generation.to_be_bytes(), name.as_bytes()].concat();
        sqlx::query("INSERT INTO document (space, document, name) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
            .bind(space.as_bytes().as_slice())
            .bind(index.as_slice())
            .bind(self.seal(&place("name", space, index), &plain))
            .execute(connection)
            .await?;
        Ok(())
    }

    pub(super) fn open_name(
        &self,
        space: &SpaceId,
        index: &[u8],
        sealed: &[u8],
    ) -> Result<(String, u32), StorageError> {
        let damaged = StorageError::Damaged("the name of a document");
        let index = DocumentIndex::try_from(index).map_err(|_| StorageError::Damaged("a document's index"))?;
        let plain = self.open_sealed(&place("name", space, &index), sealed)?;
        let Some((generation, name)) = plain.split_first_chunk::<4>() else { return Err(damaged) };
        let name = std::str::from_utf8(name).map_err(|_| damaged)?;
        Ok((name.to_owned(), u32::from_be_bytes(*generation)))
    }

    pub(super) fn open_pending(
        &self,
        space: &SpaceId,
        index: &DocumentIndex,
        sealed: &[u8],
    ) -> Result<PendingChange, StorageError> {
        let plain = self.open_sealed(&place("pending", space, index), sealed)?;
        let (millis, bytes) = plain.split_first_chunk::<8>().ok_or(StorageError::Damaged("a pending change"))?;
        Ok(PendingChange { bytes: bytes.to_vec(), written: Timestamp::from_millis(u64::from_be_bytes(*millis)) })
    }
}

/// Opening what came.
impl Storage {
    /// Entries that nobody looked at yet, in the order in which they came.
    pub(crate) async fn unopened(&self, space: &SpaceId, limit: u32) -> Result<Vec<UnopenedEntry>, StorageError> {
        let rows = sqlx::query(
            "SELECT feed, seq, hash, previous, position, kind, critical, sealed, signature, arrival FROM entry
             WHERE space = ? AND state = ? ORDER BY arrival LIMIT ?",
        )
        .bind(space.as_bytes().as_slice())
        .bind(EntryState::Unopened.code())
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(|row| Ok(UnopenedEntry { arrival: from_sql(row.get(9)), entry: stored_entry(row)? })).collect()
    }

    /// Says what became of entries that belong to no document, unless the chain is not the one any more that they were looked at
    /// with: one that waits for a key is looked at again when the chain moves, and it has moved already.
    pub(crate) async fn set_entry_states(
        &self,
        space: &SpaceId,
        mark: ChainMark,
        states: &[(u64, EntryState)],
    ) -> Result<Step<()>, StorageError> {
        let mut transaction = self.begin().await?;
        if chain_mark(&mut transaction, space).await? != mark {
            return Ok(Step::Moved);
        }
        for (arrival, state) in states {
            set_entry_state(&mut transaction, *arrival, *state, None).await?;
        }
        transaction.commit().await?;
        Ok(Step::Done(()))
    }

    /// Says what became of entries of one document, unless another process was quicker: the document's version afterwards.
    pub(crate) async fn finish_opening(&self, space: &SpaceId, opening: &Opening) -> Result<Step<u64>, StorageError> {
        let index = self.document_index(space, &opening.name, opening.generation);
        let mut transaction = self.begin().await?;
        self.touch_document(&mut transaction, space, &index, &opening.name, opening.generation).await?;
        if document_version(&mut transaction, space, &index).await? != opening.version {
            return Ok(Step::Moved);
        }
        for (arrival, state) in &opening.states {
            set_entry_state(&mut transaction, *arrival, *state, Some(&index)).await?;
        }
        match &opening.snapshot {
            Some(snapshot) => self.write_snapshot(&mut transaction, space, &index, snapshot).await?,
            None => {
                sqlx::query("UPDATE document SET version = version + 1 WHERE space = ? AND document = ?")
                    .bind(space.as_bytes().as_slice())
                    .bind(index.as_slice())
                    .execute(&mut *transaction)
                    .await?;
            }
        }
        transaction.commit().await?;
        Ok(Step::Done(opening.version + 1))
    }

    /// Makes the database refuse whatever would be pending, as a full disk does; or no longer.
    #[cfg(test)]
    pub(crate) async fn refuse_pending(&self, refuses: bool) {
        let statement = match refuses {
            true => "CREATE TRIGGER full BEFORE INSERT ON pending BEGIN SELECT RAISE(ABORT, 'full'); END",
            false => "DROP TRIGGER full",
        };
        sqlx::query(statement).execute(&self.pool).await.expect("the trigger comes or goes");
    }

    pub(crate) async fn counts(&self, space: &SpaceId) -> Result<Counts, StorageError> {
        let mut transaction = self.pool.begin().await?;
        let row = sqlx::query("SELECT COUNT(*), COUNT(*) FILTER (WHERE refusals = ?) FROM pending WHERE space = ?")
            .bind(REFUSALS_MAX)
            .bind(space.as_bytes().as_slice())
            .fetch_one(&mut *transaction)
            .await?;
        let (changes, set_aside): (u64, u64) = (from_sql(row.get(0)), from_sql(row.get(1)));
        let mut counts = Counts { pending: changes - set_aside, set_aside, ..Counts::default() };
        let rows = sqlx::query(
            "SELECT state, COUNT(*) FROM entry WHERE space = ? AND state IN (0, 2, 4, 5, 6) GROUP BY state",
        )
        .bind(space.as_bytes().as_slice())
        .fetch_all(&mut *transaction)
        .await?;
        for row in rows {
            let count = from_sql(row.get(1));
            match row.get::<i64, _>(0) {
                0 => counts.unopened = count,
                2 => counts.set_aside += count,
                4 => counts.waiting_for_key = count,
                5 => counts.waiting_for_newer_app = count,
                _ => counts.waiting_for_cut = count,
            }
        }
        transaction.commit().await?;
        Ok(counts)
    }
}

/// A document while it is written into.
pub(crate) struct DocumentWriting<'s> {
    storage: &'s Storage,
    transaction: Transaction<'static, Sqlite>,
    space: SpaceId,
    name: String,
    index: DocumentIndex,
    is_there: bool,
}

impl DocumentWriting<'_> {
    /// As [`Storage::stored_document`].
    pub(crate) async fn stored(&mut self, held: Option<Held>) -> Result<StoredDocument, StorageError> {
        let stored = self.storage.read_document(&mut self.transaction, &self.space, &self.index, held).await?;
        self.is_there = stored.is_there;
        Ok(stored)
    }

    /// Keeps changes that were written here: the number of the last one; none where there are none. When this returns, they are
    /// safe.
    pub(crate) async fn keep(mut self, changes: &[PendingChange]) -> Result<Option<u64>, StorageError> {
        let Some((last, before)) = changes.split_last() else {
            self.transaction.rollback().await?;
            return Ok(None);
        };
        let transaction = &mut self.transaction;
        if !self.is_there {
            self.storage.touch_document(transaction, &self.space, &self.index, &self.name, 0).await?;
        }
        for change in before {
            self.storage.insert_pending(transaction, &self.space, &self.index, change, 0).await?;
        }
        let number = self.storage.insert_pending(transaction, &self.space, &self.index, last, 0).await?;
        self.transaction.commit().await?;
        Ok(Some(number))
    }
}

async fn document_version(
    connection: &mut SqliteConnection,
    space: &SpaceId,
    index: &DocumentIndex,
) -> Result<u64, StorageError> {
    let row = sqlx::query("SELECT version FROM document WHERE space = ? AND document = ?")
        .bind(space.as_bytes().as_slice())
        .bind(index.as_slice())
        .fetch_optional(connection)
        .await?;
    Ok(row.map_or(0, |row| from_sql(row.get(0))))
}

async fn set_entry_state(
    connection: &mut SqliteConnection,
    arrival: u64,
    state: EntryState,
    document: Option<&DocumentIndex>,
) -> Result<(), StorageError> {
    sqlx::query("UPDATE entry SET state = ?, document = ? WHERE arrival = ?")
        .bind(state.code())
        .bind(document.map(|index| index.as_slice()))
        .bind(to_sql(arrival))
        .execute(connection)
        .await?;
    Ok(())
}

fn place(what: &str, space: &SpaceId, index: &DocumentIndex) -> String {
    format!("{what}/{space}/{}", data_encoding::HEXLOWER.encode(index))
}
