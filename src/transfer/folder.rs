//! A store's own rows, as an export and a verification see them: those of the tables that Prisma's client
//! sees, read as that client reads them. A folder is a source like any other by that.

use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

use super::copy::push_field;
use super::origin::{Layout, Rows};
use super::values;
use crate::error::{Code, Error, Result};
use crate::prisma::{Cell, Row, Table, description, homes, rows_at};
use crate::store::{Options, Store};

/// Rows of one record or log are given in one go; of so many records at a time.
const AT_ONCE: usize = 128;

/// Gives the rows of a table, record by record, each in the order in which they were made.
///
/// # Errors
/// Those of reading, and of `each`.
pub(super) fn each_row(
    store: &Store,
    table: usize,
    each: &mut dyn FnMut(&Row) -> Result<()>,
) -> Result<()> {
    let homes = store.look(|view| homes(view, table))?;
    for portion in homes.chunks(AT_ONCE) {
        // One after the other where they are long: a log is read as a whole.
        let rows = store.look(|view| {
            let rows = portion.iter().map(|home| rows_at(view, table, home));
            rows.collect::<Result<Vec<Vec<Rc<Row>>>>>()
        })?;
        rows.iter().flatten().try_for_each(|row| each(row))?;
    }
    Ok(())
}

/// Does the database take the row? One that lacks what its table demands (a file of no chat) is the store's alone.
pub(super) fn has_place(table: &Table, cells: &[Cell]) -> bool {
    table.columns.iter().zip(cells).all(|(column, cell)| column.nullable || *cell != Cell::Null)
}

/// A row as a line of COPY's format.
pub(super) fn push_line(line: &mut Vec<u8>, cells: &[Cell]) {
    for (at, cell) in cells.iter().enumerate() {
        if at > 0 {
            line.push(b'\t');
        }
        push_field(line, values::text(cell).as_deref());
    }
}

/// Another store's folder, or one of the app's earlier store.
pub(super) struct Folder {
    pub(super) store: Store,
    layouts: BTreeMap<String, Layout>,
}

impl Folder {
    /// Opens a folder that has a store.
    ///
    /// # Errors
    /// `VALIDATION` for a folder that is empty; those of opening it and of reading it.
    pub(super) fn open(folder: &Path) -> Result<Folder> {
        if !crate::disk::holds_anything(folder)? {
            let message = format!("there is no store in {}", folder.display());
            return Err(Error::new(Code::Validation, message));
        }
        let store = Store::open(Options::new(folder))?;
        let mut layouts = BTreeMap::new();
        for (number, table) in description().tables.iter().enumerate() {
            let columns = table.columns.iter().map(|column| column.name.clone()).collect();
            let mut layout = Layout { columns, ..Layout::default() };
            each_row(&store, number, &mut |row| {
                layout.rows += u64::from(has_place(table, &row.cells));
                Ok(())
            })?;
            layouts.insert(table.db_name.clone(), layout);
        }
        Ok(Folder { store, layouts })
    }
}

impl Rows for Folder {
    fn layouts(&self) -> &BTreeMap<String, Layout> {
        &self.layouts
    }

    fn can_group(&self) -> bool {
        true
    }

    fn read(
        &mut self,
        table: &Table,
        _: bool,
        each: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        let number = description().by_name(&table.name).unwrap_or_default();
        let mut line = Vec::new();
        each_row(&self.store, number, &mut |row| {
            if !has_place(table, &row.cells) {
                return Ok(());
            }
            line.clear();
            push_line(&mut line, &row.cells);
            each(&line)
        })
    }
}
