//! One profile, for an app: opened, asked about itself, closed.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use entwine_core::document::{Choice, EntityId};

use super::call::run_until;
use super::error::EntwineError;
use super::events::Feed;
use super::keystore::{AppsKeyStore, KeyStore};
use super::network::NetworkMonitor;
use crate::client::{Client, ClientOptions};
use crate::error::Error;
use crate::keystore;
use crate::practices::{Month, ParseMonthError};

/// A month such as `2026-11`.
pub(super) fn parse_month(month: Option<String>) -> Result<Option<Month>, EntwineError> {
    month.map(|month| month.parse()).transpose().map_err(|_| EntwineError::FixInput(ParseMonthError.to_string()))
}

/// The thing to choose that a word stands for.
pub(super) fn parse_choice<C: Choice>(word: &str) -> Result<C, EntwineError> {
    C::parse(word).map_err(|error| Error::from(error).into())
}

/// How a client is set up.
#[derive(uniffi::Record)]
pub struct ClientConfig {
    /// The folder of the profile. It is made where it is missing.
    pub folder: String,
    /// What the person is called; needed only where there is no profile yet.
    #[uniffi(default = None)]
    pub name: Option<String>,
    /// A file of certificate authorities, in PEM form, to believe beside those of the web: for a relay at home with TLS.
    #[uniffi(default = None)]
    pub ca_file: Option<String>,
    /// Where the keys are kept. Without one: in a file of the folder.
    #[uniffi(default = None)]
    pub key_store: Option<Arc<dyn KeyStore>>,
    /// Who knows whether there is a network. Without one, it is tried.
    #[uniffi(default = None)]
    pub network: Option<Arc<dyn NetworkMonitor>>,
}

/// A device. Several processes, and several clients of one process, may open the same profile at once.
#[derive(Debug, uniffi::Object)]
pub struct EntwineClient {
    /// None once it is closed.
    open: Mutex<Option<Arc<Client>>>,
    pub(super) feed: Arc<Feed>,
}

impl EntwineClient {
    /// The client, while it is open.
    pub(super) fn client(&self) -> Result<Arc<Client>, EntwineError> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.clone().ok_or_else(Self::closed)
    }

    pub(super) fn closed() -> EntwineError {
        EntwineError::RefreshState("this client was closed: open another one".to_owned())
    }

    /// The client, and what somebody calls the id of such a thing.
    pub(super) fn with_id(&self, what: &'static str, id: &str) -> Result<(Arc<Client>, EntityId), EntwineError> {
        Ok((self.client()?, id.parse().map_err(|_| EntwineError::unknown(what, id))?))
    }

    fn take(&self) -> Option<Arc<Client>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

#[uniffi::export]
impl EntwineClient {
    /// Opens a profile, or makes one where there is none and a name is given.
    #[uniffi::constructor]
    pub async fn open(config: ClientConfig) -> Result<Arc<Self>, EntwineError> {
        let ClientConfig { folder, name, ca_file, key_store, network } = config;
        let key_store = key_store.map(|store| Arc::new(AppsKeyStore(store)) as Arc<dyn keystore::KeyStore>);
        let options = ClientOptions { ca_file: ca_file.map(PathBuf::from), key_store };
        let opening = async move { Client::open_or_init(&PathBuf::from(folder), name.as_deref(), options).await };
        let open = Mutex::new(Some(Arc::new(run_until(None, opening).await?)));
        Ok(Arc::new(Self { open, feed: Feed::new(network) }))
    }

    /// Closes the profile: events end, and every further call fails with `RefreshState`. What was reported as done is durable
    /// with or without it. Closing twice does nothing.
    pub async fn close_profile(&self) -> Result<(), EntwineError> {
        self.feed.close();
        let Some(client) = self.take() else { return Ok(()) };
        run_until(None, async move {
            client.close().await;
            Ok(())
        })
        .await
    }

    /// This device's id.
    pub fn keyholder(&self) -> Result<String, EntwineError> {
        Ok(self.client()?.keyholder().to_string())
    }

    /// What the person is called.
    pub fn person_name(&self) -> Result<String, EntwineError> {
        Ok(self.client()?.name().to_owned())
    }
}

/// An app that lets go of a client without closing it ends its events all the same.
impl Drop for EntwineClient {
    fn drop(&mut self) {
        self.feed.close();
    }
}
