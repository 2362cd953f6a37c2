//! Is everything where it should be? One answer, and if not, exactly one reason and what to do.

use entwine_core::id::SpaceId;
use serde::{Deserialize, Serialize, Serializer};

/// Why a device is not in sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// There is no space yet.
    NoSpace,
    /// Something was written since the last exchange, or there was none yet.
    NotSent,
    /// The relay did not answer, or not with a message.
    Offline,
    /// The relay said no.
    Refused,
    /// The relay does not know the space and wants a registration token.
    RegistrationNeeded,
    /// This device was removed.
    Removed,
    /// This device left.
    Left,
    /// Something came that opens only with a key that is not here yet.
    KeyMissing,
    /// The relay does not hold what it once had, and does not take it.
    RelayBehind,
    /// The relay follows another branch of the membership chain.
    ChainsDiffer,
    /// This device's disk is full.
    DiskFull,
    /// The space uses what this version does not know.
    AppTooOld,
    /// The space uses what this version does not do yet. Nothing does at the moment: the name is kept for what comes.
    NotSupportedYet,
}

impl Reason {
    /// What to do about it.
    #[must_use]
    pub fn remedy(self) -> &'static str {
        match self {
            Self::NoSpace => "make a space with `create`, or `join` one by a link",
            Self::NotSent => "sync, with the relay in reach",
            Self::Offline => "check the network and whether the relay runs, then sync again; everything is kept here",
            Self::Refused => "read what the relay says; nothing is lost here",
            Self::RegistrationNeeded => {
                "the relay does not know this space: give a registration token of that relay with `sync --token`"
            }
            Self::Removed => "this device reads on what it has; to write again, be invited anew",
            Self::Left => {
                "this device reads on what it has; to write again, found anew with `found-anew`, or join who has done so by \
                 `join LINK --bring-copy`"
            }
            Self::KeyMissing => "let a phone of yours or your partner's sync: the key comes from there",
            Self::ChainsDiffer => {
                "the relay was set back, and on both sides somebody came or went since: nothing is lost here and nothing more is \
                 sent there. Found anew with `found-anew`, and let your partner `join LINK --bring-copy`"
            }
            Self::RelayBehind => {
                "let all phones of both of you sync: whichever holds it brings it; if it stays so, ask whoever runs the relay \
                 whether it was set back or copied"
            }
            Self::DiskFull => "make room on this device: nothing is lost, and it goes on by itself",
            Self::AppTooOld => "update this app",
            Self::NotSupportedYet => "this version does not do that yet; nothing is lost here",
        }
    }
}

/// How the last exchange of one space ended; kept beside the space.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ended {
    pub(crate) reason: Option<Reason>,
    pub(crate) detail: Option<String>,
    pub(crate) waiting_down: u64,
}

impl Ended {
    pub(crate) fn well() -> Self {
        Self { reason: None, detail: None, waiting_down: 0 }
    }

    pub(crate) fn because(reason: Reason, detail: impl Into<String>) -> Self {
        Self { reason: Some(reason), detail: Some(detail.into()), waiting_down: 0 }
    }
}

/// Where a device stands, over its shared and its private space.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SyncStatus {
    /// The shared space.
    #[serde(serialize_with = "space_or_null")]
    pub space: Option<SpaceId>,
    /// The last exchange found the relay's clock equal to this device's, nothing was written since, and everything that was looked
    /// at opened.
    pub in_sync: bool,
    /// Why not; none when in sync.
    pub reason: Option<Reason>,
    /// What to do about it, and what was seen.
    pub remedy: Option<String>,
    /// Changes that no entry carries yet, and entries that the relay was not seen to hold.
    pub waiting_up: u64,
    /// Entries that the relay holds and this device does not.
    pub waiting_down: u64,
    /// Entries that cannot be opened.
    pub set_aside: u64,
}

fn space_or_null<S: Serializer>(space: &Option<SpaceId>, serializer: S) -> Result<S::Ok, S::Error> {
    space.map(|space| space.to_string()).serialize(serializer)
}
