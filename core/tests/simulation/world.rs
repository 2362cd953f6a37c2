//! What happens? A couple's devices and their relay in one seeded world: who acts next, what the network does, what breaks.

use entwine_core::id::SpaceId;
use entwine_core::keyholder::SecretKeys;
use entwine_core::keyholder::invitation::InvitationKind;
use entwine_core::membership::SpaceKind;
use entwine_core::sync::{Outcome, RelayRefusal};
use entwine_core::time::Timestamp;
use entwine_core::wire::from_bytes;
use rand::RngExt as _;

use super::Tools;
use super::device::{Device, Replica, Stage, Step};
use super::joining::{Entrance, Joining, found};
use super::relay::{Answer, Asked, Relay};

/// The moment at which every world begins.
const NOON: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// Devices at the same time, copies and thieves included.
pub(crate) const DEVICES_MAX: usize = 6;

/// What may happen next, and how often beside the others. Faults and membership have a weight of their own in each seed.
const ACTIONS: &[(Action, u32)] = &[
    (Action::Write, 60),
    (Action::Begin, 40),
    (Action::SyncToTheEnd, 12),
    (Action::AdvanceDevice, 240),
    (Action::Deliver, 120),
    (Action::AdvanceRelay, 160),
    (Action::StepJoining, 40),
    (Action::TimePasses, 8),
    (Action::LoseMessage, 5),
    (Action::RepeatRequest, 5),
    (Action::GiveUp, 4),
    (Action::CutOff, 3),
    (Action::CrashDevice, 5),
    (Action::CrashRelay, 3),
    (Action::BackUpDevice, 4),
    (Action::RestoreDevice, 3),
    (Action::CopyDevice, 2),
    (Action::LoseDevice, 1),
    (Action::DeviceClockJumps, 2),
    (Action::RelayClockJumps, 2),
    (Action::BackUpRelay, 4),
    (Action::SetRelayBack, 2),
    (Action::WipeRelay, 1),
    (Action::ForgetLast, 2),
    (Action::FillRelay, 3),
    (Action::LimitEntries, 3),
    (Action::CarryForThief, 12),
    (Action::FoundAnew, 3),
    (Action::Mend, 4),
    (Action::StealAndWipe, 7),
    (Action::RemoveWhatOthersSaw, 6),
    (Action::RemoveTwice, 3),
    (Action::RemoveWhileItWrites, 7),
    (Action::Invite, 6),
    (Action::TakeUp, 12),
    (Action::Revoke, 2),
    (Action::MakePhrase, 2),
    (Action::Remove, 4),
    (Action::Leave, 1),
];
/// The first action that not every seed has.
const FIRST_CHANCE: Action = Action::LoseMessage;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Action {
    Write,
    Begin,
    SyncToTheEnd,
    AdvanceDevice,
    Deliver,
    AdvanceRelay,
    StepJoining,
    TimePasses,
    LoseMessage,
    RepeatRequest,
    GiveUp,
    CutOff,
    CrashDevice,
    CrashRelay,
    BackUpDevice,
    RestoreDevice,
    CopyDevice,
    LoseDevice,
    DeviceClockJumps,
    RelayClockJumps,
    BackUpRelay,
    SetRelayBack,
    WipeRelay,
    ForgetLast,
    FillRelay,
    LimitEntries,
    CarryForThief,
    FoundAnew,
    Mend,
    StealAndWipe,
    RemoveWhatOthersSaw,
    RemoveTwice,
    RemoveWhileItWrites,
    Invite,
    TakeUp,
    Revoke,
    MakePhrase,
    Remove,
    Leave,
}

/// On its way.
pub(crate) enum Message {
    Request { number: u64, device: usize, space: SpaceId, asked: Asked },
    Answer { number: u64, device: usize, answer: Answer },
}

pub(crate) struct World {
    pub(crate) tools: Tools,
    pub(crate) now: Timestamp,
    pub(crate) relay: Relay,
    pub(crate) devices: Vec<Device>,
    pub(crate) network: Vec<Message>,
    pub(crate) joinings: Vec<Joining>,
    pub(crate) entrances: Vec<Entrance>,
    /// All that there are, in the order in which they were founded: shared ones, and one for each person beside them.
    pub(crate) spaces: Vec<SpaceId>,
    next_number: u64,
    /// How many were ever on their way in.
    pub(crate) joiners: u32,
    weights: Vec<(Action, u32)>,
}

impl World {
    /// Ada's phone with its spaces, on a relay that does not know them yet.
    pub(crate) fn new(mut tools: Tools) -> Self {
        let keys = SecretKeys::make_random(&mut tools.rng);
        let person = entwine_core::id::PersonId::make_random(&mut tools.rng);
        let shared = found(&keys, person, SpaceKind::Shared, &mut tools);
        let mut ada = Device::new("Ada's phone".to_owned(), person, keys, shared.space());
        let private = found(&ada.keys, person, SpaceKind::Private { of: shared.space() }, &mut tools);
        let spaces = vec![shared.space(), private.space()];
        for chain in [shared, private] {
            ada.replicas.insert(chain.space(), Replica::new(chain, None));
        }
        let weights = ACTIONS.iter().map(|(action, weight)| {
            let factor = if *action < FIRST_CHANCE { 2 } else { [0, 1, 2, 6][tools.rng.random_range(0..4)] };
            (*action, weight * factor)
        });
        let weights = weights.collect();
        let mut world = Self {
            tools,
            now: NOON,
            relay: Relay::default(),
            devices: vec![ada],
            network: Vec::new(),
            joinings: Vec::new(),
            entrances: Vec::new(),
            spaces,
            next_number: 0,
            joiners: 0,
            weights,
        };
        world.begin_together();
        world
    }

    /// Most couples meet before anything goes wrong, and many have a device more.
    fn begin_together(&mut self) {
        if self.tools.rng.random_bool(0.1) {
            return;
        }
        self.let_in(0, InvitationKind::Partner);
        for device in 0..self.devices.len() {
            if self.tools.rng.random_bool(0.5) {
                self.let_in(device, InvitationKind::Device);
            }
        }
    }

    pub(crate) fn run(&mut self, steps: u32) {
        for _ in 0..steps {
            self.now = self.now.plus_seconds(self.tools.rng.random_range(0..3));
            let action = self.choose_action();
            self.act(action);
        }
    }

    fn choose_action(&mut self) -> Action {
        let sum: u32 = self.weights.iter().map(|(_, weight)| weight).sum();
        let mut chosen = self.tools.rng.random_range(0..sum);
        for (action, weight) in &self.weights {
            match chosen.checked_sub(*weight) {
                Some(rest) => chosen = rest,
                None => return *action,
            }
        }
        Action::Write
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Write => self.write(),
            Action::Begin => self.begin(),
            Action::SyncToTheEnd => {
                if let Some((device, space)) = self.choose_replica() {
                    self.sync_to_the_end(device, space);
                }
            }
            Action::AdvanceDevice => self.advance_device(),
            Action::Deliver => self.deliver(),
            Action::AdvanceRelay => self.advance_relay(),
            Action::StepJoining => self.step_joining(),
            Action::TimePasses => self.now = self.now.plus_seconds(self.tools.rng.random_range(0..7_200)),
            Action::LoseMessage => self.lose_message(),
            Action::RepeatRequest => self.repeat_request(),
            Action::GiveUp => self.give_up(),
            Action::CutOff => self.cut_off(),
            Action::CrashDevice => self.crash_device(),
            Action::CrashRelay => self.crash_relay(),
            Action::BackUpDevice => self.back_up_device(),
            Action::RestoreDevice => self.restore_device(),
            Action::CopyDevice => self.copy_device(),
            Action::LoseDevice => self.lose_device(),
            Action::DeviceClockJumps => self.device_clock_jumps(),
            Action::RelayClockJumps => self.relay_clock_jumps(),
            Action::BackUpRelay => self.relay.backup = Some(self.relay.spaces.clone()),
            Action::SetRelayBack => self.set_relay_back(),
            Action::WipeRelay => self.wipe_relay(),
            Action::ForgetLast => self.forget_last(),
            Action::FillRelay => self.fill_relay(),
            Action::LimitEntries => self.limit_entries(),
            Action::CarryForThief => self.carry_for_thief(None),
            Action::FoundAnew => self.found_anew(),
            Action::Mend => self.mend_opening(),
            Action::StealAndWipe => self.steal_and_wipe(),
            Action::RemoveWhatOthersSaw => self.remove_what_others_saw(),
            Action::RemoveTwice => self.remove_twice(),
            Action::RemoveWhileItWrites => self.remove_while_it_writes(),
            Action::Invite => self.invite_somebody(),
            Action::TakeUp => self.take_up_something(),
            Action::Revoke => self.revoke(),
            Action::MakePhrase => self.make_phrase(),
            Action::Remove => self.remove(),
            Action::Leave => self.leave(),
        }
    }

    /// A device that is left, if there is one.
    pub(crate) fn choose_device(&mut self) -> Option<usize> {
        let left: Vec<usize> = (0..self.devices.len()).filter(|device| !self.devices[*device].is_lost).collect();
        (!left.is_empty()).then(|| left[self.tools.rng.random_range(0..left.len())])
    }

    /// A device that is left and one of its spaces; mostly the shared one.
    pub(crate) fn choose_replica(&mut self) -> Option<(usize, SpaceId)> {
        let mut device = self.choose_device()?;
        let thief = (0..self.devices.len()).find(|device| self.devices[*device].is_thief);
        if let Some(thief) = thief
            && self.tools.rng.random_bool(0.25)
        {
            device = thief; // Thieves are busy.
        }
        let spaces: Vec<SpaceId> = self.devices[device].replicas.keys().copied().collect();
        let is_shared = self.tools.rng.random_bool(0.6);
        let space =
            if is_shared { self.devices[device].shared } else { spaces[self.tools.rng.random_range(0..spaces.len())] };
        Some((device, space))
    }

    pub(crate) fn relay_now(&self) -> Timestamp {
        shifted(self.now, self.relay.clock_offset)
    }

    pub(crate) fn device_now(&self, device: usize) -> Timestamp {
        shifted(self.now, self.devices[device].clock_offset)
    }

    fn write(&mut self) {
        let Some((device, space)) = self.choose_replica() else { return };
        if !self.devices[device].is_member(&space) || !self.spaces_of(device).contains(&space) {
            return; // It knows that it is none any more, or has left the space behind.
        }
        let document = if self.tools.rng.random_bool(0.8) { "journal/2026-12" } else { "home" };
        let now = self.device_now(device);
        self.devices[device].write(space, document, now, &mut self.tools);
    }

    fn begin(&mut self) {
        let Some((device, space)) = self.choose_replica() else { return };
        self.begin_exchange(device, space);
    }

    pub(crate) fn begin_exchange(&mut self, device: usize, space: SpaceId) {
        let running = self.devices[device].exchanges.iter().filter(|exchange| exchange.space == space).count();
        if running > 0 {
            // The process that a notification starts.
            if running > 1 || self.tools.rng.random_bool(0.9) {
                return;
            }
            self.tools.counters.hit("fault: two processes of one device exchange at once");
        }
        let now = self.device_now(device);
        self.devices[device].begin(space, now, &mut self.tools);
    }

    fn advance_device(&mut self) {
        let ready = |device: &Device| -> Vec<usize> {
            (0..device.exchanges.len()).filter(|index| device.exchanges[*index].awaits.is_none()).collect()
        };
        let all: Vec<(usize, usize)> = (0..self.devices.len())
            .flat_map(|device| ready(&self.devices[device]).into_iter().map(move |index| (device, index)))
            .collect();
        if !all.is_empty() {
            let (device, index) = all[self.tools.rng.random_range(0..all.len())];
            self.advance(device, index);
        }
    }

    /// One step of an exchange.
    fn advance(&mut self, device: usize, index: usize) {
        let now = self.device_now(device);
        let space = self.devices[device].exchanges[index].space;
        match self.devices[device].advance(index, now, &mut self.tools) {
            Step::On | Step::Over(_) => {}
            Step::Sent(bytes) => self.ask(device, index, space, Asked::Sync(bytes)),
            Step::Bring => self.bring(device, index, space),
        }
    }

    fn bring(&mut self, device: usize, index: usize, space: SpaceId) {
        let chain = self.bringing(device, index, space);
        self.ask(device, index, space, chain);
    }

    /// The whole chain of a device, by which its exchange begins anew.
    fn bringing(&mut self, device: usize, index: usize, space: SpaceId) -> Asked {
        self.devices[device].exchanges[index].stage = Stage::Bringing;
        let chain = self.devices[device].chain(&space);
        Asked::Create(chain.records().iter().map(|record| record.bytes().to_vec()).collect())
    }

    fn ask(&mut self, device: usize, index: usize, space: SpaceId, asked: Asked) {
        let number = self.next_number;
        self.next_number += 1;
        self.devices[device].exchanges[index].awaits = Some(number);
        self.network.push(Message::Request { number, device, space, asked });
    }

    fn deliver(&mut self) {
        if self.network.is_empty() {
            return;
        }
        let index = match self.tools.rng.random_bool(0.7) {
            true => 0,
            false => self.tools.rng.random_range(0..self.network.len()),
        };
        if index > 0 {
            self.tools.counters.hit("fault: a later message overtakes an earlier one");
        }
        let message = self.network.remove(index);
        self.arrive(message);
    }

    fn arrive(&mut self, message: Message) {
        let (Message::Request { device, .. } | Message::Answer { device, .. }) = &message;
        let is_lost = self.devices[*device].is_cut_off || self.tools.loses_at_all();
        match message {
            Message::Request { device, number, .. } if is_lost => {
                self.tools.counters.hit("fault: a request is lost");
                self.offline(device, number);
            }
            Message::Answer { device, number, .. } if is_lost => {
                self.tools.counters.hit("fault: an answer is lost");
                self.offline(device, number);
            }
            Message::Request { number, device, space, asked } => {
                self.relay_may_forget();
                let is_awaited = self.devices[device].exchanges.iter().any(|exchange| exchange.awaits == Some(number));
                if !is_awaited {
                    self.tools.counters.hit("fault: a request arrives after its exchange was given up");
                }
                let (caller, now) = (self.devices[device].id(), self.relay_now());
                if let Some(answer) = self.relay.begin((number, caller, space), &asked, now, &mut self.tools) {
                    self.network.push(Message::Answer { number, device, answer });
                }
            }
            Message::Answer { number, device, answer } => self.answered(device, number, answer),
        }
    }

    /// Right before a request arrives.
    fn relay_may_forget(&mut self) {
        if self.tools.rng.random_bool(self.tools.forgetting) {
            match self.tools.rng.random_bool(0.8) {
                true => self.forget_last(),
                false => self.set_relay_back(),
            }
        }
    }

    /// The device hears that nothing comes, and gives the exchange up.
    pub(crate) fn offline(&mut self, device: usize, number: u64) {
        self.devices[device].exchanges.retain(|exchange| exchange.awaits != Some(number));
    }

    fn answered(&mut self, device: usize, number: u64, answer: Answer) {
        let exchanges = &self.devices[device].exchanges;
        let Some(index) = exchanges.iter().position(|exchange| exchange.awaits == Some(number)) else { return };
        let space = exchanges[index].space;
        let is_bringing = matches!(exchanges[index].stage, Stage::Bringing);
        match answer {
            Ok(_) if is_bringing => {
                self.devices[device].exchanges.remove(index);
                let now = self.device_now(device);
                self.devices[device].begin(space, now, &mut self.tools);
            }
            Ok(bytes) => {
                let response = from_bytes(&bytes).expect("the relay encodes what the device decodes");
                self.devices[device].answered(index, response);
            }
            Err(RelayRefusal::NotFound) if !is_bringing => self.bring(device, index, space),
            Err(RelayRefusal::Removed(response)) => {
                self.devices[device].exchanges.remove(index);
                self.devices[device].removed(space, &response, &mut self.tools);
            }
            Err(refusal) => {
                self.tools.say(|| format!("{} is refused: {refusal}", self.devices[device].name));
                self.devices[device].is_apart |= refusal == RelayRefusal::ChainsDiffer;
                self.devices[device].exchanges.remove(index);
                self.devices[device].refusal = Some(refusal);
            }
        }
    }

    fn advance_relay(&mut self) {
        if self.relay.jobs.is_empty() {
            return;
        }
        let index = self.tools.rng.random_range(0..self.relay.jobs.len());
        let (number, caller, now) = (self.relay.jobs[index].number, self.relay.jobs[index].caller, self.relay_now());
        if let Some(answer) = self.relay.advance(index, now, &mut self.tools) {
            let awaits = |device: &Device| device.exchanges.iter().any(|exchange| exchange.awaits == Some(number));
            // Two devices may have the same keys: the answer goes where the request came from.
            if let Some(device) = self.devices.iter().position(|device| device.id() == caller && awaits(device)) {
                self.network.push(Message::Answer { number, device, answer });
            }
        }
    }

    /// A whole exchange with nothing between and no loss: the reason why it stopped, if it came to an end at all.
    pub(crate) fn sync_to_the_end(&mut self, device: usize, space: SpaceId) -> Option<Outcome> {
        self.sync_while(device, space, |_| {})
    }

    /// The same, where something happens right before each request arrives.
    pub(crate) fn sync_while(
        &mut self,
        device: usize,
        space: SpaceId,
        mut meanwhile: impl FnMut(&mut Self),
    ) -> Option<Outcome> {
        self.devices[device].exchanges.retain(|exchange| exchange.space != space);
        let now = self.device_now(device);
        self.devices[device].begin(space, now, &mut self.tools);
        loop {
            let index = self.devices[device].exchanges.iter().position(|exchange| exchange.space == space)?;
            match self.devices[device].advance(index, now, &mut self.tools) {
                Step::On => {}
                Step::Over(outcome) => return outcome.map(|outcome| *outcome),
                Step::Sent(bytes) => {
                    meanwhile(self);
                    let index = self.devices[device].exchanges.iter().position(|exchange| exchange.space == space)?;
                    self.call(device, index, space, Asked::Sync(bytes));
                }
                Step::Bring => {
                    let chain = self.bringing(device, index, space);
                    self.call(device, index, space, chain);
                }
            }
        }
    }

    fn call(&mut self, device: usize, index: usize, space: SpaceId, asked: Asked) {
        let sent = self.network.len();
        self.ask(device, index, space, asked);
        // An answer may lead to a request at once: where the relay has to be given the chain first.
        while self.network.len() > sent
            && let Some(Message::Request { number, asked, .. }) = self.network.pop()
        {
            self.relay_may_forget();
            let (caller, now) = (self.devices[device].id(), self.relay_now());
            let answer = self.relay.carry_out((caller, space), &asked, now, &mut self.tools);
            self.answered(device, number, answer);
        }
    }
}

fn shifted(now: Timestamp, seconds: i64) -> Timestamp {
    Timestamp::from_seconds(now.as_seconds().saturating_add_signed(seconds))
}
