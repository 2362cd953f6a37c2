//! What does a couple do with it? One file per practice.
//!
//! A practice is a file in `practice/` and one line below. The file has the practice's entities, with their limits
//! ([`Entity`](crate::document::Entity)), and the functions that say in which document they lie and under which keys. How
//! they merge comes from the types of their fields, and everything else from
//! [`CollectionMut`](crate::document::CollectionMut): nothing else lists the practices, and a phone that does not know one
//! keeps its entities as they are.

pub mod are;
pub mod check_in;
pub mod chosen;
pub mod founding;
pub mod gratitude;
pub mod journal;
pub mod listening;
pub mod moment;
pub mod note;
pub mod occurrence;
pub mod origin;
pub mod pause;
pub mod person;
pub mod question;
pub mod reaching_out;
pub mod refusal;
pub mod registration;
pub mod response;
pub mod ritual;
pub mod screen_free;
pub mod sealed;
pub mod search;
pub mod vulnerability;

use crate::id::{KeyholderId, PersonId};

/// Who writes, and on which device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Writer {
    /// The person.
    pub person: PersonId,
    /// The device.
    pub device: KeyholderId,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    /// Each practice's file is read, so that none can be forgotten.
    #[test]
    fn kinds_are_told_apart_and_every_practice_is_checked() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/practice");
        let mut kinds = BTreeSet::new();
        for file in fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).filter(|path| path.is_file()) {
            let source = fs::read_to_string(&file).unwrap();
            let entities = source.matches("impl Entity for").count();
            assert_eq!(source.matches("conformance::check(").count(), entities, "{}", file.display());
            for line in source.lines().filter(|line| line.contains("const KIND: &'static str")) {
                let kind = line.split('"').nth(1).unwrap().to_owned();
                assert!(!kind.contains('/'), "a key's first slash ends its kind");
                assert!(kinds.insert(kind), "{line} is taken");
            }
        }
        assert!(kinds.contains("journal"));
    }
}
