//! What happened, for whoever shows it? One event for each thing that is other than before.
//!
//! Events wait until they are taken, each thing once: one that was not taken yet and one more of its kind are one event. Where
//! too many wait all the same, they give way to one that says so: nothing is lost in silence, and nothing piles up.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use entwine_core::document::EntityId;
use entwine_core::id::KeyholderId;
use serde::{Serialize, Serializer};
use tokio::sync::Notify;

use super::{Durability, Written};
use crate::error::Error;
use crate::practices::changes::Thing;
use crate::status::SyncStatus;

/// As many changes wait to be told one by one. More than a screen shows, and a few dozen kilobytes.
const CHANGES_UNTOLD_MAX: usize = 1_000;

/// Something happened, here or elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Somebody is called something else: whatever shows an author is other than before.
    NamesChanged,
    /// More was changed than waits to be told one by one: show everything anew.
    Missed,
    /// All of this has come so far.
    Reached {
        /// Everything written on this device, in one space, by a moment.
        written: Written,
        /// How far: the relay, or the partner.
        durability: Durability,
    },
    /// The device stands elsewhere than before.
    Status {
        /// Where.
        #[serde(flatten)]
        status: SyncStatus,
    },
    /// A device came in.
    DeviceAdded {
        /// The device.
        id: KeyholderId,
        /// Whether it is one's own; else it is the partner's.
        own: bool,
    },
    /// A device was removed, or left.
    DeviceRemoved {
        /// The device.
        id: KeyholderId,
        /// Whether it was one's own; else it was the partner's.
        own: bool,
    },
    /// Something of a practice is new, was changed, went into the trash or out of it; or what hangs on it is, as a ritual's
    /// having been done. As JSON its event is `entry_changed`, `ritual_changed`, ….
    #[serde(untagged)]
    Changed {
        /// What: `entry`, `ritual`, …, as each practice calls what an app shows.
        #[serde(rename = "event", serialize_with = "as_event")]
        what: &'static str,
        /// Which.
        id: EntityId,
    },
}

fn as_event<S: Serializer>(what: &&'static str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{what}_changed"))
}

/// Events that were not taken yet.
#[derive(Debug, Default)]
pub(super) struct Untold {
    state: Mutex<UntoldState>,
    bell: Notify,
}

#[derive(Debug, Default)]
struct UntoldState {
    /// Whether each came or went, and whether it is one's own. A space has but few.
    devices: BTreeMap<KeyholderId, (bool, bool)>,
    is_missed: bool,
    changed: BTreeSet<Thing>,
    /// By space and level, in the order in which they are told.
    reached: Vec<(Written, Durability)>,
    status: Option<SyncStatus>,
    failure: Option<Error>,
}

impl UntoldState {
    /// What changed first, so that whoever reads the status has been told all that it is about.
    fn take(&mut self) -> Option<Event> {
        if let Some((id, (is_added, own))) = self.devices.pop_first() {
            return Some(if is_added { Event::DeviceAdded { id, own } } else { Event::DeviceRemoved { id, own } });
        }
        if std::mem::take(&mut self.is_missed) {
            return Some(Event::Missed);
        }
        if let Some(thing) = self.changed.pop_first() {
            return Some(match thing {
                Thing::Of(what, id) => Event::Changed { what, id },
                Thing::Names => Event::NamesChanged,
            });
        }
        if !self.reached.is_empty() {
            let (written, durability) = self.reached.remove(0);
            return Some(Event::Reached { written, durability });
        }
        self.status.take().map(|status| Event::Status { status })
    }
}

impl Untold {
    /// The next event. Waits for it.
    pub(super) async fn next(&self) -> Result<Event, Error> {
        loop {
            {
                let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(event) = state.take() {
                    return Ok(event);
                }
                if let Some(failure) = state.failure.take() {
                    return Err(failure);
                }
            }
            self.bell.notified().await;
        }
    }

    pub(super) fn tell_changed(&self, things: impl Iterator<Item = Thing>) {
        self.tell(|state| {
            // Whoever is told that something was missed looks at everything, and that later than now.
            if !state.is_missed {
                state.changed.extend(things);
            }
            if state.changed.len() > CHANGES_UNTOLD_MAX {
                state.changed.clear();
                state.is_missed = true;
            }
        });
    }

    pub(super) fn tell_devices(&self, devices: impl Iterator<Item = (KeyholderId, (bool, bool))>) {
        self.tell(|state| state.devices.extend(devices));
    }

    pub(super) fn tell_reached(&self, written: Written, durability: Durability) {
        self.tell(|state| {
            state.reached.retain(|(before, level)| *level != durability || !before.is_of_same_space(&written));
            state.reached.push((written, durability));
        });
    }

    pub(super) fn tell_status(&self, status: SyncStatus) {
        self.tell(|state| state.status = Some(status));
    }

    pub(super) fn fail(&self, error: Error) {
        self.tell(|state| state.failure = Some(error));
    }

    fn tell(&self, change: impl FnOnce(&mut UntoldState)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.bell.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use entwine_core::id::SpaceId;

    use super::*;

    fn things(numbers: std::ops::Range<usize>) -> impl Iterator<Item = Thing> {
        numbers.map(|number| Thing::Of("entry", format!("01J{number:023}").parse().unwrap()))
    }

    fn take_all(untold: &Untold) -> Vec<Event> {
        std::iter::from_fn(|| untold.state.lock().unwrap().take()).collect()
    }

    #[test]
    fn what_waits_is_told_once_and_the_status_last() {
        let untold = Untold::default();
        let written = |until| Written::new(SpaceId::from_bytes([1; 32]), until);
        untold.tell_reached(written(3), Durability::Relay);
        untold.tell_reached(written(2), Durability::Partner);
        untold.tell_changed(things(0..2));
        untold.tell_changed(things(1..3));
        untold.tell_reached(written(4), Durability::Relay);
        let told = take_all(&untold);
        assert_eq!(told.len(), 5, "{told:?}");
        assert_eq!(told[3], Event::Reached { written: written(2), durability: Durability::Partner });
        assert_eq!(told[4], Event::Reached { written: written(4), durability: Durability::Relay });
    }

    #[test]
    fn who_is_too_slow_is_told_that_something_was_missed() {
        let untold = Untold::default();
        untold.tell_changed(things(0..CHANGES_UNTOLD_MAX));
        assert_eq!(take_all(&untold).len(), CHANGES_UNTOLD_MAX);
        untold.tell_changed(things(0..CHANGES_UNTOLD_MAX));
        untold.tell_changed(things(CHANGES_UNTOLD_MAX..CHANGES_UNTOLD_MAX + 1));
        untold.tell_changed(things(0..7));
        assert_eq!(take_all(&untold), [Event::Missed]);
        untold.tell_changed(things(0..1));
        assert_eq!(take_all(&untold).len(), 1, "from then on each is told again");
    }
}
