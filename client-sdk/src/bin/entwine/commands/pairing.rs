//! Two people and their phones: `invite`, `join`, `invitations`, `revoke`, `safety-words`.

use entwine_core::id::KeyholderId;
use entwine_core::keyholder::invitation::{InvitationKind, InvitationLink};
use entwine_core::time::Timestamp;
use entwine_sdk::{Invitation, OpenInvitation};
use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};
use serde_json::{Value, json};

use super::{SHORT_TIME, Session, local, parse_id};
use crate::failure::Failure;
use crate::output::{Style, printable_line, table};

pub(super) async fn invite_partner(session: &Session<'_>) -> Result<(), Failure> {
    let client = session.open().await?;
    let invited = session.output.progress("making an invitation", client.invite_partner()).await;
    client.close().await;
    show(session, &invited?, |link, until, style| {
        format!(
            "{link}\n\nFor your partner, open until {until}, for one use. Whoever has this link can become your partner: show it \
             in the\nsame room if you can. Your partner runs:\n\n  {}\n\n\
             Then both of you run {} and compare the six words in person, once.\n\
             Whoever runs the relay sees when each of you writes and how much, also in private; never what.",
            style.cyan("entwine join 'LINK'"),
            style.cyan("entwine safety-words"),
        )
    })
}

pub(super) async fn invite_device(session: &Session<'_>) -> Result<(), Failure> {
    let client = session.open().await?;
    let invited = session.output.progress("making a link for your next device", client.invite_device()).await;
    client.close().await;
    show(session, &invited?, |link, until, style| {
        format!(
            "{link}\n\nFor your own next device, open until {until}, for one use. Whoever has this link becomes you: they read \
             everything,\nalso in private, and can remove this device. Keep it between your own hands. The new device runs:\n\n  \
             {}\n\n\
             It shows six words, and after {} this device shows them too. If they differ, remove it with {}.",
            style.cyan("entwine join 'LINK' --expect device"),
            style.cyan("entwine sync"),
            style.cyan("entwine remove-device"),
        )
    })
}

/// Prints a link, with words for people about it and the hour of its end.
fn show(
    session: &Session<'_>,
    invitation: &Invitation,
    words: impl FnOnce(&str, &str, Style) -> String,
) -> Result<(), Failure> {
    let link = invitation.link.to_string();
    session.output.picture(|style| qr_code(&link, style))?;
    let until = local(invitation.expires_at.to_moment(), SHORT_TIME);
    session.output.answer(&invited_value(invitation), |style| words(&link, &until, style))
}

pub(super) async fn join(
    session: &Session<'_>,
    link: &str,
    expect: Option<InvitationKind>,
    bring_copy: bool,
) -> Result<(), Failure> {
    let link: InvitationLink = link.parse()?;
    let client = session.open().await?;
    // Who names no kind takes the link at its word, and is told which it was.
    let expect = expect.unwrap_or(link.kind);
    let joined = match bring_copy {
        true => session.output.progress("joining with a copy", client.join_with_copy(&link, expect)).await,
        false => session.output.progress("joining", client.join(&link, expect)).await,
    };
    client.close().await;
    let joined = joined?;
    session.note_plain_http(&link.relay);
    let value = json!({ "space": joined.space, "kind": joined.kind.to_string(), "safety_words": joined.safety_words });
    session.output.answer(&value, |style| {
        let (kind, words) = match joined.kind {
            InvitationKind::Partner => (
                "You joined your partner's space: it was an invitation for a partner.",
                compare(&joined.safety_words, style),
            ),
            InvitationKind::Device => (
                "This is now another device of yours: it was an invitation for a device.",
                compare_devices(&joined.safety_words, style),
            ),
        };
        format!(
            "{kind}\n\n{words}\n\nWhoever runs the relay sees when each of you writes and how much, also in private; never \
             what.\nNext: {}.",
            style.cyan("entwine sync")
        )
    })
}

pub(super) async fn invitations(session: &Session<'_>) -> Result<(), Failure> {
    let open = session.ask(async |client| client.invitations().await).await?;
    let value = open.iter().map(invitation_value).collect::<Vec<_>>();
    session.output.answer(&value, |style| {
        if open.is_empty() {
            return "No invitation is open.".to_owned();
        }
        let row = |invitation: &OpenInvitation| {
            let until = local(invitation.expires_at.to_moment(), SHORT_TIME);
            vec![style.dim(invitation.id), invitation.kind.to_string(), format!("until {until}")]
        };
        table(&open.iter().map(row).collect::<Vec<_>>())
    })
}

pub(super) async fn revoke(session: &Session<'_>, id: &str) -> Result<(), Failure> {
    let id: KeyholderId = parse_id(id, Failure::NoSuchInvitation)?;
    let client = session.open().await?;
    let revoked = session.output.progress("ending the invitation", client.revoke(id)).await;
    client.close().await;
    revoked?;
    session
        .output
        .answer(&json!({ "id": id }), |_| "The invitation is ended: its link opens nothing any more.".to_owned())
}

pub(super) async fn safety_words(session: &Session<'_>) -> Result<(), Failure> {
    let words = session.ask(async |client| client.safety_words().await).await?;
    session.output.answer(&json!({ "safety_words": words }), |style| compare(&words, style))
}

fn compare(words: &[&str; 6], style: Style) -> String {
    format!(
        "  {}\n\nCompare these six words with your partner's, once, face to face or by voice. If they differ, stop writing:\n\
         somebody else is in between.",
        style.bold(words.join("  "))
    )
}

/// The words of a new device, on it and on those that were there before.
fn compare_devices(words: &[&str; 6], style: Style) -> String {
    format!(
        "  {}\n\nYour other device shows six words after its next sync. If they are not these, somebody else has become you:\n\
         remove the new device there.",
        style.bold(words.join("  "))
    )
}

fn invited_value(Invitation { link, kind, expires_at, .. }: &Invitation) -> Value {
    json!({ "link": link.to_string(), "kind": kind.to_string(), "expires_at": rfc3339(*expires_at) })
}

fn invitation_value(invitation: &OpenInvitation) -> Value {
    json!({ "id": invitation.id, "kind": invitation.kind.to_string(), "expires_at": rfc3339(invitation.expires_at) })
}

fn rfc3339(time: Timestamp) -> String {
    time.to_moment().to_string()
}

/// Two modules of the code to a character, dark on light whatever the terminal's colours are.
fn qr_code(text: &str, style: Style) -> String {
    // The lowest level of error correction: screens have no stains, and the code stays small enough for 80 columns.
    let Ok(code) = QrCode::with_error_correction_level(text, EcLevel::L) else {
        return printable_line(text);
    };
    if style.colours {
        let picture = code.render::<Dense1x2>().build();
        return picture.lines().map(|line| style.paint("38;5;16;48;5;231", line)).collect::<Vec<_>>().join("\n");
    }
    // Without colours a terminal is taken to be light on dark, so what is drawn is the light part.
    code.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build()
}

#[cfg(test)]
mod tests {
    use entwine_core::id::{Hash, SpaceId};
    use entwine_core::keyholder::invitation::InvitationSecret;
    use getrandom::SysRng;
    use rand_core::UnwrapErr;

    use super::*;

    #[test]
    fn a_link_fits_into_a_terminal_of_80_columns() {
        let text = format!("entwine://join#{}", "A".repeat(230));
        for colours in [true, false] {
            let code = qr_code(&text, Style { terminal: true, colours });
            assert!(code.lines().all(|line| crate::output::width(line) <= 80));
            assert!(code.lines().count() > 20);
        }
    }

    #[test]
    fn a_link_has_the_fields_that_scripts_read() {
        let secret = InvitationSecret::make_random(&mut UnwrapErr(SysRng));
        let id = secret.derive_keys().id();
        let spaces = vec![(SpaceId::from_bytes([1; 32]), Hash::from_bytes([2; 32])); 2];
        let link =
            InvitationLink { kind: InvitationKind::Device, relay: "https://r.example".to_owned(), spaces, secret };
        let expires_at = Timestamp::from_seconds(1_800_000_000);
        let value = invited_value(&Invitation { id, kind: link.kind, link, expires_at });
        assert!(value["link"].as_str().is_some_and(|link| link.starts_with("entwine://join#")));
        assert_eq!((&value["kind"], &value["expires_at"]), (&json!("device"), &json!("2027-01-15T08:00:00Z")));
        assert_eq!(value.as_object().map(|fields| fields.len()), Some(3));
    }

    #[test]
    fn an_invitation_has_the_fields_that_scripts_read() {
        let invitation = OpenInvitation {
            id: KeyholderId::from_bytes([1; 16]),
            kind: InvitationKind::Partner,
            expires_at: Timestamp::from_seconds(1_800_000_000),
        };
        let expected = json!({ "id": "01".repeat(16), "kind": "partner", "expires_at": "2027-01-15T08:00:00Z" });
        assert_eq!(invitation_value(&invitation), expected);
    }
}
