//! One log: where each row stands, and the bytes in which it is read.

use std::borrow::Cow;
use std::sync::Arc;

use crate::catalogue::{Catalogue, Migrations, ModelId};
use crate::disk::{DiskFile, Stamp};
use crate::error::{Code, Error, Result};

use super::bytes::{Bytes, KEEP_TEXT};
use super::lines::{Line, lines, shares};
use super::query::{LogQuery, choose};
use super::table::{Entry, Table};
use crate::engine::fingerprint::Fingerprint;
use crate::engine::fingerprint::new_version;
use crate::engine::par_map::par_map;
use crate::json;

/// Bytes that are read at a time of a log that is not kept whole.
const WINDOW: usize = 1 << 20;
/// No line of a log is longer, in bytes, where the limit of a record is lower: it is in memory
/// whole while it is read.
const LONGEST_LINE: usize = 64 << 20;
/// JavaScript knows no longer text.
const LONGEST_ANSWER: usize = 512 << 20;

/// What there is to know of the rows of a log besides their bytes.
#[derive(Debug, Clone)]
pub(crate) struct Rows {
    model: ModelId,
    /// The type of a row that says none.
    row_type: Box<str>,
    migrations: Migrations,
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
    path: Box<str>,
    rows: Rows,
    table: Table,
    bytes: Bytes,
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

    /// The rows as they are committed.
    pub(crate) fn committed(&self) -> LogRows<'_> {
        LogRows { index: self, table: Cow::Borrowed(&self.table), added: String::new() }
    }

    /// The rows as they are with uncommitted changes: texts by id, none where a row is removed.
    pub(crate) fn changed<'a>(
        &self,
        changes: impl Iterator<Item = (&'a str, Option<&'a str>)>,
    ) -> LogRows<'_> {
        let (mut table, mut added) = (self.table.clone(), String::new());
        table.go_on_as(self.rows.migrations.version());
        for (id, text) in changes {
            let deleted = text.is_none().then(|| crate::jsonl::deleted(super::lines::KEY, id));
            let text = text.or(deleted.as_deref()).unwrap_or_default();
            let offset = self.end + added.len() as u64;
            table.take(Line::read(0, text.as_bytes()), offset, |_| Ok(()));
            added += text;
        }
        LogRows { index: self, table: Cow::Owned(table), added }
    }
}

/// The rows of a log as a reader sees them.
pub(crate) struct LogRows<'a> {
    index: &'a LogIndex,
    table: Cow<'a, Table>,
    /// What stands behind the end of the log, uncommitted.
    added: String,
}

impl LogRows<'_> {
    /// The text of the row with this id.
    ///
    /// # Errors
    /// What is wrong with a line that may be that row; those of the disk.
    pub(crate) fn row(&self, id: &str) -> Result<Option<Arc<str>>> {
        self.table.refuse_newer()?;
        let Some(at) = self.table.find(id)? else { return Ok(None) };
        let mut row = None;
        self.read(&[at], |text| row = Some(text.into()))?;
        Ok(row)
    }

    /// The number of rows of the usual type and the latest of their times, in milliseconds,
    /// leaving out the rows with the ids in `without`. A line that cannot be read is not counted.
    pub(crate) fn count(&self, without: &[String]) -> (u64, Option<i64>) {
        self.table.count(without)
    }

    /// Can every row be read?
    pub(crate) fn are_whole(&self) -> bool {
        self.table.is_readable()
    }

    /// Gives the texts of all rows that can be read.
    ///
    /// # Errors
    /// Those of the disk.
    pub(crate) fn visit(&self, take: impl FnMut(&str)) -> Result<()> {
        self.read(&self.table.live_rows(), take)
    }

    /// The texts of the rows that a query selects, oldest first.
    ///
    /// # Errors
    /// As for [`choose`]; those of the disk.
    pub(crate) fn select(&self, query: &LogQuery) -> Result<Vec<Arc<str>>> {
        let chosen = choose(&self.table, query)?;
        let mut rows = Vec::with_capacity(chosen.len());
        self.read(&chosen, |text| rows.push(text.into()))?;
        Ok(rows)
    }

    /// The same rows as the text of one JSON list.
    ///
    /// # Errors
    /// As for [`LogRows::select`]; `TOO_LARGE` for more than JavaScript could take.
    pub(crate) fn select_list(&self, query: &LogQuery) -> Result<String> {
        let chosen = choose(&self.table, query)?;
        let len = |at: &usize| self.table.entries[*at].len as usize + 1;
        let bytes = chosen.iter().map(len).sum::<usize>() + 2;
        if bytes > LONGEST_ANSWER {
            let message = format!(
                "these rows of {} take {bytes} bytes, more than a text may have in JavaScript; ask for fewer with limit",
                self.index.path
            );
            return Err(Error::new(Code::TooLarge, message));
        }
        let mut list = String::with_capacity(bytes);
        list.push('[');
        self.read(&chosen, |text| {
            list.push_str(text);
            list.push(',');
        })?;
        if list.len() > 1 {
            list.pop();
        }
        list.push(']');
        Ok(list)
    }

    fn read(&self, chosen: &[usize], mut take: impl FnMut(&str)) -> Result<()> {
        let mut at = 0;
        while at < chosen.len() {
            let stop = self.stretch(chosen, at);
            let run = &chosen[at..stop];
            let (first, last) = (self.entry(run[0]), self.entry(run[run.len() - 1]));
            let len = usize::try_from(last.offset - first.offset).unwrap_or(usize::MAX);
            let read = |bytes: &[u8]| {
                run.iter().try_for_each(|number| {
                    let entry = self.entry(*number);
                    let start = usize::try_from(entry.offset - first.offset).unwrap_or(usize::MAX);
                    let line = bytes.get(start..start + entry.len as usize).unwrap_or_default();
                    let text = self.to_text(line)?;
                    take(self.rewritten(entry, text)?.as_deref().unwrap_or(text));
                    Ok(())
                })
            };
            self.with_bytes(first.offset, len + last.len as usize, read)??;
            at = stop;
        }
        Ok(())
    }

    fn entry(&self, number: usize) -> &Entry {
        &self.table.entries[number]
    }

    /// The end of the run of rows from `at` on that one read of bounded size can give.
    fn stretch(&self, chosen: &[usize], at: usize) -> usize {
        let (index, from) = (self.index, self.entry(chosen[at]).offset);
        let mut stop = at + 1;
        while let Some(next) = chosen.get(stop).map(|number| self.entry(*number).offset) {
            let previous = self.entry(chosen[stop - 1]).offset;
            let together = index.bytes.hold_together(previous, next)
                && (previous < index.end) == (next < index.end);
            if next <= previous || next - from >= WINDOW as u64 || !together {
                break;
            }
            stop += 1;
        }
        stop
    }

    fn with_bytes<T>(&self, offset: u64, len: usize, take: impl FnOnce(&[u8]) -> T) -> Result<T> {
        match offset.checked_sub(self.index.end).map(usize::try_from) {
            None => self.index.bytes.with(offset, len, take),
            Some(start) => {
                let start = start.unwrap_or(usize::MAX);
                let added = self.added.as_bytes().get(start..start.saturating_add(len));
                Ok(take(added.unwrap_or_default()))
            }
        }
    }

    fn to_text<'b>(&self, bytes: &'b [u8]) -> Result<&'b str> {
        let text = std::str::from_utf8(bytes).ok().filter(|text| text.starts_with('{'));
        text.ok_or_else(|| changed(&self.index.path))
    }

    /// The row as it is read and as it is in the newest version, where it stands otherwise.
    fn rewritten(&self, entry: &Entry, text: &str) -> Result<Option<String>> {
        let (Rows { model, migrations, .. }, version) =
            (&self.index.rows, u64::from(entry.version));
        let is_older = migrations.concern(*model, version);
        if !is_older && !entry.rewritten {
            return Ok(None);
        }
        let mut row = json::parse_object(text).map_err(|_| changed(&self.index.path))?;
        migrations.migrate(*model, version, &mut row);
        Ok(Some(json::compact_object(&row)))
    }
}

/// The error of a log whose bytes are no longer those that were indexed.
pub(super) fn changed(path: &str) -> Error {
    let message = format!("{path} was changed while it was read; read it again");
    Error::new(Code::Corrupt, message).path(path)
}
