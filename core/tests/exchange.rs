//! Do two phones and a relay come to hold the same? Stories over the two sync machines, with stores in memory.

#[path = "support/world.rs"]
mod world;

use world::{Phone, Relay, Wish, couple, invite, join};

#[test]
fn two_who_write_apart_meet_on_the_relay() {
    let (mut ada, mut noor, mut relay) = couple();
    ada.write("from Ada");
    noor.write("from Noor");
    ada.sync_fully(&mut relay);
    noor.sync_fully(&mut relay);
    ada.sync_fully(&mut relay);
    assert_eq!(ada.words(), ["from Ada", "from Noor"]);
    assert_eq!(noor.words(), ada.words());
}

#[test]
fn what_was_written_before_there_was_a_partner_reaches_her() {
    let mut ada = Phone::founder(1);
    let mut relay = Relay::new(ada.store.chain().clone());
    ada.write("alone");
    ada.sync_fully(&mut relay);
    let invitation = invite(&mut ada, &mut relay);
    let mut noor = Phone::new(2);
    join(&mut noor, &invitation, &mut relay);
    assert_eq!(noor.words(), ["alone"], "the new seal's history box opens the epoch before it");
}

#[test]
fn an_exchange_in_which_nothing_changed_is_one_request() {
    let (mut ada, _, mut relay) = couple();
    ada.write("something");
    ada.sync_fully(&mut relay);
    assert_eq!(ada.sync_fully(&mut relay), 1);
}

#[test]
fn a_revoked_invitation_closes_the_epoch_and_the_revoker_opens_the_next() {
    let mut ada = Phone::founder(1);
    let mut relay = Relay::new(ada.store.chain().clone());
    let invitation = invite(&mut ada, &mut relay);
    ada.wishes.push_back(Wish::Revoke(invitation.id()));
    ada.write("after it");
    ada.sync_fully(&mut relay);
    assert_eq!(relay.store.chain().len(), 4, "Create, Add, Remove, Rotate");
    assert!(relay.store.entries().all(|entry| entry.position == 3));
}
