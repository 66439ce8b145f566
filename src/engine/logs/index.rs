//! Where each live row of one log stands.

use std::sync::Arc;

use hashbrown::HashTable;

use crate::catalogue::{Migrations, ModelId};
use crate::disk::{DiskFile, Stamp};
use crate::error::{Code, Error, Issue, Result};

use super::line::{Line, hash_of, lines, shares};
use super::query::{LogBound, LogQuery};
use crate::engine::clock;
use crate::engine::fingerprint::Fingerprint;
use crate::engine::fingerprint::new_version;
use crate::engine::par_map::par_map;
use crate::json;

/// Logs up to this length, in bytes, are kept whole beside their index.
const KEEP_TEXT: u64 = 16 << 20;
/// Bytes that are read at a time of a log that is not kept whole.
const WINDOW: usize = 1 << 20;

/// One row.
#[derive(Debug, Clone, Copy)]
struct Entry {
    offset: u64,
    id_hash: u128,
    created_ms: i64,
    len: u32,
    kind: u16,
    /// Of which version the row is.
    version: u16,
    live: bool,
}

/// What there is to know of the rows of a log besides their bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rows {
    pub(crate) model: ModelId,
    pub(crate) migrations: Migrations,
}

/// Where each live row of one log stands.
pub(crate) struct LogIndex {
    /// Another one whenever the rows are others.
    version: u64,
    /// Which beginning of the log this is; see `PendingLog::generation`.
    pub(crate) generation: u64,
    /// The file as it was when its rows were last known to be indexed.
    pub(crate) stamp: Option<Stamp>,
    /// The file whose offsets these are; it stays readable when its name becomes another's.
    file: Option<Arc<dyn DiskFile>>,
    path: String,
    rows: Rows,
    /// What the last header says, of which there may be several.
    version_at_end: u64,
    entries: Vec<Entry>,
    by_id: HashTable<u32>,
    kinds: Vec<String>,
    /// Offset behind the last indexed byte.
    pub(crate) end: u64,
    lines: u64,
    dead: usize,
    /// The log's bytes from its start, where they are kept.
    text: Option<Vec<u8>>,
    /// The bytes from `recent_from` on, which the file may not have yet.
    recent: Vec<u8>,
    pub(crate) recent_from: u64,
    /// The first line that is no row.
    fault: Option<Error>,
    /// Does the file end without a line feed?
    pub(crate) unfinished: bool,
}

fn short(hash: u128) -> u64 {
    (hash & u128::from(u64::MAX)) as u64
}

impl LogIndex {
    /// The index of a log that has no file yet.
    pub(crate) fn empty(path: &str, generation: u64, rows: Rows) -> LogIndex {
        LogIndex {
            version: new_version(),
            generation,
            stamp: None,
            file: None,
            path: path.to_owned(),
            rows,
            version_at_end: 1,
            entries: Vec::new(),
            by_id: HashTable::new(),
            kinds: Vec::new(),
            end: 0,
            lines: 0,
            dead: 0,
            text: Some(Vec::new()),
            recent: Vec::new(),
            recent_from: 0,
            fault: None,
            unfinished: false,
        }
    }

    /// Indexes the first `len` bytes of a file.
    pub(crate) fn of_file(
        path: &str,
        file: Arc<dyn DiskFile>,
        len: u64,
        rows: Rows,
    ) -> Result<LogIndex> {
        let mut index = LogIndex::empty(path, 0, rows);
        let whole = len <= KEEP_TEXT;
        let window = if whole { usize::try_from(len).unwrap_or(WINDOW) } else { WINDOW };
        let mut bytes: Vec<u8> = Vec::new();
        let mut offset = 0;
        while offset < len {
            let want = window.min(usize::try_from(len - offset).unwrap_or(window));
            let start = bytes.len();
            bytes.resize(start + want, 0);
            let read = file.read_at(offset, &mut bytes[start..])?;
            bytes.truncate(start + read);
            offset += read as u64;
            if read == 0 {
                break;
            }
            if !whole {
                let lines = memchr::memrchr(b'\n', &bytes).map_or(0, |at| at + 1);
                index.take_lines(&bytes[..lines]);
                bytes.drain(..lines);
            }
        }
        index.take_lines(&bytes);
        index.text = whole.then_some(bytes);
        index.settle(file, None);
        Ok(index)
    }

    /// Takes bytes that stand at the end of the log: whole lines.
    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        self.take_lines(bytes);
        match &mut self.text {
            Some(text) => text.extend_from_slice(bytes),
            None => self.recent.extend_from_slice(bytes),
        }
    }

    /// Takes the lines that a file lacks which was edited by hand, as if they stood at its end.
    pub(crate) fn extend_edited(&mut self, lines: &str) {
        let joint = if self.unfinished && !lines.is_empty() { "\n" } else { "" };
        self.extend(format!("{joint}{lines}").as_bytes());
    }

    fn take_lines(&mut self, bytes: &[u8]) {
        self.version = new_version();
        let read = par_map(shares(bytes), |(at, share)| lines(at, share).collect::<Vec<_>>());
        for (at, len, line) in read.into_iter().flatten() {
            self.take_line(line, len, self.end + at as u64);
        }
        self.end += bytes.len() as u64;
        self.unfinished = bytes.last().map_or(self.unfinished, |last| *last != b'\n');
    }

    /// The fingerprint of what any query of the log gives.
    pub(crate) fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(std::iter::once(self.version))
    }

    /// Has the log grown since the file's stamp was taken?
    pub(crate) fn has_grown(&self) -> bool {
        self.end > self.recent_from
    }

    fn take_line(&mut self, line: Line<'_>, len: usize, offset: u64) {
        self.lines += 1;
        match line {
            Line::Blank => {}
            // Its rows may say something else: none is read, and none is added.
            Line::Header { version } => {
                self.version_at_end = version.unwrap_or(1);
                let known = self.rows.migrations.check(self.version_at_end, &self.path);
                self.fault = known.err().or(self.fault.take());
            }
            Line::Row { id_hash, kind, created_ms } => {
                let (len, kind) = (u32::try_from(len).unwrap_or(u32::MAX), self.kind_number(&kind));
                let version = u16::try_from(self.version_at_end).unwrap_or(u16::MAX);
                self.take_row(Entry {
                    offset,
                    id_hash,
                    created_ms,
                    len,
                    kind,
                    version,
                    live: true,
                });
            }
            Line::Deleted { id_hash } => self.kill(id_hash),
            Line::Fault { column, problem } => self.note_fault(column, &problem),
        }
    }

    fn note_fault(&mut self, column: usize, problem: &str) {
        let place = format!("{}:{}:{column}", self.path, self.lines);
        let message = format!(
            "{place}: expected one JSON object on this line ({problem}); mend the line or remove it"
        );
        self.fault.get_or_insert_with(|| Error::new(Code::Corrupt, message).path(place));
    }

    fn take_row(&mut self, entry: Entry) {
        match self.position_of(entry.id_hash) {
            Some(at) => {
                self.dead += 1;
                self.entries[at] = entry;
            }
            None => self.add(entry),
        }
    }

    fn add(&mut self, entry: Entry) {
        let number = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        self.entries.push(entry);
        let entries = &self.entries;
        let rehash = |n: &u32| short(entries[*n as usize].id_hash);
        self.by_id.insert_unique(short(entry.id_hash), number, rehash);
    }

    fn kill(&mut self, hash: u128) {
        self.dead += 1;
        if let Some(at) = self.position_of(hash) {
            self.entries[at].live = false;
            self.dead += 1;
            let entries = &self.entries;
            let same = |n: &u32| entries[*n as usize].id_hash == hash;
            if let Ok(found) = self.by_id.find_entry(short(hash), same) {
                found.remove();
            }
        }
    }

    fn kind_number(&mut self, kind: &str) -> u16 {
        let found = self.kinds.iter().position(|k| k == kind).unwrap_or_else(|| {
            self.kinds.push(kind.to_owned());
            self.kinds.len() - 1
        });
        u16::try_from(found).unwrap_or(u16::MAX)
    }

    fn position_of(&self, hash: u128) -> Option<usize> {
        let same = |n: &u32| self.entries[*n as usize].id_hash == hash;
        self.by_id.find(short(hash), same).map(|n| *n as usize)
    }

    /// Is there a live row with this id?
    pub(crate) fn contains(&self, id: &str) -> bool {
        self.position_of(hash_of(id)).is_some()
    }

    /// How many lines of the file hold no live row.
    pub(crate) fn dead(&self) -> usize {
        self.dead
    }

    /// How many live rows there are.
    pub(crate) fn live(&self) -> usize {
        self.by_id.len()
    }

    /// Fails when a line of the log cannot be read.
    pub(crate) fn check(&self) -> Result<()> {
        self.fault.clone().map_or(Ok(()), Err)
    }

    /// Fails for a log of a newer version: nothing is added to it either.
    pub(crate) fn refuse_newer(&self) -> Result<()> {
        match &self.fault {
            Some(fault) if fault.code() == Code::UnsupportedVersion => Err(fault.clone()),
            _ => Ok(()),
        }
    }

    /// The version of rows that would stand behind the last line as it is.
    pub(crate) fn version_at_end(&self) -> u64 {
        self.version_at_end
    }

    /// Are all bytes of the log in memory?
    pub(crate) fn holds_text(&self) -> bool {
        self.text.is_some()
    }

    /// Is the log short enough for its bytes to be kept, and are they not?
    pub(crate) fn lacks_text(&self) -> bool {
        self.text.is_none() && self.end <= KEEP_TEXT
    }

    /// Lets go of the bytes that the file has.
    pub(crate) fn forget_text(&mut self) {
        if self.file.is_some()
            && let Some(text) = self.text.take()
        {
            let from = usize::try_from(self.recent_from).unwrap_or(usize::MAX);
            self.recent = text.get(from..).unwrap_or_default().to_vec();
        }
    }

    /// Bytes of memory that the kept text takes.
    pub(crate) fn text_weight(&self) -> usize {
        self.text.as_ref().map_or(0, Vec::capacity)
    }

    /// Bytes of memory that the index takes besides, roughly.
    pub(crate) fn weight(&self) -> usize {
        self.recent.capacity() + self.entries.capacity() * (size_of::<Entry>() + 8)
    }

    /// The number of live rows of type `kind` and the latest of their times, in milliseconds,
    /// leaving out the rows with the ids in `without`.
    pub(crate) fn count(&self, kind: &str, without: &[String]) -> (u64, Option<i64>) {
        let Some(number) = self.kinds.iter().position(|k| k == kind) else { return (0, None) };
        let gone: Vec<u128> = without.iter().map(|id| hash_of(id)).collect();
        let of_kind = self.entries.iter().filter(|entry| {
            entry.live && usize::from(entry.kind) == number && !gone.contains(&entry.id_hash)
        });
        of_kind
            .fold((0, None), |(count, last), entry| (count + 1, last.max(Some(entry.created_ms))))
    }

    /// The text of the row with this id.
    pub(crate) fn row(&self, id: &str) -> Result<Option<Arc<str>>> {
        self.position_of(hash_of(id)).map(|at| self.read(at)).transpose()
    }

    /// The texts of all live rows, in order.
    pub(crate) fn rows(&self) -> Result<Vec<Arc<str>>> {
        self.select(&LogQuery::default())
    }

    /// The texts of the rows that a query selects, oldest first.
    pub(crate) fn select(&self, query: &LogQuery) -> Result<Vec<Arc<str>>> {
        let chosen = self.choose(query)?;
        let mut rows = Vec::with_capacity(chosen.len());
        self.read_many(&chosen, |text| rows.push(text.into()))?;
        Ok(rows)
    }

    /// The same rows as the text of one JSON list.
    pub(crate) fn select_list(&self, query: &LogQuery) -> Result<String> {
        let chosen = self.choose(query)?;
        let bytes = chosen.iter().map(|at| self.entries[*at].len as usize + 1).sum::<usize>();
        let mut list = String::with_capacity(bytes + 2);
        list.push('[');
        self.read_many(&chosen, |text| {
            list.push_str(text);
            list.push(',');
        })?;
        if list.len() > 1 {
            list.pop();
        }
        list.push(']');
        Ok(list)
    }

    /// The numbers of the rows that a query selects, oldest first.
    fn choose(&self, query: &LogQuery) -> Result<Vec<usize>> {
        let kinds = query.types.as_ref().map(|types| self.kind_numbers(types));
        let wanted = |entry: &Entry| {
            entry.live && kinds.as_ref().is_none_or(|kinds| kinds.contains(&entry.kind))
        };
        let (from, to) = self.range(query)?;
        let inside = self.entries.get(from..to).unwrap_or_default();
        let numbered = inside.iter().enumerate().filter(|(_, e)| wanted(e)).map(|(n, _)| from + n);
        let limit = query.limit.unwrap_or(usize::MAX);
        if query.after.is_some() {
            return Ok(numbered.take(limit).collect());
        }
        let mut chosen: Vec<usize> = numbered.rev().take(limit).collect();
        chosen.reverse();
        Ok(chosen)
    }

    fn kind_numbers(&self, types: &[String]) -> Vec<u16> {
        let numbered = self.kinds.iter().enumerate().filter(|(_, kind)| types.contains(kind));
        numbered.filter_map(|(number, _)| u16::try_from(number).ok()).collect()
    }

    /// The entries that the bounds of a query leave.
    fn range(&self, query: &LogQuery) -> Result<(usize, usize)> {
        let from = match &query.after {
            None => 0,
            Some(LogBound::Id(id)) => self.place_of(id)? + 1,
            Some(LogBound::Time(time)) => {
                let ms = clock::parse_ms(time).unwrap_or(i64::MAX);
                let last = self.entries.iter().rposition(|e| e.created_ms <= ms);
                last.map_or(0, |at| at + 1)
            }
        };
        let to = match &query.before {
            None => self.entries.len(),
            Some(LogBound::Id(id)) => self.place_of(id)?,
            Some(LogBound::Time(time)) => {
                let ms = clock::parse_ms(time).unwrap_or(0);
                let first = self.entries.iter().position(|e| e.created_ms >= ms);
                first.unwrap_or(self.entries.len())
            }
        };
        Ok((from, to.max(from)))
    }

    /// Where a row stands, or stood before it was removed.
    fn place_of(&self, id: &str) -> Result<usize> {
        let hash = hash_of(id);
        let removed = || self.entries.iter().rposition(|entry| entry.id_hash == hash);
        self.position_of(hash).or_else(removed).ok_or_else(|| no_such_row(id))
    }

    fn read(&self, at: usize) -> Result<Arc<str>> {
        let entry = &self.entries[at];
        self.with_bytes(entry.offset, u64::from(entry.len), |bytes| {
            let text = to_text(bytes, &self.path)?;
            Ok(self.migrated(entry, text)?.map_or_else(|| text.into(), Into::into))
        })?
    }

    fn read_many(&self, chosen: &[usize], mut take: impl FnMut(&str)) -> Result<()> {
        let mut at = 0;
        while at < chosen.len() {
            let stop = self.stretch(chosen, at);
            let from = self.entries[chosen[at]].offset;
            let last = &self.entries[chosen[stop - 1]];
            let len = last.offset + u64::from(last.len) - from;
            self.with_bytes(from, len, |bytes| {
                for number in &chosen[at..stop] {
                    let entry = &self.entries[*number];
                    let start = usize::try_from(entry.offset - from).unwrap_or(usize::MAX);
                    let line = bytes.get(start..start + entry.len as usize).unwrap_or_default();
                    let text = to_text(line, &self.path)?;
                    take(self.migrated(entry, text)?.as_deref().unwrap_or(text));
                }
                Ok(())
            })??;
            at = stop;
        }
        Ok(())
    }

    /// The row as it is in the newest version, where it is otherwise.
    fn migrated(&self, entry: &Entry, text: &str) -> Result<Option<String>> {
        let (Rows { model, migrations }, version) = (self.rows, u64::from(entry.version));
        if !migrations.concern(model, version) {
            return Ok(None);
        }
        let mut row = json::parse_object(text).map_err(|_| changed(&self.path))?;
        migrations.migrate(model, version, &mut row);
        Ok(Some(json::compact_object(&row)))
    }

    /// The end of the run of rows from `at` on that one read of bounded size can give.
    fn stretch(&self, chosen: &[usize], at: usize) -> usize {
        let from = self.entries[chosen[at]].offset;
        let mut stop = at + 1;
        while let Some(next) = chosen.get(stop).map(|n| &self.entries[*n]) {
            let previous = self.entries[chosen[stop - 1]].offset;
            let same_source = (previous < self.recent_from) == (next.offset < self.recent_from);
            let near = next.offset > previous && next.offset - from < WINDOW as u64 && same_source;
            if !near {
                break;
            }
            stop += 1;
        }
        stop
    }

    fn with_bytes<T>(&self, offset: u64, len: u64, take: impl FnOnce(&[u8]) -> T) -> Result<T> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let size = usize::try_from(len).unwrap_or(usize::MAX);
        if let Some(kept) = self.text.as_ref().and_then(|t| t.get(start..start + size)) {
            return Ok(take(kept));
        }
        if self.text.is_none() && offset >= self.recent_from {
            let start = usize::try_from(offset - self.recent_from).unwrap_or(usize::MAX);
            return Ok(take(self.recent.get(start..start + size).unwrap_or_default()));
        }
        let mut bytes = vec![0; size];
        let read = match &self.file {
            Some(file) => file.read_at(offset, &mut bytes)?,
            None => 0,
        };
        bytes.truncate(read);
        Ok(take(&bytes))
    }

    /// Tells the index that this file now holds all its bytes.
    pub(crate) fn settle(&mut self, file: Arc<dyn DiskFile>, stamp: Option<Stamp>) {
        self.file = Some(file);
        self.restamp(stamp);
    }

    /// Tells the index that its file now holds all its bytes.
    pub(crate) fn restamp(&mut self, stamp: Option<Stamp>) {
        self.stamp = stamp;
        self.recent = Vec::new();
        self.recent_from = self.end;
    }
}

/// The error of a bound that names no row.
pub(crate) fn no_such_row(id: &str) -> Error {
    let issue = Issue::new("before or after", "the id of a row of this log, or a time", id);
    Error::validation("LogOptions", vec![issue])
}

fn to_text<'b>(bytes: &'b [u8], path: &str) -> Result<&'b str> {
    let text = std::str::from_utf8(bytes).ok().filter(|text| text.starts_with('{'));
    text.ok_or_else(|| changed(path))
}

fn changed(path: &str) -> Error {
    let message = format!("{path} was changed while it was read; read it again");
    Error::new(Code::Corrupt, message).path(path)
}
