//! Which records does a keyholder write? Each is signed against the present head, and not yet appended.

use std::collections::BTreeSet;

use rand_core::CryptoRng;

use super::chain::{ChainError, Keyholder, MembershipChain};
use super::key_ring::KeyRing;
use super::record::{Accept, Add, Body, Create, Cut, Record, Remove, SpaceKind};
use crate::feed::Clock;
use crate::id::{Hash, KeyholderId, PersonId, SpaceId};
use crate::keyholder::invitation::InvitationKind;
use crate::keyholder::{KeyholderKind, PublicKeys, SecretKeys};
use crate::sealing::epoch::{EpochSecret, Opening, Seal, SealPlace};
use crate::time::Timestamp;

impl MembershipChain {
    /// Founds a space.
    #[must_use]
    pub fn create(rng: &mut impl CryptoRng, keys: &SecretKeys, person: PersonId, kind: SpaceKind) -> Record {
        let secret = EpochSecret::make_random(rng);
        let place = SealPlace { space: SpaceId::ZERO, previous: Hash::ZERO };
        let opening = Opening::make(rng, &secret, &place, &[*keys.public()], &[]);
        let create = Create { kind, person, device: *keys.public(), opening };
        Record::sign(keys, 0, Hash::ZERO, Body::Create(Box::new(create)))
    }

    /// Adds an invitation, open until `expires`: for the partner, or for the author's own next device.
    ///
    /// # Errors
    /// The author is no member, holds no key of the last epoch, or an unknown critical record stands in the way.
    pub fn invite(
        &self,
        rng: &mut impl CryptoRng,
        author: &SecretKeys,
        ring: &KeyRing,
        invitation: &SecretKeys,
        (kind, expires): (InvitationKind, Timestamp),
    ) -> Result<Record, ChainError> {
        self.add(rng, author, ring, invitation, kind.keyholder_kind(), Some(expires))
    }

    /// Adds a recovery phrase of the author's person.
    ///
    /// # Errors
    /// As in [`Self::invite`].
    pub fn add_phrase(
        &self,
        rng: &mut impl CryptoRng,
        author: &SecretKeys,
        ring: &KeyRing,
        phrase: &SecretKeys,
    ) -> Result<Record, ChainError> {
        self.add(rng, author, ring, phrase, KeyholderKind::RecoveryPhrase, None)
    }

    /// Adds a device of the author's person: how a recovery phrase comes back.
    ///
    /// # Errors
    /// As in [`Self::invite`].
    pub fn add_device(
        &self,
        rng: &mut impl CryptoRng,
        author: &SecretKeys,
        ring: &KeyRing,
        device: &SecretKeys,
    ) -> Result<Record, ChainError> {
        self.add(rng, author, ring, device, KeyholderKind::Device, None)
    }

    fn add(
        &self,
        rng: &mut impl CryptoRng,
        author: &SecretKeys,
        ring: &KeyRing,
        added: &SecretKeys,
        kind: KeyholderKind,
        expires: Option<Timestamp>,
    ) -> Result<Record, ChainError> {
        let person = self.writer(author)?.person;
        let last = self.openings().next_back().expect("the first record opens an epoch");
        let secret = ring.get(&last.hash()).ok_or(ChainError::NotAllowed("the key of the last epoch is missing"))?;
        let add = Add {
            person,
            kind,
            keys: *added.public(),
            expires: expires.map(|expires| Timestamp::from_seconds(expires.as_seconds())),
            offer: added.sign_offer(&self.space(), &person, kind),
            seal: Seal::make(rng, secret, &self.seal_place(self.len()), added.public()),
        };
        Ok(self.next(author, Body::Add(Box::new(add))))
    }

    /// Takes an invitation up for a new device of `person`.
    #[must_use]
    pub fn accept(&self, invitation: &SecretKeys, device: &SecretKeys, person: PersonId) -> Record {
        let offer = device.sign_offer(&self.space(), &person, KeyholderKind::Device);
        self.next(invitation, Body::Accept(Accept { person, device: *device.public(), offer }))
    }

    /// Removes keyholders of the author's person, and with a device every invitation that it made. `clock` says where the feeds
    /// of the devices end: at everything that the author's store holds of them.
    ///
    /// # Errors
    /// The author is no member, or an unknown critical record stands in the way.
    pub fn remove(
        &self,
        author: &SecretKeys,
        keyholders: impl IntoIterator<Item = KeyholderId>,
        clock: &Clock,
    ) -> Result<Record, ChainError> {
        self.writer(author)?;
        let mut removed: BTreeSet<KeyholderId> = keyholders.into_iter().collect();
        let made_by_removed = |keyholder: &&Keyholder| {
            keyholder.kind.is_invitation()
                && self
                    .records()
                    .get(keyholder.added_at as usize)
                    .is_some_and(|record| removed.contains(&record.author()))
        };
        let invitations: Vec<KeyholderId> = self.current().filter(made_by_removed).map(|k| k.id).collect();
        removed.extend(invitations);
        let cut = |keyholder: KeyholderId| Cut {
            keyholder,
            tips: clock.get(&keyholder).into_iter().flatten().map(|tip| (tip.seq, tip.hash)).collect(),
        };
        Ok(self.next(author, Body::Remove(Remove { cuts: removed.into_iter().map(cut).collect() })))
    }

    /// Opens the next epoch: a new secret for every keyholder, and all earlier ones that `ring` holds.
    ///
    /// # Errors
    /// The author is no member, or an unknown critical record stands in the way.
    pub fn rotate(&self, rng: &mut impl CryptoRng, author: &SecretKeys, ring: &KeyRing) -> Result<Record, ChainError> {
        self.writer(author)?;
        let secret = EpochSecret::make_random(rng);
        let recipients: Vec<PublicKeys> = self.current().map(|keyholder| keyholder.keys).collect();
        let earlier: Vec<_> = self
            .openings()
            .filter_map(|record| ring.get(&record.hash()).map(|secret| (record.hash(), secret.clone())))
            .collect();
        let opening = Opening::make(rng, &secret, &self.seal_place(self.len()), &recipients, &earlier);
        Ok(self.next(author, Body::Rotate(opening)))
    }

    fn writer(&self, author: &SecretKeys) -> Result<&Keyholder, ChainError> {
        if self.is_too_old() {
            return Err(ChainError::TooOld);
        }
        self.member(&author.id()).ok_or(ChainError::NotSigned)
    }

    fn next(&self, author: &SecretKeys, body: Body) -> Record {
        Record::sign(author, self.len(), self.head(), body)
    }
}
