//! What did the others hold when they wrote? The clocks that stand, sealed and signed, in what was opened.

use entwine_core::feed::clock::{SentTip, TipHash};
use entwine_core::id::{KeyholderId, ShortHash, SpaceId};
use sqlx::Row as _;

use super::{Storage, StorageError, from_sql, hash, keyholder_id, to_sql};

/// What one entry tells of one feed.
#[derive(Debug, Clone)]
pub(crate) struct ToldLine {
    /// The entry.
    pub(crate) arrival: u64,
    pub(crate) author: KeyholderId,
    pub(crate) feed: KeyholderId,
    pub(crate) tips: Vec<SentTip>,
}

/// An entry that somebody held, and this store does not.
#[derive(Debug, Clone)]
pub(crate) struct MissingTip {
    pub(crate) author: KeyholderId,
    pub(crate) feed: KeyholderId,
    pub(crate) tip: SentTip,
    /// The highest number in that feed here; 0 for none.
    pub(crate) held_until: u64,
}

impl Storage {
    /// Keeps what entries tell. What a later one of the same author told of the same feed stays.
    pub(crate) async fn keep_told(&self, space: &SpaceId, lines: &[ToldLine]) -> Result<(), StorageError> {
        let mut transaction = self.begin().await?;
        for line in lines {
            sqlx::query("DELETE FROM told_tip WHERE space = ? AND author = ? AND feed = ? AND arrival <= ?")
                .bind(space.as_bytes().as_slice())
                .bind(line.author.as_bytes().as_slice())
                .bind(line.feed.as_bytes().as_slice())
                .bind(to_sql(line.arrival))
                .execute(&mut *transaction)
                .await?;
            for tip in &line.tips {
                // An entry that has lost its place meanwhile tells nothing.
                sqlx::query(
                    "INSERT INTO told_tip (space, author, feed, seq, hash, arrival)
                     SELECT ?1, ?2, ?3, ?4, ?5, arrival FROM entry WHERE arrival = ?6 AND NOT EXISTS
                         (SELECT 1 FROM told_tip WHERE space = ?1 AND author = ?2 AND feed = ?3 AND arrival > ?6)",
                )
                .bind(space.as_bytes().as_slice())
                .bind(line.author.as_bytes().as_slice())
                .bind(line.feed.as_bytes().as_slice())
                .bind(to_sql(tip.seq))
                .bind(tip.hash.as_bytes())
                .bind(to_sql(line.arrival))
                .execute(&mut *transaction)
                .await?;
            }
        }
        transaction.commit().await?;
        Ok(())
    }

    /// What was told and is not here.
    pub(crate) async fn missing_tips(&self, space: &SpaceId) -> Result<Vec<MissingTip>, StorageError> {
        let rows = sqlx::query(
            "SELECT author, feed, seq, hash,
                 (SELECT COALESCE(MAX(seq), 0) FROM entry WHERE entry.space = told_tip.space AND entry.feed = told_tip.feed)
             FROM told_tip WHERE space = ? AND NOT EXISTS
                 (SELECT 1 FROM entry WHERE entry.space = told_tip.space AND entry.feed = told_tip.feed
                  AND entry.seq = told_tip.seq AND substr(entry.hash, 1, length(told_tip.hash)) = told_tip.hash)",
        )
        .bind(space.as_bytes().as_slice())
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(MissingTip {
                    author: keyholder_id(row.get(0))?,
                    feed: keyholder_id(row.get(1))?,
                    tip: SentTip { seq: from_sql(row.get(2)), hash: tip_hash(row.get(3))? },
                    held_until: from_sql(row.get(4)),
                })
            })
            .collect()
    }
}

fn tip_hash(bytes: &[u8]) -> Result<TipHash, StorageError> {
    ShortHash::try_from(bytes).map(TipHash::Short).or_else(|_| hash(bytes).map(TipHash::Whole))
}
