//! What can go wrong, in the words of whoever holds the phone: what happened, and what to do.

use std::path::PathBuf;

use entwine_core::document::{DocumentError, LimitExceeded, ParseChoiceError};
use entwine_core::keyholder::invitation::{InvitationKind, LinkError};
use entwine_core::keyholder::recovery::PhraseError;
use entwine_core::membership::ChainError;
use entwine_core::practice::refusal::Refusal;
use entwine_core::practice::ritual::{ParseTimeOfDayError, RecurrenceError, ScheduleError};

use crate::keystore::KeyStoreError;
use crate::status::Reason;
use crate::storage::StorageError;
use crate::transport::{AddressError, CertificateError};

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no profile in this folder.
    #[error("there is no profile in {0}: make one with `init`")]
    NoProfile(PathBuf),
    /// There is a profile in this folder.
    #[error("there is a profile in {0} already")]
    ProfileExists(PathBuf),
    /// The profile's folder cannot be used.
    #[error("the profile's folder cannot be used: {0}")]
    Folder(PathBuf, #[source] std::io::Error),
    /// The key store failed.
    #[error(transparent)]
    KeyStore(#[from] KeyStoreError),
    /// The device's own database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The relay's address is not taken.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The file of certificate authorities is not taken.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The HTTP client could not be set up.
    #[error("the network could not be set up")]
    Network(#[source] reqwest::Error),
    /// The profile has no space yet.
    #[error("there is no space yet: make one with `create`, or `join` one by a link")]
    NoSpace,
    /// The profile has a space.
    #[error("this profile has a space already: use another profile for another one")]
    SpaceExists,
    /// A joining or a recovery was begun in this profile.
    #[error(
        "this profile has begun to join a space or to come back into one: finish that with `sync`, or use another profile"
    )]
    JoiningBegun,
    /// Nobody has joined yet.
    #[error("nobody has joined yet: send a link made by `invite`")]
    NoPartner,
    /// Text that is no invitation link.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The link is of the other kind.
    #[error("this link is for {}, and {} was expected: ask for the right one", whom(*.found), whom(*.expected))]
    WrongKind {
        /// What was asked for.
        expected: InvitationKind,
        /// What the link is.
        found: InvitationKind,
    },
    /// Another device has taken the invitation up.
    #[error("this invitation was used already: ask for a new one")]
    InvitationUsed,
    /// The inviter ended the invitation.
    #[error("this invitation was ended by whoever made it: ask for a new one")]
    InvitationEnded,
    /// The invitation's hour is over.
    #[error("this invitation has expired: ask for a new one")]
    InvitationExpired,
    /// The relay does not know the invitation.
    #[error(
        "the relay does not know this invitation: it was ended, or the relay lost it. Let whoever made it sync, or ask for a \
         new one"
    )]
    InvitationUnknown,
    /// The keys of this profile have been in the space before.
    #[error(
        "the keys of this profile have been in this space before, and no keys are let in twice: make a profile in another folder, \
         and join with that one"
    )]
    KeysUsed,
    /// The relay shows another chain than the inviter's.
    #[error("the relay shows another space than the one that the link names: do not go on with this relay")]
    OtherChain,
    /// Words that are no recovery phrase.
    #[error(transparent)]
    Phrase(#[from] PhraseError),
    /// The relay knows no space that this phrase opens.
    #[error("this relay has no space that these words open: check the address and the words")]
    NothingToRecover,
    /// No phrase waits for being confirmed.
    #[error("no recovery phrase waits for being confirmed here")]
    NoPhraseBegun,
    /// A phrase ended before it was confirmed.
    #[error(
        "another device of yours has made or removed a recovery phrase meanwhile, and these words are not good: make others with \
         `phrase`"
    )]
    PhraseReplaced,
    /// This person left the shared space.
    #[error("you left this space: what is there can be read, and nothing more is written")]
    Left,
    /// This device was removed.
    #[error("this device was removed from the space: what it has can be read, and nothing more is written")]
    Removed,
    /// A device does not remove itself.
    #[error("this is the device in your hands: remove it from another one, or `leave` the space with all of yours")]
    RemovingItself,
    /// Only one's own keyholders can be removed.
    #[error("there is no device or phrase of yours with this id: `devices` lists them")]
    NotOwn,
    /// There is no such open invitation.
    #[error("there is no open invitation with this id: `invitations` lists them")]
    NoSuchInvitation,
    /// The membership rules do not allow it.
    #[error(transparent)]
    NotAllowed(ChainError),
    /// The exchange with the relay did not come to its end.
    #[error("{detail} ({remedy})")]
    Stopped {
        /// The one reason.
        reason: Reason,
        /// What was seen.
        detail: String,
        /// What to do.
        remedy: &'static str,
    },
    /// There is nothing with this id.
    #[error("there is no {what} with the id {id}: `list` shows the ids")]
    NotFound {
        /// What was looked for.
        what: &'static str,
        /// The id.
        id: String,
    },
    /// There is nothing with this id that can be changed: the relay refused it twice, so that only this device has it.
    #[error(
        "there is no {what} with the id {id} that can be changed: what the relay refused twice stays on this device as it is. Write \
         it anew, in smaller pieces"
    )]
    Stays {
        /// What was looked for.
        what: &'static str,
        /// The id.
        id: String,
    },
    /// The text does not contain what was to be replaced.
    #[error("the text does not contain these words: read it first")]
    TextNotFound,
    /// A document cannot be read or written.
    #[error(transparent)]
    Document(Box<DocumentError>),
    /// What says when a ritual is due is not taken: a rule, a day, a zone, a pause.
    #[error(transparent)]
    Recurrence(#[from] ScheduleError),
    /// An hour is not taken.
    #[error(transparent)]
    TimeOfDay(#[from] ParseTimeOfDayError),
    /// Something is too long.
    #[error(transparent)]
    Limit(#[from] LimitExceeded),
    /// A practice does not take something.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A person needs a name.
    #[error("a name has at least one letter")]
    EmptyName,
}

/// Boxed: it is by far the largest, and every result here has room for an error.
impl From<DocumentError> for Error {
    fn from(error: DocumentError) -> Self {
        Self::Document(Box::new(error))
    }
}

impl From<RecurrenceError> for Error {
    fn from(error: RecurrenceError) -> Self {
        ScheduleError::from(error).into()
    }
}

impl From<ParseChoiceError> for Error {
    fn from(error: ParseChoiceError) -> Self {
        Refusal::from(error).into()
    }
}

fn whom(kind: InvitationKind) -> &'static str {
    match kind {
        InvitationKind::Partner => "a partner",
        InvitationKind::Device => "a person's own next device",
    }
}
