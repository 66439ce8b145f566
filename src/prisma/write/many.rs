//! Several rows in one statement.
//!
//! A database checks what must occur once row by row, and references when the statement has done
//! all its rows. So where a row refers to nothing, a duplicate among the rows behind it is still
//! the failure of the statement.

use std::collections::HashSet;
use std::rc::Rc;

use super::Writer;
use super::one::Parent;
use crate::prisma::error::{Answer, Failure};
use crate::prisma::rows::Row;
use crate::prisma::schema::Object;
use crate::prisma::value::Cell;

/// A row as it was, where it was one, and its cells to be.
type Change<'r> = (Option<&'r Rc<Row>>, Vec<Cell>);

impl Writer<'_, '_> {
    /// Makes rows that have columns only; those with a value that must occur once and occurs
    /// already are left out where that is wanted.
    pub(super) fn insert_many(
        &mut self,
        table: usize,
        data: &[&Object],
        skip_duplicates: bool,
        parent: Option<Parent<'_>>,
    ) -> Answer<Vec<Rc<Row>>> {
        let mut rows = Vec::with_capacity(data.len());
        for (at, one) in data.iter().enumerate() {
            let cells = self.new_cells(table, one, parent);
            match self.insert(table, cells) {
                Ok(row) => rows.push(row),
                Err(Failure::Known { code: "P2002", .. }) if skip_duplicates => {}
                Err(failure @ Failure::Known { code: "P2003", .. }) if !skip_duplicates => {
                    let rest = data[at..].iter();
                    let rest = rest.map(|one| (None, self.new_cells(table, one, parent))).collect();
                    return Err(self.duplicate_among(table, rest)?.unwrap_or(failure));
                }
                Err(failure) => return Err(failure),
            }
        }
        Ok(rows)
    }

    /// Sets columns of rows.
    pub(super) fn change_many(
        &mut self,
        table: usize,
        rows: &[Rc<Row>],
        data: &Object,
    ) -> Answer<Vec<Rc<Row>>> {
        let mut changed = Vec::with_capacity(rows.len());
        for (at, row) in rows.iter().enumerate() {
            let cells = self.changed_cells(table, row, data)?;
            match self.exchange(table, row, cells) {
                Ok(row) => changed.push(row),
                Err(failure @ Failure::Known { code: "P2003", .. }) => {
                    let rest = rows[at..].iter();
                    let rest = rest.map(|row| {
                        self.changed_cells(table, row, data).map(|cells| (Some(row), cells))
                    });
                    let rest = rest.collect::<Answer<_>>()?;
                    return Err(self.duplicate_among(table, rest)?.unwrap_or(failure));
                }
                Err(failure) => return Err(failure),
            }
        }
        Ok(changed)
    }

    fn changed_cells(&self, table: usize, row: &Row, data: &Object) -> Answer<Vec<Cell>> {
        let mut cells = row.cells.clone();
        let touched = self.set_columns(table, data, &mut cells)?;
        self.touch(table, data, touched, &mut cells);
        Ok(cells)
    }

    /// The first value among changes that must occur once and does not, the changes being made one
    /// after another.
    fn duplicate_among(&self, table: usize, changes: Vec<Change<'_>>) -> Answer<Option<Failure>> {
        let mut taken = HashSet::new();
        for (at, (row, cells)) in changes.iter().enumerate() {
            let given_up = |other: &Row| {
                changes[..=at].iter().any(|(row, _)| row.is_some_and(|row| row.is(other)))
            };
            for key in self.keys_to_check(table, cells, row.map(|row| &**row)) {
                let values: Vec<String> = key.iter().map(|column| cells[*column].key()).collect();
                if !taken.insert((key, values)) || self.is_taken(table, key, cells, given_up)? {
                    return Ok(Some(self.duplicate(table, key)));
                }
            }
        }
        Ok(None)
    }
}
