//! Does an entity keep the rules that every entity must? Each practice runs this over a sample of its own.

use core::fmt::Debug;

use automerge::transaction::Transactable as _;
use automerge::{ROOT, ReadDoc as _, ScalarValue, Value};

use super::tests::{NOW, Phone};
use super::*;

/// `sample` has something in every field, nothing twice, and no limit exceeded.
pub(crate) fn check<T: Entity + PartialEq + Debug>(sample: &T) {
    it_is_read_as_it_was_written(sample);
    an_update_of_nothing_leaves_every_contest_open(sample);
}

fn it_is_read_as_it_was_written<T: Entity + PartialEq + Debug>(sample: &T) {
    let mut ada = Phone::new(0xa);
    let id = EntityId::make(NOW, &mut ada.rng);
    ada.document.collection_mut().put(&id, sample, NOW).unwrap();
    let stored = ada.sees::<T>(&id);
    assert_eq!(stored.value, *sample);
    assert_eq!((stored.edits, stored.made_at, stored.trashed_at), (1, NOW, None), "edits, made_at and trash are taken");

    let copy = EntityId::make(NOW, &mut ada.rng);
    ada.document.collection_mut().put(&copy, &stored.value, NOW).unwrap();
    assert_eq!(ada.sees::<T>(&copy).value, *sample, "fields() lists every field");
}

fn an_update_of_nothing_leaves_every_contest_open<T: Entity + PartialEq + Debug>(sample: &T) {
    let (mut ada, mut noor) = (Phone::new(0xa), Phone::new(0xb));
    let id = EntityId::make(NOW, &mut ada.rng);
    ada.document.collection_mut().put(&id, sample, NOW).unwrap();
    noor.document.apply(&ada.document.take_changes()).unwrap();
    let contested = change_every_value::<T>(&mut ada, &id, 1);
    assert_eq!(change_every_value::<T>(&mut noor, &id, 2), contested);
    noor.document.apply(&ada.document.take_changes()).unwrap();

    let before = noor.sees::<T>(&id);
    assert_eq!(before.alternatives.len(), contested, "each contested field shows its other value");
    assert!(!noor.edits::<T>(&id, |_| {}), "a field that is not one of this module's types writes itself");
    assert_eq!(noor.sees::<T>(&id), before);
}

/// Changes each value of the entity, below the types. Returns how many there are.
fn change_every_value<T: Entity>(phone: &mut Phone, id: &EntityId, by: u64) -> usize {
    let mut changed = 0;
    let key = format!("{}/{id}", T::KIND);
    phone
        .document
        .write(|automerge| {
            let (_, object) = automerge.get(&ROOT, key).unwrap().unwrap();
            let fields: Vec<String> = automerge.keys(&object).filter(|field| field != "made_at").collect();
            for field in fields {
                let (value, _) = automerge.get(&object, &field).unwrap().unwrap();
                let other = match value {
                    Value::Scalar(value) => match value.as_ref() {
                        ScalarValue::Str(text) => ScalarValue::Str(format!("{text}{by}").into()),
                        ScalarValue::Uint(number) => ScalarValue::Uint(number + by),
                        ScalarValue::Counter(_) => continue,
                        other => panic!("{field} of the sample is {other:?}"),
                    },
                    Value::Object(_) => continue,
                };
                automerge.put(&object, field, other).unwrap();
                changed += 1;
            }
            Ok(())
        })
        .unwrap();
    changed
}
