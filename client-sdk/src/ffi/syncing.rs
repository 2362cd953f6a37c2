//! Is everything where it should be, and how safe is what was written?

use std::sync::Arc;
use std::time::Duration;

use super::call::{Cancellation, run_until};
use super::client::EntwineClient;
use super::error::EntwineError;
use crate::client::durability;
use crate::{Written, status};

/// Why a device is not in sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
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
    /// The space uses what this version does not do yet.
    NotSupportedYet,
}

impl From<status::Reason> for Reason {
    fn from(reason: status::Reason) -> Self {
        match reason {
            status::Reason::NoSpace => Self::NoSpace,
            status::Reason::NotSent => Self::NotSent,
            status::Reason::Offline => Self::Offline,
            status::Reason::Refused => Self::Refused,
            status::Reason::RegistrationNeeded => Self::RegistrationNeeded,
            status::Reason::Removed => Self::Removed,
            status::Reason::Left => Self::Left,
            status::Reason::KeyMissing => Self::KeyMissing,
            status::Reason::RelayBehind => Self::RelayBehind,
            status::Reason::ChainsDiffer => Self::ChainsDiffer,
            status::Reason::DiskFull => Self::DiskFull,
            status::Reason::AppTooOld => Self::AppTooOld,
            status::Reason::NotSupportedYet => Self::NotSupportedYet,
        }
    }
}

/// Where a device stands, over its shared and its private space.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct SyncStatus {
    /// The shared space, if there is one.
    pub space: Option<String>,
    /// The last exchange found everything on both sides, nothing was written since, everything is opened.
    pub in_sync: bool,
    /// Why not; none when in sync.
    pub reason: Option<Reason>,
    /// What to do about it, and what was seen, in words for people.
    pub remedy: Option<String>,
    /// Changes that no entry carries yet, and entries that the relay was not seen to hold.
    pub waiting_up: u64,
    /// Entries that the relay holds and this device does not.
    pub waiting_down: u64,
    /// Entries that cannot be opened.
    pub set_aside: u64,
}

impl From<status::SyncStatus> for SyncStatus {
    fn from(status: status::SyncStatus) -> Self {
        let status::SyncStatus { space, in_sync, reason, remedy, waiting_up, waiting_down, set_aside } = status;
        let (space, reason) = (space.map(|space| space.to_string()), reason.map(Reason::from));
        Self { space, in_sync, reason, remedy, waiting_up, waiting_down, set_aside }
    }
}

/// How far something written here has come. Each level is more than the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum Durability {
    /// On this device, on its disk.
    Local,
    /// On the relay, on its disk.
    Relay,
    /// A device of the partner held it when it wrote something itself.
    Partner,
}

impl From<durability::Durability> for Durability {
    fn from(durability: durability::Durability) -> Self {
        match durability {
            durability::Durability::Local => Self::Local,
            durability::Durability::Relay => Self::Relay,
            durability::Durability::Partner => Self::Partner,
        }
    }
}

impl From<Durability> for durability::Durability {
    fn from(durability: Durability) -> Self {
        match durability {
            Durability::Local => Self::Local,
            Durability::Relay => Self::Relay,
            Durability::Partner => Self::Partner,
        }
    }
}

fn parse_mark(written: &str) -> Result<Written, EntwineError> {
    written.parse().map_err(|error: crate::ParseWrittenError| EntwineError::FixInput(error.to_string()))
}

#[uniffi::export]
impl EntwineClient {
    /// One exchange of all spaces, at most until the deadline: what was durable by then is kept, and the next exchange goes on
    /// from there. For a background task, and for a button. Whatever the relay does is told by the status; a registration
    /// token is needed only where its reason is `RegistrationNeeded`.
    #[uniffi::method(default(token = None, cancellation = None))]
    pub async fn sync_once(
        &self,
        deadline: Duration,
        token: Option<String>,
        cancellation: Option<Arc<Cancellation>>,
    ) -> Result<SyncStatus, EntwineError> {
        let client = self.client()?;
        let call = async move { client.sync_once(deadline, token.as_deref()).await };
        Ok(run_until(cancellation, call).await?.into())
    }

    /// Where this device stands. Never contacts the relay.
    pub async fn status(&self) -> Result<SyncStatus, EntwineError> {
        let client = self.client()?;
        Ok(run_until(None, async move { client.status().await }).await?.into())
    }

    /// A mark for everything that was written on this device until now, in the shared or the private space.
    pub async fn written(&self, private: bool) -> Result<String, EntwineError> {
        let client = self.client()?;
        Ok(run_until(None, async move { client.written(private).await }).await?.to_string())
    }

    /// How far everything up to a mark has come. Never contacts the relay.
    pub async fn durability(&self, written: String) -> Result<Durability, EntwineError> {
        let (client, written) = (self.client()?, parse_mark(&written)?);
        Ok(run_until(None, async move { client.durability(&written).await }).await?.into())
    }

    /// Waits until everything up to a mark has come so far, at most until the deadline: how far it has come then. It exchanges
    /// nothing by itself.
    #[uniffi::method(default(cancellation = None))]
    pub async fn reached(
        &self,
        written: String,
        wanted: Durability,
        deadline: Duration,
        cancellation: Option<Arc<Cancellation>>,
    ) -> Result<Durability, EntwineError> {
        let (client, written) = (self.client()?, parse_mark(&written)?);
        let call = async move { client.reached(&written, wanted.into(), deadline).await };
        Ok(run_until(cancellation, call).await?.into())
    }
}
