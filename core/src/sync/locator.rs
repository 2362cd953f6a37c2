//! Where do two branches of a feed part, if neither side knows the other's tip? Points on the way back from mine find it.
//!
//! ```text
//! mine    1 ─ 2 ─ 3 ─ 4 ─ 5 ─ 6 ─ 7        points: 6, 5, 3, 1
//! relay   1 ─ 2 ─ 3 ─ 4 ─ 8 ─ 9            lacks 6 and 5, so it has 3: it sends 4, 8, 9
//! ```
//!
//! The relay takes the points that it has as what the device has, sends what lies beyond, and names those that it lacks. Where a
//! whole page brought nothing but what both have, the next points lie between the last that it has and the first that it lacks:
//! so the place is found in a few rounds, however far back it is and whatever the relay says.

use std::collections::{BTreeMap, BTreeSet};

use super::exchange::{Plan, Point, Range};
use crate::feed::clock::{Locator, SentTip};
use crate::feed::{Clock, Tip};
use crate::id::KeyholderId;
use crate::limits::{LOCATOR_POINTS_MAX, LOCATORS_PER_MESSAGE_MAX};
use crate::membership::MembershipChain;

/// A question to a store: which entries have these places on the way back from one that it holds?
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// Whose feed.
    pub feed: KeyholderId,
    /// Where the way begins.
    pub tip: Tip,
    /// The places, the highest first, all before that.
    pub seqs: Vec<u64>,
}

/// A device's search, through one exchange.
#[derive(Debug, Default)]
pub(super) struct Search {
    /// What the relay said that it lacks.
    lacked: BTreeSet<Point>,
    /// From each tip of mine that the relay lacks, in feeds with tips of its own that I lack.
    ways: BTreeMap<(KeyholderId, Tip), Way>,
}

#[derive(Debug)]
struct Way {
    /// The highest entry that the relay has, as far as is known.
    common: Option<Tip>,
    /// The place of the lowest that it lacks.
    lacked_from: u64,
    /// What the next request asks for, the highest first; none before the store was asked for them.
    points: Option<Vec<Tip>>,
}

impl Search {
    /// Learns from an answer which tips and points the relay lacks.
    pub(super) fn learn(&mut self, chain: &MembershipChain, lacked: &[(u32, SentTip)]) {
        let point = |(number, tip): &(u32, SentTip)| Some(Point { feed: chain.by_number(*number)?.id, tip: *tip });
        self.lacked = lacked.iter().filter_map(point).collect();
        self.ways.retain(|(feed, tip), _| is_lacked(&self.lacked, feed, tip));
        for ((feed, _), way) in &mut self.ways {
            way.narrow(|point| is_lacked(&self.lacked, feed, point));
        }
    }

    /// What the store has to be asked for before the next locators: of `feeds`, in which the relay holds what I lack, each tip of
    /// mine that the relay lacks, until there is nothing more to find out.
    pub(super) fn next(&mut self, feeds: &BTreeSet<KeyholderId>, mine: &Clock) -> Vec<Trace> {
        let mut before = std::mem::take(&mut self.ways);
        for (feed, tip) in feeds.iter().flat_map(|feed| mine.get(feed).into_iter().flatten().map(|tip| (*feed, *tip))) {
            if is_lacked(&self.lacked, &feed, &tip) && self.ways.len() < LOCATORS_PER_MESSAGE_MAX {
                let way =
                    before.remove(&(feed, tip)).unwrap_or(Way { common: None, lacked_from: tip.seq, points: None });
                self.ways.insert((feed, tip), way);
            }
        }
        let traces = self.ways.iter().map(|((feed, tip), way)| Trace { feed: *feed, tip: *tip, seqs: way.next() });
        let is_new = |trace: &Trace| self.ways[&(trace.feed, trace.tip)].points.is_none();
        traces.filter(|trace| is_new(trace) || !trace.seqs.is_empty()).collect()
    }

    /// Takes what the store found, in the order in which it was asked.
    pub(super) fn take(&mut self, traces: Vec<Trace>, found: Vec<Vec<Tip>>) {
        for (trace, points) in traces.into_iter().zip(found) {
            if let Some(way) = self.ways.get_mut(&(trace.feed, trace.tip)) {
                way.points = Some(points);
            }
        }
    }

    /// What a request carries: the points that are asked for, or those that the relay has. So it passes over what both have
    /// on every page.
    pub(super) fn locators(&self, chain: &MembershipChain, form: fn(&Tip) -> SentTip) -> Vec<Locator> {
        let asked = self.ways.iter().filter_map(|((feed, _), way)| Some((feed, way, way.points.as_ref()?)));
        let locator = |(feed, way, points): (&KeyholderId, &Way, &Vec<Tip>)| {
            let points = if points.is_empty() { way.common.as_slice() } else { points };
            Some(Locator { feed: Some(chain.keyholder(feed)?.number), points: points.iter().map(form).collect() })
        };
        asked.filter_map(locator).collect()
    }
}

impl Way {
    fn narrow(&mut self, lacks: impl FnMut(&Tip) -> bool) {
        let asked = self.points.as_mut().map(std::mem::take).unwrap_or_default();
        let (lacked, held): (Vec<Tip>, Vec<Tip>) = asked.into_iter().partition(lacks);
        self.lacked_from = lacked.iter().map(|point| point.seq).fold(self.lacked_from, u64::min);
        self.common = held.into_iter().chain(self.common).filter(|point| point.seq < self.lacked_from).max();
    }

    /// The places to ask for next, the highest first: at first ever farther back, then evenly between the two ends.
    fn next(&self) -> Vec<u64> {
        let (from, to) = (self.common.map_or(0, |tip| tip.seq), self.lacked_from);
        if self.points.is_none() {
            let back = (0..LOCATOR_POINTS_MAX as u32 - 1).map_while(|power| to.checked_sub(1 << power));
            let mut seqs: Vec<u64> = back.take_while(|seq| *seq > 1).collect();
            seqs.extend((to > 1).then_some(1));
            return seqs;
        }
        let between = to.saturating_sub(from + 1);
        let step = between.div_ceil(LOCATOR_POINTS_MAX as u64).max(1);
        let mut seqs: Vec<u64> = (1..=between / step).map(|n| from + n * step).collect();
        seqs.reverse();
        seqs
    }
}

fn is_lacked(lacked: &BTreeSet<Point>, feed: &KeyholderId, tip: &Tip) -> bool {
    [SentTip::short(tip), SentTip::whole(tip)].into_iter().any(|tip| lacked.contains(&Point { feed: *feed, tip }))
}

/// The points of a request's locators: what the relay's store has to be asked for.
pub(super) fn points(chain: &MembershipChain, locators: &[Locator]) -> BTreeSet<Point> {
    let of_feeds = locators.iter().filter_map(|locator| Some((chain.by_number(locator.feed?)?.id, locator)));
    of_feeds.flat_map(|(feed, locator)| locator.points.iter().map(move |tip| Point { feed, tip: *tip })).collect()
}

/// Sends of the feeds with a locator what lies beyond its highest point that I hold: all of the feed, if I hold none.
pub(super) fn widen(plan: &mut Plan, chain: &MembershipChain, locators: &[Locator], known: &BTreeMap<Point, Tip>) {
    for locator in locators {
        let Some(feed) = locator.feed.and_then(|number| chain.by_number(number)).map(|keyholder| keyholder.id) else {
            continue;
        };
        if plan.ahead.remove(&feed) {
            plan.send.push(Range { feed, beyond: Vec::new() });
        }
        let held = locator.points.iter().find_map(|tip| known.get(&Point { feed, tip: *tip }));
        if let Some(range) = plan.send.iter_mut().find(|range| range.feed == feed) {
            range.beyond.extend(held);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::id::Hash;

    fn entry(seq: u64) -> Tip {
        Tip { seq, hash: Hash::of("test", &[&seq.to_be_bytes()]) }
    }

    /// Asks until nothing is left to ask: in how many rounds, and what the relay has then, as far as is known.
    fn search(tip: u64, mut has: impl FnMut(u64) -> bool) -> (u32, Option<Tip>) {
        let mut way = Way { common: None, lacked_from: tip, points: None };
        let mut rounds = 0;
        loop {
            let seqs = way.next();
            if seqs.is_empty() && way.points.is_some() {
                return (rounds, way.common);
            }
            assert!(seqs.len() <= LOCATOR_POINTS_MAX && seqs.is_sorted_by(|a, b| a > b), "{seqs:?}");
            assert!(seqs.iter().all(|seq| (1..tip).contains(seq)));
            rounds += 1;
            way.points = Some(seqs.into_iter().map(entry).collect());
            way.narrow(|point| !has(point.seq));
        }
    }

    proptest! {
        #[test]
        fn the_place_is_found(tip in 1..2_000_000_u64, common in 0..2_000_000_u64) {
            let common = common % tip;
            let (rounds, found) = search(tip, |seq| seq <= common);
            prop_assert_eq!(found, (common > 0).then(|| entry(common)));
            prop_assert!(rounds <= 6, "{} rounds", rounds);
        }

        #[test]
        fn whatever_the_answers_it_ends(tip in 1..2_000_000_u64, answers in proptest::collection::vec(any::<bool>(), 1..50)) {
            let mut answers = answers.into_iter().cycle();
            let (rounds, _) = search(tip, |_| answers.next().unwrap_or_default());
            prop_assert!(rounds <= 6, "{} rounds", rounds);
        }
    }
}
