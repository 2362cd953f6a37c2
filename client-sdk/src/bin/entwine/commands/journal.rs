//! The journal: `write`, `edit`, `read`, `list`, `delete`, `trash`, `restore`.

use entwine_sdk::{About, Client, EntityId, JournalEntrySummary, JournalEntryView, ListeningWish, Month, NewEntry};
use serde_json::json;

use super::{LONG_TIME, SHORT_TIME, Session, local_text, parse_id};
use crate::arguments::{EditArgs, WriteArgs};
use crate::editor::Draft;
use crate::failure::Failure;
use crate::output::{Style, printable, printable_line, table};

pub(super) async fn write(session: &Session<'_>, args: WriteArgs) -> Result<(), Failure> {
    let WriteArgs { title, text, tags, private, feelings, sensations, set_off, people, place, wish } = args;
    let about = About { feelings, sensations, set_off, people, place, wish };
    let client = session.open().await?;
    let written = client.journal().write(NewEntry { title, text, tags, private, about }).await;
    let alone = !private && matches!(client.has_partner().await, Ok(false));
    client.close().await;
    let id = written?;
    if alone {
        session.output.note("Nobody has joined yet: whoever joins will read what is shared.");
    }
    session.output.answer(&json!({ "id": id }), |style| {
        let place = if private { "for yourself alone" } else { "in the shared journal" };
        format!("Written {place}, as {}", style.bold(&id))
    })
}

pub(super) async fn edit(session: &Session<'_>, args: EditArgs) -> Result<(), Failure> {
    let id: EntityId = parse_id(&args.id, Failure::NoSuchEntry)?;
    let client = session.open().await?;
    let edited = match (args.append, args.replace.as_deref()) {
        (Some(text), _) => client.journal().append(&id, &text).await.map_err(Failure::from),
        (None, Some([old, new])) => client.journal().replace(&id, old, new).await.map_err(Failure::from),
        (None, _) => edit_in_editor(session, &client, &id).await,
    };
    client.close().await;
    edited?;
    session.output.answer(&json!({ "id": id }), |style| format!("Changed {}", style.bold(&id)))
}

/// What is saved is compared with the text as it was opened: what the partner writes meanwhile stays.
async fn edit_in_editor(session: &Session<'_>, client: &Client, id: &EntityId) -> Result<(), Failure> {
    let opened = client.journal().open_editor(id).await?;
    let draft = Draft::new(session.profile(), &opened.text)?;
    let saved = draft.edit(session.output.is_json()).await?;
    if saved == opened.text {
        session.output.note("The text was left as it was.");
        return Ok(());
    }
    match client.journal().save_edited(&opened, &saved).await {
        Ok(()) => Ok(()),
        Err(error) => Err(Failure::EditedTextNotSaved { path: draft.keep(), source: Box::new(error) }),
    }
}

pub(super) async fn read(session: &Session<'_>, id: &str) -> Result<(), Failure> {
    let id: EntityId = parse_id(id, Failure::NoSuchEntry)?;
    let entry = session.ask(async |client| client.journal().read(&id).await).await?;
    session.output.answer(&entry, |style| describe(&entry, style))
}

pub(super) async fn list(session: &Session<'_>, month: Option<Month>) -> Result<(), Failure> {
    let entries = session.ask(async |client| client.journal().list(month.as_ref()).await).await?;
    session.output.answer(&entries, |style| describe_all(&entries, "Nothing is written yet.", style))
}

pub(super) async fn delete(session: &Session<'_>, id: &str) -> Result<(), Failure> {
    let id: EntityId = parse_id(id, Failure::NoSuchEntry)?;
    session.ask(async |client| client.journal().delete(&id).await).await?;
    session.output.answer(&json!({ "id": id }), |style| {
        format!("In the trash. {} takes it out again.", style.cyan(format!("entwine restore {id}")))
    })
}

pub(super) async fn trash(session: &Session<'_>) -> Result<(), Failure> {
    let entries = session.ask(async |client| client.journal().trash().await).await?;
    session.output.answer(&entries, |style| describe_all(&entries, "The trash is empty.", style))
}

pub(super) async fn restore(session: &Session<'_>, id: &str) -> Result<(), Failure> {
    let id: EntityId = parse_id(id, Failure::NoSuchEntry)?;
    session.ask(async |client| client.journal().restore(&id).await).await?;
    session.output.answer(&json!({ "id": id }), |style| format!("Back in the journal: {}", style.bold(&id)))
}

fn describe(entry: &JournalEntryView, style: Style) -> String {
    let mut about = vec![printable_line(&entry.author), local_text(&entry.written_at, LONG_TIME)];
    if entry.private {
        about.push("private".to_owned());
    }
    if entry.trashed {
        about.push("in the trash".to_owned());
    }
    if !entry.about.place.is_empty() {
        about.push(printable_line(&entry.about.place));
    }
    about.extend(entry.tags.iter().map(|tag| format!("#{}", printable_line(tag))));
    let mut text = format!("{}\n{}", style.bold(printable_line(&entry.title)), style.dim(about.join(" · ")));
    // Before the words, so that it is seen before anybody answers them.
    if let Some(wish) = entry.about.wish {
        text.push_str(&format!("\n{}", style.cyan(wish_in_words(wish))));
    }
    text.push_str(&format!("\n\n{}", printable(&entry.text)));
    let lists = [
        ("Feelings", entry.about.feelings.join(", ")),
        ("In the body", entry.about.sensations.join(", ")),
        ("Set off by", entry.about.set_off.clone()),
        ("With", entry.about.people.join(", ")),
    ];
    for (name, list) in lists.iter().filter(|(_, list)| !list.is_empty()) {
        text.push_str(&format!("\n\n{}: {}", style.dim(name), printable_line(list)));
    }
    for (field, others) in &entry.alternatives {
        text.push_str(&format!("\n\n{}", both_changed(field, others, style)));
    }
    text
}

/// What whoever reads should know first.
pub(super) fn wish_in_words(wish: ListeningWish) -> &'static str {
    match wish {
        ListeningWish::JustListen => "Wishes that you just listen.",
        ListeningWish::AskMe => "Wishes to be asked.",
        ListeningWish::ThinkWithMe => "Wishes that you think about it together.",
        ListeningWish::Later => "Has a wish that this version does not know: update the app to see it.",
    }
}

/// Both changed a field that has one value: one stands, and the other stays readable.
pub(super) fn both_changed(field: &str, others: &[String], style: Style) -> String {
    let others = others.iter().map(|other| printable_line(other)).collect::<Vec<_>>().join(", ");
    style.yellow(format!("You both changed \"{}\"; the other says: {others}", printable_line(field)))
}

pub(super) fn describe_all(entries: &[JournalEntrySummary], nothing: &str, style: Style) -> String {
    if entries.is_empty() {
        return nothing.to_owned();
    }
    let row = |entry: &JournalEntrySummary| {
        vec![
            style.dim(&entry.id),
            local_text(&entry.written_at, SHORT_TIME),
            printable_line(&entry.author),
            style.bold(printable_line(&entry.title)),
            if entry.private { style.dim("private") } else { String::new() },
        ]
    };
    table(&entries.iter().map(row).collect::<Vec<_>>())
}
