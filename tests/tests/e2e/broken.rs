//! What if a partner's phone is broken, and signs what nobody can open? Everything around it is shown, it is counted, and nothing stops.

use entwine_core::document::{ActorId, Document, EntityId};
use entwine_core::feed::{EntryKind, VerifiedEntry};
use entwine_core::time::Timestamp;
use entwine_tests::world::meet;
use entwine_tests::{Member, World};

use crate::newer::LaterEntry;

/// In the chapter of November 2026.
const NOVEMBER: (u64, &str) = (1_794_000_000, "journal/2026-11");
const GOOD: u64 = 100;

#[test]
fn entries_that_cannot_be_opened_among_a_hundred_that_can_are_counted_and_stop_nothing() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    meet(&[&noor, &ada]);
    let mut broken = Member::of(&noor, &relay);
    let mut pages = Document::new(ActorId::make_random(&mut rand::rng(), &broken.keys().id()));
    let mut entries = Vec::new();
    for number in 0..GOOD {
        if number == GOOD / 2 {
            entries.extend(nobody_opens(&mut broken));
        }
        let now = Timestamp::from_seconds(NOVEMBER.0 + number);
        let page = LaterEntry::new(&broken, &format!("Page {number}"), "We walked.", now);
        pages.collection_mut().put(&EntityId::make(now, &mut rand::rng()), &page, now).unwrap();
        entries.push(seal(&mut broken, pages.take_changes()));
    }
    broken.push(entries);

    for phone in [&ada, &noor] {
        let status = phone.sync();
        assert_eq!(status["set_aside"], 4, "{status}");
        let expected: Vec<String> = (0..GOOD).rev().map(|number| format!("Page {number}")).collect();
        assert_eq!(phone.titles(), expected);
    }
    // Both go on, on the very page that came after them.
    let id = ada.list()[0]["id"].as_str().unwrap().to_owned();
    ada.append(&id, " Far.");
    meet(&[&ada, &noor]);
    noor.append(&id, " Home.");
    meet(&[&noor, &ada]);
    assert_eq!([ada.read(&id), noor.read(&id)], ["We walked. Far. Home.", "We walked. Far. Home."]);
    assert_eq!((&ada.status()["set_aside"], &noor.status()["set_aside"]), (&4.into(), &4.into()));
}

fn seal(member: &mut Member, changes: Vec<Vec<u8>>) -> VerifiedEntry {
    let header = member.header(EntryKind::CHANGES, true);
    member.seal(&header, &Member::content(NOVEMBER.1, changes))
}

/// No sealed bytes at all; bytes sealed for another place; no changes; and a change that is cut short.
fn nobody_opens(member: &mut Member) -> Vec<VerifiedEntry> {
    let header = member.header(EntryKind::CHANGES, true);
    let noise = member.sign(&header, vec![7; 200]);
    let elsewhere = {
        let stranger = seal(member, Vec::new());
        let header = member.header(EntryKind::CHANGES, true);
        [stranger.clone(), member.sign(&header, stranger.sealed.clone())]
    };
    let garbage = seal(member, vec![b"no change at all".to_vec()]);
    let mut document = Document::new(ActorId::make_random(&mut rand::rng(), &member.keys().id()));
    let now = Timestamp::from_seconds(NOVEMBER.0);
    let page = LaterEntry::new(member, "Cut short", "Nobody reads this.", now);
    document.collection_mut().put(&EntityId::make(now, &mut rand::rng()), &page, now).unwrap();
    let mut change = document.take_changes().remove(0);
    change.truncate(change.len() / 2);
    let cut = seal(member, vec![change]);
    [noise].into_iter().chain(elsewhere).chain([garbage, cut]).collect()
}
