//! What breaks? The network, the devices, their clocks and the relay.

use rand::RngExt as _;

use super::world::{DEVICES_MAX, Message, World};

/// What a relay that takes smaller entries takes: mostly an entry of one word, and not one of several.
const ENTRY_BYTES_FEW: std::ops::Range<usize> = 200..600;

impl World {
    pub(crate) fn lose_message(&mut self) {
        if !self.network.is_empty() {
            let index = self.tools.rng.random_range(0..self.network.len());
            let (row, device, number) = match self.network.remove(index) {
                Message::Request { device, number, .. } => ("fault: a request is lost", device, number),
                Message::Answer { device, number, .. } => ("fault: an answer is lost", device, number),
            };
            self.tools.counters.hit(row);
            self.offline(device, number);
        }
    }

    pub(crate) fn repeat_request(&mut self) {
        let requests = self.network.iter().filter_map(|message| match message {
            Message::Request { number, device, space, asked } => Some((*number, *device, *space, asked.clone())),
            Message::Answer { .. } => None,
        });
        let requests: Vec<_> = requests.collect();
        if !requests.is_empty() {
            let (number, device, space, asked) = requests[self.tools.rng.random_range(0..requests.len())].clone();
            self.tools.counters.hit("fault: a request arrives twice");
            self.network.push(Message::Request { number, device, space, asked });
        }
    }

    /// A deadline is over: the exchange ends, and its request may still arrive.
    pub(crate) fn give_up(&mut self) {
        let Some(device) = self.choose_device() else { return };
        let exchanges = &mut self.devices[device].exchanges;
        if !exchanges.is_empty() {
            let index = self.tools.rng.random_range(0..exchanges.len());
            exchanges.remove(index);
        }
    }

    pub(crate) fn cut_off(&mut self) {
        let Some(device) = self.choose_device() else { return };
        self.devices[device].is_cut_off ^= true;
        if self.devices[device].is_cut_off {
            self.tools.counters.hit("fault: a device is cut off");
        }
    }

    pub(crate) fn crash_device(&mut self) {
        let Some(device) = self.choose_device() else { return };
        let exchanges = &self.devices[device].exchanges;
        if exchanges.iter().any(|exchange| exchange.awaits.is_none()) {
            self.tools.counters.hit("fault: a device crashes between two steps");
        }
        if exchanges.iter().any(|exchange| exchange.has_sealed) {
            self.tools.counters.hit("fault: a device crashes after entries were sealed and before they were sent");
        }
        self.devices[device].crash();
    }

    pub(crate) fn crash_relay(&mut self) {
        if !self.relay.jobs.is_empty() {
            self.tools.counters.hit("fault: the relay crashes within a request");
        }
        self.stop_relay();
    }

    /// Whoever waits for it hears that nothing comes.
    fn stop_relay(&mut self) {
        let numbers: Vec<u64> = self.relay.jobs.iter().map(|job| job.number).collect();
        self.relay.crash();
        for device in 0..self.devices.len() {
            numbers.iter().for_each(|number| self.offline(device, *number));
        }
    }

    pub(crate) fn back_up_device(&mut self) {
        let Some(device) = self.choose_device() else { return };
        let device = &mut self.devices[device];
        device.backup = Some((device.shared, device.replicas.clone()));
    }

    pub(crate) fn restore_device(&mut self) {
        let Some(device) = self.choose_device() else { return };
        let Some(backup) = self.devices[device].backup.clone() else { return };
        self.tools.say(|| format!("{} is restored", self.devices[device].name));
        self.tools.counters.hit("fault: a device is restored from a backup");
        self.devices[device].crash();
        (self.devices[device].shared, self.devices[device].replicas) = backup;
    }

    pub(crate) fn copy_device(&mut self) {
        let Some(device) = self.choose_device() else { return };
        if self.devices.iter().filter(|device| !device.is_lost).count() < DEVICES_MAX {
            self.tools.say(|| format!("{} is copied", self.devices[device].name));
            self.tools.counters.hit("fault: a device is copied");
            let name = format!("a copy of {}", self.devices[device].name);
            let copy = self.devices[device].copy(name);
            self.devices.push(copy);
        }
    }

    /// A device is lost or stolen, unless it was its person's last way in.
    pub(crate) fn lose_device(&mut self) {
        let Some(device) = self.choose_device() else { return };
        let person = self.devices[device].person;
        let others: Vec<usize> = (0..self.devices.len())
            .filter(|other| *other != device && self.devices[*other].person == person && self.devices[*other].is_left())
            .collect();
        let has_phrase =
            self.entrances.iter().any(|entrance| entrance.invitation.is_none() && entrance.person == person);
        if others.is_empty() && !has_phrase {
            return;
        }
        if self.devices[device].is_thief {
            return;
        }
        if self.tools.rng.random_bool(0.5) {
            self.tools.say(|| format!("{} is stolen", self.devices[device].name));
            self.tools.counters.hit("fault: a device is stolen");
            self.devices[device].is_thief = true;
        } else {
            self.tools.say(|| format!("{} is lost", self.devices[device].name));
            self.tools.counters.hit("fault: a device is lost");
            self.devices[device].is_lost = true;
            self.devices[device].crash();
        }
        let id = self.devices[device].id();
        let others: Vec<usize> = others.into_iter().filter(|other| self.devices[*other].id() != id).collect();
        if !others.is_empty() && self.tools.rng.random_bool(0.7) {
            let remover = others[self.tools.rng.random_range(0..others.len())];
            self.remove_device(remover, device);
        }
    }

    pub(crate) fn device_clock_jumps(&mut self) {
        let Some(device) = self.choose_device() else { return };
        self.tools.counters.hit("fault: a device's clock jumps");
        self.devices[device].clock_offset = self.tools.jump();
    }

    pub(crate) fn relay_clock_jumps(&mut self) {
        self.tools.counters.hit("fault: the relay's clock jumps");
        self.relay.clock_offset = self.tools.jump();
    }

    pub(crate) fn set_relay_back(&mut self) {
        let Some(backup) = self.relay.backup.clone() else { return };
        self.tools.say(|| "the relay is set back".to_owned());
        self.tools.counters.hit("fault: the relay is set back");
        self.stop_relay();
        self.relay.forget_all();
        self.relay.spaces = backup;
    }

    /// A disk that says that all is written before it is.
    pub(crate) fn forget_last(&mut self) {
        self.stop_relay();
        if self.relay.forget_last() {
            self.tools.say(|| "the relay loses what it stored last".to_owned());
            self.tools.counters.hit("fault: the relay loses what it stored last");
        }
    }

    pub(crate) fn fill_relay(&mut self) {
        let fullest = self.spaces.iter().map(|space| self.relay.bytes(space)).max().unwrap_or_default();
        self.relay.quota = match self.relay.quota {
            None => {
                self.tools.counters.hit("fault: the relay is full");
                Some(fullest + self.tools.rng.random_range(0..1_000))
            }
            Some(_) => {
                self.tools.counters.hit("fault: the relay has room again");
                None
            }
        };
    }

    pub(crate) fn limit_entries(&mut self) {
        self.relay.entry_bytes_max = match self.relay.entry_bytes_max {
            None => {
                self.tools.counters.hit("fault: the relay takes smaller entries only");
                Some(self.tools.rng.random_range(ENTRY_BYTES_FEW))
            }
            Some(_) => None,
        };
    }

    pub(crate) fn wipe_relay(&mut self) {
        self.tools.say(|| "the relay is wiped".to_owned());
        self.tools.counters.hit("fault: the relay is wiped");
        self.stop_relay();
        self.relay.forget_all();
    }
}
