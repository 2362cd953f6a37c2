//! How often did it happen? Every fault and every rule of the core by name, so that none is believed to be tried that never was.

use std::collections::BTreeMap;
use std::fmt;

/// Fewer in so many seeds, and the world must be changed.
pub(crate) const HITS_MIN: u64 = 1_000;
pub(crate) const SEEDS_OF_HITS: u64 = 100_000;

/// What is counted, in the order of the table.
const ROWS: &[&str] = &[
    "fault: a request is lost",
    "fault: an answer is lost",
    "fault: a request arrives twice",
    "fault: a request arrives after its exchange was given up",
    "fault: a later message overtakes an earlier one",
    "fault: a device is cut off",
    "fault: a device crashes between two steps",
    "fault: a device crashes after entries were sealed and before they were sent",
    "fault: the relay crashes within a request",
    "fault: the relay is set back",
    "fault: the relay is wiped",
    "fault: a device is restored from a backup",
    "fault: a device is copied",
    "fault: a device is lost",
    "fault: a device is stolen",
    "fault: a removed device goes on as a thief",
    "fault: a device's clock jumps",
    "fault: the relay's clock jumps",
    "fault: two processes of one device exchange at once",
    "fault: a message holds one entry and says that there are more",
    "membership: a partner joins",
    "membership: a device joins by a link",
    "membership: a device comes back by a phrase",
    "membership: an invitation is revoked",
    "membership: an expired invitation is removed by its inviter",
    "membership: an invitation is refused past its hour",
    "membership: a link is taken up late beside a space that it was taken up in",
    "membership: a device is removed",
    "membership: a person leaves",
    "membership: an epoch is closed",
    "membership: an epoch is opened by who closed it",
    "membership: an epoch is opened by another who sees it closed",
    "membership: a record comes second, and is written anew",
    "relay: judges a request anew since the chain moved meanwhile",
    "relay: turns back a removal whose cut is stale",
    "relay: turns back a removal that another record overtook",
    "relay: holds up who is being removed",
    "relay: tells a removed device so",
    "relay: does not know the space",
    "relay: does not know the caller",
    "relay: a space comes back by its whole chain",
    "relay: a chain is brought to a space that it knows",
    "relay: its chain is a part of the device's",
    "entry: refused for a gap",
    "entry: refused from who is no member",
    "feed: a branch of a feed arrives at the relay",
    "feed: the next own entry goes on the line that this store knows",
    "feed: where its branches part is searched by a locator",
    "cut: whole at once",
    "cut: waits for its tips",
    "cut: nothing of the feed stands",
    "hand on: an entry beyond a cut, or after one that lost its place",
    "hand on: an entry bound to a record that does not stand",
    "hand on: an entry that never had a place is dropped",
    "hand on: waits for its key",
    "chain: this device's branch stands, and is brought",
    "chain: the other branch stands, and is taken",
    "chain: the relay takes the other branch",
    "chain: neither branch stands",
    "process: the chain moved under it",
    "end: all agree",
    "end: a space without members",
    "end: chains differ, and the couple founds anew",
    "end: nobody who may bring it knows of a joining that the relay forgot, and the couple founds anew",
];

/// How often each of these happened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Counters(BTreeMap<&'static str, u64>);

impl Counters {
    /// # Panics
    /// On a name that the table does not have.
    pub(crate) fn hit(&mut self, name: &str) {
        let row = ROWS.iter().find(|row| **row == name).unwrap_or_else(|| panic!("the table has no row {name:?}"));
        *self.0.entry(row).or_default() += 1;
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (row, hits) in &other.0 {
            *self.0.entry(row).or_default() += hits;
        }
    }

    pub(crate) fn of(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or_default()
    }

    /// Rows that so many seeds should have hit more often.
    pub(crate) fn too_rare(&self, seeds: u64) -> Vec<&'static str> {
        let is_rare = |row: &&&str| self.of(row) * SEEDS_OF_HITS < HITS_MIN * seeds;
        ROWS.iter().filter(is_rare).copied().collect()
    }
}

impl fmt::Display for Counters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for row in ROWS {
            writeln!(f, "{:>10}  {row}", self.of(row))?;
        }
        Ok(())
    }
}
