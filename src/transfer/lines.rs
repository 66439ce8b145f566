//! The lines of logs between the trial, which checks them, and the import: in a temporary file, in the order
//! in which their logs will have them. So the source is read, and its rows are checked, once.

use std::sync::Arc;

use super::origin::{digest, push_sort_key};
use super::portions::{BYTES, ROWS};
use super::sort::{Sorted, Sorter};
use crate::engine::CheckedRow;
use crate::error::{Code, Error, Result};
use crate::prisma::Line;
use crate::progress::Progress;

/// A portion ends where another log begins, if that is not much later: a log that a portion begins need
/// not be looked into.
const LONGEST: usize = 4 * BYTES;

/// Checked lines, ready to be kept: in one piece, for they are made on one thread and kept by another.
#[derive(Default)]
pub(super) struct Packed {
    bytes: Vec<u8>,
    /// Of each line where it ends, how long its key is, and what stands for its id.
    lines: Vec<(usize, usize, u128)>,
}

impl Packed {
    /// Adds a line.
    pub(super) fn add(&mut self, line: &Line) {
        let start = self.bytes.len();
        let (row, bytes) = (&line.row, &mut self.bytes);
        push_sort_key(bytes, &line.owner, row.counted_at);
        let key_len = bytes.len() - start;
        bytes.push(u8::from(row.counted_at.is_some()));
        bytes.extend_from_slice(&row.counted_at.unwrap_or_default().to_le_bytes());
        bytes.extend_from_slice(&(row.id.len() as u64).to_le_bytes());
        bytes.extend_from_slice(row.id.as_bytes());
        bytes.extend_from_slice(row.text.as_bytes());
        self.lines.push((bytes.len(), key_len, digest(&line.key())));
    }

    /// The lines.
    pub(super) fn each(&self) -> impl Iterator<Item = PackedLine<'_>> {
        let starts = [0].into_iter().chain(self.lines.iter().map(|(end, ..)| *end));
        starts.zip(&self.lines).map(|(start, (end, key_len, id))| {
            let (key, item) = self.bytes[start..*end].split_at(*key_len);
            PackedLine { key, item, id: *id }
        })
    }
}

/// A line among others.
#[derive(Clone, Copy)]
pub(super) struct PackedLine<'p> {
    key: &'p [u8],
    item: &'p [u8],
    /// What stands for its id.
    pub(super) id: u128,
}

impl<'p> PackedLine<'p> {
    /// The key of the record whose log it belongs to.
    pub(super) fn owner(self) -> &'p [u8] {
        self.key.split(|byte| *byte == 0).next().unwrap_or_default()
    }

    /// The line's id, as a message shows it.
    pub(super) fn id_text(self) -> String {
        line_of(self.key, self.item).map(|line| line.key()).unwrap_or_default()
    }
}

/// Takes lines in any order.
pub(super) struct Collecting(Sorter);

impl Collecting {
    pub(super) fn new() -> Collecting {
        Collecting(Sorter::new())
    }

    /// Adds a line.
    ///
    /// # Errors
    /// Those of the disk.
    pub(super) fn add(&mut self, line: PackedLine<'_>) -> Result<()> {
        self.0.add(line.key, line.item)
    }

    /// No more lines come.
    ///
    /// # Errors
    /// Those of the disk.
    pub(super) fn finish(self) -> Result<Lines> {
        Ok(Lines(self.0.finish()?))
    }
}

/// Checked lines, log by log, each in the order of the times.
pub(super) struct Lines(Sorted);

impl Lines {
    /// Gives them in portions, and tells how far it is.
    ///
    /// # Errors
    /// Those of the disk and of `each`; `CLOSED` when it is to be given up.
    pub(super) fn each_portion(
        &mut self,
        progress: &dyn Progress,
        mut each: impl FnMut(Vec<Line>) -> Result<()>,
    ) -> Result<()> {
        let (mut portion, mut bytes) = (Vec::<Line>::new(), 0);
        let mut end = |portion: Vec<Line>| {
            progress.advance(portion.len() as u64)?;
            each(portion)
        };
        self.0.each(|key, item| {
            let mut line = line_of(key, item).ok_or_else(unreadable)?;
            let last = portion.last().filter(|last| last.owner == line.owner);
            let begins = last.is_none();
            if let Some(last) = last {
                line.owner = Arc::clone(&last.owner);
            }
            let is_full = portion.len() >= ROWS || bytes >= BYTES;
            if is_full && (begins || bytes >= LONGEST) {
                bytes = 0;
                end(std::mem::take(&mut portion))?;
            }
            bytes += item.len();
            portion.push(line);
            Ok(())
        })?;
        if portion.is_empty() { Ok(()) } else { end(portion) }
    }
}

fn line_of(key: &[u8], item: &[u8]) -> Option<Line> {
    let text = |bytes| Some(Arc::<str>::from(std::str::from_utf8(bytes).ok()?));
    let number = |bytes: &[u8]| Some(u64::from_le_bytes(bytes.try_into().ok()?));
    let owner = key.split(|byte| *byte == 0).next()?;
    let (head, rest) = item.split_at_checked(17)?;
    let counted_at = (head[0] == 1).then_some(number(&head[1..9])?.cast_signed());
    let (id, line) = rest.split_at_checked(usize::try_from(number(&head[9..])?).ok()?)?;
    Some(Line {
        owner: text(owner)?,
        row: CheckedRow { id: text(id)?, text: text(line)?, counted_at },
    })
}

fn unreadable() -> Error {
    Error::new(Code::Io, "a temporary file does not hold what was written to it")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::Unheard;

    fn line(owner: &str, id: &str, counted_at: Option<i64>, len: usize) -> Line {
        let row = CheckedRow { id: id.into(), text: "x".repeat(len).into(), counted_at };
        Line { owner: owner.into(), row }
    }

    fn portions(lines: &[Line]) -> Vec<Vec<String>> {
        let (mut packed, mut collecting) = (Packed::default(), Collecting::new());
        lines.iter().for_each(|line| packed.add(line));
        packed.each().for_each(|line| collecting.add(line).expect("kept"));
        let mut portions = Vec::new();
        let take = |portion: Vec<Line>| {
            let shown = portion.iter().map(|line| {
                let CheckedRow { id, text, counted_at } = &line.row;
                format!("{} {id} {counted_at:?} {}", line.owner, text.len())
            });
            portions.push(shown.collect());
            Ok(())
        };
        collecting.finish().expect("kept").each_portion(&Unheard, take).expect("read");
        portions
    }

    #[test]
    fn lines_come_back_log_by_log_in_the_order_of_their_times() {
        let lines = [
            line("b", "3", Some(5), 1),
            line("a", "2", Some(-5), 2),
            line("b", "1", None, 3),
            line("a", "4", Some(i64::MAX), 4),
            line("b", "2", Some(5), 5),
        ];
        let expected = [
            "a 2 Some(-5) 2",
            "a 4 Some(9223372036854775807) 4",
            "b 1 None 3",
            "b 3 Some(5) 1",
            "b 2 Some(5) 5",
        ];
        assert_eq!(portions(&lines), [expected]);
    }

    #[test]
    fn a_portion_ends_where_a_log_begins_unless_that_is_much_later() {
        let of = |owner: &str, count: usize| {
            (0..count).map(|n| line(owner, &n.to_string(), Some(0), BYTES / 2)).collect::<Vec<_>>()
        };
        let lens = |lines: &[Line]| portions(lines).iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(lens(&[of("a", 3), of("b", 3)].concat()), [3, 3]);
        assert_eq!(lens(&[of("a", 1), of("b", 5)].concat()), [6]);
        assert_eq!(lens(&of("a", 10)), [8, 2]);
    }
}
