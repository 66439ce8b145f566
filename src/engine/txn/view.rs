//! A consistent look at the state, alone or with the uncommitted changes of a transaction.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::catalogue::{self, Access, Catalogue, ModelId, Place};
use crate::disk::Disk;
use crate::error::{Code, Error, Result};

use super::overlay::Overlay;
use crate::engine::edits::LogMarks;
use crate::engine::edits::Stamps;
use crate::engine::fingerprint::Fingerprint;
use crate::engine::keys::Keys;
use crate::engine::logs::{LogCache, Source};
use crate::engine::memory::{Order, Record, State, backwards};

/// What a look needs besides the state.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) disk: &'a dyn Disk,
    pub(crate) logs: &'a LogCache,
    pub(crate) stamps: &'a Stamps,
    pub(crate) counted: &'a LogMarks,
    pub(crate) keys: &'a Keys,
    pub(crate) now: &'a str,
    pub(crate) max_record_bytes: usize,
}

/// A consistent look at the state.
pub struct View<'a> {
    pub(crate) state: &'a State,
    pub(crate) overlay: Option<&'a Overlay>,
    pub(crate) context: Context<'a>,
    pub(crate) source: Source,
    /// Was an answer given up because it needs the disk?
    needs_disk: Cell<bool>,
    /// Records whose files, or logs, changed behind the store's back.
    suspects: RefCell<Vec<(ModelId, Box<str>)>>,
    /// The fingerprint of the answer that the caller has already.
    known: Cell<Option<Fingerprint>>,
    /// Bytes of the records that were looked into.
    looked: Cell<usize>,
}

/// So many bytes of records are looked into on the caller's thread, which takes less than a
/// millisecond; it may be the JavaScript thread, on which everything else waits meanwhile.
const MOST_LOOKED: usize = 256 << 10;

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
        self.view.state.collection(self.model).count_under(index, key)
    }

    /// Has a transaction changed some? They are in no order that an index keeps.
    pub fn are_changed(&self) -> bool {
        self.view.overlay.is_some_and(|overlay| overlay.touches(self.model))
    }
}

impl<'a> View<'a> {
    pub(crate) fn new(
        state: &'a State,
        overlay: Option<&'a Overlay>,
        context: Context<'a>,
        source: Source,
    ) -> View<'a> {
        let (needs_disk, suspects) = (Cell::new(false), RefCell::default());
        let (known, looked) = (Cell::default(), Cell::default());
        View { state, overlay, context, source, needs_disk, suspects, known, looked }
    }

    /// Notes the fingerprint of the answer that the caller has already.
    pub fn expect(&self, known: Fingerprint) {
        self.known.set(Some(known));
    }

    pub(super) fn known(&self) -> Option<Fingerprint> {
        self.known.get()
    }

    /// The file of this record, or the log of this owner, changed behind the store's back.
    pub(super) fn suspect(&self, what: (ModelId, Box<str>)) {
        self.suspects.borrow_mut().push(what);
    }

    /// Was an answer given up because it needs the disk?
    pub(crate) fn needs_disk(&self) -> bool {
        self.needs_disk.get()
    }

    /// The records whose files, and the owners whose logs, changed behind the store's back.
    pub(crate) fn take_suspects(&self) -> Vec<(ModelId, Box<str>)> {
        self.suspects.take()
    }

    /// The catalogue of all models.
    pub fn catalogue(&self) -> &Catalogue {
        &self.state.catalogue
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
        self.check_hand_edit(model, key)?;
        let collection = self.state.collection(model);
        if let Some(error) = collection.broken.get(key) {
            return Err(error.clone());
        }
        match (collection.get(key), collection.faults.first()) {
            (Some(record), _) => Ok(Some(Arc::clone(record))),
            (None, Some(fault)) => Err(fault.clone()),
            (None, None) => Ok(None),
        }
    }

    /// Gives up, for the caller to look at the file first, when it changed behind our back.
    fn check_hand_edit(&self, model: ModelId, key: &str) -> Result<()> {
        if self.overlay.is_some() || !catalogue::is_id(key) {
            return Ok(());
        }
        let Some(path) = self.state.layout.record_path(model, key)? else { return Ok(()) };
        let target = crate::engine::files::Target::Record(model, key.into());
        if self.state.dirty.targets.contains_key(&target) {
            return Ok(());
        }
        if self.context.stamps.are_of(self.context.disk, &path)? {
            return Ok(());
        }
        self.suspect((model, key.into()));
        Err(self.give_up())
    }

    pub(super) fn give_up(&self) -> Error {
        self.needs_disk.set(true);
        Error::new(Code::Io, "the answer needs the disk")
    }

    /// Fails when the file that a whole list stands in cannot be read.
    fn check_list(&self, model: ModelId) -> Result<()> {
        let place = &self.state.catalogue.model(model).place;
        let apart = matches!(place, Place::Rows { .. } | Place::Directory { .. });
        let collection = self.state.collection(model);
        match collection.faults.first() {
            Some(fault) if !apart || collection.is_unreadable => Err(fault.clone()),
            _ => Ok(()),
        }
    }

    /// Fails when any record of a model cannot be read: an answer that depends on all of them would
    /// be another one.
    ///
    /// # Errors
    /// `CORRUPT`, with the place of the first.
    pub(crate) fn check_whole(&self, model: ModelId) -> Result<()> {
        let collection = self.state.collection(model);
        let broken = collection.faults.first().or_else(|| collection.broken.values().next());
        broken.map_or(Ok(()), |fault| Err(fault.clone()))
    }

    /// All records of a model in creation order.
    ///
    /// # Errors
    /// `CORRUPT` when the file that holds them all cannot be read.
    pub fn all(&self, model: ModelId) -> Result<Vec<Arc<Record>>> {
        self.check_list(model)?;
        let records = self.state.collection(model).iter();
        Ok(self.with_changes(
            model,
            records,
            self.overlay.map(|overlay| {
                let changed = overlay.changed(model);
                changed.filter_map(|(_, slot)| slot.clone()).collect()
            }),
        ))
    }

    /// Replaces what the overlay changed, and keeps creation order.
    fn with_changes<'b>(
        &self,
        model: ModelId,
        base: impl Iterator<Item = (Order, &'b Arc<Record>)>,
        changed: Option<Vec<(Order, Arc<Record>)>>,
    ) -> Vec<Arc<Record>> {
        let Some(changed) = changed.filter(|_| self.overlay.is_some_and(|o| o.touches(model)))
        else {
            return base.map(|(_, record)| Arc::clone(record)).collect();
        };
        self.merged(model, base, changed).into_iter().map(|(_, record)| record).collect()
    }

    /// The records of `base` that the overlay has not changed, and those that it has.
    fn merged<'b>(
        &self,
        model: ModelId,
        base: impl Iterator<Item = (Order, &'b Arc<Record>)>,
        changed: Vec<(Order, Arc<Record>)>,
    ) -> Vec<(Order, Arc<Record>)> {
        let unchanged = base.filter(|(_, record)| {
            self.overlay.is_none_or(|overlay| overlay.get(model, record.key()).is_none())
        });
        let mut all: Vec<(Order, Arc<Record>)> =
            unchanged.map(|(order, record)| (order, Arc::clone(record))).chain(changed).collect();
        all.sort_by_key(|(order, _)| *order);
        all
    }

    /// How many records there are, before any is looked at.
    pub fn sizes(&self, model: ModelId) -> RecordCounts<'_> {
        RecordCounts { view: self, model }
    }

    /// The records of a model on a way to them.
    ///
    /// # Errors
    /// `CORRUPT` as for [`View::all`].
    pub fn walk<'v>(
        &'v self,
        model: ModelId,
        access: &'v Access,
    ) -> Result<Box<dyn Iterator<Item = Arc<Record>> + 'v>> {
        if let Access::Key(key) = access {
            return Ok(Box::new(self.get(model, key)?.into_iter()));
        }
        self.check_list(model)?;
        let base = self.state.collection(model);
        let Some(overlay) = self.overlay.filter(|overlay| overlay.touches(model)) else {
            return Ok(Box::new(base.walk(access).map(|(_, record)| Arc::clone(record))));
        };
        let (forwards, descending) = access.by_creation();
        let records = self.merged(model, base.walk(&forwards), overlay.walk(model, access));
        if !descending {
            return Ok(Box::new(records.into_iter().map(|(_, record)| record)));
        }
        let back: Vec<_> = backwards(records.iter(), |(order, _)| order.created_ms())
            .map(|(_, record)| Arc::clone(record))
            .collect();
        Ok(Box::new(back.into_iter()))
    }

    /// Some fields of a record, for a query to judge it by.
    ///
    /// # Errors
    /// `IO` where so many were looked into that the rest must not go on on the caller's thread:
    /// the call is then made again on another.
    pub fn look(&self, record: &Record, fields: &[String]) -> Result<Map<String, Value>> {
        let looked = self.looked.get() + record.text().len();
        self.looked.set(looked);
        if self.source == Source::Memory && looked > MOST_LOOKED {
            return Err(self.give_up());
        }
        Ok(record.pick(fields))
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
        self.check_list(model)?;
        let declared = self.state.catalogue.model(model);
        let index = declared.index_over(fields).ok_or_else(|| {
            Error::new(Code::Io, format!("{} has no index over {fields:?}", declared.name))
        })?;
        let key = catalogue::key_of(&declared.indexes[index], values);
        Ok(self.lookup(model, index, &key))
    }

    /// The records with a key in an index, in creation order.
    pub(crate) fn lookup(&self, model: ModelId, index: usize, key: &str) -> Vec<Arc<Record>> {
        let base = self.state.collection(model).lookup(index, key).into_iter();
        self.with_changes(
            model,
            base,
            self.overlay.map(|overlay| {
                let found = overlay.lookup(model, index, key);
                found.map(|(order, record)| (order, Arc::clone(record))).collect()
            }),
        )
    }

    /// Does an index cover exactly these fields?
    pub fn has_index(&self, model: ModelId, fields: &[&str]) -> bool {
        self.state.catalogue.model(model).index_over(fields).is_some()
    }

    /// How many records of a model there are.
    pub fn count(&self, model: ModelId) -> usize {
        let base = self.state.collection(model);
        let Some(overlay) = self.overlay else { return base.len() };
        let (mut added, mut removed) = (0, 0);
        for (key, slot) in overlay.changed(model) {
            match (base.get(key).is_some(), slot.is_some()) {
                (false, true) => added += 1,
                (true, false) => removed += 1,
                _ => {}
            }
        }
        base.len() + added - removed
    }

    /// The record that stands in the shared file of a place `Owner`: the owner of the store.
    ///
    /// # Errors
    /// `CORRUPT` when its file cannot be read: another user is not taken for the owner.
    pub fn first(&self, model: ModelId) -> Result<Option<Arc<Record>>> {
        let owner = self.state.collection(model).first();
        match owner.map(|key| self.get(model, key)).transpose()?.flatten() {
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
        if !matches!(self.state.catalogue.model(model).place, Place::Log { .. }) {
            let unseen = self.overlay.and_then(|overlay| overlay.get(model, key));
            let committed = || self.state.collection(model).order_of(key).is_some();
            return Ok(unseen.map_or_else(committed, |slot| slot.is_some()));
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
