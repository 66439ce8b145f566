//! Rows that come from elsewhere and are put as they are, many at a time: what an import writes with.
//!
//! Unlike a request, it takes fields that no column holds (`beside`), leaves alone what is there
//! already and the same, and answers for each row.

use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;

use super::Writer;
use super::lines::{LineCheck, put_lines};
use super::store::{check_cell, with_cells};
use crate::catalogue::ModelId;
use crate::engine::{Record, Tx, View};
use crate::error::{Code, Error, Issue, Result};
use crate::json::Object;
use crate::prisma::calls::schema;
use crate::prisma::description::{Source, Table};
use crate::prisma::error::Failure;
use crate::prisma::rows::{Entry, Home, Reader, Row, entries_of};
use crate::prisma::value::Cell;
use crate::repos::rules;

/// A row from elsewhere.
#[derive(Debug, Clone)]
pub(crate) struct Given {
    /// A cell for each column of the table.
    pub(crate) cells: Vec<Cell>,
    /// Fields of the record that no column holds.
    pub(crate) beside: Object,
    /// Columns that a new row does not get: in a trial, what they refer to is looked at elsewhere.
    pub(crate) without: Vec<usize>,
}

impl Given {
    fn into_map(self, of: &Table) -> (Object, Vec<Cell>) {
        let mut cells = self.cells;
        self.without.iter().for_each(|column| cells[*column] = Cell::Null);
        (with_cells(of, self.beside, &cells), cells)
    }
}

/// What becomes of a row whose key is there already, with other content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Existing {
    /// It is an error.
    Refuse,
    /// The store's row stays.
    Keep,
    /// The store's row gets the new content.
    Replace,
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Put {
    /// It is new.
    Made,
    /// It was there already.
    Same,
    /// Another row with its key was there, and stays.
    Kept,
    /// Another row with its key was there, and has its content now.
    Replaced,
}

/// Puts rows into a table, and answers for each. A row that is refused leaves nothing.
pub(crate) fn put_rows(
    tx: &mut Tx<'_>,
    table: usize,
    rows: Vec<Given>,
    existing: Existing,
) -> Vec<Result<Put>> {
    let mut writer = writer(tx);
    match &writer.table(table).source {
        Source::Records { model, .. } => {
            let model = *model;
            rows.into_iter().map(|row| writer.put_record(table, model, row, existing)).collect()
        }
        Source::Entries { .. } => {
            let mut done = Vec::with_capacity(rows.len());
            for group in by_owner(writer.table(table), rows) {
                done.extend(writer.put_entries_of(table, group, existing));
            }
            done
        }
        Source::Log { .. } => {
            let check = LineCheck::of(&writer.tx.view(), table);
            let put = |row: Given| {
                let line = check.line(row.cells, row.beside)?;
                put_lines(writer.tx, table, &[line], existing).pop().unwrap_or(Ok(Put::Same))
            };
            rows.into_iter().map(put).collect()
        }
    }
}

pub(super) fn is_same(old: &Row, new: &[Cell]) -> bool {
    old.cells.iter().zip(new).all(|(old, new)| old.same(new))
}

/// The row of a table with the key that these cells have, where they are: a line and an entry are
/// looked for in the record that they belong to.
///
/// # Errors
/// Those of the view.
pub(crate) fn find_row(view: &View<'_>, table: usize, cells: &[Cell]) -> Result<Option<Rc<Row>>> {
    let reader = Reader::new(schema().description, view);
    let of = reader.table(table);
    let key = of.keys().next().unwrap_or_default();
    let same = |row: &Rc<Row>| key.iter().all(|at| row.cells[*at].same(&cells[*at]));
    let rows = match of.owner_column() {
        Some(owner) => {
            let owner = cells[owner].kept(&of.columns[owner]).into_owned();
            let line = key.first().map(|at| cells[*at].kept(&of.columns[*at]).into_owned());
            reader.belonging(table, &owner, line.as_deref())
        }
        None => {
            let wanted: Vec<_> = key.iter().map(|at| (*at, vec![cells[*at].clone()])).collect();
            reader.candidates(table, &wanted)
        }
    };
    Ok(rows.map_err(|failure| told(of, failure))?.into_iter().find(same))
}

/// The keys of the records that hold the rows of a table, or whose logs do.
///
/// # Errors
/// `CORRUPT` where one of them cannot be read.
pub(crate) fn homes(view: &View<'_>, table: usize) -> Result<Vec<String>> {
    let of = &schema().description.tables[table];
    let model = match &of.source {
        Source::Log { model } => view.catalogue().counted(*model).map(|(owner, _)| owner),
        source => Some(source.model()),
    };
    let Some(model) = model else { return Ok(Vec::new()) };
    view.check_whole(model)?;
    Ok(view.all(model)?.iter().map(|record| record.key().to_owned()).collect())
}

/// The rows of a table that one record holds, or its log.
///
/// # Errors
/// Those of the view.
pub(crate) fn rows_at(view: &View<'_>, table: usize, home: &str) -> Result<Vec<Rc<Row>>> {
    let reader = Reader::new(schema().description, view);
    let of = reader.table(table);
    reader.belonging(table, home, None).map_err(|failure| told(of, failure))
}

pub(super) fn writer<'w, 't>(tx: &'w mut Tx<'t>) -> Writer<'w, 't> {
    let now = crate::prisma::time::stored(tx.now()).unwrap_or_default();
    Writer { schema: schema(), tx, now, made: HashSet::new() }
}

/// Neighbours that belong to one record; nothing is moved.
fn by_owner(of: &Table, rows: Vec<Given>) -> Vec<Vec<Given>> {
    let owner = of.owner_column().unwrap_or_default();
    let mut groups: Vec<Vec<Given>> = Vec::new();
    for row in rows {
        match groups.last_mut() {
            Some(group) if group[0].cells[owner].same(&row.cells[owner]) => group.push(row),
            _ => groups.push(vec![row]),
        }
    }
    groups
}

pub(super) fn check_cells(of: &Table, cells: &[Cell]) -> Result<()> {
    let mut cells = cells.iter().zip(&of.columns);
    cells.try_for_each(|(cell, column)| check_cell(column, cell)).map_err(|f| told(of, f))
}

/// A failure as the store's own error.
pub(super) fn told(of: &Table, failure: Failure) -> Error {
    match failure {
        Failure::Store(error) => error,
        Failure::Known { code, message, .. } => {
            let code = if code == "P2003" { Code::ForeignKey } else { Code::Validation };
            Error::new(code, message).model(&of.name)
        }
        Failure::Validation(message) | Failure::Unknown(message) => {
            Error::new(Code::Validation, message).model(&of.name)
        }
    }
}

pub(super) fn differs(of: &Table) -> Error {
    let message = format!("another {} with this key is in the store already", of.name);
    Error::new(Code::Unique, message).model(&of.name)
}

impl Writer<'_, '_> {
    fn put_record(
        &mut self,
        table: usize,
        model: ModelId,
        row: Given,
        existing: Existing,
    ) -> Result<Put> {
        let of = self.table(table);
        check_cells(of, &row.cells)?;
        if let Some(old) = find_row(&self.tx.view(), table, &row.cells)? {
            return self.meet(table, &old, row.cells, existing);
        }
        self.tx.whole(|tx| {
            let writer = writer(tx);
            let (mut map, cells) = row.into_map(of);
            writer.fill(of, &cells, &mut map).map_err(|failure| told(of, failure))?;
            let made = writer.tx.create(model, map)?;
            rules::claim_by(writer.tx, model, &made)?;
            Ok(Put::Made)
        })
    }

    /// A row meets one with its key.
    pub(super) fn meet(
        &mut self,
        table: usize,
        old: &Row,
        cells: Vec<Cell>,
        existing: Existing,
    ) -> Result<Put> {
        let of = self.table(table);
        if is_same(old, &cells) {
            return Ok(Put::Same);
        }
        match existing {
            Existing::Refuse => Err(differs(of)),
            Existing::Keep => Ok(Put::Kept),
            Existing::Replace => {
                self.exchange(table, old, cells).map_err(|failure| told(of, failure))?;
                Ok(Put::Replaced)
            }
        }
    }

    /// Puts rows that belong to one record: those that meet none in one go.
    pub(super) fn put_all<R>(
        &mut self,
        rows: &[R],
        meet: impl Fn(&mut Self, &R) -> Result<Option<Put>>,
        add: impl Fn(&mut Self, &[&R]) -> Result<()>,
    ) -> Vec<Result<Put>> {
        let met = rows.iter().map(|row| meet(self, row).transpose());
        let met: Vec<Option<Result<Put>>> = met.collect();
        let new = rows.iter().zip(&met).filter(|(_, met)| met.is_none()).map(|(row, _)| row);
        let new: Vec<&R> = new.collect();
        let all = if new.is_empty() { Ok(()) } else { add(self, &new) };
        // One of them is refused: each for itself tells which.
        let mut put = |row: &R| match &all {
            Ok(()) => Ok(Put::Made),
            Err(_) => add(self, &[row]).map(|()| Put::Made),
        };
        rows.iter().zip(met).map(|(row, met)| met.unwrap_or_else(|| put(row))).collect()
    }

    fn put_entries_of(
        &mut self,
        table: usize,
        rows: Vec<Given>,
        existing: Existing,
    ) -> Vec<Result<Put>> {
        let of = self.table(table);
        let meet = |writer: &mut Self, row: &Given| {
            check_cells(of, &row.cells)?;
            let old = find_row(&writer.tx.view(), table, &row.cells)?;
            old.map(|old| writer.meet(table, &old, row.cells.clone(), existing)).transpose()
        };
        self.put_all(&rows, meet, |writer, new| writer.add_entries(of, new))
    }

    /// The record that a row belongs to.
    pub(super) fn owner_of(&self, of: &Table, cells: &[Cell]) -> Result<Arc<Record>> {
        self.owner(of, cells).map_err(|failure| match failure {
            Failure::Known { .. } => {
                let column = &of.columns[of.owner_column().unwrap_or_default()].name;
                let message = format!("{} refers to nothing: {column}", of.name);
                let issue = Issue::new(column, "the key of a record", "one that is not there");
                Error::new(Code::ForeignKey, message).model(&of.name).issues(vec![issue])
            }
            other => told(of, other),
        })
    }

    fn add_entries(&mut self, of: &Table, rows: &[&Given]) -> Result<()> {
        self.tx.whole(|tx| {
            let mut writer = writer(tx);
            let owner = writer.owner_of(of, &rows[0].cells)?;
            let mut entries =
                entries_of(writer.tx.view().catalogue(), of, owner.key(), &owner.map());
            for row in rows {
                let home = Home { key: owner.key().to_owned(), line: None };
                let row_of = Row { cells: row.cells.clone(), home };
                let object = with_cells(of, row.beside.clone(), &row.cells);
                entries.push(Entry { row: row_of, object });
            }
            writer.put_entries(of, &owner, &entries).map_err(|failure| told(of, failure))
        })
    }
}
