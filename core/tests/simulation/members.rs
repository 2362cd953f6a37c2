//! Who comes and who goes? What the couple does with its memberships.

use entwine_core::id::SpaceId;
use entwine_core::keyholder::SecretKeys;
use entwine_core::keyholder::invitation::InvitationKind;
use entwine_core::limits::{INVITATION_DEVICE_SECONDS, INVITATION_PARTNER_SECONDS};
use entwine_core::membership::SpaceKind;
use entwine_core::time::Timestamp;
use rand::RngExt as _;

use super::joining::{Entrance, Joined, Joining, is_open};
use super::wishes::Wish;
use super::world::{DEVICES_MAX, World};

impl World {
    pub(crate) fn invite_somebody(&mut self) {
        let Some(device) = self.choose_device() else { return };
        let has_partner = self.devices[device].chain(&self.devices[device].shared).persons().len() > 1;
        let kind = if has_partner { InvitationKind::Device } else { InvitationKind::Partner };
        // Mostly both devices are at hand.
        match self.tools.rng.random_bool(0.6) {
            true => self.let_in(device, kind),
            false => self.invite(device, kind),
        }
    }

    /// An invitation that is taken up at once, as far as the relay answers.
    pub(crate) fn let_in(&mut self, device: usize, kind: InvitationKind) {
        self.invite(device, kind);
        self.spaces_of(device).into_iter().for_each(|space| _ = self.sync_to_the_end(device, space));
        let entrance = self.entrances.last().expect("it was just made").clone();
        if is_open(&entrance, &self.devices[device]) && self.has_room() {
            self.take_up(entrance);
            (0..self.tools.rng.random_range(0..8)).for_each(|_| self.step_joining());
        }
    }

    fn has_room(&self) -> bool {
        self.devices.iter().filter(|device| !device.is_lost).count() + self.joinings.len() < DEVICES_MAX
    }

    fn invite(&mut self, device: usize, kind: InvitationKind) {
        let keys = SecretKeys::make_random(&mut self.tools.rng);
        let (seconds, spaces) = match kind {
            InvitationKind::Partner => (INVITATION_PARTNER_SECONDS, vec![self.devices[device].shared]),
            InvitationKind::Device => (INVITATION_DEVICE_SECONDS, self.spaces_of(device)),
        };
        let expires = Timestamp::from_seconds(self.device_now(device).plus_seconds(seconds).as_seconds());
        for space in &spaces {
            self.devices[device].wish(*space, Wish::Invite(Box::new(keys.clone()), kind, expires));
        }
        let person = self.devices[device].person;
        self.entrances.push(Entrance { keys, invitation: Some(kind), person, maker: device, spaces });
    }

    /// The spaces that its owner uses: the shared one first, then the private one.
    pub(crate) fn spaces_of(&self, device: usize) -> Vec<SpaceId> {
        let device = &self.devices[device];
        let is_beside = |space: &&SpaceId| {
            let held = device.replicas.get(space).map(|replica| replica.store.chain().kind());
            held == Some(SpaceKind::Private { of: device.shared })
        };
        std::iter::once(&device.shared).chain(self.spaces.iter().filter(is_beside)).copied().collect()
    }

    pub(crate) fn make_phrase(&mut self) {
        let Some(device) = self.choose_device() else { return };
        let person = self.devices[device].person;
        if self.entrances.iter().filter(|entrance| entrance.invitation.is_none() && entrance.person == person).count()
            < 2
        {
            let (keys, spaces) = (SecretKeys::make_random(&mut self.tools.rng), self.spaces_of(device));
            for space in &spaces {
                self.devices[device].wish(*space, Wish::Phrase(Box::new(keys.clone())));
            }
            self.entrances.push(Entrance { keys, invitation: None, person, maker: device, spaces });
        }
    }

    pub(crate) fn take_up_something(&mut self) {
        let open: Vec<usize> = (0..self.entrances.len())
            .filter(|index| is_open(&self.entrances[*index], &self.devices[self.entrances[*index].maker]))
            .collect();
        if !open.is_empty() && self.has_room() {
            let index = open[self.tools.rng.random_range(0..open.len())];
            let entrance = self.entrances[index].clone();
            self.take_up(entrance);
        }
    }

    fn take_up(&mut self, entrance: Entrance) {
        self.joiners += 1;
        let name = format!("device {}", self.joiners);
        self.joinings.push(Joining::new(entrance, name, &mut self.tools));
    }

    pub(crate) fn step_joining(&mut self) {
        if self.joinings.is_empty() {
            return;
        }
        let index = self.tools.rng.random_range(0..self.joinings.len());
        let now = self.relay_now();
        match self.joinings[index].step(&mut self.relay, now, &mut self.tools) {
            Joined::NotYet => return,
            Joined::Never => {}
            Joined::In(device) => {
                self.tools.say(|| format!("{} is in", device.name));
                if self.tools.rng.random_bool(0.06) {
                    let maker = self.joinings[index].maker();
                    self.forget_joining(maker);
                }
                let new: Vec<SpaceId> =
                    device.replicas.keys().filter(|space| !self.spaces.contains(space)).copied().collect();
                self.spaces.extend(new);
                self.devices.push(*device);
            }
        }
        self.joinings.remove(index);
    }

    /// The relay forgets a joining, and before anybody comes by, the invitation's hour is over; the only other who might have known
    /// of it may be gone.
    fn forget_joining(&mut self, maker: usize) {
        self.forget_last();
        self.now = self.now.plus_seconds(50 * 3_600);
        let person = self.devices[maker].person;
        let is_only = self.devices.iter().filter(|device| device.person == person && device.is_left()).count() == 1;
        if is_only && self.tools.rng.random_bool(0.5) {
            self.tools.counters.hit("fault: a device is lost");
            self.devices[maker].is_lost = true;
            self.devices[maker].crash();
        }
    }

    pub(crate) fn revoke(&mut self) {
        let Some((device, space)) = self.choose_replica() else { return };
        let person = self.devices[device].person;
        let own = self.devices[device].chain(&space).current_of(&person);
        let open = own.filter(|keyholder| keyholder.kind.is_invitation()).map(|keyholder| keyholder.id).next();
        if let Some(id) = open {
            self.tools.counters.hit("membership: an invitation is revoked");
            for space in self.spaces_of(device) {
                self.devices[device].wish(space, Wish::Remove(id));
            }
        }
    }

    pub(crate) fn remove(&mut self) {
        let Some(device) = self.choose_device() else { return };
        let (person, id) = (self.devices[device].person, self.devices[device].id());
        let others: Vec<usize> = (0..self.devices.len())
            .filter(|other| self.devices[*other].person == person && self.devices[*other].id() != id)
            .collect();
        if !others.is_empty() && self.devices[device].is_member(&self.devices[device].shared) {
            let removed = others[self.tools.rng.random_range(0..others.len())];
            self.remove_device(device, removed);
        }
    }

    pub(crate) fn remove_device(&mut self, remover: usize, removed: usize) {
        let id = self.devices[removed].id();
        self.tools.say(|| format!("{} removes {}", self.devices[remover].name, self.devices[removed].name));
        self.tools.counters.hit("membership: a device is removed");
        for space in self.spaces_of(remover) {
            self.devices[remover].wish(space, Wish::Remove(id));
            self.begin_exchange(remover, space);
        }
        let is_at_large = !self.devices[removed].is_lost && !self.devices[removed].is_thief;
        if is_at_large && self.tools.rng.random_bool(0.4) {
            self.tools.counters.hit("fault: a removed device goes on as a thief");
            self.devices[removed].is_thief = true;
            if self.tools.rng.random_bool(0.5) {
                self.devices[removed].set_back(&mut self.tools);
            }
        }
    }

    pub(crate) fn leave(&mut self) {
        let Some(device) = self.choose_device() else { return };
        let shared = self.devices[device].shared;
        if self.tools.rng.random_bool(0.7) {
            return;
        }
        if self.devices[device].is_member(&shared) && self.devices[device].chain(&shared).persons().len() > 1 {
            self.tools.say(|| format!("the person of {} leaves", self.devices[device].name));
            self.tools.counters.hit("membership: a person leaves");
            self.devices[device].wish(shared, Wish::Leave);
        }
    }
}
