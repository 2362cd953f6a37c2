//! Who is connected to this process now, and what do they have to hear of?
//!
//! For each connection and space there is one flag, "something came there", and never a queue: however slow a connection is,
//! it costs the same memory. What a flag stands for is found by the device's clock, so a lost one costs time and no words.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use entwine_core::id::{KeyholderId, SpaceId};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use crate::error::ApiError;

/// Connections that have not said yet who they are. Anybody can open one.
const GREETINGS_MAX: usize = 256;
/// Connections of one keyholder: the app, its background task, some command lines, and dead ones not yet noticed.
const PER_KEYHOLDER_MAX: usize = 8;

/// Names a connection while it lasts.
pub(crate) type LineId = u64;

/// All live connections of this process.
#[derive(Debug)]
pub(crate) struct Hub {
    lines: Arc<Mutex<Lines>>,
    greetings: Arc<Semaphore>,
    connections: Arc<Semaphore>,
}

#[derive(Debug, Default)]
struct Lines {
    next: LineId,
    is_stopping: bool,
    by_id: BTreeMap<LineId, Entry>,
    by_space: BTreeMap<SpaceId, BTreeSet<LineId>>,
    by_keyholder: BTreeMap<KeyholderId, BTreeSet<LineId>>,
}

#[derive(Debug)]
struct Entry {
    keyholder: KeyholderId,
    /// A few, for as long as the connection lasts: a list takes a sixth of a tree's memory.
    spaces: Vec<SpaceId>,
    news: BTreeSet<SpaceId>,
    is_removed: bool,
    bell: Arc<Notify>,
}

/// What a connection has to hear of.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// Something came in these spaces.
    Moved(BTreeSet<SpaceId>),
    /// Its keyholder was removed from a space of which it hears.
    Removed,
    /// The relay stops.
    Stopping,
}

impl Hub {
    pub(crate) fn new(connections_max: u32) -> Self {
        let connections_max = usize::try_from(connections_max).unwrap_or(Semaphore::MAX_PERMITS);
        Self {
            lines: Arc::default(),
            greetings: Arc::new(Semaphore::new(GREETINGS_MAX)),
            connections: Arc::new(Semaphore::new(connections_max)),
        }
    }

    /// A place among those that have not said yet who they are, until it is dropped.
    pub(crate) fn greet(&self) -> Result<Greeting, ApiError> {
        let place = |places: &Arc<Semaphore>| Arc::clone(places).try_acquire_owned().map_err(|_| ApiError::Busy);
        if self.lock().is_stopping {
            return Err(ApiError::Unavailable);
        }
        Ok(Greeting { connection: place(&self.connections)?, _greeting: place(&self.greetings)? })
    }

    /// Takes a connection in. From now on it misses nothing of these spaces, and is told of nothing before [`Line::attend`].
    pub(crate) fn join(
        &self,
        greeting: Greeting,
        keyholder: KeyholderId,
        spaces: BTreeSet<SpaceId>,
    ) -> Result<Line, ApiError> {
        let mut lines = self.lock();
        let id = lines.next;
        let own = lines.by_keyholder.entry(keyholder).or_default();
        if own.len() >= PER_KEYHOLDER_MAX {
            return Err(ApiError::Busy);
        }
        own.insert(id);
        lines.next += 1;
        for space in &spaces {
            lines.by_space.entry(*space).or_default().insert(id);
        }
        let bell = Arc::new(Notify::new());
        let spaces = spaces.into_iter().collect();
        let entry = Entry { keyholder, news: BTreeSet::new(), spaces, is_removed: false, bell: Arc::clone(&bell) };
        lines.by_id.insert(id, entry);
        drop(lines);
        Ok(Line { id, bell, lines: Arc::clone(&self.lines), _place: greeting.connection })
    }

    /// Something came in a space: all hear of it but the connection that brought it.
    pub(crate) fn moved(&self, space: SpaceId, by: Option<LineId>) {
        let mut lines = self.lock();
        let lines = &mut *lines;
        for id in lines.by_space.get(&space).into_iter().flatten() {
            if let Some(entry) = lines.by_id.get_mut(id).filter(|_| Some(*id) != by) {
                entry.news.insert(space);
                entry.bell.notify_one();
            }
        }
    }

    /// These keyholders were removed from a space.
    pub(crate) fn removed(&self, space: SpaceId, keyholders: &BTreeSet<KeyholderId>) {
        for entry in self.lock().by_id.values_mut() {
            if keyholders.contains(&entry.keyholder) && entry.spaces.contains(&space) {
                entry.is_removed = true;
                entry.bell.notify_one();
            }
        }
    }

    /// Tells all that the relay stops, and takes nobody in any more.
    pub(crate) fn stop(&self) {
        let mut lines = self.lock();
        lines.is_stopping = true;
        lines.by_id.values().for_each(|entry| entry.bell.notify_one());
    }

    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that has not said yet who it is.
#[derive(Debug)]
pub(crate) struct Greeting {
    connection: OwnedSemaphorePermit,
    _greeting: OwnedSemaphorePermit,
}

/// A connection, until it is dropped.
#[derive(Debug)]
pub(crate) struct Line {
    id: LineId,
    bell: Arc<Notify>,
    lines: Arc<Mutex<Lines>>,
    _place: OwnedSemaphorePermit,
}

impl Line {
    pub(crate) fn id(&self) -> LineId {
        self.id
    }

    /// Lets the connection hear of these of its spaces alone.
    pub(crate) fn attend(&self, spaces: &BTreeSet<SpaceId>) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = &mut *lines;
        let Some(entry) = lines.by_id.get_mut(&self.id) else { return };
        for space in entry.spaces.extract_if(.., |space| !spaces.contains(space)) {
            forget(&mut lines.by_space, &space, self.id);
        }
        entry.news.retain(|space| spaces.contains(space));
        self.bell.notify_one();
    }

    /// It asks about a space: what came there by now is in the answer.
    pub(crate) fn asks(&self, space: &SpaceId) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = lines.by_id.get_mut(&self.id) {
            entry.news.remove(space);
        }
    }

    /// What there is to hear of; waits for it. Nothing is taken before it is returned. Of spaces of which it was told already
    /// further news wait as flags.
    pub(crate) async fn news<T>(&self, told: &BTreeMap<SpaceId, T>) -> News {
        loop {
            if let Some(news) = self.take_news(told) {
                return news;
            }
            self.bell.notified().await;
        }
    }

    fn take_news<T>(&self, told: &BTreeMap<SpaceId, T>) -> Option<News> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.is_stopping {
            return Some(News::Stopping);
        }
        let entry = lines.by_id.get_mut(&self.id)?;
        if entry.is_removed {
            return Some(News::Removed);
        }
        let news: BTreeSet<SpaceId> = entry.news.extract_if(.., |space| !told.contains_key(space)).collect();
        (!news.is_empty()).then_some(News::Moved(news))
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(entry) = lines.by_id.remove(&self.id) else { return };
        for space in entry.spaces {
            forget(&mut lines.by_space, &space, self.id);
        }
        forget(&mut lines.by_keyholder, &entry.keyholder, self.id);
    }
}

/// Takes a connection out of a list, and the list out of the map where it was the last.
fn forget<K: Ord>(lists: &mut BTreeMap<K, BTreeSet<LineId>>, key: &K, line: LineId) {
    if let Some(ids) = lists.get_mut(key) {
        ids.remove(&line);
        if ids.is_empty() {
            lists.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: BTreeMap<SpaceId, ()> = BTreeMap::new();

    fn space(number: u8) -> SpaceId {
        SpaceId::from_bytes([number; 32])
    }

    fn keyholder(number: u8) -> KeyholderId {
        KeyholderId::from_bytes([number; 16])
    }

    fn join(hub: &Hub, by: u8, spaces: &[u8]) -> Result<Line, ApiError> {
        let spaces: BTreeSet<SpaceId> = spaces.iter().map(|number| space(*number)).collect();
        let line = hub.join(hub.greet()?, keyholder(by), spaces.clone())?;
        line.attend(&spaces);
        Ok(line)
    }

    #[test]
    fn everybody_in_a_space_hears_once_but_the_one_who_brought_it() {
        let hub = Hub::new(10);
        let (ada, noor, other) =
            (join(&hub, 1, &[1, 2]).unwrap(), join(&hub, 2, &[1]).unwrap(), join(&hub, 3, &[3]).unwrap());
        for _ in 0..1000 {
            hub.moved(space(1), Some(ada.id()));
        }
        assert_eq!((ada.take_news(&NOTHING), other.take_news(&NOTHING)), (None, None));
        assert_eq!(noor.take_news(&[(space(1), ())].into()), None, "she was told, and has not asked");
        assert_eq!(noor.take_news(&NOTHING), Some(News::Moved([space(1)].into())), "one flag, however often it is set");
        assert_eq!(noor.take_news(&NOTHING), None);
    }

    #[test]
    fn whoever_is_gone_leaves_nothing_behind() {
        let hub = Hub::new(2);
        let ada = join(&hub, 1, &[1]).unwrap();
        let noor = join(&hub, 2, &[1]).unwrap();
        assert!(join(&hub, 3, &[1]).is_err(), "there are two places");
        hub.removed(space(1), &[keyholder(1)].into());
        assert_eq!((ada.take_news(&NOTHING), noor.take_news(&NOTHING)), (Some(News::Removed), None));
        drop((ada, noor));
        let lines = hub.lock();
        assert!(lines.by_id.is_empty() && lines.by_space.is_empty() && lines.by_keyholder.is_empty());
        drop(lines);
        assert!(join(&hub, 3, &[1]).is_ok());
    }

    #[test]
    fn one_keyholder_has_a_share_of_the_places() {
        let hub = Hub::new(100);
        let own: Vec<Line> = (0..PER_KEYHOLDER_MAX).map(|_| join(&hub, 1, &[1]).unwrap()).collect();
        assert!(join(&hub, 1, &[1]).is_err());
        assert!(join(&hub, 2, &[1]).is_ok());
        hub.stop();
        assert!(own.iter().all(|line| line.take_news(&NOTHING) == Some(News::Stopping)));
        assert!(matches!(join(&hub, 2, &[1]), Err(ApiError::Unavailable)));
    }
}
