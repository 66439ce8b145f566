//! The rows of one log as a reader sees them: committed, or with the uncommitted changes of a
//! transaction on top.

use std::borrow::Cow;
use std::sync::Arc;

use crate::error::{Code, Error, Result};
use crate::{json, jsonl};

use super::index::{LogIndex, Rows, WINDOW};
use super::lines::{KEY, Line};
use super::query::{LogQuery, choose};
use super::table::{Entry, Table, changed};

/// JavaScript knows no longer text.
const LONGEST_ANSWER: usize = 512 << 20;

impl LogIndex {
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
            let deleted = text.is_none().then(|| jsonl::deleted(KEY, id));
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

    /// The texts of the rows that a query selects, oldest first; `may_look` is asked whether so many bytes may
    /// be given.
    ///
    /// # Errors
    /// As for [`choose`]; those of `may_look` and of the disk.
    pub(crate) fn select(
        &self,
        query: &LogQuery,
        may_look: impl FnOnce(usize) -> Result<()>,
    ) -> Result<Vec<Arc<str>>> {
        let chosen = choose(&self.table, query)?;
        may_look(chosen.iter().map(|at| self.entry(*at).len as usize).sum())?;
        let mut rows = Vec::with_capacity(chosen.len());
        self.read(&chosen, |text| rows.push(text.into()))?;
        Ok(rows)
    }

    /// How many rows a query selects.
    ///
    /// # Errors
    /// As for [`choose`].
    pub(crate) fn count_of(&self, query: &LogQuery) -> Result<usize> {
        choose(&self.table, query).map(|chosen| chosen.len())
    }

    /// The same rows as the text of one JSON list.
    ///
    /// # Errors
    /// As for [`LogRows::select`]; `TOO_LARGE` for more than JavaScript could take.
    pub(crate) fn select_list(
        &self,
        query: &LogQuery,
        may_answer: impl FnOnce(usize) -> Result<()>,
    ) -> Result<String> {
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
        may_answer(bytes)?;
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
