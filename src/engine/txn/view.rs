//! A consistent look at the state, alone or with the uncommitted changes of a transaction.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::catalogue::{self, Access, Catalogue, IndexKey, ModelId, Place};
use crate::disk::{Disk, SafePath};
use crate::error::{Code, Error, Result};

use super::overlay::Overlay;
use crate::engine::edits::{Asked, LogMarks, Lookout, Stamps};
use crate::engine::files::{ShownFile, Target};
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
    pub(crate) lookout: &'a Lookout,
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
    /// Files that changed behind the store's back.
    suspects: RefCell<Vec<SafePath>>,
    /// A model of which nobody knows yet which log has which rows.
    unread_logs: Cell<Option<ModelId>>,
    /// The fingerprint of the answer that the caller has already.
    known: Cell<Option<Fingerprint>>,
    /// Bytes of the records and rows that were looked into.
    looked: Cell<usize>,
    /// Was asked what the system has told of edits? This is a look at one moment.
    has_asked: Cell<bool>,
    /// Is the state just what the files say, so that no edit is to be looked for?
    is_as_found: bool,
}

/// So many bytes of records are looked into on the caller's thread, which takes less than a
/// millisecond; it may be the JavaScript thread, on which everything else waits meanwhile.
const MOST_LOOKED: usize = 256 << 10;

/// So many records are gathered, and bytes of answers put together, on the caller's thread.
const MOST_GATHERED: usize = 10_000;
const MOST_ANSWERED: usize = 1 << 20;

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
        View {
            state,
            overlay,
            context,
            source,
            needs_disk: Cell::new(false),
            suspects: RefCell::default(),
            unread_logs: Cell::default(),
            known: Cell::default(),
            looked: Cell::default(),
            has_asked: Cell::default(),
            is_as_found: false,
        }
    }

    /// A look at a state that was just read from the files.
    pub(crate) fn as_found(state: &'a State, context: Context<'a>) -> View<'a> {
        View { is_as_found: true, ..View::new(state, None, context, Source::Disk) }
    }

    /// Notes the fingerprint of the answer that the caller has already.
    pub fn expect(&self, known: Fingerprint) {
        self.known.set(Some(known));
    }

    pub(super) fn known(&self) -> Option<Fingerprint> {
        self.known.get()
    }

    /// This file changed behind the store's back.
    pub(super) fn suspect(&self, path: SafePath) {
        self.suspects.borrow_mut().push(path);
    }

    /// May a file of which the state says all there is have been edited?
    pub(super) fn may_suspect(&self) -> bool {
        self.overlay.is_none() && !self.is_as_found
    }

    /// Was an answer given up because it needs the disk?
    pub(crate) fn needs_disk(&self) -> bool {
        self.needs_disk.get()
    }

    /// The files that changed behind the store's back.
    pub(crate) fn take_suspects(&self) -> Vec<SafePath> {
        self.suspects.take()
    }

    /// The logs of this model must be read before it can be told which has a row.
    pub(super) fn wants_rows(&self, model: ModelId) {
        self.unread_logs.set(Some(model));
    }

    /// The model whose logs must be read before the call is made again.
    pub(crate) fn unread_logs(&self) -> Option<ModelId> {
        self.unread_logs.get()
    }

    /// The file that a record, or the row of a log with this owner, stands in, from the data folder on.
    pub(crate) fn path_of(&self, model: ModelId, key: &str, owner: Option<&str>) -> Option<String> {
        let layout = &self.state.layout;
        let path = match owner {
            Some(owner) => layout.log_path(model, owner),
            None => layout.path_of(&self.state.file_of(model, key)?),
        };
        path.ok().map(|path| path.as_str().to_owned())
    }

    /// The models whose rows stand in a log for each record of this one.
    pub(crate) fn logs_of(&self, owner: ModelId) -> impl Iterator<Item = ModelId> {
        self.state.layout.logs_of(owner)
    }

    /// How long the file of a log is, in bytes.
    ///
    /// # Errors
    /// Those of the disk.
    pub(crate) fn log_len(&self, model: ModelId, owner: &str) -> Result<u64> {
        let path = self.state.layout.log_path(model, owner)?;
        Ok(self.context.disk.stamp(&path)?.map_or(0, |stamp| stamp.len))
    }

    /// What cannot be read of a model's records.
    pub(crate) fn unreadable(&self, model: ModelId) -> impl Iterator<Item = &Error> {
        let collection = self.state.collection(model);
        collection.broken.values().chain(&collection.faults)
    }

    /// The fingerprint of any answer that is made of the records and logs of these models alone;
    /// nothing where they may change without anybody being told.
    pub(crate) fn fingerprint_of(&self, models: &[ModelId]) -> Option<Fingerprint> {
        if !self.may_suspect() {
            return None;
        }
        let files: Vec<SafePath> =
            models.iter().flat_map(|model| self.files_like(*model)).collect();
        let stillness = self.context.lookout.stillness(&files, self.asks())?;
        let versions = models.iter().map(|model| self.state.version(*model));
        Some(Fingerprint::of(versions.chain([stillness])))
    }

    /// A file in each folder in which records, or logs, of a model stand. Where there is no record
    /// yet, there is none to be edited; two are enough to see the owner and another user.
    fn files_like(&self, model: ModelId) -> Vec<SafePath> {
        if self.state.layout.log_place(model).is_ok() {
            return self.state.layout.log_path(model, "any").into_iter().collect();
        }
        let records = self.state.collection(model).iter().take(2);
        let files = records.filter_map(|(_, record)| self.state.file_of(model, record.key()));
        files.filter_map(|file| self.state.layout.path_of(&file).ok()).collect()
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
            (_, Some(fault)) if self.stands_in_unreadable(model, key) => Err(fault.clone()),
            (Some(record), _) => Ok(Some(Arc::clone(record))),
            (None, Some(fault)) => Err(fault.clone()),
            (None, None) => Ok(None),
        }
    }

    /// Where a place has faults: is the whole file one in which a record stands?
    fn stands_in_unreadable(&self, model: ModelId, key: &str) -> bool {
        let file = self.state.file_of(model, key);
        matches!(file, Some(ShownFile::Whole(Target::First | Target::Shared(_))))
    }

    fn asks(&self) -> Asked {
        if self.has_asked.replace(true) { Asked::Again } else { Asked::First }
    }

    /// Gives up, for the caller to look at the file first, when it changed behind our back.
    fn check_hand_edit(&self, model: ModelId, key: &str) -> Result<()> {
        if self.overlay.is_some() || self.is_as_found {
            return Ok(());
        }
        // Where the system tells of every change, there is no need to look; nor, most of the time, to
        // work out which file it is.
        if self.context.lookout.is_untouched(self.state.layout.folders_of(model), self.asks()) {
            return Ok(());
        }
        let Some(file) = self.state.file_of(model, key) else { return Ok(()) };
        let path = self.state.layout.path_of(&file)?;
        let is_told = self.context.lookout.is_suspect(&path) == Some(false);
        if !is_told && !self.context.stamps.are_of(self.context.disk, &path)? {
            self.suspect(path);
            return Err(self.give_up());
        }
        self.check_log_edits(model, key)
    }

    /// The same for what a record says about its logs. A log of which the journal holds lines is brought
    /// together with its edit by the next checkpoint; of one that nobody watches, one looks from time to
    /// time.
    fn check_log_edits(&self, model: ModelId, key: &str) -> Result<()> {
        for log in self.state.layout.logs_of(model) {
            if self.state.logs.contains_key(&(log, key.into())) {
                continue;
            }
            let path = self.state.layout.log_path(log, key)?;
            let is_told_of = self.context.lookout.is_suspect(&path) == Some(true);
            if is_told_of && !self.context.stamps.are_of(self.context.disk, &path)? {
                self.suspect(path);
                return Err(self.give_up());
            }
        }
        Ok(())
    }

    pub(super) fn give_up(&self) -> Error {
        self.needs_disk.set(true);
        Error::new(Code::Io, "the answer needs the disk")
    }

    /// Gives up when an answer gathers more records than the caller's thread may.
    ///
    /// # Errors
    /// `IO`: the call is then made again on another thread.
    pub fn may_gather(&self, records: usize) -> Result<()> {
        if self.source == Source::Memory && records > MOST_GATHERED {
            Err(self.give_up())
        } else {
            Ok(())
        }
    }

    /// Gives up when the text of an answer takes longer to put together than the caller's thread may.
    ///
    /// # Errors
    /// As for [`View::may_gather`].
    pub fn may_answer(&self, bytes: usize) -> Result<()> {
        if self.source == Source::Memory && bytes > MOST_ANSWERED {
            Err(self.give_up())
        } else {
            Ok(())
        }
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
        self.may_gather(self.state.collection(model).len())?;
        let records = self.state.collection(model).iter();
        let all = self.with_changes(
            model,
            records,
            self.overlay.map(|overlay| {
                let changed = overlay.changed(model);
                changed.filter_map(|(_, slot)| slot.clone()).collect()
            }),
        );
        Ok(self.without_broken(model, all))
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
        let all = self.walk_all(model, access);
        // Lists do not show what cannot be read.
        if base.broken.is_empty() {
            return Ok(all);
        }
        Ok(Box::new(all.filter(|record| !base.broken.contains_key(record.key()))))
    }

    fn walk_all<'v>(
        &'v self,
        model: ModelId,
        access: &'v Access,
    ) -> Box<dyn Iterator<Item = Arc<Record>> + 'v> {
        let base = self.state.collection(model);
        let Some(overlay) = self.overlay.filter(|overlay| overlay.touches(model)) else {
            return Box::new(base.walk(access).map(|(_, record)| Arc::clone(record)));
        };
        let (forwards, descending) = access.by_creation();
        let records = self.merged(model, base.walk(&forwards), overlay.walk(model, access));
        if !descending {
            return Box::new(records.into_iter().map(|(_, record)| record));
        }
        let back: Vec<_> = backwards(records.iter(), |(order, _)| order.created_ms())
            .map(|(_, record)| Arc::clone(record))
            .collect();
        Box::new(back.into_iter())
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
        if self.source == Source::Memory && looked > MOST_LOOKED {
            Err(self.give_up())
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
        self.check_list(model)?;
        let declared = self.state.catalogue.model(model);
        let index = declared.index_over(fields).ok_or_else(|| {
            Error::new(Code::Io, format!("{} has no index over {fields:?}", declared.name))
        })?;
        let key = catalogue::key_of(&declared.indexes[index], values);
        self.may_gather(self.state.collection(model).count_under(index, &key))?;
        let found = self.lookup(model, index, IndexKey::of(&key));
        let collection = self.state.collection(model);
        if collection.broken.is_empty() && collection.faults.is_empty() {
            return Ok(found);
        }
        let found = self.without_broken(model, found);
        if found.is_empty()
            && declared.indexes[index].unique
            && let Some(error) = collection.may_have(index, IndexKey::of(&key), "")
        {
            return Err(error.clone());
        }
        Ok(found)
    }

    /// Leaves out what lists do not show: records whose file has become unreadable.
    fn without_broken(&self, model: ModelId, mut records: Vec<Arc<Record>>) -> Vec<Arc<Record>> {
        let broken = &self.state.collection(model).broken;
        if !broken.is_empty() {
            records.retain(|record| !broken.contains_key(record.key()));
        }
        records
    }

    /// Fails when a record cannot be read, or is not there and may be one that cannot.
    pub(crate) fn check_readable(&self, model: ModelId, key: &str, exists: bool) -> Result<()> {
        if self.overlay.is_some_and(|overlay| overlay.get(model, key).is_some()) {
            return Ok(());
        }
        let collection = self.state.collection(model);
        let fault = || collection.faults.first().filter(|_| !exists);
        collection.broken.get(key).or_else(fault).map_or(Ok(()), |error| Err(error.clone()))
    }

    /// The records with a key in an index, in creation order.
    pub(crate) fn lookup(
        &self,
        model: ModelId,
        index: usize,
        key: IndexKey<'_>,
    ) -> Vec<Arc<Record>> {
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

    /// How many records of a model there are.
    pub fn count(&self, model: ModelId) -> usize {
        let base = self.state.collection(model);
        let readable = base.len() - base.unreadable().count();
        let Some(overlay) = self.overlay else { return readable };
        let (mut added, mut removed) = (0, 0);
        for (key, slot) in overlay.changed(model) {
            match (base.get(key).is_some(), slot.is_some()) {
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
