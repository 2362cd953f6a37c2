//! How does a relay begin and end? Everything is put together here.

use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use actix_web::middleware::from_fn;
use actix_web::{HttpServer, web};
use entwine_core::registration::RegistrationToken;
use getrandom::SysRng;
use rand_core::UnwrapErr;
use tokio::signal::unix::{SignalKind, signal};
use tracing::{info, warn};

use crate::config::{Config, Registration};
use crate::gate::Gate;
use crate::hang_up;
use crate::observe::observe;
use crate::routes;
use crate::store::sqlite::{OpenError, SqliteStore};
use crate::store::{Store, StoreError};

/// Why a relay does not start. Messages say what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder cannot be used.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The database failed at once.
    #[error("the database cannot be used")]
    Database(#[from] StoreError),
    /// The address is taken.
    #[error(
        "the address {0} is taken: stop what listens there, or choose another with --listen (port 0 takes a free one)"
    )]
    AddressTaken(SocketAddr),
    /// The address cannot be listened on.
    #[error(
        "cannot listen on {address}: choose an address of this machine with --listen, and a port that this user may use"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        #[source]
        source: io::Error,
    },
}

/// A relay that is ready to run.
pub struct App {
    config: Config,
    listener: TcpListener,
    address: SocketAddr,
    store: Arc<dyn Store>,
    unused_token: Option<RegistrationToken>,
}

impl App {
    /// Takes the data folder and the address.
    ///
    /// # Errors
    /// Why the relay does not start.
    pub async fn build(config: Config) -> Result<Self, StartError> {
        let store = Arc::new(SqliteStore::open(&config.data, config.clock.now()).await?);
        let listener = listen(config.listen)?;
        let address = listener.local_addr().map_err(|source| StartError::Listen { address: config.listen, source })?;
        let unused_token = first_token(&*store, &config).await?;
        Ok(Self { config, listener, address, store, unused_token })
    }

    /// The port that it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The address that it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The registration token that the relay made for itself, until it was used once.
    #[must_use]
    pub fn unused_token(&self) -> Option<&RegistrationToken> {
        self.unused_token.as_ref()
    }

    /// Runs until `stop` is done, finishes what was accepted, and closes the store.
    ///
    /// # Errors
    /// The sockets fail.
    pub async fn run_until(self, stop: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        let Self { config, listener, store, .. } = self;
        let gate = web::Data::new(Gate::new(Arc::clone(&store), &config));
        let limits = config.limits.clone();
        let shared = (web::Data::new(config), gate, web::Data::from(Arc::clone(&store)));
        let workers = usize::from(limits.workers);
        let hub = shared.1.clone();
        let stop = async move {
            stop.await;
            // Whoever stays connected is told, so that the server has an end to wait for.
            hub.hub().stop();
        };
        let server = HttpServer::new(move || {
            let (config, gate, store) = shared.clone();
            actix_web::App::new()
                .app_data(config)
                .app_data(gate)
                .app_data(store)
                .configure(routes::table)
                .wrap(from_fn(observe))
        })
        .on_connect(hang_up::on_connect(limits.answer_idle_timeout))
        .workers(workers)
        .max_connections(per_worker(limits.connections_max, workers))
        .keep_alive(limits.keep_alive)
        .client_request_timeout(limits.header_timeout)
        .tcp_nodelay(true)
        .shutdown_timeout(limits.shutdown_timeout.as_secs().max(1))
        .disable_signals()
        .shutdown_signal(stop)
        .listen(listener)?
        .run();
        let ended = server.await;
        store.close().await;
        info!("stopped");
        ended
    }
}

/// Done when SIGTERM or SIGINT comes. To be called before anybody is told that the relay listens: from this call on no signal
/// is missed.
///
/// # Errors
/// The system takes no handler.
pub fn stop_signal() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => info!("stopping: SIGTERM"),
            _ = interrupt.recv() => info!("stopping: SIGINT"),
        }
    })
}

/// actix counts connections by worker.
fn per_worker(connections_max: u32, workers: usize) -> usize {
    usize::try_from(connections_max).unwrap_or(usize::MAX).div_ceil(workers)
}

fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => StartError::AddressTaken(address),
        _ => StartError::Listen { address, source },
    })
}

/// The token that the relay makes for itself at its first start, as long as nobody has used it. Where the operator has chosen
/// one, or tokens mean nothing, none is made or shown.
async fn first_token(store: &dyn Store, config: &Config) -> Result<Option<RegistrationToken>, StoreError> {
    if config.registration != Registration::Token || config.registration_token.is_some() {
        return Ok(None);
    }
    if store.tokens().await?.is_empty() {
        let token = RegistrationToken::make_random(&mut UnwrapErr(SysRng));
        let id = store.add_token(token, true, config.clock.now()).await?;
        info!(id, "made the first registration token");
    }
    let unused = store.unused_token().await?;
    if unused.is_none() && store.standing_tokens().await?.is_empty() {
        warn!("no registration token stands: `entwine-relay tokens new` makes one");
    }
    Ok(unused)
}
