//! Which of two chains of one space stands?
//!
//! Only a relay that was set back or emptied, or an old key that signs at an old index, makes two branches of one chain.
//! Relay and devices decide by this one function, so that both decide alike:
//!
//! ```text
//!                     ┌─ mine   ─► …     a join, an addition or a removal on one side alone: that side stands
//!   0 ─► … ─► fork ───┤                  on neither, or the same on both: the smaller hash at the fork stands
//!                     └─ theirs ─► …     otherwise neither: nobody unsees a join or a removal
//! ```

use std::collections::BTreeSet;

use super::chain::MembershipChain;
use super::record::Body;
use crate::id::KeyholderId;
use crate::keyholder::KeyholderKind;

/// What a comparison of two chains says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Mine: the other is a part of it, or a branch that gives way.
    Mine,
    /// Theirs.
    Theirs,
    /// Neither gives way: the couple founds anew.
    Neither,
}

/// Which of two chains of one space stands. The longer one, where it contains the other.
///
/// An `Accept`, whose author goes with it by design, counts as the act of the device that it lets in. A critical record of a
/// kind that this version does not know may add or remove, so a branch with one never gives way, and none gives way to it.
#[must_use]
pub fn which_stands(mine: &MembershipChain, theirs: &MembershipChain) -> Standing {
    let fork = mine.common_len(theirs);
    let (Some(my_first), Some(their_first)) = (mine.hash_at(fork), theirs.hash_at(fork)) else {
        return if fork == theirs.len() { Standing::Mine } else { Standing::Theirs };
    };
    let (my_acts, their_acts) = (Acts::since(mine, fork), Acts::since(theirs, fork));
    if my_acts.is_unknown || their_acts.is_unknown {
        return Standing::Neither;
    }
    match (my_acts.is_none(), their_acts.is_none()) {
        (false, true) => Standing::Mine,
        (true, false) => Standing::Theirs,
        (false, false) if !my_acts.come_to_the_same_as(&their_acts) => Standing::Neither,
        _ if my_first < their_first => Standing::Mine,
        _ => Standing::Theirs,
    }
}

/// Whom a branch adds and removes.
#[derive(Default)]
struct Acts {
    added: BTreeSet<KeyholderId>,
    removed: BTreeSet<KeyholderId>,
    /// Whether all who did that are keyholders at the branch's end.
    is_by_those_who_stay: bool,
    is_unknown: bool,
}

impl Acts {
    fn since(chain: &MembershipChain, fork: u32) -> Self {
        let mut acts = Self { is_by_those_who_stay: true, ..Self::default() };
        for record in chain.records().iter().skip(fork as usize) {
            let actor = match record.body() {
                Body::Add(add) if matches!(add.kind, KeyholderKind::Device | KeyholderKind::RecoveryPhrase) => {
                    acts.added.insert(add.keys.id());
                    record.author()
                }
                Body::Accept(accept) => {
                    acts.added.insert(accept.device.id());
                    acts.removed.insert(record.author());
                    accept.device.id()
                }
                Body::Remove(remove) => {
                    acts.removed.extend(remove.cuts.iter().map(|cut| cut.keyholder));
                    record.author()
                }
                Body::Unknown { critical: true, .. } => {
                    acts.is_unknown = true;
                    continue;
                }
                _ => continue,
            };
            acts.is_by_those_who_stay &= chain.member(&actor).is_some();
        }
        acts
    }

    fn is_none(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }

    fn come_to_the_same_as(&self, other: &Self) -> bool {
        self.added == other.added
            && self.removed == other.removed
            && self.is_by_those_who_stay
            && other.is_by_those_who_stay
    }
}
