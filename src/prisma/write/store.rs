//! How rows get into the store, change in it, and leave it; and what the store's refusals are in
//! Prisma's words.

use std::rc::Rc;

use serde_json::{Map, Value};

use super::Writer;
use crate::catalogue::ModelId;
use crate::engine::{Record, new_id};
use crate::error::{Code, Error};
use crate::prisma::description::{Column, Place, Source, Table};
use crate::prisma::error::{Answer, Failure};
use crate::prisma::rows::{Entry, Home, Row, entries_of, set};
use crate::prisma::value::Cell;
use crate::repos::rules;

type Object = Map<String, Value>;

/// The cells of a row as the fields of an object, over what it holds already.
pub(super) fn with_cells(table: &Table, mut map: Object, cells: &[Cell]) -> Object {
    for (column, cell) in table.columns.iter().zip(cells) {
        set(&mut map, column, cell);
    }
    drop_empty_parts(table, &mut map);
    map
}

/// An object of which no column says more than its defaults is not kept.
fn drop_empty_parts(table: &Table, map: &mut Object) {
    for column in &table.columns {
        let Place::Path(path) = &column.place else { continue };
        let [first, _, ..] = path.as_slice() else { continue };
        let inner = map.get(first).and_then(Value::as_object);
        let bare =
            |(_, value): (&String, &Value)| matches!(value, Value::Null | Value::Bool(false));
        if inner.is_some_and(|inner| inner.iter().all(bare)) {
            map.shift_remove(first);
        }
    }
}

/// The text of a column as the store keeps it.
fn kept(of: &Table, column: usize, cells: &[Cell]) -> String {
    cells[column].kept(&of.columns[column]).into_owned()
}

impl Writer<'_, '_> {
    /// Puts a new row into the store.
    pub(super) fn insert(&mut self, table: usize, cells: Vec<Cell>) -> Answer<Rc<Row>> {
        let of = self.table(table);
        cells.iter().zip(&of.columns).try_for_each(|(cell, column)| check_cell(column, cell))?;
        self.check_uniques(table, &cells, None)?;
        match &of.source {
            Source::Records { model, .. } => self.insert_record(of, *model, cells),
            Source::Entries { .. } => self.insert_entry(of, cells),
            Source::Log { model } => self.insert_line(of, *model, cells),
        }
    }

    fn insert_record(&mut self, of: &Table, model: ModelId, cells: Vec<Cell>) -> Answer<Rc<Row>> {
        let mut map = with_cells(of, Object::new(), &cells);
        self.fill(of, &cells, &mut map)?;
        let made = self.tx.create(model, map).map_err(|error| refused(of, error))?;
        rules::claim_by(self.tx, model, &made)?;
        let home = Home { key: made.key().to_owned(), line: None };
        Ok(Rc::new(Row { cells, home }))
    }

    /// What a record of this table has besides its columns.
    pub(super) fn fill(&self, of: &Table, cells: &[Cell], map: &mut Object) -> Answer<()> {
        let Source::Records { only, inherited, .. } = &of.source else { return Ok(()) };
        if let Some((field, words)) = only {
            let word = words.first().map(|word| Value::from(word.as_str()));
            map.entry(field.clone()).or_insert(word.unwrap_or_default());
        }
        let Some((field, column)) = inherited else { return Ok(()) };
        let column = of.column(column).unwrap_or_default();
        let Some(relation) = of.relation_over(column) else { return Ok(()) };
        let other = self.schema.description.tables[relation.target].source.model();
        let owner = self.tx.view().get(other, &kept(of, column, cells))?;
        let owner = owner.ok_or_else(|| dangling(of, column))?;
        if let Some(value) = owner.map().get(field) {
            map.insert(field.clone(), value.clone());
        }
        Ok(())
    }

    fn insert_line(&mut self, of: &Table, model: ModelId, cells: Vec<Cell>) -> Answer<Rc<Row>> {
        let owner = self.owner(of, &cells)?;
        let map = with_cells(of, Object::new(), &cells);
        let key = owner.key().to_owned();
        let lines = self.tx.log_append(model, &key, vec![map]);
        lines.map_err(|error| refused(of, error))?;
        let line = Some(self.line_id(of, &cells));
        Ok(Rc::new(Row { cells, home: Home { key, line } }))
    }

    fn line_id(&self, of: &Table, cells: &[Cell]) -> String {
        let view = self.tx.view();
        let key = of.key_column(view.catalogue().model(of.source.model()));
        key.map(|column| kept(of, column, cells)).unwrap_or_default()
    }

    /// The record that an entry, or a log, belongs to.
    pub(super) fn owner(&self, of: &Table, cells: &[Cell]) -> Answer<std::sync::Arc<Record>> {
        let column = of.owner_column().unwrap_or_default();
        let view = self.tx.view();
        let model = match &of.source {
            Source::Log { model } => view.catalogue().counted(*model).map(|(owner, _)| owner),
            source => Some(source.model()),
        };
        let found = model.map(|model| view.get(model, &kept(of, column, cells))).transpose()?;
        found.flatten().ok_or_else(|| dangling(of, column))
    }

    fn insert_entry(&mut self, of: &Table, cells: Vec<Cell>) -> Answer<Rc<Row>> {
        let owner = self.owner(of, &cells)?;
        let mut entries = self.entries(of, &owner);
        let home = Home { key: owner.key().to_owned(), line: None };
        let row = Row { cells, home };
        let object = with_cells(of, Object::new(), &row.cells);
        entries.push(Entry { row: row.clone(), object });
        self.put_entries(of, &owner, &entries)?;
        Ok(Rc::new(row))
    }

    fn entries(&self, of: &Table, owner: &Record) -> Vec<Entry> {
        entries_of(self.tx.view().catalogue(), of, owner.key(), &owner.map())
    }

    /// Writes the entries of a record.
    pub(super) fn put_entries(
        &mut self,
        of: &Table,
        owner: &Record,
        entries: &[Entry],
    ) -> Answer<()> {
        let Source::Entries { model, list, ids } = &of.source else { return Ok(()) };
        let mut map = owner.map();
        if let Some((ids, field)) = ids {
            let mut plain: Vec<Value> = Vec::new();
            for id in entries.iter().filter_map(|entry| entry.object.get(field)) {
                if !plain.contains(id) {
                    plain.push(id.clone());
                }
            }
            map.insert(ids.clone(), plain.into());
        }
        let objects = entries.iter().map(|entry| Value::Object(entry.object.clone()));
        map.insert(list.clone(), objects.collect());
        let put = self.tx.replace(*model, owner.key(), map);
        put.map(drop).map_err(|error| refused(of, error))
    }

    /// Puts other cells into a row.
    pub(super) fn exchange(
        &mut self,
        table: usize,
        row: &Row,
        cells: Vec<Cell>,
    ) -> Answer<Rc<Row>> {
        let of = self.table(table);
        cells.iter().zip(&of.columns).try_for_each(|(cell, column)| check_cell(column, cell))?;
        self.check_uniques(table, &cells, Some(row))?;
        match &of.source {
            Source::Records { model, .. } => self.exchange_record(of, *model, row, cells),
            Source::Entries { .. } => self.exchange_entry(of, row, cells),
            Source::Log { model } => self.exchange_line(table, *model, row, cells),
        }
    }

    fn exchange_record(
        &mut self,
        of: &Table,
        model: ModelId,
        row: &Row,
        cells: Vec<Cell>,
    ) -> Answer<Rc<Row>> {
        let view = self.tx.view();
        let Some(old) = view.get(model, &row.home.key)? else { return Err(gone()) };
        let key =
            of.key_column(view.catalogue().model(model)).map(|column| kept(of, column, &cells));
        let renamed = key.filter(|key| *key != row.home.key);
        let mut map = with_cells(of, old.map(), &cells);
        self.fill(of, &cells, &mut map)?;
        let put = match &renamed {
            None => self.tx.replace(model, &row.home.key, map),
            Some(_) => rules::rename(self.tx, model, &row.home.key, map),
        };
        if let Some(put) = put.map_err(|error| refused(of, error))? {
            rules::claim_by(self.tx, model, &put)?;
        }
        let key = renamed.unwrap_or_else(|| row.home.key.clone());
        Ok(Rc::new(Row { cells, home: Home { key, line: None } }))
    }

    fn exchange_entry(&mut self, of: &Table, row: &Row, cells: Vec<Cell>) -> Answer<Rc<Row>> {
        let moved = of.owner_column().is_some_and(|at| !cells[at].same(&row.cells[at]));
        if moved {
            self.remove_entries(of, &[row])?;
            return self.insert_entry(of, cells);
        }
        let owner = self.owner(of, &cells)?;
        let mut entries = self.entries(of, &owner);
        let new = Row { cells, home: row.home.clone() };
        for entry in entries.iter_mut().filter(|entry| entry.row.is(row)) {
            entry.object = with_cells(of, std::mem::take(&mut entry.object), &new.cells);
        }
        self.put_entries(of, &owner, &entries)?;
        Ok(Rc::new(new))
    }

    fn exchange_line(
        &mut self,
        table: usize,
        model: ModelId,
        row: &Row,
        cells: Vec<Cell>,
    ) -> Answer<Rc<Row>> {
        let of = self.table(table);
        let owner = self.owner(of, &cells)?.key().to_owned();
        let id = self.line_id(of, &cells);
        if owner != row.home.key || Some(&id) != row.home.line.as_ref() {
            return self.move_line(table, model, row, cells);
        }
        let old = self.tx.view().log_row(model, &owner, &id)?.ok_or_else(gone)?;
        let old = crate::json::parse_object(&old).unwrap_or_default();
        let map = with_cells(of, old, &cells);
        let put = self.tx.log_replace(model, &owner, &id, map);
        put.map_err(|error| refused(of, error))?;
        Ok(Rc::new(Row { cells, home: row.home.clone() }))
    }

    /// Puts a line into another log, or under another id; what refers to it goes on doing so.
    fn move_line(
        &mut self,
        table: usize,
        model: ModelId,
        row: &Row,
        cells: Vec<Cell>,
    ) -> Answer<Rc<Row>> {
        let of = self.table(table);
        let relations =
            of.relations.iter().enumerate().filter(|(_, own)| own.foreign_key.is_none());
        let mut referrers = Vec::new();
        for (number, own) in relations {
            let rows = self.read(|reader| reader.related(table, number, row))?;
            referrers.extend(rows.into_iter().map(|other| (own.target, own.back, other)));
        }
        self.remove(table, &[row])?;
        let moved = self.insert_line(of, model, cells)?;
        for (other, relation, row) in referrers {
            let row = self.again(other, &row)?;
            let mut cells = row.cells.clone();
            self.refer(other, relation, &moved, &mut cells);
            self.exchange(other, &row, cells)?;
        }
        Ok(moved)
    }

    /// Takes rows out of the store, with all that goes with them, in one statement.
    pub(super) fn remove(&mut self, table: usize, rows: &[&Row]) -> Answer<()> {
        let of = self.table(table);
        match &of.source {
            Source::Records { model, .. } => {
                let keys: Vec<&str> = rows.iter().map(|row| row.home.key.as_str()).collect();
                if let Some((referrer, path)) = self.tx.restriction(*model, &keys)? {
                    return Err(self.restricted(referrer, &path));
                }
                Ok(self.tx.delete_all(*model, &keys)?)
            }
            Source::Entries { .. } => self.remove_entries(of, rows),
            Source::Log { model } => {
                for (owner, rows) in by_owner(rows) {
                    let ids: Vec<String> =
                        rows.iter().filter_map(|r| r.home.line.clone()).collect();
                    self.tx.log_delete(*model, owner, &ids)?;
                }
                Ok(())
            }
        }
    }

    fn remove_entries(&mut self, of: &Table, rows: &[&Row]) -> Answer<()> {
        for (key, rows) in by_owner(rows) {
            let Some(owner) = self.tx.view().get(of.source.model(), key)? else { continue };
            let mut entries = self.entries(of, &owner);
            entries.retain(|entry| !rows.iter().any(|row| entry.row.is(row)));
            self.put_entries(of, &owner, &entries)?;
        }
        Ok(())
    }

    /// The error about who refers to what is to go.
    fn restricted(&self, referrer: ModelId, path: &str) -> Failure {
        let path: Vec<String> = path.split('.').map(str::to_owned).collect();
        let tables = self.schema.description.tables.iter();
        let mut of = tables.filter(|table| table.source.model() == referrer);
        let found = of.find_map(|table| Some(dangling(table, table.column_at(&path)?)));
        found.unwrap_or_else(|| Failure::foreign_key(&path.join(".")))
    }

    /// Refuses values that must occur once and occur already, in the order of the keys. Those of
    /// records the store checks as well; the ids of entries and of lines it does not.
    fn check_uniques(&self, table: usize, cells: &[Cell], own: Option<&Row>) -> Answer<()> {
        let is_own = |row: &Row| own.is_some_and(|own| own.is(row));
        for key in self.keys_to_check(table, cells, own) {
            if self.is_taken(table, key, cells, is_own)? {
                return Err(self.duplicate(table, key));
            }
        }
        Ok(())
    }

    /// The keys of a row that could be taken already.
    pub(super) fn keys_to_check(
        &self,
        table: usize,
        cells: &[Cell],
        own: Option<&Row>,
    ) -> Vec<&'static [usize]> {
        let is_changed = |key: &[usize]| {
            own.is_none_or(|own| key.iter().any(|at| !own.cells[*at].same(&cells[*at])))
        };
        let has_null = |key: &[usize]| key.iter().any(|column| cells[*column].is_null());
        let keys = self.table(table).keys();
        keys.filter(|key| is_changed(key) && !has_null(key) && !self.is_fresh(key, cells)).collect()
    }

    /// Does a row have these values already, one that does not give them up?
    pub(super) fn is_taken(
        &self,
        table: usize,
        key: &[usize],
        cells: &[Cell],
        gives_up: impl Fn(&Row) -> bool,
    ) -> Answer<bool> {
        let wanted: Vec<_> = key.iter().map(|at| (*at, vec![cells[*at].clone()])).collect();
        let same = |row: &Row| key.iter().all(|at| row.cells[*at].same(&cells[*at]));
        self.read(|reader| {
            let rows = reader.candidates(table, &wanted)?;
            Ok(rows.iter().any(|row| same(row) && !gives_up(row)))
        })
    }

    pub(super) fn duplicate(&self, table: usize, key: &[usize]) -> Failure {
        Failure::unique(&self.table(table).names(key).collect::<Vec<_>>())
    }

    /// Was the id made just now? Then nobody has it.
    fn is_fresh(&self, key: &[usize], cells: &[Cell]) -> bool {
        matches!(key, [column] if cells[*column].text().is_some_and(|id| self.made.contains(id)))
    }

    /// A new id.
    pub(super) fn new_id(&mut self) -> Cell {
        let id = new_id();
        self.made.insert(id.clone());
        Cell::Text(id)
    }
}

/// Rows by the record that they belong to.
fn by_owner<'r>(rows: &[&'r Row]) -> Vec<(&'r str, Vec<&'r Row>)> {
    let mut owners: indexmap::IndexMap<&str, Vec<&Row>> = indexmap::IndexMap::new();
    for row in rows {
        owners.entry(&row.home.key).or_default().push(row);
    }
    owners.into_iter().collect()
}

/// A row that another request has removed meanwhile; within one call that cannot be.
fn gone() -> Failure {
    Failure::not_found("No record was found for an update.")
}

/// The error about a reference to nothing in a column.
fn dangling(of: &Table, column: usize) -> Failure {
    let key = of.relation_over(column).and_then(|relation| relation.foreign_key.as_ref());
    Failure::foreign_key(key.map_or("(not available)", |key| &key.constraint))
}

/// A refusal of the store in Prisma's words, where it has some.
fn refused(of: &Table, error: Error) -> Failure {
    let columns: Vec<usize> =
        error.all_issues().iter().filter_map(|issue| column_of(of, &issue.path)).collect();
    match error.code() {
        Code::Unique if !columns.is_empty() => {
            Failure::unique(&of.names(&columns).collect::<Vec<_>>())
        }
        Code::Unique => {
            let key = of.keys().next().unwrap_or_default();
            Failure::unique(&of.names(key).collect::<Vec<_>>())
        }
        Code::ForeignKey => columns.first().map_or(Failure::Store(error), |at| dangling(of, *at)),
        _ => Failure::Store(error),
    }
}

/// Refuses what PostgreSQL has no room for: NUL in a text, and integers of more than 32 bits.
pub(super) fn check_cell(column: &Column, cell: &Cell) -> Answer<()> {
    let has_nul = match cell {
        Cell::Text(text) => text.contains('\0'),
        Cell::Json(value) => value.to_string().contains("\\u0000"),
        _ => false,
    };
    if has_nul {
        let message = "invalid byte sequence for encoding \"UTF8\": 0x00";
        return Err(Failure::Unknown(message.to_owned()));
    }
    match cell {
        Cell::Int(number) if i32::try_from(*number).is_err() => {
            let name = &column.name;
            Err(Failure::out_of_range(&format!("{number} does not fit in an INT column: {name}")))
        }
        _ => Ok(()),
    }
}

/// The column that a path of a record is.
fn column_of(of: &Table, path: &str) -> Option<usize> {
    let path = match &of.source {
        Source::Entries { ids: Some((ids, field)), .. } if path.starts_with(ids) => field,
        Source::Entries { list, .. } => path.strip_prefix(list)?.rsplit('.').next()?,
        _ => path,
    };
    let path: Vec<String> = path.split('.').map(str::to_owned).collect();
    of.column_at(&path)
}
