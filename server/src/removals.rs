//! Who is being removed at this moment? Held up for a while, so that a thief who goes on writing cannot keep a removal stale.
//!
//! Only in memory: where it is lost, or where another relay process answers, a removal needs another try, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use entwine_core::id::{KeyholderId, SpaceId};
use entwine_core::sync::relay::HOLD_UP_SECONDS;
use entwine_core::time::Timestamp;

/// Removals that were turned back and are not over, by the keyholder to be removed.
#[derive(Debug, Default)]
pub(crate) struct Removals {
    turned_back: Mutex<BTreeMap<(SpaceId, KeyholderId), TurnedBack>>,
}

#[derive(Debug)]
struct TurnedBack {
    remover: KeyholderId,
    until: Timestamp,
}

impl Removals {
    /// Who is held up in a space, for this caller. A request of the remover makes it last; but what the remover itself brings is
    /// let through: it may hold more of the removed feed than the relay, and is no surprise to itself.
    pub(crate) fn held_up(&self, space: SpaceId, caller: KeyholderId, now: Timestamp) -> BTreeSet<KeyholderId> {
        let mut removals = self.turned_back.lock().unwrap_or_else(PoisonError::into_inner);
        removals.retain(|_, removal| removal.until > now);
        let here = removals.iter_mut().filter(|((place, _), _)| *place == space);
        here.filter_map(|((_, keyholder), removal)| {
            if removal.remover != caller {
                return Some(*keyholder);
            }
            removal.until = now.plus_seconds(HOLD_UP_SECONDS);
            None
        })
        .collect()
    }

    /// Notes whom a caller wanted to remove in vain.
    pub(crate) fn turned_back(
        &self,
        space: SpaceId,
        remover: KeyholderId,
        keyholders: &BTreeSet<KeyholderId>,
        now: Timestamp,
    ) {
        if keyholders.is_empty() {
            return;
        }
        let mut removals = self.turned_back.lock().unwrap_or_else(PoisonError::into_inner);
        for keyholder in keyholders {
            let until = now.plus_seconds(HOLD_UP_SECONDS);
            removals.insert((space, *keyholder), TurnedBack { remover, until });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_being_removed_is_held_up_until_a_minute_after_the_removers_last_request() {
        let (space, now) = (SpaceId::from_bytes([1; 32]), Timestamp::from_seconds(1_000));
        let (ada, thief) = (KeyholderId::from_bytes([1; 16]), KeyholderId::from_bytes([2; 16]));
        let removals = Removals::default();
        let held_up = |caller, seconds| removals.held_up(space, caller, now.plus_seconds(seconds));
        assert!(held_up(thief, 0).is_empty());
        removals.turned_back(space, ada, &BTreeSet::from([thief]), now);
        assert_eq!(held_up(thief, 59), BTreeSet::from([thief]));
        assert!(held_up(ada, 59).is_empty(), "she brings what she holds");
        assert_eq!(held_up(thief, 118), BTreeSet::from([thief]), "Ada asked again");
        assert!(removals.held_up(SpaceId::from_bytes([2; 32]), thief, now).is_empty());
        assert!(held_up(thief, 119).is_empty());
    }
}
