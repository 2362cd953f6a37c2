//! Does it come together again? No more faults; everybody who is left exchanges until nothing moves, and then all is compared.

use std::collections::{BTreeMap, BTreeSet};

use entwine_core::feed::Tip;
use entwine_core::feed::clock::digest;
use entwine_core::id::{KeyholderId, SpaceId};
use entwine_core::membership::{Standing, which_stands};
use entwine_core::sync::RelayRefusal;
use entwine_core::sync::device::Stopped;
use entwine_core::sync::relay::HOLD_UP_SECONDS;

use super::device::Pending;
use super::oracle::{End, Word};
use super::view::View;
use super::wishes::Wish;
use super::world::World;

const CHAINS_DIFFER: &str = "end: chains differ, and the couple founds anew";

const KEY_LOST: &str = "end: nobody who is left holds a key that was sealed faultily to the others";

/// Rounds in which everybody who is left exchanges every space; a removal that is turned back takes two of them.
const ROUNDS_MAX: u32 = 10;

impl World {
    /// Ends all faults, exchanges until everybody holds the same, and checks it.
    ///
    /// # Panics
    /// Where they do not come to hold the same, or not what they should.
    pub(crate) fn heal(&mut self) {
        self.network.clear();
        self.relay.crash();
        (self.relay.quota, self.relay.entry_bytes_max) = (None, None);
        self.tools.end_faults();
        for device in &mut self.devices {
            device.crash();
            device.is_cut_off = false;
        }
        self.finish_joinings();
        // Thieves try once more.
        for device in 0..self.devices.len() {
            if self.devices[device].is_thief && !self.devices[device].is_lost {
                let spaces: Vec<SpaceId> = self.devices[device].replicas.keys().copied().collect();
                spaces.into_iter().for_each(|space| _ = self.sync_to_the_end(device, space));
            }
        }
        for space in self.spaces.clone() {
            let row = match self.converge(space).and_then(|()| self.mend(space)) {
                Ok(()) => self.check(space),
                Err(row) => row,
            };
            self.tools.say(|| row.to_owned());
            self.tools.counters.hit(row);
        }
    }

    fn finish_joinings(&mut self) {
        for _ in 0..60 {
            self.step_joining();
        }
        self.joinings.clear();
    }

    /// Who is left in a space, as far as each knows.
    fn left(&self, space: SpaceId) -> Vec<usize> {
        let is_left = |device: &usize| {
            let device = &self.devices[*device];
            device.is_left() && device.is_member(&space)
        };
        (0..self.devices.len()).filter(is_left).collect()
    }

    /// Whether a device and the relay follow two branches of one chain, and neither gives way.
    fn is_on_branch(&self, device: usize, space: SpaceId) -> bool {
        let (mine, theirs) = (self.devices[device].chain(&space), self.relay.spaces[&space].store.chain());
        which_stands(mine, theirs) == Standing::Neither
    }

    /// Exchanges until nothing moves any more; or the row of what cannot be healed.
    fn converge(&mut self, space: SpaceId) -> Result<(), &'static str> {
        let (mut before, mut unwell) = (None, Vec::new());
        for _ in 0..ROUNDS_MAX {
            self.now = self.now.plus_seconds(HOLD_UP_SECONDS + 1);
            unwell.clear();
            for device in self.left(space) {
                let outcome = self.sync_to_the_end(device, space);
                match outcome.map(|outcome| outcome.reason) {
                    Some(Some(Stopped::ChainsDiffer)) => return Err(CHAINS_DIFFER),
                    Some(None) => {}
                    None if self.is_on_branch(device, space) => return Err(CHAINS_DIFFER),
                    stopped => unwell.push((device, stopped, self.devices[device].refusal.take())),
                }
            }
            let now: Vec<_> = self.left(space).iter().map(|device| self.digest(*device, space)).collect();
            if unwell.is_empty() && before.as_ref() == Some(&now) {
                return Ok(());
            }
            before = Some(now);
        }
        let is_late = |refusal: &Option<RelayRefusal>| matches!(refusal, Some(RelayRefusal::InvitationExpired(_)));
        match unwell.iter().all(|(_, _, refusal)| is_late(refusal)) {
            true => {
                Err("end: nobody who may bring it knows of a joining that the relay forgot, and the couple founds anew")
            }
            false => panic!("it does not come to rest: {unwell:?}"),
        }
    }

    /// Where a faulty version opened an epoch, somebody who reads all opens the next.
    fn mend(&mut self, space: SpaceId) -> Result<(), &'static str> {
        for device in self.left(space) {
            if !self.left(space).iter().any(|device| self.lacks_keys(*device, space)) {
                break;
            }
            let last = self.devices[device].chain(&space).openings().last().expect("it has one").hash();
            self.devices[device].wish(space, Wish::Mend(last));
            self.converge(space)?;
        }
        match self.left(space).iter().any(|device| self.lacks_keys(*device, space)) {
            true => Err(KEY_LOST),
            false => Ok(()),
        }
    }

    fn digest(&self, device: usize, space: SpaceId) -> entwine_core::id::Hash {
        let store = &self.devices[device].replicas[&space].store;
        digest(store.chain(), &store.clock())
    }

    fn check(&mut self, space: SpaceId) -> &'static str {
        let left = self.left(space);
        let Some(first) = left.first() else { return "end: a space without members" };
        let chain = self.devices[*first].chain(&space).clone();
        let digest_of_first = self.digest(*first, space);
        let kept = &self.relay.spaces[&space];
        assert_eq!(digest(kept.store.chain(), &kept.store.clock()), digest_of_first, "the relay holds the same");
        let on_relay = kept.taken.clone();
        let mut held = BTreeSet::new();
        let mut devices = Vec::new();
        let mut is_cut_open = false;
        for device in left {
            assert_eq!(self.digest(device, space), digest_of_first, "all devices hold the same");
            let device = &self.devices[device];
            let replica = &device.replicas[&space];
            assert!(replica.pending.iter().all(Pending::is_set_aside), "{}: nothing is pending", device.name);
            // What was bound to a lost record is handed on at once or never: its key stood in another that is lost.
            let displaced = || replica.store.displaced.iter();
            let is_lost = displaced().all(|entry| !self.tools.oracle.is_bound_to(&chain, &entry.hash));
            assert!(is_lost, "{}: nothing waits to be handed on", device.name);
            let never: BTreeSet<Word> =
                displaced().flat_map(|entry| self.tools.oracle.words_of(&entry.hash)).copied().collect();
            let waits = |feed: &KeyholderId| {
                let is_here = |tip: &Tip| replica.store.entry(feed, tip).is_some();
                chain.cut_of(feed).is_some_and(|cut| !cut.iter().all(is_here))
            };
            let waiting = &replica.store.waiting;
            assert!(waiting.iter().all(|(feed, _)| waits(feed)), "{}: what waits, waits for a cut", device.name);
            is_cut_open |= !waiting.is_empty();
            let set_aside: BTreeSet<Word> =
                replica.pending.iter().map(|pending| self.tools.oracle.word_of(&pending.change)).collect();
            held.extend(replica.held.iter().filter(|word| !set_aside.contains(word) && !never.contains(word)));
            let mut view = View::default();
            assert!(view.refresh(replica, &device.keys, &mut self.tools), "{}: everything opens", device.name);
            let saved: BTreeMap<String, Vec<u8>> = view.save();
            devices.push((device.name.clone(), saved));
        }
        if is_cut_open {
            return "end: a cut names what nobody who is left holds, and some who came later wait for it";
        }
        self.tools.oracle.check(&End { space, chain: &chain, held, on_relay, devices });
        "end: all agree"
    }
}
