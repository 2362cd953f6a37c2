//! What loses its place: entries of a removed device beyond its cut. What they said is handed on, so that no word goes with them.

use entwine_core::feed::Tip;
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
    /// Ends feeds at their cuts, as far as all of a cut is here, and hands on what lies beyond.
    pub(super) async fn apply_cuts(
        &self,
        connection: &mut SqliteConnection,
        append: &Append,
        ring: &KeyRing,
    ) -> Result<(), StorageError> {
        let space = append.chain.space();
        for (feed, cut) in &append.cuts {
            let mut tree = feed_tree(connection, &space, feed).await?;
            let Some(displaced) = tree.cut(cut) else { continue };
            for place in &displaced {
                displace(connection, &space, feed, place).await?;
            }
            for tip in tree.tips() {
                let statement = "INSERT OR IGNORE INTO tip (space, feed, seq, hash) VALUES (?, ?, ?, ?)";
                at_place(connection, statement, &space, feed, tip).await?;
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
    async fn hand_on(
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
                self.insert_pending(connection, &space, &index, &change).await?;
            }
            let statement = "DELETE FROM displaced_entry WHERE space = ? AND feed = ? AND seq = ? AND hash = ?";
            at_place(connection, statement, &space, &entry.feed, &entry.tip()).await?;
        }
        Ok(())
    }
}

async fn displace(
    connection: &mut SqliteConnection,
    space: &SpaceId,
    feed: &KeyholderId,
    place: &Tip,
) -> Result<(), StorageError> {
    for statement in [
        "INSERT OR IGNORE INTO displaced_entry SELECT space, feed, seq, hash, previous, position, kind, critical, sealed,
         signature FROM entry WHERE space = ? AND feed = ? AND seq = ? AND hash = ?",
        "DELETE FROM entry WHERE space = ? AND feed = ? AND seq = ? AND hash = ?",
        "DELETE FROM tip WHERE space = ? AND feed = ? AND seq = ? AND hash = ?",
    ] {
        at_place(connection, statement, space, feed, place).await?;
    }
    Ok(())
}

async fn at_place(
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
