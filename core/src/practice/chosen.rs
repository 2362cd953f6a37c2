//! Which of all this do we use? One or two to begin with; the rest stays out of sight until somebody wants it.

use std::collections::BTreeMap;

use crate::document::{
    Document, DocumentError, Entity, EntityField, EntityId, Field, Hydrate, LimitExceeded, Reconcile, choices,
};
use crate::id::PersonId;
use crate::practice::Writer;
use crate::practice::person::latest_by;
use crate::practice::search::Findable;
use crate::time::Timestamp;

choices! {
    /// What somebody wants of a practice.
    Wanted, "choice" {
        /// To use it.
        Use = "use",
        /// To let it rest.
        Rest = "rest",
    }
}

/// What one device's person last chose of one practice. It lies in `home`.
#[derive(Debug, Clone, PartialEq, Eq, Hydrate, Reconcile)]
pub struct Chosen {
    /// What.
    pub wanted: Field<Wanted>,
    /// When it was chosen.
    pub chosen_at: Field<Timestamp>,
}

impl Entity for Chosen {
    const KIND: &'static str = "chosen";

    /// All of it is a word and a moment.
    fn check(&self) -> Result<(), LimitExceeded> {
        Ok(())
    }

    fn fields(&mut self) -> Vec<&mut dyn EntityField> {
        vec![&mut self.wanted, &mut self.chosen_at]
    }
}

/// Nothing is typed.
impl Findable for Chosen {}

/// How a practice stands with a couple.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Somebody wants it, and nobody lets it rest.
    InUse,
    /// Somebody lets it rest.
    AtRest,
    /// Nobody has asked for it.
    OutOfSight,
}

/// What each person wants now, by practice. Of what a person's devices say, the latest holds; at the same moment, the greater key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choices(BTreeMap<String, BTreeMap<PersonId, Wanted>>);

impl Choices {
    /// Those that `home` has.
    #[must_use]
    pub fn of(home: &Document) -> Self {
        let of = |id: &EntityId| {
            let mut parts = id.parts();
            Some((parts.next()?.to_owned(), parts.next()?.parse().ok()?))
        };
        let mut choices = Self::default();
        for ((practice, person), chosen) in
            latest_by(home.collection::<Chosen>().list().items, of, |chosen| *chosen.chosen_at)
        {
            choices.0.entry(practice).or_default().insert(person, *chosen.wanted);
        }
        choices
    }

    /// What a person wants of a practice.
    #[must_use]
    pub fn wanted(&self, practice: &str, person: &PersonId) -> Option<Wanted> {
        self.0.get(practice)?.get(person).copied()
    }

    /// How a practice stands.
    #[must_use]
    pub fn standing(&self, practice: &str) -> Standing {
        let wanted = |wanted| self.0.get(practice).is_some_and(|all| all.values().any(|one| *one == wanted));
        if wanted(Wanted::Rest) {
            Standing::AtRest
        } else if wanted(Wanted::Use) {
            Standing::InUse
        } else {
            Standing::OutOfSight
        }
    }
}

/// Chooses, in `home`, what the writer wants of a practice, whose name is one part of a key.
///
/// # Errors
/// What this device chose before is damaged.
pub fn choose(
    home: &mut Document,
    practice: &str,
    wanted: Wanted,
    writer: &Writer,
    now: Timestamp,
) -> Result<(), DocumentError> {
    let mut all = home.collection_mut::<Chosen>();
    let id = EntityId::from_parts(&[&practice, &writer.person, &writer.device]);
    if all.contains(&id) {
        all.update(&id, |chosen| {
            chosen.wanted.set(wanted);
            chosen.chosen_at.set(now);
        })?;
        return Ok(());
    }
    all.put(&id, &Chosen { wanted: wanted.into(), chosen_at: now.into() }, now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::tests::{NOW, Phone};

    fn chooses(phone: &mut Phone, wanted: Wanted, seconds: u64) {
        choose(&mut phone.document, "check-in", wanted, &phone.writer, NOW.plus_seconds(seconds)).unwrap();
    }

    fn meet(one: &mut Phone, other: &mut Phone) {
        other.document.apply(&one.document.take_changes()).unwrap();
        one.document.apply(&other.document.take_changes()).unwrap();
        assert_eq!(Choices::of(&one.document), Choices::of(&other.document));
    }

    fn standing(phone: &Phone) -> Standing {
        Choices::of(&phone.document).standing("check-in")
    }

    #[test]
    fn it_is_a_proper_entity() {
        crate::document::conformance::check(&Chosen { wanted: Wanted::Use.into(), chosen_at: NOW.into() });
    }

    #[test]
    fn a_practice_is_used_when_somebody_wants_it_and_nobody_lets_it_rest() {
        let (mut ada, mut noor) = (Phone::new(0xa), Phone::new(0xb));
        assert_eq!(standing(&ada), Standing::OutOfSight);
        chooses(&mut ada, Wanted::Use, 0);
        assert_eq!(standing(&ada), Standing::InUse);
        // Apart, and whoever chose later: one rest is enough.
        chooses(&mut noor, Wanted::Rest, 1);
        chooses(&mut ada, Wanted::Use, 2);
        meet(&mut ada, &mut noor);
        assert_eq!(standing(&ada), Standing::AtRest);
        chooses(&mut noor, Wanted::Use, 3);
        meet(&mut ada, &mut noor);
        assert_eq!(standing(&ada), Standing::InUse);
        assert_eq!(Choices::of(&ada.document).standing("journal"), Standing::OutOfSight);
    }

    #[test]
    fn the_newest_choice_of_a_persons_devices_counts() {
        let mut phone = Phone::new(0xa);
        let mut tablet = Phone::new(0xb);
        tablet.writer.person = phone.writer.person;
        chooses(&mut phone, Wanted::Rest, 1);
        chooses(&mut tablet, Wanted::Use, 2);
        meet(&mut phone, &mut tablet);
        assert_eq!(standing(&phone), Standing::InUse);
        assert_eq!(Choices::of(&phone.document).wanted("check-in", &phone.writer.person), Some(Wanted::Use));
        chooses(&mut phone, Wanted::Rest, 3);
        meet(&mut phone, &mut tablet);
        assert_eq!(standing(&tablet), Standing::AtRest);
    }
}
