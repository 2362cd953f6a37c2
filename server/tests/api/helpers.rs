//! What do the tests need? A relay, and people with phones.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::ops::Deref;
use std::path::Path;
use std::sync::Once;

use entwine_core::feed::clock::SentClock;
use entwine_core::feed::{Clock, EntryHeader, EntryKind, Position, VerifiedEntry};
use entwine_core::id::{Hash, KeyholderId, PersonId, SpaceId};
use entwine_core::keyholder::SecretKeys;
use entwine_core::keyholder::invitation::InvitationKind;
use entwine_core::membership::{KeyRing, MembershipChain, SpaceKind};
use entwine_core::registration::RegistrationToken;
use entwine_core::sealing::entry::EntryContent;
use entwine_core::sync::exchange::entries_page;
use entwine_core::time::Timestamp;
use entwine_core::token::{Claims, sign};
use entwine_core::wire::codec::{Wire, from_bytes, to_bytes};
use entwine_core::wire::message::{CreateRequest, Request, Response};
use entwine_server::app::App;
use entwine_server::clock::Clock as RelayClock;
use entwine_server::config::{self, Config, RelayCommand};
use rand::SeedableRng as _;
use rand::rngs::ChaCha20Rng;
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

const CONTINUE: &str = "HTTP/1.1 100 Continue\r\n\r\n";
pub(crate) const CBOR: &str = "application/cbor";

/// The system's time: a relay in a test has no other clock.
pub(crate) fn now() -> Timestamp {
    RelayClock::system().now()
}

/// A random source that repeats itself from run to run.
pub(crate) fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

/// A relay as seen from outside.
#[derive(Clone)]
pub(crate) struct Outside {
    pub(crate) origin: String,
    pub(crate) client: Client,
}

/// The relay that listens there.
pub(crate) fn outside(origin: &str) -> Outside {
    Outside { origin: origin.to_owned(), client: client() }
}

impl Outside {
    /// A request with a token of this keyholder.
    pub(crate) fn request(&self, keys: &SecretKeys, method: Method, path: &str) -> RequestBuilder {
        let claims = Claims::new(&self.origin, method.as_str(), path, now());
        self.client.request(method, format!("{}{path}", self.origin)).bearer_auth(bearer(keys, &claims))
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::of(self.client.get(format!("{}{path}", self.origin))).await
    }

    pub(crate) async fn post_bytes(&self, keys: &SecretKeys, path: &str, body: Vec<u8>) -> Answer {
        Answer::of(self.request(keys, Method::POST, path).header("content-type", CBOR).body(body)).await
    }

    pub(crate) async fn post<T: Wire>(&self, keys: &SecretKeys, path: &str, message: &T) -> Answer {
        self.post_bytes(keys, path, to_bytes(message)).await
    }

    pub(crate) async fn sync(&self, keys: &SecretKeys, space: SpaceId, request: &Request) -> Answer {
        self.post(keys, &sync_path(space), request).await
    }

    pub(crate) async fn create(&self, keys: &SecretKeys, chain: &MembershipChain, token: Option<&str>) -> Answer {
        let digest = token.map(|token| RegistrationToken::new(token).digest());
        let proof = digest.map(|digest| Hash::from_bytes(digest.prove(&self.origin, &chain.space())));
        self.post(keys, "/v1/spaces", &CreateRequest { proof, records: records(chain) }).await
    }

    pub(crate) async fn spaces(&self, keys: &SecretKeys) -> Answer {
        Answer::of(self.request(keys, Method::GET, "/v1/spaces")).await
    }

    /// Whether this keyholder has, or soon has, as many requests as it may have.
    pub(crate) async fn is_busy_for(&self, keys: &SecretKeys) -> bool {
        for _ in 0..50 {
            if self.spaces(keys).await.status == StatusCode::TOO_MANY_REQUESTS {
                return true;
            }
        }
        false
    }

    /// A connection without a request.
    pub(crate) async fn connect(&self) -> Connection {
        Connection(TcpStream::connect(self.origin.strip_prefix("http://").unwrap()).await.unwrap())
    }

    /// Begins a `POST` by hand, with everything before a body of `len` bytes: when this returns, the relay works on it.
    pub(crate) async fn begin_post(&self, keys: &SecretKeys, path: &str, len: usize) -> Connection {
        self.begin(keys, path, &format!("Content-Length: {len}")).await
    }

    /// The same, for a body that comes in chunks.
    pub(crate) async fn begin_chunked(&self, keys: &SecretKeys, path: &str) -> Connection {
        self.begin(keys, path, "Transfer-Encoding: chunked").await
    }

    async fn begin(&self, keys: &SecretKeys, path: &str, length: &str) -> Connection {
        let address = self.origin.strip_prefix("http://").unwrap();
        let token = bearer(keys, &Claims::new(&self.origin, "POST", path, now()));
        let mut connection = self.connect().await;
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\nContent-Type: {CBOR}\r\n\
             {length}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
        );
        connection.send(head.as_bytes()).await;
        let mut go_on = [0; CONTINUE.len()];
        connection.0.read_exact(&mut go_on).await.unwrap();
        assert_eq!(String::from_utf8_lossy(&go_on), CONTINUE);
        connection
    }
}

/// A connection that the test writes on by hand.
pub(crate) struct Connection(TcpStream);

impl Connection {
    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    /// Whatever comes until the other side closes.
    pub(crate) async fn rest(mut self) -> String {
        let mut bytes = Vec::new();
        self.0.read_to_end(&mut bytes).await.unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

pub(crate) fn sync_path(space: SpaceId) -> String {
    format!("/v1/spaces/{space}/sync")
}

/// A running relay.
pub(crate) struct Relay {
    outside: Outside,
    token: Option<RegistrationToken>,
    pub(crate) folder: TempDir,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Deref for Relay {
    type Target = Outside;
    fn deref(&self) -> &Outside {
        &self.outside
    }
}

impl Relay {
    /// With nothing configured.
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    /// With these flags.
    pub(crate) async fn with(flags: &[&str]) -> Self {
        Self::in_folder(tempfile::tempdir().unwrap(), flags).await
    }

    /// Where everybody may found spaces.
    pub(crate) async fn open() -> Self {
        Self::with(&["--registration", "open"]).await
    }

    /// With what a folder holds already.
    pub(crate) async fn in_folder(folder: TempDir, flags: &[&str]) -> Self {
        let app = App::build(config(folder.path(), flags)).await.unwrap();
        let outside = outside(&format!("http://127.0.0.1:{}", app.port()));
        let token = app.unused_token().cloned();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            app.run_until(async move { drop(stopped.await) }).await.unwrap();
        });
        Self { outside, token, folder, stop, task }
    }

    /// Stops it, and leaves what it kept.
    pub(crate) async fn stop(self) -> TempDir {
        self.stop.send(()).unwrap();
        self.task.await.unwrap();
        self.folder
    }

    /// The token that the relay made for itself.
    pub(crate) fn own_token(&self) -> &str {
        self.token.as_ref().unwrap().reveal()
    }

    /// Every row of every table, as text.
    pub(crate) async fn content(&self) -> String {
        let options = SqliteConnectOptions::new().filename(self.folder.path().join("relay.db")).read_only(true);
        let mut connection = options.connect().await.unwrap();
        let mut content = String::new();
        for (table, query) in TABLES {
            let rows: Vec<String> = sqlx::query_scalar(*query).fetch_all(&mut connection).await.unwrap();
            content.push_str(&format!("{table}: {rows:#?}\n"));
        }
        content
    }
}

const TABLES: &[(&str, &str)] = &[
    ("space", "SELECT hex(space) || kind || length || hex(head) || bytes FROM space"),
    ("private_space", "SELECT hex(space) || hex(person) || hex(private) FROM private_space"),
    ("record", "SELECT hex(space) || position || hex(bytes) FROM record"),
    (
        "keyholder",
        "SELECT hex(keyholder) || hex(space) || kind || added_at || coalesce(removed_at, '-') FROM keyholder",
    ),
    ("entry", "SELECT hex(space) || hex(feed) || seq || hex(hash) || hex(sealed) FROM entry"),
    ("displaced_entry", "SELECT hex(space) || hex(feed) || seq || hex(hash) FROM displaced_entry"),
    ("tip", "SELECT hex(space) || hex(feed) || seq || hex(hash) FROM tip"),
    ("registration_token", "SELECT id || coalesce(used_at, '-') || coalesce(revoked_at, '-') FROM registration_token"),
];

/// The configuration with these flags, on a free port.
pub(crate) fn config(folder: &Path, flags: &[&str]) -> Config {
    let fixed = ["entwine-relay", "serve", "--listen", "127.0.0.1:0", "--workers", "2", "--data"];
    let arguments = fixed.iter().map(OsString::from).chain([folder.into()]).chain(flags.iter().map(OsString::from));
    match config::parse(arguments, &BTreeMap::new()).unwrap().command {
        RelayCommand::Serve(args) => (*args).into(),
        other => panic!("expected serve, got {other:?}"),
    }
}

fn client() -> Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
    Client::builder().no_proxy().build().unwrap()
}

pub(crate) fn bearer(keys: &SecretKeys, claims: &Claims) -> String {
    let seed: [u8; 32] = keys.to_bytes()[..32].try_into().unwrap();
    sign(keys.id(), &seed, claims)
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        Self { status, headers, body: response.bytes().await.unwrap().to_vec() }
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    pub(crate) fn message(&self) -> Response {
        assert_eq!(self.headers["content-type"], CBOR, "{self:?}");
        from_bytes(&self.body).unwrap()
    }

    #[track_caller]
    pub(crate) fn is_ok(&self) -> &Self {
        assert!(self.status.is_success(), "{} {}", self.status, String::from_utf8_lossy(&self.body));
        self
    }

    /// It says this code, with this status, and the request's id in body and header.
    #[track_caller]
    pub(crate) fn is_error(&self, status: u16, code: &str) -> &Self {
        let text = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status.as_u16(), status, "{text}");
        let json = self.json();
        assert_eq!(json["code"], code, "{text}");
        assert!(!json["message"].as_str().unwrap().is_empty(), "{text}");
        assert_eq!(json["request_id"], self.headers["x-request-id"].to_str().unwrap(), "{text}");
        self
    }
}

/// Somebody with a phone.
pub(crate) struct Person {
    pub(crate) keys: SecretKeys,
    pub(crate) id: PersonId,
    rng: ChaCha20Rng,
}

impl Person {
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = rng(seed);
        Self { keys: SecretKeys::make_random(&mut rng), id: PersonId::make_random(&mut rng), rng }
    }

    /// A new space of this person's.
    pub(crate) fn found(&mut self, kind: SpaceKind) -> MembershipChain {
        let record = MembershipChain::create(&mut self.rng, &self.keys, self.id, kind);
        MembershipChain::found(record.bytes()).unwrap()
    }

    /// Another phone of this person's.
    pub(crate) fn next(&self, seed: u64) -> Self {
        Self { id: self.id, ..Self::new(seed) }
    }

    /// Appends an invitation for the partner.
    pub(crate) fn invite(&mut self, chain: &mut MembershipChain, expires: Timestamp) -> SecretKeys {
        let invitation = SecretKeys::make_random(&mut self.rng);
        self.add_invitation(chain, &invitation, (InvitationKind::Partner, expires));
        invitation
    }

    /// Appends this link for a device of the own person.
    pub(crate) fn link(&mut self, chain: &mut MembershipChain, link: &SecretKeys, expires: Timestamp) {
        self.add_invitation(chain, link, (InvitationKind::Device, expires));
    }

    fn add_invitation(&mut self, chain: &mut MembershipChain, keys: &SecretKeys, with: (InvitationKind, Timestamp)) {
        let ring = KeyRing::derive(chain, &self.keys);
        let record = chain.invite(&mut self.rng, &self.keys, &ring, keys, with).unwrap();
        chain.append(record.bytes()).unwrap();
    }

    /// Appends this recovery phrase.
    pub(crate) fn add_phrase(&mut self, chain: &mut MembershipChain, phrase: &SecretKeys) {
        let ring = KeyRing::derive(chain, &self.keys);
        let record = chain.add_phrase(&mut self.rng, &self.keys, &ring, phrase).unwrap();
        chain.append(record.bytes()).unwrap();
    }

    /// Appends this person's phone, as the phrase.
    pub(crate) fn come_back(&mut self, chain: &mut MembershipChain, phrase: &SecretKeys) {
        let ring = KeyRing::derive(chain, phrase);
        let record = chain.add_device(&mut self.rng, phrase, &ring, &self.keys).unwrap();
        chain.append(record.bytes()).unwrap();
    }

    /// Appends the acceptance of an invitation, and the opening of the next epoch.
    pub(crate) fn join(&mut self, chain: &mut MembershipChain, invitation: &SecretKeys) {
        let ring = KeyRing::derive(chain, invitation);
        chain.append(chain.accept(invitation, &self.keys, self.id).bytes()).unwrap();
        let rotate = chain.rotate(&mut self.rng, &self.keys, &ring).unwrap();
        chain.append(rotate.bytes()).unwrap();
    }

    /// The next entry of this person's feed after `previous`.
    pub(crate) fn write(
        &mut self,
        chain: &MembershipChain,
        previous: Option<&VerifiedEntry>,
        text: &str,
    ) -> VerifiedEntry {
        let ring = KeyRing::derive(chain, &self.keys);
        let epoch = ring.get(&chain.open_epoch().unwrap().hash()).unwrap();
        let header = EntryHeader {
            space: chain.space(),
            feed: self.keys.id(),
            seq: previous.map_or(1, |entry| entry.seq + 1),
            previous: previous.map_or(Hash::ZERO, |entry| entry.hash),
            position: Position { index: chain.len() - 1, hash: chain.head() },
            kind: EntryKind::CHANGES,
            critical: true,
        };
        let content = EntryContent {
            document: "journal/2026-11".to_owned(),
            generation: 0,
            changes: vec![text.as_bytes().to_vec()],
            clock: Vec::new(),
            written: (Timestamp::default(), Timestamp::default()),
        };
        content.seal(&mut self.rng, &self.keys, epoch, &header)
    }

    /// So many entries, one after another.
    pub(crate) fn write_many(&mut self, chain: &MembershipChain, count: usize) -> Vec<VerifiedEntry> {
        let mut entries: Vec<VerifiedEntry> = Vec::with_capacity(count);
        for number in 0..count {
            entries.push(self.write(chain, entries.last(), &format!("word {number}")));
        }
        entries
    }
}

pub(crate) fn records(chain: &MembershipChain) -> Vec<Vec<u8>> {
    chain.records().iter().map(|record| record.bytes().to_vec()).collect()
}

/// The clock of one who holds these entries, the last of each feed being its tip.
pub(crate) fn clock_of(entries: &[VerifiedEntry]) -> Clock {
    let mut tips: BTreeMap<KeyholderId, _> = BTreeMap::new();
    for entry in entries {
        tips.insert(entry.feed, entry.tip());
    }
    tips.into_iter().map(|(feed, tip)| (feed, [tip].into())).collect()
}

/// What one who holds this chain and these entries sends: its clock, these records and these entries.
pub(crate) fn request(
    chain: &MembershipChain,
    held: &[VerifiedEntry],
    records: Vec<Vec<u8>>,
    sent: &[VerifiedEntry],
) -> Request {
    let stored = sent.iter().map(|entry| (**entry).clone()).collect();
    let (entries, is_cut) = entries_page(chain, stored, 0);
    assert!(!is_cut, "one message takes them all");
    Request { clock: SentClock::of(chain, &clock_of(held), false), records, entries, locators: Vec::new() }
}

/// What one who holds nothing sends.
pub(crate) fn empty_request() -> Request {
    Request { clock: SentClock::empty(), records: Vec::new(), entries: Vec::new(), locators: Vec::new() }
}
