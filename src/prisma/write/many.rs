//! Several rows in one statement.

use std::rc::Rc;

use super::Writer;
use super::one::Parent;
use crate::prisma::error::{Answer, Failure};
use crate::prisma::rows::Row;
use crate::prisma::schema::Object;

impl Writer<'_, '_> {
    /// Makes rows that have columns only; those with a value that must occur once and occurs
    /// already are left out where that is wanted.
    pub(super) fn insert_many<'d>(
        &mut self,
        table: usize,
        data: impl Iterator<Item = &'d Object>,
        skip_duplicates: bool,
        parent: Option<Parent<'_>>,
    ) -> Answer<Vec<Rc<Row>>> {
        let mut rows = Vec::new();
        for data in data {
            let cells = self.new_cells(table, data, parent);
            match self.insert(table, cells) {
                Ok(row) => rows.push(row),
                Err(Failure::Known { code: "P2002", .. }) if skip_duplicates => {}
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
        for row in rows {
            let mut cells = row.cells.clone();
            let touched = self.set_columns(table, data, &mut cells)?;
            self.touch(table, data, touched, &mut cells);
            changed.push(self.exchange(table, row, cells)?);
        }
        Ok(changed)
    }
}
