//! How is written and read what has a date? Each such thing lies in the chapter of its month, in the shared or the private space.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use entwine_core::document::{Document, DocumentName, EntityId, Heads, Stored};
use entwine_core::id::PersonId;
use entwine_core::practice::origin::{Dated, Origin, chapter, chapters_of};
use entwine_core::practice::refusal::Refusal;
use entwine_core::time::Timestamp;
use jiff::civil::Date;

use super::{Names, local_time};
use crate::client::{Client, SpaceView};
use crate::error::Error;
use crate::{clock, random};

/// A month, such as `2026-11`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month(DocumentName);

impl Month {
    /// The month that a day lies in.
    pub(crate) fn of(day: Date) -> Self {
        Self(DocumentName::journal(day))
    }

    /// Year and month.
    fn parts(&self) -> Option<(i16, i8)> {
        let (year, month) = self.0.month()?.split_once('-')?;
        Some((year.parse().ok()?, month.parse().ok()?))
    }

    /// Whether it is this month of some year.
    pub(crate) fn is_of(&self, month: i8) -> bool {
        self.parts().is_some_and(|(_, of)| of == month)
    }

    /// Whether it lies in a year before that of this day.
    pub(crate) fn is_before(&self, day: Date) -> bool {
        self.parts().is_some_and(|(year, _)| year < day.year())
    }
}

/// Text that is no month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a month looks like 2026-11")]
pub struct ParseMonthError;

impl FromStr for Month {
    type Err = ParseMonthError;

    fn from_str(text: &str) -> Result<Self, ParseMonthError> {
        DocumentName::parse(&format!("journal/{text}")).map(Self).map_err(|_| ParseMonthError)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.month().unwrap_or_default())
    }
}

/// Something with a date, as an app shows it.
pub(crate) struct Shown<T> {
    /// The thing.
    pub(crate) stored: Stored<T>,
    /// The name of who wrote it.
    pub(crate) author: String,
    /// When, as RFC 3339 with the writer's offset.
    pub(crate) written_at: String,
    /// Whether only one's own devices have it.
    pub(crate) private: bool,
    /// Whether this person wrote it.
    pub(crate) is_own: bool,
}

/// Where something lies.
pub(crate) struct Found<T> {
    pub(crate) view: SpaceView,
    pub(crate) chapter: DocumentName,
    pub(crate) stored: Stored<T>,
    /// The state of the chapter in which it was found.
    pub(crate) heads: Heads,
}

/// Where something lies: below it comes what belongs to it.
pub(crate) type Place<'f> = (&'f SpaceView, &'f DocumentName, &'f EntityId);

impl<T> Found<T> {
    pub(crate) fn place(&self) -> Place<'_> {
        (&self.view, &self.chapter, &self.stored.id)
    }
}

/// A chapter, opened.
struct Opened<'c> {
    document: &'c Document,
    view: &'c SpaceView,
    me: Option<PersonId>,
    names: &'c Names,
}

/// Which things of a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// All but what lies in the trash.
    Listed,
    /// What was put into the trash in the last thirty days.
    Trash,
}

impl<T: Dated> Shown<T> {
    pub(super) fn of(stored: Stored<T>, view: &SpaceView, me: Option<PersonId>, names: &Names) -> Self {
        let origin = stored.value.origin();
        Self {
            author: names.of(origin.person()),
            written_at: local_time(origin.at(), origin.zone()),
            private: view.is_private,
            is_own: origin.person().is_some() && origin.person() == me,
            stored,
        }
    }
}

impl Client {
    /// Keeps something new, which begins here and now.
    pub(crate) async fn keep<T: Dated>(
        &self,
        private: bool,
        make: impl FnOnce(&Origin) -> Result<T, Refusal>,
    ) -> Result<EntityId, Error> {
        let mut made = self.keep_all(private, |origin| Ok(vec![make(origin)?])).await?;
        Ok(made.remove(0))
    }

    /// The same for several things at once: all of them are kept or none.
    pub(crate) async fn keep_all<T: Dated>(
        &self,
        private: bool,
        make: impl FnOnce(&Origin) -> Result<Vec<T>, Refusal>,
    ) -> Result<Vec<EntityId>, Error> {
        let view = self.view(private).await?;
        let (now, zone) = (clock::now(), clock::zone());
        let things = make(&Origin::new(&self.writer(&view)?, now, &zone))?;
        let mut rng = random::generator();
        let things: Vec<(EntityId, T)> =
            things.into_iter().map(|thing| (EntityId::make(now, &mut rng), thing)).collect();
        self.change(&view, &chapter(now, &zone), |document, now| {
            let mut all = document.collection_mut();
            for (id, thing) in &things {
                all.put(id, thing, now)?;
            }
            Ok(())
        })
        .await?;
        Ok(things.into_iter().map(|(id, _)| id).collect())
    }

    /// Keeps something new that belongs to another thing, in the same chapter of the same space.
    pub(crate) async fn keep_below<T: Dated>(
        &self,
        (view, chapter, parent): Place<'_>,
        make: impl FnOnce(&Origin) -> Result<T, Refusal>,
    ) -> Result<EntityId, Error> {
        let now = clock::now();
        let thing = make(&Origin::new(&self.writer(view)?, now, &clock::zone()))?;
        let id = EntityId::make_below(parent, now, &mut random::generator());
        self.change(view, chapter, |document, now| Ok(document.collection_mut().put(&id, &thing, now)?)).await?;
        Ok(id)
    }

    /// What of a kind belongs to another thing, in the order in which it was made.
    pub(crate) async fn collect_below<T: Dated>(
        &self,
        (view, chapter, parent): Place<'_>,
    ) -> Result<Vec<Shown<T>>, Error> {
        let (names, me) = (self.names(view).await?, self.person(view).ok());
        let loaded = self.load(view, chapter).await?;
        let below = loaded.collection::<T>().list().into_iter().filter(|stored| stored.id.root() == *parent);
        Ok(below.map(|stored| Shown::of(stored, view, me, &names)).collect())
    }

    /// Something of a kind, be it in the trash or not.
    pub(crate) async fn find<T: Dated>(&self, id: &EntityId) -> Result<Found<T>, Error> {
        let mut found = None;
        let get = &mut |document: &Document| {
            found = document.collection::<T>().get(id)?;
            Ok(found.is_some())
        };
        let place = self.find_place(id, get).await?;
        let (Some((view, chapter, heads)), Some(stored)) = (place, found) else { return Err(no_such::<T>(id)) };
        Ok(Found { view, chapter, stored, heads })
    }

    /// Where something lies that `is_in` a document. As with all that waits here: compiled once, and not for each kind.
    async fn find_place(
        &self,
        id: &EntityId,
        is_in: &mut (dyn FnMut(&Document) -> Result<bool, Error> + Send),
    ) -> Result<Option<(SpaceView, DocumentName, Heads)>, Error> {
        for view in self.spaces_to_read().await? {
            for chapter in chapters_of(id) {
                let loaded = self.load(&view, &chapter).await?;
                if is_in(&loaded)? {
                    let heads = loaded.heads_to_write_on();
                    return Ok(Some((view, chapter, heads)));
                }
            }
        }
        Ok(None)
    }

    /// The same, to be shown.
    pub(crate) async fn show<T: Dated>(&self, id: &EntityId) -> Result<Shown<T>, Error> {
        let Found { view, stored, .. } = self.find(id).await?;
        let names = self.names(&view).await?;
        Ok(Shown::of(stored, &view, self.person(&view).ok(), &names))
    }

    /// Edits something of a kind. Where `edit` fails, nothing changes.
    pub(crate) async fn edit<T: Dated>(
        &self,
        id: &EntityId,
        edit: impl FnOnce(&mut T) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.edit_found(&self.find::<T>(id).await?, edit).await
    }

    /// The same for what only its writer edits.
    pub(crate) async fn edit_own<T: Dated>(
        &self,
        id: &EntityId,
        edit: impl FnOnce(&mut T) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.edit_found(&self.find_own::<T>(id).await?, edit).await
    }

    /// Something that this person wrote.
    pub(crate) async fn find_own<T: Dated>(&self, id: &EntityId) -> Result<Found<T>, Error> {
        let found = self.find::<T>(id).await?;
        let is_own = found.stored.value.origin().person() == Some(self.person(&found.view)?);
        if is_own { Ok(found) } else { Err(Refusal::NotYours(T::WHAT).into()) }
    }

    /// Edits what was found.
    pub(crate) async fn edit_found<T: Dated>(
        &self,
        found: &Found<T>,
        edit: impl FnOnce(&mut T) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.change(&found.view, &found.chapter, |document, _| {
            let mut things = document.collection_mut::<T>();
            let id = &found.stored.id;
            // Tried first on what is there, since an edit that is refused half way must leave nothing.
            let mut thing = things.get(id)?.ok_or_else(|| no_such::<T>(id))?.value;
            edit(&mut thing)?;
            things.update(id, |stored| *stored = thing)?;
            Ok(())
        })
        .await
    }

    /// Puts something into the trash. An edit that this device has not seen brings it back.
    pub(crate) async fn put_into_trash<T: Dated>(&self, id: &EntityId) -> Result<(), Error> {
        self.trash_found(&self.find::<T>(id).await?).await
    }

    /// The same for what only its writer puts there.
    pub(crate) async fn put_own_into_trash<T: Dated>(&self, id: &EntityId) -> Result<(), Error> {
        self.trash_found(&self.find_own::<T>(id).await?).await
    }

    async fn trash_found<T: Dated>(&self, found: &Found<T>) -> Result<(), Error> {
        self.change(&found.view, &found.chapter, |document, now| {
            document.collection_mut::<T>().remove(&found.stored.id, now)?;
            Ok(())
        })
        .await
    }

    /// Takes something out of the trash.
    pub(crate) async fn restore<T: Dated>(&self, id: &EntityId) -> Result<(), Error> {
        let Found { view, chapter, .. } = self.find::<T>(id).await?;
        self.change(&view, &chapter, |document, _| {
            document.collection_mut::<T>().restore(id)?;
            Ok(())
        })
        .await
    }

    /// Everything of a kind, or that of one month, the newest first; one's own private things too.
    pub(crate) async fn collect<T: Dated>(&self, month: Option<&Month>, which: Which) -> Result<Vec<Shown<T>>, Error> {
        // Of what was left behind, only what the spaces in use lack.
        let mut seen = BTreeSet::new();
        let mut found = Vec::new();
        let gather = &mut |Opened { document, view, me, names }: Opened<'_>| {
            let things = document.collection::<T>();
            let chosen = if which == Which::Listed { things.list() } else { things.trash(clock::now()) };
            let new = chosen.into_iter().filter(|stored| !seen.contains(&stored.id));
            found.extend(new.map(|stored| Shown::of(stored, view, me, names)));
            seen.extend(things.keys());
        };
        self.each_chapter(month, gather).await?;
        let order: Vec<(Timestamp, EntityId)> =
            found.iter().map(|shown| (shown.stored.value.origin().at(), shown.stored.id.clone())).collect();
        let mut found: Vec<Option<Shown<T>>> = found.into_iter().map(Some).collect();
        Ok(newest_first(&order).into_iter().filter_map(|index| found[index].take()).collect())
    }

    /// Opens every chapter, or those of one month, one after the other.
    async fn each_chapter(
        &self,
        month: Option<&Month>,
        gather: &mut (dyn FnMut(Opened<'_>) + Send),
    ) -> Result<(), Error> {
        for view in self.spaces_to_read().await? {
            let (names, me) = (self.names(&view).await?, self.person(&view).ok());
            for chapter in self.chapters(&view).await? {
                if month.is_none_or(|month| month.0 == chapter) {
                    let document = self.load(&view, &chapter).await?;
                    gather(Opened { document: &document, view: &view, me, names: &names });
                }
            }
        }
        Ok(())
    }

    /// The months that anything was written in, as far as this device knows, the latest first.
    pub(crate) async fn months(&self) -> Result<Vec<Month>, Error> {
        let mut months = BTreeSet::new();
        for view in self.spaces_to_read().await? {
            months.extend(self.chapters(&view).await?.into_iter().map(Month));
        }
        Ok(months.into_iter().rev().collect())
    }

    /// The months' chapters of a space.
    pub(crate) async fn chapters(&self, view: &SpaceView) -> Result<Vec<DocumentName>, Error> {
        let names = self.storage.document_names(&view.space).await?;
        let names = names.iter().filter_map(|name| DocumentName::parse(name).ok());
        Ok(names.filter(DocumentName::is_journal).collect())
    }

    /// The spaces that are read, once what came was opened: those in use, and then those that were left behind.
    pub(crate) async fn spaces_to_read(&self) -> Result<Vec<SpaceView>, Error> {
        self.open_arrived_if_there_is_room().await?;
        let mut views = self.views().await?;
        if views.is_empty() {
            return Err(Error::NoSpace);
        }
        views.extend(self.archive().await?);
        Ok(views)
    }
}

fn no_such<T: Dated>(id: &EntityId) -> Error {
    Error::NotFound { what: T::WHAT, id: id.to_string() }
}

/// The places of these in the order from the newest on. Sorting is compiled once for it, and not for each kind of thing: it is large.
fn newest_first(order: &[(Timestamp, EntityId)]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..order.len()).collect();
    places.sort_by(|one, other| order[*other].cmp(&order[*one]));
    places
}
