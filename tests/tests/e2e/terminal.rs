//! What does a recovery phrase ask of the one at the terminal? To write it down, and to show that it was written down.

use std::process::ExitStatus;

use entwine_tests::{Phone, Terminal, World};

/// What stands on the screen when the words go from it.
const WIPED: &str = "\x1b[H\x1b[2J\x1b[3J";

/// The words that `phrase` shows, up to its question for Enter, in their order.
pub(crate) fn words_shown(terminal: &mut Terminal) -> Vec<String> {
    let screen = terminal.until("Press Enter");
    let table = screen.split("read everything.").nth(1).expect("what the words mean stands before them");
    let cells: Vec<&str> = table.split_whitespace().collect();
    let is_number = |cell: &str| cell.parse::<usize>().is_ok();
    let mut numbered: Vec<(usize, String)> = cells
        .windows(2)
        .filter(|pair| is_number(pair[0]) && !is_number(pair[1]))
        .map(|pair| (pair[0].parse().unwrap(), pair[1].to_owned()))
        .collect();
    numbered.sort();
    let numbers: Vec<usize> = numbered.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, (1..=24).collect::<Vec<_>>(), "{screen:?}");
    numbered.into_iter().map(|(_, word)| word).collect()
}

/// Which word is asked for, counted from 0.
fn asked(terminal: &mut Terminal) -> usize {
    let _ = terminal.until("Word ");
    let number = terminal.until("? ");
    number.trim_end_matches("? ").parse::<usize>().unwrap() - 1
}

/// Says that the words were written down, and gives back those that are asked for: how the command ends, and what it says last.
pub(crate) fn give_back(mut terminal: Terminal, words: &[String]) -> (ExitStatus, String) {
    terminal.type_line("");
    for _ in 0..3 {
        let place = asked(&mut terminal);
        terminal.type_line(&words[place]);
    }
    terminal.finish()
}

#[test]
fn a_phrase_is_shown_once_and_good_when_three_words_came_back() {
    let world = World::new();
    let relay = world.relay();
    let (ada, _noor) = world.couple(&relay);
    let mut terminal = ada.on_a_terminal(&["phrase"]);
    let words = words_shown(&mut terminal);
    terminal.type_line("");
    let _ = terminal.until(WIPED);
    let mut places = Vec::new();
    for number in 0..3 {
        let place = asked(&mut terminal);
        if number == 1 {
            // A slip of the pen is forgiven, and so are capitals.
            terminal.type_line("slip");
            let _ = terminal.until("not it");
            assert_eq!(asked(&mut terminal), place);
        }
        terminal.type_line(&words[place].to_uppercase());
        places.push(place);
    }
    assert!(places.windows(2).all(|pair| pair[0] < pair[1]), "three different ones, in their order: {places:?}");
    let (status, after) = terminal.finish();
    assert_eq!(status.code(), Some(0), "{after}");
    assert!(after.contains("The phrase is good"), "{after}");
    let back = Phone::init_as(&world, "Ada-back", "Ada");
    assert_eq!(back.recover(&relay.url(), &words.join(" ")).done()["spaces"].as_array().unwrap().len(), 2);
}

#[test]
fn who_cannot_give_the_words_back_has_no_new_phrase_and_keeps_the_old_one() {
    let world = World::new();
    let relay = world.relay();
    let (ada, _noor) = world.couple(&relay);
    let old = ada.phrase();
    let mut terminal = ada.on_a_terminal(&["phrase"]);
    let words = words_shown(&mut terminal);
    terminal.type_line("");
    for _ in 0..3 {
        let _ = asked(&mut terminal);
        terminal.type_line("wrong");
    }
    let (status, after) = terminal.finish();
    assert_eq!(status.code(), Some(1), "{after}");
    assert!(after.contains("phrase"), "{after}");
    let back = Phone::init_as(&world, "Ada-back", "Ada");
    assert_eq!(back.recover(&relay.url(), &old).done()["spaces"].as_array().unwrap().len(), 2, "the old one is good");

    // Once more shows the same words, which may stand on a paper by now; confirmed, they are good and the old ones are not.
    let mut terminal = ada.on_a_terminal(&["phrase"]);
    assert_eq!(words_shown(&mut terminal), words);
    assert_eq!(give_back(terminal, &words).0.code(), Some(0));
    let next = Phone::init_as(&world, "Ada-next", "Ada");
    let _ = next.recover(&relay.url(), &old).refused();
    let _ = next.recover(&relay.url(), &words.join(" ")).done();
}

#[test]
fn words_typed_at_a_terminal_bring_everything_back() {
    let world = World::new();
    let relay = world.relay();
    let (ada, _noor) = world.couple(&relay);
    let private = ada.write_private("Alone", "For nobody else.");
    let words = ada.phrase();
    let _ = ada.sync();
    let back = Phone::init_as(&world, "Ada-back", "Ada");
    let mut terminal = back.on_a_terminal(&["recover", "--relay", &relay.url()]);
    let _ = terminal.until("Your 24 words");
    // In as many lines as they have on the paper.
    for line in words.split(' ').collect::<Vec<_>>().chunks(6) {
        terminal.type_line(&line.join(" "));
    }
    let (status, after) = terminal.finish();
    assert_eq!(status.code(), Some(0), "{after}");
    assert!(after.contains("You are back"), "{after}");
    assert_eq!(back.read(&private), "For nobody else.");
}
