//! How far has come what was written here? Changes are numbered in the order in which they are written, so that a number stands for
//! everything up to it. What the relay set aside for good goes nowhere any more: it is counted by the status, and holds back nothing.
//!
//! ```text
//! written, pending ──sealed──► entries ──acknowledged──► relay_tip ──seen, and said so──► told_tip of the partner
//! ```

use std::collections::BTreeSet;

use entwine_core::feed::Tip;
use entwine_core::id::{KeyholderId, SpaceId};
use entwine_core::sync::Range;
use sqlx::{Row as _, SqliteConnection};

use super::feed::{TipTable, beyond, read_tips};
use super::refusal::REFUSALS_MAX;
use super::{Storage, StorageError, from_sql, hash, to_sql};

/// Up to which change everything that was written here in a space has come where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Reached {
    /// This device.
    pub(crate) local: u64,
    /// The relay, as it was last seen.
    pub(crate) relay: u64,
    /// The partner, as a clock of theirs says.
    pub(crate) partner: u64,
}

impl Storage {
    /// How far what this device wrote in a space has come; `partners` are the other person's devices.
    pub(crate) async fn reached(
        &self,
        space: &SpaceId,
        device: &KeyholderId,
        partners: &BTreeSet<KeyholderId>,
    ) -> Result<Reached, StorageError> {
        let mut transaction = self.pool.begin().await?;
        let row = sqlx::query(
            "SELECT MAX((SELECT COALESCE(MAX(change), 0) FROM pending WHERE space = ?1 AND refusals < ?2),
                        (SELECT COALESCE(MAX(written_until), 0) FROM entry WHERE space = ?1 AND written_until IS NOT NULL))",
        )
        .bind(space.as_bytes().as_slice())
        .bind(REFUSALS_MAX)
        .fetch_one(&mut *transaction)
        .await?;
        let on_relay = read_tips(&mut transaction, space, TipTable::Relay).await?.remove(device).unwrap_or_default();
        let seen = seen_by(&mut transaction, space, device, partners).await?;
        let reached = Reached {
            local: from_sql(row.get(0)),
            relay: written_until(&mut transaction, space, device, on_relay).await?,
            partner: written_until(&mut transaction, space, device, seen).await?,
        };
        transaction.commit().await?;
        Ok(reached)
    }
}

/// What the partner's devices said they hold of this device's feed, as far as it is here.
async fn seen_by(
    connection: &mut SqliteConnection,
    space: &SpaceId,
    device: &KeyholderId,
    partners: &BTreeSet<KeyholderId>,
) -> Result<BTreeSet<Tip>, StorageError> {
    let mut seen = BTreeSet::new();
    for partner in partners {
        let rows = sqlx::query(
            "SELECT entry.seq, entry.hash FROM told_tip JOIN entry
                 ON entry.space = told_tip.space AND entry.feed = told_tip.feed AND entry.seq = told_tip.seq
                 AND substr(entry.hash, 1, length(told_tip.hash)) = told_tip.hash
             WHERE told_tip.space = ? AND told_tip.author = ? AND told_tip.feed = ?",
        )
        .bind(space.as_bytes().as_slice())
        .bind(partner.as_bytes().as_slice())
        .bind(device.as_bytes().as_slice())
        .fetch_all(&mut *connection)
        .await?;
        for row in rows {
            seen.insert(Tip { seq: from_sql(row.get(0)), hash: hash(row.get(1))? });
        }
    }
    Ok(seen)
}

/// The last change of which these tips hold all that was written up to it.
async fn written_until(
    connection: &mut SqliteConnection,
    space: &SpaceId,
    device: &KeyholderId,
    tips: BTreeSet<Tip>,
) -> Result<u64, StorageError> {
    if tips.is_empty() {
        return Ok(0);
    }
    let range = Range { feed: *device, beyond: tips.into_iter().collect() };
    let lacking: BTreeSet<Tip> = beyond(connection, space, &range).await?.into_iter().collect();
    let mut end = u64::MAX;
    if let Some(first) = lacking.first() {
        let rows = sqlx::query(
            "SELECT seq, hash, written_until FROM entry
             WHERE space = ? AND written_until IS NOT NULL AND seq >= ? ORDER BY written_until",
        )
        .bind(space.as_bytes().as_slice())
        .bind(to_sql(first.seq))
        .fetch_all(&mut *connection)
        .await?;
        for row in rows {
            if lacking.contains(&Tip { seq: from_sql(row.get(0)), hash: hash(row.get(1))? }) {
                end = end.min(from_sql(row.get(2)));
            }
        }
    }
    let row = sqlx::query(
        "SELECT COALESCE(MAX(written_until), 0) FROM entry
         WHERE space = ? AND written_until IS NOT NULL AND written_until < ?",
    )
    .bind(space.as_bytes().as_slice())
    .bind(to_sql(end))
    .fetch_one(connection)
    .await?;
    Ok(from_sql(row.get(0)))
}
