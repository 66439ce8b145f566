//! Lines of logs that come from elsewhere: each is checked by itself, on any thread, and then many are put
//! into their logs at a time.

use std::sync::Arc;

use super::bulk::{check_cells, differs, is_same, writer};
use super::store::with_cells;
use super::{Existing, Put, Writer, find_row};
use crate::catalogue::Field;
use crate::engine::{CheckedRow, RowCheck, Tx, View};
use crate::error::Result;
use crate::json::{self, Object};
use crate::prisma::description::{Column, Place, Table};
use crate::prisma::rows::cells_of;
use crate::prisma::value::Cell;
use crate::prisma::{description, ids};

/// A line that can be put into the log of a record, if that is there.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    /// The record's key.
    pub(crate) owner: Arc<str>,
    /// The line itself.
    pub(crate) row: CheckedRow,
}

impl Line {
    /// The line's id, as a message shows it.
    pub(crate) fn key(&self) -> String {
        ids::given(&self.row.id).into_owned()
    }

    fn cells(&self, of: &Table) -> Vec<Cell> {
        let map = json::parse_object(&self.row.text).unwrap_or_default();
        cells_of(of, &self.owner, &map)
    }
}

/// Checks rows of one table whose rows are lines of logs.
#[derive(Debug, Clone)]
pub(crate) struct LineCheck {
    table: &'static Table,
    check: RowCheck,
    /// For each field of the model the column that holds it; none where a column is a part of a field.
    columns: Option<Vec<Option<usize>>>,
}

impl LineCheck {
    /// What checks rows as this moment's transactions do.
    pub(crate) fn of(view: &View<'_>, table: usize) -> LineCheck {
        let table = &description().tables[table];
        let check = view.row_check(table.source.model());
        let is_whole =
            |column: &Column| !matches!(&column.place, Place::Path(path) if path.len() > 1);
        let column = |field: &Field| table.column_at(std::slice::from_ref(&field.name));
        let columns = check.model().fields.iter().map(column).collect();
        let columns = table.columns.iter().all(is_whole).then_some(columns);
        LineCheck { table, check, columns }
    }

    /// The line that a row is kept as, with fields that no column holds.
    ///
    /// # Errors
    /// `VALIDATION`, `TOO_LARGE`.
    pub(crate) fn line(&self, mut cells: Vec<Cell>, beside: Object) -> Result<Line> {
        check_cells(self.table, &cells)?;
        let owner = self.table.owner_column().unwrap_or_default();
        let owner = cells[owner].kept(&self.table.columns[owner]).as_ref().into();
        let row = match &self.columns {
            Some(columns) if beside.is_empty() => {
                let value = |at: &Option<usize>| {
                    let cell = std::mem::replace(&mut cells[(*at)?], Cell::Null);
                    cell.into_stored(&self.table.columns[(*at)?])
                };
                self.check.check_values(columns.iter().map(value).collect())?
            }
            _ => self.check.check(with_cells(self.table, beside, &cells))?,
        };
        Ok(Line { owner, row })
    }
}

/// Refuses the keys of records that are not there, for what would belong to them.
///
/// # Errors
/// Those of reading.
pub(crate) fn check_owners(tx: &mut Tx<'_>, table: usize, keys: &[String]) -> Vec<Result<()>> {
    let writer = writer(tx);
    let of = writer.table(table);
    let mut cells = vec![Cell::Null; of.columns.len()];
    let check = |key: &String| {
        cells[of.owner_column().unwrap_or_default()] = Cell::Text(ids::given(key).into_owned());
        writer.owner_of(of, &cells).map(drop)
    };
    keys.iter().map(check).collect()
}

/// Refuses lines in whose place their log has others. Those of one log are neighbours.
pub(crate) fn check_places(tx: &mut Tx<'_>, table: usize, lines: &[Line]) -> Vec<Result<()>> {
    let writer = writer(tx);
    let of = writer.table(table);
    let logs = lines.chunk_by(|line, next| line.owner == next.owner);
    let check = |lines: &[Line]| {
        let is_empty = writer.is_empty_log(of, &lines[0].owner);
        let place = |line: &Line| {
            let cells = line.cells(of);
            let old = if is_empty { None } else { find_row(&writer.tx.view(), table, &cells)? };
            if old.is_some_and(|old| !is_same(&old, &cells)) { Err(differs(of)) } else { Ok(()) }
        };
        lines.iter().map(place).collect::<Vec<Result<()>>>()
    };
    logs.flat_map(check).collect()
}

/// Puts lines into logs, and answers for each. Those of one log are neighbours.
pub(crate) fn put_lines(
    tx: &mut Tx<'_>,
    table: usize,
    lines: &[Line],
    existing: Existing,
) -> Vec<Result<Put>> {
    let mut writer = writer(tx);
    let logs = lines.chunk_by(|line, next| line.owner == next.owner);
    logs.flat_map(|lines| writer.put_log(table, lines, existing)).collect()
}

impl Writer<'_, '_> {
    fn put_log(&mut self, table: usize, lines: &[Line], existing: Existing) -> Vec<Result<Put>> {
        let of = self.table(table);
        let model = of.source.model();
        let is_empty = self.is_empty_log(of, &lines[0].owner);
        let meet = |writer: &mut Self, line: &Line| {
            if is_empty {
                return Ok(None);
            }
            let cells = line.cells(of);
            let old = find_row(&writer.tx.view(), table, &cells)?;
            old.map(|old| writer.meet(table, &old, cells, existing)).transpose()
        };
        let add = |writer: &mut Self, lines: &[&Line]| {
            let rows: Vec<&CheckedRow> = lines.iter().map(|line| &line.row).collect();
            writer.tx.whole(|tx| tx.log_append_checked(model, &lines[0].owner, &rows))
        };
        self.put_all(lines, meet, add)
    }

    /// Has a log no line yet? Then none need be looked for in it.
    fn is_empty_log(&self, of: &Table, owner: &str) -> bool {
        let view = self.tx.view();
        let counted = view.catalogue().counted(of.source.model());
        counted.is_some_and(|(owners, counted)| {
            let owner = view.get(owners, owner).ok().flatten();
            owner.is_some_and(|owner| owner.counts(counted).0 == 0)
        })
    }
}
