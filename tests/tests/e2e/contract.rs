//! Can a script rely on the command line? What each command prints, and how it exits.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};

use entwine_tests::phone::text;
use entwine_tests::program::{self, Running};
use entwine_tests::world::meet;
use entwine_tests::{Phone, World, database};
use serde_json::{Value, json};

#[test]
fn every_command_prints_exactly_the_fields_that_were_promised() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = (Phone::without_profile(&world, "Ada"), Phone::init(&world, "Noor"));
    let made = ada.run(&["init", "--name", "Ada"]);
    fields(&made, &["keyholder", "name"]);
    assert_eq!(made["name"], "Ada");
    let created = ada.run(&["create", "--relay", &relay.url(), "--token", relay.token()]);
    fields(&created, &["space"]);
    let invited = ada.run(&["invite"]);
    fields(&invited, &["expires_at", "kind", "link"]);
    assert_eq!(invited["kind"], "partner");
    assert!(text(&invited, "link").starts_with("entwine://join#"));
    is_a_moment(&invited["expires_at"]);
    let open = ada.run(&["invitations"]);
    fields(&open[0], &["expires_at", "id", "kind"]);
    assert_eq!(open[0]["expires_at"], invited["expires_at"]);
    let first = text(&open[0], "id");
    let _ = ada.invite();
    let open = ada.run(&["invitations"]);
    let spare = open.as_array().unwrap().iter().find(|open| open["id"] != first.as_str()).unwrap();
    fields(&ada.run(&["revoke", &text(spare, "id")]), &["id"]);
    let joined = noor.run(&["join", &text(&invited, "link")]);
    fields(&joined, &["kind", "safety_words", "space"]);
    assert_eq!(joined["space"], created["space"]);
    meet(&[&noor, &ada]);
    let words = ada.run(&["safety-words"]);
    fields(&words, &["safety_words"]);
    assert!(words["safety_words"].as_array().unwrap().iter().all(Value::is_string));

    let status = ["in_sync", "reason", "remedy", "set_aside", "space", "waiting_down", "waiting_up"];
    fields(&ada.run(&["sync"]), &status);
    fields(&ada.run(&["status"]), &status);
    for count in ["set_aside", "waiting_down", "waiting_up"] {
        assert!(ada.status()[count].is_u64());
    }
    assert_eq!(ada.status()["space"], created["space"]);
    assert_eq!(ada.status()["remedy"], Value::Null);
    // The keyholder's name is the one that the relay knows from tokens and chains.
    let keyholders = database::rows(&relay.database(), "SELECT lower(hex(keyholder)) FROM keyholder WHERE kind = 0");
    assert!(keyholders.contains(&text(&made, "keyholder")));
}

#[test]
fn every_command_about_devices_prints_exactly_the_fields_that_were_promised() {
    let world = World::new();
    let relay = world.relay();
    let (ada, noor) = world.couple(&relay);
    let invited = ada.run(&["invite", "--device"]);
    fields(&invited, &["expires_at", "kind", "link"]);
    is_a_moment(&invited["expires_at"]);
    let row = ["keyholder", "kind", "person", "this"];
    let open = ada.devices().into_iter().find(|device| device["kind"] == "device_invitation").unwrap();
    fields(&open, &row);
    let second = Phone::init_as(&world, "Ada-second", "Ada");
    fields(&second.run(&["join", &text(&invited, "link")]), &["kind", "safety_words", "space"]);
    ada.devices().iter().for_each(|device| fields(device, &row));
    let id = second.keyholder();
    fields(&ada.run(&["remove-device", &id]), &["keyholder"]);
    let made = ada.run(&["phrase"]);
    fields(&made, &["words"]);
    let words: Vec<&str> = made["words"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let back = Phone::init_as(&world, "Ada-back", "Ada");
    let came = back.with("ENTWINE_RELAY", &relay.url()).start_with(&["recover"], &words.join(" ")).finish().done();
    fields(&came, &["spaces"]);
    assert_eq!(came["spaces"][0], ada.status()["space"]);
    let left = noor.run(&["leave"]);
    fields(&left, &["left"]);
    assert_eq!(left["left"], ada.status()["space"]);
}

#[test]
fn every_command_of_the_journal_prints_exactly_the_fields_that_were_promised() {
    let world = World::new();
    let relay = world.relay();
    let (ada, _noor) = world.couple(&relay);
    let written = ada.run(&["write", "--title", "T", "--text", "X"]);
    fields(&written, &["id"]);
    let id = text(&written, "id");
    for edit in [["--append", " Y"].as_slice(), &["--replace", "X", "Z"]] {
        fields(&ada.run(&[&["edit", &id], edit].concat()), &["id"]);
    }
    let entry = ada.run(&["read", &id]);
    fields_at_least(&entry, &["author", "id", "private", "text", "title", "written_at"]);
    assert_eq!((&entry["title"], &entry["text"], &entry["author"]), (&json!("T"), &json!("Z Y"), &json!("Ada")));
    assert_eq!((&entry["id"], &entry["private"]), (&json!(id), &json!(false)));
    is_a_moment(&entry["written_at"]);
    let listed = ada.list();
    fields_at_least(&listed[0], &["author", "id", "private", "title", "written_at"]);
    assert_eq!(listed[0].get("text"), None, "a list has no texts");
    fields(&ada.run(&["delete", &id]), &["id"]);
    assert_eq!(ada.list(), Vec::<Value>::new());
    assert_eq!(ada.trash(), [id.as_str()]);
    fields(&ada.run(&["restore", &id]), &["id"]);

    let added = ada.run(&["ritual", "add", "--name", "R", "--every", "FREQ=DAILY"]);
    fields(&added, &["id"]);
    let ritual = text(&added, "id");
    assert_eq!(ada.ritual(&ritual)["at"], Value::Null);
    fields(&ada.run(&["ritual", "set", &ritual, "--at", "07:05", "--name", "S", "--every", "FREQ=WEEKLY"]), &["id"]);
    let listed = ada.ritual(&ritual);
    fields_at_least(
        &listed,
        &[
            "alternatives",
            "at",
            "done",
            "every",
            "id",
            "name",
            "pauses",
            "reminder_minutes",
            "starts",
            "steps",
            "template",
            "why",
            "zone",
        ],
    );
    assert_eq!((&listed["at"], &listed["name"]), (&json!("07:05"), &json!("S")));
    assert_eq!((&listed["every"], &listed["alternatives"]), (&json!("FREQ=WEEKLY"), &json!({})));

    let due = ada.run(&["ritual", "due"]);
    fields(&due, &["due", "not_understood"]);
    fields(&due["due"][0], &["at", "date", "name", "remind_at", "ritual"]);
    is_a_moment(&due["due"][0]["at"]);
    let pause = ada.run(&["ritual", "pause", &ritual, "--from", "2027-01-01", "--to", "2027-01-31"]);
    fields(&pause, &["id"]);
    fields(&ada.ritual(&ritual)["pauses"][0], &["alternatives", "by", "from", "id", "to"]);
    fields(&ada.run(&["ritual", "resume", &ritual, "--pause", &text(&pause, "id")]), &["ended"]);
    fields(&ada.run(&["ritual", "resume", &ritual]), &["ended"]);

    fields(&ada.run(&["ritual", "done", &ritual, "--note", "N"]), &["id"]);
    let done = &ada.run(&["ritual", "show", &ritual])["done"];
    fields(&done[0], &["date", "records", "together"]);
    fields(&done[0]["records"][0], &["by", "from", "note", "outcome", "to"]);
    assert_eq!(*done, ada.run(&["ritual", "history", &ritual]));
    fields(&ada.run(&["ritual", "set", &ritual, "--step", "2 each Say hello"]), &["id"]);
    fields(&ada.ritual(&ritual)["steps"][0], &["minutes", "text", "turn"]);
    fields(&ada.run(&["ritual", "skip", &ritual, "--date", "2027-01-01"]), &["id"]);
    fields(&ada.run(&["ritual", "delete", &ritual]), &["id"]);
    assert_eq!(ada.run(&["ritual", "list", "--trash"])[0]["id"], ritual.as_str());
    fields(&ada.run(&["ritual", "restore", &ritual]), &["id"]);
    fields(&ada.run(&["ritual", "adopt", "coffee-together"]), &["id"]);
}

#[test]
fn entries_are_listed_newest_first_and_by_month() {
    let world = World::new();
    let relay = world.relay();
    let (ada, _noor) = world.couple(&relay);
    let day = |days: i64| ada.with("ENTWINE_TEST_CLOCK_OFFSET", &(days * 86_400).to_string());
    let old = day(-400).write("Long ago", "A year and more.");
    let new = ada.write("Today", "Now.");
    let middle = day(-200).write_private("In between", "Half a year.");
    assert_eq!(ada.titles(), ["Today", "In between", "Long ago"]);
    for (id, title) in [(&old, "Long ago"), (&new, "Today"), (&middle, "In between")] {
        let month = text(&ada.run(&["read", id]), "written_at")[..7].to_owned();
        let listed = ada.run(&["list", "--month", &month]);
        assert_eq!(listed.as_array().unwrap().len(), 1, "{month}: {listed}");
        assert_eq!(listed[0]["title"], title);
    }
    assert_eq!(ada.run(&["list", "--month", "1999-12"]), json!([]));
    for wrong in ["2026-13", "2026", "yesterday"] {
        let _ = ada.start(&["list", "--month", wrong]).finish().misused();
    }
}

#[test]
fn the_status_never_asks_the_relay() {
    let world = World::new();
    let mut relay = world.relay();
    let (ada, _noor) = world.couple(&relay);
    assert_eq!(Phone::init(&world, "Eve").status()["reason"], "no_space");
    relay.stop();
    assert_eq!(ada.status()["in_sync"], true, "as the last exchange found it");
    let _ = ada.write("One", "Change.");
    let _ = ada.write_private("Two", "Changes.");
    let status = ada.status();
    assert_eq!((&status["reason"], &status["in_sync"]), (&json!("not_sent"), &json!(false)));
    assert_eq!(status["waiting_up"], 2, "{status}");
    assert_eq!(ada.sync_stops(), "offline");
    assert_eq!(ada.status()["waiting_up"], 2, "what could not be sent still waits");
    relay.start_again();
    assert_eq!(ada.status()["reason"], "offline", "as the last exchange found it");
    let _ = ada.sync();
    assert_eq!(ada.status()["waiting_up"], 0);
}

#[test]
fn recurrences_and_days_and_zones_that_are_not_taken_are_refused_by_name() {
    let world = World::new();
    let relay = world.relay();
    let (ada, _noor) = world.couple(&relay);
    let all = [
        "FREQ=DAILY",
        "FREQ=DAILY;INTERVAL=3",
        "FREQ=WEEKLY;BYDAY=MO,FR",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU;WKST=SU",
        "FREQ=MONTHLY;COUNT=3;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
        "FREQ=YEARLY;UNTIL=20401224;BYMONTH=2,5;BYMONTHDAY=-1",
    ];
    for taken in all {
        let id = text(&ada.run(&["ritual", "add", "--name", "Taken", "--every", taken]), "id");
        assert_eq!(ada.ritual(&id)["every"], taken);
    }
    let refused = [
        ("FREQ=HOURLY", "HOURLY"),
        ("FREQ=DAILY;BYHOUR=8", "BYHOUR"),
        ("FREQ=YEARLY;BYWEEKNO=20", "BYWEEKNO"),
        ("FREQ=DAILY;COUNT=3;UNTIL=20270101", "COUNT or by UNTIL"),
        ("FREQ=DAILY;UNTIL=20270101T000000Z", "UNTIL"),
        ("FREQ=WEEKLY;BYDAY=XX", "BYDAY"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "BYMONTHDAY does not go with FREQ=WEEKLY"),
        ("every friday", "every friday"),
    ];
    for (every, name) in refused {
        let told = ada.refused(&["ritual", "add", "--name", "Refused", "--every", every]);
        assert!(told.to_lowercase().contains(&name.to_lowercase()), "{every}: {told}");
    }
    for at in ["25:00", "9:75", "noon", "-1:00"] {
        let _ = ada.refused(&["ritual", "add", "--name", "Refused", "--every", "FREQ=DAILY", "--at", at]);
    }
    let id = text(&ada.rituals()[0], "id");
    for (arguments, told) in [
        (["set", &id, "--zone", "Mars/Olympus"].as_slice(), "there is no time zone \"Mars/Olympus\""),
        (&["set", &id, "--starts", "2027-02-30"], "\"2027-02-30\" is not a day"),
        (&["set", &id, "--starts", "1066-10-14"], "begins in a year from 1900 to 2500"),
        (&["set", &id, "--remind", "99999"], "minutes of a reminder: more than 10080"),
        (&["pause", &id, "--from", "2027-01-02", "--to", "2027-01-01"], "2027-01-01, is before the first, 2027-01-02"),
        (&["due", "--from", "2027-01-02", "--to", "2027-01-01"], "2027-01-01, is before the first, 2027-01-02"),
        (&["due", "--from", "2027-01-01", "--to", "2047-01-01"], "3653 days at once"),
        (&["pause", "01ARZ3NDEKTSV4RRFFQ69G5FAV"], "there is no ritual"),
        (&["resume", "01ARZ3NDEKTSV4RRFFQ69G5FAV"], "there is no ritual"),
        (&["resume", &id, "--pause", "01ARZ3NDEKTSV4RRFFQ69G5FAV"], "there is no pause"),
    ] {
        let answer = ada.refused(&[&["ritual"], arguments].concat());
        assert!(answer.contains(told), "{arguments:?}: {answer}");
    }
    assert_eq!(ada.rituals().len(), all.len());
}

#[test]
fn refusals_exit_with_1_and_wrong_usage_with_2() {
    let world = World::new();
    let relay = world.relay();
    let (ada, _noor) = world.couple(&relay);
    for nothing in ["01ARZ3NDEKTSV4RRFFQ69G5FAV", "x"] {
        for command in [
            ["read", nothing].as_slice(),
            &["delete", nothing],
            &["restore", nothing],
            &["edit", nothing, "--append", "x"],
            &["ritual", "set", nothing, "--name", "x"],
            &["ritual", "done", nothing],
            &["revoke", nothing],
            &["remove-device", nothing],
        ] {
            let _ = ada.refused(command);
        }
    }
    let entry = ada.write("T", "X");
    let _ = ada.refused(&["edit", &entry, "--replace", "not there", "y"]);
    let _ = ada.refused(&["init", "--name", "Ada"]);
    let _ = ada.refused(&["create", "--relay", &relay.url(), "--token", relay.token()]);
    let _ = Phone::without_profile(&world, "Nobody").refused(&["list"]);
    for early in [
        ["write", "--title", "T", "--text", "X"].as_slice(),
        &["list"],
        &["sync"],
        &["invite"],
        &["safety-words"],
        &["devices"],
        &["phrase"],
        &["leave"],
    ] {
        let _ = Phone::init(&world, &format!("New {}", early[0])).refused(early);
    }
    for wrong in [
        ["dance"].as_slice(),
        &["read"],
        &["write", "--title", "T"],
        &["ritual", "set", &entry],
        &["sync", "--deadline", "soon"],
        &["list", "--no-such-flag"],
        &["join", "x", "--expect", "friend"],
    ] {
        let _ = ada.start(wrong).finish().misused();
    }
    // As it is, or `--json` would be the second word.
    let _ = ada.start_as_it_is(&["edit", &entry, "--replace", "one"]).finish().misused();
    let told = ada.with("ENTWINE_PROFILES", "x").start(&["list"]).finish().misused();
    assert!(told.contains("ENTWINE_PROFILES"), "{told}");
    // Variables of the relay in the same shell are none of its business.
    let _ = ada.with("ENTWINE_DATA", "x").with("ENTWINE_LISTEN", "y").run(&["list"]);
}

#[test]
fn the_relay_refuses_wrong_usage_and_variables_that_it_does_not_know() {
    let world = World::new();
    let run = |arguments: &[&str], variable: (&str, &str)| {
        let mut command = program::command("entwine-relay");
        command.args(arguments).env(variable.0, variable.1).current_dir(world.folder());
        Running::start(command, format!("entwine-relay {}", arguments.join(" ")), &world.folder().join("relay-usage"))
            .finish()
    };
    let told = run(&["config"], ("ENTWINE_LISTN", "x")).misused();
    assert!(told.contains("ENTWINE_LISTN"), "{told}");
    let _ = run(&["serve", "--listen", "nowhere"], ("HOME", "/")).misused();
    let _ = run(&["dance"], ("HOME", "/")).misused();
    let printed = run(&["config"], ("ENTWINE_REGISTRATION_TOKEN", "nobody may read this"));
    assert_eq!(printed.status.code(), Some(0));
    assert!(
        printed.stdout.contains("ENTWINE_REGISTRATION_TOKEN") && !printed.stdout.contains("nobody may"),
        "{}",
        printed.stdout
    );
    let _ = run(&["config"], ("ENTWINE_PROFILE", "of the other program"));
}

#[test]
fn the_profile_may_be_named_by_a_variable_and_nothing_lies_outside_of_it() {
    let world = World::new();
    let home = world.folder().join("home");
    std::fs::create_dir(&home).unwrap();
    let ada = Phone::without_profile(&world, "Ada").with("HOME", home.to_str().unwrap());
    let mut command = program::command("entwine");
    command
        .env("ENTWINE_PROFILE", ada.profile())
        .env("HOME", &home)
        .current_dir(&home)
        .args(["init", "--name", "Ada", "--json"]);
    let made = Running::start(command, "entwine init".to_owned(), &world.folder().join("by-variable")).finish().done();
    assert_eq!(made["name"], "Ada");
    assert_eq!(ada.status()["reason"], "no_space");
    assert_eq!(std::fs::read_dir(&home).unwrap().count(), 0, "a phone lies in its folder alone");
    let nameless = Running::start(program::command("entwine"), "entwine".to_owned(), &world.folder().join("nameless"));
    let _ = nameless.finish().misused();
}

#[test]
fn people_read_lines_without_colours_where_there_is_no_terminal() {
    let world = World::new();
    let relay = world.relay();
    let ada = Phone::init(&world, "Ada");
    let _ = ada.run(&["create", "--relay", &relay.url(), "--token", relay.token()]);
    let shown = |arguments: &[&str]| {
        let ended = ada.start_as_it_is(arguments).finish();
        assert_eq!(ended.status.code(), Some(0), "{}\n{}", ended.what, ended.stderr);
        assert!(!ended.stdout.contains('\x1b') && !ended.stderr.contains('\x1b'), "{}", ended.what);
        (ended.stdout, ended.stderr)
    };
    let (answer, beside) = shown(&["write", "--title", "First snow", "--text", "We walked."]);
    assert!(
        (answer + &beside).contains("joined"),
        "whoever writes before the partner is there is told who will read it"
    );
    for arguments in
        [["list"].as_slice(), &["status"], &["sync"], &["invite"], &["invitations"], &["trash"], &["ritual", "list"]]
    {
        assert!(!shown(arguments).0.is_empty(), "{arguments:?}");
    }
    assert!(shown(&["list"]).0.contains("First snow"));
    assert!(shown(&["invite"]).0.contains("entwine://join#"));
}

#[test]
fn on_a_terminal_an_invitation_is_a_picture_too() {
    let world = World::new();
    let relay = world.relay();
    let ada = Phone::init(&world, "Ada");
    let _ = ada.run(&["create", "--relay", &relay.url(), "--token", relay.token()]);
    // `script` runs a line of shell on a terminal of its own.
    let on_a_terminal = |line: &str| {
        let mut command = program::command("entwine");
        let line = format!("'{}' {line}", command.get_program().to_string_lossy());
        command = Command::new("script");
        command.args(["--quiet", "--return", "--command", &line, "/dev/null"]).stdin(Stdio::null());
        command.env("ENTWINE_PROFILE", ada.profile()).env("TERM", "xterm-256color").env_remove("NO_COLOR");
        Running::start(command, line, &world.folder().join("terminal")).finish()
    };
    let invited = on_a_terminal("invite");
    assert_eq!(invited.status.code(), Some(0), "{}", invited.stdout);
    let half_blocks = invited.stdout.matches(['▀', '▄', '█']).count();
    assert!(half_blocks > 100 && invited.stdout.contains('\x1b'), "{}", invited.stdout);
    let plain = on_a_terminal("invite --json");
    let value: Value = serde_json::from_str(&plain.stdout).unwrap();
    assert!(text(&value, "link").starts_with("entwine://join#"), "{value}");
}

#[track_caller]
fn fields(value: &Value, expected: &[&str]) {
    let found: BTreeSet<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(found, expected.iter().copied().collect(), "{value}");
}

#[track_caller]
fn fields_at_least(value: &Value, expected: &[&str]) {
    for field in expected {
        assert!(value.get(field).is_some(), "no {field} in {value}");
    }
}

/// RFC 3339, with an offset.
#[track_caller]
fn is_a_moment(value: &Value) {
    let text = value.as_str().unwrap();
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert!(shape.starts_with("0000-00-00T00:00:00"), "{text}");
    assert!(shape.ends_with('Z') || shape.ends_with("+00:00") || shape.ends_with("-00:00"), "{text}");
}
