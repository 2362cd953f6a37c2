//! What does a couple write into? Documents that merge by themselves, whoever wrote what while apart.
//!
//! ```text
//! practice ──CollectionMut──► Document ──take_changes──► stored, sealed, sent
//!    ▲                           ▲
//!    └────────Collection─────────┴────────apply───────── received, verified, opened
//! ```
//!
//! A space has one document `home` and one chapter a month. All that a document holds are entities, under `<kind>/<key>` in its
//! root. This is the only room that names automerge; what practices need of it stands in the list of `pub use` below.
//!
//! Rules that every merge here keeps:
//! - Words that were typed stay: texts are spliced, items of lists are inserted.
//! - Of a choice made differently apart, one wins everywhere and the other stays readable, until somebody chooses again.
//! - Deleting removes no key. It notes how many edits it saw; an edit that it did not see brings the thing back.
//! - Nothing depends on a clock: times are shown and sorted by, and decide nothing.

mod actor;
mod chapter;
mod choice;
mod collection;
mod difference;
mod entity;
mod field;
mod fields;
mod list;
mod received;
mod set;
mod text;

use core::fmt;

use automerge::transaction::{CommitOptions, Transactable as _};
use automerge::{AutoCommit, AutomergeError, ChangeHash, TextEncoding};

pub use actor::ActorId;
pub use autosurgeon::{Hydrate, Reconcile};
pub use chapter::{DocumentName, ParseDocumentNameError};
pub(crate) use choice::choices;
pub use choice::{Choice, ParseChoiceError};
pub use collection::{Collection, CollectionMut};
pub use entity::{Entity, EntityEvent, EntityField, EntityId, LimitExceeded, Listing, ParseEntityIdError, Stored};
pub use field::Field;
pub use list::List;
pub use set::TextSet;
pub use text::Text;

use crate::limits::CHANGE_BYTES_MAX;

/// How positions in texts are counted. It is said wherever a document begins, because automerge's own choice depends on how it
/// was built.
const TEXT_ENCODING: TextEncoding = TextEncoding::UnicodeCodePoint;

/// Why a document was not changed or not read. After an error it is as it was before.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// The saved bytes are no document.
    #[error("the saved document does not load")]
    Unloadable(#[source] AutomergeError),
    /// A received change is not one.
    #[error("change {index} of the batch does not decode")]
    Undecodable {
        /// Its place in the batch.
        index: usize,
    },
    /// A received change has the number of another one by the same actor.
    #[error("actor {actor} made two different changes with number {seq}")]
    ActorReused {
        /// The actor, in hexadecimal.
        actor: String,
        /// The number.
        seq: u64,
    },
    /// Received changes decode, and yet do not apply, or make a document that could not be saved: their phone is broken or
    /// evil.
    #[error("the batch of changes does not apply")]
    Inapplicable(#[source] AutomergeError),
    /// An edit too big to be sent. Several smaller ones can do the same.
    #[error("the edit makes a change of {bytes} bytes; at most {CHANGE_BYTES_MAX} can be sent")]
    ChangeTooLarge {
        /// The size it would have.
        bytes: usize,
    },
    /// More was given than is taken.
    #[error(transparent)]
    Limit(#[from] LimitExceeded),
    /// There is nothing under this key.
    #[error("there is no {kind} {id}")]
    NotFound {
        /// [`Entity::KIND`].
        kind: &'static str,
        /// The key.
        id: EntityId,
    },
    /// There is something under this key already.
    #[error("there is a {kind} {id} already")]
    Exists {
        /// [`Entity::KIND`].
        kind: &'static str,
        /// The key.
        id: EntityId,
    },
    /// What lies under this key is not as this version expects it.
    #[error("the {kind} {id} is damaged")]
    Damaged {
        /// [`Entity::KIND`].
        kind: &'static str,
        /// The key.
        id: EntityId,
    },
    /// The state of the document that an edit begins with is not known here.
    #[error("the edit begins with a state of the document that is not known here")]
    UnknownHeads,
    /// automerge did not take an edit. The types of this module should leave it no reason to.
    #[error("the edit was not taken")]
    Refused(#[source] Box<dyn core::error::Error + Send + Sync>),
}

/// Which state of a document somebody has seen: the hashes of its last changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heads(Vec<ChangeHash>);

impl Heads {
    /// The bytes: 32 for each hash.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|hash| hash.0).collect()
    }

    /// The state of a document in which nothing was written yet.
    #[must_use]
    pub fn of_nothing() -> Self {
        Self(Vec::new())
    }

    /// From [`Heads::to_bytes`]. None if these are not bytes of hashes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (hashes, rest) = bytes.as_chunks::<32>();
        rest.is_empty().then(|| Self(hashes.iter().copied().map(ChangeHash).collect()))
    }
}

/// One document, open.
pub struct Document {
    automerge: AutoCommit,
    /// Changes made here and not taken yet.
    made: Vec<Vec<u8>>,
    /// Changes that automerge keeps until what they follow arrives, and that are saved with the document.
    waiting: received::Waiting,
}

impl Document {
    /// An empty document.
    #[must_use]
    pub fn new(actor: ActorId) -> Self {
        let mut automerge = AutoCommit::new_with_encoding(TEXT_ENCODING);
        automerge.set_actor(automerge_actor(actor));
        Self { automerge, made: Vec::new(), waiting: received::Waiting::new() }
    }

    /// Opens what [`Document::save`] saved.
    ///
    /// # Errors
    /// The bytes are no document.
    pub fn load(saved: &[u8], actor: ActorId) -> Result<Self, DocumentError> {
        let (mut automerge, waiting) = received::load(saved, TEXT_ENCODING)?;
        automerge.set_actor(automerge_actor(actor));
        Ok(Self { automerge, made: Vec::new(), waiting })
    }

    /// The whole document, the changes that wait included. Changes made here are in it whether they were taken or not.
    pub fn save(&mut self) -> Vec<u8> {
        self.automerge.save()
    }

    /// Makes the changes to come those of this actor.
    pub fn set_actor(&mut self, actor: ActorId) {
        self.automerge.set_actor(automerge_actor(actor));
    }

    /// Takes received changes, in any order; known ones do no harm. Those that follow what is not here yet are kept until it
    /// arrives. Returns what changed, each entity once. Each call that brings something copies the document once, so hand over many changes at a
    /// time, and one entry's at a time only where that was refused.
    ///
    /// # Errors
    /// The batch was refused as a whole: a change does not decode or does not apply, or an actor made two changes with the same
    /// number.
    pub fn apply(&mut self, changes: &[Vec<u8>]) -> Result<Vec<EntityEvent>, DocumentError> {
        let batch = received::decode(changes)?;
        let events = received::apply(&mut self.automerge, &mut self.waiting, batch)?;
        Ok(events.into_iter().collect())
    }

    /// The bytes of the changes made here since the document was begun or loaded, or since they were last taken; oldest first.
    /// None is larger than [`CHANGE_BYTES_MAX`].
    pub fn take_changes(&mut self) -> Vec<Vec<u8>> {
        core::mem::take(&mut self.made)
    }

    /// The bytes of all changes, each after those that it follows: what a copy into another space is made of. Copies that several
    /// devices make merge without doubles, since changes are named by their content.
    pub fn all_changes(&mut self) -> Vec<Vec<u8>> {
        self.automerge.get_changes(&[]).iter().map(|change| change.raw_bytes().to_vec()).collect()
    }

    /// How many changes wait for others that they follow.
    #[must_use]
    pub fn waits(&self) -> usize {
        self.waiting.len()
    }

    /// The state of the document now: what an editor that opens a text has to remember.
    #[must_use]
    pub fn heads(&self) -> Heads {
        Heads(self.automerge.base_heads())
    }

    /// The entities that were written since this state, each once. None where that state is not known here.
    pub fn changed_since(&mut self, heads: &Heads) -> Option<Vec<EntityEvent>> {
        if !self.knows(heads) {
            return None;
        }
        let changes = self.automerge.get_changes(&heads.0);
        let touched = received::touched_by(&self.automerge, &changes).ok()?;
        Some(touched.into_iter().collect())
    }

    /// The entities of one kind, for reading.
    #[must_use]
    pub fn collection<T: Entity>(&self) -> Collection<'_, T> {
        Collection::new(&self.automerge)
    }

    /// The entities of one kind, for writing.
    pub fn collection_mut<T: Entity>(&mut self) -> CollectionMut<'_, T> {
        CollectionMut::new(self)
    }

    /// Makes one change, or none if the edit writes nothing. Returns whether it made one.
    fn write(
        &mut self,
        edit: impl FnOnce(&mut AutoCommit) -> Result<(), DocumentError>,
    ) -> Result<bool, DocumentError> {
        // How large a change is shows only when it is made, and nothing takes it back then: so keep the document before it.
        let before = self.automerge.clone();
        match edit(&mut self.automerge).and_then(|()| commit(&mut self.automerge)) {
            Ok(change) => {
                let written = change.is_some();
                self.made.extend(change);
                Ok(written)
            }
            Err(error) => {
                self.automerge = before;
                Err(error)
            }
        }
    }

    fn knows(&mut self, heads: &Heads) -> bool {
        heads.0.iter().all(|hash| self.automerge.get_change_meta_by_hash(hash).is_some())
    }
}

/// Shows nothing that anyone wrote.
impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document").field("made", &self.made.len()).field("waiting", &self.waiting.len()).finish()
    }
}

fn automerge_actor(actor: ActorId) -> automerge::ActorId {
    automerge::ActorId::from(actor.as_bytes())
}

/// Makes what was edited one change. Its time stays 0: who wrote when stands in the entities, and in the entry that carries it.
fn commit(automerge: &mut AutoCommit) -> Result<Option<Vec<u8>>, DocumentError> {
    let hash =
        if automerge.pending_ops() == 0 { None } else { automerge.commit_with(CommitOptions::default().with_time(0)) };
    automerge.integrate();
    let Some(hash) = hash else { return Ok(None) };
    let change = automerge.get_change_by_hash(&hash).expect("it was made on the line above");
    let bytes = change.raw_bytes().to_vec();
    if bytes.len() > CHANGE_BYTES_MAX {
        return Err(DocumentError::ChangeTooLarge { bytes: bytes.len() });
    }
    Ok(Some(bytes))
}

#[cfg(test)]
pub(crate) mod conformance;
#[cfg(test)]
mod properties;
#[cfg(test)]
pub(crate) mod tests;
