//! The records of one model in memory, in creation order, with their indexes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use hashbrown::HashMap;

use crate::catalogue::{Access, By, Model};
use crate::error::Error;

use super::record::{Order, Record};
use super::sorted::{Sorted, backwards};

/// The records with one index key; most keys have one.
#[derive(Debug, Clone)]
pub(crate) enum Postings {
    One(Order),
    Many(BTreeSet<Order>),
}

/// The order of one field under the keys of one index, or among all records.
#[derive(Debug)]
struct KeptOrder {
    index: usize,
    of_all: bool,
    sort: usize,
    sorted: Sorted,
}

impl KeptOrder {
    /// The keys under which a record stands here.
    fn keys<'r>(&self, record: &'r Record) -> impl Iterator<Item = &'r str> + use<'r> {
        let keys = record.index_keys().get(self.index).map_or(&[][..], Vec::as_slice);
        self.of_all.then_some("").into_iter().chain(keys.iter().map(String::as_str))
    }

    fn add(&mut self, order: Order, record: &Record) {
        for key in self.keys(record) {
            self.sorted.add(key, record.sort_keys()[self.sort].clone(), order);
        }
    }

    fn remove(&mut self, order: Order, record: &Record) {
        for key in self.keys(record) {
            self.sorted.remove(key, &record.sort_keys()[self.sort], order);
        }
    }

    /// Does a record stand elsewhere after a change?
    fn differ(&self, before: &Record, after: &Record) -> bool {
        before.sort_keys()[self.sort] != after.sort_keys()[self.sort]
            || before.index_keys().get(self.index) != after.index_keys().get(self.index)
    }
}

/// The records of one model.
#[derive(Debug, Default)]
pub(crate) struct Collection {
    records: BTreeMap<Order, Arc<Record>>,
    by_key: HashMap<Box<str>, Order>,
    /// Keys with upper case letters, in lower case: a file system may not tell them apart.
    folded: HashMap<Box<str>, Box<str>>,
    indexes: Vec<HashMap<Box<str>, Postings>>,
    /// The orders that are kept, each with its index and its number among the sort keys.
    orders: Vec<KeptOrder>,
    sequence: u64,
    /// Places in creation order that are kept for records that are still to come, while loading.
    reserved: HashMap<Box<str>, u64>,
    /// The record that stands in the shared file of a place `Owner`.
    first: Option<Box<str>>,
    /// Records that could not be read from their place, by key, with the reason.
    pub(crate) broken: BTreeMap<String, Error>,
    /// The keys under which the indexes would find a broken record, where its text can be parsed.
    claims: HashMap<String, Vec<Vec<String>>>,
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
        let indexes = model.indexes.iter().map(|_| HashMap::new()).collect();
        let orders = model.indexes.iter().enumerate().flat_map(|(number, index)| {
            index.sorts.iter().map(move |sort| KeptOrder {
                index: number,
                of_all: index.paths.is_empty(),
                sort: *sort,
                sorted: Sorted::default(),
            })
        });
        Collection { indexes, orders: orders.collect(), ..Collection::default() }
    }

    /// Can everything in the collection's place be read?
    pub(crate) fn is_whole(&self) -> bool {
        self.faults.is_empty() && self.broken.is_empty() && self.lines.is_empty()
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
        let mut found = Vec::with_capacity(orders.len());
        found.extend(orders.into_iter().filter_map(|o| self.records.get(&o).map(|r| (o, r))));
        found
    }

    /// How many records have this key in index number `index`.
    pub(crate) fn count_under(&self, index: usize, key: &str) -> usize {
        let all = match self.indexes.get(index).and_then(|index| index.get(key)) {
            None => 0,
            Some(Postings::One(_)) => 1,
            Some(Postings::Many(orders)) => orders.len(),
        };
        let has = |record: &&Arc<Record>| record.index_keys()[index].iter().any(|own| own == key);
        all - self.unreadable().filter(has).count()
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
        let record = |order: Order| self.records.get(&order).map(|record| (order, record));
        match access {
            Access::Key(key) => Box::new(self.order_of(key).and_then(record).into_iter()),
            Access::AnyOf { index, keys } => {
                let found = keys.iter().flat_map(|key| self.lookup(*index, key));
                Box::new(found.collect::<BTreeMap<_, _>>().into_iter())
            }
            Access::Walk { under, by: By::Field(sort), from, to, descending, as_created } => {
                let (index, key) = match under {
                    Some((index, key)) => (*index, key.as_str()),
                    None => return Box::new(std::iter::empty()),
                };
                let kept = |kept: &&KeptOrder| (kept.index, kept.sort) == (index, *sort);
                let walk = |kept: &'c KeptOrder| kept.sorted.walk(key, (from, to), *descending);
                let orders = self.orders.iter().find(kept).into_iter().flat_map(walk);
                if *as_created {
                    let orders: BTreeSet<Order> = orders.collect();
                    return Box::new(orders.into_iter().filter_map(record));
                }
                Box::new(orders.filter_map(record))
            }
            Access::Walk { under: Some((index, key)), descending, .. } => {
                let postings = self.indexes.get(*index).and_then(|index| index.get(key.as_str()));
                match postings {
                    None => Box::new(std::iter::empty()),
                    Some(Postings::One(order)) => Box::new(record(*order).into_iter()),
                    Some(Postings::Many(orders)) if *descending => {
                        let orders = backwards(orders.iter(), |order| order.created_ms());
                        Box::new(orders.filter_map(move |order| record(*order)))
                    }
                    Some(Postings::Many(orders)) => {
                        Box::new(orders.iter().filter_map(move |order| record(*order)))
                    }
                }
            }
            Access::Walk { under: None, descending: true, .. } => {
                let orders = backwards(self.records.keys(), |order| order.created_ms());
                Box::new(orders.filter_map(move |order| record(*order)))
            }
            Access::Walk { under: None, .. } => Box::new(self.iter()),
        }
    }

    /// Puts a record; gives the one that it replaces.
    pub(crate) fn put(&mut self, record: Arc<Record>) -> Option<Arc<Record>> {
        self.broken.remove(record.key());
        let previous = self.by_key.get(record.key()).copied();
        let order =
            previous.unwrap_or_else(|| Order::of(&record, self.take_sequence(record.key())));
        let old = self.records.insert(order, Arc::clone(&record));
        match &old {
            Some(old) => self.reindex(order, old, &record),
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

    /// Notes a record that cannot be read, with the keys under which the indexes would find it; none
    /// where nobody can tell.
    pub(crate) fn put_broken(&mut self, key: &str, error: Error, claims: Option<Vec<Vec<String>>>) {
        match claims {
            Some(claims) => drop(self.claims.insert(key.to_owned(), claims)),
            None => drop(self.claims.remove(key)),
        }
        self.broken.insert(key.to_owned(), error);
    }

    /// Why nobody can say that no record but `except` has a key in index number `index`: one that cannot
    /// be read has it, or may.
    pub(crate) fn may_have(&self, index: usize, key: &str, except: &str) -> Option<&Error> {
        let claims = |broken: &str| self.claims.get(broken);
        let may = |broken: &str| {
            claims(broken).is_none_or(|claims| claims[index].iter().any(|one| one == key))
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
        self.broken.clone_from(&found.broken);
        self.claims.clone_from(&found.claims);
        if self.first.is_none() {
            self.first.clone_from(&found.first);
        }
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

    fn add_new(&mut self, order: Order, record: &Record) {
        self.by_key.insert(record.key().into(), order);
        let lower = record.key().to_lowercase();
        if lower != record.key() {
            self.folded.insert(lower.into(), record.key().into());
        }
        for (index, keys) in record.index_keys().iter().enumerate() {
            keys.iter().for_each(|key| self.add_posting(index, key, order));
        }
        self.orders.iter_mut().for_each(|kept| kept.add(order, record));
    }

    fn reindex(&mut self, order: Order, before: &Record, after: &Record) {
        for kept in self.orders.iter_mut().filter(|kept| kept.differ(before, after)) {
            kept.remove(order, before);
            kept.add(order, after);
        }
        let (before, after) = (before.index_keys(), after.index_keys());
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
        self.orders.iter_mut().for_each(|kept| kept.remove(order, &record));
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
