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
    "fault: the relay loses what it stored last",
    "fault: the relay is full",
    "fault: the relay has room again",
    "fault: the relay takes smaller entries only",
    "fault: a member carries what a removed device wrote",
    "fault: an epoch is opened with a seal that one device cannot open",
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
    "membership: a new epoch is opened to mend the last",
    "membership: somebody founds anew",
    "membership: who was told that chains differ founds anew",
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
    "entry: refused for its signature",
    "entry: refused, since no epoch is open there",
    "entry: refused as malformed",
    "entry: refused as too large",
    "entry: refused for want of room",
    "entry: refused from who is being removed",
    "entry: taken back at a refusal",
    "entry: sealed again with one change, after a refusal",
    "entry: set aside for good at the second refusal",
    "feed: a branch of a feed arrives at the relay",
    "feed: the next own entry goes on the line that this store knows",
    "feed: where its branches part is searched by a locator",
    "relay: is asked by locators where branches of a feed part",
    "cut: whole at once",
    "cut: waits for its tips",
    "cut: an entry waits for the tips of its cut",
    "cut: what waited for its tips has its place",
    "cut: nothing of the feed stands",
    "hand on: an entry beyond a cut, or after one that lost its place",
    "hand on: an entry bound to a record that does not stand",
    "hand on: an entry that never had a place is dropped",
    "hand on: waits for its key",
    "chain: this device's branch stands, and is brought",
    "chain: the other branch stands, and is taken",
    "chain: the relay takes the other branch",
    "chain: neither branch stands",
    "branches: nobody comes or goes on either",
    "branches: somebody comes or goes on one alone",
    "branches: the same come and go on both",
    "branches: others come and go on each",
    "process: the chain moved under it",
    "end: all agree",
    "end: a space without members",
    "end: nobody who is left holds a key that was sealed faultily to the others",
    "end: a cut names what nobody who is left holds, and some who came later wait for it",
    "end: chains differ, and the couple founds anew",
    "end: nobody who may bring it knows of a joining that the relay forgot, and the couple founds anew",
];

/// How often each of these happened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Counters(BTreeMap<&'static str, Hits>);

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Hits {
    times: u64,
    /// In how many seeds.
    seeds: u64,
}

impl Counters {
    /// # Panics
    /// On a name that the table does not have.
    pub(crate) fn hit(&mut self, name: &str) {
        let row = ROWS.iter().find(|row| **row == name).unwrap_or_else(|| panic!("the table has no row {name:?}"));
        let hits = self.0.entry(row).or_default();
        *hits = Hits { times: hits.times + 1, seeds: 1 };
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (row, more) in &other.0 {
            let hits = self.0.entry(row).or_default();
            *hits = Hits { times: hits.times + more.times, seeds: hits.seeds + more.seeds };
        }
    }

    fn of(&self, name: &str) -> Hits {
        self.0.get(name).copied().unwrap_or_default()
    }

    /// Rows that so many seeds should have hit more often.
    pub(crate) fn too_rare(&self, seeds: u64) -> Vec<&'static str> {
        let is_rare = |row: &&&str| self.of(row).times * SEEDS_OF_HITS < HITS_MIN * seeds;
        ROWS.iter().filter(is_rare).copied().collect()
    }

    /// As Markdown.
    pub(crate) fn table(&self) -> String {
        let rows = ROWS.iter().map(|row| {
            let Hits { times, seeds } = self.of(row);
            format!("| {row} | {times} | {seeds} |\n")
        });
        std::iter::once("| What happened | Times | In seeds |\n|---|---:|---:|\n".to_owned()).chain(rows).collect()
    }
}

impl fmt::Display for Counters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for row in ROWS {
            writeln!(f, "{:>10}  {row}", self.of(row).times)?;
        }
        Ok(())
    }
}
