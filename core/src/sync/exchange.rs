//! What does an exchange move? The pure part that both ends share.

use std::collections::{BTreeMap, BTreeSet};

use crate::feed::clock::{SentClock, SentTip};
use crate::feed::tree::advance_tips;
use crate::feed::{Clock, EntryRefusal, SentEntry, StoredEntry, Tip, VerifiedEntry};
use crate::id::{Hash, KeyholderId};
use crate::limits::{ENTRIES_PER_MESSAGE_MAX, PAGE_BYTES};
use crate::membership::{ChainError, MembershipChain, Record};

/// What an entry takes in a message beside its sealed bytes, at most: its signature, its previous hash and its numbers.
const ENTRY_OVERHEAD_BYTES: usize = 140;

/// A question to a store: do you hold the entry of this feed with this tip?
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    /// Whose feed.
    pub feed: KeyholderId,
    /// The entry.
    pub tip: SentTip,
}

/// A part of a feed: every entry that is neither one of `beyond` nor an ancestor of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// Whose feed.
    pub feed: KeyholderId,
    /// What the other side has; empty for the whole feed.
    pub beyond: Vec<Tip>,
}

/// A chain at one moment: its length and its last record's hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainMark {
    /// Number of records.
    pub len: u32,
    /// Hash of the last.
    pub head: Hash,
}

impl ChainMark {
    /// Where this chain stands.
    #[must_use]
    pub fn of(chain: &MembershipChain) -> Self {
        Self { len: chain.len(), head: chain.head() }
    }
}

/// What a store appends in one transaction, and only if its chain is still the `expected` one.
#[derive(Debug, Clone)]
pub struct Append {
    /// Where the store's chain must stand now.
    pub expected: ChainMark,
    /// Records of the store's chain that stand: all of them, but where another branch of the chain takes over from there on
    /// ([`crate::membership::which_stands`]). Entries bound to the others, and what follows those, lose their place then
    /// ([`crate::feed::FeedTree::displace`]).
    pub kept_len: u32,
    /// The chain as it is afterwards.
    pub chain: MembershipChain,
    /// New records: those of `chain` after the kept ones.
    pub records: Vec<Record>,
    /// New entries, parents before children. Some may be there already.
    pub entries: Vec<VerifiedEntry>,
    /// Feeds of removed devices that this append touches, with their cuts: a feed ends there, and what can be neither one of the
    /// cut's tips nor before one leaves it ([`crate::feed::FeedTree::cut`]).
    pub cuts: BTreeMap<KeyholderId, Vec<Tip>>,
}

impl Append {
    /// What to append, so that `chain`, which goes on from what the store has, stands and these entries are there.
    #[must_use]
    pub fn new(expected: ChainMark, chain: MembershipChain, entries: Vec<VerifiedEntry>) -> Self {
        Self::keeping(expected, expected.len, chain, entries)
    }

    /// What to append, so that another branch of the chain stands from record `kept_len` on.
    #[must_use]
    pub fn branch(expected: ChainMark, kept_len: u32, chain: MembershipChain) -> Self {
        Self::keeping(expected, kept_len, chain, Vec::new())
    }

    fn keeping(expected: ChainMark, kept_len: u32, chain: MembershipChain, entries: Vec<VerifiedEntry>) -> Self {
        let removed_now = chain.keyholders().iter().filter(|k| k.removed_at.is_some_and(|at| at >= kept_len));
        let arrived = entries.iter().map(|entry| entry.feed);
        let touched: BTreeSet<KeyholderId> = removed_now.map(|keyholder| keyholder.id).chain(arrived).collect();
        let cuts = touched.into_iter().filter_map(|feed| Some((feed, chain.cut_of(&feed)?.to_vec()))).collect();
        let records = chain.records().iter().skip(kept_len as usize).cloned().collect();
        Self { expected, kept_len, chain, records, entries, cuts }
    }

    /// Whether another branch of the chain takes over.
    #[must_use]
    pub fn takes_branch(&self) -> bool {
        self.kept_len < self.expected.len
    }

    /// Whether there is nothing to append.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty() && self.entries.is_empty()
    }
}

/// What one side does after it saw the other's clock.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// Send my records from this index on.
    pub records_from: Option<u32>,
    /// Send these entries.
    pub send: Vec<Range>,
    /// The other side holds something that I lack.
    pub ask: bool,
    /// Feeds of which the other side holds tips, none of which I know.
    pub ahead: BTreeSet<KeyholderId>,
}

impl Plan {
    /// Whether the other side lacks nothing of mine.
    #[must_use]
    pub fn sends_nothing(&self) -> bool {
        self.records_from.is_none() && self.send.is_empty()
    }
}

/// Decides what an exchange moves. `known` answers whether I hold a tip that is not one of my own tips.
///
/// A feed of which the other side holds tips, none of which I know, is not sent: the other side is ahead there, and lacks
/// nothing of mine if the feed is a line. Unless it is a removed device's that I hold up to its cut: nobody is ahead of that,
/// and what the other side holds has no place. Where I know some of its tips and not others, the feed has branches, and all that I
/// hold beyond those that I know is sent; so whoever knows a tip of the other's brings the two together. (Where neither does,
/// [`super::locator`] helps.)
#[must_use]
pub fn reconcile(
    chain: &MembershipChain,
    mine: &Clock,
    theirs: &SentClock,
    known: &dyn Fn(&Point) -> Option<Tip>,
) -> Plan {
    let mut plan = Plan::default();
    if theirs.chain_len > 0 && !chain.has_prefix(theirs.chain_len, &theirs.chain_head) {
        // Their chain is longer than mine, or another. Their feed numbers mean nothing here until I have it.
        plan.ask = true;
        return plan;
    }
    if theirs.chain_len < chain.len() {
        plan.records_from = Some(theirs.chain_len);
    }
    let Some(lines) = &theirs.lines else {
        plan.ask = theirs.digest != crate::feed::clock::digest(chain, mine);
        return plan;
    };
    let mut their_tips: BTreeMap<KeyholderId, &[SentTip]> = BTreeMap::new();
    for line in lines {
        match chain.by_number(line.feed) {
            Some(keyholder) => _ = their_tips.insert(keyholder.id, &line.tips),
            None => plan.ask = true,
        }
    }
    for (feed, tips) in &their_tips {
        if !mine.contains_key(feed) && !tips.is_empty() {
            plan.ask = true;
        }
    }
    for (feed, tips) in mine {
        let theirs = their_tips.get(feed).copied().unwrap_or_default();
        let beyond: Vec<Tip> = theirs.iter().filter_map(|tip| find(feed, tip, tips, known)).collect();
        let is_whole = ends_here(chain, feed, tips);
        plan.ask |= beyond.len() < theirs.len() && !is_whole;
        if beyond.is_empty() && !theirs.is_empty() && !is_whole {
            plan.ahead.insert(*feed);
        } else if !tips.iter().all(|tip| beyond.contains(tip)) {
            plan.send.push(Range { feed: *feed, beyond });
        }
    }
    plan
}

/// Whether a feed is here up to its cut: nothing more belongs to it.
pub(super) fn ends_here(chain: &MembershipChain, feed: &KeyholderId, tips: &BTreeSet<Tip>) -> bool {
    chain.cut_of(feed).is_some_and(|cut| cut.iter().all(|tip| tips.contains(tip)))
}

fn find(feed: &KeyholderId, tip: &SentTip, mine: &BTreeSet<Tip>, known: &dyn Fn(&Point) -> Option<Tip>) -> Option<Tip> {
    mine.iter().find(|own| tip.matches(own)).copied().or_else(|| known(&Point { feed: *feed, tip: *tip }))
}

/// Notes that I hold this entry, however the other side may name it.
pub fn know(known: &mut BTreeMap<Point, Tip>, feed: KeyholderId, tip: Tip) {
    for sent in [SentTip::short(&tip), SentTip::whole(&tip)] {
        known.insert(Point { feed, tip: sent }, tip);
    }
}

/// Adds the records of a message to a chain: those beyond it, as far as they follow. Records at an index that the chain has
/// already are passed over; so is everything after one that differs, whose author lost the race for its place, whatever comes
/// after a gap, and what follows another branch that is as long as the chain: the sender learns from the answer which records are
/// missing, or that there are two branches.
///
/// # Errors
/// A record that follows the head and is not valid.
pub fn extend_chain(chain: &mut MembershipChain, records: &[Vec<u8>]) -> Result<Vec<Record>, ChainError> {
    let mut added = Vec::new();
    for bytes in records {
        let record = Record::parse(bytes)?;
        if let Some(held) = chain.hash_at(record.index()) {
            if held == record.hash() {
                continue;
            }
            break;
        }
        if record.index() > chain.len() || record.previous() != chain.head() {
            break;
        }
        added.push(chain.append_record(record)?.clone());
    }
    Ok(added)
}

/// Entries of a message on their way into a store: verified one by one, and waiting to learn whether the entries before them
/// are there.
#[derive(Debug, Default)]
pub struct Intake {
    verified: Vec<VerifiedEntry>,
    arrived: BTreeMap<KeyholderId, BTreeSet<Tip>>,
    refused: Vec<(Hash, EntryRefusal)>,
}

impl Intake {
    /// Names and verifies every entry of a message whose head `chain` contains.
    #[must_use]
    pub fn verify(chain: &MembershipChain, entries: &[SentEntry]) -> Self {
        let mut intake = Self::default();
        let mut before: Option<(u32, Tip)> = None;
        for sent in entries {
            let implied = before.filter(|(feed, tip)| *feed == sent.feed && tip.seq.checked_add(1) == Some(sent.seq));
            let previous = sent.previous.or(implied.map(|(_, tip)| tip.hash));
            let named = name_entry(chain, sent, previous);
            let hash = named.as_ref().map_or(Hash::ZERO, |entry| entry.hash);
            before = Some((sent.feed, Tip { seq: sent.seq, hash }));
            match named.ok_or(EntryRefusal::Malformed).and_then(|entry| entry.verify(chain)) {
                Ok(entry) => {
                    intake.arrived.entry(entry.feed).or_default().insert(entry.tip());
                    intake.verified.push(entry);
                }
                Err(refusal) => intake.refused.push((hash, refusal)),
            }
        }
        intake
    }

    /// Refuses what a store must not take although it is valid; so what follows it has no place either.
    pub fn refuse(&mut self, refusal: EntryRefusal, is_refused: impl Fn(&StoredEntry) -> bool) {
        for entry in self.verified.extract_if(.., |entry| is_refused(entry)) {
            if let Some(tips) = self.arrived.get_mut(&entry.feed) {
                tips.remove(&entry.tip());
            }
            self.refused.push((entry.hash, refusal));
        }
    }

    /// Whether this entry is among those that arrived and are valid.
    #[must_use]
    pub fn brings(&self, point: &Point) -> bool {
        self.arrived.get(&point.feed).is_some_and(|tips| tips.iter().any(|tip| point.tip.matches(tip)))
    }

    /// What the store has to be asked for before [`Self::settle`]: the entries before the verified ones that did not arrive with
    /// them; and of feeds that end at a cut, the tips of the cut and the entries themselves.
    #[must_use]
    pub fn questions(&self, chain: &MembershipChain) -> BTreeSet<Point> {
        let mut points = self.predecessors();
        for entry in &self.verified {
            if let Some(cut) = chain.cut_of(&entry.feed) {
                let asked = cut.iter().copied().chain([entry.tip()]);
                points.extend(asked.map(|tip| Point { feed: entry.feed, tip: SentTip::whole(&tip) }));
            }
        }
        points
    }

    fn predecessors(&self) -> BTreeSet<Point> {
        self.verified
            .iter()
            .filter_map(|entry| {
                let before = previous_tip(entry)?;
                let arrived = self.arrived.get(&entry.feed).is_some_and(|tips| tips.contains(&before));
                (!arrived).then(|| Point { feed: entry.feed, tip: SentTip::whole(&before) })
            })
            .collect()
    }

    /// The entries whose predecessors are there, or come before them here; and those that were refused. `clock` is the
    /// store's: it says how many branches each feed has already.
    ///
    /// Of a feed that ends at a cut, what is higher than the cut is refused; and once the whole cut is here, whatever is new,
    /// for all that stands is here then.
    #[must_use]
    pub fn settle(
        self,
        chain: &MembershipChain,
        clock: &Clock,
        known: &BTreeMap<Point, Tip>,
    ) -> (Vec<VerifiedEntry>, Vec<(Hash, EntryRefusal)>) {
        let mut placed: BTreeSet<(KeyholderId, Tip)> = BTreeSet::new();
        let mut tips_of = clock.clone();
        let mut taken = Vec::with_capacity(self.verified.len());
        let mut refused = self.refused;
        for entry in self.verified {
            let has_place = previous_tip(&entry).is_none_or(|before| {
                placed.contains(&(entry.feed, before))
                    || known.contains_key(&Point { feed: entry.feed, tip: SentTip::whole(&before) })
            });
            let tips = tips_of.entry(entry.feed).or_default();
            let placing = match has_place {
                _ if !is_within_cut(chain, &entry, known) => Err(EntryRefusal::NotMember),
                false => Err(EntryRefusal::Gap),
                true if tips.contains(&entry.tip()) => Ok(()),
                true => advance_tips(tips, entry.tip(), entry.previous),
            };
            match placing {
                Ok(()) => {
                    placed.insert((entry.feed, entry.tip()));
                    taken.push(entry);
                }
                Err(refusal) => refused.push((entry.hash, refusal)),
            }
        }
        (taken, refused)
    }
}

fn is_within_cut(chain: &MembershipChain, entry: &StoredEntry, known: &BTreeMap<Point, Tip>) -> bool {
    let Some(cut) = chain.cut_of(&entry.feed) else { return true };
    let is_held = |tip: &Tip| known.contains_key(&Point { feed: entry.feed, tip: SentTip::whole(tip) });
    let tip = entry.tip();
    is_held(&tip) || cut.contains(&tip) || cut.iter().any(|last| last.seq > tip.seq && !is_held(last))
}

fn previous_tip(entry: &StoredEntry) -> Option<Tip> {
    (entry.seq > 1).then(|| Tip { seq: entry.seq - 1, hash: entry.previous })
}

fn name_entry(chain: &MembershipChain, sent: &SentEntry, previous: Option<Hash>) -> Option<StoredEntry> {
    let previous = if sent.seq == 1 { Hash::ZERO } else { previous? };
    let mut entry = StoredEntry {
        feed: chain.by_number(sent.feed)?.id,
        seq: sent.seq,
        hash: Hash::ZERO,
        previous,
        position: sent.position,
        kind: sent.kind,
        critical: sent.critical,
        sealed: sent.sealed.clone(),
        signature: sent.signature,
    };
    entry.hash = entry.header(chain)?.entry_hash(&entry.sealed);
    Some(entry)
}

/// Entries of a store as a message carries them. What `chain` does not name cannot be sent, and is left out.
#[must_use]
pub fn to_sent(chain: &MembershipChain, entries: Vec<StoredEntry>) -> Vec<SentEntry> {
    let mut before: Option<(KeyholderId, Tip)> = None;
    let mut sent = Vec::with_capacity(entries.len());
    for entry in entries {
        let Some(keyholder) = chain.keyholder(&entry.feed) else { continue };
        let follows = previous_tip(&entry).is_none_or(|previous| before == Some((entry.feed, previous)));
        before = Some((entry.feed, entry.tip()));
        sent.push(SentEntry {
            feed: keyholder.number,
            seq: entry.seq,
            previous: (!follows).then_some(entry.previous),
            position: entry.position,
            kind: entry.kind,
            critical: entry.critical,
            sealed: entry.sealed,
            signature: entry.signature,
        });
    }
    sent
}

/// As many of these entries as fit one message beside `taken` bytes of records, and whether some were left out. A store
/// counts sealed bytes alone; here every byte that is sent counts.
#[must_use]
pub fn entries_page(chain: &MembershipChain, mut entries: Vec<StoredEntry>, taken: usize) -> (Vec<SentEntry>, bool) {
    let mut bytes = taken;
    let fitting = entries
        .iter()
        .take(ENTRIES_PER_MESSAGE_MAX)
        .take_while(|entry| {
            bytes += entry.sealed.len() + ENTRY_OVERHEAD_BYTES;
            bytes <= PAGE_BYTES
        })
        .count();
    let is_cut = fitting < entries.len();
    entries.truncate(fitting);
    (to_sent(chain, entries), is_cut)
}

/// Records from `from` on, as many as fit one message.
#[must_use]
pub fn records_page(chain: &MembershipChain, from: u32) -> Vec<Vec<u8>> {
    let mut bytes = 0;
    chain
        .records()
        .iter()
        .skip(from as usize)
        .take_while(|record| {
            bytes += record.bytes().len();
            bytes <= PAGE_BYTES
        })
        .map(|record| record.bytes().to_vec())
        .collect()
}

/// All tips that a clock names and that are none of my own: what a store has to be asked for.
#[must_use]
pub fn foreign_tips(chain: &MembershipChain, mine: &Clock, theirs: &SentClock) -> BTreeSet<Point> {
    let mut points = BTreeSet::new();
    for line in theirs.lines.iter().flatten() {
        let Some(keyholder) = chain.by_number(line.feed) else { continue };
        let own = mine.get(&keyholder.id);
        for tip in &line.tips {
            if !own.is_some_and(|own| own.iter().any(|own| tip.matches(own))) {
                points.insert(Point { feed: keyholder.id, tip: *tip });
            }
        }
    }
    points
}
