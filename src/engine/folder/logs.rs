//! The logs of a folder: committed, or with the uncommitted changes of a transaction, by the same
//! evaluator.

use std::sync::Arc;

use super::Folder;
use crate::catalogue::Counted;
use crate::disk::{Access, SafePath};
use crate::engine::committed::{Listed, LogEnd, RowCount};
use crate::engine::fingerprint::Fingerprint;
use crate::engine::logs::{LogChanges, LogIndex, LogKey, LogQuery, LogRows, LogSite, Need, Source};
use crate::error::{Error, Result};
use crate::jsonl;

impl Folder<'_> {
    pub(super) fn select(
        &self,
        key: &LogKey,
        query: &LogQuery,
        changes: Option<&LogChanges>,
        may_look: impl Fn(usize) -> Result<()>,
    ) -> Result<Vec<Arc<str>>> {
        self.with_rows(key, Need::Texts, changes, |rows| rows.select(query, may_look))
    }

    pub(super) fn count_selected(
        &self,
        key: &LogKey,
        query: &LogQuery,
        changes: Option<&LogChanges>,
    ) -> Result<usize> {
        self.with_rows(key, Need::Ids, changes, |rows| rows.count_of(query))
    }

    pub(super) fn select_list(
        &self,
        key: &LogKey,
        query: &LogQuery,
        changes: Option<&LogChanges>,
        known: Option<Fingerprint>,
        may_answer: impl Fn(usize) -> Result<()>,
    ) -> Result<Listed> {
        if changes.is_some() {
            let select = |rows: &LogRows<'_>| rows.select_list(query, may_answer);
            let text = self.with_rows(key, Need::Texts, changes, select)?;
            return Ok(Listed { print: None, text: Some(text) });
        }
        if let Some(print) = known
            && self.log_fingerprint(key)? == Some(print)
        {
            return Ok(Listed { print: Some(print), text: None });
        }
        self.with_log(key, Need::Texts, |index| {
            let text = index.committed().select_list(query, may_answer)?;
            Ok(Listed { print: Some(index.fingerprint()), text: Some(text) })
        })
    }

    pub(super) fn row(&self, key: &LogKey, id: &str) -> Result<Option<Arc<str>>> {
        self.with_log(key, Need::Texts, |index| index.committed().row(id))
    }

    /// The rows that can be read, and what is wrong with the other lines.
    pub(super) fn readable(&self, key: &LogKey) -> Result<(Vec<Arc<str>>, Vec<Error>)> {
        self.with_log(key, Need::Texts, |index| {
            index.refuse_newer()?;
            let mut rows = Vec::new();
            index.committed().visit(|row| rows.push(row.into()))?;
            Ok((rows, index.faults().cloned().collect()))
        })
    }

    pub(super) fn contains(&self, key: &LogKey, id: &str) -> Result<bool> {
        self.with_log(key, Need::Presence, |index| index.contains(id))
    }

    /// The fingerprint of a committed log, where its index is in memory.
    fn log_fingerprint(&self, key: &LogKey) -> Result<Option<Fingerprint>> {
        let path = self.state.layout.log_path(key.0, &key.1)?;
        if self.state.is_leftover(key) {
            return Ok(None);
        }
        self.files.logs.fingerprint(self.site(key, &path), self.source)
    }

    fn site<'b>(&'b self, key: &'b LogKey, path: &'b SafePath) -> LogSite<'b> {
        let (disk, catalogue) = (self.files.disk, &self.state.catalogue);
        LogSite { disk, catalogue, key, path, pending: self.state.logs.get(key) }
    }

    /// Calls `read` with the index of a committed log.
    pub(crate) fn with_log<T>(
        &self,
        key: &LogKey,
        need: Need,
        read: impl FnOnce(&LogIndex) -> Result<T>,
    ) -> Result<T> {
        let path = self.state.layout.log_path(key.0, &key.1)?;
        if self.state.is_leftover(key) {
            return read(&self.no_log(key, &path));
        }
        let site = self.site(key, &path);
        let may_suspect = self.may_suspect() && site.pending.is_none();
        if self.source == Source::Disk && may_suspect && self.is_log_edited(&path)? {
            // What the log was before may still be in memory: the edit is told first.
            self.suspect(path);
            return Err(self.needs());
        }
        let answer = self.files.logs.with(site, (self.source, need), read)?;
        answer.ok_or_else(|| self.needs())
    }

    fn is_log_edited(&self, path: &SafePath) -> Result<bool> {
        let files = &self.files;
        if files.stamps.are_of(files.disk, path)? {
            return Ok(false);
        }
        let now = files.disk.stamp(path)?;
        let counted = files.counted.is_counted(files.disk, path, now);
        if counted {
            files.stamps.know(path.clone(), now);
        }
        Ok(!counted)
    }

    fn no_log(&self, key: &LogKey, path: &SafePath) -> LogIndex {
        LogIndex::empty(path.as_str(), 0, self.files.logs.rows(&self.state.catalogue, key.0))
    }

    /// Calls `read` with the rows of a log as a transaction has them that has changed it.
    fn with_rows<T>(
        &self,
        key: &LogKey,
        need: Need,
        changes: Option<&LogChanges>,
        read: impl FnOnce(&LogRows<'_>) -> Result<T>,
    ) -> Result<T> {
        let Some(changes) = changes else {
            return self.with_log(key, need, |index| read(&index.committed()));
        };
        if changes.fresh {
            let path = self.state.layout.log_path(key.0, &key.1)?;
            return read(&self.no_log(key, &path).changed(changes.rows()));
        }
        self.with_log(key, need, |index| read(&index.changed(changes.rows())))
    }

    pub(super) fn count_all(
        &self,
        key: &LogKey,
        changes: Option<&LogChanges>,
        without: &[String],
    ) -> Result<RowCount> {
        self.with_rows(key, Need::Ids, changes, |rows| {
            let (staying, last_ms) = rows.count(without);
            Ok(RowCount { all: rows.count(&[]).0, staying, last_ms, is_whole: rows.are_whole() })
        })
    }

    /// Does a log's owner say how many rows it has? Not where its file was edited by hand.
    pub(super) fn is_counted(&self, key: &LogKey, counted: &Counted) -> Result<bool> {
        let (state, files) = (self.state, &self.files);
        if state.logs.contains_key(key) || counted.fields.is_none() || state.is_leftover(key) {
            return Ok(true);
        }
        self.may_use_disk()?;
        let path = state.layout.log_path(key.0, &key.1)?;
        let now = files.disk.stamp(&path)?;
        let is_counted = files.counted.is_counted(files.disk, &path, now);
        if !is_counted {
            files.logs.forget(key);
        }
        Ok(is_counted)
    }

    fn may_use_disk(&self) -> Result<()> {
        if self.source == Source::Memory { Err(self.needs()) } else { Ok(()) }
    }

    pub(super) fn end(&self, key: &LogKey) -> Result<LogEnd> {
        let state = self.state;
        if let Some(pending) = state.logs.get(key) {
            return Ok(LogEnd::whole(pending.end));
        }
        self.may_use_disk()?;
        let path = state.layout.log_path(key.0, &key.1)?;
        let len = self.files.disk.stamp(&path)?.map_or(0, |stamp| stamp.len);
        if len == 0 || state.is_leftover(key) {
            return Ok(LogEnd { fresh: true, ..LogEnd::whole(0) });
        }
        let mut last = [0];
        let file = self.files.disk.open(&path, Access::Read)?;
        file.read_at(len - 1, &mut last)?;
        let mut first = [0; jsonl::LONGEST_HEADER];
        let read = file.read_at(0, &mut first)?;
        let (migrations, version) =
            (state.catalogue.migrations, jsonl::first_version(&first[..read]));
        migrations.check(version, path.as_str())?;
        let newest = |index: &LogIndex| Ok(index.version_at_end());
        let older = version < migrations.version()
            && self.with_log(key, Need::Ids, newest)? < migrations.version();
        Ok(LogEnd { offset: len, fresh: false, unfinished: last != [b'\n'], older })
    }
}
