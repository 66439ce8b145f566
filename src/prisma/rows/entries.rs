//! Rows that are entries of a list in a record.
//!
//! Where a list of plain ids says which entries there are (`tags`), the list of objects beside it
//! (`tagLinks`) has what else a row holds. An id that has no object is a row all the same: its id
//! and time are derived, so that they are the same each time.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::super::description::{Default, Source, Table};
use super::super::value::Cell;
use super::{Home, Row, cells_of, set};
use crate::catalogue::{Catalogue, Kind, ModelId};

/// An entry of a list, with the object that it is kept in.
pub(crate) struct Entry {
    pub(crate) row: Row,
    pub(crate) object: Map<String, Value>,
}

/// The entries that a record holds for a table, from its key and its fields.
pub(crate) fn entries_of(
    catalogue: &Catalogue,
    table: &Table,
    key: &str,
    map: &Map<String, Value>,
) -> Vec<Entry> {
    let Source::Entries { model, list, ids } = &table.source else { return Vec::new() };
    let objects = map.get(list).and_then(Value::as_array).into_iter().flatten();
    let objects: Vec<&Map<String, Value>> = objects.filter_map(Value::as_object).collect();
    let made = Made { catalogue, model: *model, table, record: map, key };
    let Some((ids, field)) = ids else {
        return objects.into_iter().map(|object| made.entry(object.clone())).collect();
    };
    let ids = map.get(ids).and_then(Value::as_array).into_iter().flatten();
    let of_id = |id: &Value| -> Vec<Entry> {
        let own = objects.iter().filter(|object| object.get(field) == Some(id));
        let own: Vec<Entry> = own.map(|object| made.entry((*object).clone())).collect();
        if own.is_empty() {
            return vec![made.entry(Map::from_iter([(field.clone(), id.clone())]))];
        }
        own
    };
    ids.flat_map(of_id).collect()
}

/// What an entry is made of.
struct Made<'e> {
    catalogue: &'e Catalogue,
    model: ModelId,
    table: &'e Table,
    record: &'e Map<String, Value>,
    key: &'e str,
}

impl Made<'_> {
    fn entry(&self, mut object: Map<String, Value>) -> Entry {
        let mut cells = cells_of(self.table, self.key, &object);
        for (at, column) in self.table.columns.iter().enumerate() {
            if cells[at].is_null() && !column.nullable {
                cells[at] = self.derived(column.default.as_ref(), &object);
                set(&mut object, column, &cells[at]);
            }
        }
        Entry { row: Row { cells, home: Home { key: self.key.to_owned(), line: None } }, object }
    }

    /// What a column that is never null holds where the entry says nothing.
    fn derived(&self, default: Option<&Default>, object: &Map<String, Value>) -> Cell {
        match default {
            Some(Default::Uuid) => Cell::Text(derived_id(&self.table.name, self.key, object)),
            Some(Default::Now) => {
                let created = self.record.get("createdAt");
                Cell::stored(super::super::Scalar::DateTime, created)
            }
            _ => self.kind_of(object).map_or(Cell::Null, Cell::Text),
        }
    }

    /// The word for what an id is of: the last one where it is of nothing that the others name.
    fn kind_of(&self, object: &Map<String, Value>) -> Option<String> {
        let Source::Entries { list, .. } = &self.table.source else { return None };
        let fields = &self.catalogue.model(self.model).field(list)?.kind;
        let Kind::List(inner) = fields else { return None };
        let Kind::Object(fields) = &**inner else { return None };
        let words = fields.iter().find_map(|field| match &field.kind {
            Kind::Enum(words) if !object.contains_key(&field.name) => Some(words),
            _ => None,
        });
        words?.last().cloned()
    }
}

/// An id in the form of a UUID that follows from what the entry is.
fn derived_id(table: &str, owner: &str, object: &Map<String, Value>) -> String {
    let mut hash = Sha256::new();
    for part in [table, owner] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.update(crate::json::compact_object(object).as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.finalize()[..16]);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}
