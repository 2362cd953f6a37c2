//! How is the database asked? Every query; each function runs inside a transaction, so it sees one moment.

use std::collections::BTreeMap;

use entwine_core::feed::clock::TipHash;
use entwine_core::feed::{EntryKind, FeedTree, StoredEntry, Tip};
use entwine_core::id::{Hash, KeyholderId, SpaceId};
use entwine_core::keyholder::PublicKeys;
use entwine_core::limits::ENTRIES_PER_MESSAGE_MAX;
use entwine_core::registration::{RegistrationToken, TokenDigest};
use entwine_core::sync::{ChainMark, Point, Range};
use entwine_core::time::Timestamp;
use futures_util::TryStreamExt as _;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _, SqliteConnection};

use super::fault;
use crate::store::{SpaceLine, SpaceState, StoreError, TokenLine};

/// Bytes of an entry on the wire beside its sealed part: a signature (66), a hash (34), and seven numbers.
const ENTRY_FRAME_BYTES: usize = 160;

/// A space without its records.
pub(super) async fn space(
    connection: &mut SqliteConnection,
    space: &SpaceId,
) -> Result<Option<SpaceState>, StoreError> {
    let mut query = QueryBuilder::new(SPACES);
    query.push("space = ").push_bind(space.as_bytes().as_slice()).push(SPACES_ORDER);
    let rows = query.build().fetch_all(connection).await.map_err(fault)?;
    Ok(states(&rows)?.remove(space))
}

/// The beginning of a query for [`states`]; what follows is a condition on `space`, and [`SPACES_ORDER`].
pub(super) const SPACES: &str =
    "SELECT space, length, head, bytes, feed, seq, hash FROM space LEFT JOIN tip USING (space) WHERE ";
pub(super) const SPACES_ORDER: &str = " ORDER BY space, feed, seq, hash";

/// Spaces without their records, each from a row for each of its tips, or one row with none.
pub(super) fn states(rows: &[SqliteRow]) -> Result<BTreeMap<SpaceId, SpaceState>, StoreError> {
    let mut states = BTreeMap::new();
    for row in rows {
        let space = SpaceId::from_bytes(fixed(row, "space")?);
        let len = u32::try_from(uint(row, "length")?).map_err(|_| StoreError::Damaged("a chain without an end"))?;
        let mark = ChainMark { len, head: Hash::from_bytes(fixed(row, "head")?) };
        let bytes = uint(row, "bytes")?;
        let new = SpaceState { mark, records: None, tips: Vec::new(), bytes };
        let state: &mut SpaceState = states.entry(space).or_insert(new);
        if row.try_get::<Option<&[u8]>, _>("feed").map_err(fault)?.is_some() {
            state.tips.push((KeyholderId::from_bytes(fixed(row, "feed")?), tip(row)?));
        }
    }
    Ok(states)
}

pub(super) async fn records(moment: &mut SqliteConnection, space: &SpaceId) -> Result<Vec<Vec<u8>>, StoreError> {
    sqlx::query_scalar("SELECT bytes FROM record WHERE space = ? ORDER BY position")
        .bind(space.as_bytes().as_slice())
        .fetch_all(moment)
        .await
        .map_err(fault)
}

pub(super) async fn tips(
    moment: &mut SqliteConnection,
    space: &SpaceId,
) -> Result<Vec<(KeyholderId, Tip)>, StoreError> {
    let rows = sqlx::query("SELECT feed, seq, hash FROM tip WHERE space = ? ORDER BY feed, seq, hash")
        .bind(space.as_bytes().as_slice())
        .fetch_all(moment)
        .await
        .map_err(fault)?;
    rows.iter().map(|row| Ok((KeyholderId::from_bytes(fixed(row, "feed")?), tip(row)?))).collect()
}

pub(super) async fn located(
    moment: &mut SqliteConnection,
    space: &SpaceId,
    points: &[Point],
) -> Result<Vec<Option<Tip>>, StoreError> {
    let mut found = Vec::with_capacity(points.len());
    for point in points {
        found.push(locate(moment, space, point).await?);
    }
    Ok(found)
}

async fn locate(moment: &mut SqliteConnection, space: &SpaceId, point: &Point) -> Result<Option<Tip>, StoreError> {
    let Ok(seq) = i64::try_from(point.tip.seq) else { return Ok(None) };
    let (lowest, highest) = hashes_with(&point.tip.hash);
    let rows = sqlx::query(
        "SELECT seq, hash FROM entry WHERE space = ? AND feed = ? AND seq = ? AND hash BETWEEN ? AND ? LIMIT 2",
    )
    .bind(space.as_bytes().as_slice())
    .bind(point.feed.as_bytes().as_slice())
    .bind(seq)
    .bind(lowest.as_slice())
    .bind(highest.as_slice())
    .fetch_all(moment)
    .await
    .map_err(fault)?;
    match rows.as_slice() {
        [row] => tip(row).map(Some),
        _ => Ok(None),
    }
}

/// The first and the last hash that begin as this one does.
fn hashes_with(hash: &TipHash) -> ([u8; 32], [u8; 32]) {
    let prefix = hash.as_bytes();
    let (mut lowest, mut highest) = ([0x00; 32], [0xff; 32]);
    lowest[..prefix.len()].copy_from_slice(prefix);
    highest[..prefix.len()].copy_from_slice(prefix);
    (lowest, highest)
}

/// Entries on their way into one page.
struct Page {
    entries: Vec<StoredEntry>,
    bytes: usize,
    budget: usize,
}

impl Page {
    /// Whether the entry went in; if not, the page is full.
    fn take(&mut self, entry: StoredEntry) -> bool {
        let bytes = self.bytes + entry.sealed.len() + ENTRY_FRAME_BYTES;
        let fits = self.entries.is_empty() || (bytes <= self.budget && self.entries.len() < ENTRIES_PER_MESSAGE_MAX);
        if fits {
            self.bytes = bytes;
            self.entries.push(entry);
        }
        fits
    }
}

pub(super) async fn entries(
    moment: &mut SqliteConnection,
    space: &SpaceId,
    ranges: &[Range],
    budget: usize,
) -> Result<(Vec<StoredEntry>, bool), StoreError> {
    let mut page = Page { entries: Vec::new(), bytes: 0, budget };
    for range in ranges {
        let own = feed_tips(moment, space, &range.feed).await?;
        // A feed with one tip is a line: who has some of it has all before that.
        let whole = if range.beyond.is_empty() || own.len() < 2 {
            let seq = range.beyond.iter().map(|tip| tip.seq).max().unwrap_or(0);
            read_line(moment, space, &range.feed, seq, &mut page).await?
        } else {
            let places = missing(moment, space, range, own).await?;
            read_places(moment, space, &range.feed, &places, &mut page).await?
        };
        if !whole {
            return Ok((page.entries, true));
        }
    }
    Ok((page.entries, false))
}

/// Reads a feed beyond a seq: whether all of it went onto the page.
async fn read_line(
    moment: &mut SqliteConnection,
    space: &SpaceId,
    feed: &KeyholderId,
    seq: u64,
    page: &mut Page,
) -> Result<bool, StoreError> {
    let Ok(seq) = i64::try_from(seq) else { return Ok(true) };
    let mut rows = sqlx::query(
        "SELECT seq, hash, previous, position, kind, critical, sealed, signature FROM entry \
         WHERE space = ? AND feed = ? AND seq > ? ORDER BY seq, hash",
    )
    .bind(space.as_bytes().as_slice())
    .bind(feed.as_bytes().as_slice())
    .bind(seq)
    .fetch(moment);
    while let Some(row) = rows.try_next().await.map_err(fault)? {
        if !page.take(entry(*feed, &row)?) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Reads the entries at these places: whether all of them went onto the page.
async fn read_places(
    moment: &mut SqliteConnection,
    space: &SpaceId,
    feed: &KeyholderId,
    places: &[Tip],
    page: &mut Page,
) -> Result<bool, StoreError> {
    for place in places {
        let row = sqlx::query(
            "SELECT seq, hash, previous, position, kind, critical, sealed, signature FROM entry \
             WHERE space = ? AND feed = ? AND seq = ? AND hash = ?",
        )
        .bind(space.as_bytes().as_slice())
        .bind(feed.as_bytes().as_slice())
        .bind(i64::try_from(place.seq).map_err(|_| StoreError::Damaged("a seq that was never stored"))?)
        .bind(place.hash.as_bytes().as_slice())
        .fetch_one(&mut *moment)
        .await
        .map_err(fault)?;
        if !page.take(entry(*feed, &row)?) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What a tree holds and the other side lacks, in order of seq and hash. Walks down from both sides' tips together, the
/// highest first, and ends where nothing below is lacking: so it costs as much as there is to send, not as the feed is long.
async fn missing(
    moment: &mut SqliteConnection,
    space: &SpaceId,
    range: &Range,
    own: Vec<Tip>,
) -> Result<Vec<Tip>, StoreError> {
    let mut lacking = Vec::new();
    // Whether the other side has an entry, for all that were reached and not yet passed.
    let mut reached: BTreeMap<Tip, bool> = own.into_iter().map(|tip| (tip, false)).collect();
    reached.extend(range.beyond.iter().map(|tip| (*tip, true)));
    while reached.values().any(|has| !has) {
        let Some((place, has)) = reached.pop_last() else { break };
        if !has {
            lacking.push(place);
        }
        if let Some(before) = place_before(moment, space, &range.feed, &place).await? {
            *reached.entry(before).or_insert(has) |= has;
        }
    }
    lacking.reverse();
    Ok(lacking)
}

async fn place_before(
    moment: &mut SqliteConnection,
    space: &SpaceId,
    feed: &KeyholderId,
    place: &Tip,
) -> Result<Option<Tip>, StoreError> {
    if place.seq <= 1 {
        return Ok(None);
    }
    let row = sqlx::query("SELECT previous FROM entry WHERE space = ? AND feed = ? AND seq = ? AND hash = ?")
        .bind(space.as_bytes().as_slice())
        .bind(feed.as_bytes().as_slice())
        .bind(i64::try_from(place.seq).map_err(|_| StoreError::Damaged("a seq that was never stored"))?)
        .bind(place.hash.as_bytes().as_slice())
        .fetch_one(moment)
        .await
        .map_err(fault)?;
    Ok(Some(Tip { seq: place.seq - 1, hash: Hash::from_bytes(fixed(&row, "previous")?) }))
}

async fn feed_tips(moment: &mut SqliteConnection, space: &SpaceId, feed: &KeyholderId) -> Result<Vec<Tip>, StoreError> {
    let rows = sqlx::query("SELECT seq, hash FROM tip WHERE space = ? AND feed = ?")
        .bind(space.as_bytes().as_slice())
        .bind(feed.as_bytes().as_slice())
        .fetch_all(moment)
        .await
        .map_err(fault)?;
    rows.iter().map(tip).collect()
}

/// The shape of a whole feed.
pub(super) async fn feed_tree(
    moment: &mut SqliteConnection,
    space: &SpaceId,
    feed: &KeyholderId,
) -> Result<FeedTree, StoreError> {
    let rows = sqlx::query("SELECT seq, hash, previous FROM entry WHERE space = ? AND feed = ? ORDER BY seq, hash")
        .bind(space.as_bytes().as_slice())
        .bind(feed.as_bytes().as_slice())
        .fetch_all(moment)
        .await
        .map_err(fault)?;
    let mut tree = FeedTree::default();
    for row in &rows {
        let previous = Hash::from_bytes(fixed(row, "previous")?);
        tree.insert(tip(row)?, previous).map_err(|_| StoreError::Damaged("a feed has a gap"))?;
    }
    Ok(tree)
}

pub(super) async fn spaces_of(
    moment: &mut SqliteConnection,
    keyholder: &KeyholderId,
) -> Result<Vec<SpaceLine>, StoreError> {
    let rows = sqlx::query(
        "SELECT space, space_kind FROM keyholder WHERE keyholder = ? AND removed_at IS NULL ORDER BY space_kind, space",
    )
    .bind(keyholder.as_bytes().as_slice())
    .fetch_all(moment)
    .await
    .map_err(fault)?;
    let line = |row: &SqliteRow| {
        Ok(SpaceLine { space: SpaceId::from_bytes(fixed(row, "space")?), is_private: uint(row, "space_kind")? == 1 })
    };
    rows.iter().map(line).collect()
}

/// An invitation goes with the record that brings in whom it admits.
pub(super) async fn admitted_by(
    moment: &mut SqliteConnection,
    invitation: &KeyholderId,
    keyholder: &KeyholderId,
) -> Result<Vec<SpaceId>, StoreError> {
    let rows = sqlx::query(
        "SELECT admitted.space AS space FROM keyholder AS admitted
         JOIN keyholder AS invitation ON invitation.keyholder = ? AND invitation.space = admitted.space
         WHERE admitted.keyholder = ? AND invitation.removed_at = admitted.added_at ORDER BY admitted.space",
    )
    .bind(invitation.as_bytes().as_slice())
    .bind(keyholder.as_bytes().as_slice())
    .fetch_all(moment)
    .await
    .map_err(fault)?;
    rows.iter().map(|row| Ok(SpaceId::from_bytes(fixed(row, "space")?))).collect()
}

pub(super) async fn keys_of(
    moment: &mut SqliteConnection,
    keyholder: &KeyholderId,
) -> Result<Option<PublicKeys>, StoreError> {
    let row = sqlx::query("SELECT signing_key, hpke_key FROM keyholder WHERE keyholder = ? LIMIT 1")
        .bind(keyholder.as_bytes().as_slice())
        .fetch_optional(moment)
        .await
        .map_err(fault)?;
    row.map(|row| Ok(PublicKeys::from_bytes(fixed(&row, "signing_key")?, fixed(&row, "hpke_key")?))).transpose()
}

pub(super) async fn standing_tokens(moment: &mut SqliteConnection) -> Result<Vec<(String, TokenDigest)>, StoreError> {
    let rows = sqlx::query("SELECT id, digest FROM registration_token WHERE revoked_at IS NULL ORDER BY id")
        .fetch_all(moment)
        .await
        .map_err(fault)?;
    let line =
        |row: &SqliteRow| Ok((row.try_get("id").map_err(fault)?, TokenDigest::from_bytes(fixed(row, "digest")?)));
    rows.iter().map(line).collect()
}

pub(super) async fn tokens(moment: &mut SqliteConnection) -> Result<Vec<TokenLine>, StoreError> {
    let rows =
        sqlx::query("SELECT id, created_at, used_at, revoked_at FROM registration_token ORDER BY created_at, id")
            .fetch_all(moment)
            .await
            .map_err(fault)?;
    let line = |row: &SqliteRow| {
        let moment = |column| -> Result<Option<Timestamp>, StoreError> {
            let seconds: Option<i64> = row.try_get(column).map_err(fault)?;
            Ok(seconds.map(|seconds| Timestamp::from_seconds(seconds.unsigned_abs())))
        };
        Ok(TokenLine {
            id: row.try_get("id").map_err(fault)?,
            created_at: moment("created_at")?.unwrap_or_default(),
            used_at: moment("used_at")?,
            revoked_at: moment("revoked_at")?,
        })
    };
    rows.iter().map(line).collect()
}

pub(super) async fn unused_token(moment: &mut SqliteConnection) -> Result<Option<RegistrationToken>, StoreError> {
    let text: Option<String> = sqlx::query_scalar(
        "SELECT text FROM registration_token WHERE text IS NOT NULL AND used_at IS NULL AND revoked_at IS NULL \
         ORDER BY created_at, id LIMIT 1",
    )
    .fetch_optional(moment)
    .await
    .map_err(fault)?;
    Ok(text.map(|text| RegistrationToken::new(&text)))
}

fn entry(feed: KeyholderId, row: &SqliteRow) -> Result<StoredEntry, StoreError> {
    let Tip { seq, hash } = tip(row)?;
    let position = uint(row, "position")?;
    Ok(StoredEntry {
        feed,
        seq,
        hash,
        previous: Hash::from_bytes(fixed(row, "previous")?),
        position: u32::try_from(position).map_err(|_| StoreError::Damaged("a position beyond every chain"))?,
        // Bit for bit, as it was stored: kinds that nobody knows yet may have any number.
        kind: EntryKind::from_code(row.try_get::<i64, _>("kind").map_err(fault)?.cast_unsigned()),
        critical: row.try_get("critical").map_err(fault)?,
        sealed: row.try_get("sealed").map_err(fault)?,
        signature: fixed(row, "signature")?,
    })
}

pub(super) fn tip(row: &SqliteRow) -> Result<Tip, StoreError> {
    Ok(Tip { seq: uint(row, "seq")?, hash: Hash::from_bytes(fixed(row, "hash")?) })
}

pub(super) fn uint(row: &SqliteRow, column: &'static str) -> Result<u64, StoreError> {
    let value: i64 = row.try_get(column).map_err(fault)?;
    u64::try_from(value).map_err(|_| StoreError::Damaged("a negative number"))
}

pub(super) fn fixed<const N: usize>(row: &SqliteRow, column: &'static str) -> Result<[u8; N], StoreError> {
    let bytes: &[u8] = row.try_get(column).map_err(fault)?;
    bytes.try_into().map_err(|_| StoreError::Damaged("a value of another length"))
}
