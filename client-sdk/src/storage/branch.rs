//! What gives way to another branch of the chain? Records, and entries bound to them. What these said is handed on.

use std::collections::{BTreeMap, BTreeSet};

use entwine_core::feed::Tip;
use entwine_core::id::{KeyholderId, SpaceId};
use entwine_core::membership::{KeyRing, MembershipChain};
use sqlx::{Row as _, SqliteConnection};

use super::cut::displace;
use super::sealing::feed_tree;
use super::{Storage, StorageError, from_sql, hash, keyholder_id, read_chain, to_sql};

impl Storage {
    /// Drops the records after the first `kept_len`. Entries bound to one of them, and whatever follows those, leave their feeds.
    /// Their key stands in a lost record, so they are handed on in the same step, or never.
    pub(super) async fn give_way(
        &self,
        connection: &mut SqliteConnection,
        space: &SpaceId,
        kept_len: u32,
        ring: &(dyn Fn(&MembershipChain) -> KeyRing + Sync),
    ) -> Result<(), StorageError> {
        let chain = read_chain(connection, space).await?;
        let rows = sqlx::query("SELECT feed, seq, hash FROM entry WHERE space = ? AND position >= ?")
            .bind(space.as_bytes().as_slice())
            .bind(i64::from(kept_len))
            .fetch_all(&mut *connection)
            .await?;
        let mut lost: BTreeMap<KeyholderId, BTreeSet<Tip>> = BTreeMap::new();
        for row in &rows {
            let place = Tip { seq: from_sql(row.get(1)), hash: hash(row.get(2))? };
            lost.entry(keyholder_id(row.get(0))?).or_default().insert(place);
        }
        for (feed, lost) in &lost {
            let mut tree = feed_tree(connection, space, feed).await?;
            let before = tree.clone();
            let displaced = tree.displace(lost);
            step_back(connection, space, &displaced, |place| before.previous(place)).await?;
            displace(connection, space, feed, &tree, &displaced).await?;
        }
        self.hand_on(connection, &chain, &ring(&chain)).await?;
        sqlx::query("DELETE FROM record WHERE space = ? AND position >= ?")
            .bind(space.as_bytes().as_slice())
            .bind(i64::from(kept_len))
            .execute(&mut *connection)
            .await?;
        // Feeds may have other numbers from here on: the next entry tells its whole clock.
        sqlx::query("UPDATE space SET own_clock = NULL WHERE space = ?")
            .bind(space.as_bytes().as_slice())
            .execute(connection)
            .await?;
        Ok(())
    }
}

/// Where the last entry that this store sealed is among the displaced ones, the next one follows the last that still has its
/// place.
pub(super) async fn step_back(
    connection: &mut SqliteConnection,
    space: &SpaceId,
    displaced: &[Tip],
    previous: impl Fn(&Tip) -> Option<Tip>,
) -> Result<(), StorageError> {
    let row = sqlx::query("SELECT own_seq, own_hash FROM space WHERE space = ?")
        .bind(space.as_bytes().as_slice())
        .fetch_one(&mut *connection)
        .await?;
    let Some(own_hash) = row.get::<Option<&[u8]>, _>(1) else { return Ok(()) };
    let mut own = Some(Tip { seq: from_sql(row.get(0)), hash: hash(own_hash)? });
    while let Some(tip) = own.filter(|tip| displaced.binary_search(tip).is_ok()) {
        own = previous(&tip);
    }
    sqlx::query("UPDATE space SET own_seq = ?, own_hash = ? WHERE space = ?")
        .bind(to_sql(own.map_or(0, |tip| tip.seq)))
        .bind(own.map(|tip| tip.hash.as_bytes().to_vec()))
        .bind(space.as_bytes().as_slice())
        .execute(connection)
        .await?;
    Ok(())
}
