//! How safe is what I wrote? On this device at once, then on the relay, then with the partner. All of it is read from the
//! database, so that it holds after a restart, whichever program did what.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use entwine_core::id::{KeyholderId, SpaceId};
use serde::{Serialize, Serializer};
use tokio::time::{Instant, timeout_at};

use super::{Client, SpaceView};
use crate::error::Error;
use crate::storage::Reached;

/// How far something written here has come. Each level is more than the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Durability {
    /// On this device, on its disk. So it is from the moment when the writing returned.
    Local,
    /// The relay was seen to hold it, on its disk.
    Relay,
    /// A device of the partner held it when it wrote something itself. This has no time and names no device, and it may never
    /// come: somebody who only reads never says so. What is private never comes so far.
    Partner,
}

/// Everything that this device had written in a space by a moment, but what the relay set aside for good: that the status counts
/// ([`SyncStatus::set_aside`](crate::SyncStatus::set_aside)), and nothing waits for it. It can be kept, as text, beyond a restart, but not beside the
/// profile: a profile that is restored from a backup made before that moment knows nothing of it, and counts on from there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Written {
    space: SpaceId,
    /// The number of the last change.
    until: u64,
}

/// Text that names nothing written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this names nothing that was written")]
pub struct ParseWrittenError;

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.space, self.until)
    }
}

impl FromStr for Written {
    type Err = ParseWrittenError;

    fn from_str(text: &str) -> Result<Self, ParseWrittenError> {
        let (space, until) = text.split_once(':').ok_or(ParseWrittenError)?;
        let space = space.parse().map_err(|_| ParseWrittenError)?;
        Ok(Self { space, until: until.parse().map_err(|_| ParseWrittenError)? })
    }
}

impl Serialize for Written {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Client {
    /// Everything that was written on this device until now, in the shared or the private space: a mark to ask about later.
    ///
    /// # Errors
    /// There is no space.
    pub async fn written(&self, private: bool) -> Result<Written, Error> {
        let view = self.view(private).await?;
        Ok(Written { space: view.space, until: self.reached_in(&view).await?.local })
    }

    /// How far all of this has come. Never contacts the relay.
    ///
    /// # Errors
    /// The device's own faults, or a space that this profile does not know.
    pub async fn durability(&self, written: &Written) -> Result<Durability, Error> {
        // What the partner said may have come, and nobody has looked into it yet.
        self.open_arrived().await?;
        let mut views = self.views().await?.into_iter().chain(self.archive().await?);
        let view = views.find(|view| view.space == written.space).ok_or(Error::NoSpace)?;
        let reached = self.reached_in(&view).await?;
        Ok(if reached.partner >= written.until {
            Durability::Partner
        } else if reached.relay >= written.until {
            Durability::Relay
        } else {
            Durability::Local
        })
    }

    /// Waits until all of this has come so far, at most until the deadline: how far it has come then. It exchanges nothing by
    /// itself: that is done by [`Self::watch`] or [`Self::sync_once`], in this or another process.
    ///
    /// # Errors
    /// As [`Self::durability`].
    pub async fn reached(
        &self,
        written: &Written,
        wanted: Durability,
        deadline: Duration,
    ) -> Result<Durability, Error> {
        // What is further away than a clock can count is no deadline.
        let end = Instant::now().checked_add(deadline);
        let mut notice = self.storage.notice().await?;
        loop {
            let durability = self.durability(written).await?;
            if durability >= wanted {
                return Ok(durability);
            }
            match end {
                None => notice.changed().await?,
                Some(end) => match timeout_at(end, notice.changed()).await {
                    Ok(changed) => changed?,
                    Err(_) => return Ok(durability),
                },
            }
        }
    }

    /// How far what this device wrote in a space has come.
    pub(super) async fn reached_in(&self, view: &SpaceView) -> Result<Reached, Error> {
        let me = self.person(view)?;
        let partners = view.chain.keyholders().iter().filter(|keyholder| keyholder.person != me);
        let partners: BTreeSet<KeyholderId> = partners.map(|keyholder| keyholder.id).collect();
        Ok(self.storage.reached(&view.space, &self.keyholder(), &partners).await?)
    }
}

impl Written {
    pub(super) fn new(space: SpaceId, until: u64) -> Self {
        Self { space, until }
    }

    pub(super) fn is_of_same_space(&self, other: &Self) -> bool {
        self.space == other.space
    }
}
