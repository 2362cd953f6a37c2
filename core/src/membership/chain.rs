//! Is this record the next one, and what does it change?
//!
//! **Appending is compare-and-swap on the head**: a record names the one before it, so of two that were written at once, one
//! is the next and the other's author writes it anew.

use std::collections::{BTreeMap, BTreeSet};

use super::record::{Accept, Add, Body, Record, Remove, SpaceKind};
use crate::feed::Tip;
use crate::id::{Hash, KeyholderId, PersonId, SpaceId};
use crate::keyholder::{KeyholderKind, PublicKeys};
use crate::limits::{
    CHAIN_RECORDS_MAX, DEVICES_PER_PERSON_MAX, DEVICES_PER_PERSON_RECOVERY_MAX, INVITATIONS_PER_PERSON_MAX,
    PERSONS_SHARED_MAX, PHRASES_PER_PERSON_MAX,
};
use crate::sealing::epoch::{Opening, Seal, SealPlace};
use crate::time::Timestamp;
use crate::wire::codec::CodecError;

/// Why a record is not the next of a chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// The bytes are no record.
    #[error("not a record")]
    Codec(#[from] CodecError),
    /// It does not follow the head: another record came first, or it belongs to another chain.
    #[error("the record does not follow the chain's head")]
    NotNext,
    /// The chain has as many records as it may have.
    #[error("the chain is full")]
    Full,
    /// The author is not a keyholder now, or its signature does not match.
    #[error("the record is not signed by a keyholder")]
    NotSigned,
    /// The rules do not let this author do this.
    #[error("not allowed: {0}")]
    NotAllowed(&'static str),
    /// An earlier record is of a kind that this version does not know and must: it can read on, but not write.
    #[error("this version is too old for the space: update it")]
    TooOld,
}

/// Someone who holds, or held, keys of the space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keyholder {
    /// The how-manieth ever added, from 0: what stands for the keyholder on the wire.
    pub number: u32,
    /// Its id.
    pub id: KeyholderId,
    /// Its public keys.
    pub keys: PublicKeys,
    /// Its kind.
    pub kind: KeyholderKind,
    /// Whose it is.
    pub person: PersonId,
    /// The index of the record that added it.
    pub added_at: u32,
    /// The index of the record that removed it, if any.
    pub removed_at: Option<u32>,
    /// When an invitation ends.
    pub expires: Option<Timestamp>,
    /// Of a removed device: the last entries of its feed that stand, in order. What is neither one of them nor before one is
    /// not part of the feed.
    pub cut: Vec<Tip>,
}

impl Keyholder {
    /// Whether it holds keys after record `index`.
    #[must_use]
    pub fn is_member_at(&self, index: u32) -> bool {
        self.added_at <= index && self.removed_at.is_none_or(|removed| index < removed)
    }
}

#[derive(Debug, Clone, Copy)]
struct Epoch {
    opened_at: u32,
    closed_at: Option<u32>,
}

/// A membership chain, verified from its first record.
#[derive(Debug, Clone)]
pub struct MembershipChain {
    space: SpaceId,
    kind: SpaceKind,
    records: Vec<Record>,
    keyholders: Vec<Keyholder>,
    numbers: BTreeMap<KeyholderId, u32>,
    epochs: Vec<Epoch>,
    /// `Rotate` may follow an opening once before the next closing, to mend a faulty seal.
    openings_since_closing: u32,
    too_old: bool,
}

impl MembershipChain {
    /// Begins with the first record.
    ///
    /// # Errors
    /// A record that founds no space.
    pub fn found(first: &[u8]) -> Result<Self, ChainError> {
        let record = Record::parse(first)?;
        let Body::Create(create) = record.body() else { return Err(ChainError::NotNext) };
        if record.index() != 0 || record.previous() != Hash::ZERO {
            return Err(ChainError::NotNext);
        }
        if record.author() != create.device.id() || record.verify(&create.device).is_err() {
            return Err(ChainError::NotSigned);
        }
        let founder = Keyholder {
            number: 0,
            id: create.device.id(),
            keys: create.device,
            kind: KeyholderKind::Device,
            person: create.person,
            added_at: 0,
            removed_at: None,
            expires: None,
            cut: Vec::new(),
        };
        check_seals(&create.opening, std::iter::once(founder.id))?;
        Ok(Self {
            space: SpaceId::from_first_record(record.hash()),
            kind: create.kind,
            numbers: BTreeMap::from([(founder.id, 0)]),
            keyholders: vec![founder],
            epochs: vec![Epoch { opened_at: 0, closed_at: None }],
            openings_since_closing: 1,
            too_old: false,
            records: vec![record],
        })
    }

    /// A whole chain.
    ///
    /// # Errors
    /// No record at all, or the first that is not the next.
    pub fn parse<'r>(records: impl IntoIterator<Item = &'r [u8]>) -> Result<Self, ChainError> {
        let mut records = records.into_iter();
        let mut chain = Self::found(records.next().ok_or(ChainError::NotNext)?)?;
        for record in records {
            chain.append(record)?;
        }
        Ok(chain)
    }

    /// Appends the next record, if it is that. On an error nothing has changed.
    ///
    /// # Errors
    /// Why it is not the next.
    pub fn append(&mut self, bytes: &[u8]) -> Result<&Record, ChainError> {
        self.append_record(Record::parse(bytes)?)
    }

    /// [`Self::append`] for a record that is decoded already.
    ///
    /// # Errors
    /// Why it is not the next.
    pub fn append_record(&mut self, record: Record) -> Result<&Record, ChainError> {
        if record.index() as usize != self.records.len() || record.previous() != self.head() {
            return Err(ChainError::NotNext);
        }
        if self.records.len() >= CHAIN_RECORDS_MAX {
            return Err(ChainError::Full);
        }
        let author = self.member(&record.author()).ok_or(ChainError::NotSigned)?.clone();
        record.verify(&author.keys).map_err(|_| ChainError::NotSigned)?;
        match record.body() {
            Body::Create(_) => return Err(ChainError::NotAllowed("a space is founded once")),
            Body::Add(add) => self.apply_add(&author, add, record.index())?,
            Body::Accept(accept) => self.apply_accept(&author, accept, record.index())?,
            Body::Remove(remove) => self.apply_remove(&author, remove, record.index())?,
            Body::Rotate(opening) => self.apply_rotate(&author, opening, record.index())?,
            // Whatever a later version lets invitations and phrases do, a found link must not fill a chain with it.
            Body::Unknown { critical, .. } => {
                require(author.kind == KeyholderKind::Device, "only a device appends what is not known here")?;
                self.too_old |= critical;
            }
        }
        self.records.push(record);
        Ok(self.records.last().expect("one was just pushed"))
    }

    fn apply_add(&mut self, author: &Keyholder, add: &Add, index: u32) -> Result<(), ChainError> {
        require(!author.kind.is_invitation(), "an invitation adds nobody but its joiner")?;
        require(add.person == author.person, "nobody adds for another person")?;
        require(add.kind.is_invitation() == add.expires.is_some(), "an invitation has an end, and nothing else has")?;
        require(add.seal.recipient() == add.keys.id(), "the seal is another's")?;
        match (author.kind, add.kind) {
            (KeyholderKind::RecoveryPhrase, KeyholderKind::Device) => {
                self.require_room(add, DEVICES_PER_PERSON_RECOVERY_MAX, "the person has twelve devices")?;
            }
            (KeyholderKind::RecoveryPhrase, _) => {
                return Err(ChainError::NotAllowed("a recovery phrase adds a device, and nothing else"));
            }
            (_, KeyholderKind::Device) => {
                self.require_room(add, DEVICES_PER_PERSON_MAX, "the person has eight devices")?;
            }
            (_, KeyholderKind::RecoveryPhrase) => {
                self.require_room(add, PHRASES_PER_PERSON_MAX, "the person has two recovery phrases")?;
            }
            (_, KeyholderKind::PartnerInvitation) => {
                require(self.kind == SpaceKind::Shared, "a private space has one person")?;
                require(self.persons().len() < PERSONS_SHARED_MAX, "the space has both its persons")?;
                self.require_invitation_room(add)?;
            }
            (_, KeyholderKind::DeviceInvitation) => self.require_invitation_room(add)?,
        }
        add.keys
            .verify_offer(&self.space, &add.person, add.kind, &add.offer)
            .map_err(|_| ChainError::NotAllowed("the added key did not offer itself"))?;
        self.admit(add.keys, add.kind, add.person, index, add.expires)
    }

    fn require_room(&self, add: &Add, max: usize, rule: &'static str) -> Result<(), ChainError> {
        require(self.current_of(&add.person).filter(|keyholder| keyholder.kind == add.kind).count() < max, rule)
    }

    fn require_invitation_room(&self, add: &Add) -> Result<(), ChainError> {
        let open = self.current_of(&add.person).filter(|keyholder| keyholder.kind.is_invitation()).count();
        require(open < INVITATIONS_PER_PERSON_MAX, "three invitations are open: revoke one")
    }

    fn apply_accept(&mut self, author: &Keyholder, accept: &Accept, index: u32) -> Result<(), ChainError> {
        match author.kind {
            KeyholderKind::PartnerInvitation => {
                let persons = self.persons();
                require(!persons.contains(&accept.person), "a partner is a new person")?;
                require(persons.len() < PERSONS_SHARED_MAX, "the space has both its persons")?;
            }
            KeyholderKind::DeviceInvitation => {
                require(accept.person == author.person, "a device link is for the inviter's own device")?;
                let devices = self.current_of(&accept.person).filter(|k| k.kind == KeyholderKind::Device).count();
                require(devices < DEVICES_PER_PERSON_MAX, "the person has eight devices")?;
            }
            _ => return Err(ChainError::NotAllowed("only an invitation is accepted")),
        }
        accept
            .device
            .verify_offer(&self.space, &accept.person, KeyholderKind::Device, &accept.offer)
            .map_err(|_| ChainError::NotAllowed("the added key did not offer itself"))?;
        self.admit(accept.device, KeyholderKind::Device, accept.person, index, None)?;
        self.keyholders[author.number as usize].removed_at = Some(index);
        self.close_epoch(index);
        Ok(())
    }

    fn apply_remove(&mut self, author: &Keyholder, remove: &Remove, index: u32) -> Result<(), ChainError> {
        require(author.kind == KeyholderKind::Device, "only a device removes")?;
        let removed: BTreeSet<KeyholderId> = remove.cuts.iter().map(|cut| cut.keyholder).collect();
        for cut in &remove.cuts {
            let target = self.member(&cut.keyholder).ok_or(ChainError::NotAllowed("it is no keyholder"))?;
            require(target.person == author.person, "nobody removes for another person")?;
            require(target.kind == KeyholderKind::Device || cut.tips.is_empty(), "only a device has a feed")?;
        }
        let is_left_open = |keyholder: &Keyholder| {
            keyholder.kind.is_invitation()
                && !removed.contains(&keyholder.id)
                && removed.contains(&self.inviter(keyholder))
        };
        require(!self.current().any(is_left_open), "with a device goes every invitation that it made")?;
        for cut in &remove.cuts {
            if let Some(keyholder) =
                self.numbers.get(&cut.keyholder).map(|number| &mut self.keyholders[*number as usize])
            {
                keyholder.removed_at = Some(index);
                keyholder.cut = cut.tips.iter().map(|(seq, hash)| Tip { seq: *seq, hash: *hash }).collect();
            }
        }
        self.close_epoch(index);
        Ok(())
    }

    /// Who added a keyholder; the founder added itself.
    fn inviter(&self, keyholder: &Keyholder) -> KeyholderId {
        self.records[keyholder.added_at as usize].author()
    }

    fn apply_rotate(&mut self, author: &Keyholder, opening: &Opening, index: u32) -> Result<(), ChainError> {
        require(author.kind == KeyholderKind::Device, "only a device rotates")?;
        require(self.openings_since_closing < 2, "the epoch was opened and mended already")?;
        check_seals(opening, self.current().map(|keyholder| keyholder.id))?;
        self.close_epoch_only(index);
        self.epochs.push(Epoch { opened_at: index, closed_at: None });
        self.openings_since_closing += 1;
        Ok(())
    }

    fn admit(
        &mut self,
        keys: PublicKeys,
        kind: KeyholderKind,
        person: PersonId,
        added_at: u32,
        expires: Option<Timestamp>,
    ) -> Result<(), ChainError> {
        let id = keys.id();
        require(!self.numbers.contains_key(&id), "a keyholder is never added twice")?;
        let number = u32::try_from(self.keyholders.len()).expect("as many as records, at most");
        self.numbers.insert(id, number);
        self.keyholders.push(Keyholder {
            number,
            id,
            keys,
            kind,
            person,
            added_at,
            removed_at: None,
            expires,
            cut: Vec::new(),
        });
        Ok(())
    }

    fn close_epoch(&mut self, index: u32) {
        self.close_epoch_only(index);
        self.openings_since_closing = 0;
    }

    fn close_epoch_only(&mut self, index: u32) {
        if let Some(epoch) = self.epochs.last_mut() {
            epoch.closed_at.get_or_insert(index);
        }
    }
}

/// What a chain says.
impl MembershipChain {
    /// The space.
    #[must_use]
    pub fn space(&self) -> SpaceId {
        self.space
    }

    /// Shared or private.
    #[must_use]
    pub fn kind(&self) -> SpaceKind {
        self.kind
    }

    /// Number of records; at least 1.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a chain is never empty")]
    pub fn len(&self) -> u32 {
        u32::try_from(self.records.len()).expect("bounded by CHAIN_RECORDS_MAX")
    }

    /// The hash of the last record.
    #[must_use]
    pub fn head(&self) -> Hash {
        self.records.last().expect("a chain is never empty").hash()
    }

    /// The hash of record `index`.
    #[must_use]
    pub fn hash_at(&self, index: u32) -> Option<Hash> {
        self.records.get(index as usize).map(Record::hash)
    }

    /// Whether this chain has a record of this hash as its `len`th.
    #[must_use]
    pub fn has_prefix(&self, len: u32, head: &Hash) -> bool {
        len.checked_sub(1).and_then(|index| self.hash_at(index)) == Some(*head)
    }

    /// Number of records that this chain and another have in common, from the first on.
    #[must_use]
    pub fn common_len(&self, other: &Self) -> u32 {
        let pairs = self.records.iter().zip(&other.records);
        let common = pairs.take_while(|(mine, theirs)| mine.hash() == theirs.hash()).count();
        u32::try_from(common).expect("bounded by CHAIN_RECORDS_MAX")
    }

    /// All records.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// A keyholder, current or former.
    #[must_use]
    pub fn keyholder(&self, id: &KeyholderId) -> Option<&Keyholder> {
        self.numbers.get(id).and_then(|number| self.by_number(*number))
    }

    /// A keyholder, current or former, by its number.
    #[must_use]
    pub fn by_number(&self, number: u32) -> Option<&Keyholder> {
        self.keyholders.get(number as usize)
    }

    /// A keyholder, if it is one now.
    #[must_use]
    pub fn member(&self, id: &KeyholderId) -> Option<&Keyholder> {
        self.keyholder(id).filter(|keyholder| keyholder.removed_at.is_none())
    }

    /// The record by which a former keyholder went: its own `Accept` where it was an invitation that somebody took up, else a
    /// `Remove`.
    #[must_use]
    pub fn removal_of(&self, id: &KeyholderId) -> Option<&Record> {
        self.records.get(self.keyholder(id)?.removed_at? as usize)
    }

    /// Of a device that was removed: where its feed ends. None for everyone else.
    #[must_use]
    pub fn cut_of(&self, feed: &KeyholderId) -> Option<&[Tip]> {
        let former = self.keyholder(feed).filter(|keyholder| keyholder.kind == KeyholderKind::Device)?;
        former.removed_at.map(|_| former.cut.as_slice())
    }

    /// All who are keyholders now, in the order in which they were added.
    pub fn current(&self) -> impl Iterator<Item = &Keyholder> {
        self.keyholders.iter().filter(|keyholder| keyholder.removed_at.is_none())
    }

    /// All of one person's who are keyholders now, in the order in which they were added.
    pub fn current_of(&self, person: &PersonId) -> impl Iterator<Item = &Keyholder> {
        self.current().filter(move |keyholder| keyholder.person == *person)
    }

    /// All who ever were keyholders, in the order in which they were added.
    #[must_use]
    pub fn keyholders(&self) -> &[Keyholder] {
        &self.keyholders
    }

    /// All who ever were persons here by a device.
    #[must_use]
    pub fn persons(&self) -> BTreeSet<PersonId> {
        self.keyholders.iter().filter(|k| k.kind == KeyholderKind::Device).map(|k| k.person).collect()
    }

    /// The record that brought the second person in.
    #[must_use]
    pub fn second_person_record(&self) -> Option<&Record> {
        let founder = self.keyholders[0].person;
        let second = self.keyholders.iter().find(|k| k.kind == KeyholderKind::Device && k.person != founder)?;
        self.records.get(second.added_at as usize)
    }

    /// The record that opened the epoch that is open after record `index`; none where the epoch is closed.
    #[must_use]
    pub fn epoch_at(&self, index: u32) -> Option<&Record> {
        let later = self.epochs.partition_point(|epoch| epoch.opened_at <= index);
        let epoch = self.epochs.get(later.checked_sub(1)?)?;
        let is_open = epoch.closed_at.is_none_or(|closed| index < closed) && index < self.len();
        if is_open { self.records.get(epoch.opened_at as usize) } else { None }
    }

    /// The record that opened the epoch that is open now.
    #[must_use]
    pub fn open_epoch(&self) -> Option<&Record> {
        self.epoch_at(self.len() - 1)
    }

    /// All records that opened an epoch, in order.
    pub fn openings(&self) -> impl DoubleEndedIterator<Item = &Record> {
        self.epochs.iter().filter_map(|epoch| self.records.get(epoch.opened_at as usize))
    }

    /// Whether an unknown, critical record forbids this version to append anything.
    #[must_use]
    pub fn is_too_old(&self) -> bool {
        self.too_old
    }

    /// Where the next record, or record `index`, seals.
    #[must_use]
    pub fn seal_place(&self, index: u32) -> SealPlace {
        match index.checked_sub(1).and_then(|previous| self.hash_at(previous)) {
            None => SealPlace { space: SpaceId::ZERO, previous: Hash::ZERO },
            Some(previous) => SealPlace { space: self.space, previous },
        }
    }
}

fn require(condition: bool, rule: &'static str) -> Result<(), ChainError> {
    if condition { Ok(()) } else { Err(ChainError::NotAllowed(rule)) }
}

/// An opening has exactly one seal for every keyholder, in the order of their ids: one encoding, and nobody left out.
fn check_seals(opening: &Opening, keyholders: impl Iterator<Item = KeyholderId>) -> Result<(), ChainError> {
    let expected: BTreeSet<KeyholderId> = keyholders.collect();
    require(
        opening.seals.iter().map(Seal::recipient).eq(expected),
        "an opening has exactly one seal for every keyholder",
    )
}
