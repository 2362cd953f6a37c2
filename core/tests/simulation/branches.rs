//! How do two branches of one chain part? By whom each of them lets in and removes.

use std::collections::BTreeSet;

use entwine_core::id::KeyholderId;
use entwine_core::keyholder::KeyholderKind;
use entwine_core::membership::{Body, MembershipChain};

/// The row of the table.
pub(crate) fn way_of_branching(one: &MembershipChain, other: &MembershipChain) -> &'static str {
    let fork = one.common_len(other);
    let acts = [one, other].map(|chain| acts_since(chain, fork));
    match (&acts[0].is_empty(), &acts[1].is_empty()) {
        (true, true) => "branches: nobody comes or goes on either",
        (false, false) if acts[0] == acts[1] => "branches: the same come and go on both",
        (false, false) => "branches: others come and go on each",
        _ => "branches: somebody comes or goes on one alone",
    }
}

/// Who comes, and who goes.
fn acts_since(chain: &MembershipChain, fork: u32) -> BTreeSet<(bool, KeyholderId)> {
    let mut acts = BTreeSet::new();
    for record in chain.records().iter().skip(fork as usize) {
        match record.body() {
            Body::Add(add) if matches!(add.kind, KeyholderKind::Device | KeyholderKind::RecoveryPhrase) => {
                acts.insert((true, add.keys.id()));
            }
            Body::Accept(accept) => acts.extend([(true, accept.device.id()), (false, record.author())]),
            Body::Remove(remove) => acts.extend(remove.cuts.iter().map(|cut| (false, cut.keyholder))),
            _ => {}
        }
    }
    acts
}
