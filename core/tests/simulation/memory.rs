//! What was computed before? Chains of the same bytes, and what keys open of one: once in a world. Only what the world itself
//! asks for is remembered; the machines verify all that they are given.

use std::cell::RefCell;
use std::collections::BTreeMap;

use entwine_core::id::{Hash, KeyholderId};
use entwine_core::keyholder::SecretKeys;
use entwine_core::membership::{ChainError, KeyRing, MembershipChain};

#[derive(Default)]
pub(crate) struct Memory {
    chains: RefCell<BTreeMap<Hash, MembershipChain>>,
    rings: RefCell<BTreeMap<(KeyholderId, Hash), KeyRing>>,
}

impl Memory {
    pub(crate) fn chain(&self, records: &[Vec<u8>]) -> Result<MembershipChain, ChainError> {
        let parts: Vec<&[u8]> = records.iter().map(Vec::as_slice).collect();
        let name = Hash::of("records", &parts);
        if let Some(chain) = self.chains.borrow().get(&name) {
            return Ok(chain.clone());
        }
        let chain = MembershipChain::parse(parts)?;
        self.chains.borrow_mut().insert(name, chain.clone());
        Ok(chain)
    }

    /// Everything that these keys open, or the keys of the invitation by which the device is joining.
    pub(crate) fn ring(&self, chain: &MembershipChain, keys: &SecretKeys, invitation: Option<&SecretKeys>) -> KeyRing {
        let own = self.own_ring(chain, keys);
        let by_invitation = invitation.map(|keys| self.own_ring(chain, keys)).unwrap_or_default();
        if own.len() < by_invitation.len() { by_invitation } else { own }
    }

    fn own_ring(&self, chain: &MembershipChain, keys: &SecretKeys) -> KeyRing {
        let place = (keys.id(), chain.head());
        if let Some(ring) = self.rings.borrow().get(&place) {
            return ring.clone();
        }
        let ring = KeyRing::derive(chain, keys);
        self.rings.borrow_mut().insert(place, ring.clone());
        ring
    }
}
