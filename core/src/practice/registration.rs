//! With which token was a space registered at its relay? Kept in `home`, so that each device can prove it again to a relay that
//! lost everything.

use core::fmt;

use crate::document::{
    Document, DocumentError, Entity, EntityField, EntityId, Field, Hydrate, LimitExceeded, Reconcile,
};
use crate::id::{KeyholderId, SpaceId};
use crate::limits::REGISTRATION_TOKEN_BYTES_MAX;
use crate::time::Timestamp;

/// A token that a device registered a space with.
#[derive(Clone, PartialEq, Eq, Hydrate, Reconcile)]
pub struct Registration {
    /// The token.
    pub token: Field<String>,
    /// When it served.
    pub used_at: Field<Timestamp>,
}

impl Entity for Registration {
    const KIND: &'static str = "registration";

    fn check(&self) -> Result<(), LimitExceeded> {
        self.token.check("registration token", REGISTRATION_TOKEN_BYTES_MAX)
    }

    fn fields(&mut self) -> Vec<&mut dyn EntityField> {
        vec![&mut self.token, &mut self.used_at]
    }
}

/// Shows no token.
impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration").field("used_at", self.used_at.get()).finish_non_exhaustive()
    }
}

/// The key of what this device knows of this space's registration.
#[must_use]
pub fn key(space: &SpaceId, device: &KeyholderId) -> EntityId {
    EntityId::from_parts(&[space, device])
}

/// Keeps the token that this device registered the space with. Returns whether it is another one than before.
///
/// # Errors
/// The token is too long.
pub fn write_token(
    home: &mut Document,
    space: &SpaceId,
    device: &KeyholderId,
    token: &str,
    now: Timestamp,
) -> Result<bool, DocumentError> {
    let mut registrations = home.collection_mut::<Registration>();
    let id = key(space, device);
    if !registrations.contains(&id) {
        registrations.put(&id, &Registration { token: token.into(), used_at: now.into() }, now)?;
        return Ok(true);
    }
    registrations.update(&id, |registration| {
        if *registration.token != token {
            registration.token.set(token.to_owned());
            registration.used_at.set(now);
        }
    })
}

/// The tokens that any device registered the space with, each once, the latest first.
#[must_use]
pub fn tokens(home: &Document, space: &SpaceId) -> Vec<String> {
    let mut registrations = home.collection::<Registration>().list().items;
    let space = space.to_string();
    registrations.retain(|registration| registration.id.parts().next() == Some(space.as_str()));
    registrations.sort_by(|one, other| (*other.value.used_at, &other.id).cmp(&(*one.value.used_at, &one.id)));
    let mut tokens: Vec<String> = Vec::new();
    for registration in registrations {
        if !tokens.contains(&registration.value.token) {
            tokens.push(registration.value.token.get().clone());
        }
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::tests::{NOW, Phone};

    #[test]
    fn it_is_a_proper_entity() {
        crate::document::conformance::check(&Registration { token: "come in".into(), used_at: NOW.into() });
    }

    #[test]
    fn every_device_finds_the_tokens_of_a_space() {
        let mut ada = Phone::new(0xa);
        let tablet = Phone::new(0xb).writer.device;
        let (space, other) = (SpaceId::from_bytes([1; 32]), SpaceId::from_bytes([2; 32]));
        let (device, home) = (ada.writer.device, &mut ada.document);
        assert!(write_token(home, &space, &device, "first", NOW).unwrap());
        assert!(write_token(home, &other, &device, "elsewhere", NOW).unwrap());
        assert!(write_token(home, &space, &tablet, "second", NOW.plus_seconds(1)).unwrap());
        assert_eq!(tokens(home, &space), ["second", "first"]);
        assert!(write_token(home, &space, &device, "second", NOW.plus_seconds(2)).unwrap());
        assert!(!write_token(home, &space, &device, "second", NOW.plus_seconds(3)).unwrap());
        assert_eq!(tokens(home, &space), ["second"]);
        assert!(!format!("{:?}", home.collection::<Registration>().list()).contains("second"));
    }
}
