//! Finding rows.

use std::borrow::Cow;
use std::cell::{Cell as Slot, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use serde_json::Value;

use super::super::description::{Column, Description, Place, Source, Table};
use super::super::error::Answer;
use super::super::value::Cell;
use super::access::{Access, access, index_over};
use super::looks::Looks;
use super::text::cells_in;
use super::{Home, Row, entries_of};
use crate::catalogue::{Catalogue, ModelId};
use crate::engine::{LogQuery, Record, View};
use crate::query::Query;
use crate::repos::find::select;

/// A column, and the values of which it must have one.
pub(crate) type Wanted = (usize, Vec<Cell>);

/// Rows by the key of a cell.
type ByKey = HashMap<String, Vec<Rc<Row>>>;

/// What the store looks a cell up by.
pub(super) fn key_of(column: &Column, cell: &Cell) -> String {
    match cell {
        Cell::Text(_) => cell.kept(column).into_owned(),
        other => other.key(),
    }
}

/// Finds rows in one view, and remembers what it found: so what many rows refer to is looked up
/// once.
pub(crate) struct Reader<'v> {
    pub(crate) description: &'static Description,
    pub(super) view: &'v View<'v>,
    /// The tables that were looked at, a bit each.
    seen: Slot<u64>,
    /// Are conditions those of a statement that changes rows, rather than of a query?
    changes: Slot<bool>,
    found: RefCell<HashMap<(usize, usize), ByKey>>,
    looks: Looks,
    /// All rows of a table by a column that no index is over.
    scanned: RefCell<HashMap<(usize, usize), Rc<ByKey>>>,
}

impl<'v> Reader<'v> {
    pub(crate) fn new(description: &'static Description, view: &'v View<'v>) -> Reader<'v> {
        let (found, scanned) = (RefCell::default(), RefCell::default());
        Reader {
            description,
            view,
            seen: Slot::new(0),
            changes: Slot::new(false),
            found,
            looks: Looks::default(),
            scanned,
        }
    }

    /// The same, which notes how it finds rows.
    pub(crate) fn explaining(description: &'static Description, view: &'v View<'v>) -> Reader<'v> {
        let mut reader = Reader::new(description, view);
        reader.looks.begin();
        reader
    }

    /// How rows were found so far: `[{ table, by, times, rows }]`.
    pub(crate) fn looks(&self) -> Value {
        self.looks.told(|table| &self.description.tables[table].name)
    }

    pub(crate) fn table(&self, number: usize) -> &'static Table {
        self.seen.set(self.seen.get() | 1 << number);
        &self.description.tables[number]
    }

    /// From now on conditions are those of a statement that changes rows. It finds related rows by
    /// subqueries, where a query joins them: a single row of which nobody knows whether it fits
    /// does not, and makes nothing else unknown.
    pub(crate) fn begin_change(&self) {
        self.changes.set(true);
    }

    pub(crate) fn is_change(&self) -> bool {
        self.changes.get()
    }

    /// Does what a subquery does: it is a query also in a statement that changes rows.
    pub(crate) fn within_query<T>(&self, work: impl FnOnce() -> T) -> T {
        let is_change = self.changes.replace(false);
        let done = work();
        self.changes.set(is_change);
        done
    }

    /// The tables that were looked at, a bit each.
    pub(crate) fn seen(&self) -> u64 {
        self.seen.get()
    }

    /// Every row of a table, in the order in which they were made.
    pub(crate) fn all(&self, number: usize) -> Answer<Vec<Rc<Row>>> {
        let table = self.table(number);
        let rows = match &table.source {
            Source::Log { model } => self.all_lines(table, *model)?,
            source => {
                self.view.check_whole(source.model())?;
                self.rows_of(table, self.view.all(source.model())?)?
            }
        };
        self.looks.note(number, || "all".to_owned(), rows.len());
        Ok(rows)
    }

    fn all_lines(&self, table: &Table, model: ModelId) -> Answer<Vec<Rc<Row>>> {
        let Some((owners, _)) = self.view.catalogue().counted(model) else { return Ok(Vec::new()) };
        self.view.check_whole(owners)?;
        let mut rows = Vec::new();
        for owner in self.view.all(owners)? {
            rows.append(&mut self.lines(table, owner.key(), None)?);
        }
        Ok(rows)
    }

    fn rows_of(&self, table: &Table, records: Vec<Arc<Record>>) -> Answer<Vec<Rc<Row>>> {
        let mut rows = Vec::with_capacity(records.len());
        let Source::Records { only, .. } = &table.source else {
            let fields = table.record_fields();
            for record in records {
                let map = self.view.look(&record, &fields)?;
                let entries = entries_of(self.view.catalogue(), table, record.key(), &map);
                rows.extend(entries.into_iter().map(|entry| Rc::new(entry.row)));
            }
            return Ok(rows);
        };
        let kind = only.as_ref().map_or("", |(field, _)| field);
        for record in records {
            let (key, text) = (record.key(), self.view.text_of(&record)?);
            let Some((cells, kind)) = cells_in(table, key, text, kind) else { continue };
            let is_row = only
                .as_ref()
                .is_none_or(|(_, words)| kind.is_some_and(|kind| words.contains(&kind)));
            if is_row {
                rows.push(Rc::new(Row { cells, home: Home { key: key.to_owned(), line: None } }));
            }
        }
        Ok(rows)
    }

    /// The lines of one log that are rows; where only so many of the latest are wanted, at least those.
    fn lines(&self, table: &Table, owner: &str, latest: Option<usize>) -> Answer<Vec<Rc<Row>>> {
        let model = table.source.model();
        let query = LogQuery { latest, ..self.query_of(model) };
        let texts = self.view.log(model, owner, &query)?;
        Ok(texts.iter().filter_map(|text| self.line(table, owner, text)).collect())
    }

    /// The query for the lines of a log that are rows.
    pub(super) fn query_of(&self, model: ModelId) -> LogQuery {
        let counted = self.view.catalogue().counted(model);
        let types = counted.map(|(_, counted)| vec![counted.row_type.clone()]);
        LogQuery { types, ..LogQuery::default() }
    }

    /// The row that a line is; none for a line of another type.
    fn line(&self, table: &Table, owner: &str, text: &str) -> Option<Rc<Row>> {
        let (cells, kind) = cells_in(table, owner, text, "type")?;
        let model = table.source.model();
        let (_, counted) = self.view.catalogue().counted(model)?;
        if kind.is_some_and(|kind| kind != counted.row_type) {
            return None;
        }
        let column = table.key_column(self.view.catalogue().model(model))?;
        cells[column].text()?;
        let id = cells[column].kept(&table.columns[column]).into_owned();
        Some(Rc::new(Row { cells, home: Home { key: owner.to_owned(), line: Some(id) } }))
    }

    /// The rows that one record holds, or its log; of a log only the line with an id where one is
    /// given.
    pub(crate) fn belonging(
        &self,
        number: usize,
        home: &str,
        line: Option<&str>,
    ) -> Answer<Vec<Rc<Row>>> {
        let table = self.table(number);
        let model = table.source.model();
        match (&table.source, line) {
            (Source::Log { .. }, Some(id)) => {
                let text = self.view.log_row(model, home, id)?;
                Ok(text.and_then(|text| self.line(table, home, &text)).into_iter().collect())
            }
            (Source::Log { .. }, None) => self.lines(table, home, None),
            _ => self.rows_of(table, self.view.get(model, home)?.into_iter().collect()),
        }
    }

    /// The rows with one of these values in a column.
    pub(crate) fn with(&self, table: usize, column: usize, cells: &[Cell]) -> Answer<Vec<Rc<Row>>> {
        let mut rows = Vec::new();
        let mut seen = HashSet::new();
        for cell in cells {
            if seen.insert(cell.key()) {
                rows.append(&mut self.with_one(table, column, cell)?);
            }
        }
        Ok(rows)
    }

    /// The rows with a value in a column.
    pub(crate) fn with_one(
        &self,
        table: usize,
        column: usize,
        cell: &Cell,
    ) -> Answer<Vec<Rc<Row>>> {
        if cell.is_null() {
            return Ok(Vec::new());
        }
        let key = key_of(&self.table(table).columns[column], cell);
        let known = self.found.borrow().get(&(table, column)).and_then(|by| by.get(&key).cloned());
        if let Some(rows) = known {
            return Ok(rows);
        }
        let rows = self.look_up(table, column, cell, &key)?;
        let mut found = self.found.borrow_mut();
        found.entry((table, column)).or_default().insert(key, rows.clone());
        Ok(rows)
    }

    fn look_up(
        &self,
        number: usize,
        column: usize,
        cell: &Cell,
        key: &str,
    ) -> Answer<Vec<Rc<Row>>> {
        let table = self.table(number);
        let model = table.source.model();
        let access = self.access(number, column);
        let by = || access.name(&table.columns[column].name);
        let mut rows = match access.clone() {
            Access::Key => self.rows_of(table, self.view.get(model, key)?.into_iter().collect())?,
            Access::Line => self.line_by_id(table, key)?.into_iter().collect(),
            Access::Owner if matches!(table.source, Source::Log { .. }) => {
                self.lines(table, key, None)?
            }
            Access::Owner => {
                self.rows_of(table, self.view.get(model, key)?.into_iter().collect())?
            }
            Access::Index(field) => {
                let rows = self.rows_of(table, self.view.find(model, &[&field], &[key])?)?;
                // One that cannot be read may have the value too, unless only one row can.
                if rows.is_empty() || !table.keys().any(|key| key == [column]) {
                    self.view.check_whole(model)?;
                }
                let derived = rows.is_empty() && self.may_be_derived(table, column);
                if derived { self.scan(number, column, key)? } else { rows }
            }
            Access::Scan => self.scan(number, column, key)?,
        };
        self.looks.note(number, by, rows.len());
        rows.retain(|row| row.cells[column].same(cell));
        Ok(rows)
    }

    /// Ids of entries may follow from what they are; no index has those.
    fn may_be_derived(&self, table: &Table, column: usize) -> bool {
        let entries = matches!(&table.source, Source::Entries { ids: Some(_), .. });
        entries && table.columns[column].default.is_some()
    }

    fn scan(&self, table: usize, column: usize, key: &str) -> Answer<Vec<Rc<Row>>> {
        let known = self.scanned.borrow().get(&(table, column)).cloned();
        let by_key = match known {
            Some(by_key) => by_key,
            None => {
                let mut by_key = ByKey::new();
                for row in self.all(table)? {
                    let key = key_of(&self.table(table).columns[column], &row.cells[column]);
                    by_key.entry(key).or_default().push(row);
                }
                let by_key = Rc::new(by_key);
                self.scanned.borrow_mut().insert((table, column), Rc::clone(&by_key));
                by_key
            }
        };
        Ok(by_key.get(key).cloned().unwrap_or_default())
    }

    /// A line of whichever log has it: the one place that asks for lines without their owner.
    fn line_by_id(&self, table: &Table, id: &str) -> Answer<Option<Rc<Row>>> {
        let model = table.source.model();
        let Some(owner) = self.view.log_owner_of(model, id)? else { return Ok(None) };
        let text = self.view.log_row(model, &owner, id)?;
        Ok(text.and_then(|text| self.line(table, &owner, &text)))
    }

    /// The rows in which these columns have one of these values each; all rows where nothing is
    /// asked. What is found must still be looked at: it may be more.
    pub(crate) fn candidates(&self, number: usize, wanted: &[Wanted]) -> Answer<Vec<Rc<Row>>> {
        if let Some(rows) = self.by_key(number, wanted)? {
            return Ok(rows);
        }
        match self.best(number, wanted) {
            Some((Access::Scan, _)) | None => self.all(number),
            Some((_, (column, cells))) => self.with(number, *column, cells),
        }
    }

    /// The same, where a column or several together say which few rows these are.
    pub(crate) fn by_key(&self, number: usize, wanted: &[Wanted]) -> Answer<Option<Vec<Rc<Row>>>> {
        if let Some(rows) = self.by_index(number, wanted)? {
            return Ok(Some(rows));
        }
        match self.best(number, wanted) {
            Some((Access::Key | Access::Line | Access::Owner, (column, cells))) => {
                self.with(number, *column, cells).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn best<'w>(&self, number: usize, wanted: &'w [Wanted]) -> Option<(Access, &'w Wanted)> {
        let of = |wanted: &'w Wanted| (self.access(number, wanted.0), wanted);
        wanted.iter().map(of).min_by(|(one, _), (other, _)| one.cmp(other))
    }

    pub(super) fn access(&self, number: usize, column: usize) -> Access {
        access(self.view.catalogue(), self.table(number), column)
    }

    /// The rows with an entry that has one of these values in a column, where the other table's rows are
    /// entries of these and an index is over that: then no entry is looked at.
    pub(crate) fn with_entries(
        &self,
        number: usize,
        (entries, owner): (usize, usize),
        (column, cells): &Wanted,
    ) -> Answer<Option<Vec<Rc<Row>>>> {
        let (table, of) = (self.table(number), self.table(entries));
        let (model, column) = (table.source.model(), *column);
        let is_owned = matches!(of.source, Source::Entries { .. })
            && of.source.model() == model
            && of.columns[owner].place == Place::Owner;
        if !is_owned || self.may_be_derived(of, column) {
            return Ok(None);
        }
        let Access::Index(field) = self.access(entries, column) else { return Ok(None) };
        self.view.check_whole(model)?;
        let mut records: Vec<Arc<Record>> = Vec::new();
        for cell in cells {
            let key = key_of(&of.columns[column], cell);
            records.extend(self.view.find(model, &[&field], &[&key])?);
        }
        let mut seen = HashSet::new();
        records.retain(|record| seen.insert(record.key().to_owned()));
        self.looks.note(number, || format!("its index {field}"), records.len());
        self.rows_of(table, records).map(Some)
    }

    /// Must all rows be looked at for those with a value in a column?
    pub(crate) fn scans(&self, number: usize, column: usize) -> bool {
        self.access(number, column) == Access::Scan
    }

    /// The rows of records that a query of the store's selects, in its order; nothing for one that
    /// is too long or too deep for it.
    pub(crate) fn select(&self, number: usize, options: &Value) -> Answer<Option<Vec<Rc<Row>>>> {
        let table = self.table(number);
        let model = table.source.model();
        let Ok(query) = Query::parse(self.view.catalogue().model(model), Some(options)) else {
            return Ok(None);
        };
        // A record that cannot be read may fit as well.
        self.view.check_whole(model)?;
        let found = select(self.view, model, &query)?;
        self.looks.note(number, || found.way(self.view, model), found.walked());
        self.rows_of(table, found.records).map(Some)
    }

    /// Fails when an answer of so many bytes is too long to be put together on the caller's thread.
    pub(crate) fn may_answer(&self, bytes: usize) -> Answer<()> {
        Ok(self.view.may_answer(bytes)?)
    }

    pub(crate) fn catalogue(&self) -> &Catalogue {
        self.view.catalogue()
    }

    /// By a unique index over several columns that each have one value.
    fn by_index(&self, number: usize, wanted: &[Wanted]) -> Answer<Option<Vec<Rc<Row>>>> {
        let table = self.table(number);
        let value = |column: &usize| {
            let cells = &wanted.iter().find(|(other, _)| other == column)?.1;
            let cell = cells.first().filter(|cell| cells.len() == 1 && cell.text().is_some())?;
            Some(cell.kept(&table.columns[*column]))
        };
        for key in table.keys().filter(|key| key.len() > 1) {
            let values: Option<Vec<Cow<'_, str>>> = key.iter().map(value).collect();
            let fields = index_over(self.view.catalogue(), table, key);
            if let (Some(values), Some(fields)) = (values, fields) {
                let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
                let values: Vec<&str> = values.iter().map(|value| &**value).collect();
                let records = self.view.find(table.source.model(), &fields, &values)?;
                if records.is_empty() {
                    self.view.check_whole(table.source.model())?;
                }
                self.looks.note(number, || format!("index {}", fields.join(" ")), records.len());
                return self.rows_of(table, records).map(Some);
            }
        }
        Ok(None)
    }

    /// The latest rows at the other end of a relation field, at least so many, where these are lines
    /// of the row's own log; else all.
    pub(crate) fn latest_related(
        &self,
        table: usize,
        relation: usize,
        (row, latest): (&Row, usize),
    ) -> Answer<Vec<Rc<Row>>> {
        let number = self.table(table).relations[relation].target;
        let target = self.table(number);
        match self.description.joined_by(table, relation) {
            ([mine], [theirs])
                if matches!(target.source, Source::Log { .. })
                    && self.access(number, *theirs) == Access::Owner =>
            {
                let owner = key_of(&target.columns[*theirs], &row.cells[*mine]);
                let rows = self.lines(target, &owner, Some(latest))?;
                self.looks.note(number, || "the end of its log".to_owned(), rows.len());
                Ok(rows)
            }
            _ => self.related(table, relation, row),
        }
    }

    /// The rows at the other end of a relation field.
    pub(crate) fn related(&self, table: usize, relation: usize, row: &Row) -> Answer<Vec<Rc<Row>>> {
        let own = &self.table(table).relations[relation];
        let (mine, theirs) = self.description.joined_by(table, relation);
        let mut pairs = mine.iter().zip(theirs);
        let Some((first, other)) = pairs.next() else { return Ok(Vec::new()) };
        let mut rows = self.with_one(own.target, *other, &row.cells[*first])?;
        for (mine, theirs) in pairs {
            rows.retain(|other| other.cells[*theirs].same(&row.cells[*mine]));
        }
        Ok(rows)
    }
}
