//! How are the fields of one object read? All in one pass: each asked for by its name would be a search of its own in everything
//! that the document holds.

use core::ops::RangeBounds;

use automerge::iter::{ListRange, MapRange, MapRangeItem};
use automerge::{AutoCommit, AutomergeError, ChangeHash, ObjId, ObjType, Parents, Prop, Value};
use autosurgeon::ReadDoc;

/// A document of which the fields of one object are at hand.
pub(super) struct Fields<'a> {
    pub(super) automerge: &'a AutoCommit,
    pub(super) object: &'a ObjId,
    /// In the order of their names.
    items: Vec<MapRangeItem<'a>>,
}

impl<'a> Fields<'a> {
    /// Reads them.
    pub(super) fn of(automerge: &'a AutoCommit, object: &'a ObjId) -> Self {
        Self { automerge, object, items: automerge::ReadDoc::map_range(automerge, object, ..).collect() }
    }

    /// Each with its name, in the order of the names.
    pub(super) fn iter(&self) -> impl Iterator<Item = &MapRangeItem<'a>> {
        self.items.iter()
    }

    fn find(&self, name: &str) -> Option<&MapRangeItem<'a>> {
        let place = self.items.binary_search_by(|item| item.key.as_ref().cmp(name)).ok()?;
        self.items.get(place)
    }
}

impl ReadDoc for Fields<'_> {
    type Parents<'b>
        = Parents<'b>
    where
        Self: 'b;

    fn get<P: Into<Prop>>(&self, object: &ObjId, prop: P) -> Result<Option<(Value<'_>, ObjId)>, AutomergeError> {
        match prop.into() {
            Prop::Map(name) if object == self.object => {
                Ok(self.find(&name).map(|item| (item.value.clone().into_value(), item.id())))
            }
            prop => automerge::ReadDoc::get(self.automerge, object, prop),
        }
    }

    fn get_heads(&self) -> Vec<ChangeHash> {
        self.automerge.get_heads()
    }

    fn object_type<O: AsRef<ObjId>>(&self, object: O) -> Option<ObjType> {
        ReadDoc::object_type(self.automerge, object)
    }

    fn map_range<'b, O, R>(&'b self, object: O, range: R) -> MapRange<'b>
    where
        R: RangeBounds<String> + 'b,
        O: AsRef<ObjId>,
    {
        ReadDoc::map_range(self.automerge, object, range)
    }

    fn list_range<O: AsRef<ObjId>, R: RangeBounds<usize>>(&self, object: O, range: R) -> ListRange<'_> {
        ReadDoc::list_range(self.automerge, object, range)
    }

    fn length<O: AsRef<ObjId>>(&self, object: O) -> usize {
        ReadDoc::length(self.automerge, object)
    }

    fn text<O: AsRef<ObjId>>(&self, object: O) -> Result<String, AutomergeError> {
        ReadDoc::text(self.automerge, object)
    }

    fn parents<O: AsRef<ObjId>>(&self, object: O) -> Result<Parents<'_>, AutomergeError> {
        ReadDoc::parents(self.automerge, object)
    }

    fn is_empty(&self) -> bool {
        ReadDoc::is_empty(self.automerge)
    }
}
