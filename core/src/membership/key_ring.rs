//! Which epochs can I open? All secrets that follow from a chain and one keyholder's keys.

use std::collections::BTreeMap;

use super::chain::MembershipChain;
use super::record::{Body, Record};
use crate::id::Hash;
use crate::keyholder::SecretKeys;
use crate::sealing::epoch::{EpochSecret, secret_matches};

/// Epoch secrets, each by the hash of the record that opened its epoch. Only ever grows with the chain; it is derived, never
/// stored, so it cannot disagree with the chain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyRing {
    secrets: BTreeMap<Hash, EpochSecret>,
}

impl KeyRing {
    /// Everything that these keys open: the newest seal first, whose history box holds all before it, then whatever is still
    /// missing. What is faulty is passed over.
    #[must_use]
    pub fn derive(chain: &MembershipChain, keys: &SecretKeys) -> Self {
        let mut ring = Self::default();
        let all = chain.openings().count();
        for opened_by in chain.openings().rev() {
            if !ring.secrets.contains_key(&opened_by.hash()) {
                ring.open_seals(chain, keys, opened_by);
            }
            ring.open_history(chain, opened_by);
            if ring.len() == all {
                break; // Normally after the first box: it holds everything before it.
            }
        }
        ring
    }

    /// The secret of the epoch that this record opened.
    #[must_use]
    pub fn get(&self, opened_by: &Hash) -> Option<&EpochSecret> {
        self.secrets.get(opened_by)
    }

    /// Number of secrets.
    #[must_use]
    pub fn len(&self) -> usize {
        self.secrets.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.secrets.is_empty()
    }

    /// The seal in the opening itself, or in the `Add` that came under this epoch.
    fn open_seals(&mut self, chain: &MembershipChain, keys: &SecretKeys, opened_by: &Record) {
        let Some(opening) = opened_by.opening() else { return };
        let in_opening = opening.seal_of(&keys.id()).map(|seal| (seal, opened_by.index()));
        let in_add = chain.keyholder(&keys.id()).and_then(|me| {
            let record = chain.records().get(me.added_at as usize)?;
            match record.body() {
                Body::Add(add) if last_opening_before(chain, record.index()) == Some(opened_by.hash()) => {
                    Some((&add.seal, record.index()))
                }
                _ => None,
            }
        });
        let secret = in_opening
            .into_iter()
            .chain(in_add)
            .find_map(|(seal, index)| seal.open(keys, &chain.seal_place(index), &opening.tag).ok());
        if let Some(secret) = secret {
            self.secrets.insert(opened_by.hash(), secret);
        }
    }

    fn open_history(&mut self, chain: &MembershipChain, opened_by: &Record) {
        let (Some(opening), Some(secret)) = (opened_by.opening(), self.secrets.get(&opened_by.hash())) else { return };
        let place = chain.seal_place(opened_by.index());
        for (hash, secret) in opening.open_history(secret, &place).unwrap_or_default() {
            let opening = chain.openings().find(|record| record.hash() == hash).and_then(Record::opening);
            if opening.is_some_and(|opening| secret_matches(&secret, &opening.tag)) {
                self.secrets.entry(hash).or_insert(secret);
            }
        }
    }
}

fn last_opening_before(chain: &MembershipChain, index: u32) -> Option<Hash> {
    chain.openings().take_while(|record| record.index() < index).last().map(Record::hash)
}
