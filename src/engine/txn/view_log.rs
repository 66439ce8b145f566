//! What a view sees of logs: committed, or with the uncommitted changes of a transaction.

use std::sync::Arc;

use super::view::View;
use crate::catalogue::ModelId;
use crate::engine::committed::{Committed, Listed, Question};
use crate::engine::logs::{LogChanges, LogKey, LogQuery};
use crate::error::{Error, Result};

impl View<'_> {
    /// The texts of the rows of a log that a query selects, oldest first.
    ///
    /// # Errors
    /// `CORRUPT` when a line that may be one of them cannot be read, or nobody knows whether the
    /// owner is there; `VALIDATION` for a bound that names no row; `IO` as for [`View::text_of`].
    pub fn log(&self, model: ModelId, owner: &str, query: &LogQuery) -> Result<Vec<Arc<str>>> {
        let key: LogKey = (model, owner.into());
        self.foresee_rows(&key, query)?;
        if !self.owns_log(model, owner)? {
            return Ok(Vec::new());
        }
        self.base.log(&key, query, self.changes_of(&key), |bytes| self.may_look(bytes))
    }

    /// The committed rows of a log that can be read, oldest first, and what is wrong with the other lines: for
    /// those who look after a folder. An answer of a call leaves nothing out.
    ///
    /// # Errors
    /// `CORRUPT` when nobody knows whether the owner is there; `UNSUPPORTED_VERSION` for a log of a newer
    /// version; those of the disk.
    pub(crate) fn readable_log(
        &self,
        model: ModelId,
        owner: &str,
    ) -> Result<(Vec<Arc<str>>, Vec<Error>)> {
        if !self.owns_log(model, owner)? {
            return Ok((Vec::new(), Vec::new()));
        }
        self.base.readable_rows(&(model, owner.into()))
    }

    /// How many rows of a log a query selects.
    ///
    /// # Errors
    /// As for [`View::log`].
    pub fn log_count(&self, model: ModelId, owner: &str, query: &LogQuery) -> Result<usize> {
        if !self.owns_log(model, owner)? {
            return Ok(0);
        }
        let key: LogKey = (model, owner.into());
        self.base.log_count(&key, query, self.changes_of(&key))
    }

    /// The same rows as [`View::log`] gives, as the text of one JSON list.
    ///
    /// # Errors
    /// As for [`View::log`].
    pub fn log_list(&self, model: ModelId, owner: &str, query: &LogQuery) -> Result<Listed> {
        let key: LogKey = (model, owner.into());
        self.foresee_rows(&key, query)?;
        if !self.owns_log(model, owner)? {
            return Ok(Listed { print: None, text: Some("[]".to_owned()) });
        }
        let may_answer = |bytes| self.may_answer(bytes);
        self.base.log_list(&key, query, self.changes_of(&key), self.known(), may_answer)
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
        let changes = self.changes_of(&key);
        if let Some(row) = changes.and_then(|changes| changes.row(id)) {
            return Ok(row);
        }
        if changes.is_some_and(|changes| changes.fresh) {
            return Ok(None);
        }
        self.base.log_row(&key, id)
    }

    /// Asks at once for the owner of a log and its rows.
    fn foresee_rows(&self, key: &LogKey, query: &LogQuery) -> Result<()> {
        if self.base.foresees() && self.changes_of(key).is_none() {
            let owners = self.catalogue().owner_of_log(key.0)?;
            self.base.foresee(&[Question::Key(owners, &key.1), Question::Rows(key, query)]);
        }
        Ok(())
    }

    /// Is there a record to whom such a log belongs? The file of a removed one may still be there.
    fn owns_log(&self, model: ModelId, owner: &str) -> Result<bool> {
        let owners = self.catalogue().owner_of_log(model)?;
        // One that cannot be read is told.
        Ok(self.exists(owners, owner, None)? || self.get(owners, owner)?.is_some())
    }

    /// What a transaction has changed of a log.
    pub(super) fn changes_of(&self, key: &LogKey) -> Option<&LogChanges> {
        self.overlay.and_then(|overlay| overlay.log(key))
    }
}
