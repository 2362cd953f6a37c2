//! What do thieves do together, and what does a faulty version write? All that a stranger without keys could do is tried elsewhere.

use entwine_core::feed::clock::SentClock;
use entwine_core::feed::{Clock, SentEntry};
use entwine_core::id::SpaceId;
use entwine_core::keyholder::{KeyholderKind, SecretKeys};
use entwine_core::membership::{Body, KeyRing, MembershipChain, Record};
use entwine_core::sealing::epoch::{EpochSecret, Seal};
use entwine_core::sync::exchange::to_sent;
use entwine_core::wire::message::Request;
use entwine_core::wire::to_bytes;
use rand::RngExt as _;

use super::Tools;
use super::device::Device;
use super::relay::Asked;
use super::wishes::Wish;
use super::world::World;

impl World {
    /// A member whose app is broken, or a thief who is not found out yet, brings the relay all that a removed device wrote, and goes
    /// on writing.
    pub(crate) fn carry_for_thief(&mut self, only: Option<usize>) {
        let mut all: Vec<(usize, usize, SpaceId)> = Vec::new();
        let is_meant = |thief: &usize| only.is_none_or(|only| only == *thief);
        for thief in (0..self.devices.len()).filter(|device| self.devices[*device].is_thief).filter(is_meant) {
            let id = self.devices[thief].id();
            for space in self.devices[thief].replicas.keys() {
                let knows = |carrier: &Device| {
                    carrier.is_member(space)
                        && carrier.chain(space).keyholder(&id).is_some_and(|k| k.removed_at.is_some())
                };
                let carriers = (0..self.devices.len()).filter(|carrier| knows(&self.devices[*carrier]));
                all.extend(carriers.map(|carrier| (thief, carrier, *space)));
            }
        }
        if all.is_empty() {
            return;
        }
        let (thief, carrier, space) = all[self.tools.rng.random_range(0..all.len())];
        let (carrier, chain) = (self.devices[carrier].id(), self.devices[carrier].chain(&space).clone());
        let feed = self.devices[thief].id();
        let entries = self.devices[thief].replicas[&space].store.entries().filter(|entry| entry.feed == feed);
        let mut entries = to_sent(&chain, entries.cloned().collect());
        if entries.is_empty() {
            return;
        }
        if self.tools.rng.random_bool(0.3) {
            self.tools.bend(&chain, &mut entries);
        }
        self.tools.say(|| format!("somebody carries what {} wrote", self.devices[thief].name));
        self.tools.counters.hit("fault: a member carries what a removed device wrote");
        let now = self.relay_now();
        let records = chain.records().iter().map(|record| record.bytes().to_vec()).collect();
        let request = Request { entries, ..Request::bringing(SentClock::of(&chain, &Clock::new(), false), Vec::new()) };
        for asked in [Asked::Create(records), Asked::Sync(to_bytes(&request))] {
            _ = self.relay.carry_out((carrier, space), &asked, now, &mut self.tools);
        }
    }

    /// Somebody sees that another cannot read, and sees to it that a new key is made.
    pub(crate) fn mend_opening(&mut self) {
        let Some((device, space)) = self.choose_replica() else { return };
        if self.devices[device].is_member(&space) && self.reads_all(device, space) {
            let opening = self.devices[device].chain(&space).openings().last().expect("it has one").hash();
            let others =
                self.devices.iter().filter(|other| other.replicas.contains_key(&space) && other.is_member(&space));
            if others.count() > 1 && (0..self.devices.len()).any(|other| self.lacks_keys(other, space)) {
                self.devices[device].wish(space, Wish::Mend(opening));
            }
        }
    }

    /// Whether a device opens all epochs of its chain.
    pub(crate) fn reads_all(&self, device: usize, space: SpaceId) -> bool {
        let device = &self.devices[device];
        let replica = &device.replicas[&space];
        let chain = replica.store.chain();
        self.tools.memory.ring(chain, &device.keys, replica.invitation.as_ref()).len() == chain.openings().count()
    }

    pub(crate) fn lacks_keys(&self, device: usize, space: SpaceId) -> bool {
        self.devices[device].is_left() && self.devices[device].is_member(&space) && !self.reads_all(device, space)
    }
}

impl Device {
    /// A store as it was before its last entries; of what its owner did to it later, nothing is known there.
    pub(crate) fn set_back(&mut self, tools: &mut Tools) {
        self.crash();
        for replica in self.replicas.values_mut() {
            let kept = tools.rng.random_range(0..3);
            replica.store = replica.store.set_back(replica.store.chain().len() as usize, kept);
            replica.step_back_to_what_is_there(&self.keys.id());
            let sealed = replica.store.entries().flat_map(|entry| tools.oracle.words_of(&entry.hash)).copied();
            let pending = replica.pending.iter().map(|pending| tools.oracle.word_of(&pending.change));
            replica.held = sealed.chain(pending).collect();
        }
    }
}

impl Tools {
    /// Breaks an entry, in one of the ways that are seen.
    fn bend(&mut self, chain: &MembershipChain, entries: &mut [SentEntry]) {
        let index = self.rng.random_range(0..entries.len());
        let entry = &mut entries[index];
        match self.rng.random_range(0..3) {
            0 => entry.signature[0] ^= 1,
            1 => entry.position = self.rng.random_range(0..chain.len()),
            _ => entry.seq = 0,
        }
    }
}

/// The next epoch, as a faulty version opens it: to one of the other devices it seals something else.
pub(crate) fn rotate_faultily(
    chain: &MembershipChain,
    keys: &SecretKeys,
    ring: &KeyRing,
    tools: &mut Tools,
) -> Option<Record> {
    let others: Vec<_> = chain.current().filter(|k| k.kind == KeyholderKind::Device && k.id != keys.id()).collect();
    if others.is_empty() {
        return None;
    }
    let victim = others[tools.rng.random_range(0..others.len())];
    let sound = chain.rotate(&mut tools.rng, keys, ring).expect("a member rotates");
    let Body::Rotate(opening) = sound.body() else { return None };
    let mut opening = opening.clone();
    let place = chain.seal_place(chain.len());
    let other = Seal::make(&mut tools.rng, &EpochSecret::from_bytes([0; 32]), &place, &victim.keys);
    let seal = opening.seals.iter_mut().find(|seal| seal.recipient() == victim.id)?;
    *seal = other;
    tools.counters.hit("fault: an epoch is opened with a seal that one device cannot open");
    Some(Record::sign(keys, chain.len(), chain.head(), Body::Rotate(opening)))
}
