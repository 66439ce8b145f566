//! Rows of the tables: how records, entries of their lists and lines of logs become rows.

mod access;
mod ahead;
mod counts;
mod entries;
mod find;
mod looks;
mod text;

pub(crate) use ahead::Ends;
pub(crate) use entries::{Entry, entries_of};
pub(crate) use find::Reader;

use serde_json::{Map, Value};

use super::description::{Column, Place, Table};
use super::ids;
use super::value::Cell;

/// Where a row is in the store.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Home {
    /// The key of the record, or of the record that an entry or a log belongs to.
    pub(crate) key: String,
    /// The id of the line, where the row is one.
    pub(crate) line: Option<String>,
}

/// A row.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// Its cells, in the order of the columns.
    pub(crate) cells: Vec<Cell>,
    pub(crate) home: Home,
}

impl Row {
    /// Are they one row? (Two rows of one table never have the same home and the same cells.)
    pub(crate) fn is(&self, other: &Row) -> bool {
        self.home == other.home && self.cells == other.cells
    }
}

/// The cells that an object holds for a table; `owner` is the key of the record that it belongs
/// to.
pub(crate) fn cells_of(table: &Table, owner: &str, map: &Map<String, Value>) -> Vec<Cell> {
    let cells = table.columns.iter().map(|column| match &column.place {
        Place::Owner => Cell::Null,
        Place::Path(path) => Cell::of(column, at(map, path)),
    });
    completed(table, owner, cells.collect())
}

/// Cells with what follows where an object says nothing.
fn completed(table: &Table, owner: &str, mut cells: Vec<Cell>) -> Vec<Cell> {
    for (column, cell) in table.columns.iter().zip(&mut cells) {
        match &column.default {
            _ if column.place == Place::Owner => *cell = Cell::Text(ids::given(owner).into_owned()),
            // A part of an object that is not there: `totpEnabled` of a user without one.
            Some(super::Default::Value(value)) if cell.is_null() => {
                *cell = Cell::stored(column.scalar, Some(value));
            }
            _ => {}
        }
    }
    cells
}

fn at<'m>(map: &'m Map<String, Value>, path: &[String]) -> Option<&'m Value> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(map.get(first)?, |value, step| value.get(step))
}

/// Puts the cell of a column into an object; nothing takes the key away.
pub(crate) fn set(map: &mut Map<String, Value>, column: &Column, cell: &Cell) {
    if let Place::Path(path) = &column.place {
        put(map, path, cell.to_stored(column));
    }
}

fn put(map: &mut Map<String, Value>, path: &[String], value: Option<Value>) {
    let Some((first, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        match value {
            Some(value) => drop(map.insert(first.clone(), value)),
            None => drop(map.shift_remove(first)),
        }
        return;
    }
    if !map.get(first).is_some_and(Value::is_object) {
        map.insert(first.clone(), Value::Object(Map::new()));
    }
    if let Some(inner) = map.get_mut(first).and_then(Value::as_object_mut) {
        put(inner, rest, value);
    }
}
