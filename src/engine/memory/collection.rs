//! The records of one model in memory, in creation order, with their indexes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use hashbrown::HashMap;

use crate::catalogue::Model;
use crate::error::Error;

use super::record::{Order, Record};

/// The records with one index key; most keys have one.
#[derive(Debug, Clone)]
pub(crate) enum Postings {
    One(Order),
    Many(BTreeSet<Order>),
}

/// The records of one model.
#[derive(Debug, Default)]
pub(crate) struct Collection {
    records: BTreeMap<Order, Arc<Record>>,
    by_key: HashMap<Box<str>, Order>,
    /// Keys with upper case letters, in lower case: a file system may not tell them apart.
    folded: HashMap<Box<str>, Box<str>>,
    indexes: Vec<HashMap<Box<str>, Postings>>,
    sequence: u64,
    /// Places in creation order that are kept for records that are still to come, while loading.
    reserved: HashMap<Box<str>, u64>,
    /// The record that stands in the shared file of a place `Owner`.
    first: Option<Box<str>>,
    /// Records that could not be read from their place, by key, with the reason.
    pub(crate) broken: BTreeMap<String, Error>,
    /// Faults of the place that cannot be told to one record.
    pub(crate) faults: Vec<Error>,
}

impl Collection {
    /// An empty collection with the indexes of `model`.
    pub(crate) fn new(model: &Model) -> Collection {
        let indexes = model.indexes.iter().map(|_| HashMap::new()).collect();
        Collection { indexes, ..Collection::default() }
    }

    /// The record with this key.
    pub(crate) fn get(&self, key: &str) -> Option<&Arc<Record>> {
        self.records.get(self.by_key.get(key)?)
    }

    /// The place of a key in creation order.
    pub(crate) fn order_of(&self, key: &str) -> Option<Order> {
        self.by_key.get(key).copied()
    }

    /// All records in creation order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Order, &Arc<Record>)> {
        self.records.iter().map(|(order, record)| (*order, record))
    }

    /// How many records there are.
    pub(crate) fn len(&self) -> usize {
        self.records.len()
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
            Some(other) => other,
            None => self.by_key.get_key_value(lower.as_str())?.0,
        };
        (**other != *key).then_some(&**other)
    }

    /// The records with this key in index number `index`, in creation order.
    pub(crate) fn lookup(&self, index: usize, key: &str) -> Vec<(Order, &Arc<Record>)> {
        let orders: Vec<Order> = match self.indexes.get(index).and_then(|i| i.get(key)) {
            None => Vec::new(),
            Some(Postings::One(order)) => vec![*order],
            Some(Postings::Many(orders)) => orders.iter().copied().collect(),
        };
        orders.into_iter().filter_map(|o| self.records.get(&o).map(|r| (o, r))).collect()
    }

    /// Puts a record; gives the one that it replaces.
    pub(crate) fn put(&mut self, record: Arc<Record>) -> Option<Arc<Record>> {
        self.broken.remove(record.key());
        let previous = self.by_key.get(record.key()).copied();
        let order =
            previous.unwrap_or_else(|| Order::of(&record, self.take_sequence(record.key())));
        let old = self.records.insert(order, Arc::clone(&record));
        match &old {
            Some(old) => self.reindex(order, old.index_keys(), record.index_keys()),
            None => self.add_new(order, &record),
        }
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

    fn add_new(&mut self, order: Order, record: &Record) {
        self.by_key.insert(record.key().into(), order);
        let lower = record.key().to_lowercase();
        if lower != record.key() {
            self.folded.insert(lower.into(), record.key().into());
        }
        for (index, keys) in record.index_keys().iter().enumerate() {
            keys.iter().for_each(|key| self.add_posting(index, key, order));
        }
    }

    fn reindex(&mut self, order: Order, before: &[Vec<String>], after: &[Vec<String>]) {
        for (index, (before, after)) in before.iter().zip(after).enumerate() {
            if before != after {
                before.iter().for_each(|key| self.drop_posting(index, key, order));
                after.iter().for_each(|key| self.add_posting(index, key, order));
            }
        }
    }

    /// Removes a record; gives what was there.
    pub(crate) fn remove(&mut self, key: &str) -> Option<Arc<Record>> {
        self.broken.remove(key);
        let order = self.by_key.remove(key)?;
        self.folded.remove(key.to_lowercase().as_str());
        let record = self.records.remove(&order)?;
        for (index, keys) in record.index_keys().iter().enumerate() {
            keys.iter().for_each(|key| self.drop_posting(index, key, order));
        }
        if self.first.as_deref() == Some(key) {
            self.first = self.records.values().next().map(|r| r.key().into());
        }
        Some(record)
    }

    /// Forgets a record and its place in creation order, for it to come last.
    pub(crate) fn forget_order(&mut self, key: &str) {
        self.reserved.remove(key);
        if self.by_key.contains_key(key) {
            let first = self.first.take();
            self.remove(key);
            self.first = first;
        }
    }

    fn add_posting(&mut self, index: usize, key: &str, order: Order) {
        let postings = self.indexes[index].entry_ref(key).or_insert(Postings::One(order));
        match postings {
            Postings::One(one) if *one == order => {}
            Postings::One(one) => *postings = Postings::Many(BTreeSet::from([*one, order])),
            Postings::Many(many) => {
                many.insert(order);
            }
        }
    }

    fn drop_posting(&mut self, index: usize, key: &str, order: Order) {
        let Some(postings) = self.indexes[index].get_mut(key) else { return };
        let empty = match postings {
            Postings::One(one) => *one == order,
            Postings::Many(many) => {
                many.remove(&order);
                many.is_empty()
            }
        };
        if empty {
            self.indexes[index].remove(key);
        }
    }
}
