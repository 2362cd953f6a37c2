//! One person's devices: `devices`, `remove-device`.

use entwine_core::id::KeyholderId;
use entwine_sdk::{KeyholderKind, KeyholderView};
use serde_json::{Value, json};

use super::{Session, parse_id};
use crate::failure::Failure;
use crate::output::{Style, table};

pub(super) async fn list(session: &Session<'_>) -> Result<(), Failure> {
    let devices = session.ask(async |client| client.devices().await).await?;
    let value: Vec<Value> = devices.iter().map(device_value).collect();
    session.output.answer(&value, |style| table(&devices.iter().map(|device| row(device, style)).collect::<Vec<_>>()))
}

pub(super) async fn remove(session: &Session<'_>, id: &str) -> Result<(), Failure> {
    let id: KeyholderId = parse_id(id, Failure::NoSuchDevice)?;
    let client = session.open().await?;
    let removed = session.output.progress("removing it from both spaces", client.remove_device(id)).await;
    client.close().await;
    removed?;
    session.output.answer(&json!({ "keyholder": id }), |_| {
        "It is removed from both your spaces, for good. It keeps what it has read until now; nothing that any of you writes \
         from\nnow on opens with its key, and the relay gives it nothing more. If it was stolen, think of what was on it as read."
            .to_owned()
    })
}

/// The name of a kind in the word that programs get.
fn kind_name(kind: KeyholderKind) -> &'static str {
    match kind {
        KeyholderKind::Device => "device",
        KeyholderKind::PartnerInvitation => "partner_invitation",
        KeyholderKind::DeviceInvitation => "device_invitation",
        KeyholderKind::RecoveryPhrase => "phrase",
    }
}

fn device_value(device: &KeyholderView) -> Value {
    json!({
        "keyholder": device.keyholder,
        "kind": device.kind.map(kind_name),
        "person": if device.is_own { "own" } else { "partner" },
        "this": device.is_own.then_some(device.is_this),
    })
}

fn row(device: &KeyholderView, style: Style) -> Vec<String> {
    let what = match device.kind {
        None => "your partner's",
        Some(KeyholderKind::Device) if device.is_this => "this device",
        Some(KeyholderKind::Device) => "a device of yours",
        Some(KeyholderKind::PartnerInvitation) => "an open invitation for your partner",
        Some(KeyholderKind::DeviceInvitation) => "an open link for a device of yours",
        Some(KeyholderKind::RecoveryPhrase) => "a recovery phrase of yours",
    };
    vec![style.dim(device.keyholder), what.to_owned()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_rows_say_everything_and_the_partners_only_that_they_are_there() {
        let keyholder = KeyholderId::from_bytes([1; 16]);
        let own = |kind| KeyholderView { keyholder, kind: Some(kind), is_own: true, is_this: false };
        let kinds = [
            (KeyholderKind::Device, "device"),
            (KeyholderKind::PartnerInvitation, "partner_invitation"),
            (KeyholderKind::DeviceInvitation, "device_invitation"),
            (KeyholderKind::RecoveryPhrase, "phrase"),
        ];
        for (kind, name) in kinds {
            let expected = json!({ "keyholder": "01".repeat(16), "kind": name, "person": "own", "this": false });
            assert_eq!(device_value(&own(kind)), expected);
        }
        let this = KeyholderView { is_this: true, ..own(KeyholderKind::Device) };
        assert_eq!(device_value(&this)["this"], json!(true));
        let partners = KeyholderView { keyholder, kind: None, is_own: false, is_this: false };
        let expected = json!({ "keyholder": "01".repeat(16), "kind": null, "person": "partner", "this": null });
        assert_eq!(device_value(&partners), expected);
    }
}
