//! Everything that is committed, in memory: the collections, and the ends of the chat logs
//! that the journal still holds.
//!
//! The state follows from the files and the journal alone, so every process that has read the
//! same journal has the same state.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hashbrown::{HashMap, HashSet};
use serde_json::{Map, Value};

use crate::catalogue::{Catalogue, ModelId, Place, is_id};

use super::collection::Collection;
use super::record::Record;
use super::touched::{self, Touched};
use super::unreferenced::Unreferenced;
use crate::engine::files::{Before, Dirty, Layout, ShownFile, Target};
use crate::engine::fingerprint::new_version;
use crate::engine::journal::{Change, Commit, Effect, LogLines};
use crate::engine::logs::{LogKey, PendingLog, Piece, RowOwners};
use crate::error::Error;

/// The key of the one record of a place `Single`.
pub(crate) const SINGLE_KEY: &str = "settings";

/// What is kept of a file that several records share, besides them.
#[derive(Debug, Clone, Default)]
pub(crate) struct SharedFile {
    pub(crate) created_at: Option<String>,
    pub(crate) updated_at: Option<String>,
    /// Keys that nobody declared, kept as they are.
    pub(crate) unknown: Map<String, Value>,
    /// Records that did not pass the checks, kept as they are: collection and value.
    pub(crate) unreadable: Vec<(ModelId, Value)>,
    /// Why the whole file cannot be read: it is never written until it is mended.
    pub(crate) fault: Option<Error>,
}

/// Everything that is committed.
pub(crate) struct State {
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) layout: Arc<Layout>,
    collections: Vec<Collection>,
    /// By the number of the model: another one whenever its records or logs may have changed.
    versions: Vec<u64>,
    pub(crate) logs: HashMap<LogKey, PendingLog>,
    /// Counts up with each log that starts anew.
    generations: u64,
    /// By the number of the shared file in the layout.
    pub(crate) shared: Vec<SharedFile>,
    /// The rows files of an older version: written anew with their next change.
    pub(crate) outdated: HashSet<ModelId>,
    /// Unknown keys of the files of a place `Owner`, by the record's key.
    pub(crate) owner_unknown: HashMap<Box<str>, Map<String, Value>>,
    /// What the files do not show yet.
    pub(crate) dirty: Dirty,
    /// Payloads that may have lost their last record.
    pub(crate) unreferenced: Arc<Unreferenced>,
    /// Which logs may hold a row.
    pub(crate) row_owners: RowOwners,
    /// In a state that holds some models only: which, and how often another one was asked for.
    partial: Option<Partial>,
}

struct Partial {
    known: HashSet<ModelId>,
    misses: AtomicU64,
}

impl State {
    /// An empty state.
    pub(crate) fn new(catalogue: Arc<Catalogue>, layout: Arc<Layout>) -> State {
        let collections = catalogue.ids().map(|id| Collection::new(catalogue.model(id))).collect();
        let versions = catalogue.ids().map(|_| new_version()).collect();
        let shared = vec![SharedFile::default(); layout.shared_files().len()];
        State {
            catalogue,
            layout,
            collections,
            versions,
            logs: HashMap::new(),
            generations: 0,
            shared,
            outdated: HashSet::new(),
            owner_unknown: HashMap::new(),
            dirty: Dirty::default(),
            unreferenced: Arc::default(),
            row_owners: RowOwners::default(),
            partial: None,
        }
    }

    /// The state holds these models only.
    pub(crate) fn know_only(&mut self, known: HashSet<ModelId>) {
        self.partial = Some(Partial { known, misses: AtomicU64::new(0) });
    }

    /// How often a model was asked for that the state does not hold: what was answered meanwhile may be wrong.
    pub(crate) fn misses(&self) -> u64 {
        self.partial.as_ref().map_or(0, |partial| partial.misses.load(Ordering::Acquire))
    }

    fn note_asked(&self, model: ModelId) {
        if let Some(partial) = &self.partial
            && !partial.known.contains(&model)
        {
            partial.misses.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// The records of a model.
    pub(crate) fn collection(&self, model: ModelId) -> &Collection {
        self.note_asked(model);
        &self.collections[usize::from(model.0)]
    }

    /// The records of a model, to be changed.
    pub(crate) fn collection_mut(&mut self, model: ModelId) -> &mut Collection {
        self.note_change(model);
        &mut self.collections[usize::from(model.0)]
    }

    /// What tells that neither the records nor the logs of a model have changed meanwhile.
    pub(crate) fn version(&self, model: ModelId) -> u64 {
        self.note_asked(model);
        self.versions[usize::from(model.0)]
    }

    fn note_change(&mut self, model: ModelId) {
        self.versions[usize::from(model.0)] = new_version();
    }

    /// Puts a record while loading or committing; gives the one that it replaces.
    pub(crate) fn put(&mut self, model: ModelId, record: Arc<Record>) -> Option<Arc<Record>> {
        let owner_place = matches!(self.catalogue.model(model).place, Place::Owner { .. });
        let collection = self.collection_mut(model);
        // The owner's file may say who that is, once it can be read.
        if owner_place && collection.first().is_none() && collection.faults.is_empty() {
            collection.set_first(Some(record.key()));
        }
        collection.put(record)
    }

    /// Everything is loaded: the order of the records stands.
    pub(crate) fn end_reservations(&mut self) {
        self.collections.iter_mut().for_each(Collection::end_reservations);
    }

    /// Takes a commit whose line ends at `position`; gives what it touched.
    pub(crate) fn apply(&mut self, commit: &Commit, position: u64) -> Vec<Touched> {
        let mut touched = Vec::with_capacity(commit.changes.len());
        for change in &commit.changes {
            self.apply_change(change, &commit.at, position, &mut touched);
        }
        touched
    }

    fn apply_change(
        &mut self,
        change: &Change,
        at: &str,
        position: u64,
        touched: &mut Vec<Touched>,
    ) {
        match change {
            Change::Put { model, record, new } => {
                let first = self.first_owner();
                if *new {
                    // While recovering, a file may show it already, in an order of its own.
                    self.collection_mut(*model).forget_order(record.key());
                }
                let old = self.put(*model, Arc::clone(record));
                if old.is_none() {
                    // The file of its log may be there already.
                    self.each_log(*model, record.key(), RowOwners::doubt);
                }
                self.note_unreferenced(*model, old.as_deref(), Some(record));
                let effect = if old.is_some() { Effect::Update } else { Effect::Create };
                self.remember(*model, old.clone(), Some(Arc::clone(record)), position);
                self.mark(*model, record.key(), old.as_deref(), at, position);
                self.mark_owners(first, position);
                let key = record.key().into();
                touched.push(Touched { model: *model, key, effect, owner: None });
            }
            Change::Remove { model, key } => {
                let first = self.first_owner();
                let old = self.collection(*model).get(key).cloned();
                self.remove(*model, key);
                self.note_unreferenced(*model, old.as_deref(), None);
                self.mark(*model, key, old.as_deref(), at, position);
                self.remember(*model, old, None, position);
                self.mark_owners(first, position);
                for log in self.layout.logs_of(*model) {
                    self.dirty.log((log, key.clone()), position);
                }
                let effect = Effect::Delete;
                touched.push(Touched { model: *model, key: key.clone(), effect, owner: None });
            }
            Change::Lines(lines) => {
                let before = touched.len();
                touched::of_lines(lines, touched);
                self.note_rows(lines, &touched[before..]);
                self.apply_lines(lines, at, position);
            }
            Change::Edited(edit) => {
                touched.extend(touched::of_edit(edit));
                self.note_change(edit.model);
                self.row_owners.doubt(&(edit.model, edit.owner.clone()));
                if edit.has_new_counts {
                    let said = (edit.count, edit.last.as_deref(), None);
                    self.set_counted(edit.model, &edit.owner, said, at, position);
                }
            }
        }
    }

    /// Notes what a record was, for its file still shows that.
    fn remember(
        &mut self,
        model: ModelId,
        old: Option<Arc<Record>>,
        new: Option<Arc<Record>>,
        position: u64,
    ) {
        self.dirty.before.push(Before { at: position, model, old, new });
    }

    /// Notes the payload of a record that no longer stands for it.
    fn note_unreferenced(&self, model: ModelId, old: Option<&Record>, new: Option<&Record>) {
        let Some(payload) = &self.catalogue.model(model).payload else { return };
        let content = |record: &Record| {
            crate::json::text_field(record.text(), &payload.field).map(|text| text.into_owned())
        };
        if let Some(was) = old.and_then(content)
            && new.and_then(content).is_none_or(|is| is != was)
        {
            self.unreferenced.add(&was);
        }
    }

    /// Removes a record, and the log that it owns.
    pub(crate) fn remove(&mut self, model: ModelId, key: &str) {
        self.collection_mut(model).remove(key);
        self.owner_unknown.remove(key);
        for log_model in self.layout.logs_of(model) {
            self.logs.remove(&(log_model, key.into()) as &LogKey);
        }
        self.each_log(model, key, RowOwners::forget);
    }

    /// Tells each log that a record owns to those who know which log has which rows.
    fn each_log(&self, model: ModelId, key: &str, tell: impl Fn(&RowOwners, &LogKey)) {
        for log in self.layout.logs_of(model) {
            tell(&self.row_owners, &(log, key.into()));
        }
    }

    fn note_rows(&self, lines: &LogLines, touched: &[Touched]) {
        let log = (lines.model, lines.owner.clone());
        if lines.fresh {
            self.row_owners.cleared(&log);
        }
        if lines.effect == Effect::Delete {
            self.row_owners.removed(lines.model, touched.len());
        } else {
            self.row_owners.add(&log, touched.iter().map(|one| &*one.key));
        }
    }

    /// Notes that the file of a record must be written.
    fn mark(&mut self, model: ModelId, key: &str, old: Option<&Record>, at: &str, position: u64) {
        let catalogue = Arc::clone(&self.catalogue);
        if self.collection(model).get(key).is_none() && self.layout.is_named_by_key(model) {
            self.dirty.gone(model, key);
        }
        match &catalogue.model(model).place {
            Place::Directory { .. } => {
                self.dirty.target(Target::Record(model, key.into()), position);
            }
            Place::Document { .. } => self.mark_shared(model, at, position),
            Place::Rows { .. } => self.dirty.row(model, key, position),
            Place::Owner { .. } => self.mark_owner(key, position),
            Place::Single { .. } => self.dirty.target(Target::First, position),
            Place::Beside { by, .. } => {
                let record = self.collection(model).get(key).map(AsRef::as_ref).or(old);
                let owner = record.and_then(|r| crate::json::text_field(r.text(), by));
                if let Some(owner) = owner.map(|o| o.into_owned()) {
                    self.mark_owner(&owner, position);
                }
            }
            Place::Log { .. } => {}
        }
    }

    fn mark_shared(&mut self, model: ModelId, at: &str, position: u64) {
        let Some(number) = self.layout.shared_file_of(model) else { return };
        let file = &mut self.shared[number];
        file.created_at.get_or_insert_with(|| at.to_owned());
        file.updated_at = Some(at.to_owned());
        self.dirty.target(Target::Shared(number), position);
    }

    fn mark_owner(&mut self, key: &str, position: u64) {
        self.dirty.target(Target::Further(key.into()), position);
        self.dirty.target(Target::First, position);
    }

    fn first_owner(&self) -> Option<String> {
        let place = self.layout.owner()?;
        self.collection(place.model).first().map(str::to_owned)
    }

    /// Notes the files of whoever stopped or began to be the first owner.
    fn mark_owners(&mut self, before: Option<String>, position: u64) {
        let now = self.first_owner();
        if before != now {
            before.into_iter().chain(now).for_each(|key| self.mark_owner(&key, position));
        }
    }

    fn apply_lines(&mut self, lines: &LogLines, at: &str, position: u64) {
        self.note_change(lines.model);
        let key: LogKey = (lines.model, lines.owner.clone());
        if lines.fresh {
            self.dirty.needs_compaction.logs.remove(&key);
        } else if lines.effect != Effect::Create {
            self.dirty.needs_compaction.logs.insert(key.clone());
        }
        if lines.fresh || !self.logs.contains_key(&key) {
            self.generations += u64::from(lines.fresh);
            let pending = PendingLog {
                generation: self.generations,
                fresh: lines.fresh,
                start: lines.offset,
                pieces: Vec::new(),
                end: lines.offset,
            };
            self.logs.insert(key.clone(), pending);
        }
        if let Some(pending) = self.logs.get_mut(&key) {
            pending.end = lines.offset + lines.bytes.len() as u64;
            let adds = lines.effect == Effect::Create;
            pending.pieces.push(Piece { at: position, adds, bytes: Arc::clone(&lines.bytes) });
        }
        self.dirty.log(key, position);
        let said = (lines.count, lines.last.as_deref(), lines.owner_record.clone());
        self.set_counted(lines.model, &lines.owner, said, at, position);
    }

    /// Writes into the owner's record what the log says now: the count, the latest time, and the
    /// record itself where it is made already.
    fn set_counted(
        &mut self,
        log: ModelId,
        owner: &str,
        (count, last, made): (u64, Option<&str>, Option<Arc<Record>>),
        at: &str,
        position: u64,
    ) {
        let catalogue = Arc::clone(&self.catalogue);
        let Some((owner_model, counted)) = catalogue.counted(log) else { return };
        if counted.fields.is_none() {
            return;
        }
        let Some(record) = self.collection(owner_model).get(owner) else { return };
        let declared = catalogue.model(owner_model);
        let made =
            made.unwrap_or_else(|| Arc::new(record.with_counts(declared, counted, count, last)));
        let old = self.put(owner_model, Arc::clone(&made));
        self.remember(owner_model, old, Some(made), position);
        self.mark(owner_model, owner, None, at, position);
    }

    /// The file that a record stands in, or would; none for the row of a log, and for a key that no
    /// file can have.
    pub(crate) fn file_of(&self, model: ModelId, key: &str) -> Option<ShownFile> {
        let target = match &self.catalogue.model(model).place {
            Place::Rows { .. } => return Some(ShownFile::Rows(model)),
            Place::Log { .. } => return None,
            Place::Document { .. } => Target::Shared(self.layout.shared_file_of(model)?),
            Place::Single { .. } => Target::First,
            Place::Directory { .. } => Target::Record(model, is_id(key).then(|| key.into())?),
            Place::Owner { .. } => self.file_of_owner(key)?,
            Place::Beside { by, .. } => {
                let record = self.collection(model).get(key)?;
                self.file_of_owner(&crate::json::text_field(record.text(), by)?)?
            }
        };
        Some(ShownFile::Whole(target))
    }

    fn file_of_owner(&self, key: &str) -> Option<Target> {
        let owners = self.collection(self.layout.owner()?.model);
        let is_first = match owners.first() {
            Some(first) => first == key,
            // Whoever is known although the owner's file cannot be read has another one.
            None => owners.get(key).is_none(),
        };
        if is_first { Some(Target::First) } else { is_id(key).then(|| Target::Further(key.into())) }
    }

    /// May a file be written, or does it hold what cannot be read? One whose record is gone may go.
    pub(crate) fn is_writable(&self, target: &Target) -> bool {
        self.fault_of(target).is_none()
    }

    /// What is wrong with a file that may not be written.
    pub(crate) fn fault_of(&self, target: &Target) -> Option<&Error> {
        let of_record = |model: ModelId, key: &str| {
            let collection = self.collection(model);
            collection.broken.get(key).filter(|_| collection.get(key).is_some())
        };
        let owners = self.layout.owner().map(|owner| (owner.model, self.collection(owner.model)));
        match (target, owners) {
            (Target::Shared(number), _) => self.shared[*number].fault.as_ref(),
            (Target::Record(model, key), _) => of_record(*model, key),
            (Target::First, Some((_, users))) => users.faults.first(),
            // A user that moves into the owner's file has no file of its own once that is written.
            (Target::Further(key), Some((model, users))) => {
                let moves = users.first() == Some(&**key);
                of_record(model, key).or_else(|| users.faults.first().filter(|_| moves))
            }
            (Target::First | Target::Further(_), None) => None,
        }
    }

    /// Does the file of a log still show one of a removed record? It is no log of a new one.
    pub(crate) fn is_leftover(&self, key: &LogKey) -> bool {
        self.dirty.logs.contains_key(key) && !self.logs.contains_key(key)
    }

    /// Forgets the log lines that a checkpoint has brought into the files.
    pub(crate) fn forget_pending(&mut self, position: u64) {
        self.logs.retain(|_, log| log.pieces.iter().any(|piece| piece.at > position));
    }
}
