//! How safe is what I wrote, and can an app wait until it is safer? Through the SDK, as an app does it, with the command line as
//! the other program.

use std::sync::Arc;
use std::time::Duration;

use data_encoding::HEXLOWER;
use entwine_sdk::{Client, ClientOptions, Durability, NewEntry, Written};
use entwine_tests::world::meet;
use entwine_tests::{Phone, World};
use sha2::{Digest as _, Sha256};
use tokio::task::JoinSet;

/// Far more than it takes.
const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread")]
async fn words_come_to_the_relay_and_to_the_partner_and_this_is_known_after_a_restart() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let first = write(&ada, false).await;
    let own = write(&ada, true).await;
    assert_eq!(durability(&ada, &first).await, Durability::Local);
    meet(&[&ada, &noor, &ada]);
    assert_eq!(durability(&ada, &first).await, Durability::Relay, "who only reads does not say so");
    assert_eq!(durability(&ada, &own).await, Durability::Relay);

    let second = write(&ada, false).await;
    let _ = noor.write("Answer", "I have read the first.");
    meet(&[&noor, &ada]);
    assert_eq!(durability(&ada, &first).await, Durability::Partner);
    assert_eq!(durability(&ada, &second).await, Durability::Relay, "Noor had not seen that");
    let _ = noor.write("Another", "Now I have read both.");
    meet(&[&noor, &ada]);
    let third = write(&ada, false).await;
    assert_eq!(durability(&ada, &second).await, Durability::Partner);
    assert_eq!(durability(&ada, &third).await, Durability::Local, "each has come as far as it has");
    assert_eq!(durability(&ada, &own).await, Durability::Relay, "what is private never comes to the partner");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_is_woken_by_what_another_program_does_or_by_the_deadline() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let client = Arc::new(open(&ada).await);
    let mark = write(&ada, false).await.parse::<Written>().unwrap();
    assert_eq!(client.reached(&mark, Durability::Local, PATIENCE).await.unwrap(), Durability::Local);
    assert_eq!(client.reached(&mark, Durability::Relay, Duration::ZERO).await.unwrap(), Durability::Local);

    // More than the database has connections for.
    let mut waiting = JoinSet::new();
    for _ in 0..8 {
        let client = Arc::clone(&client);
        waiting.spawn(async move { client.reached(&mark, Durability::Relay, PATIENCE).await });
    }
    let phone = ada.clone();
    let _ = tokio::task::spawn_blocking(move || phone.sync()).await.unwrap();
    for durability in waiting.join_all().await {
        assert_eq!(durability.unwrap(), Durability::Relay);
    }

    let answering = tokio::task::spawn_blocking(move || {
        meet(&[&noor]);
        let _ = noor.write("Answer", "I have read it.");
        meet(&[&noor, &ada]);
    });
    assert_eq!(client.reached(&mark, Durability::Partner, PATIENCE).await.unwrap(), Durability::Partner);
    answering.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_relay_sets_aside_for_good_holds_back_no_other_word() {
    let world = World::new();
    let mut relay = world.relay();
    let (ada, _noor) = world.couple(&relay);
    relay.stop();
    relay.set("ENTWINE_TEST_ENTRY_BYTES_MAX", "6000");
    relay.start_again();
    let first = write(&ada, false).await;
    // Hashes of numbers, which no compression makes short.
    let noise: String = (0..300_u64).map(|number| HEXLOWER.encode(&Sha256::digest(number.to_be_bytes()))).collect();
    let _ = ada.write("Too long for this relay", &noise);
    let _ = ada.sync();
    assert_eq!(ada.status()["set_aside"], 1);
    assert_eq!(durability(&ada, &first).await, Durability::Relay);
    let client = open(&ada).await;
    let all = client.written(false).await.unwrap().to_string();
    client.close().await;
    assert_eq!(durability(&ada, &all).await, Durability::Relay);
}

pub(crate) async fn open(phone: &Phone) -> Client {
    Client::open(phone.profile(), ClientOptions::default()).await.unwrap()
}

/// Writes, and returns the mark as an app would keep it.
async fn write(phone: &Phone, private: bool) -> String {
    let client = open(phone).await;
    let entry = NewEntry { title: "Letter".to_owned(), private, ..NewEntry::default() };
    client.journal().write(entry).await.unwrap();
    let written = client.written(private).await.unwrap().to_string();
    client.close().await;
    written
}

/// How far it has come, as a program finds that was started anew.
async fn durability(phone: &Phone, written: &str) -> Durability {
    let client = open(phone).await;
    let durability = client.durability(&written.parse().unwrap()).await.unwrap();
    client.close().await;
    durability
}
