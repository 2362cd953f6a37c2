//! Does the walk hold? Two phones, one relay that cannot read, nothing lost; and nobody who looks into a file finds a word.

use std::path::{Path, PathBuf};

use entwine_tests::world::{meet, pair};
use entwine_tests::{Phone, Relay, World, search};

/// What Ada and Noor write in the walk, their names, and the names of documents: none of it may stand in any file.
const WORDS: &[&str] = &[
    "Wintergreen",
    "Noor",
    "Haddad-Oakley",
    "First snow",
    "We walked",
    "frozen lake",
    "mittens",
    "sang",
    "moonlight",
    "Only for myself",
    "afraid",
    "Letter from Noor",
    "lighthouse",
    "Morning coffee",
    "FREQ=DAILY",
    "balcony",
    "journal/",
];

#[test]
fn what_both_change_while_the_relay_is_down_is_on_both_phones_afterwards_and_in_no_file_readably() {
    let world = World::new();
    let mut relay = world.relay();
    let ada = Phone::init_as(&world, "Ada", "Ada Wintergreen");
    let noor = Phone::init_as(&world, "Noor", "Noor Haddad-Oakley");
    pair(&ada, &noor, &relay.url(), relay.token());
    assert_eq!(ada.run(&["safety-words"]), noor.run(&["safety-words"]));

    let entry = ada.write("First snow", "We walked to the frozen lake.");
    let ritual = ada.begin_ritual("Morning coffee", "FREQ=DAILY", "08:00");
    meet(&[&ada, &noor]);
    assert_eq!(noor.read(&entry), "We walked to the frozen lake.");

    relay.stop();
    ada.replace(&entry, "We walked", "We walked in mittens");
    ada.set_ritual(&ritual, "--at", "08:15");
    let private = ada.write_private("Only for myself", "I was afraid of the ice.");
    noor.append(&entry, " It sang in the moonlight.");
    noor.set_ritual(&ritual, "--at", "09:30");
    let _ = noor.run(&["ritual", "done", &ritual, "--note", "On the balcony"]);
    let letter = noor.write("Letter from Noor", "The lighthouse is lit again.");
    assert_eq!(ada.sync_stops(), "offline");
    assert_eq!(noor.sync_stops(), "offline");
    nobody_finds(WORDS, &world, &relay, &[&ada, &noor]);

    relay.start_again();
    meet(&[&ada, &noor, &ada]);
    assert_eq!(ada.shared(), noor.shared());
    for phone in [&ada, &noor] {
        assert_eq!(phone.read(&entry), "We walked in mittens to the frozen lake. It sang in the moonlight.");
        assert_eq!(phone.read(&letter), "The lighthouse is lit again.");
        assert_eq!(phone.run(&["read", &letter])["author"], "Noor Haddad-Oakley");
        let ritual = phone.ritual(&ritual);
        let mut hours = vec![ritual["at"].clone()];
        hours.extend(ritual["alternatives"]["at"].as_array().unwrap().clone());
        hours.sort_by_key(ToString::to_string);
        assert_eq!(hours, ["08:15", "09:30"], "{ritual}");
        assert!(ritual.to_string().contains("On the balcony"), "{ritual}");
    }
    assert_eq!(ada.read(&private), "I was afraid of the ice.");
    assert_eq!(noor.titles().len(), 2);

    nobody_finds(WORDS, &world, &relay, &[&ada, &noor]);
    relay.stop();
    nobody_finds(WORDS, &world, &relay, &[&ada, &noor]);
}

/// Databases with their write-ahead logs, whatever else lies in the folders but the key, and everything that was logged.
pub(crate) fn nobody_finds(words: &[&str], world: &World, relay: &Relay, phones: &[&Phone]) {
    let mut files = search::files_in(relay.data());
    for phone in phones {
        let (keys, others): (Vec<_>, Vec<_>) =
            search::files_in(phone.profile()).into_iter().partition(|(path, _)| is_key(path));
        assert_eq!(keys.len(), 1, "a phone has one key file: {keys:?}");
        assert!(others.iter().any(|(_, bytes)| bytes.starts_with(b"SQLite format 3")), "a phone has a database");
        files.extend(others);
    }
    assert!(files.iter().map(|(_, bytes)| bytes.len()).sum::<usize>() > 50_000, "there is something to look into");
    for (path, _) in &files {
        let printable = search::strings(path);
        for word in words {
            assert!(!printable.contains(word), "`strings` shows {word:?} in {}", path.display());
        }
    }
    files.extend(world.logs());
    assert_eq!(search::found(&files, words), Vec::<(PathBuf, &str)>::new());
}

fn is_key(path: &Path) -> bool {
    path.file_name().unwrap().to_string_lossy().starts_with("key")
}
