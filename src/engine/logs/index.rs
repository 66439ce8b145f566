//! One log as it is committed: where each row stands, and the bytes in which it is read.

use std::sync::Arc;

use crate::catalogue::{Catalogue, Migrations, ModelId};
use crate::disk::{DiskFile, Stamp};
use crate::error::{Code, Error, Result};

use super::bytes::{Bytes, KEEP_TEXT};
use super::lines::{lines, shares};
use super::table::Table;
use crate::engine::fingerprint::Fingerprint;
use crate::engine::fingerprint::new_version;
use crate::engine::par_map::par_map;

/// Bytes that are read at a time of a log that is not kept whole.
pub(super) const WINDOW: usize = 1 << 20;
/// No line of a log is longer, in bytes, where the limit of a record is lower: it is in memory
/// whole while it is read.
const LONGEST_LINE: usize = 64 << 20;

/// What there is to know of the rows of a log besides their bytes.
#[derive(Debug, Clone)]
pub(crate) struct Rows {
    pub(super) model: ModelId,
    /// The type of a row that says none.
    row_type: Box<str>,
    pub(super) migrations: Migrations,
    /// In bytes.
    longest_line: usize,
}

impl Rows {
    /// What the catalogue says of the rows of a model, of which none may be longer than
    /// `max_record_bytes`.
    pub(crate) fn of(catalogue: &Catalogue, model: ModelId, max_record_bytes: usize) -> Rows {
        let counted = catalogue.counted(model);
        Rows {
            model,
            row_type: counted.map_or("", |(_, counted)| &counted.row_type).into(),
            migrations: catalogue.migrations,
            longest_line: max_record_bytes.max(LONGEST_LINE),
        }
    }
}

/// One log.
pub(crate) struct LogIndex {
    /// Another one whenever the rows are others.
    version: u64,
    /// Which beginning of the log this is; see `PendingLog::generation`.
    pub(crate) generation: u64,
    /// The file as it was when its rows were last known to be indexed.
    pub(crate) stamp: Option<Stamp>,
    pub(super) path: Box<str>,
    pub(super) rows: Rows,
    pub(super) table: Table,
    pub(super) bytes: Bytes,
    /// Offset behind the last indexed byte.
    pub(crate) end: u64,
    /// Does the file end without a line feed?
    unfinished: bool,
}

impl LogIndex {
    /// The index of a log that has no file yet.
    pub(crate) fn empty(path: &str, generation: u64, rows: Rows) -> LogIndex {
        LogIndex {
            version: new_version(),
            generation,
            stamp: None,
            path: path.into(),
            table: Table::new(path, &rows.row_type),
            rows,
            bytes: Bytes::of_none(),
            end: 0,
            unfinished: false,
        }
    }

    /// Indexes the first `len` bytes of a file.
    ///
    /// # Errors
    /// Those of the disk.
    pub(crate) fn of_file(
        path: &str,
        file: Arc<dyn DiskFile>,
        len: u64,
        rows: Rows,
    ) -> Result<LogIndex> {
        let mut index = LogIndex::empty(path, 0, rows);
        let text = if len <= KEEP_TEXT {
            let mut text = vec![0; usize::try_from(len).unwrap_or_default()];
            let read = file.read_at(0, &mut text)?;
            text.truncate(read);
            index.take_lines(&text);
            Some(text)
        } else {
            index.take_windows(&*file, len)?;
            None
        };
        index.bytes = Bytes::of_file(file, text);
        index.restamp(None);
        Ok(index)
    }

    /// Indexes a long file, of which no more than the longest line is in memory at once.
    fn take_windows(&mut self, file: &dyn DiskFile, len: u64) -> Result<()> {
        let (mut bytes, mut offset, mut too_long) = (Vec::new(), 0, false);
        while offset < len {
            let want = WINDOW.min(usize::try_from(len - offset).unwrap_or(WINDOW));
            let start = bytes.len();
            bytes.resize(start + want, 0);
            let read = file.read_at(offset, &mut bytes[start..])?;
            bytes.truncate(start + read);
            offset += read as u64;
            if read == 0 {
                break;
            }
            if too_long {
                // What is left of a line that was too long.
                let rest = memchr::memchr(b'\n', &bytes).map(|at| at + 1);
                too_long = rest.is_none();
                self.skip(&mut bytes, rest);
            }
            let whole = memchr::memrchr(b'\n', &bytes).map_or(0, |at| at + 1);
            self.take_lines(&bytes[..whole]);
            bytes.drain(..whole);
            if bytes.len() > self.rows.longest_line {
                too_long = true;
                self.note_too_long();
                self.skip(&mut bytes, None);
            }
        }
        self.take_lines(&bytes);
        Ok(())
    }

    fn skip(&mut self, bytes: &mut Vec<u8>, upto: Option<usize>) {
        let skipped = bytes.drain(..upto.unwrap_or(bytes.len())).len();
        self.end += skipped as u64;
        self.unfinished = upto.is_none();
    }

    fn note_too_long(&mut self) {
        let place = format!("{}:{}:1", self.path, self.table.count_line());
        let message = format!(
            "{place}: expected a line of at most {} bytes; raise maxRecordBytes, or mend the line or remove it",
            self.rows.longest_line
        );
        self.table.take_fault(None, Error::new(Code::TooLarge, message).path(place));
    }

    /// Takes bytes that stand at the end of the log: whole lines.
    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        self.take_lines(bytes);
        self.bytes.extend(bytes);
    }

    /// Takes the lines that a file lacks which was edited by hand, as if they stood at its end.
    pub(crate) fn extend_edited(&mut self, lines: &str) {
        let joint = if self.unfinished && !lines.is_empty() { "\n" } else { "" };
        self.extend(format!("{joint}{lines}").as_bytes());
    }

    fn take_lines(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.version = new_version();
        let read = par_map(shares(bytes), |(at, share)| lines(at, share).collect::<Vec<_>>());
        for line in read.into_iter().flatten() {
            let offset = self.end + line.at as u64;
            let newest = |version| self.rows.migrations.check(version, &self.path);
            self.table.take(line, offset, newest);
        }
        self.end += bytes.len() as u64;
        self.unfinished = bytes.last() != Some(&b'\n');
    }

    /// The fingerprint of what any query of the log gives.
    pub(crate) fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(std::iter::once(self.version))
    }

    /// Has the log grown since the file's stamp was taken?
    pub(crate) fn has_grown(&self) -> bool {
        self.end > self.bytes.recent_from
    }

    /// Are the bytes from an offset on those that the file may not have yet?
    pub(crate) fn may_go_on_at(&self, offset: u64) -> bool {
        (self.bytes.recent_from..=self.end).contains(&offset)
    }

    /// Is there a row with this id?
    ///
    /// # Errors
    /// What is wrong with a line that may be that row.
    pub(crate) fn contains(&self, id: &str) -> Result<bool> {
        Ok(self.table.find(id)?.is_some())
    }

    /// How many lines of the file hold no row.
    pub(crate) fn dead(&self) -> usize {
        self.table.dead()
    }

    /// How many rows there are.
    pub(crate) fn live(&self) -> usize {
        self.table.live()
    }

    /// What is wrong with the log, up to a number of faults.
    pub(crate) fn faults(&self) -> impl Iterator<Item = &Error> {
        self.table.faults()
    }

    /// Fails for a log of a newer version: nothing is added to it either.
    pub(crate) fn refuse_newer(&self) -> Result<()> {
        self.table.refuse_newer()
    }

    /// The version of rows that would stand behind the last line as it is.
    pub(crate) fn version_at_end(&self) -> u64 {
        self.table.version()
    }

    /// Are all bytes of the log in memory?
    pub(crate) fn holds_text(&self) -> bool {
        self.bytes.are_kept()
    }

    /// Is the log short enough for its bytes to be kept, and are they not?
    pub(crate) fn lacks_text(&self) -> bool {
        !self.bytes.are_kept() && self.end <= KEEP_TEXT
    }

    /// Lets go of the bytes that the file has.
    pub(crate) fn forget_text(&mut self) {
        self.bytes.forget();
    }

    /// Closes the file where all its bytes are in memory; `false` where they are not.
    pub(crate) fn close_file(&mut self) -> bool {
        self.bytes.close()
    }

    /// Bytes of memory that the kept text takes.
    pub(crate) fn text_weight(&self) -> usize {
        self.bytes.weights().0
    }

    /// Bytes of memory that the index takes besides, roughly.
    pub(crate) fn weight(&self) -> usize {
        self.bytes.weights().1 + self.table.weight()
    }

    /// Tells the index that this file now holds all its bytes.
    pub(crate) fn settle(&mut self, file: Arc<dyn DiskFile>, stamp: Option<Stamp>) {
        self.bytes.settle(Some(file), self.end);
        self.stamp = stamp;
    }

    /// Tells the index that its file now holds all its bytes.
    pub(crate) fn restamp(&mut self, stamp: Option<Stamp>) {
        self.bytes.settle(None, self.end);
        self.stamp = stamp;
    }
}
