//! What does the relay keep, and in which steps does it change?
//!
//! [`Store`] is the whole interface: routes know nothing of tables. Recipe for an implementation: every method that changes
//! something is one transaction, and returns only after that is durable; every method that reads sees one moment; nothing
//! looks at two spaces at once. The suite in `conformance` says the rest, and every implementation passes it.

#[cfg(test)]
mod conformance;
pub mod sqlite;

use entwine_core::feed::{StoredEntry, Tip};
use entwine_core::id::{Hash, KeyholderId, PersonId, SpaceId};
use entwine_core::keyholder::{KeyholderKind, PublicKeys};
use entwine_core::membership::SpaceKind;
use entwine_core::registration::{RegistrationToken, TokenDigest};
use entwine_core::sync::{ChainMark, Point, Range};
use entwine_core::time::Timestamp;
use futures_util::future::BoxFuture;

/// A fault of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Others hold the database, or wait in too long a line: trying again later helps.
    #[error("the store is busy")]
    Busy,
    /// The store takes no writes any more: it is closed, or a commit failed.
    #[error("the store takes no writes")]
    Unavailable,
    /// The disk is full: nothing was written, and a write is taken again once there is room.
    #[error("the disk is full")]
    Full,
    /// The database failed.
    #[error("the database failed")]
    Fault(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The database holds what this software never writes.
    #[error("the database is damaged: {0}")]
    Damaged(&'static str),
}

/// What comes of a call.
pub type Stored<'s, T> = BoxFuture<'s, Result<T, StoreError>>;

/// A space at one moment, without its entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpaceState {
    /// Where the membership chain stands.
    pub mark: ChainMark,
    /// The chain, as received; none where it still stands where the caller knows it to.
    pub records: Option<Vec<Vec<u8>>>,
    /// Entries that no other follows: (feed, tip), in this order.
    pub tips: Vec<(KeyholderId, Tip)>,
    /// Bytes of all records and entries.
    pub bytes: u64,
}

/// One record, as received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRecord {
    /// Hash over the bytes.
    pub hash: Hash,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// What a chain says about a keyholder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyholderLine {
    /// Its public keys, from which its id follows.
    pub keys: PublicKeys,
    /// What it is.
    pub kind: KeyholderKind,
    /// Whose it is.
    pub person: PersonId,
    /// Index of the record that added it.
    pub added_at: u32,
    /// Index of the record that removed it.
    pub removed_at: Option<u32>,
}

/// What to add to a space.
#[derive(Debug, Clone)]
pub struct Append {
    /// The space.
    pub space: SpaceId,
    /// The chain that the caller saw: nothing is added to any other.
    pub seen: ChainMark,
    /// How many of them stand. Where that is not all, another branch of the chain takes over: the others go, with whatever they
    /// said about keyholders, and entries bound to them lose their place, together with those that follow.
    pub kept: u32,
    /// Records that follow the kept ones.
    pub records: Vec<NewRecord>,
    /// Keyholders that these records add or remove, as they are afterwards; all that there are, where a branch takes over.
    pub keyholders: Vec<KeyholderLine>,
    /// Entries, parents before children, all with a place. Known ones are passed over.
    pub entries: Vec<StoredEntry>,
    /// Feeds that end at a cut: what can be neither one of its tips nor before one leaves the feed.
    pub cuts: Vec<(KeyholderId, Vec<Tip>)>,
    /// The relay's time.
    pub now: Timestamp,
}

/// What came of an [`Append`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Appended {
    /// The chain is another by now: load it and judge again. Nothing was added.
    Moved,
    /// Everything is durable.
    Done {
        /// All tips of the space, in the order of [`SpaceState::tips`].
        tips: Vec<(KeyholderId, Tip)>,
    },
}

/// Why somebody may create a space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// The operator lets everybody, or knows the token that was proved.
    Free,
    /// By the registration token of this id, which must still stand.
    Token(String),
    /// As a current device of the shared space, for the first private space of that device's person there.
    MemberOf {
        /// The shared space.
        shared: SpaceId,
        /// The device.
        device: KeyholderId,
    },
}

/// A space to be created.
#[derive(Debug, Clone)]
pub struct NewSpace {
    /// Its id.
    pub space: SpaceId,
    /// Shared, or private beside a shared one.
    pub kind: SpaceKind,
    /// Who founds it.
    pub founder: PersonId,
    /// The whole chain.
    pub records: Vec<NewRecord>,
    /// All keyholders that the chain names.
    pub keyholders: Vec<KeyholderLine>,
    /// Why it may be created.
    pub admission: Admission,
    /// The relay's time.
    pub now: Timestamp,
}

/// What came of creating a space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Created {
    /// It is durable.
    Done,
    /// It is there already, and was left as it is.
    Exists,
    /// The admission does not stand.
    NotAdmitted,
}

/// A space as one keyholder finds it in the list of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpaceLine {
    /// The space.
    pub space: SpaceId,
    /// Whether it is one person's own, beside a shared one.
    pub is_private: bool,
}

/// A registration token, as the operator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenLine {
    /// Names it; says nothing about the token.
    pub id: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was first used.
    pub used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// Everything that the relay keeps.
pub trait Store: Send + Sync {
    /// A space, if it is known here. Its records are left out where its chain stands at `known`.
    fn load(&self, space: SpaceId, known: Option<ChainMark>) -> Stored<'_, Option<SpaceState>>;

    /// The entries at these points, in the same order; none where nothing is, or where the first bytes of a hash do not tell.
    fn locate(&self, space: SpaceId, points: Vec<Point>) -> Stored<'_, Vec<Option<Tip>>>;

    /// The entries of these ranges, in their order, each feed by seq and hash, so that parents come before children; about
    /// `budget` bytes of them, one at least, and no more than one message takes. True where more follow.
    fn read(&self, space: SpaceId, ranges: Vec<Range>, budget: usize) -> Stored<'_, (Vec<StoredEntry>, bool)>;

    /// The spaces in which this keyholder is one now.
    fn spaces_of(&self, keyholder: KeyholderId) -> Stored<'_, Vec<SpaceLine>>;

    /// The spaces to which this invitation admitted this keyholder.
    fn admitted_by(&self, invitation: KeyholderId, keyholder: KeyholderId) -> Stored<'_, Vec<SpaceId>>;

    /// The public keys of a keyholder of any space, removed or not.
    fn keys_of(&self, keyholder: KeyholderId) -> Stored<'_, Option<PublicKeys>>;

    /// Creates a space.
    fn create(&self, new: NewSpace) -> Stored<'_, Created>;

    /// Adds to a space.
    fn append(&self, append: Append) -> Stored<'_, Appended>;

    /// The tokens that stand: (id, digest).
    fn standing_tokens(&self) -> Stored<'_, Vec<(String, TokenDigest)>>;

    /// All tokens, oldest first.
    fn tokens(&self) -> Stored<'_, Vec<TokenLine>>;

    /// Keeps a token, its text too (until it is first used) where `keep_text` says so: its id.
    fn add_token(&self, token: RegistrationToken, keep_text: bool, now: Timestamp) -> Stored<'_, String>;

    /// Ends a token: whether there was one of this id that stood.
    fn revoke_token(&self, id: String, now: Timestamp) -> Stored<'_, bool>;

    /// A token that stands, was never used, and whose text was kept.
    fn unused_token(&self) -> Stored<'_, Option<RegistrationToken>>;

    /// Whether writes are taken.
    fn is_writable(&self) -> bool;

    /// Finishes what was accepted, and takes no further writes.
    fn close(&self) -> BoxFuture<'_, ()>;
}
