//! The records of one model in memory, in creation order, with their indexes.

use std::collections::BTreeMap;
use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashMap, HashTable};

use crate::catalogue::{Access, By, IndexKey, IndexKeys, Model};
use crate::error::Error;

use super::indexes::{Both, Indexes, compare};
use super::record::{Order, Record};
use super::slots::{Slot, Slots};
use super::sorted::{Sorted, backwards};

/// The records of one model.
#[derive(Debug, Default)]
pub(crate) struct Collection {
    slots: Slots,
    by_creation: Sorted,
    by_key: HashTable<Slot>,
    hasher: DefaultHashBuilder,
    /// Keys with upper case letters, in lower case: a file system may not tell them apart.
    folded: HashMap<Box<str>, Box<str>>,
    indexes: Indexes,
    sequence: u64,
    /// Places in creation order that are kept for records that are still to come, while loading.
    reserved: HashMap<Box<str>, u64>,
    /// The record that stands in the shared file of a place `Owner`.
    first: Option<Box<str>>,
    /// Records that could not be read from their place, by key, with the reason.
    pub(crate) broken: BTreeMap<String, Error>,
    /// The keys under which the indexes would find a broken record, where its text can be parsed.
    claims: HashMap<String, IndexKeys>,
    /// Faults of the place that cannot be told to one record.
    pub(crate) faults: Vec<Error>,
    /// Lines of a rows file that cannot be read, whether or not another one says the same record
    /// since: the file is not written anew, for they would be gone.
    pub(crate) lines: Vec<Error>,
    /// Could nothing of its file of many rows be read?
    pub(crate) is_unreadable: bool,
}

impl Collection {
    /// An empty collection with the indexes of `model`.
    pub(crate) fn new(model: &Model) -> Collection {
        Collection { indexes: Indexes::new(model), ..Collection::default() }
    }

    /// Can everything in the collection's place be read?
    pub(crate) fn is_whole(&self) -> bool {
        self.faults.is_empty() && self.broken.is_empty() && self.lines.is_empty()
    }

    /// The record with this key.
    pub(crate) fn get(&self, key: &str) -> Option<&Arc<Record>> {
        self.held(self.slot_of(key)?).map(|(_, record)| record)
    }

    /// The place of a key in creation order.
    pub(crate) fn order_of(&self, key: &str) -> Option<Order> {
        self.held(self.slot_of(key)?).map(|(order, _)| order)
    }

    fn slot_of(&self, key: &str) -> Option<Slot> {
        let is_it = |slot: &Slot| self.held(*slot).is_some_and(|(_, record)| record.key() == key);
        self.by_key.find(self.hasher.hash_one(key), is_it).copied()
    }

    fn held(&self, slot: Slot) -> Option<(Order, &Arc<Record>)> {
        self.slots.get(slot)
    }

    /// All records in creation order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Order, &Arc<Record>)> {
        self.by_creation.iter().filter_map(|slot| self.held(slot))
    }

    /// How many records there are.
    pub(crate) fn len(&self) -> usize {
        self.by_creation.len()
    }

    /// The record that stands in the shared file of a place `Owner`.
    pub(crate) fn first(&self) -> Option<&str> {
        self.first.as_deref()
    }

    /// Names the record that stands in the shared file.
    pub(crate) fn set_first(&mut self, key: Option<&str>) {
        self.first = key.map(Into::into);
    }

    /// The next number in the order of commits.
    pub(crate) fn next_sequence(&self) -> u64 {
        self.sequence + 1
    }

    /// An existing key that differs from `key` in case only.
    pub(crate) fn same_but_case(&self, key: &str) -> Option<&str> {
        let lower = key.to_lowercase();
        let other = match self.folded.get(lower.as_str()) {
            Some(other) => &**other,
            None => self.get(&lower)?.key(),
        };
        (*other != *key).then_some(other)
    }

    /// The records with this key in index number `index`, in creation order.
    pub(crate) fn lookup(&self, index: usize, key: IndexKey<'_>) -> Vec<(Order, &Arc<Record>)> {
        let mut found = Vec::with_capacity(self.indexes.count(index, key));
        found.extend(self.indexes.by_creation(index, key).filter_map(|slot| self.held(slot)));
        found
    }

    /// How many records have this key in index number `index`.
    pub(crate) fn count_under(&self, index: usize, key: &str) -> usize {
        let key = IndexKey::of(key);
        let has = |record: &&Arc<Record>| record.index_keys().under(index).any(|own| own == key);
        self.indexes.count(index, key) - self.unreadable().filter(has).count()
    }

    /// The records as they last were whose place has become unreadable since: lists leave them out.
    pub(crate) fn unreadable(&self) -> impl Iterator<Item = &Arc<Record>> {
        self.broken.keys().filter_map(|key| self.get(key))
    }

    /// The records on a way through an index, or through all.
    pub(crate) fn walk<'c>(
        &'c self,
        access: &'c Access,
    ) -> Box<dyn Iterator<Item = (Order, &'c Arc<Record>)> + 'c> {
        let (under, by, from, to, descending, as_created) = match access {
            Access::Key(key) => {
                return Box::new(self.slot_of(key).and_then(|slot| self.held(slot)).into_iter());
            }
            Access::AnyOf { index, keys } => {
                let found = keys.iter().flat_map(|key| self.lookup(*index, IndexKey::of(key)));
                return Box::new(found.collect::<BTreeMap<_, _>>().into_iter());
            }
            Access::Walk { under, by, from, to, descending, as_created } => {
                (under.as_ref(), *by, from, to, *descending, *as_created)
            }
        };
        let under = under.map(|(index, key)| (*index, IndexKey::of(key)));
        match (by, under) {
            (By::Field(sort), Some(under)) => {
                let slots = self.indexes.by_field(&self.slots, under, sort, (from, to));
                let value =
                    move |slot| self.held(slot).map(|(_, record)| &record.sort_keys()[sort]);
                if as_created {
                    let found = slots.filter_map(|slot| self.held(slot));
                    return Box::new(found.collect::<BTreeMap<_, _>>().into_iter());
                }
                self.records(slots, descending, value)
            }
            (By::Field(_), None) => Box::new(std::iter::empty()),
            (By::Creation, Some((index, key))) => {
                self.records(self.indexes.by_creation(index, key), descending, self.created())
            }
            (By::Creation, None) => {
                self.records(Box::new(self.by_creation.iter()), descending, self.created())
            }
        }
    }

    fn created(&self) -> impl Fn(Slot) -> Option<i64> {
        |slot| self.held(slot).map(|(order, _)| *order.created_ms())
    }

    /// The records with some numbers; backwards, those of one value come as they stand.
    fn records<'c, V: PartialEq + 'c>(
        &'c self,
        slots: Box<dyn Both + 'c>,
        descending: bool,
        value: impl Fn(Slot) -> V + 'c,
    ) -> Box<dyn Iterator<Item = (Order, &'c Arc<Record>)> + 'c> {
        if descending {
            return Box::new(backwards(slots, value).filter_map(|slot| self.held(slot)));
        }
        Box::new(slots.filter_map(|slot| self.held(slot)))
    }

    /// Puts a record; gives the one that it replaces.
    pub(crate) fn put(&mut self, record: Arc<Record>) -> Option<Arc<Record>> {
        self.broken.remove(record.key());
        let Some(slot) = self.slot_of(record.key()) else {
            let order = Order::of(&record, self.take_sequence(record.key()));
            self.add_new(order, record);
            return None;
        };
        let before = self.held(slot).map(|(_, before)| Arc::clone(before))?;
        self.indexes.before_change(&self.slots, slot, &before, &record);
        let old = self.slots.replace(slot, Arc::clone(&record));
        self.indexes.after_change(&self.slots, slot, &before, &record);
        old
    }

    fn take_sequence(&mut self, key: &str) -> u64 {
        self.reserved.remove(key).unwrap_or_else(|| {
            self.sequence += 1;
            self.sequence
        })
    }

    /// Keeps places in creation order for records that are still to come, the journal's among
    /// them: their files may be torn.
    pub(crate) fn reserve(&mut self, keys: &[String]) {
        for key in keys {
            self.sequence += 1;
            self.reserved.insert(key.as_str().into(), self.sequence);
        }
    }

    /// Forgets the places that nobody took.
    pub(crate) fn end_reservations(&mut self) {
        self.reserved = HashMap::new();
    }

    /// Notes a record that cannot be read, with the keys under which the indexes would find it; none
    /// where nobody can tell.
    pub(crate) fn put_broken(&mut self, key: &str, error: Error, claims: Option<IndexKeys>) {
        match claims {
            Some(claims) => drop(self.claims.insert(key.to_owned(), claims)),
            None => drop(self.claims.remove(key)),
        }
        self.broken.insert(key.to_owned(), error);
    }

    /// Why nobody can say that no record but `except` has a key in index number `index`: one that cannot
    /// be read has it, or may.
    pub(crate) fn may_have(&self, index: usize, key: IndexKey<'_>, except: &str) -> Option<&Error> {
        let claims = |broken: &str| self.claims.get(broken);
        let may = |broken: &str| {
            claims(broken).is_none_or(|claims| claims.under(index).any(|one| one == key))
        };
        let mut broken = self.broken.iter().filter(|(broken, _)| **broken != *except);
        let known = |fault: &&Error| self.broken.values().any(|error| error == *fault);
        let mut faults = self.faults.iter().filter(|fault| !known(fault));
        broken.find(|(broken, _)| may(broken)).map(|(_, error)| error).or_else(|| faults.next())
    }

    /// What of another reading of the place could not be read.
    pub(crate) fn take_faults(&mut self, found: &Collection) {
        self.faults.clone_from(&found.faults);
        self.lines.clone_from(&found.lines);
        if self.first.is_none() {
            self.first.clone_from(&found.first);
        }
    }

    /// Which records could not be read, by another reading of a place that holds them all.
    pub(crate) fn take_broken(&mut self, found: &Collection) {
        self.broken.clone_from(&found.broken);
        self.claims.clone_from(&found.claims);
    }

    /// The same for the one record with this key.
    pub(crate) fn set_broken(&mut self, key: &str, found: &Collection) {
        match found.broken.get(key) {
            Some(error) => {
                self.put_broken(key, error.clone(), found.claims.get(key).cloned());
            }
            None => drop(self.broken.remove(key)),
        }
    }

    fn add_new(&mut self, order: Order, record: Arc<Record>) {
        let lower = record.key().to_lowercase();
        if lower != record.key() {
            self.folded.insert(lower.into(), record.key().into());
        }
        let slot = self.slots.add(order, Arc::clone(&record));
        let (slots, hasher) = (&self.slots, &self.hasher);
        let key_of = |slot: &Slot| slots.get(*slot).map_or("", |(_, record)| record.key());
        let rehash = |slot: &Slot| hasher.hash_one(key_of(slot));
        self.by_key.insert_unique(hasher.hash_one(record.key()), slot, rehash);
        self.by_creation.insert(slot, |other| compare(slots, None, other, slot));
        self.indexes.add(slots, slot, &record);
    }

    /// Removes a record; gives what was there.
    pub(crate) fn remove(&mut self, key: &str) -> Option<Arc<Record>> {
        self.broken.remove(key);
        let slot = self.slot_of(key)?;
        self.folded.remove(key.to_lowercase().as_str());
        let record = Arc::clone(self.held(slot)?.1);
        self.indexes.remove(&self.slots, slot, &record);
        let slots = &self.slots;
        self.by_creation.remove(slot, |other| compare(slots, None, other, slot));
        if let Ok(entry) = self.by_key.find_entry(self.hasher.hash_one(key), |one| *one == slot) {
            entry.remove();
        }
        self.slots.remove(slot);
        if self.first.as_deref() == Some(key) {
            let next = self.iter().next().map(|(_, record)| record.key().into());
            self.first = next;
        }
        Some(record)
    }

    /// Forgets a record and its place in creation order, for it to come last.
    pub(crate) fn forget_order(&mut self, key: &str) {
        self.reserved.remove(key);
        if self.slot_of(key).is_some() {
            let first = self.first.take();
            self.remove(key);
            self.first = first;
        }
    }
}
