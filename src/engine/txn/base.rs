//! Which engine a view asks: the only place above the engines that names them.

use std::borrow::Cow;
use std::sync::Arc;

use crate::catalogue::{Access, Catalogue, Counted, IndexKey, ModelId};
use crate::engine::committed::{Committed, Listed, LogEnd, Models, Question, RowCount, Which};
use crate::engine::fingerprint::Fingerprint;
use crate::engine::folder::Folder;
use crate::engine::logs::{LogChanges, LogKey, LogQuery};
use crate::engine::memory::{Order, Record};
#[cfg(feature = "database")]
use crate::engine::sql::Database;
use crate::error::{Error, Result};

/// Whom a view asks for what is committed.
#[derive(Clone, Copy)]
pub(crate) enum Base<'a> {
    Folder(&'a Folder<'a>),
    #[cfg(feature = "database")]
    Database(&'a Database<'a>),
}

impl<'a> From<&'a Folder<'a>> for Base<'a> {
    fn from(folder: &'a Folder<'a>) -> Base<'a> {
        Base::Folder(folder)
    }
}

/// Asks whichever it is.
macro_rules! ask {
    ($base:ident, $one:ident => $question:expr) => {
        match $base {
            Base::Folder($one) => $question,
            #[cfg(feature = "database")]
            Base::Database($one) => $question,
        }
    };
}

impl Committed for Base<'_> {
    fn catalogue(&self) -> &Arc<Catalogue> {
        ask!(self, one => one.catalogue())
    }

    fn may_wait(&self) -> bool {
        ask!(self, one => one.may_wait())
    }

    fn may_repeat(&self) -> bool {
        ask!(self, one => one.may_repeat())
    }

    fn give_up(&self) -> Error {
        ask!(self, one => one.give_up())
    }

    fn foresees(&self) -> bool {
        ask!(self, one => one.foresees())
    }

    fn foresee(&self, questions: &[Question<'_>]) {
        ask!(self, one => one.foresee(questions));
    }

    fn single(&self) -> Option<ModelId> {
        ask!(self, one => one.single())
    }

    fn fingerprint_of(&self, models: Models) -> Option<Fingerprint> {
        ask!(self, one => one.fingerprint_of(models))
    }

    fn path_of(&self, model: ModelId, key: &str, log_owner: Option<&str>) -> Option<String> {
        ask!(self, one => one.path_of(model, key, log_owner))
    }

    fn get(&self, model: ModelId, key: &str) -> Result<Option<Arc<Record>>> {
        ask!(self, one => one.get(model, key))
    }

    fn order_of(&self, model: ModelId, key: &str) -> Result<Option<Order>> {
        ask!(self, one => one.order_of(model, key))
    }

    fn next_sequence(&self, model: ModelId) -> u64 {
        ask!(self, one => one.next_sequence(model))
    }

    fn same_but_case(&self, model: ModelId, key: &str) -> Result<Option<Cow<'_, str>>> {
        ask!(self, one => one.same_but_case(model, key))
    }

    fn names_files(&self, model: ModelId) -> bool {
        ask!(self, one => one.names_files(model))
    }

    fn gone_in_other_case(&self, model: ModelId, key: &str) -> Option<&str> {
        ask!(self, one => one.gone_in_other_case(model, key))
    }

    fn first(&self, model: ModelId) -> Result<Option<Cow<'_, str>>> {
        ask!(self, one => one.first(model))
    }

    fn records(&self, model: ModelId, which: Which<'_>) -> Result<Vec<Arc<Record>>> {
        ask!(self, one => one.records(model, which))
    }

    fn ordered(&self, model: ModelId, which: Which<'_>) -> Result<Vec<(Order, Arc<Record>)>> {
        ask!(self, one => one.ordered(model, which))
    }

    fn walk<'v>(
        &'v self,
        model: ModelId,
        access: &'v Access,
        wanted: Option<usize>,
    ) -> Result<Box<dyn Iterator<Item = Arc<Record>> + 'v>> {
        ask!(self, one => one.walk(model, access, wanted))
    }

    fn has_counts(&self) -> bool {
        ask!(self, one => one.has_counts())
    }

    fn about_under(&self, model: ModelId, index: usize, key: &str) -> usize {
        ask!(self, one => one.about_under(model, index, key))
    }

    fn len(&self, model: ModelId) -> usize {
        ask!(self, one => one.len(model))
    }

    fn count(&self, model: ModelId) -> usize {
        ask!(self, one => one.count(model))
    }

    fn count_under(&self, model: ModelId, index: usize, key: &str) -> usize {
        ask!(self, one => one.count_under(model, index, key))
    }

    fn log(
        &self,
        key: &LogKey,
        query: &LogQuery,
        changes: Option<&LogChanges>,
        may_look: impl Fn(usize) -> Result<()>,
    ) -> Result<Vec<Arc<str>>> {
        ask!(self, one => one.log(key, query, changes, may_look))
    }

    fn readable_rows(&self, key: &LogKey) -> Result<(Vec<Arc<str>>, Vec<Error>)> {
        ask!(self, one => one.readable_rows(key))
    }

    fn log_count(
        &self,
        key: &LogKey,
        query: &LogQuery,
        changes: Option<&LogChanges>,
    ) -> Result<usize> {
        ask!(self, one => one.log_count(key, query, changes))
    }

    fn log_list(
        &self,
        key: &LogKey,
        query: &LogQuery,
        changes: Option<&LogChanges>,
        known: Option<Fingerprint>,
        may_answer: impl Fn(usize) -> Result<()>,
    ) -> Result<Listed> {
        ask!(self, one => one.log_list(key, query, changes, known, may_answer))
    }

    fn log_row(&self, key: &LogKey, id: &str) -> Result<Option<Arc<str>>> {
        ask!(self, one => one.log_row(key, id))
    }

    fn has_row(&self, key: &LogKey, id: &str) -> Result<bool> {
        ask!(self, one => one.has_row(key, id))
    }

    fn log_len(&self, key: &LogKey) -> Result<u64> {
        ask!(self, one => one.log_len(key))
    }

    fn log_end(&self, key: &LogKey) -> Result<LogEnd> {
        ask!(self, one => one.log_end(key))
    }

    fn counts_of(
        &self,
        key: &LogKey,
        owner: &Record,
        counted: &Counted,
    ) -> Result<Option<(u64, Option<String>)>> {
        ask!(self, one => one.counts_of(key, owner, counted))
    }

    fn count_rows(
        &self,
        key: &LogKey,
        changes: Option<&LogChanges>,
        without: &[String],
    ) -> Result<RowCount> {
        ask!(self, one => one.count_rows(key, changes, without))
    }

    fn owners_of_row(&self, model: ModelId, id: &str) -> Result<Vec<Box<str>>> {
        ask!(self, one => one.owners_of_row(model, id))
    }

    fn unsure_owners(&self, model: ModelId, id: &str) -> Result<Vec<Box<str>>> {
        ask!(self, one => one.unsure_owners(model, id))
    }

    fn is_whole(&self, model: ModelId) -> bool {
        ask!(self, one => one.is_whole(model))
    }

    fn unreadable(&self, model: ModelId) -> usize {
        ask!(self, one => one.unreadable(model))
    }

    fn leave_out_unreadable(&self, model: ModelId, records: &mut Vec<Arc<Record>>) {
        ask!(self, one => one.leave_out_unreadable(model, records))
    }

    fn check_list(&self, model: ModelId) -> Result<()> {
        ask!(self, one => one.check_list(model))
    }

    fn check_whole(&self, model: ModelId) -> Result<()> {
        ask!(self, one => one.check_whole(model))
    }

    fn check_place(&self, model: ModelId) -> Result<()> {
        ask!(self, one => one.check_place(model))
    }

    fn check_readable(&self, model: ModelId, key: &str, exists: bool) -> Result<()> {
        ask!(self, one => one.check_readable(model, key, exists))
    }

    fn check_free(
        &self,
        model: ModelId,
        index: usize,
        key: IndexKey<'_>,
        except: &str,
    ) -> Result<()> {
        ask!(self, one => one.check_free(model, index, key, except))
    }
}
