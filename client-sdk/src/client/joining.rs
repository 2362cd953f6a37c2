//! Joining by a link: an intent that survives a kill at every step.
//!
//! ```text
//! intent kept ─► in each space of the link, the invitation's token reads the chain
//!                  ├─ not taken up: Accept and Rotate kept, then sent with the device's own token ─┐
//!                  └─ taken up by this device: an earlier try came through ────────────────────────┤
//!             spaces kept, shared and private ◄────────────────────────────────────────────────────┘
//!             exchange of both; where no epoch is open, the invitation's key opens the past for the Rotate
//! intent ended
//! ```

use std::collections::BTreeMap;
use std::sync::Mutex;

use data_encoding::BASE64;
use entwine_core::id::{Hash, PersonId, SpaceId};
use entwine_core::keyholder::invitation::{InvitationKind, InvitationLink};
use entwine_core::keyholder::{KeyholderKind, SecretKeys};
use entwine_core::membership::safety_words::SAFETY_WORDS;
use entwine_core::membership::{
    Body, KeyRing, Keyholder, MembershipChain, Record, SpaceKind, device_safety_words, safety_words,
};
use serde::{Deserialize, Serialize};

use super::reading::{Shown, TRIES_MAX, bringing, overtaken, read_chain, unanswered};
use super::{Client, Settings};
use crate::driver::attempt;
use crate::error::Error;
use crate::storage::SpaceLine;
use crate::transport::once::{Relay, RelayError};
use crate::{fault, random};

const JOINING: &str = "joining";

/// What joining came to.
#[derive(Debug, Clone)]
pub struct Joined {
    /// The shared space.
    pub space: SpaceId,
    /// Which kind of invitation it was.
    pub kind: InvitationKind,
    /// The six words that the partner's phone shows too.
    pub safety_words: [&'static str; SAFETY_WORDS],
}

/// Kept from before the first request until the exchange after the joining came to its end.
#[derive(Serialize, Deserialize)]
struct Joining {
    link: String,
    person: PersonId,
    /// Whether the spaces in use are copied into the new ones.
    brings_copy: bool,
    /// `Accept` and `Rotate` of each space as they were sent, base64: sent again as they are while the chain has not moved.
    records: BTreeMap<SpaceId, Vec<String>>,
}

/// Where an invitation stands.
enum Standing {
    Open(MembershipChain),
    TakenUpByMe(MembershipChain),
}

impl Client {
    /// Joins by a link of the expected kind. After a cut, calling it again with the same link goes on; so does a sync.
    ///
    /// # Errors
    /// The link is of the other kind, used, ended or expired; this profile has a space; the relay does not answer.
    pub async fn join(&self, link: &InvitationLink, expect: InvitationKind) -> Result<Joined, Error> {
        self.join_as(link, expect, false).await
    }

    /// Joins a space that was founded anew, and brings a copy of everything that the spaces in use here hold; these become an
    /// archive.
    ///
    /// # Errors
    /// As in [`Self::join`]; and there is nothing here to bring.
    pub async fn join_with_copy(&self, link: &InvitationLink, expect: InvitationKind) -> Result<Joined, Error> {
        self.join_as(link, expect, true).await
    }

    async fn join_as(&self, link: &InvitationLink, expect: InvitationKind, brings_copy: bool) -> Result<Joined, Error> {
        if link.kind != expect {
            return Err(Error::WrongKind { expected: expect, found: link.kind });
        }
        let (space, _) = link.spaces[0];
        let spaces = self.storage.spaces().await?;
        if !self.has_joined_by(link, &spaces).await? {
            let is_there = spaces.iter().any(|line| line.space == space);
            match spaces.is_empty() {
                true if brings_copy => return Err(Error::NoSpace),
                false if !brings_copy || is_there => return Err(Error::SpaceExists),
                _ => {}
            }
            if self.is_recovering().await? {
                return Err(Error::JoiningBegun);
            }
            let earlier = self.storage.intent::<Joining>(JOINING).await?;
            if earlier.is_none_or(|earlier| earlier.link != link.to_string() || earlier.brings_copy != brings_copy) {
                let person = match self.views().await?.first() {
                    // Persons keep their ids: the copy names them.
                    Some(shared) => self.person(shared)?,
                    None => PersonId::make_random(&mut random::generator()),
                };
                let joining = Joining { link: link.to_string(), person, brings_copy, records: BTreeMap::new() };
                self.storage.set_intent(JOINING, &joining).await?;
                fault::point("join:after-intent");
            }
            self.resume_joining().await?;
        }
        self.exchange_all(None, &Mutex::default()).await?;
        self.all_well().await?;
        self.open_arrived().await?;
        if spaces.is_empty() {
            self.note_told_of_all().await?;
        }
        let chain = self.storage.chain(&space).await?;
        let safety_words = match link.kind {
            InvitationKind::Partner => safety_words(&chain),
            InvitationKind::Device => device_safety_words(&chain, &self.keyholder()),
        };
        let safety_words = safety_words.ok_or(Error::NoPartner)?;
        Ok(Joined { space, kind: link.kind, safety_words })
    }

    /// Whether it is by this link that this device came into the space that it has: neither by another one, nor by founding.
    async fn has_joined_by(&self, link: &InvitationLink, spaces: &[SpaceLine]) -> Result<bool, Error> {
        let (space, _) = link.spaces[0];
        if !spaces.iter().any(|line| line.space == space) {
            return Ok(false);
        }
        let begun = self.storage.intent::<Joining>(JOINING).await?;
        if begun.is_some_and(|begun| begun.link == link.to_string()) {
            return Ok(true);
        }
        let chain = self.storage.chain(&space).await?;
        let ended = chain.removal_of(&link.secret.derive_keys().id());
        Ok(ended.is_some_and(
            |record| matches!(record.body(), Body::Accept(accept) if accept.device.id() == self.keys.id()),
        ))
    }

    pub(crate) async fn is_joining(&self) -> Result<bool, Error> {
        Ok(self.storage.intent::<Joining>(JOINING).await?.is_some())
    }

    /// The keys of the invitation by which this device is joining the space, until the joining has ended.
    pub(crate) async fn joining_keys(&self, space: &SpaceId) -> Result<Option<SecretKeys>, Error> {
        let Some(joining) = self.storage.intent::<Joining>(JOINING).await? else { return Ok(None) };
        let link: InvitationLink = joining.link.parse()?;
        Ok(link.spaces.iter().any(|(named, _)| named == space).then(|| link.secret.derive_keys()))
    }

    pub(crate) async fn end_joining(&self) -> Result<(), Error> {
        Ok(self.storage.end_intent(JOINING).await?)
    }

    /// Goes on with a joining that was begun, until both spaces are kept here. Does nothing where there is none, or nothing
    /// left to do.
    pub(crate) async fn resume_joining(&self) -> Result<(), Error> {
        let Some(joining) = self.storage.intent::<Joining>(JOINING).await? else { return Ok(()) };
        let link: InvitationLink = joining.link.parse()?;
        if self.storage.spaces().await?.iter().any(|line| line.space == link.spaces[0].0) {
            return Ok(());
        }
        let relay = self.relay(&link.relay).await?;
        let result = self.take_up(joining, &link, &relay).await;
        self.keep_clock_offset(&relay).await?;
        // What will not become better by trying again is forgotten, so that another link can be tried.
        if let Err(
            Error::InvitationUsed
            | Error::InvitationEnded
            | Error::InvitationExpired
            | Error::InvitationUnknown
            | Error::KeysUsed
            | Error::OtherChain,
        ) = result
        {
            self.end_joining().await?;
        }
        result
    }

    async fn take_up(&self, mut joining: Joining, link: &InvitationLink, relay: &Relay) -> Result<(), Error> {
        let mut chains: Vec<MembershipChain> = Vec::new();
        for place in &link.spaces {
            let is_late_allowed = !chains.is_empty();
            chains.push(self.take_up_in(place, &mut joining, link, relay, is_late_allowed).await?);
            fault::point("join:after-space");
        }
        self.keep_spaces(&joining, link, chains).await
    }

    /// Takes an invitation up in one space: its chain with this device in it. A device link that was taken up in time in the
    /// one space may be taken up late in the other.
    async fn take_up_in(
        &self,
        place: &(SpaceId, Hash),
        joining: &mut Joining,
        link: &InvitationLink,
        relay: &Relay,
        is_late_allowed: bool,
    ) -> Result<MembershipChain, Error> {
        let invitation = link.secret.derive_keys();
        for _ in 0..TRIES_MAX {
            let chain = match self.standing(place, &invitation, relay).await? {
                Standing::TakenUpByMe(chain) => return Ok(chain),
                Standing::Open(chain) => chain,
            };
            let Some(inviter) = chain.member(&invitation.id()) else { return Err(Error::OtherChain) };
            match chain.keyholder(&self.keys.id()) {
                None => {}
                // This device is in already, and has lost what it had: its keys open everything again.
                Some(me) if is_device_of(me, inviter.person) && link.kind == InvitationKind::Device => {
                    return Ok(chain);
                }
                Some(_) => return Err(Error::KeysUsed),
            }
            if inviter.expires.is_some_and(|expires| expires < relay.now()) && !is_late_allowed {
                return Err(Error::InvitationExpired);
            }
            if link.kind == InvitationKind::Device {
                joining.person = inviter.person;
            }
            let records = self.joining_records(joining, &chain, &invitation).await?;
            if let Some(chain) = self.send_records(&chain, records, relay).await? {
                fault::point("join:after-accept-sent");
                return Ok(chain);
            }
        }
        Err(overtaken())
    }

    /// Reads the chain as the invitation's holder may, and checks that it is the one that the link names.
    async fn standing(
        &self,
        (space, head): &(SpaceId, Hash),
        invitation: &SecretKeys,
        relay: &Relay,
    ) -> Result<Standing, Error> {
        let (chain, is_removed) = match read_chain(space, invitation, relay).await? {
            Shown::Chain(chain) => (chain, false),
            Shown::Former(chain) => (chain, true),
            Shown::Nothing => return Err(Error::InvitationUnknown),
            Shown::Another => return Err(Error::OtherChain),
        };
        if !chain.records().iter().any(|record| record.hash() == *head) {
            return Err(Error::OtherChain);
        }
        if is_removed { self.standing_of_removed(chain, invitation) } else { Ok(Standing::Open(chain)) }
    }

    /// An invitation that is no keyholder any more was taken up, or ended.
    fn standing_of_removed(&self, chain: MembershipChain, invitation: &SecretKeys) -> Result<Standing, Error> {
        match chain.removal_of(&invitation.id()).ok_or(Error::OtherChain)?.body() {
            Body::Accept(accept) if accept.device.id() == self.keys.id() => Ok(Standing::TakenUpByMe(chain)),
            Body::Accept(_) => Err(Error::InvitationUsed),
            _ => Err(Error::InvitationEnded),
        }
    }

    /// `Accept` and `Rotate`, kept before they are sent: those of an earlier try while they still follow the chain.
    async fn joining_records(
        &self,
        joining: &mut Joining,
        chain: &MembershipChain,
        invitation: &SecretKeys,
    ) -> Result<Vec<Record>, Error> {
        let earlier: Vec<Record> = joining
            .records
            .get(&chain.space())
            .into_iter()
            .flatten()
            .filter_map(|text| Record::parse(&BASE64.decode(text.as_bytes()).ok()?).ok())
            .collect();
        if earlier.first().is_some_and(|record| record.previous() == chain.head()) {
            return Ok(earlier);
        }
        let accept = chain.accept(invitation, &self.keys, joining.person);
        let mut accepted = chain.clone();
        accepted.append_record(accept.clone()).map_err(Error::NotAllowed)?;
        // The joiner has no seal yet; what opens the past, for the history box, is the invitation's.
        let ring = KeyRing::derive(&accepted, invitation);
        let rotate = accepted.rotate(&mut random::generator(), &self.keys, &ring).map_err(Error::NotAllowed)?;
        let records = vec![accept, rotate];
        let texts = records.iter().map(|record| BASE64.encode(record.bytes())).collect();
        joining.records.insert(chain.space(), texts);
        self.storage.set_intent(JOINING, joining).await?;
        fault::point("join:before-accept-sent");
        Ok(records)
    }

    /// The chain with the records, if the relay took them; none if its chain has moved.
    async fn send_records(
        &self,
        chain: &MembershipChain,
        mut records: Vec<Record>,
        relay: &Relay,
    ) -> Result<Option<MembershipChain>, Error> {
        let is_cut_short = fault::is_wanted("join:accept-alone");
        if is_cut_short {
            records.truncate(1);
        }
        let request = bringing(chain, records.iter().map(|record| record.bytes().to_vec()).collect());
        let space = chain.space();
        let answer = attempt(|| relay.sync(&self.keys, &space, &request)).await;
        if is_cut_short {
            fault::kill();
        }
        let response = match answer {
            Ok(response) => response,
            Err(RelayError::Unknown | RelayError::ChainsDiffer(_)) => return Ok(None),
            Err(error) => return Err(unanswered(&error)),
        };
        let mut joined = chain.clone();
        for record in records {
            joined.append_record(record).map_err(Error::NotAllowed)?;
        }
        // Taken last, or with others after them; a chain that is longer by others' records alone has none of mine.
        let theirs = response.clock_after(&request.clock);
        let is_last = theirs.chain_len == joined.len() && theirs.chain_head == joined.head();
        let is_among = joined.records().last().is_some_and(|mine| response.records.iter().any(|r| r == mine.bytes()));
        Ok((is_last || is_among).then_some(joined))
    }

    /// Keeps all spaces at once: those of the link, and for a partner a private one, founded here.
    async fn keep_spaces(
        &self,
        joining: &Joining,
        link: &InvitationLink,
        mut chains: Vec<MembershipChain>,
    ) -> Result<(), Error> {
        let shared = chains.first().ok_or(Error::OtherChain)?;
        // An earlier try may have had another person's id in its `Accept`; the chain has the one that counts.
        let person = shared.keyholder(&self.keys.id()).map_or(joining.person, |me| me.person);
        let private_kind = SpaceKind::Private { of: shared.space() };
        match chains.get(1) {
            None => chains.push(self.founded_chain(person, private_kind)?),
            Some(private) if private.kind() == private_kind => {}
            Some(_) => return Err(Error::OtherChain),
        }
        let settings = Settings::new(&link.relay, None, person);
        let spaces: Vec<_> = chains.iter().map(|chain| (chain, &settings)).collect();
        if joining.brings_copy {
            self.replace_spaces(&spaces, None).await?;
        } else {
            self.storage.add_spaces(&spaces).await?;
        }
        fault::point("join:after-accept-stored");
        Ok(())
    }
}

fn is_device_of(keyholder: &Keyholder, person: PersonId) -> bool {
    keyholder.kind == KeyholderKind::Device && keyholder.person == person && keyholder.removed_at.is_none()
}
