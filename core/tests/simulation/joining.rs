//! How does a device come into spaces? By a link or a phrase, request by request, and going on after every loss.

use entwine_core::feed::Clock;
use entwine_core::feed::clock::SentClock;
use entwine_core::id::{KeyholderId, PersonId, SpaceId};
use entwine_core::keyholder::SecretKeys;
use entwine_core::keyholder::invitation::InvitationKind;
use entwine_core::membership::{MembershipChain, Record, SpaceKind};
use entwine_core::sync::RelayRefusal;
use entwine_core::time::Timestamp;
use entwine_core::wire::message::{Request, Response};
use entwine_core::wire::{from_bytes, to_bytes};
use rand::RngExt as _;

use super::Tools;
use super::device::{Device, Replica};
use super::relay::{Answer, Asked, Relay};

/// How often a joiner asks before it gives up.
const TRIES_MAX: u32 = 12;

/// By what a device comes in.
#[derive(Clone)]
pub(crate) struct Entrance {
    pub(crate) keys: SecretKeys,
    /// None for a phrase.
    pub(crate) invitation: Option<InvitationKind>,
    pub(crate) person: PersonId,
    /// The device that made it, and the spaces into which it leads.
    pub(crate) maker: usize,
    pub(crate) spaces: Vec<SpaceId>,
}

/// A device on its way in. Durable: a crash loses nothing of it.
pub(crate) struct Joining {
    entrance: Entrance,
    keys: SecretKeys,
    person: PersonId,
    name: String,
    /// The chains that it is in by now.
    chains: Vec<MembershipChain>,
    /// A chain that was read, and the records that follow it and let the device in.
    ready: Option<(MembershipChain, Vec<Record>)>,
    tries: u32,
}

/// How a joining stands.
pub(crate) enum Joined {
    NotYet,
    In(Box<Device>),
    Never,
}

impl Joining {
    pub(crate) fn new(entrance: Entrance, name: String, tools: &mut Tools) -> Self {
        let person = match entrance.invitation {
            Some(InvitationKind::Partner) => PersonId::make_random(&mut tools.rng),
            _ => entrance.person,
        };
        let keys = SecretKeys::make_random(&mut tools.rng);
        Self { entrance, keys, person, name, chains: Vec::new(), ready: None, tries: 0 }
    }

    /// The device that made its link or phrase.
    pub(crate) fn maker(&self) -> usize {
        self.entrance.maker
    }

    /// Makes the next request, which may be lost on its way there or back.
    pub(crate) fn step(&mut self, relay: &mut Relay, now: Timestamp, tools: &mut Tools) -> Joined {
        self.tries += 1;
        let space = self.entrance.spaces[self.chains.len()];
        let is_in = match self.ready.take() {
            None => self.read(space, relay, now, tools),
            Some((chain, records)) => self.send(space, chain, records, relay, now, tools),
        };
        match is_in {
            Ok(Some(chain)) => self.chains.push(chain),
            Ok(None) => {}
            Err(Ended) => return Joined::Never,
        }
        match self.chains.len() == self.entrance.spaces.len() {
            true => Joined::In(Box::new(self.device(tools))),
            false if self.tries > TRIES_MAX => Joined::Never,
            false => Joined::NotYet,
        }
    }

    /// Reads the chain as whoever holds the link or phrase may: the chain, if this device is in it already.
    fn read(
        &mut self,
        space: SpaceId,
        relay: &mut Relay,
        now: Timestamp,
        tools: &mut Tools,
    ) -> Result<Option<MembershipChain>, Ended> {
        let Ok(chain) = read_chain((&self.entrance.keys, space), relay, now, tools) else { return Ok(None) };
        if chain.member(&self.keys.id()).is_some() {
            return Ok(Some(chain));
        }
        if chain.member(&self.entrance.keys.id()).is_none() || chain.keyholder(&self.keys.id()).is_some() {
            return Err(Ended);
        }
        let records = self.records(&chain, tools)?;
        self.ready = Some((chain, records));
        Ok(None)
    }

    fn records(&self, chain: &MembershipChain, tools: &mut Tools) -> Result<Vec<Record>, Ended> {
        let ring = tools.memory.ring(chain, &self.entrance.keys, None);
        if self.entrance.invitation.is_none() {
            let addition =
                chain.add_device(&mut tools.rng, &self.entrance.keys, &ring, &self.keys).map_err(|_| Ended)?;
            return chain.clone().append_record(addition.clone()).map(|_| vec![addition]).map_err(|_| Ended);
        }
        let accept = chain.accept(&self.entrance.keys, &self.keys, self.person);
        let mut accepted = chain.clone();
        accepted.append_record(accept.clone()).map_err(|_| Ended)?;
        let rotate = accepted.rotate(&mut tools.rng, &self.keys, &ring).map_err(|_| Ended)?;
        // An earlier version, or a relay that takes one record at a time, might bring `Accept` alone.
        Ok(if tools.rng.random_bool(0.2) { vec![accept] } else { vec![accept, rotate] })
    }

    fn send(
        &mut self,
        space: SpaceId,
        mut chain: MembershipChain,
        records: Vec<Record>,
        relay: &mut Relay,
        now: Timestamp,
        tools: &mut Tools,
    ) -> Result<Option<MembershipChain>, Ended> {
        let caller = if self.entrance.invitation.is_some() { self.keys.id() } else { self.entrance.keys.id() };
        let clock = SentClock::of(&chain, &Clock::new(), false);
        let request = Request::bringing(clock.clone(), records.iter().map(|record| record.bytes().to_vec()).collect());
        let response = match call((caller, space), &request, relay, now, tools) {
            Ok(response) => response,
            Err(Some(RelayRefusal::InvitationExpired(_))) => return Err(Ended),
            Err(_) => return Ok(None),
        };
        for record in records {
            chain.append_record(record).expect("it was tried before");
        }
        let theirs = response.clock_after(&clock);
        Ok(chain.has_prefix(theirs.chain_len.min(chain.len()), &theirs.chain_head).then_some(chain))
    }

    /// The device, with all its spaces; a partner founds a private one.
    fn device(&self, tools: &mut Tools) -> Device {
        let mut device = Device::new(self.name.clone(), self.person, self.keys.clone(), self.chains[0].space());
        let mut chains = self.chains.clone();
        tools.counters.hit(match self.entrance.invitation {
            Some(InvitationKind::Partner) => "membership: a partner joins",
            Some(InvitationKind::Device) => "membership: a device joins by a link",
            None => "membership: a device comes back by a phrase",
        });
        if self.entrance.invitation == Some(InvitationKind::Partner) {
            chains.push(found(&self.keys, self.person, SpaceKind::Private { of: chains[0].space() }, tools));
        }
        for chain in chains {
            let by_link = self.entrance.invitation.is_some() && chain.keyholder(&self.entrance.keys.id()).is_some();
            let invitation = by_link.then(|| self.entrance.keys.clone());
            device.replicas.insert(chain.space(), Replica::new(chain, invitation));
        }
        device
    }
}

/// It can come to nothing any more.
struct Ended;

/// A chain of one record.
pub(crate) fn found(keys: &SecretKeys, person: PersonId, kind: SpaceKind, tools: &mut Tools) -> MembershipChain {
    let record = MembershipChain::create(&mut tools.rng, keys, person, kind);
    MembershipChain::found(record.bytes()).expect("a founder's own record")
}

/// The whole chain, page by page; as far as its end, for somebody who was removed.
fn read_chain(
    (reader, space): (&SecretKeys, SpaceId),
    relay: &mut Relay,
    now: Timestamp,
    tools: &mut Tools,
) -> Result<MembershipChain, Option<RelayRefusal>> {
    let mut records: Vec<Vec<u8>> = Vec::new();
    let mut clock = SentClock::empty();
    loop {
        let request = Request::bringing(clock, Vec::new());
        let response = match call((reader.id(), space), &request, relay, now, tools) {
            Err(Some(RelayRefusal::Removed(response))) => *response,
            answer => answer?,
        };
        records.extend(response.records);
        let chain = tools.memory.chain(&records).expect("the relay verified it");
        if !response.more {
            return Ok(chain);
        }
        clock = SentClock::of(&chain, &Clock::new(), false);
    }
}

/// One request with nothing between; an error without a refusal where it was lost, there or back.
fn call(
    (caller, space): (KeyholderId, SpaceId),
    request: &Request,
    relay: &mut Relay,
    now: Timestamp,
    tools: &mut Tools,
) -> Result<Response, Option<RelayRefusal>> {
    if tools.loses("fault: a request is lost") {
        return Err(None);
    }
    let answer: Answer = relay.carry_out((caller, space), &Asked::Sync(to_bytes(request)), now, tools);
    if tools.loses("fault: an answer is lost") {
        return Err(None);
    }
    answer.map(|bytes| from_bytes(&bytes).expect("the relay encodes what it decodes")).map_err(Some)
}

/// Which spaces an entrance leads into, as far as its maker's chains have it.
pub(crate) fn is_open(entrance: &Entrance, maker: &Device) -> bool {
    let is_in = |space: &SpaceId| {
        maker.replicas.get(space).is_some_and(|replica| replica.store.chain().member(&entrance.keys.id()).is_some())
    };
    entrance.spaces.iter().all(is_in)
}
