//! How does somebody found anew? A new shared space and a private one, with a copy of all that the last ones held; those stay.

use std::collections::BTreeSet;

use entwine_core::id::SpaceId;
use entwine_core::membership::{MembershipChain, SpaceKind};
use entwine_core::sealing::entry::EntryContent;
use rand::RngExt as _;

use super::Tools;
use super::device::{Device, Pending, Replica};
use super::joining::found;
use super::world::World;

/// Spaces of all kinds, those that were left behind included.
const SPACES_MAX: usize = 8;

impl World {
    /// Who was told that the relay follows others founds anew; somebody else hardly ever.
    pub(crate) fn found_anew(&mut self) {
        let apart =
            (0..self.devices.len()).find(|device| self.devices[*device].is_apart && self.devices[*device].is_left());
        let Some(index) = apart.or_else(|| self.choose_device()) else { return };
        let is_wanted = apart.is_some() || self.tools.rng.random_bool(0.1);
        if !is_wanted || !self.devices[index].is_left() || self.spaces.len() >= SPACES_MAX {
            return;
        }
        self.tools.say(|| format!("{} founds anew", self.devices[index].name));
        self.tools.counters.hit(match self.devices[index].is_apart {
            true => "membership: who was told that chains differ founds anew",
            false => "membership: somebody founds anew",
        });
        let old = self.spaces_of(index);
        let device = &mut self.devices[index];
        let shared = found(&device.keys, device.person, SpaceKind::Shared, &mut self.tools);
        let private = found(&device.keys, device.person, SpaceKind::Private { of: shared.space() }, &mut self.tools);
        self.spaces.extend([shared.space(), private.space()]);
        device.shared = shared.space();
        device.is_apart = false;
        for (chain, old) in [shared, private].into_iter().zip(old.into_iter().map(Some).chain([None])) {
            let replica = device.copy_into(chain, old, &mut self.tools);
            device.replicas.insert(replica.store.chain().space(), replica);
        }
    }
}

impl Device {
    /// The same changes: copies of several devices merge without doubles.
    fn copy_into(&self, chain: MembershipChain, old: Option<SpaceId>, tools: &mut Tools) -> Replica {
        let mut replica = Replica::new(chain, None);
        let Some(old) = old.map(|old| &self.replicas[&old]) else { return replica };
        let chain = old.store.chain();
        let ring = tools.memory.ring(chain, &self.keys, old.invitation.as_ref());
        let opened = old.store.entries().filter(|entry| !old.store.waiting.contains(&(entry.feed, entry.tip())));
        let opened = opened.filter_map(|entry| EntryContent::open(entry, chain, &ring).ok()).flat_map(|content| {
            let (document, written) = (content.document, content.written.1);
            content.changes.into_iter().map(move |change| Pending::new(&document, change, written))
        });
        let pending = old.pending.iter().filter(|pending| !pending.is_set_aside()).cloned();
        let mut copied: BTreeSet<Vec<u8>> = BTreeSet::new();
        for pending in opened.chain(pending).filter(|pending| copied.insert(pending.change.clone())) {
            replica.held.insert(tools.oracle.copied(replica.store.chain().space(), &pending.document, &pending.change));
            replica.pending.push(Pending { refusals: 0, ..pending });
        }
        replica
    }
}
