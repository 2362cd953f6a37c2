//! 24 words on paper: `phrase`, `recover`.

use std::collections::BTreeSet;

use entwine_sdk::{Client, Error};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::Session;
use crate::failure::Failure;
use crate::output::{Style, table};

/// Words in a phrase.
const WORDS: usize = 24;
/// How many of them are asked for.
const ASKED: usize = 3;
/// How often a word may be given wrongly.
const TRIES_MAX: usize = 3;

pub(super) async fn phrase(session: &Session<'_>) -> Result<(), Failure> {
    let output = session.output;
    if !output.is_json() && !output.is_conversation() {
        return Err(Failure::NoTerminal);
    }
    let client = session.open().await?;
    let done = make_and_confirm(session, &client).await;
    client.close().await;
    done
}

/// Words are shown before they are confirmed: an older phrase ends only when somebody has the new one.
async fn make_and_confirm(session: &Session<'_>, client: &Client) -> Result<(), Failure> {
    let output = session.output;
    let words = output.progress("adding a recovery phrase to both spaces", client.make_phrase()).await?;
    output.answer(&phrase_value(&words), |style| describe(&words, style))?;
    if output.is_json() {
        return Ok(client.confirm_phrase().await?);
    }
    drop(output.ask("Press Enter when all are written down: the words go from this screen.").await?);
    output.wipe()?;
    for place in places_to_ask()? {
        ask_for(session, place, words[place]).await?;
    }
    output.progress("ending an older phrase", client.confirm_phrase()).await?;
    output.line(
        "The phrase is good, for both your spaces; an older one opens nothing any more.\n\
         Keep the paper where you would keep a key to your home. With it and the relay's address you come back, even if all\n\
         your devices are gone; and so does anybody who finds both.",
    )
}

async fn ask_for(session: &Session<'_>, place: usize, word: &str) -> Result<(), Failure> {
    for _ in 0..TRIES_MAX {
        let answer = session.output.ask(&format!("Word {}?", place + 1)).await?;
        if answer.trim().eq_ignore_ascii_case(word) {
            return Ok(());
        }
        session.output.line("That is not it: look at your paper.")?;
    }
    Err(Failure::PhraseNotConfirmed)
}

/// Three different places in the phrase, in their order.
fn places_to_ask() -> Result<BTreeSet<usize>, Failure> {
    let mut places = BTreeSet::new();
    while places.len() < ASKED {
        let mut byte = [0; 1];
        getrandom::fill(&mut byte).map_err(|error| std::io::Error::other(error.to_string()))?;
        // 240 is the largest multiple of 24 in a byte: every place is as likely as every other.
        if byte[0] < 240 {
            places.insert(usize::from(byte[0]) % WORDS);
        }
    }
    Ok(places)
}

fn describe(words: &[&str], style: Style) -> String {
    let cell = |place: usize| format!("{:>2} {}", place + 1, style.bold(words[place]));
    let rows: Vec<Vec<String>> = (0..WORDS / 4).map(|row| (0..4).map(|c| cell(row * 4 + c)).collect()).collect();
    format!(
        "Your recovery phrase. Write these {WORDS} words on paper, with their order and the relay's address; they are shown this \
         once.\nWhoever has them can become you and read everything. Who has neither them nor a device cannot come back.\n\n{}",
        table(&rows)
    )
}

fn phrase_value(words: &[&str]) -> Value {
    json!({ "words": words })
}

pub(super) async fn recover(session: &Session<'_>, relay: &str) -> Result<(), Failure> {
    let client = session.open().await?;
    let recovered = come_back(session, &client, relay).await;
    let has_new_private = client.private_began_here().await;
    client.close().await;
    let spaces = recovered?;
    if has_new_private? {
        session.output.note(
            "This relay gave no private space of yours, and a new one begins here, empty. If you had private pages, come back \
             by the same words once more, in a fresh profile: the relay may have held them back. If they are not there then \
             either, they are lost.",
        );
    }
    session.output.answer(&json!({ "spaces": spaces }), |style| {
        format!(
            "You are back: this phone is a device of yours now, with all that was on the relay.\nIf a lost device may be in \
             other hands, remove it: {} shows the ids. If others may have seen the words, make new ones: {}.",
            style.cyan("entwine devices"),
            style.cyan("entwine phrase"),
        )
    })
}

async fn come_back(session: &Session<'_>, client: &Client, relay: &str) -> Result<Vec<entwine_sdk::SpaceId>, Failure> {
    let words: Zeroizing<String> = session.output.read_words(WORDS).await?;
    let recovered: Result<_, Error> = session.output.progress("coming back", client.recover(relay, &words)).await;
    Ok(recovered?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_different_words_are_asked_for() {
        let places = places_to_ask().unwrap();
        assert_eq!(places.len(), ASKED);
        assert!(places.iter().all(|place| *place < WORDS));
    }

    #[test]
    fn the_words_are_shown_with_their_numbers() {
        let words: Vec<String> = (1..=WORDS).map(|number| format!("word{number}")).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let text = describe(&words, Style { terminal: false, colours: false });
        assert!(text.contains(" 1 word1 ") && text.contains("24 word24"), "{text}");
        assert_eq!(phrase_value(&words)["words"].as_array().map(Vec::len), Some(WORDS));
    }
}
