//! What a view sees of logs: committed, or with the uncommitted changes of a transaction, by the same
//! evaluator.

use std::sync::Arc;

use super::view::View;
use crate::catalogue::ModelId;
use crate::disk::SafePath;
use crate::engine::fingerprint::Fingerprint;
use crate::engine::logs::{LogIndex, LogKey, LogQuery, LogRows, LogSite, Need, Source};
use crate::error::Result;

/// The rows of a log that a query selects.
pub struct Listed {
    /// Their fingerprint; none where a transaction has changed them.
    pub print: Option<Fingerprint>,
    /// The text of a JSON list; none when the caller has it already.
    pub text: Option<String>,
}

impl View<'_> {
    /// The texts of the rows of a log that a query selects, oldest first.
    ///
    /// # Errors
    /// `CORRUPT` when a line that may be one of them cannot be read, or nobody knows whether the
    /// owner is there; `VALIDATION` for a bound that names no row; `IO` as for [`View::text_of`].
    pub fn log(&self, model: ModelId, owner: &str, query: &LogQuery) -> Result<Vec<Arc<str>>> {
        if !self.owns_log(model, owner)? {
            return Ok(Vec::new());
        }
        let key = (model, owner.into());
        self.with_rows(&key, Need::Texts, |rows| rows.select(query, |bytes| self.may_look(bytes)))
    }

    /// How many rows of a log a query selects.
    ///
    /// # Errors
    /// As for [`View::log`].
    pub fn log_count(&self, model: ModelId, owner: &str, query: &LogQuery) -> Result<usize> {
        if !self.owns_log(model, owner)? {
            return Ok(0);
        }
        self.with_rows(&(model, owner.into()), Need::Ids, |rows| rows.count_of(query))
    }

    /// The same rows as [`View::log`] gives, as the text of one JSON list.
    ///
    /// # Errors
    /// As for [`View::log`].
    pub fn log_list(&self, model: ModelId, owner: &str, query: &LogQuery) -> Result<Listed> {
        if !self.owns_log(model, owner)? {
            return Ok(Listed { print: None, text: Some("[]".to_owned()) });
        }
        let key: LogKey = (model, owner.into());
        if self.overlay.is_some_and(|overlay| overlay.log(&key).is_some()) {
            let may_answer = |bytes| self.may_answer(bytes);
            let text =
                self.with_rows(&key, Need::Texts, |rows| rows.select_list(query, may_answer))?;
            return Ok(Listed { print: None, text: Some(text) });
        }
        if let Some(print) = self.known()
            && self.log_fingerprint(&key)? == Some(print)
        {
            return Ok(Listed { print: Some(print), text: None });
        }
        self.with_log(&key, Need::Texts, |index| {
            let text = index.committed().select_list(query, |bytes| self.may_answer(bytes))?;
            Ok(Listed { print: Some(index.fingerprint()), text: Some(text) })
        })
    }

    /// The text of the row with this id.
    ///
    /// # Errors
    /// `CORRUPT` when a line that may be that row cannot be read; those of the disk.
    pub fn log_row(&self, model: ModelId, owner: &str, id: &str) -> Result<Option<Arc<str>>> {
        if !self.owns_log(model, owner)? {
            return Ok(None);
        }
        let key: LogKey = (model, owner.into());
        let changes = self.overlay.and_then(|overlay| overlay.log(&key));
        if let Some(row) = changes.and_then(|changes| changes.row(id)) {
            return Ok(row);
        }
        if changes.is_some_and(|changes| changes.fresh) {
            return Ok(None);
        }
        self.with_log(&key, Need::Texts, |index| index.committed().row(id))
    }

    /// Is there a record to whom such a log belongs? The file of a removed one may still be there.
    fn owns_log(&self, model: ModelId, owner: &str) -> Result<bool> {
        let owners = self.state.layout.log_place(model)?.owner;
        // One that cannot be read is told.
        Ok(self.exists(owners, owner, None)? || self.get(owners, owner)?.is_some())
    }

    /// The fingerprint of a committed log, where its index is in memory.
    fn log_fingerprint(&self, key: &LogKey) -> Result<Option<Fingerprint>> {
        let path = self.state.layout.log_path(key.0, &key.1)?;
        if self.state.is_leftover(key) {
            return Ok(None);
        }
        self.context.logs.fingerprint(self.site(key, &path), self.source)
    }

    fn site<'b>(&'b self, key: &'b LogKey, path: &'b SafePath) -> LogSite<'b> {
        let pending = self.state.logs.get(key);
        LogSite { disk: self.context.disk, catalogue: self.catalogue(), key, path, pending }
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
        let (context, site) = (&self.context, self.site(key, &path));
        let may_suspect = self.may_suspect() && site.pending.is_none();
        if self.source == Source::Disk && may_suspect && self.is_log_edited(&path)? {
            // What the log was before may still be in memory: the edit is told first.
            self.suspect(path);
            return Err(self.give_up());
        }
        let answer = context.logs.with(site, (self.source, need), read)?;
        answer.ok_or_else(|| self.give_up())
    }

    fn is_log_edited(&self, path: &SafePath) -> Result<bool> {
        let context = &self.context;
        if context.stamps.are_of(context.disk, path)? {
            return Ok(false);
        }
        let now = context.disk.stamp(path)?;
        let counted = context.counted.is_counted(context.disk, path, now);
        if counted {
            context.stamps.know(path.clone(), now);
        }
        Ok(!counted)
    }

    fn no_log(&self, key: &LogKey, path: &SafePath) -> LogIndex {
        LogIndex::empty(path.as_str(), 0, self.context.logs.rows(self.catalogue(), key.0))
    }

    /// Calls `read` with the rows of a log as this view has them.
    pub(crate) fn with_rows<T>(
        &self,
        key: &LogKey,
        need: Need,
        read: impl FnOnce(&LogRows<'_>) -> Result<T>,
    ) -> Result<T> {
        let Some(changes) = self.overlay.and_then(|overlay| overlay.log(key)) else {
            return self.with_log(key, need, |index| read(&index.committed()));
        };
        if changes.fresh {
            let path = self.state.layout.log_path(key.0, &key.1)?;
            return read(&self.no_log(key, &path).changed(changes.rows()));
        }
        self.with_log(key, need, |index| read(&index.changed(changes.rows())))
    }
}
