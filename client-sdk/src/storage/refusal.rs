//! What if the relay sets aside what this device wrote? It is sealed again once, one change an entry; refused again, it stays.
//!
//! ```text
//! refusals of a change   0 goes with others ─► 1 goes alone ─► 2 stays here: shown and counted, and nothing is written on it
//! ```

use std::collections::BTreeSet;

use entwine_core::feed::Tip;
use entwine_core::id::{Hash, KeyholderId, SpaceId};
use entwine_core::membership::{KeyRing, MembershipChain};
use entwine_core::sealing::entry::EntryContent;
use sqlx::{Row as _, SqliteConnection};

use super::branch::step_back;
use super::cut::{at_place, displace};
use super::document::{DocumentIndex, PendingChange};
use super::feed::stored_entry;
use super::sealing::feed_tree;
use super::{Storage, StorageError, read_chain, to_sql};

/// A change whose entry was set aside so often is not sealed any more.
pub(super) const REFUSALS_MAX: i64 = 2;

impl Storage {
    /// Takes own entries that the relay set aside out of their feed, with all that follow them. What they carry is pending
    /// again; or stays here for good, together with what was written on it in the same document: others could not open that
    /// without it. Whether there were any.
    pub(crate) async fn take_back(
        &self,
        space: &SpaceId,
        own: &KeyholderId,
        refused: &[Hash],
        ring: &(dyn Fn(&MembershipChain) -> KeyRing + Sync),
    ) -> Result<bool, StorageError> {
        let mut transaction = self.begin().await?;
        let mut tree = feed_tree(&mut transaction, space, own).await?;
        let before = tree.clone();
        let refused: BTreeSet<Tip> =
            before.beyond(&[]).into_iter().filter(|place| refused.contains(&place.hash)).collect();
        let displaced = tree.displace(&refused);
        if displaced.is_empty() {
            return Ok(false);
        }
        let chain = read_chain(&mut transaction, space).await?;
        let ring = ring(&chain);
        let newest: i64 =
            sqlx::query_scalar("SELECT COALESCE(MAX(change), 0) FROM pending").fetch_one(&mut *transaction).await?;
        let [mut touched, mut staying] = [(); 2].map(|()| BTreeSet::<DocumentIndex>::new());
        let mut opened = Vec::new();
        for place in &displaced {
            let row = sqlx::query(
                "SELECT feed, seq, hash, previous, position, kind, critical, sealed, signature, refusals FROM entry
                 WHERE space = ? AND feed = ? AND seq = ? AND hash = ?",
            )
            .bind(space.as_bytes().as_slice())
            .bind(own.as_bytes().as_slice())
            .bind(to_sql(place.seq))
            .bind(place.hash.as_bytes().as_slice())
            .fetch_one(&mut *transaction)
            .await?;
            // What does not open waits among the displaced entries for its key.
            let Ok(content) = EntryContent::open(&stored_entry(&row)?, &chain, &ring) else { continue };
            opened.push(*place);
            let index = self.document_index(space, &content.document, content.generation);
            let refusals = row.get::<i64, _>(9) + i64::from(refused.contains(place));
            if refusals >= REFUSALS_MAX && staying.insert(index) {
                keep_here(&mut transaction, space, &index, newest).await?;
            }
            touched.insert(index);
            let refusals = if staying.contains(&index) { REFUSALS_MAX } else { refusals };
            for bytes in content.changes {
                let change = PendingChange { bytes, written: content.written.1 };
                self.insert_pending(&mut transaction, space, &index, &change, refusals).await?;
            }
        }
        for index in &touched {
            move_behind(&mut transaction, space, index, newest).await?;
        }
        step_back(&mut transaction, space, &displaced, |place| before.previous(place)).await?;
        displace(&mut transaction, space, own, &tree, &displaced).await?;
        for place in &opened {
            let statement = "DELETE FROM displaced_entry WHERE space = ? AND feed = ? AND seq = ? AND hash = ?";
            at_place(&mut transaction, statement, space, own, place).await?;
        }
        // The clocks that the entries told are not told any more.
        sqlx::query("UPDATE space SET own_clock = NULL WHERE space = ?")
            .bind(space.as_bytes().as_slice())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(true)
    }
}

/// What was pending in a document up to this change comes after what was taken back: it was written later, and may stand on that.
async fn move_behind(
    connection: &mut SqliteConnection,
    space: &SpaceId,
    index: &DocumentIndex,
    newest: i64,
) -> Result<(), StorageError> {
    for statement in [
        "INSERT INTO pending (space, document, sealed, refusals) SELECT space, document, sealed, refusals FROM pending
         WHERE space = ? AND document = ? AND change <= ? AND refusals < ? ORDER BY change",
        "DELETE FROM pending WHERE space = ? AND document = ? AND change <= ? AND refusals < ?",
    ] {
        sqlx::query(statement)
            .bind(space.as_bytes().as_slice())
            .bind(index.as_slice())
            .bind(newest)
            .bind(REFUSALS_MAX)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// What was written in a document since, up to this change, stays here too; and the document is made anew without it, so that
/// nothing more is written on it.
async fn keep_here(
    connection: &mut SqliteConnection,
    space: &SpaceId,
    index: &DocumentIndex,
    newest: i64,
) -> Result<(), StorageError> {
    sqlx::query("UPDATE pending SET refusals = ? WHERE space = ? AND document = ? AND change <= ?")
        .bind(REFUSALS_MAX)
        .bind(space.as_bytes().as_slice())
        .bind(index.as_slice())
        .bind(newest)
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "UPDATE document SET snapshot = NULL, entries_until = 0, pending_until = 0, version = version + 1
         WHERE space = ? AND document = ?",
    )
    .bind(space.as_bytes().as_slice())
    .bind(index.as_slice())
    .execute(connection)
    .await?;
    Ok(())
}
