//! What can a relay not hide? Every entry carries, sealed and signed, what its author held. What stands there and came from
//! nobody is withheld, or was lost with a relay that was set back, or lies on another of two relays that look like one.

use std::collections::BTreeMap;

use entwine_core::feed::StoredEntry;
use entwine_core::feed::clock::ClockLine;
use entwine_core::membership::MembershipChain;

use super::{Client, SpaceView};
use crate::error::Error;
use crate::storage::{MissingTip, ToldLine};

/// The lines of an entry's clock. Their feed numbers mean the chain as its author knew it; later ones mean nothing there.
pub(crate) fn told_lines(
    chain: &MembershipChain,
    arrival: u64,
    entry: &StoredEntry,
    clock: Vec<ClockLine>,
) -> impl Iterator<Item = ToldLine> {
    clock.into_iter().filter_map(move |line| {
        let feed = chain.by_number(line.feed).filter(|keyholder| keyholder.added_at <= entry.position)?.id;
        Some(ToldLine { arrival, author: entry.feed, feed, tips: line.tips })
    })
}

impl Client {
    /// What others held and nobody gave, in words for a status; none if all is here. Only to be asked where relay and device
    /// hold the same: while entries still come, some may name others that come later.
    pub(super) async fn withheld(&self, view: &SpaceView) -> Result<Option<String>, Error> {
        let mut missing = self.storage.missing_tips(&view.space).await?;
        missing.retain(|missing| counts(&view.chain, missing));
        let me = view.chain.keyholder(&self.keyholder()).map(|me| me.person);
        let of_this_phone: Vec<&MissingTip> = missing.iter().filter(|one| one.feed == self.keyholder()).collect();
        let is_partners = |one: &&MissingTip| view.chain.keyholder(&one.author).map(|author| author.person) != me;
        let of_partner: Vec<&MissingTip> = missing.iter().filter(is_partners).collect();
        Ok(if missing.is_empty() {
            None
        } else if !of_this_phone.is_empty() {
            let entries = in_entries(&of_this_phone);
            Some(format!("this phone was set back or copied, and had written {entries} that the relay does not give"))
        } else if !of_partner.is_empty() {
            Some(format!("your partner had {} that the relay does not give", in_entries(&of_partner)))
        } else {
            let entries = in_entries(&missing.iter().collect::<Vec<_>>());
            Some(format!("another phone of yours had {entries} that the relay does not give"))
        })
    }
}

/// Whether it is missed. Nobody can bring what only a removed device speaks of; and a removed device's feed ends at its cut,
/// beyond which nothing has a place.
fn counts(chain: &MembershipChain, missing: &MissingTip) -> bool {
    let is_within = chain.cut_of(&missing.feed).is_none_or(|cut| cut.iter().any(|tip| missing.tip.matches(tip)));
    chain.member(&missing.author).is_some() && is_within
}

/// How many entries are missing at least: each feed holds whatever comes before its tips.
fn number(missing: &[&MissingTip]) -> u64 {
    let mut by_feed = BTreeMap::new();
    for missing in missing {
        let beyond = missing.tip.seq.saturating_sub(missing.held_until).max(1);
        let number = by_feed.entry(missing.feed).or_insert(beyond);
        *number = beyond.max(*number);
    }
    by_feed.into_values().fold(0, u64::saturating_add)
}

fn in_entries(missing: &[&MissingTip]) -> String {
    match number(missing) {
        1 => "at least 1 entry".to_owned(),
        number => format!("at least {number} entries"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use entwine_core::feed::clock::SentTip;
    use entwine_core::feed::{Clock, Tip};
    use entwine_core::id::{Hash, KeyholderId, PersonId};
    use entwine_core::keyholder::SecretKeys;
    use entwine_core::membership::{KeyRing, SpaceKind};

    use super::*;
    use crate::random::generator;

    fn tip(seq: u64) -> Tip {
        Tip { seq, hash: Hash::of("test", &[&seq.to_be_bytes()]) }
    }

    fn missing(author: KeyholderId, feed: KeyholderId, seq: u64) -> MissingTip {
        MissingTip { author, feed, tip: SentTip::short(&tip(seq)), held_until: 2 }
    }

    #[test]
    fn a_removed_device_raises_no_alarm_and_its_feed_is_missed_up_to_its_cut_alone() {
        let rng = &mut generator();
        let [ada, tablet] = [(); 2].map(|()| SecretKeys::make_random(rng));
        let adas = PersonId::make_random(rng);
        let first = MembershipChain::create(rng, &ada, adas, SpaceKind::Shared);
        let mut chain = MembershipChain::found(first.bytes()).unwrap();
        let ring = KeyRing::derive(&chain, &ada);
        chain.append_record(chain.add_device(rng, &ada, &ring, &tablet).unwrap()).unwrap();
        let said_by_the_tablet = missing(tablet.id(), ada.id(), 9);
        let [within, beyond] = [4, 5].map(|seq| missing(ada.id(), tablet.id(), seq));
        let counted = |chain: &MembershipChain| [&said_by_the_tablet, &within, &beyond].map(|one| counts(chain, one));
        assert_eq!(counted(&chain), [true, true, true]);
        let clock = Clock::from([(tablet.id(), BTreeSet::from([tip(4)]))]);
        chain.append_record(chain.remove(&ada, [tablet.id()], &clock).unwrap()).unwrap();
        assert_eq!(counted(&chain), [false, true, false]);
    }

    #[test]
    fn what_is_missing_is_counted_once_a_feed() {
        let [ada, noor] = [(); 2].map(|()| SecretKeys::make_random(&mut generator()).id());
        let all = [missing(noor, ada, 9), missing(ada, ada, 4), missing(ada, noor, 1)];
        assert_eq!(number(&all.iter().collect::<Vec<_>>()), 7 + 1);
    }
}
