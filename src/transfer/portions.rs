//! The rows of a table in portions of bounded size.

use super::origin::{Found, Origin};
use super::report::Problem;
use crate::error::Result;
use crate::prisma::Cell;
use crate::progress::Progress;

/// A portion has at most so many rows, and about so many bytes.
const ROWS: usize = 8000;
const BYTES: usize = 4 << 20;

/// Some rows of a table.
pub(super) struct Portion {
    pub(super) rows: Vec<Vec<Cell>>,
    /// What cannot become rows.
    pub(super) faults: Vec<Problem>,
    bytes: usize,
}

impl Portion {
    fn new() -> Portion {
        Portion { rows: Vec::new(), faults: Vec::new(), bytes: 0 }
    }

    fn add(&mut self, found: Found) {
        match found {
            Found::Row(cells, bytes) => {
                self.bytes += bytes;
                self.rows.push(cells);
            }
            Found::Faulty(faults) => self.faults.extend(faults),
        }
    }

    fn is_full(&self) -> bool {
        self.rows.len() + self.faults.len() >= ROWS || self.bytes >= BYTES
    }
}

/// Gives the rows of a table in portions, and tells how far it is.
///
/// # Errors
/// Those of reading and of `each`; `CLOSED` when it is to be given up.
pub(super) fn each_portion(
    origin: &mut Origin,
    table: usize,
    progress: &dyn Progress,
    mut each: impl FnMut(Portion) -> Result<()>,
) -> Result<()> {
    let mut portion = Portion::new();
    let mut read = 0;
    origin.each(table, &mut |found| {
        portion.add(found);
        read += 1;
        if !portion.is_full() {
            return Ok(());
        }
        progress.advance(std::mem::take(&mut read))?;
        each(std::mem::replace(&mut portion, Portion::new()))
    })?;
    progress.advance(read)?;
    each(portion)
}
