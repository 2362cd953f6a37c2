//! What happens on this phone, as it happens: `watch`.

use std::sync::Arc;

use entwine_sdk::{Durability, Event};

use super::Session;
use super::phone::reason_of;
use crate::failure::Failure;
use crate::output::{Style, printable_line};

/// Prints one event a line until somebody ends it, or nobody reads any more.
pub(super) async fn watch(session: &Session<'_>) -> Result<(), Failure> {
    let client = Arc::new(session.open().await?);
    let mut watch = client.watch();
    loop {
        let event = watch.next().await?;
        if !session.output.event(&event, |style| describe(&event, style))? {
            return Ok(());
        }
    }
}

fn describe(event: &Event, style: Style) -> String {
    let whose = |own: &bool| if *own { "yours" } else { "your partner's" };
    match event {
        Event::Changed { what: "entry", id } => {
            format!("entry {id} changed: {}", style.cyan(format!("entwine read {id}")))
        }
        Event::Changed { what, id } => format!("{what} {id} changed: {}", style.cyan(format!("entwine {what} list"))),
        Event::NamesChanged => "somebody is called something else".to_owned(),
        Event::Missed => format!("much changed at once: {}", style.cyan("entwine list")),
        Event::Reached { durability, .. } => match durability {
            Durability::Partner => "your partner has what you wrote".to_owned(),
            _ => "the relay has what you wrote".to_owned(),
        },
        Event::DeviceAdded { id, own } => format!("a device came in, {}: {id}", whose(own)),
        Event::DeviceRemoved { id, own } => format!("a device is gone, {}: {id}", whose(own)),
        Event::Status { status } if status.in_sync => style.green("in sync"),
        Event::Status { status } => {
            let reason = reason_of(status).unwrap_or_default();
            let remedy = status.remedy.as_deref().map(printable_line).unwrap_or_default();
            format!("{}: {remedy}", style.yellow(reason))
        }
    }
}

#[cfg(test)]
mod tests {
    use entwine_sdk::{EntityId, Reason, SyncStatus};
    use serde_json::json;

    use super::*;

    #[test]
    fn programs_get_one_object_for_each_event() {
        let id: EntityId = "01J0000000000000000000000A".parse().unwrap();
        let changed = serde_json::to_value(Event::Changed { what: "entry", id: id.clone() }).unwrap();
        assert_eq!(changed, json!({ "event": "entry_changed", "id": id }));
        let status = SyncStatus {
            space: None,
            in_sync: false,
            reason: Some(Reason::Offline),
            remedy: None,
            waiting_up: 1,
            waiting_down: 0,
            set_aside: 0,
        };
        let told = serde_json::to_value(Event::Status { status }).unwrap();
        assert_eq!(
            (&told["event"], &told["reason"], &told["waiting_up"]),
            (&json!("status"), &json!("offline"), &json!(1))
        );
    }
}
