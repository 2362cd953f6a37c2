//! How do many connections share one fsync? One writer commits whatever waits in its queue in one transaction, and answers
//! after the COMMIT returned.
//!
//! Appends that bring entries and nothing else are done together first. Each other change runs under a savepoint of its own, so
//! that one that fails leaves the others alone. After a COMMIT that failed nobody knows what the disk holds: the writer stops for
//! good, and only a restart, which reads the disk, takes it up again. A full disk alone is another thing: then it is known that
//! nothing of the transaction is there, and the next one is tried.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use entwine_core::registration::RegistrationToken;
use entwine_core::time::Timestamp;
use futures_util::future::BoxFuture;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Sqlite, SqliteConnection, Transaction};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinHandle;
use tracing::{error, warn};

use super::fault::{fault, is_full};
use super::recent::Recent;
use super::{together, write};
use crate::store::{Append, Appended, Created, NewSpace, SpaceState, StoreError};

/// Changes that wait at most. More than one commit takes up; what does not fit is answered `busy`.
const QUEUE_MAX: usize = 2048;
/// Changes in one transaction. Bounds how long the first of them waits for the others' statements.
const BATCH_MAX: usize = 256;

/// Creates a space.
pub(super) struct Create(pub Box<NewSpace>);
/// Adds to a space.
struct Add(Append);
/// Keeps a registration token.
pub(super) struct AddToken {
    pub token: RegistrationToken,
    pub keep_text: bool,
    pub now: Timestamp,
}
/// Ends a registration token.
pub(super) struct RevokeToken {
    pub id: String,
    pub now: Timestamp,
}

/// What can be done inside the writer's transaction.
pub(super) trait Change: Send + 'static {
    /// What the caller learns.
    type Answer: Send + 'static;
    /// Does it.
    fn apply<'t>(&'t self, transaction: &'t mut SqliteConnection) -> BoxFuture<'t, Result<Self::Answer, StoreError>>;
    /// An append that may be done together with others instead.
    fn plain(&self) -> Option<&Append> {
        None
    }
    /// What the caller learns where it was done together with others, and this is what its space holds since.
    fn appended(_: &SpaceState) -> Option<Self::Answer> {
        None
    }
    /// It is durable, and this is what its space holds since, if that is known.
    fn committed(&self, _: &Recent, _: Option<SpaceState>) {}
}

impl Change for Create {
    type Answer = Created;
    fn apply<'t>(&'t self, transaction: &'t mut SqliteConnection) -> BoxFuture<'t, Result<Created, StoreError>> {
        Box::pin(write::create(transaction, &self.0))
    }
}

impl Change for Add {
    type Answer = Appended;
    fn apply<'t>(&'t self, transaction: &'t mut SqliteConnection) -> BoxFuture<'t, Result<Appended, StoreError>> {
        Box::pin(write::append(transaction, &self.0))
    }
    fn plain(&self) -> Option<&Append> {
        together::is_plain(&self.0).then_some(&self.0)
    }
    fn appended(state: &SpaceState) -> Option<Appended> {
        Some(Appended::Done { tips: state.tips.clone() })
    }
    fn committed(&self, recent: &Recent, state: Option<SpaceState>) {
        recent.committed(&self.0, state);
    }
}

impl Change for AddToken {
    type Answer = String;
    fn apply<'t>(&'t self, transaction: &'t mut SqliteConnection) -> BoxFuture<'t, Result<String, StoreError>> {
        Box::pin(write::add_token(transaction, &self.token, self.keep_text, self.now))
    }
}

impl Change for RevokeToken {
    type Answer = bool;
    fn apply<'t>(&'t self, transaction: &'t mut SqliteConnection) -> BoxFuture<'t, Result<bool, StoreError>> {
        Box::pin(write::revoke_token(transaction, &self.id, self.now))
    }
}

/// A change and whoever waits for its answer.
trait Job: Send {
    /// Does it.
    fn apply<'t>(&'t mut self, transaction: &'t mut SqliteConnection) -> BoxFuture<'t, Applied>;
    /// An append that may be done together with others instead.
    fn plain(&self) -> Option<&Append>;
    /// It was done together with others, and this is what its space holds since.
    fn appended(&mut self, state: SpaceState);
    /// Whether it was done together with others.
    fn is_appended(&self) -> bool;
    /// It is durable.
    fn committed(&mut self, recent: &Recent);
    /// Tells the answer: the change is durable, or failed alone.
    fn answer(self: Box<Self>);
    /// Tells that nothing is known to be durable.
    fn fail(self: Box<Self>, error: StoreError);
}

/// What came of a change alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Applied {
    Succeeded,
    Failed,
    /// There was no room, for it and whatever stands beside it.
    Full,
}

struct Pending<C: Change> {
    change: C,
    answer: Option<Result<C::Answer, StoreError>>,
    state: Option<SpaceState>,
    caller: oneshot::Sender<Result<C::Answer, StoreError>>,
}

impl<C: Change + Sync> Job for Pending<C>
where
    C::Answer: Sync,
{
    fn apply<'t>(&'t mut self, transaction: &'t mut SqliteConnection) -> BoxFuture<'t, Applied> {
        Box::pin(async move {
            let answer = self.change.apply(transaction).await;
            let applied = match &answer {
                Ok(_) => Applied::Succeeded,
                Err(StoreError::Full) => Applied::Full,
                Err(_) => Applied::Failed,
            };
            self.answer = Some(answer);
            applied
        })
    }

    fn plain(&self) -> Option<&Append> {
        self.change.plain()
    }

    fn appended(&mut self, state: SpaceState) {
        self.answer = C::appended(&state).map(Ok);
        self.state = Some(state);
    }

    fn is_appended(&self) -> bool {
        self.state.is_some()
    }

    fn committed(&mut self, recent: &Recent) {
        self.change.committed(recent, self.state.take());
    }

    fn answer(self: Box<Self>) {
        // Nobody waits where the connection broke meanwhile; the change stays done.
        let _gone = self.caller.send(self.answer.unwrap_or(Err(StoreError::Unavailable)));
    }

    fn fail(self: Box<Self>, error: StoreError) {
        let _gone = self.caller.send(Err(error));
    }
}

enum Message {
    Write(Box<dyn Job>),
    Close,
}

/// The way into the one task that writes.
#[derive(Debug)]
pub(super) struct Writer {
    queue: mpsc::Sender<Message>,
    writable: Arc<AtomicBool>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// Starts the task, on this connection; others are made by the options where it is of no more use.
    pub(super) fn start(connection: SqliteConnection, options: SqliteConnectOptions, recent: Arc<Recent>) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE_MAX);
        let writable = Arc::new(AtomicBool::new(true));
        let database = Database { connection: Some(connection), options };
        let task = tokio::spawn(run(database, waiting, recent, Arc::clone(&writable)));
        Self { queue, writable, task: Mutex::new(Some(task)) }
    }

    pub(super) fn is_writable(&self) -> bool {
        self.writable.load(Ordering::Acquire)
    }

    /// Adds to a space; returns when it is durable.
    pub(super) async fn append(&self, append: Append) -> Result<Appended, StoreError> {
        self.write(Add(append)).await
    }

    /// Does a change; returns when it is durable.
    pub(super) async fn write<C>(&self, change: C) -> Result<C::Answer, StoreError>
    where
        C: Change + Sync,
        C::Answer: Sync,
    {
        if !self.is_writable() {
            return Err(StoreError::Unavailable);
        }
        let (caller, answer) = oneshot::channel();
        let job = Box::new(Pending { change, answer: None, state: None, caller });
        self.queue.try_send(Message::Write(job)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreError::Busy,
            mpsc::error::TrySendError::Closed(_) => StoreError::Unavailable,
        })?;
        answer.await.unwrap_or(Err(StoreError::Unavailable))
    }

    /// Takes no further changes, finishes those that wait, and closes the database.
    pub(super) async fn close(&self) {
        self.writable.store(false, Ordering::Release);
        let Some(task) = self.task.lock().await.take() else { return };
        // Refused only where the task has ended already.
        let _ended = self.queue.send(Message::Close).await;
        if let Err(error) = task.await {
            error!(%error, "the writer ended in a panic");
        }
    }
}

/// The writer's way into the database.
struct Database {
    /// None after the disk was full. SQLite may have taken the transaction back by itself then, of which the connection's own
    /// count of transactions knows nothing: it begins no further one.
    connection: Option<SqliteConnection>,
    options: SqliteConnectOptions,
}

impl Database {
    async fn connection(&mut self) -> Result<&mut SqliteConnection, sqlx::Error> {
        if self.connection.is_none() {
            self.connection = Some(self.options.connect().await?);
        }
        Ok(self.connection.as_mut().expect("it was made just now, where there was none"))
    }

    async fn close(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        if let Err(error) = connection.close().await {
            error!(%error, "the database did not close cleanly");
        }
    }
}

async fn run(
    mut database: Database,
    mut queue: mpsc::Receiver<Message>,
    recent: Arc<Recent>,
    writable: Arc<AtomicBool>,
) {
    let mut open = true;
    while open && let Some(message) = queue.recv().await {
        let mut batch = Vec::new();
        let mut next = Some(message);
        while let Some(message) = next {
            match message {
                Message::Write(job) => batch.push(job),
                Message::Close => open = false,
            }
            next = if open && batch.len() < BATCH_MAX { queue.try_recv().ok() } else { None };
        }
        if !batch.is_empty() && !commit(&mut database, &recent, batch).await {
            writable.store(false, Ordering::Release);
            break;
        }
    }
    queue.close();
    while let Some(message) = queue.recv().await {
        if let Message::Write(job) = message {
            job.fail(StoreError::Unavailable);
        }
    }
    database.close().await;
}

/// Commits a batch and answers everybody in it: whether the writer may go on.
async fn commit(database: &mut Database, recent: &Recent, mut batch: Vec<Box<dyn Job>>) -> bool {
    match attempt(database, recent, &mut batch).await {
        Ok(()) => {
            // What was done together came first: what was done alone since is not in its states.
            batch.sort_by_key(|job| !job.is_appended());
            batch.iter_mut().for_each(|job| job.committed(recent));
            batch.into_iter().for_each(|job| job.answer());
            true
        }
        Err(Failure::NotBegun(error)) => {
            let busy = matches!(fault(error), StoreError::Busy);
            batch.into_iter().for_each(|job| job.fail(if busy { StoreError::Busy } else { StoreError::Unavailable }));
            busy
        }
        Err(Failure::Full) => {
            error!("the disk is full: nothing is written until there is room");
            database.close().await;
            batch.into_iter().for_each(|job| job.fail(StoreError::Full));
            true
        }
        Err(Failure::Broken(error)) => {
            error!(%error, "a commit failed: no writes are taken until the relay is restarted");
            batch.into_iter().for_each(|job| job.fail(StoreError::Unavailable));
            false
        }
    }
}

enum Failure {
    /// The transaction did not begin: nothing happened.
    NotBegun(sqlx::Error),
    /// There was no room: nothing of the transaction is there.
    Full,
    /// The transaction broke.
    Broken(sqlx::Error),
}

impl Failure {
    fn not_begun(error: sqlx::Error) -> Self {
        if is_full(&error) { Self::Full } else { Self::NotBegun(error) }
    }

    fn broken(error: sqlx::Error) -> Self {
        if is_full(&error) { Self::Full } else { Self::Broken(error) }
    }
}

async fn attempt(database: &mut Database, recent: &Recent, batch: &mut [Box<dyn Job>]) -> Result<(), Failure> {
    let connection = database.connection().await.map_err(Failure::not_begun)?;
    let mut transaction = begin(connection).await?;
    let plain: Vec<&Append> = batch.iter().filter_map(|job| job.plain()).collect();
    match together::append(&mut transaction, recent, &plain).await {
        Ok(states) => {
            let jobs = batch.iter_mut().filter(|job| job.plain().is_some());
            jobs.zip(states).for_each(|(job, state)| state.into_iter().for_each(|state| job.appended(state)));
        }
        Err(StoreError::Full) => return Err(Failure::Full),
        Err(error) => {
            warn!(%error, "what came together is written one by one");
            transaction.rollback().await.map_err(Failure::broken)?;
            transaction = begin(connection).await?;
        }
    }
    for job in batch.iter_mut().filter(|job| !job.is_appended()) {
        let mut savepoint = transaction.begin().await.map_err(Failure::broken)?;
        let ended = match job.apply(&mut savepoint).await {
            Applied::Succeeded => savepoint.commit().await,
            Applied::Failed => savepoint.rollback().await,
            Applied::Full => return Err(Failure::Full),
        };
        ended.map_err(Failure::broken)?;
    }
    transaction.commit().await.map_err(Failure::broken)
}

async fn begin(connection: &mut SqliteConnection) -> Result<Transaction<'_, Sqlite>, Failure> {
    connection.begin_with("BEGIN IMMEDIATE").await.map_err(Failure::not_begun)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What SQLite itself refuses, at the COMMIT and not before.
    struct BrokenCommit;

    impl Change for BrokenCommit {
        type Answer = ();
        fn apply<'t>(&'t self, transaction: &'t mut SqliteConnection) -> BoxFuture<'t, Result<(), StoreError>> {
            Box::pin(async move {
                for statement in ["PRAGMA defer_foreign_keys = ON", "INSERT INTO child (parent) VALUES (7)"] {
                    sqlx::query(statement).execute(&mut *transaction).await.map_err(fault)?;
                }
                Ok(())
            })
        }
    }

    struct Harmless;

    impl Change for Harmless {
        type Answer = ();
        fn apply<'t>(&'t self, _: &'t mut SqliteConnection) -> BoxFuture<'t, Result<(), StoreError>> {
            Box::pin(std::future::ready(Ok(())))
        }
    }

    fn options() -> SqliteConnectOptions {
        SqliteConnectOptions::new().in_memory(true).foreign_keys(true)
    }

    async fn connection() -> SqliteConnection {
        let options = options();
        let mut connection = options.connect().await.unwrap();
        sqlx::query("CREATE TABLE parent (id INTEGER PRIMARY KEY)").execute(&mut connection).await.unwrap();
        let child = "CREATE TABLE child (parent INTEGER REFERENCES parent (id))";
        sqlx::query(child).execute(&mut connection).await.unwrap();
        connection
    }

    #[tokio::test]
    async fn after_a_failed_commit_nothing_is_acknowledged_or_taken() {
        let writer = Writer::start(connection().await, options(), Arc::default());
        // Both wait in the queue before the writer runs, so they meet in one transaction.
        let (broken, beside) = tokio::join!(writer.write(BrokenCommit), writer.write(Harmless));
        assert!(matches!(broken, Err(StoreError::Unavailable)));
        assert!(matches!(beside, Err(StoreError::Unavailable)), "it was in the commit that failed");
        assert!(!writer.is_writable());
        assert!(matches!(writer.write(Harmless).await, Err(StoreError::Unavailable)));
        writer.close().await;
    }

    #[tokio::test]
    async fn a_full_queue_says_so_at_once() {
        let writer = Writer::start(connection().await, options(), Arc::default());
        let all = (0..=QUEUE_MAX).map(|_| writer.write(Harmless));
        let answers = futures_util::future::join_all(all).await;
        let (taken, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
        assert_eq!((taken.len(), refused.len()), (QUEUE_MAX, 1));
        assert!(matches!(refused[0], Err(StoreError::Busy)));
        assert!(writer.is_writable());
    }
}
