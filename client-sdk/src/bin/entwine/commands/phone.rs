//! The phone itself: `init`, `create`, `sync`, `status`.

use std::time::{Duration, Instant};

use entwine_sdk::{Client, Error, KeyholderKind, NewKeyholder, Reason, SyncStatus};
use serde_json::json;

use super::Session;
use crate::failure::Failure;
use crate::output::{Style, printable_line, table};

pub(super) async fn init(session: &Session<'_>, name: &str) -> Result<(), Failure> {
    let client = Client::init(session.profile(), name, session.options.clone()).await?;
    let value = json!({ "keyholder": client.keyholder(), "name": client.name() });
    client.close().await;
    session.output.answer(&value, |style| {
        format!(
            "{} has a new phone in {}.\n\nIts key lies in that folder: who can read the folder can read everything.\n\
             Next: {} or {}.",
            style.bold(printable_line(name)),
            session.profile().display(),
            style.cyan("entwine create --relay URL --token TOKEN"),
            style.cyan("entwine join 'LINK'"),
        )
    })
}

pub(super) async fn create(session: &Session<'_>, relay: &str, token: Option<&str>) -> Result<(), Failure> {
    let client = session.open().await?;
    let created = session.output.progress("founding your space", client.create(relay, token)).await;
    client.close().await;
    let space = created.map_err(|error| match error {
        Error::Stopped { reason: Reason::RegistrationNeeded, detail, .. } => Failure::TokenNeeded { detail },
        other => other.into(),
    })?;
    session.note_plain_http(relay);
    session.output.answer(&json!({ "space": space }), |style| {
        format!(
            "Your shared space is on {relay}, and beside it a private one that is yours alone.\nNext: {} for your partner.",
            style.cyan("entwine invite")
        )
    })
}

pub(super) async fn sync(session: &Session<'_>, deadline: Duration, token: Option<&str>) -> Result<(), Failure> {
    let client = session.open().await?;
    let synced = session.output.progress("exchanging with the relay", exchange(&client, deadline, token)).await;
    let (stopped, status) = match synced {
        Ok(status) => (None, Ok(status)),
        Err(error) => (Some(error), client.status().await),
    };
    let added = client.new_keyholders().await;
    client.close().await;
    for keyholder in added? {
        session.output.note(&tell(&keyholder, session.output.message_style()));
    }
    // Also of an exchange that could not even begin, a script gets the status and not only the error.
    if let Ok(status) = &status {
        session.output.answer(status, |style| describe(status, style, false))?;
    }
    if let Some(error) = stopped {
        return Err(error.into());
    }
    let status = status?;
    if status.in_sync && status.waiting_up == 0 {
        return Ok(());
    }
    let reason = reason_of(&status).unwrap_or_else(|| "not_sent".to_owned());
    let remedy = status.remedy.unwrap_or_else(|| "run `entwine sync` again".to_owned());
    Err(Failure::NotInSync { reason, remedy })
}

/// Exchanges to the end, and opens what came. Where another program wrote into this profile meanwhile, that is sent too, while there
/// is time.
async fn exchange(client: &Client, deadline: Duration, token: Option<&str>) -> Result<SyncStatus, Error> {
    let begun = Instant::now();
    client.sync_once(deadline, token).await?;
    let mut status = client.status().await?;
    for _ in 1..EXCHANGES_MAX {
        let left = deadline.saturating_sub(begun.elapsed());
        if status.reason != Some(Reason::NotSent) || left < EXCHANGE_TIME_MIN {
            break;
        }
        client.sync_once(left, token).await?;
        status = client.status().await?;
    }
    Ok(status)
}

/// A program that writes without a pause must not keep this one for ever.
const EXCHANGES_MAX: u32 = 8;
/// With less than that left, another exchange would only be cut by the deadline.
const EXCHANGE_TIME_MIN: Duration = Duration::from_secs(1);

pub(super) async fn status(session: &Session<'_>) -> Result<(), Failure> {
    let client = session.open().await?;
    let status = client.status().await;
    let is_covered = client.is_covered_by_phrase().await;
    client.close().await;
    let status = status?;
    let is_member = !matches!(status.reason, Some(Reason::NoSpace | Reason::Left | Reason::Removed));
    let is_bare = is_member && !is_covered.unwrap_or(true);
    session.output.answer(&status, |style| {
        let mut text = describe(&status, style, true);
        if is_bare {
            text.push_str(&format!("\n{}", not_covered(style)));
        }
        text
    })
}

/// Said as long as losing all devices would mean losing the way back.
fn not_covered(style: Style) -> String {
    format!(
        "{}\nIf you lose all your devices, nobody can let you back in: {} makes one.",
        style.yellow("No recovery phrase covers both your spaces."),
        style.cyan("entwine phrase"),
    )
}

/// What whoever holds this device should know of another one that can now read everything.
fn tell(added: &NewKeyholder, style: Style) -> String {
    let id = added.keyholder;
    let remove = style.cyan(format!("entwine remove-device {id}"));
    match added.kind {
        KeyholderKind::Device => format!(
            "{} {id}\n  It shows these six words when it joins: {}\n  If you did not add it, or the words differ, end it: {remove}",
            style.yellow("A new device of yours is here:"),
            style.bold(added.safety_words.join("  ")),
        ),
        _ => format!(
            "{} {id}\n  Whoever has its words can become you. If you did not make it, end it: {remove}",
            style.yellow("A new recovery phrase of yours is here:"),
        ),
    }
}

/// The reason in the word that programs get.
pub(super) fn reason_of(status: &SyncStatus) -> Option<String> {
    let value = serde_json::to_value(status.reason).ok()?;
    value.as_str().map(str::to_owned)
}

/// In full, or only what waits: what to do then stands in the failure that follows.
fn describe(status: &SyncStatus, style: Style, full: bool) -> String {
    let headline = match reason_of(status) {
        None if status.in_sync => style.green("In sync: this phone and the relay hold the same."),
        reason => style.yellow(format!("Not in sync: {}.", reason.as_deref().unwrap_or("unknown"))),
    };
    let mut rows = Vec::new();
    if let Some(remedy) = status.remedy.as_ref().filter(|_| full) {
        rows.push(vec!["to do".to_owned(), printable_line(remedy)]);
    }
    let counts = [
        ("waiting to go up", status.waiting_up),
        ("waiting to be read", status.waiting_down),
        ("set aside for good", status.set_aside),
    ];
    let shown = counts.into_iter().filter(|(_, count)| full || *count > 0);
    rows.extend(shown.map(|(what, count)| vec![what.to_owned(), count.to_string()]));
    if let Some(space) = status.space.filter(|_| full) {
        rows.push(vec!["space".to_owned(), style.dim(space)]);
    }
    format!("{headline}\n{}", table(&rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status() -> SyncStatus {
        SyncStatus {
            space: None,
            in_sync: true,
            reason: None,
            remedy: None,
            waiting_up: 0,
            waiting_down: 0,
            set_aside: 0,
        }
    }

    #[test]
    fn programs_get_exactly_the_fields_they_were_promised() {
        let value = serde_json::to_value(status()).unwrap();
        let expected = json!({
            "space": null, "in_sync": true, "reason": null, "remedy": null,
            "waiting_up": 0, "waiting_down": 0, "set_aside": 0,
        });
        assert_eq!(value, expected);
    }

    #[test]
    fn people_get_the_reason_and_what_to_do() {
        let plain = Style { terminal: false, colours: false };
        let away = SyncStatus {
            in_sync: false,
            reason: Some(Reason::Offline),
            remedy: Some("wait for a network".to_owned()),
            waiting_up: 2,
            ..status()
        };
        let text = describe(&away, plain, true);
        assert!(text.starts_with("Not in sync: offline.\nto do"), "{text}");
        assert!(text.contains("wait for a network"), "{text}");
        assert_eq!(describe(&status(), plain, false).lines().count(), 1);
    }
}
