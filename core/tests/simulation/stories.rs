//! What happens together? Turns of events that chance alone would hardly ever bring about.

use entwine_core::id::SpaceId;
use entwine_core::keyholder::invitation::InvitationKind;
use rand::RngExt as _;

use super::wishes::Wish;
use super::world::World;

impl World {
    /// A phone is stolen that others have not heard from lately. Whoever has it goes on from an older store, while the relay lost
    /// everything, and is the first to come back.
    pub(crate) fn steal_and_wipe(&mut self) {
        let Some((owner, stolen, shared)) = self.choose_two_of_a_person() else { return };
        self.write_and_send(stolen, shared);
        self.sync_to_the_end(owner, shared);
        self.remove_device(owner, stolen);
        self.sync_to_the_end(owner, shared);
        self.devices[stolen].is_thief = true;
        self.devices[stolen].set_back(&mut self.tools);
        self.wipe_relay();
        self.write_and_send(stolen, shared);
        self.carry_for_thief(Some(stolen));
        if self.tools.rng.random_bool(0.3) {
            self.tools.counters.hit("fault: a device is lost");
            self.devices[owner].is_lost = true; // What the cut names may be gone with it.
            self.devices[owner].crash();
        }
        for device in 0..self.devices.len() {
            let is_there = !self.devices[device].is_lost && device != owner;
            if is_there && self.devices[device].shared == shared && self.tools.rng.random_bool(0.9) {
                self.sync_to_the_end(device, shared);
            }
        }
    }

    /// The relay loses what a device brought last, and some have seen; then another of the same person removes that device.
    pub(crate) fn remove_what_others_saw(&mut self) {
        let Some((owner, removed, shared)) = self.choose_two_of_a_person() else { return };
        self.sync_to_the_end(owner, shared);
        if self.tools.rng.random_bool(0.4) {
            self.open_faultily(removed, shared);
        }
        self.write_and_send(removed, shared);
        for device in 0..self.devices.len() {
            if device != owner && !self.devices[device].is_lost && self.devices[device].shared == shared {
                self.sync_to_the_end(device, shared);
            }
        }
        self.forget_last();
        self.remove_device(owner, removed);
        self.sync_to_the_end(owner, shared);
    }

    /// Two devices remove a third, each before it hears of the other.
    pub(crate) fn remove_twice(&mut self) {
        let Some((owner, removed, shared)) = self.choose_two_of_a_person() else { return };
        let (person, id) = (self.devices[owner].person, self.devices[removed].id());
        if self.tools.rng.random_bool(0.5) {
            self.let_in(owner, InvitationKind::Device);
        }
        let other = (0..self.devices.len()).find(|device| {
            let other = &self.devices[*device];
            *device != owner
                && other.person == person
                && other.id() != id
                && other.is_left()
                && other.is_member(&shared)
        });
        self.remove_device(owner, removed);
        self.sync_to_the_end(owner, shared);
        if let Some(other) = other {
            self.forget_last();
            self.devices[other].wish(shared, Wish::Remove(id));
            self.sync_to_the_end(other, shared);
        }
    }

    /// A device goes on writing while another of the same person removes it.
    pub(crate) fn remove_while_it_writes(&mut self) {
        let Some((owner, removed, shared)) = self.choose_two_of_a_person() else { return };
        self.remove_device(owner, removed);
        let mut goes_on = self.tools.rng.random_range(2..8);
        self.sync_while(owner, shared, |world| {
            if goes_on > 0 {
                goes_on -= 1;
                world.write_and_send(removed, shared);
            }
        });
    }

    /// A device with a faulty version opens an epoch.
    fn open_faultily(&mut self, device: usize, space: SpaceId) {
        let last = self.devices[device].chain(&space).openings().last().expect("it has one").hash();
        self.devices[device].wish(space, Wish::Mend(last));
        let usual = std::mem::replace(&mut self.tools.faulty_openings, 1.0);
        self.sync_to_the_end(device, space);
        self.tools.faulty_openings = usual;
    }

    fn write_and_send(&mut self, device: usize, space: SpaceId) {
        let now = self.device_now(device);
        for _ in 0..self.tools.rng.random_range(1..4) {
            if self.devices[device].is_member(&space) {
                let document = if self.tools.rng.random_bool(0.5) { "journal/2026-12" } else { "home" };
                self.devices[device].write(space, document, now, &mut self.tools);
            }
        }
        self.sync_to_the_end(device, space);
    }

    /// Two devices of a person that are left, and the shared space that both are in.
    fn choose_two_of_a_person(&mut self) -> Option<(usize, usize, SpaceId)> {
        let one = self.choose_device()?;
        let (person, id, shared) = (self.devices[one].person, self.devices[one].id(), self.devices[one].shared);
        let is_other = |device: &usize| {
            let other = &self.devices[*device];
            other.person == person && other.id() != id && other.is_left() && other.is_member(&shared)
        };
        let others: Vec<usize> = (0..self.devices.len()).filter(is_other).collect();
        if others.is_empty() || !self.devices[one].is_left() || !self.devices[one].is_member(&shared) {
            return None;
        }
        Some((one, others[self.tools.rng.random_range(0..others.len())], shared))
    }
}
