//! A consistent look at the state, alone or with the uncommitted changes of a transaction.

use std::cell::Cell;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::catalogue::{self, Access, Catalogue, IndexKey, ModelId, Place};
use crate::error::{Code, Error, Result};

use super::base::Base;
use super::overlay::Overlay;
use crate::engine::committed::{Committed, Models, Question, SOME, Which};
use crate::engine::fingerprint::Fingerprint;
use crate::engine::keys::Keys;
use crate::engine::memory::{Order, Record, backwards};

/// What a call needs besides records.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) keys: &'a Keys,
    pub(crate) now: &'a str,
    pub(crate) max_record_bytes: usize,
}

/// A consistent look at the state.
pub struct View<'a> {
    pub(crate) base: Base<'a>,
    pub(crate) overlay: Option<&'a Overlay>,
    pub(super) context: Context<'a>,
    /// The fingerprint of the answer that the caller has already.
    known: Cell<Option<Fingerprint>>,
    /// Bytes of the records and rows that were looked into.
    looked: Cell<usize>,
}

/// So many bytes of records are looked into on the caller's thread, which takes less than a
/// millisecond; it may be the JavaScript thread, on which everything else waits meanwhile.
const MOST_LOOKED: usize = 256 << 10;

/// So many records are gathered, and bytes of answers put together, on the caller's thread.
const MOST_GATHERED: usize = 10_000;
const MOST_ANSWERED: usize = 1 << 20;

/// How many records there are expected to be where nobody knows.
const MANY: usize = 1 << 20;

/// How many records of a model there are, by its indexes.
pub struct RecordCounts<'v> {
    view: &'v View<'v>,
    model: ModelId,
}

impl RecordCounts<'_> {
    /// All of them.
    pub fn all(&self) -> usize {
        self.view.count(self.model)
    }

    /// Those under a key of an index. Exact, unless a transaction has changed some.
    pub fn under(&self, index: usize, key: &str) -> usize {
        self.view.base.count_under(self.model, index, key)
    }

    /// As [`RecordCounts::all`], or about so many where it would take a question to know.
    pub fn about_all(&self) -> usize {
        if self.view.base.has_counts() { self.all() } else { MANY }
    }

    /// As [`RecordCounts::under`], or about so many: where it would take a question to know, it is asked only if
    /// there `is_choice`.
    pub fn about_under(&self, index: usize, key: &str, is_choice: bool) -> usize {
        let base = self.view.base;
        let declared = &self.view.catalogue().model(self.model).indexes[index];
        match (base.has_counts(), declared.unique, is_choice) {
            (true, ..) => self.under(index, key),
            (false, true, _) => 1,
            (false, false, true) => base.about_under(self.model, index, key),
            (false, false, false) => SOME,
        }
    }

    /// Are the orders to be had that indexes keep? What a transaction has changed is in none of them.
    pub fn keep_orders(&self) -> bool {
        !self.are_changed()
    }

    /// Has a transaction changed some?
    pub fn are_changed(&self) -> bool {
        self.view.overlay.is_some_and(|overlay| overlay.touches(self.model))
    }
}

impl<'a> View<'a> {
    pub(crate) fn new(
        base: Base<'a>,
        overlay: Option<&'a Overlay>,
        context: Context<'a>,
    ) -> View<'a> {
        View { base, overlay, context, known: Cell::default(), looked: Cell::default() }
    }

    /// Notes the fingerprint of the answer that the caller has already.
    pub fn expect(&self, known: Fingerprint) {
        self.known.set(Some(known));
    }

    pub(super) fn known(&self) -> Option<Fingerprint> {
        self.known.get()
    }

    /// The file that a record, or the row of a log with this owner, stands in, from the data folder on.
    pub(crate) fn path_of(&self, model: ModelId, key: &str, owner: Option<&str>) -> Option<String> {
        self.base.path_of(model, key, owner)
    }

    /// The models whose rows stand in a log for each record of this one.
    pub(crate) fn logs_of(&self, owner: ModelId) -> impl Iterator<Item = ModelId> {
        self.catalogue().logs_of(owner)
    }

    /// How long the file of a log is, in bytes.
    ///
    /// # Errors
    /// Those of the disk.
    pub(crate) fn log_len(&self, model: ModelId, owner: &str) -> Result<u64> {
        self.base.log_len(&(model, owner.into()))
    }

    /// Does it save time to say beforehand what will be asked?
    pub(crate) fn foresees(&self) -> bool {
        self.base.foresees()
    }

    /// Asks what is about to be asked, all at once.
    pub(crate) fn foresee(&self, questions: &[Question<'_>]) {
        self.base.foresee(questions);
    }

    /// How much cannot be read of a model's records.
    pub(crate) fn unreadable(&self, model: ModelId) -> usize {
        self.base.unreadable(model)
    }

    /// The fingerprint of any answer that is made of the records and logs of these models alone;
    /// nothing where they may change without anybody being told.
    pub(crate) fn fingerprint_of(&self, models: Models) -> Option<Fingerprint> {
        self.base.fingerprint_of(models)
    }

    /// The catalogue of all models.
    pub fn catalogue(&self) -> &Catalogue {
        self.base.catalogue()
    }

    /// The time of this call, as records hold it.
    pub fn now(&self) -> &str {
        self.context.now
    }

    /// Has the transaction, or the batch, that this looks into changed a record, or made it?
    pub(crate) fn has_changed(&self, model: ModelId, key: &str) -> bool {
        self.overlay.is_some_and(|overlay| overlay.get(model, key).is_some())
    }

    /// The keys of the store, where it is unlocked.
    pub(crate) fn keys(&self) -> &Keys {
        self.context.keys
    }

    /// The record with this key.
    ///
    /// # Errors
    /// `CORRUPT` when its place cannot be read.
    pub fn get(&self, model: ModelId, key: &str) -> Result<Option<Arc<Record>>> {
        if let Some(slot) = self.overlay.and_then(|overlay| overlay.get(model, key)) {
            return Ok(slot.map(|(_, record)| Arc::clone(record)));
        }
        self.base.get(model, key)
    }

    /// Gives up when an answer gathers more records than the caller's thread may.
    ///
    /// # Errors
    /// `IO`: the call is then made again on another thread.
    pub fn may_gather(&self, records: usize) -> Result<()> {
        if !self.base.may_wait() && records > MOST_GATHERED {
            Err(self.base.give_up())
        } else {
            Ok(())
        }
    }

    /// Gives up when the text of an answer takes longer to put together than the caller's thread may.
    ///
    /// # Errors
    /// As for [`View::may_gather`].
    pub fn may_answer(&self, bytes: usize) -> Result<()> {
        if !self.base.may_wait() && bytes > MOST_ANSWERED {
            Err(self.base.give_up())
        } else {
            Ok(())
        }
    }

    /// Fails when any record of a model cannot be read: an answer that depends on all of them would
    /// be another one.
    ///
    /// # Errors
    /// `CORRUPT`, with the place of the first.
    pub(crate) fn check_whole(&self, model: ModelId) -> Result<()> {
        self.base.check_whole(model)
    }

    /// Fails when the place that a whole list stands in cannot be read.
    ///
    /// # Errors
    /// `CORRUPT`.
    pub(crate) fn check_list(&self, model: ModelId) -> Result<()> {
        self.base.check_list(model)
    }

    /// All records of a model in creation order.
    ///
    /// # Errors
    /// `CORRUPT` when the file that holds them all cannot be read.
    pub fn all(&self, model: ModelId) -> Result<Vec<Arc<Record>>> {
        self.base.check_list(model)?;
        self.may_gather_all(|| self.base.len(model))?;
        let mut all = self.with_changes(model, Which::All, |overlay| {
            overlay.changed(model).filter_map(|(_, slot)| slot.clone()).collect()
        })?;
        self.base.leave_out_unreadable(model, &mut all);
        Ok(all)
    }

    /// As [`View::may_gather`], where it may cost something to know how many there are.
    fn may_gather_all(&self, records: impl FnOnce() -> usize) -> Result<()> {
        if self.base.may_wait() { Ok(()) } else { self.may_gather(records()) }
    }

    /// Some committed records in creation order, with what the overlay has `changed` of them.
    fn with_changes(
        &self,
        model: ModelId,
        which: Which<'_>,
        changed: impl FnOnce(&Overlay) -> Vec<(Order, Arc<Record>)>,
    ) -> Result<Vec<Arc<Record>>> {
        let Some(overlay) = self.overlay.filter(|overlay| overlay.touches(model)) else {
            return self.base.records(model, which);
        };
        let merged = merged(overlay, model, self.base.ordered(model, which)?, changed(overlay));
        Ok(merged.into_iter().map(|(_, record)| record).collect())
    }

    /// How many records there are, before any is looked at.
    pub fn sizes(&self, model: ModelId) -> RecordCounts<'_> {
        RecordCounts { view: self, model }
    }

    /// The records of a model on a way to them, of which so many are expected to be `wanted`, where anybody knows.
    ///
    /// # Errors
    /// `CORRUPT` as for [`View::all`].
    pub fn walk<'v>(
        &'v self,
        model: ModelId,
        access: &'v Access,
        wanted: Option<usize>,
    ) -> Result<Box<dyn Iterator<Item = Arc<Record>> + 'v>> {
        if let Access::Key(key) = access {
            return Ok(Box::new(self.get(model, key)?.into_iter()));
        }
        self.base.check_list(model)?;
        let Some(overlay) = self.overlay.filter(|overlay| overlay.touches(model)) else {
            return self.base.walk(model, access, wanted);
        };
        let (forwards, descending) = access.by_creation();
        let committed = self.base.ordered(model, Which::On(&forwards))?;
        let records = merged(overlay, model, committed, overlay.walk(model, access));
        let mut all: Vec<_> = if descending {
            let back = backwards(records.iter(), |(order, _)| order.created_ms());
            back.map(|(_, record)| Arc::clone(record)).collect()
        } else {
            records.into_iter().map(|(_, record)| record).collect()
        };
        self.base.leave_out_unreadable(model, &mut all);
        Ok(Box::new(all.into_iter()))
    }

    /// Some fields of a record, for a query to judge it by.
    ///
    /// # Errors
    /// As for [`View::text_of`].
    pub fn look(&self, record: &Record, fields: &[String]) -> Result<Map<String, Value>> {
        self.text_of(record)?;
        Ok(record.pick(fields))
    }

    /// The text of a record that is looked into.
    ///
    /// # Errors
    /// `IO` where so many were looked into that the rest must not go on on the caller's thread:
    /// the call is then made again on another.
    pub fn text_of<'r>(&self, record: &'r Record) -> Result<&'r str> {
        self.may_look(record.text().len())?;
        Ok(record.text())
    }

    /// Counts what is looked into, and gives up as [`View::text_of`] does.
    pub(super) fn may_look(&self, bytes: usize) -> Result<()> {
        let looked = self.looked.get().saturating_add(bytes);
        self.looked.set(looked);
        if !self.base.may_wait() && looked > MOST_LOOKED {
            Err(self.base.give_up())
        } else {
            Ok(())
        }
    }

    /// The records with these values in these fields, in creation order.
    ///
    /// # Errors
    /// `CORRUPT` as for [`View::all`]; `IO` when no index covers exactly these fields.
    pub fn find(
        &self,
        model: ModelId,
        fields: &[&str],
        values: &[&str],
    ) -> Result<Vec<Arc<Record>>> {
        self.base.check_list(model)?;
        let declared = self.catalogue().model(model);
        let index = declared.index_over(fields).ok_or_else(|| {
            Error::new(Code::Io, format!("{} has no index over {fields:?}", declared.name))
        })?;
        let key = catalogue::key_of(&declared.indexes[index], values);
        self.may_gather_all(|| self.base.count_under(model, index, &key))?;
        let mut found = self.lookup(model, index, IndexKey::of(&key))?;
        if self.base.is_whole(model) {
            return Ok(found);
        }
        self.base.leave_out_unreadable(model, &mut found);
        if found.is_empty() && declared.indexes[index].unique {
            self.base.check_free(model, index, IndexKey::of(&key), "")?;
        }
        Ok(found)
    }

    /// Fails when a record cannot be read, or is not there and may be one that cannot.
    pub(crate) fn check_readable(&self, model: ModelId, key: &str, exists: bool) -> Result<()> {
        if self.overlay.is_some_and(|overlay| overlay.get(model, key).is_some()) {
            return Ok(());
        }
        self.base.check_readable(model, key, exists)
    }

    /// The records with a key in an index, in creation order.
    ///
    /// # Errors
    /// Those of reading.
    pub(crate) fn lookup(
        &self,
        model: ModelId,
        index: usize,
        key: IndexKey<'_>,
    ) -> Result<Vec<Arc<Record>>> {
        self.with_changes(model, Which::Under(index, key), |overlay| {
            let found = overlay.lookup(model, index, key);
            found.map(|(order, record)| (order, Arc::clone(record))).collect()
        })
    }

    /// How many records of a model there are.
    pub fn count(&self, model: ModelId) -> usize {
        let readable = self.base.count(model);
        let Some(overlay) = self.overlay else { return readable };
        let (mut added, mut removed) = (0, 0);
        for (key, slot) in overlay.changed(model) {
            let was_there = matches!(self.base.order_of(model, key), Ok(Some(_)));
            match (was_there, slot.is_some()) {
                (false, true) => added += 1,
                (true, false) => removed += 1,
                _ => {}
            }
        }
        readable + added - removed
    }

    /// The record that stands in the shared file of a place `Owner`: the owner of the store.
    ///
    /// # Errors
    /// `CORRUPT` when its file cannot be read: another user is not taken for the owner.
    pub fn first(&self, model: ModelId) -> Result<Option<Arc<Record>>> {
        let owner = self.base.first(model)?;
        match owner.map(|key| self.get(model, &key)).transpose()?.flatten() {
            Some(owner) => Ok(Some(owner)),
            None => Ok(self.all(model)?.into_iter().next()),
        }
    }

    /// Is there a record with this key, or a row of a log?
    pub(crate) fn exists(
        &self,
        model: ModelId,
        key: &str,
        log_owner: Option<&str>,
    ) -> Result<bool> {
        if !matches!(self.catalogue().model(model).place, Place::Log { .. }) {
            let unseen = self.overlay.and_then(|overlay| overlay.get(model, key));
            let committed = || Ok(self.base.order_of(model, key)?.is_some());
            return unseen.map_or_else(committed, |slot| Ok(slot.is_some()));
        }
        // Most refer to a row of a log that they belong to themselves; but they need not.
        if let Some(owner) = log_owner
            && self.log_row(model, owner, key)?.is_some()
        {
            return Ok(true);
        }
        Ok(self.log_owner_of(model, key)?.is_some())
    }
}

/// The records of `base` that the overlay has not changed, and those that it has.
fn merged(
    overlay: &Overlay,
    model: ModelId,
    base: Vec<(Order, Arc<Record>)>,
    changed: Vec<(Order, Arc<Record>)>,
) -> Vec<(Order, Arc<Record>)> {
    let mut all = base;
    all.retain(|(_, record)| overlay.get(model, record.key()).is_none());
    all.extend(changed);
    all.sort_by_key(|(order, _)| *order);
    all
}
