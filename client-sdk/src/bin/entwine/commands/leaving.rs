//! The end of sharing: `leave`.

use entwine_sdk::FoundedAnew;
use serde_json::json;

use super::Session;
use crate::failure::Failure;

pub(super) async fn leave(session: &Session<'_>) -> Result<(), Failure> {
    let client = session.open().await?;
    let left = session.output.progress("leaving", client.leave()).await;
    client.close().await;
    let (space, is_known) = left?;
    session.output.answer(&json!({ "left": space }), |style| {
        let relay = if is_known {
            "The relay knows it already.".to_owned()
        } else {
            format!(
                "The relay does not know it yet: it learns of it at your next {}, before anything else.",
                style.cyan("entwine sync")
            )
        };
        format!(
            "You have left the shared space, with all your devices and for good. {relay}\n\n\
             All that was written there until now stays readable on this phone, and on your partner's: {} and {} show it.\n\
             Nothing is added to it any more from here. Your private pages stay yours, and go on, \
             on the devices that you have: no recovery phrase\nbrings them back any more.",
            style.cyan("entwine list"),
            style.cyan("entwine read"),
        )
    })
}

pub(super) async fn found_anew(session: &Session<'_>, relay: Option<&str>, token: Option<&str>) -> Result<(), Failure> {
    let client = session.open().await?;
    let founded = session.output.progress("founding anew", client.found_anew(relay, token)).await;
    client.close().await;
    let FoundedAnew { space, archived } = founded?;
    session.output.answer(&json!({ "space": space, "archived": archived }), |style| {
        format!(
            "A new shared space, with a copy of everything that the last one held. The last one stays readable here, and \
             nothing is sent there any more.\nNext: {} for your partner, who takes it up with {}.",
            style.cyan("entwine invite"),
            style.cyan("entwine join 'LINK' --bring-copy"),
        )
    })
}
