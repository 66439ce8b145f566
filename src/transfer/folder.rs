//! A store's own rows, as an export and a verification see them: those of the tables that Prisma's client
//! sees, read as that client reads them.

use std::rc::Rc;

use crate::error::Result;
use crate::prisma::{Row, homes, rows_at};
use crate::store::Store;

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
