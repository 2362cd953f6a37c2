//! What may stand between a phone and its relay? A plain TCP proxy under another address and port, as a container or a router
//! is one; one that ends TLS; and either of them with the line cut, all of it or at one answer, or with nothing coming through.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, split};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::program::{self, GUARD};
use crate::relay::loopback_address;

/// The certificate authority of the proxies that end TLS. It vouches for `relay.example.org`, and nobody else trusts it.
pub const AUTHORITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/certificates/authority.pem");
/// The one name in the certificate of the proxies that end TLS.
pub const DOMAIN: &str = "relay.example.org";

/// A proxy in front of one relay.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    line: Arc<Line>,
    tls: Option<Tls>,
    listening: Option<JoinHandle<()>>,
    /// Dropped last: whatever still passes on bytes ends with it.
    runtime: Runtime,
}

/// What all connections of a proxy share.
#[derive(Debug)]
struct Line {
    relay: SocketAddr,
    traffic: watch::Sender<Traffic>,
}

/// What has passed so far, and what shall not.
#[derive(Debug, Clone, Copy, Default)]
pub struct Traffic {
    /// Bytes from phones to the relay.
    pub bytes_up: usize,
    /// Bytes from the relay to phones.
    pub bytes_down: usize,
    /// Requests.
    pub requests: usize,
    /// The number of the request whose answer is swallowed, counted from 1; the connection breaks instead.
    swallow: Option<usize>,
    /// What comes from the relay beyond so many bytes is held back.
    hold: Option<usize>,
}

#[derive(Clone)]
struct Tls(TlsAcceptor);

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls")
    }
}

impl Proxy {
    /// A plain one.
    #[must_use]
    pub fn start(relay: SocketAddr) -> Self {
        Self::start_as(relay, None)
    }

    /// One that ends TLS, with a certificate for [`DOMAIN`].
    ///
    /// # Panics
    /// Where the certificate is not there.
    #[must_use]
    pub fn start_tls(relay: SocketAddr) -> Self {
        let certificate = concat!(env!("CARGO_MANIFEST_DIR"), "/certificates/relay.pem");
        let chain = vec![CertificateDer::from_pem_file(certificate).expect("the certificate is there")];
        let key = concat!(env!("CARGO_MANIFEST_DIR"), "/certificates/relay.key");
        let key = PrivateKeyDer::from_pem_file(key).expect("its key is there");
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring knows the usual versions")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("certificate and key fit");
        Self::start_as(relay, Some(Tls(TlsAcceptor::from(Arc::new(config)))))
    }

    fn start_as(relay: SocketAddr, tls: Option<Tls>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime starts");
        let line = Arc::new(Line { relay, traffic: watch::Sender::new(Traffic::default()) });
        let address = SocketAddr::from((loopback_address(), 0));
        let mut proxy = Self { address, line, tls, listening: None, runtime };
        proxy.mend();
        proxy
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its address, as a phone next to it knows it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Cuts the line: what passes breaks off, and nobody listens any more.
    pub fn cut(&mut self) {
        if let Some(listening) = self.listening.take() {
            listening.abort();
            let _ = self.runtime.block_on(listening);
        }
    }

    /// Mends the line, under the same address and port.
    ///
    /// # Panics
    /// Where that is not to be had.
    pub fn mend(&mut self) {
        self.cut();
        let listener = program::listen(self.address);
        listener.set_nonblocking(true).expect("a listener can be asked without waiting");
        let listener = self.runtime.block_on(async { TcpListener::from_std(listener) }).expect("the runtime takes it");
        self.address = listener.local_addr().expect("a listener has an address");
        self.listening = Some(self.runtime.spawn(listen(listener, self.line.clone(), self.tls.clone())));
    }

    /// Lets the next `answers` requests be answered, and then one that reaches the relay without its answer coming back: the
    /// connection breaks, once.
    pub fn swallow_answer_after(&self, answers: usize) {
        self.line.traffic.send_modify(|traffic| traffic.swallow = Some(traffic.requests + answers + 1));
    }

    /// Whether the answer that was to be swallowed has been. From then on every answer comes through.
    #[must_use]
    pub fn has_swallowed(&self) -> bool {
        let mut is_due = false;
        self.line.traffic.send_modify(|traffic| is_due = traffic.swallow.take().is_some());
        !is_due
    }

    /// Lets so many more bytes come from the relay, and holds back what follows, without a word and without an end.
    pub fn hold_after(&self, more: usize) {
        self.line.traffic.send_modify(|traffic| traffic.hold = Some(traffic.bytes_down + more));
    }

    /// Lets through all that was held back, and all that follows.
    pub fn let_go(&self) {
        self.line.traffic.send_modify(|traffic| traffic.hold = None);
    }

    /// What has passed so far.
    #[must_use]
    pub fn passed(&self) -> Traffic {
        *self.line.traffic.borrow()
    }

    /// Waits until so many more bytes have gone to the relay.
    ///
    /// # Panics
    /// Where they never do.
    pub fn wait_for_bytes(&self, more: usize) {
        let mut traffic = self.line.traffic.subscribe();
        let until = traffic.borrow().bytes_up + more;
        let came = self.runtime.block_on(async {
            let wait = timeout(GUARD, traffic.wait_for(|traffic| traffic.bytes_up >= until)).await;
            wait.is_ok_and(|waited| waited.is_ok())
        });
        assert!(came, "{more} bytes never came");
    }
}

/// Takes connections until it is dropped, and all of them are dropped with it.
async fn listen(listener: TcpListener, line: Arc<Line>, tls: Option<Tls>) {
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((phone, _)) = listener.accept().await {
        let (line, tls) = (line.clone(), tls.clone());
        connections.spawn(async move {
            match tls {
                None => pass_on(phone, &line).await,
                // Who does not trust the certificate hangs up.
                Some(Tls(acceptor)) => {
                    if let Ok(phone) = acceptor.accept(phone).await {
                        pass_on(phone, &line).await;
                    }
                }
            }
        });
    }
}

/// Passes bytes both ways until either side ends, or an answer is to be swallowed.
async fn pass_on(phone: impl AsyncRead + AsyncWrite, line: &Line) {
    let Ok(relay) = TcpStream::connect(line.relay).await else { return };
    let (mut from_phone, mut to_phone) = split(phone);
    let (mut from_relay, mut to_relay) = split(relay);
    let up = async {
        let mut part = vec![0; 16 * 1024];
        while let Ok(len @ 1..) = from_phone.read(&mut part).await {
            line.traffic.send_modify(|traffic| {
                traffic.bytes_up += len;
                traffic.requests += usize::from(begins_request(&part[..len]));
            });
            if to_relay.write_all(&part[..len]).await.is_err() {
                break;
            }
        }
    };
    let down = async {
        let mut part = vec![0; 16 * 1024];
        while let Ok(len @ 1..) = from_relay.read(&mut part).await {
            line.traffic.send_modify(|traffic| traffic.bytes_down += len);
            let passes = |traffic: &Traffic| traffic.hold.is_none_or(|until| traffic.bytes_down <= until);
            if line.traffic.subscribe().wait_for(passes).await.is_err() {
                break;
            }
            if line.swallows() || to_phone.write_all(&part[..len]).await.is_err() || to_phone.flush().await.is_err() {
                break;
            }
        }
    };
    tokio::select! {
        () = up => {}
        () = down => {}
    }
}

/// A phone sends one request after the other on a connection, each in a part of its own.
fn begins_request(part: &[u8]) -> bool {
    [b"GET ".as_slice(), b"POST "].iter().any(|method| part.starts_with(method))
}

impl Line {
    /// Whether this answer is the one; it is so once.
    fn swallows(&self) -> bool {
        self.traffic.send_if_modified(|traffic| {
            let is_due = traffic.swallow.is_some_and(|swallow| traffic.requests >= swallow);
            if is_due {
                traffic.swallow = None;
            }
            is_due
        })
    }
}
