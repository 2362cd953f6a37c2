//! How does the database change? Every statement that writes; each function runs inside the writer's transaction.

use std::collections::{BTreeMap, BTreeSet};

use entwine_core::feed::{FeedTree, Tip};
use entwine_core::id::{KeyholderId, PersonId, SpaceId};
use entwine_core::keyholder::KeyholderKind;
use entwine_core::membership::SpaceKind;
use entwine_core::registration::RegistrationToken;
use entwine_core::time::Timestamp;
use getrandom::SysRng;
use rand_core::{Rng as _, UnwrapErr};
use sqlx::{Row as _, SqliteConnection};

use super::{entries, fault, read};
use crate::store::{Admission, Append, Appended, Created, KeyholderLine, NewRecord, NewSpace, StoreError};

const SHARED: i64 = 0;
const PRIVATE: i64 = 1;

/// Says once when this database began.
pub(super) async fn relay(connection: &mut SqliteConnection, now: Timestamp) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT OR IGNORE INTO relay (id, created_at) VALUES (1, ?)")
        .bind(seconds(now))
        .execute(connection)
        .await
        .map(drop)
}

pub(super) async fn create(transaction: &mut SqliteConnection, new: &NewSpace) -> Result<Created, StoreError> {
    let there = sqlx::query("SELECT 1 FROM space WHERE space = ?")
        .bind(new.space.as_bytes().as_slice())
        .fetch_optional(&mut *transaction)
        .await
        .map_err(fault)?;
    if there.is_some() {
        return Ok(Created::Exists);
    }
    if !admit(transaction, new).await? {
        return Ok(Created::NotAdmitted);
    }
    let Some(head) = new.records.last() else { return Err(StoreError::Damaged("a space without records")) };
    let kind = space_kind(new.kind);
    sqlx::query("INSERT INTO space (space, kind, length, head, bytes, created_at) VALUES (?, ?, ?, ?, ?, ?)")
        .bind(new.space.as_bytes().as_slice())
        .bind(kind)
        .bind(integer(new.records.len() as u64))
        .bind(head.hash.as_bytes().as_slice())
        .bind(integer(records_bytes(&new.records)))
        .bind(seconds(new.now))
        .execute(&mut *transaction)
        .await
        .map_err(fault)?;
    if let SpaceKind::Private { of } = new.kind {
        sqlx::query("INSERT INTO private_space (space, person, private) VALUES (?, ?, ?)")
            .bind(of.as_bytes().as_slice())
            .bind(new.founder.as_bytes().as_slice())
            .bind(new.space.as_bytes().as_slice())
            .execute(&mut *transaction)
            .await
            .map_err(fault)?;
    }
    add_records(transaction, &new.space, 0, &new.records).await?;
    for line in &new.keyholders {
        put_keyholder(transaction, &new.space, kind, line).await?;
    }
    Ok(Created::Done)
}

async fn admit(transaction: &mut SqliteConnection, new: &NewSpace) -> Result<bool, StoreError> {
    match (&new.admission, new.kind) {
        (Admission::Free, _) => Ok(true),
        (Admission::Token(id), _) => use_token(transaction, id, new.now).await,
        (Admission::MemberOf { shared, device }, SpaceKind::Private { of }) if of == *shared => {
            Ok(is_device(transaction, shared, device, &new.founder).await?
                && !has_private_space(transaction, shared, &new.founder).await?)
        }
        (Admission::MemberOf { .. }, _) => Ok(false),
    }
}

async fn use_token(transaction: &mut SqliteConnection, id: &str, now: Timestamp) -> Result<bool, StoreError> {
    let used = sqlx::query(
        "UPDATE registration_token SET used_at = coalesce(used_at, ?), text = NULL WHERE id = ? AND revoked_at IS NULL",
    )
    .bind(seconds(now))
    .bind(id)
    .execute(transaction)
    .await
    .map_err(fault)?;
    Ok(used.rows_affected() > 0)
}

async fn is_device(
    transaction: &mut SqliteConnection,
    space: &SpaceId,
    device: &KeyholderId,
    person: &PersonId,
) -> Result<bool, StoreError> {
    let found = sqlx::query(
        "SELECT 1 FROM keyholder WHERE keyholder = ? AND space = ? AND person = ? AND kind = ? AND removed_at IS NULL",
    )
    .bind(device.as_bytes().as_slice())
    .bind(space.as_bytes().as_slice())
    .bind(person.as_bytes().as_slice())
    .bind(integer(KeyholderKind::Device.code()))
    .fetch_optional(transaction)
    .await
    .map_err(fault)?;
    Ok(found.is_some())
}

async fn has_private_space(
    transaction: &mut SqliteConnection,
    shared: &SpaceId,
    person: &PersonId,
) -> Result<bool, StoreError> {
    let found = sqlx::query("SELECT 1 FROM private_space WHERE space = ? AND person = ? LIMIT 1")
        .bind(shared.as_bytes().as_slice())
        .bind(person.as_bytes().as_slice())
        .fetch_optional(transaction)
        .await
        .map_err(fault)?;
    Ok(found.is_some())
}

pub(super) async fn append(transaction: &mut SqliteConnection, append: &Append) -> Result<Appended, StoreError> {
    let row = sqlx::query("SELECT length, head, kind FROM space WHERE space = ?")
        .bind(append.space.as_bytes().as_slice())
        .fetch_optional(&mut *transaction)
        .await
        .map_err(fault)?;
    let Some(row) = row else { return Ok(Appended::Moved) };
    let length: i64 = row.try_get("length").map_err(fault)?;
    let head: &[u8] = row.try_get("head").map_err(fault)?;
    let kind: i64 = row.try_get("kind").map_err(fault)?;
    if length != i64::from(append.seen.len) || head != append.seen.head.as_bytes() {
        return Ok(Appended::Moved);
    }
    if append.kept < append.seen.len {
        let released = give_way(transaction, &append.space, append.kept).await?;
        sqlx::query("UPDATE space SET bytes = bytes - ? WHERE space = ?")
            .bind(integer(released))
            .bind(append.space.as_bytes().as_slice())
            .execute(&mut *transaction)
            .await
            .map_err(fault)?;
    }
    add_records(transaction, &append.space, i64::from(append.kept), &append.records).await?;
    for line in &append.keyholders {
        put_keyholder(transaction, &append.space, kind, line).await?;
    }
    entries::add(transaction, append).await?;
    for (feed, cut) in &append.cuts {
        apply_cut(transaction, &append.space, feed, cut).await?;
    }
    let head = append.records.last().map_or(append.seen.head, |record| record.hash);
    sqlx::query("UPDATE space SET length = ?, head = ?, bytes = bytes + ? WHERE space = ?")
        .bind(i64::from(append.kept) + integer(append.records.len() as u64))
        .bind(head.as_bytes().as_slice())
        .bind(integer(records_bytes(&append.records)))
        .bind(append.space.as_bytes().as_slice())
        .execute(&mut *transaction)
        .await
        .map_err(fault)?;
    Ok(Appended::Done { tips: read::tips(transaction, &append.space).await? })
}

async fn add_records(
    transaction: &mut SqliteConnection,
    space: &SpaceId,
    first: i64,
    records: &[NewRecord],
) -> Result<(), StoreError> {
    for (position, record) in (first..).zip(records) {
        sqlx::query("INSERT INTO record (space, position, hash, bytes) VALUES (?, ?, ?, ?)")
            .bind(space.as_bytes().as_slice())
            .bind(position)
            .bind(record.hash.as_bytes().as_slice())
            .bind(record.bytes.as_slice())
            .execute(&mut *transaction)
            .await
            .map_err(fault)?;
    }
    Ok(())
}

async fn put_keyholder(
    transaction: &mut SqliteConnection,
    space: &SpaceId,
    space_kind: i64,
    line: &KeyholderLine,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO keyholder \
         (keyholder, space, space_kind, kind, person, signing_key, hpke_key, added_at, removed_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) \
         ON CONFLICT (keyholder, space) DO UPDATE SET removed_at = excluded.removed_at",
    )
    .bind(line.keys.id().as_bytes().as_slice())
    .bind(space.as_bytes().as_slice())
    .bind(space_kind)
    .bind(integer(line.kind.code()))
    .bind(line.person.as_bytes().as_slice())
    .bind(line.keys.signing().as_slice())
    .bind(line.keys.hpke().as_slice())
    .bind(line.added_at)
    .bind(line.removed_at)
    .execute(transaction)
    .await
    .map(drop)
    .map_err(fault)
}

/// Ends a feed at its cut, as far as that is there.
async fn apply_cut(
    transaction: &mut SqliteConnection,
    space: &SpaceId,
    feed: &KeyholderId,
    cut: &[Tip],
) -> Result<(), StoreError> {
    let mut tree = read::feed_tree(transaction, space, feed).await?;
    let ended = tree.cut(cut);
    displace(transaction, space, feed, &tree, &ended.displaced).await
}

/// Drops the records after the first `kept`, and what hangs on them: bytes of the records.
async fn give_way(transaction: &mut SqliteConnection, space: &SpaceId, kept: u32) -> Result<u64, StoreError> {
    let rows = sqlx::query("SELECT feed, seq, hash FROM entry WHERE space = ? AND position >= ? ORDER BY feed")
        .bind(space.as_bytes().as_slice())
        .bind(kept)
        .fetch_all(&mut *transaction)
        .await
        .map_err(fault)?;
    let mut lost: BTreeMap<KeyholderId, BTreeSet<Tip>> = BTreeMap::new();
    for row in &rows {
        lost.entry(KeyholderId::from_bytes(read::fixed(row, "feed")?)).or_default().insert(read::tip(row)?);
    }
    for (feed, lost) in &lost {
        let mut tree = read::feed_tree(transaction, space, feed).await?;
        let displaced = tree.displace(lost);
        displace(transaction, space, feed, &tree, &displaced).await?;
    }
    let row = sqlx::query("SELECT coalesce(sum(length(bytes)), 0) FROM record WHERE space = ? AND position >= ?")
        .bind(space.as_bytes().as_slice())
        .bind(kept)
        .fetch_one(&mut *transaction)
        .await
        .map_err(fault)?;
    let released: i64 = row.try_get(0).map_err(fault)?;
    sqlx::query("DELETE FROM record WHERE space = ? AND position >= ?")
        .bind(space.as_bytes().as_slice())
        .bind(kept)
        .execute(&mut *transaction)
        .await
        .map_err(fault)?;
    sqlx::query("DELETE FROM keyholder WHERE space = ?")
        .bind(space.as_bytes().as_slice())
        .execute(transaction)
        .await
        .map_err(fault)?;
    Ok(released.unsigned_abs())
}

/// Entries leave their feed, of which `tree` is what stays.
async fn displace(
    transaction: &mut SqliteConnection,
    space: &SpaceId,
    feed: &KeyholderId,
    tree: &FeedTree,
    displaced: &[Tip],
) -> Result<(), StoreError> {
    for place in displaced {
        for statement in [
            "INSERT OR IGNORE INTO displaced_entry SELECT space, feed, seq, hash, previous, position, kind, critical, \
             sealed, signature, received_at FROM entry WHERE space = ? AND feed = ? AND seq = ? AND hash = ?",
            "DELETE FROM entry WHERE space = ? AND feed = ? AND seq = ? AND hash = ?",
            "DELETE FROM tip WHERE space = ? AND feed = ? AND seq = ? AND hash = ?",
        ] {
            at_place(transaction, statement, space, feed, place).await?;
        }
    }
    for tip in tree.tips() {
        at_place(
            transaction,
            "INSERT OR IGNORE INTO tip (space, feed, seq, hash) VALUES (?, ?, ?, ?)",
            space,
            feed,
            tip,
        )
        .await?;
    }
    Ok(())
}

async fn at_place(
    transaction: &mut SqliteConnection,
    statement: &'static str,
    space: &SpaceId,
    feed: &KeyholderId,
    place: &Tip,
) -> Result<(), StoreError> {
    sqlx::query(statement)
        .bind(space.as_bytes().as_slice())
        .bind(feed.as_bytes().as_slice())
        .bind(integer(place.seq))
        .bind(place.hash.as_bytes().as_slice())
        .execute(transaction)
        .await
        .map(drop)
        .map_err(fault)
}

pub(super) async fn add_token(
    transaction: &mut SqliteConnection,
    token: &RegistrationToken,
    keep_text: bool,
    now: Timestamp,
) -> Result<String, StoreError> {
    let id = format!("{:08x}", UnwrapErr(SysRng).next_u32());
    sqlx::query("INSERT INTO registration_token (id, digest, text, created_at) VALUES (?, ?, ?, ?)")
        .bind(&id)
        .bind(token.digest().as_bytes().as_slice())
        .bind(keep_text.then(|| token.reveal()))
        .bind(seconds(now))
        .execute(transaction)
        .await
        .map_err(fault)?;
    Ok(id)
}

pub(super) async fn revoke_token(
    transaction: &mut SqliteConnection,
    id: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let revoked =
        sqlx::query("UPDATE registration_token SET revoked_at = ?, text = NULL WHERE id = ? AND revoked_at IS NULL")
            .bind(seconds(now))
            .bind(id)
            .execute(transaction)
            .await
            .map_err(fault)?;
    Ok(revoked.rows_affected() > 0)
}

fn space_kind(kind: SpaceKind) -> i64 {
    match kind {
        SpaceKind::Shared => SHARED,
        SpaceKind::Private { .. } => PRIVATE,
    }
}

fn records_bytes(records: &[NewRecord]) -> u64 {
    records.iter().map(|record| record.bytes.len() as u64).sum()
}

pub(super) fn seconds(moment: Timestamp) -> i64 {
    integer(moment.as_seconds())
}

/// SQLite's integers end at 2^63 - 1; nothing that is counted here comes near.
pub(super) fn integer(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
