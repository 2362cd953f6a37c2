//! `search`.

use std::cell::Cell;

use entwine_sdk::{Hit, Searching};

use super::{SHORT_TIME, Session, local_text};
use crate::failure::Failure;
use crate::output::{Style, printable_line, table};

pub(super) async fn run(session: &Session<'_>, words: &str) -> Result<(), Failure> {
    let at = Cell::new(Searching { done: 0, of: 0 });
    let search = session.ask(async |client| client.search(words, |now| at.set(now)).await);
    let told = || format!("Searching: {} of {} months", at.get().done, at.get().of);
    let hits = session.output.progress_of(told, search).await?;
    session.output.answer(&hits, |style| describe(&hits, style))
}

fn describe(hits: &[Hit], style: Style) -> String {
    if hits.is_empty() {
        return "Nothing has these words.".to_owned();
    }
    let row = |hit: &Hit| {
        vec![
            style.dim(&hit.id),
            local_text(&hit.made_at, SHORT_TIME),
            hit.what.to_owned(),
            printable_line(&hit.excerpt),
            if hit.private { style.dim("private") } else { String::new() },
        ]
    };
    table(&hits.iter().map(row).collect::<Vec<_>>())
}
