//! Where do calls run, and how do they end early?

use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};

use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::error::EntwineError;
use crate::error::Error;

/// As many threads as a phone's app should keep busy with this; more would only wait for one disk and one network.
const WORKERS: usize = 2;

/// The one runtime, for all clients of this process. It is made with the first call and never ends.
pub(super) fn runtime() -> Result<&'static Runtime, EntwineError> {
    static RUNTIME: OnceLock<Result<Runtime, String>> = OnceLock::new();
    let made = RUNTIME.get_or_init(|| {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(WORKERS).thread_name("entwine").enable_all();
        builder.build().map_err(|error| error.to_string())
    });
    made.as_ref().map_err(|error| EntwineError::TryLater(format!("no threads could be started: {error}")))
}

/// Ends calls that it was given to: what was durable by then is kept, and the call fails with `TryLater`. For languages whose
/// own cancellation does not reach here; where a call's future is dropped, the call ends by itself.
#[derive(Debug, uniffi::Object)]
pub struct Cancellation {
    cancelled: watch::Sender<bool>,
}

#[uniffi::export]
impl Cancellation {
    /// One that ends nothing yet.
    #[uniffi::constructor]
    pub fn new() -> Result<Arc<Self>, EntwineError> {
        Ok(Arc::new(Self { cancelled: watch::Sender::new(false) }))
    }

    /// Ends every call that was given this, now and later.
    pub fn cancel(&self) -> Result<(), EntwineError> {
        self.cancelled.send_replace(true);
        Ok(())
    }
}

/// What a call answers, and what it is, whichever call it is: so that the runtime's part of it is compiled once, and not for each.
type Answer = Box<dyn Any + Send>;
type AnyCall = Pin<Box<dyn Future<Output = Result<Answer, Error>> + Send>>;

/// Runs a call to its end on the runtime, or until it is cancelled.
pub(super) fn run_until<T, F>(
    cancellation: Option<Arc<Cancellation>>,
    call: F,
) -> impl Future<Output = Result<T, EntwineError>> + Send
where
    F: Future<Output = Result<T, Error>> + Send + 'static,
    T: Send + 'static,
{
    answer_of(cancellation, Box::pin(async move { Ok(Box::new(call.await?) as Answer) }))
}

async fn answer_of<T: 'static>(cancellation: Option<Arc<Cancellation>>, call: AnyCall) -> Result<T, EntwineError> {
    match run(cancellation, call).await?.downcast() {
        Ok(answer) => Ok(*answer),
        Err(_) => Err(fault()),
    }
}

async fn run(cancellation: Option<Arc<Cancellation>>, call: AnyCall) -> Result<Answer, EntwineError> {
    let mut task = EndsWithItsCaller(runtime()?.spawn(async move {
        match cancellation {
            None => Ok(call.await?),
            Some(cancellation) => {
                let mut observed = cancellation.cancelled.subscribe();
                tokio::select! {
                    biased;
                    _ = observed.wait_for(|cancelled| *cancelled) => Err(cancelled()),
                    result = call => Ok(result?),
                }
            }
        }
    }));
    match (&mut task.0).await {
        Ok(result) => result,
        Err(ended) if ended.is_panic() => Err(fault()),
        Err(_) => Err(cancelled()),
    }
}

fn fault() -> EntwineError {
    EntwineError::TryLater("a fault in this library ended the call: what was done before is kept".to_owned())
}

fn cancelled() -> EntwineError {
    EntwineError::TryLater("the call was cancelled: what was done by then is kept".to_owned())
}

/// A coroutine that is cancelled drops the future of its call.
struct EndsWithItsCaller(JoinHandle<Result<Answer, EntwineError>>);

impl Drop for EndsWithItsCaller {
    fn drop(&mut self) {
        self.0.abort();
    }
}
