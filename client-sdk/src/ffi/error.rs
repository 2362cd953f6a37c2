//! What should an app do when a call fails? Eight answers; the text says what happened, in words for people.

use std::error::Error as _;

use entwine_core::practice::refusal::Refusal;

use crate::error::Error;
use crate::keystore::KeyStoreError;
use crate::status::Reason;
use crate::storage::StorageError;

/// Why something was not done, named by what to do. Nothing that was reported as done is lost by any of them.
#[derive(Debug, thiserror::Error, uniffi::Error)]
#[uniffi(flat_error)]
pub enum EntwineError {
    /// Nothing is wrong with the question: ask again later. The relay is out of reach, say, or the phone's keys are locked.
    #[error("{0}")]
    TryLater(String),
    /// What was given is not taken: show the text beside the field, and let it be changed.
    #[error("{0}")]
    FixInput(String),
    /// This invitation lets nobody in any more: ask whoever made it for another one.
    #[error("{0}")]
    AskForLink(String),
    /// The client is in another state than the call expects, such as one without a space, or closed: read the status, and show
    /// the screen that fits it.
    #[error("{0}")]
    RefreshState(String),
    /// This device was removed, or its person left: show what is there, and offer nothing that writes.
    #[error("{0}")]
    ShowReadOnly(String),
    /// The disk is full: let the user make room. Nothing was written.
    #[error("{0}")]
    MakeRoom(String),
    /// The space uses what this version does not know: ask for an update of the app.
    #[error("{0}")]
    UpdateApp(String),
    /// What is on this device cannot be opened: make another profile, and come back in by a link from another device or by the
    /// recovery phrase.
    #[error("{0}")]
    Recover(String),
}

impl From<Error> for EntwineError {
    fn from(error: Error) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            text += ": ";
            text += &cause.to_string();
            source = cause.source();
        }
        match &error {
            Error::KeyStore(KeyStoreError::Failed(_))
            | Error::Storage(StorageError::Busy | StorageError::Fault(_))
            | Error::Network(_)
            | Error::Folder(..) => Self::TryLater(text),
            Error::KeyStore(KeyStoreError::Missing | KeyStoreError::Damaged)
            | Error::Storage(StorageError::Damaged(_)) => Self::Recover(text),
            Error::Storage(StorageError::DiskFull) => Self::MakeRoom(text),
            Error::Storage(StorageError::Closed)
            | Error::NoProfile(_)
            | Error::ProfileExists(_)
            | Error::NoSpace
            | Error::SpaceExists
            | Error::JoiningBegun
            | Error::NoPartner
            | Error::NoPhraseBegun
            | Error::PhraseReplaced
            | Error::KeysUsed
            | Error::Stays { .. }
            | Error::Refused(Refusal::NotYours(_) | Refusal::ForTheOther(_) | Refusal::State { .. })
            | Error::NotAllowed(_) => Self::RefreshState(text),
            Error::InvitationUsed | Error::InvitationEnded | Error::InvitationExpired | Error::InvitationUnknown => {
                Self::AskForLink(text)
            }
            Error::Left | Error::Removed => Self::ShowReadOnly(text),
            Error::Address(_)
            | Error::Certificate(_)
            | Error::Link(_)
            | Error::WrongKind { .. }
            | Error::OtherChain
            | Error::Phrase(_)
            | Error::NothingToRecover
            | Error::RemovingItself
            | Error::NotOwn
            | Error::NoSuchInvitation
            | Error::NotFound { .. }
            | Error::TextNotFound
            | Error::Document(_)
            | Error::Recurrence(_)
            | Error::TimeOfDay(_)
            | Error::Limit(_)
            | Error::Refused(_)
            | Error::EmptyName => Self::FixInput(text),
            Error::Stopped { reason, .. } => match reason {
                Reason::RegistrationNeeded => Self::FixInput(text),
                Reason::Removed | Reason::Left => Self::ShowReadOnly(text),
                Reason::DiskFull => Self::MakeRoom(text),
                Reason::AppTooOld | Reason::NotSupportedYet => Self::UpdateApp(text),
                Reason::NoSpace | Reason::ChainsDiffer => Self::RefreshState(text),
                Reason::NotSent | Reason::Offline | Reason::Refused | Reason::KeyMissing | Reason::RelayBehind => {
                    Self::TryLater(text)
                }
            },
        }
    }
}

impl EntwineError {
    /// That nothing has this id. What is no id at all is an id that nothing has.
    pub(super) fn unknown(what: &'static str, id: &str) -> Self {
        Error::NotFound { what, id: id.to_owned() }.into()
    }
}
