//! Search: any word, in everything that was ever written, on this phone alone.

use std::collections::BTreeSet;

use entwine_core::document::{Document, DocumentName, EntityId, Stored};
use entwine_core::practice::search::{Findable, Query, Reader};
use serde::Serialize;

use super::{KINDS, rfc3339};
use crate::client::Client;
use crate::clock;
use crate::error::Error;

/// A kind of entity that an app shows.
pub(crate) struct Kind {
    /// Its name in documents.
    pub(crate) name: &'static str,
    /// What the events call it, or what it belongs to.
    pub(crate) what: &'static str,
    /// Whether something in a document is there for a reader by now.
    pub(crate) is_seen: fn(&Document, &EntityId, &Reader) -> bool,
    /// Finds words in those of a document.
    find: fn(&Document, &Query, &Reader) -> Vec<FoundWords>,
}

struct FoundWords {
    id: EntityId,
    made_at: entwine_core::time::Timestamp,
    excerpt: String,
}

impl Kind {
    pub(crate) const fn of<T: Findable>(what: &'static str) -> Self {
        Self { name: T::KIND, what, is_seen: is_seen::<T>, find: find::<T> }
    }
}

fn is_seen<T: Findable>(document: &Document, id: &EntityId, reader: &Reader) -> bool {
    let found = document.collection::<T>().get(id);
    !matches!(found, Ok(Some(stored)) if !stored.value.is_seen_by(reader))
}

fn find<T: Findable>(document: &Document, query: &Query, reader: &Reader) -> Vec<FoundWords> {
    let listed = document.collection::<T>().list().into_iter();
    let seen = listed.filter(|stored| T::is_open_in(stored, document, reader));
    let found = seen.filter_map(|Stored { id, value, made_at, .. }| {
        let excerpt = query.find(&value.words())?;
        Some(FoundWords { id, made_at, excerpt })
    });
    found.collect()
}

/// Where words were found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hit {
    /// What it is, or belongs to: `entry`, `ritual`, …, as events call it.
    pub what: &'static str,
    /// Names it.
    pub id: EntityId,
    /// When it was made, as RFC 3339 in the time zone of this phone.
    pub made_at: String,
    /// Whether only one's own devices have it.
    pub private: bool,
    /// The words around what was found.
    pub excerpt: String,
}

/// How far a search is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Searching {
    /// Documents that were searched.
    pub done: usize,
    /// Documents to search in all.
    pub of: usize,
}

impl Client {
    /// Looks for words in everything that this device has, whatever their case and accents: all of them must stand in a thing. The
    /// newest first. One month after the other is opened for it; `progress` is told of each.
    ///
    /// # Errors
    /// There is no space, or no word.
    pub async fn search(&self, words: &str, mut progress: impl FnMut(Searching)) -> Result<Vec<Hit>, Error> {
        let query = Query::parse(words)?;
        let mut documents = Vec::new();
        let views = self.spaces_to_read().await?;
        for (index, view) in views.iter().enumerate() {
            documents.push((index, DocumentName::home()));
            documents.extend(self.chapters(view).await?.into_iter().map(|chapter| (index, chapter)));
        }
        let (mut seen, mut hits) = (BTreeSet::new(), Vec::new());
        for (done, (index, name)) in documents.iter().enumerate() {
            progress(Searching { done, of: documents.len() });
            let view = &views[*index];
            let Ok(reader) = self.reader(view) else { continue };
            let document = self.load(view, name).await?;
            for kind in KINDS {
                for FoundWords { id, made_at, excerpt } in (kind.find)(&document, &query, &reader) {
                    // What was left behind has copies in the spaces in use.
                    if seen.insert((kind.name, id.clone())) {
                        let at = rfc3339(&made_at.to_moment().to_zoned_datetime(clock::zone()));
                        let hit = Hit { what: kind.what, id, made_at: at, private: view.is_private, excerpt };
                        hits.push((made_at, hit));
                    }
                }
            }
        }
        hits.sort_by(|(one_at, one), (other_at, other)| (other_at, &other.id).cmp(&(one_at, &one.id)));
        Ok(hits.into_iter().map(|(_, hit)| hit).collect())
    }
}
