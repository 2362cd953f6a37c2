//! What changed in a document, as an app would show it? Each thing of a practice, with a print that differs when it does.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use entwine_core::document::{Document, Entity, EntityId, Listing};
use entwine_core::practice::journal::JournalEntry;
use entwine_core::practice::occurrence::RitualOccurrence;
use entwine_core::practice::pause::Pause;
use entwine_core::practice::person::Person;
use entwine_core::practice::ritual::Ritual;

use crate::clock;

/// Something that an app shows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Thing {
    /// Something of a practice, which calls it so.
    Of(&'static str, EntityId),
    /// What somebody is called.
    Names,
}

/// Everything in a document, with its print. Prints are good within one process alone.
pub(crate) fn prints(document: &Document) -> BTreeMap<Thing, u64> {
    let mut prints = BTreeMap::new();
    add(document, &mut prints, |_: &Person, _| Some(Thing::Names));
    add(document, &mut prints, |_: &JournalEntry, id| Some(Thing::Of("entry", id)));
    add(document, &mut prints, |_: &Ritual, id| Some(Thing::Of("ritual", id)));
    add(document, &mut prints, |record: &RitualOccurrence, _| Some(Thing::Of("ritual", record.ritual.parse().ok()?)));
    add(document, &mut prints, |pause: &Pause, _| Some(Thing::Of("ritual", pause.ritual.parse().ok()?)));
    prints
}

fn add<T: Entity + Debug>(
    document: &Document,
    prints: &mut BTreeMap<Thing, u64>,
    thing: impl Fn(&T, EntityId) -> Option<Thing>,
) {
    let collection = document.collection::<T>();
    let Listing { items, .. } = collection.list();
    for stored in items.into_iter().chain(collection.trash(clock::now())) {
        let mut hasher = DefaultHasher::new();
        format!("{stored:?}").hash(&mut hasher);
        if let Some(thing) = thing(&stored.value, stored.id) {
            // Several records of one ritual, in whatever order.
            let print = prints.entry(thing).or_insert(0);
            *print = print.wrapping_add(hasher.finish());
        }
    }
}
