//! What a view asks of whatever is committed, wherever that is kept: all that calls, queries, uniques
//! and relations stand on.
//!
//! A view lays the uncommitted changes of a transaction over the answers, so nobody here knows of
//! them, but where the rows of a log are selected. Where [`Committed::may_wait`] is false, an answer that would
//! have to wait is given up.

use std::borrow::Cow;
use std::sync::Arc;

use crate::catalogue::{Access, Catalogue, Counted, IndexKey, ModelId};
#[cfg(feature = "database")]
use crate::error::Code;
use crate::error::{Error, Result};

use super::fingerprint::{BITS, Fingerprint};
use super::logs::{LogChanges, LogKey, LogQuery};
use super::memory::{Order, Record};

/// The error of something that only a store in a folder has.
#[cfg(feature = "database")]
pub(crate) fn only_in_folder(what: &str) -> Error {
    let message = format!(
        "{what} is of stores in a folder, and this one is in a database; see docs/scaling.md"
    );
    Error::new(Code::OnlyInFolder, message)
}

/// Some records of a model.
#[derive(Clone, Copy)]
pub(crate) enum Which<'k> {
    /// All.
    All,
    /// Those with a key in the index of this number.
    Under(usize, IndexKey<'k>),
    /// Those on a way to them.
    On(&'k Access),
}

/// Some of the first models of a catalogue, a bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Models(u64);

impl Models {
    /// These models; nothing where one is behind the first 52, for a number of JavaScript's holds no more.
    pub(crate) fn of(models: impl Iterator<Item = ModelId>) -> Option<Models> {
        let mut bits = models.map(|model| (u32::from(model.0) < BITS).then(|| 1_u64 << model.0));
        bits.try_fold(0, |all, bit| Some(all | bit?)).map(Models)
    }

    /// Those that a caller was told before.
    pub fn known(number: u64) -> Models {
        Models(number)
    }

    /// As a whole number below 2^52.
    pub fn number(self) -> u64 {
        self.0
    }

    /// Each of them, in order.
    pub(crate) fn iter(self) -> impl Iterator<Item = ModelId> {
        (0_u16..).take(BITS as usize).filter(move |bit| self.0 >> bit & 1 == 1).map(ModelId)
    }
}

/// The rows of a log that a query selects.
pub struct Listed {
    /// Their fingerprint; none where a transaction has changed them.
    pub print: Option<Fingerprint>,
    /// The text of a JSON list; none when the caller has it already.
    pub text: Option<String>,
}

/// The end of a log, as the next line finds it.
pub(crate) struct LogEnd {
    pub(crate) offset: u64,
    pub(crate) fresh: bool,
    /// Does the last line lack its line feed?
    pub(crate) unfinished: bool,
    /// Are its rows of an older version than the next one?
    pub(crate) older: bool,
}

impl LogEnd {
    /// One that takes the next line as it is.
    pub(crate) fn whole(offset: u64) -> LogEnd {
        LogEnd { offset, fresh: false, unfinished: false, older: false }
    }
}

/// How many rows of a log are counted.
pub(crate) struct RowCount {
    /// All of them.
    pub(crate) all: u64,
    /// Those that stay.
    pub(crate) staying: u64,
    /// The latest time of one that stays, in milliseconds since 1970.
    pub(crate) last_ms: Option<i64>,
    /// Could every row be read?
    pub(crate) is_whole: bool,
}

/// How many records are expected under a key, where nobody knows.
pub(crate) const SOME: usize = 100;

/// What a change is about to ask.
#[derive(Clone, Copy)]
#[cfg_attr(
    not(feature = "database"),
    expect(dead_code, reason = "a folder knows every answer without being asked beforehand")
)]
pub(crate) enum Question<'q> {
    /// Which record has this key, as [`Committed::get`] and [`Committed::order_of`] ask.
    Key(ModelId, &'q str),
    /// As [`Committed::same_but_case`] asks.
    Case(ModelId, &'q str),
    /// Which records have this key in the index of this number.
    Under(ModelId, usize, IndexKey<'q>),
    /// How many have it, as [`Committed::count_under`] asks.
    Count(ModelId, usize, &'q str),
    /// Which rows of a log a query selects, as [`Committed::log`] asks.
    Rows(&'q LogKey, &'q LogQuery),
}

/// What is committed, at one moment.
///
/// Only files can be spoilt, or edited while nobody looks: what asks for that has an answer already for
/// whoever keeps no files. A question that gives no error may fail all the same where it is asked over a
/// network: then nothing that the call answers or changes counts, as whoever runs it knows.
pub(crate) trait Committed {
    /// The catalogue of all models.
    fn catalogue(&self) -> &Arc<Catalogue>;

    /// May an answer wait, for the disk for example?
    fn may_wait(&self) -> bool {
        true
    }

    /// May a change be made again, because it collided with another one?
    fn may_repeat(&self) -> bool {
        false
    }

    /// What a call fails with that must be made again where it may wait.
    fn give_up(&self) -> Error;

    /// Does it save time to say beforehand what will be asked?
    fn foresees(&self) -> bool {
        false
    }

    /// Asks what is about to be asked, all at once; what fails is told by the questions themselves.
    fn foresee(&self, questions: &[Question<'_>]) {
        let _ = questions;
    }

    /// The model whose one record comes with the first change of a store.
    fn single(&self) -> Option<ModelId>;

    /// The fingerprint of any answer that is made of the records and logs of these models alone;
    /// nothing where they may change without anybody being told.
    fn fingerprint_of(&self, models: Models) -> Option<Fingerprint> {
        let _ = models;
        None
    }

    /// The file that a record, or the row of a log with this owner, stands in, from the data folder on;
    /// none where there are no files.
    fn path_of(&self, model: ModelId, key: &str, log_owner: Option<&str>) -> Option<String> {
        let _ = (model, key, log_owner);
        None
    }

    /// The record with this key.
    ///
    /// # Errors
    /// `CORRUPT` when its place cannot be read.
    fn get(&self, model: ModelId, key: &str) -> Result<Option<Arc<Record>>>;

    /// The place of a key in creation order; `None` where there is no such record.
    ///
    /// # Errors
    /// Those of reading.
    fn order_of(&self, model: ModelId, key: &str) -> Result<Option<Order>>;

    /// The number that the next new record of a model has in the order of commits.
    fn next_sequence(&self, model: ModelId) -> u64;

    /// An existing key that differs from `key` in case only.
    ///
    /// # Errors
    /// Those of reading.
    fn same_but_case(&self, model: ModelId, key: &str) -> Result<Option<Cow<'_, str>>>;

    /// Has a file the name of each key of a model?
    fn names_files(&self, model: ModelId) -> bool {
        let _ = model;
        false
    }

    /// A key that differs from `key` in case only, and whose record has gone, but not yet its file.
    fn gone_in_other_case(&self, model: ModelId, key: &str) -> Option<&str> {
        let _ = (model, key);
        None
    }

    /// The key of the record that counts as the first of its model, where that is known.
    ///
    /// # Errors
    /// Those of reading.
    fn first(&self, model: ModelId) -> Result<Option<Cow<'_, str>>>;

    /// Some records in creation order, those that cannot be read among them.
    ///
    /// # Errors
    /// Those of reading.
    fn records(&self, model: ModelId, which: Which<'_>) -> Result<Vec<Arc<Record>>>;

    /// The same, or those on a way in its order, each with its place in creation order.
    ///
    /// # Errors
    /// Those of reading.
    fn ordered(&self, model: ModelId, which: Which<'_>) -> Result<Vec<(Order, Arc<Record>)>>;

    /// The records on a way to them, one after the other, but for those that cannot be read. So many are
    /// expected to be `wanted`, where anybody knows; more may be had.
    ///
    /// # Errors
    /// Those of reading.
    fn walk<'v>(
        &'v self,
        model: ModelId,
        access: &'v Access,
        wanted: Option<usize>,
    ) -> Result<Box<dyn Iterator<Item = Arc<Record>> + 'v>>;

    /// Is it known at once how many records there are under a key?
    fn has_counts(&self) -> bool {
        true
    }

    /// About how many records have a key in the index of this number, where that is not known at once: with one
    /// question at most, and as it was a while ago.
    fn about_under(&self, model: ModelId, index: usize, key: &str) -> usize {
        self.count_under(model, index, key)
    }

    /// How many records there are.
    fn len(&self, model: ModelId) -> usize;

    /// How many of them can be read.
    fn count(&self, model: ModelId) -> usize;

    /// How many readable records have a key in the index of this number.
    fn count_under(&self, model: ModelId, index: usize, key: &str) -> usize;

    /// The rows of a log that a query selects, oldest first, with what a transaction has changed. `may_look`
    /// is asked whether so many bytes may be given.
    ///
    /// # Errors
    /// `CORRUPT` when a line that may be one of them cannot be read; `VALIDATION` for a bound that names
    /// no row; those of `may_look`.
    fn log(
        &self,
        key: &LogKey,
        query: &LogQuery,
        changes: Option<&LogChanges>,
        may_look: impl Fn(usize) -> Result<()>,
    ) -> Result<Vec<Arc<str>>>;

    /// The rows of a log that can be read, oldest first, and what is wrong with the other lines.
    ///
    /// # Errors
    /// `UNSUPPORTED_VERSION` for a log of a newer version; those of reading.
    fn readable_rows(&self, key: &LogKey) -> Result<(Vec<Arc<str>>, Vec<Error>)> {
        Ok((self.log(key, &LogQuery::default(), None, |_| Ok(()))?, Vec::new()))
    }

    /// How many rows of a log a query selects, with what a transaction has changed.
    ///
    /// # Errors
    /// As for [`Committed::log`].
    fn log_count(
        &self,
        key: &LogKey,
        query: &LogQuery,
        changes: Option<&LogChanges>,
    ) -> Result<usize>;

    /// The same rows as the text of one JSON list, for a caller who may have it with a fingerprint.
    /// `may_answer` refuses one of too many bytes.
    ///
    /// # Errors
    /// As for [`Committed::log`]; those of `may_answer`.
    fn log_list(
        &self,
        key: &LogKey,
        query: &LogQuery,
        changes: Option<&LogChanges>,
        known: Option<Fingerprint>,
        may_answer: impl Fn(usize) -> Result<()>,
    ) -> Result<Listed>;

    /// The text of the row with this id.
    ///
    /// # Errors
    /// `CORRUPT` when a line that may be that row cannot be read; those of reading.
    fn log_row(&self, key: &LogKey, id: &str) -> Result<Option<Arc<str>>>;

    /// Is there a row with this id?
    ///
    /// # Errors
    /// As for [`Committed::log_row`].
    fn has_row(&self, key: &LogKey, id: &str) -> Result<bool>;

    /// How long a log is, in bytes.
    ///
    /// # Errors
    /// Those of reading.
    fn log_len(&self, key: &LogKey) -> Result<u64>;

    /// The end of a log.
    ///
    /// # Errors
    /// Those of reading.
    fn log_end(&self, key: &LogKey) -> Result<LogEnd>;

    /// What a log's owner says of how many rows are counted, and the latest time of one; `None` where they
    /// must be counted anew.
    ///
    /// # Errors
    /// Those of reading.
    fn counts_of(
        &self,
        key: &LogKey,
        owner: &Record,
        counted: &Counted,
    ) -> Result<Option<(u64, Option<String>)>>;

    /// Counts the rows of a log, with what a transaction has changed; those with the ids in `without` do
    /// not stay.
    ///
    /// # Errors
    /// Those of reading.
    fn count_rows(
        &self,
        key: &LogKey,
        changes: Option<&LogChanges>,
        without: &[String],
    ) -> Result<RowCount>;

    /// The owners of the logs that may have a row with this id, in any order.
    ///
    /// # Errors
    /// Those of reading.
    fn owners_of_row(&self, model: ModelId, id: &str) -> Result<Vec<Box<str>>>;

    /// The owners of the logs that may have it besides, once those did not: they were changed by somebody
    /// else a moment ago. Asked only after [`Committed::owners_of_row`].
    ///
    /// # Errors
    /// Those of reading.
    fn unsure_owners(&self, model: ModelId, id: &str) -> Result<Vec<Box<str>>> {
        let _ = (model, id);
        Ok(Vec::new())
    }

    /// Can all records of a model be read?
    fn is_whole(&self, model: ModelId) -> bool {
        let _ = model;
        true
    }

    /// How much of a model's records cannot be read.
    fn unreadable(&self, model: ModelId) -> usize {
        let _ = model;
        0
    }

    /// Leaves out the records that cannot be read, which lists do not show.
    fn leave_out_unreadable(&self, model: ModelId, records: &mut Vec<Arc<Record>>) {
        let _ = (model, records);
    }

    /// Fails when the place that a whole list stands in cannot be read.
    ///
    /// # Errors
    /// `CORRUPT`.
    fn check_list(&self, model: ModelId) -> Result<()> {
        let _ = model;
        Ok(())
    }

    /// Fails when any record of a model cannot be read.
    ///
    /// # Errors
    /// `CORRUPT`, with the place of the first.
    fn check_whole(&self, model: ModelId) -> Result<()> {
        let _ = model;
        Ok(())
    }

    /// Fails when something in the place of a model's records cannot be told to one of them.
    ///
    /// # Errors
    /// `CORRUPT`.
    fn check_place(&self, model: ModelId) -> Result<()> {
        let _ = model;
        Ok(())
    }

    /// Fails when a record cannot be read, or is not there and may be one that cannot.
    ///
    /// # Errors
    /// `CORRUPT`.
    fn check_readable(&self, model: ModelId, key: &str, exists: bool) -> Result<()> {
        let _ = (model, key, exists);
        Ok(())
    }

    /// Fails when nobody can say that no record but `except` has a key in the index of this number: one that
    /// cannot be read has it, or may.
    ///
    /// # Errors
    /// `CORRUPT`.
    fn check_free(
        &self,
        model: ModelId,
        index: usize,
        key: IndexKey<'_>,
        except: &str,
    ) -> Result<()> {
        let _ = (model, index, key, except);
        Ok(())
    }
}
