//! The rows of a table in portions of bounded size.

use std::panic::resume_unwind;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::scope;

use super::origin::{Found, Origin};
use super::report::Problem;
use crate::engine::par_map;
use crate::error::Result;
use crate::prisma::Cell;
use crate::progress::{Progress, given_up};

/// A portion has at most so many rows, and about so many bytes.
pub(super) const ROWS: usize = 8000;
pub(super) const BYTES: usize = 4 << 20;

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

/// Lines as they stand in a source.
#[derive(Default)]
struct Lines {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Lines {
    fn add(&mut self, line: &[u8]) {
        self.bytes.extend_from_slice(line);
        self.ends.push(self.bytes.len());
    }

    fn is_full(&self) -> bool {
        self.ends.len() >= ROWS || self.bytes.len() >= BYTES
    }

    fn all(&self) -> Vec<&[u8]> {
        let starts = [0].into_iter().chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.bytes[start..*end]).collect()
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }
}

/// So many parts of a portion are worked on by themselves.
const PARTS: usize = 128;

/// Gives what `work` makes of neighbouring rows of a table, in the order in which they stand in the source,
/// and tells how far it is. All processors work, while `each` takes what is done.
///
/// # Errors
/// Those of reading and of `each`; `CLOSED` when it is to be given up.
pub(super) fn each_worked<T: Send>(
    origin: &mut Origin,
    table: usize,
    progress: &dyn Progress,
    work: impl Fn(&mut dyn Iterator<Item = Found>) -> T + Send + Sync,
    mut each: impl FnMut(Vec<T>) -> Result<()>,
) -> Result<()> {
    scope(|scope| {
        let (give, taken) = sync_channel(1);
        let reader = scope.spawn(move || read_worked(origin, table, &work, &give));
        let take = |(rows, worked)| {
            progress.advance(rows)?;
            each(worked)
        };
        let done = taken.iter().try_for_each(take);
        // The reader ends with the next portion, if it has not ended yet.
        drop(taken);
        let read = reader.join().unwrap_or_else(|panic| resume_unwind(panic));
        done.and(read)
    })
}

fn read_worked<T: Send>(
    origin: &mut Origin,
    table: usize,
    work: &(impl Fn(&mut dyn Iterator<Item = Found>) -> T + Sync),
    give: &SyncSender<(u64, Vec<T>)>,
) -> Result<()> {
    let reading = origin.reading(table);
    let end_portion = |lines: &mut Lines| {
        let all = lines.all();
        let parts = all.chunks(all.len().div_ceil(PARTS).max(1)).collect();
        let found = |line: &&[u8]| reading.found(line);
        let worked = par_map(parts, |part: &[&[u8]]| work(&mut part.iter().filter_map(found)));
        let rows = all.len() as u64;
        lines.clear();
        give.send((rows, worked)).map_err(|_| given_up())
    };
    let mut lines = Lines::default();
    origin.each_line(table, &mut |line| {
        lines.add(line);
        if lines.is_full() { end_portion(&mut lines) } else { Ok(()) }
    })?;
    end_portion(&mut lines)
}
