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
        Ok(self.answer(reader, table, row, false)? == Some(true))
    }

    /// The answer. `reversed` says that `NOT` stands around it an odd number of times: Prisma then writes
    /// tests of JSON values otherwise.
    fn answer(
        &self,
        reader: &Reader<'_>,
        table: usize,
        row: &Row,
        reversed: bool,
    ) -> Answer<Option<bool>> {
        match self {
            Filter::All(filters) | Filter::Any(filters) => {
                let decisive = matches!(self, Filter::Any(_));
                let mut whole = Some(!decisive);
                for filter in filters {
                    match filter.answer(reader, table, row, reversed)? {
                        Some(holds) if holds == decisive => return Ok(Some(decisive)),
                        Some(_) => {}
                        None => whole = None,
                    }
                }
                Ok(whole)
            }
            Filter::Not(filter) => {
                Ok(filter.answer(reader, table, row, !reversed)?.map(|holds| !holds))
            }
            Filter::Column(column, test) => {
                Ok(test.answer_within(&row.cells[*column], &row.cells, reversed))
            }
            Filter::Related(relation, how, filter) => {
                let is_joined =
                    !reader.table(table).relations[*relation].list && !reader.is_change();
                let ask = if is_joined { joined } else { selected };
                ask(reader, (table, *relation), row, (*how, filter.as_deref()), reversed)
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
    (how, filter): (How, Option<&Filter>),
    reversed: bool,
) -> Answer<Option<bool>> {
    let target = reader.table(table).relations[relation].target;
    let is_not = how == How::None;
    let fits = match (reader.related(table, relation, row)?.first(), filter) {
        (Some(other), Some(filter)) => filter.answer(reader, target, other, reversed != is_not)?,
        (other, _) => Some(other.is_some()),
    };
    Ok(fits.map(|fits| fits != is_not))
}

/// The answer about the rows at the other end of a relation field, which a subquery finds.
fn selected(
    reader: &Reader<'_>,
    (table, relation): (usize, usize),
    row: &Row,
    (how, filter): (How, Option<&Filter>),
    reversed: bool,
) -> Answer<Option<bool>> {
    let target = reader.table(table).relations[relation].target;
    let fits = |other: &Row| match filter {
        Some(filter) => filter.answer(reader, target, other, reversed),
        None => Ok(Some(true)),
    };
    reader.within_query(|| {
        for other in reader.related(table, relation, row)? {
            match (how, fits(&other)?) {
                (How::Some, Some(true)) => return Ok(Some(true)),
                (How::Every, Some(false)) | (How::None, Some(true)) => return Ok(Some(false)),
                _ => {}
            }
        }
        Ok(Some(how != How::Some))
    })
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
        self.answer_within(cell, row, false)
    }

    /// The answer; `reversed` as in [`Filter::answer`].
    fn answer_within(&self, cell: &Cell, row: &[Cell], reversed: bool) -> Option<bool> {
        match &self.ask {
            Ask::Json(path, ask) => json::answer(cell, path, ask, (self.caseless, reversed), row),
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
