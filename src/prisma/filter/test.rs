//! Whether a row fits a condition: true, false, or unknown.

use std::cmp::Ordering;

use super::like::{is_like, like, lower};
use super::{Ask, Filter, How, Operand, Test, json};
use crate::prisma::error::Answer;
use crate::prisma::rows::{Reader, Row};
use crate::prisma::value::Cell;

impl Filter {
    /// Does the row fit? Unknown is no.
    pub(crate) fn fits(&self, reader: &Reader<'_>, table: usize, row: &Row) -> Answer<bool> {
        Ok(self.answer(reader, table, row)? == Some(true))
    }

    fn answer(&self, reader: &Reader<'_>, table: usize, row: &Row) -> Answer<Option<bool>> {
        self.judge(reader, table, row, false)
    }

    /// The answer, or that of the opposite: `NOT` is asked of each test, as Prisma writes it.
    fn judge(
        &self,
        reader: &Reader<'_>,
        table: usize,
        row: &Row,
        denied: bool,
    ) -> Answer<Option<bool>> {
        let flipped = |answer: Option<bool>| answer.map(|holds| holds != denied);
        match self {
            Filter::All(filters) | Filter::Any(filters) => {
                // Of the opposite of all, one is enough, and the other way round.
                let decisive = matches!(self, Filter::Any(_)) != denied;
                let mut whole = Some(!decisive);
                for filter in filters {
                    match filter.judge(reader, table, row, denied)? {
                        Some(holds) if holds == decisive => return Ok(Some(decisive)),
                        Some(_) => {}
                        None => whole = None,
                    }
                }
                Ok(whole)
            }
            Filter::Not(filter) => filter.judge(reader, table, row, !denied),
            Filter::Column(column, test) => {
                Ok(flipped(test.judge(&row.cells[*column], &row.cells, denied)))
            }
            Filter::Related(relation, how, filter) => {
                let (own, filter) = ((table, *relation), filter.as_deref());
                if !reader.table(table).relations[*relation].list && !reader.is_change() {
                    return joined(reader, own, row, (*how, denied), filter);
                }
                related(reader, own, row, *how, filter).map(flipped)
            }
        }
    }
}

/// The answer about the single row at the other end of a relation field, which is joined: the condition
/// itself is asked of it, or where it must not fit, the opposite.
fn joined(
    reader: &Reader<'_>,
    (table, relation): (usize, usize),
    row: &Row,
    (how, denied): (How, bool),
    filter: Option<&Filter>,
) -> Answer<Option<bool>> {
    let target = reader.table(table).relations[relation].target;
    let wants_opposite = denied != (how == How::None);
    match (reader.related(table, relation, row)?.first(), filter) {
        (Some(other), Some(filter)) => filter.judge(reader, target, other, wants_opposite),
        (Some(_), None) => Ok(Some(!wants_opposite)),
        (None, _) => Ok(Some(wants_opposite)),
    }
}

/// The answer about the rows at the other end of a relation field, of which is asked whether they exist.
fn related(
    reader: &Reader<'_>,
    (table, relation): (usize, usize),
    row: &Row,
    how: How,
    filter: Option<&Filter>,
) -> Answer<Option<bool>> {
    let own = &reader.table(table).relations[relation];
    for other in reader.related(table, relation, row)? {
        let fits = match filter {
            Some(filter) => filter.answer(reader, own.target, &other)?,
            None => Some(true),
        };
        match (how, fits) {
            (How::Some, Some(true)) => return Ok(Some(true)),
            (How::Every, Some(false)) | (How::None, Some(true)) => return Ok(Some(false)),
            _ => {}
        }
    }
    Ok(Some(how != How::Some))
}

impl Operand {
    pub(super) fn cell<'c>(&'c self, row: &'c [Cell]) -> &'c Cell {
        match self {
            Operand::Value(cell) => cell,
            Operand::Column(column) => &row[*column],
        }
    }
}

impl Test {
    pub(crate) fn answer(&self, cell: &Cell, row: &[Cell]) -> Option<bool> {
        self.judge(cell, row, false)
    }

    /// The answer; `denied` says that the opposite of it is wanted.
    fn judge(&self, cell: &Cell, row: &[Cell], denied: bool) -> Option<bool> {
        match &self.ask {
            Ask::Json(path, ask) => json::answer(cell, path, ask, (self.caseless, denied), row),
            Ask::Equals(Operand::Value(Cell::Null)) => Some(cell.is_null()),
            Ask::In(cells) if cells.is_empty() => Some(false),
            _ if cell.is_null() => None,
            Ask::Equals(other) => self.equals(cell, other.cell(row)),
            Ask::In(cells) => Some(
                cells
                    .iter()
                    .any(|other| folded(cell, self.caseless).same(&folded(other, self.caseless))),
            ),
            Ask::Less(other) => self.order(cell, other.cell(row)).map(Ordering::is_lt),
            Ask::LessOrEqual(other) => self.order(cell, other.cell(row)).map(Ordering::is_le),
            Ask::Greater(other) => self.order(cell, other.cell(row)).map(Ordering::is_gt),
            Ask::GreaterOrEqual(other) => self.order(cell, other.cell(row)).map(Ordering::is_ge),
            Ask::Like(part, other) => {
                Some(like(cell.text()?, other.cell(row).text()?, *part, self.caseless))
            }
        }
    }

    fn equals(&self, cell: &Cell, other: &Cell) -> Option<bool> {
        match (cell, other) {
            (_, Cell::Null) => None,
            (Cell::Text(text), Cell::Text(pattern)) if self.caseless => {
                Some(is_like(text, pattern, true))
            }
            _ => Some(cell.same(other)),
        }
    }

    fn order(&self, cell: &Cell, other: &Cell) -> Option<Ordering> {
        if other.is_null() {
            return None;
        }
        Some(folded(cell, self.caseless).order(&folded(other, self.caseless)))
    }
}

fn folded(cell: &Cell, caseless: bool) -> Cell {
    match cell {
        Cell::Text(text) if caseless => Cell::Text(text.chars().map(lower).collect()),
        other => other.clone(),
    }
}
