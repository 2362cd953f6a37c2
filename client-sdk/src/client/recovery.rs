//! The recovery phrase, made and used; and which keyholders a person has.
//!
//! ```text
//! make_phrase:    intent kept ─► added in both spaces ─► shown
//! confirm_phrase: older phrases removed in both spaces ─► intent ended
//! recover:        intent kept ─► the phrase's token lists the spaces ─► in each, it adds this device ─► spaces kept
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use data_encoding::BASE64;
use entwine_core::id::{KeyholderId, PersonId, SpaceId};
use entwine_core::keyholder::recovery::RecoveryPhrase;
use entwine_core::keyholder::{KeyholderKind, SecretKeys};
use entwine_core::membership::safety_words::SAFETY_WORDS;
use entwine_core::membership::{KeyRing, MembershipChain, SpaceKind, device_safety_words};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::reading::{Shown, TRIES_MAX, bringing, denies, overtaken, read_chain, shows_another, unanswered};
use super::syncing::stopped;
use super::{Client, Settings, SpaceView};
use crate::driver::{Wanted, attempt};
use crate::error::Error;
use crate::status::Reason;
use crate::transport::RelayAddress;
use crate::transport::once::{Relay, RelayError};
use crate::{fault, random};

const PHRASE: &str = "phrase";
const RECOVERING: &str = "recovering";
const TOLD: &str = "told-of-keyholders";

/// A phrase that was added and not confirmed yet.
#[derive(Serialize, Deserialize)]
struct PhraseMade {
    /// The 32 bytes, base64.
    entropy: Zeroizing<String>,
}

/// Kept from before the first request until both spaces are here.
#[derive(Serialize, Deserialize)]
struct Recovering {
    relay: String,
    words: Zeroizing<String>,
}

/// A keyholder, as its person sees it; of the partner's only that it is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyholderView {
    /// Its id.
    pub keyholder: KeyholderId,
    /// Its kind; none for the partner's.
    pub kind: Option<KeyholderKind>,
    /// Whether it is one's own.
    pub is_own: bool,
    /// Whether it is this very device.
    pub is_this: bool,
}

/// An own device or phrase that was added since this device last looked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewKeyholder {
    /// Its id.
    pub keyholder: KeyholderId,
    /// Its kind.
    pub kind: KeyholderKind,
    /// The six words that a new device shows too, to compare.
    pub safety_words: [&'static str; SAFETY_WORDS],
}

impl Client {
    /// Makes a recovery phrase and adds it in both spaces: 24 words, to be written down. Until [`Self::confirm_phrase`] an
    /// older one goes on being good, and calling this again shows the same words.
    ///
    /// # Errors
    /// There is no space, or the relay does not take it.
    pub async fn make_phrase(&self) -> Result<Vec<&'static str>, Error> {
        let made = self.phrase_made().await?;
        if made.is_some() {
            // Another device may have replaced it since.
            self.exchange_all(None, &Mutex::default()).await?;
        }
        let views = self.spaces_to_cover().await?;
        let phrase = match made {
            Some(phrase) if !was_ended(&views, &phrase) => phrase,
            _ => {
                let phrase = RecoveryPhrase::make_random(&mut random::generator());
                let entropy = Zeroizing::new(BASE64.encode(phrase.entropy().as_slice()));
                self.storage.set_intent(PHRASE, &PhraseMade { entropy }).await?;
                fault::point("phrase:after-intent");
                phrase
            }
        };
        let keys = phrase.derive_keys();
        for view in views {
            if view.chain.member(&keys.id()).is_none() {
                let wanted = Wanted { phrase: Some(keys.clone()), ..Wanted::default() };
                let ended = self.exchange(&view, None, wanted).await?;
                self.storage.set_last_exchange(&view.space, &ended).await?;
                if self.storage.chain(&view.space).await?.member(&keys.id()).is_none() {
                    stopped(ended)?;
                }
            }
            fault::point("phrase:after-space");
        }
        self.note_told([keys.id()]).await?;
        Ok(phrase.words())
    }

    /// Says that the words were written down: older phrases end, in both spaces.
    ///
    /// # Errors
    /// No phrase waits for it, another device has made a newer one, or the relay does not answer.
    pub async fn confirm_phrase(&self) -> Result<(), Error> {
        let phrase = self.phrase_made().await?.ok_or(Error::NoPhraseBegun)?;
        self.exchange_all(None, &Mutex::default()).await?;
        let views = self.spaces_to_cover().await?;
        if was_ended(&views, &phrase) {
            self.storage.end_intent(PHRASE).await?;
            return Err(Error::PhraseReplaced);
        }
        let kept = phrase.derive_keys().id();
        for view in views {
            let me = self.person(&view)?;
            let is_older = |id: &KeyholderId| *id != kept;
            let phrases = view.chain.current_of(&me).filter(|k| k.kind == KeyholderKind::RecoveryPhrase);
            let older: Vec<KeyholderId> = phrases.map(|phrase| phrase.id).filter(is_older).collect();
            for id in older {
                let ended = self.remove(&view, id).await?;
                if self.storage.chain(&view.space).await?.member(&id).is_some() {
                    stopped(ended)?;
                }
            }
            fault::point("phrase:after-removal");
        }
        Ok(self.storage.end_intent(PHRASE).await?)
    }

    /// Both spaces. Who is gone from the shared one gets no phrase: the way back leads through it.
    async fn spaces_to_cover(&self) -> Result<Vec<SpaceView>, Error> {
        let views = self.views().await?;
        match views.first().ok_or(Error::NoSpace)?.gone {
            None => Ok(views),
            Some(Reason::Left) => Err(Error::Left),
            Some(_) => Err(Error::Removed),
        }
    }

    async fn phrase_made(&self) -> Result<Option<RecoveryPhrase>, Error> {
        let Some(made) = self.storage.intent::<PhraseMade>(PHRASE).await? else { return Ok(None) };
        let bytes = BASE64.decode(made.entropy.as_bytes()).ok().map(Zeroizing::new);
        Ok(bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes.as_slice()).ok()).map(RecoveryPhrase::from_entropy))
    }

    /// Comes back by a recovery phrase, on a fresh profile: into every space that it opens, with the whole history. After a
    /// cut, calling it again goes on; so does a sync.
    ///
    /// # Errors
    /// This profile has a space, these are no such words, the relay has no space for them, or it does not answer.
    pub async fn recover(&self, relay: &str, words: &str) -> Result<Vec<SpaceId>, Error> {
        let relay = relay.parse::<RelayAddress>()?.to_string();
        let phrase = RecoveryPhrase::parse(words)?;
        let spaces = self.storage.spaces().await?;
        if !spaces.is_empty() && !self.is_recovering().await? {
            return Err(Error::SpaceExists);
        }
        if spaces.is_empty() {
            if self.is_joining().await? {
                return Err(Error::JoiningBegun);
            }
            let words = Zeroizing::new(phrase.words().join(" "));
            self.storage.set_intent(RECOVERING, &Recovering { relay, words }).await?;
            fault::point("recover:after-intent");
            self.resume_recovering().await?;
        }
        self.exchange_all(None, &Mutex::default()).await?;
        self.all_well().await?;
        self.open_arrived().await?;
        self.note_told_of_all().await?;
        Ok(self.storage.spaces().await?.into_iter().map(|line| line.space).collect())
    }

    /// Whether the private space was begun on this very device: after a recovery, that the relay gave none.
    ///
    /// # Errors
    /// There is no space.
    pub async fn private_began_here(&self) -> Result<bool, Error> {
        Ok(self.view(true).await?.chain.keyholders()[0].id == self.keys.id())
    }

    pub(crate) async fn is_recovering(&self) -> Result<bool, Error> {
        Ok(self.storage.intent::<Recovering>(RECOVERING).await?.is_some())
    }

    /// The words are kept no longer than it takes.
    pub(crate) async fn end_recovering(&self) -> Result<(), Error> {
        Ok(self.storage.end_intent(RECOVERING).await?)
    }

    /// Goes on with a recovery that was begun, until its spaces are kept here.
    pub(crate) async fn resume_recovering(&self) -> Result<(), Error> {
        let Some(recovering) = self.storage.intent::<Recovering>(RECOVERING).await? else { return Ok(()) };
        if !self.storage.spaces().await?.is_empty() {
            return Ok(());
        }
        let phrase = RecoveryPhrase::parse(&recovering.words)?.derive_keys();
        let relay = self.relay(&recovering.relay).await?;
        let result = self.come_back(&phrase, &relay, &recovering.relay).await;
        self.keep_clock_offset(&relay).await?;
        if let Err(Error::NothingToRecover | Error::KeysUsed) = result {
            self.storage.end_intent(RECOVERING).await?;
        }
        result
    }

    async fn come_back(&self, phrase: &SecretKeys, relay: &Relay, address: &str) -> Result<(), Error> {
        let named = match attempt(|| relay.spaces(phrase)).await {
            Ok(spaces) => spaces,
            Err(RelayError::Unknown) => return Err(Error::NothingToRecover),
            Err(error) => return Err(unanswered(&error)),
        };
        let mut chains: BTreeMap<SpaceId, MembershipChain> = BTreeMap::new();
        let mut is_any_denied = false;
        for space in named {
            match self.come_back_into(space, phrase, relay).await? {
                Came::Into(chain) => _ = chains.insert(space, *chain),
                Came::NotOffered => {}
                Came::Denied => is_any_denied = true,
            }
            fault::point("recover:after-space");
        }
        // The one that is missing may be the one that was denied: nothing is begun in its place.
        let Some(shared) = chains.values().find(|chain| chain.kind() == SpaceKind::Shared) else {
            return Err(if is_any_denied { denies() } else { Error::NothingToRecover });
        };
        let space = shared.space();
        let person = shared.keyholder(&phrase.id()).map(|phrase| phrase.person).ok_or(Error::NothingToRecover)?;
        let mut kept = vec![shared.clone()];
        let private = chains.values().find(|chain| chain.kind() == SpaceKind::Private { of: space });
        // A private space whose devices and phrases are all lost is lost; the next one begins empty.
        kept.push(match private {
            Some(private) => private.clone(),
            None if is_any_denied => return Err(denies()),
            None => self.founded_chain(person, SpaceKind::Private { of: space })?,
        });
        let settings = Settings::new(address, None, person);
        let spaces: Vec<_> = kept.iter().map(|chain| (chain, &settings)).collect();
        self.storage.add_spaces(&spaces).await?;
        fault::point("recover:after-stored");
        Ok(())
    }

    /// The chain of one space with this device in it.
    async fn come_back_into(&self, space: SpaceId, phrase: &SecretKeys, relay: &Relay) -> Result<Came, Error> {
        for _ in 0..TRIES_MAX {
            let mut chain = match read_chain(&space, phrase, relay).await? {
                Shown::Chain(chain) => chain,
                Shown::Former(_) => return Ok(Came::NotOffered),
                Shown::Nothing => return Ok(Came::Denied),
                // To pass it over would be to do without a space that may be there: the private one, and all that is in it.
                Shown::Another => return Err(shows_another()),
            };
            if chain.member(&phrase.id()).is_none_or(|me| me.kind != KeyholderKind::RecoveryPhrase) {
                return Ok(Came::NotOffered);
            }
            match chain.keyholder(&self.keys.id()) {
                None => {}
                Some(me) if me.removed_at.is_none() => return Ok(Came::Into(Box::new(chain))),
                Some(_) => return Err(Error::KeysUsed),
            }
            let ring = KeyRing::derive(&chain, phrase);
            let record =
                chain.add_device(&mut random::generator(), phrase, &ring, &self.keys).map_err(Error::NotAllowed)?;
            let records = vec![record.bytes().to_vec()];
            let request = bringing(&chain, records);
            match attempt(|| relay.sync(phrase, &space, &request)).await {
                Ok(response) => {
                    chain.append_record(record).map_err(Error::NotAllowed)?;
                    let theirs = response.clock_after(&request.clock);
                    if chain.has_prefix(theirs.chain_len, &theirs.chain_head) {
                        return Ok(Came::Into(Box::new(chain)));
                    }
                }
                Err(RelayError::Unknown | RelayError::Refused(_)) => {}
                Err(error) => return Err(unanswered(&error)),
            }
        }
        Err(overtaken())
    }

    /// All keyholders of both spaces, one's own first.
    ///
    /// # Errors
    /// There is no space.
    pub async fn devices(&self) -> Result<Vec<KeyholderView>, Error> {
        let views = self.views().await?;
        let me = self.me(&views)?;
        let mut found: BTreeMap<KeyholderId, KeyholderView> = BTreeMap::new();
        for keyholder in views.iter().flat_map(|view| view.chain.current()) {
            let is_own = keyholder.person == me;
            found.entry(keyholder.id).or_insert(KeyholderView {
                keyholder: keyholder.id,
                kind: is_own.then_some(keyholder.kind),
                is_own,
                is_this: keyholder.id == self.keys.id(),
            });
        }
        let mut devices: Vec<KeyholderView> = found.into_values().collect();
        devices.sort_by_key(|device| (!device.is_own, !device.is_this, device.keyholder));
        Ok(devices)
    }

    /// Whether every space has a recovery phrase of this person. One that waits for being confirmed here does not count: perhaps
    /// nobody has written it down.
    ///
    /// # Errors
    /// There is no space, or this device is in it no more.
    pub async fn is_covered_by_phrase(&self) -> Result<bool, Error> {
        let views = self.spaces_to_cover().await?;
        let me = self.me(&views)?;
        let made = self.phrase_made().await?.map(|phrase| phrase.derive_keys().id());
        let counts = |id: KeyholderId| Some(id) != made;
        let covers = |view: &SpaceView| {
            view.chain.current_of(&me).any(|k| k.kind == KeyholderKind::RecoveryPhrase && counts(k.id))
        };
        Ok(views.iter().all(covers))
    }

    /// The own devices and phrases that were added since this was last asked, by whichever device: every own device is told of
    /// every addition, once.
    ///
    /// # Errors
    /// The device's own faults.
    pub async fn new_keyholders(&self) -> Result<Vec<NewKeyholder>, Error> {
        let Some(view) = self.views().await?.into_iter().find(|view| !view.is_private) else { return Ok(Vec::new()) };
        let told: BTreeSet<KeyholderId> = self.storage.setting(TOLD).await?.unwrap_or_default();
        let me = self.person(&view)?;
        let mut new = Vec::new();
        for keyholder in own_devices_and_phrases(&view.chain, &me) {
            if !told.contains(&keyholder)
                && keyholder != self.keys.id()
                && let Some(found) = view.chain.keyholder(&keyholder)
                && let Some(safety_words) = device_safety_words(&view.chain, &keyholder)
            {
                new.push(NewKeyholder { keyholder, kind: found.kind, safety_words });
            }
        }
        self.note_told(new.iter().map(|new| new.keyholder)).await?;
        Ok(new)
    }

    /// Whoever holds this device knows of these: it did it itself, or found them when it came.
    async fn note_told(&self, keyholders: impl IntoIterator<Item = KeyholderId>) -> Result<(), Error> {
        let told: BTreeSet<KeyholderId> = self.storage.setting(TOLD).await?.unwrap_or_default();
        let mut known = told.clone();
        known.extend(keyholders);
        if known != told {
            self.storage.set_setting(TOLD, &known).await?;
        }
        Ok(())
    }

    /// The devices and phrases that a new device finds are no news to it.
    pub(crate) async fn note_told_of_all(&self) -> Result<(), Error> {
        let view = self.view(false).await?;
        let me = self.person(&view)?;
        self.note_told(own_devices_and_phrases(&view.chain, &me)).await
    }

    fn me(&self, views: &[SpaceView]) -> Result<PersonId, Error> {
        self.person(views.first().ok_or(Error::NoSpace)?)
    }
}

/// What came of a space that a relay named to a phrase.
enum Came {
    /// Its chain, with this device in it.
    Into(Box<MembershipChain>),
    /// The phrase is not in there, or no more: a relay knows its public keys, and could name any space.
    NotOffered,
    /// The relay does not know what it named itself.
    Denied,
}

/// Whether a phrase was removed from any of these spaces.
fn was_ended(views: &[SpaceView], phrase: &RecoveryPhrase) -> bool {
    let id = phrase.derive_keys().id();
    views.iter().any(|view| view.chain.removal_of(&id).is_some())
}

fn own_devices_and_phrases(chain: &MembershipChain, me: &PersonId) -> impl Iterator<Item = KeyholderId> {
    chain.current_of(me).filter(|keyholder| !keyholder.kind.is_invitation()).map(|keyholder| keyholder.id)
}
