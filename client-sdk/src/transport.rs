//! How does a device reach its relay? Which addresses it takes, whom it believes, and the two carriers.
//!
//! Not answered here: what is said. [`once`] carries each message by a request of its own, [`live`] over a connection that
//! stays open.

pub(crate) mod live;
pub(crate) mod once;

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use entwine_core::id::SpaceId;
use entwine_core::keyholder::SecretKeys;
use entwine_core::wire::message::{Request, Response};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use url::{Host, Url};

use once::RelayError;

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long one request may take: a megabyte each way over a slow line.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// The answer on its way.
pub(crate) type Exchanged<'a> = Pin<Box<dyn Future<Output = Result<Response, RelayError>> + Send + 'a>>;

/// Carries one message to a relay, and its answer back. Any request may be repeated without harm.
pub(crate) trait Carrier: Sync {
    /// One message, one answer.
    fn exchange<'a>(&'a self, keys: &'a SecretKeys, space: &'a SpaceId, request: &'a Request) -> Exchanged<'a>;
}

/// A relay's address, as its people write it: scheme, host and port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RelayAddress {
    text: String,
    is_plain: bool,
}

/// An address that a device does not go to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not an origin.
    #[error("`{0}` is no relay address: it looks like https://relay.example.org or http://192.168.1.5:8080")]
    NotAnAddress(String),
    /// Plain HTTP beyond the home.
    #[error(
        "`{0}` is plain http to a place outside this home: whoever is on the way would see when and how much you write. \
         Use https://…, or an address at home"
    )]
    PlainElsewhere(String),
}

impl FromStr for RelayAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let not_an_address = || AddressError::NotAnAddress(text.to_owned());
        let url = Url::parse(text.trim()).map_err(|_| not_an_address())?;
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let anonymous = url.username().is_empty() && url.password().is_none();
        let host = url.host().ok_or_else(not_an_address)?;
        if !bare || !anonymous || !matches!(url.scheme(), "http" | "https") {
            return Err(not_an_address());
        }
        let is_plain = url.scheme() == "http";
        if is_plain && !may_be_at_home(&host) {
            return Err(AddressError::PlainElsewhere(text.to_owned()));
        }
        Ok(Self { text: url.origin().ascii_serialization(), is_plain })
    }
}

impl RelayAddress {
    /// Whether anybody on the way reads what passes.
    fn is_plain(&self) -> bool {
        self.is_plain
    }

    fn url(&self) -> Url {
        Url::parse(&self.text).expect("an address is an origin")
    }

    /// The name, or the address without the brackets that IPv6 has in a URL.
    fn host(&self) -> String {
        let url = self.url();
        let host = url.host_str().unwrap_or_default();
        host.trim_start_matches('[').trim_end_matches(']').to_owned()
    }
}

impl fmt::Display for RelayAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Whether a host can be one at home. A name still has to resolve to an address there.
fn may_be_at_home(host: &Host<&str>) -> bool {
    match host {
        Host::Ipv4(address) => is_at_home(IpAddr::V4(*address)),
        Host::Ipv6(address) => is_at_home(IpAddr::V6(*address)),
        Host::Domain(name) => {
            let name = name.strip_suffix('.').unwrap_or(name);
            !name.contains('.') || [".localhost", ".local", ".lan", ".home.arpa"].iter().any(|end| name.ends_with(end))
        }
    }
}

fn is_at_home(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => address.is_loopback() || address.is_private() || address.is_link_local(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local(),
    }
}

/// A file of certificate authorities that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// It cannot be read, or holds no certificate in PEM form.
    #[error("the file of certificate authorities holds no certificate in PEM form, or cannot be read")]
    Unreadable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A certificate in it is no authority's.
    #[error("a certificate in the file of certificate authorities is not usable")]
    Unusable(#[source] rustls::Error),
}

/// Whom TLS believes: the authorities of the web, and those of `ca_file`.
pub(crate) fn tls_config(ca_file: Option<&Path>) -> Result<ClientConfig, CertificateError> {
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    if let Some(path) = ca_file {
        let unreadable = |error: rustls::pki_types::pem::Error| CertificateError::Unreadable(Box::new(error));
        let mut found = false;
        for certificate in CertificateDer::pem_file_iter(path).map_err(unreadable)? {
            roots.add(certificate.map_err(unreadable)?).map_err(CertificateError::Unusable)?;
            found = true;
        }
        if !found {
            return Err(CertificateError::Unreadable("it is empty".into()));
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring offers the default versions of TLS")
        .with_root_certificates(roots)
        .with_no_client_auth())
}

/// An HTTP client for one relay. It follows no redirect and asks no proxy: a token is for one relay, directly.
pub(crate) fn http_client(address: &RelayAddress, tls: ClientConfig) -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(REQUEST_TIMEOUT)
        .dns_resolver(Arc::new(HomeResolver { only_at_home: address.is_plain }))
        .user_agent(concat!("entwine/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// Resolves names by the system, and where the line is plain, to addresses at home alone.
struct HomeResolver {
    only_at_home: bool,
}

impl Resolve for HomeResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let only_at_home = self.only_at_home;
        Box::pin(async move {
            let addresses = resolve(name.as_str(), only_at_home).await?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

async fn resolve(name: &str, only_at_home: bool) -> Result<Vec<SocketAddr>, std::io::Error> {
    let mut addresses = lookup(name).await?;
    if only_at_home {
        addresses.retain(|address| is_at_home(address.ip()));
        if addresses.is_empty() {
            let message = format!("{name} is not at home, and plain http stays there: use https");
            return Err(std::io::Error::other(message));
        }
    }
    Ok(addresses)
}

/// Where to connect to.
async fn addresses_of(address: &RelayAddress) -> Result<Vec<SocketAddr>, std::io::Error> {
    let port = address.url().port_or_known_default().unwrap_or_default();
    let mut addresses = match address.host().parse::<IpAddr>() {
        Ok(ip) => vec![SocketAddr::new(ip, port)],
        Err(_) => resolve(&address.host(), address.is_plain()).await?,
    };
    addresses.iter_mut().for_each(|address| address.set_port(port));
    Ok(addresses)
}

async fn lookup(name: &str) -> Result<Vec<SocketAddr>, std::io::Error> {
    #[cfg(feature = "test-switches")]
    if let Some(address) = test_address(name) {
        return Ok(vec![address]);
    }
    Ok(tokio::net::lookup_host((name, 0)).await?.collect())
}

/// `ENTWINE_TEST_RESOLVE=box.lan=127.0.0.1,…`: names that only a test's home network has.
#[cfg(feature = "test-switches")]
fn test_address(name: &str) -> Option<SocketAddr> {
    let known = std::env::var("ENTWINE_TEST_RESOLVE").ok()?;
    let address = known.split(',').filter_map(|pair| pair.split_once('=')).find(|(known, _)| *known == name)?.1;
    Some(SocketAddr::new(address.parse().ok()?, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_stays_at_home() {
        for text in [
            "http://127.0.0.1:8080",
            "http://[::1]:80",
            "http://192.168.1.5:8080",
            "http://box.lan",
            "http://nas",
            "https://relay.example.org",
            "https://203.0.113.9:444/",
            "http://[::ffff:10.0.0.1]:1",
        ] {
            assert!(text.parse::<RelayAddress>().is_ok(), "{text}");
        }
        for text in ["http://relay.example.org", "http://203.0.113.9", "http://[2001:db8::1]:80", "http://0.0.0.0:80"] {
            assert_eq!(text.parse::<RelayAddress>(), Err(AddressError::PlainElsewhere(text.to_owned())), "{text}");
        }
        for text in ["relay", "ftp://127.0.0.1", "https://a/b", "https://u@a", "https://a?b", ""] {
            assert_eq!(text.parse::<RelayAddress>(), Err(AddressError::NotAnAddress(text.to_owned())), "{text}");
        }
    }

    #[test]
    fn an_address_has_one_form() {
        let address: RelayAddress = " HTTPS://Relay.Example.org:443/ ".parse().unwrap();
        assert_eq!(address.to_string(), "https://relay.example.org");
    }
}
