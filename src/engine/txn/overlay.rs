//! The changes of calls that are not committed yet, over the state.
//!
//! Every change can be taken back to an earlier mark, so that a call that fails leaves nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use hashbrown::{HashMap, HashSet};

use crate::catalogue::{Access, IndexKey, ModelId, OwnedIndexKey};

use crate::engine::journal::{Change, LogLines};
use crate::engine::logs::{LogChanges, LogKey};
use crate::engine::memory::{Order, Record};

/// A record as it is under way; `None` when it is being removed.
type Slot = Option<(Order, Arc<Record>)>;
type RecordKey = (ModelId, Box<str>);
/// A changed record as it was at a mark; `None` where it was still as the state has it.
pub(super) type Before = (RecordKey, Option<Option<Arc<Record>>>);
/// The records under each key of one index.
type Added = HashMap<OwnedIndexKey, BTreeMap<Order, Arc<Record>>>;

/// How one change is taken back.
#[derive(Debug)]
enum Undo {
    Record(RecordKey, Option<Slot>),
    Rows(LogKey, usize, u64),
    Log(LogKey, Option<LogChanges>),
    Change,
}

/// A point to which changes can be taken back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark(usize);

/// Uncommitted changes.
#[derive(Debug, Default)]
pub(crate) struct Overlay {
    records: HashMap<RecordKey, Slot>,
    added: HashMap<(ModelId, usize), Added>,
    /// Models of which a record was changed, if only for a while.
    touched: HashSet<ModelId>,
    /// The keys with capital letters that were changed, if only for a while, by their lower case.
    capital: HashMap<RecordKey, Box<str>>,
    created: HashMap<ModelId, u64>,
    logs: HashMap<LogKey, LogChanges>,
    changes: Vec<Change>,
    history: Vec<Undo>,
}

impl Overlay {
    /// The record with this key, `Some(None)` when it is being removed, `None` when it is as
    /// the state has it.
    pub(crate) fn get(&self, model: ModelId, key: &str) -> Option<Option<&(Order, Arc<Record>)>> {
        self.records.get(&(model, key.into())).map(Option::as_ref)
    }

    /// The changed records of a model.
    pub(crate) fn changed(&self, model: ModelId) -> impl Iterator<Item = (&str, &Slot)> {
        self.records.iter().filter(move |((of, _), _)| *of == model).map(|((_, k), s)| (&**k, s))
    }

    /// A changed or removed record whose key differs from `key` in case only.
    pub(crate) fn same_but_case(&self, model: ModelId, key: &str) -> Option<&str> {
        if self.capital.is_empty() && !has_capital(key) {
            return None;
        }
        let place: RecordKey = (model, key.to_ascii_lowercase().into());
        let other = self.capital.get(&place).filter(|other| ***other != *key);
        let other = other.map_or(place.clone(), |other| (model, other.clone()));
        let found = self.records.get_key_value(&other).map(|((_, found), _)| &**found);
        found.filter(|found| *found != key)
    }

    /// Has any record of a model changed?
    pub(crate) fn touches(&self, model: ModelId) -> bool {
        self.touched.contains(&model)
    }

    /// How many changes there are.
    pub(crate) fn len(&self) -> usize {
        self.changes.len()
    }

    /// Is nothing changed?
    pub(crate) fn is_empty(&self) -> bool {
        self.records.is_empty() && self.logs.is_empty()
    }

    /// The changed records with a key in an index.
    pub(crate) fn lookup(
        &self,
        model: ModelId,
        index: usize,
        key: IndexKey<'_>,
    ) -> impl Iterator<Item = (Order, &Arc<Record>)> {
        let found = self.added.get(&(model, index)).and_then(|keys| keys.get(&key));
        found.into_iter().flatten().map(|(order, record)| (*order, record))
    }

    /// The changed records of a model on a way to them, in any order.
    pub(crate) fn walk(&self, model: ModelId, access: &Access) -> Vec<(Order, Arc<Record>)> {
        let cloned = |(order, record): (Order, &Arc<Record>)| (order, Arc::clone(record));
        match access {
            Access::Key(key) => self.get(model, key).flatten().cloned().into_iter().collect(),
            Access::AnyOf { index, keys } => {
                let found =
                    keys.iter().flat_map(|key| self.lookup(model, *index, IndexKey::of(key)));
                found.map(cloned).collect::<BTreeMap<_, _>>().into_iter().collect()
            }
            Access::Walk { under: Some((index, key)), .. } => {
                self.lookup(model, *index, IndexKey::of(key)).map(cloned).collect()
            }
            Access::Walk { under: None, .. } => {
                self.changed(model).filter_map(|(_, slot)| slot.clone()).collect()
            }
        }
    }

    /// The uncommitted lines of a log.
    pub(crate) fn log(&self, key: &LogKey) -> Option<&LogChanges> {
        self.logs.get(key)
    }

    /// The owners of the logs of a model in which there is an uncommitted row with this id.
    pub(crate) fn logs_with(&self, model: ModelId, id: &str) -> impl Iterator<Item = Box<str>> {
        let logs = self.logs.iter().filter(move |((of, _), _)| *of == model);
        logs.filter(|(_, log)| log.names(id)).map(|((_, owner), _)| owner.clone())
    }

    /// The number of the next new record of a model, when `next` is the state's.
    pub(crate) fn next_sequence(&mut self, model: ModelId, next: u64) -> u64 {
        let created = self.created.entry(model).or_default();
        *created += 1;
        next + *created - 1
    }

    /// Sets a record, or with `None` removes it, without noting a change for the journal.
    pub(crate) fn set(&mut self, model: ModelId, key: &str, slot: Slot) {
        let place: RecordKey = (model, key.into());
        self.touched.insert(model);
        if has_capital(key) {
            self.capital.insert((model, key.to_ascii_lowercase().into()), key.into());
        }
        self.unindex(&place);
        self.index(model, slot.as_ref());
        let before = self.records.insert(place.clone(), slot);
        self.history.push(Undo::Record(place, before));
    }

    fn unindex(&mut self, place: &RecordKey) {
        let Some(Some((order, record))) = self.records.get(place).cloned() else { return };
        for (index, key) in record.index_keys().iter() {
            let postings = self.added.get_mut(&(place.0, index));
            if let Some(records) = postings.and_then(|postings| postings.get_mut(&key)) {
                records.remove(&order);
            }
        }
    }

    fn index(&mut self, model: ModelId, slot: Option<&(Order, Arc<Record>)>) {
        let Some((order, record)) = slot else { return };
        for (index, key) in record.index_keys().iter() {
            let postings = self.added.entry((model, index)).or_default();
            postings.entry(key.into()).or_default().insert(*order, Arc::clone(record));
        }
    }

    /// Notes a change for the journal.
    pub(crate) fn note(&mut self, change: Change) {
        self.changes.push(change);
        self.history.push(Undo::Change);
    }

    /// Adds lines to a log and notes the change; the rows are what the lines mean.
    pub(crate) fn add_lines(&mut self, lines: LogLines, rows: &[(Arc<str>, Option<Arc<str>>)]) {
        let key: LogKey = (lines.model, lines.owner.clone());
        if lines.fresh || !self.logs.contains_key(&key) {
            let before = self.logs.insert(key.clone(), LogChanges::new(lines.fresh));
            self.history.push(Undo::Log(key.clone(), before));
        }
        if let Some(log) = self.logs.get_mut(&key) {
            self.history.push(Undo::Rows(key, log.len(), log.end));
            rows.iter().for_each(|(id, row)| log.push(id, row.clone()));
            log.end = lines.offset + lines.bytes.len() as u64;
        }
        self.note(Change::Lines(lines));
    }

    /// The point to which changes can be taken back.
    pub(crate) fn mark(&self) -> Mark {
        Mark(self.history.len())
    }

    /// The records that were changed since the mark, each as it was there: `None` where it was still as
    /// the state has it.
    pub(crate) fn records_before(&self, mark: Mark) -> Vec<Before> {
        let mut seen = HashSet::new();
        let changed = self.history[mark.0..].iter().filter_map(|undo| match undo {
            Undo::Record(place, before) => Some((place, before)),
            _ => None,
        });
        let first = changed.filter(|(place, _)| seen.insert(*place));
        let record = |slot: &Slot| slot.as_ref().map(|(_, record)| Arc::clone(record));
        first.map(|(place, before)| (place.clone(), before.as_ref().map(record))).collect()
    }

    /// Takes back everything since the mark.
    pub(crate) fn roll_back(&mut self, mark: Mark) {
        while self.history.len() > mark.0 {
            match self.history.pop() {
                Some(Undo::Record(place, before)) => self.restore(&place, before),
                Some(Undo::Rows(key, len, end)) => {
                    if let Some(log) = self.logs.get_mut(&key) {
                        log.truncate(len);
                        log.end = end;
                    }
                }
                Some(Undo::Log(key, Some(before))) => drop(self.logs.insert(key, before)),
                Some(Undo::Log(key, None)) => drop(self.logs.remove(&key)),
                Some(Undo::Change) => drop(self.changes.pop()),
                None => {}
            }
        }
    }

    fn restore(&mut self, place: &RecordKey, before: Option<Slot>) {
        self.unindex(place);
        match before {
            None => drop(self.records.remove(place)),
            Some(slot) => {
                self.index(place.0, slot.as_ref());
                self.records.insert(place.clone(), slot);
            }
        }
    }

    /// Takes the changes that were noted since the last time, which can then not be taken back.
    pub(crate) fn take_changes(&mut self) -> Vec<Change> {
        self.history.clear();
        std::mem::take(&mut self.changes)
    }
}

fn has_capital(key: &str) -> bool {
    key.bytes().any(|byte| byte.is_ascii_uppercase())
}
