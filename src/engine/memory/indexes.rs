//! The indexes of one model: under each key the numbers of the records, in creation order and in every
//! other order that the index keeps.

use std::cmp::Ordering;
use std::ops::Bound;

use hashbrown::HashMap;

use crate::catalogue::{IndexKey, Model, OwnedIndexKey, SortKey};

use super::record::Record;
use super::slots::{Slot, Slots};
use super::sorted::Sorted;

/// The key under which an index over all records has each of them.
const ALL: IndexKey<'static> = IndexKey::Text("");

/// The records with one key of an index; many keys have one.
#[derive(Debug)]
enum Postings {
    One(Slot),
    /// In creation order, then in each order that the index keeps.
    Many(Box<[Sorted]>),
}

/// One index.
#[derive(Debug)]
struct Index {
    /// The fields whose order it keeps: their numbers among the sort keys.
    sorts: Box<[usize]>,
    of_all: bool,
    postings: HashMap<OwnedIndexKey, Postings>,
}

/// The indexes of one model.
#[derive(Debug, Default)]
pub(super) struct Indexes(Box<[Index]>);

/// Which records of a key are wanted: from one value of a field to another.
pub(super) type Bounds<'b> = (&'b Bound<SortKey>, &'b Bound<SortKey>);

/// How two records stand to each other by a field, or by creation.
pub(super) fn compare(slots: &Slots, sort: Option<usize>, one: Slot, other: Slot) -> Ordering {
    let (Some(one), Some(other)) = (slots.get(one), slots.get(other)) else {
        return Ordering::Equal;
    };
    let by_field = sort.map(|sort| one.1.sort_keys()[sort].cmp(&other.1.sort_keys()[sort]));
    by_field.unwrap_or(Ordering::Equal).then_with(|| one.0.cmp(&other.0))
}

impl Postings {
    fn add(&mut self, slots: &Slots, sorts: &[usize], slot: Slot) {
        match self {
            Postings::One(one) if *one == slot => {}
            Postings::One(one) => {
                let first = *one;
                *self = Postings::Many(orders(sorts).map(|_| Sorted::default()).collect());
                self.add(slots, sorts, first);
                self.add(slots, sorts, slot);
            }
            Postings::Many(lists) => {
                for (list, sort) in lists.iter_mut().zip(orders(sorts)) {
                    list.insert(slot, |other| compare(slots, sort, other, slot));
                }
            }
        }
    }

    /// Takes a record out; is none left?
    fn remove(&mut self, slots: &Slots, sorts: &[usize], slot: Slot) -> bool {
        match self {
            Postings::One(one) => *one == slot,
            Postings::Many(lists) => {
                for (list, sort) in lists.iter_mut().zip(orders(sorts)) {
                    list.remove(slot, |other| compare(slots, sort, other, slot));
                }
                lists[0].len() == 0
            }
        }
    }

    fn len(&self) -> usize {
        match self {
            Postings::One(_) => 1,
            Postings::Many(lists) => lists[0].len(),
        }
    }
}

/// Creation order, and those by fields.
fn orders(sorts: &[usize]) -> impl Iterator<Item = Option<usize>> {
    std::iter::once(None).chain(sorts.iter().copied().map(Some))
}

impl Indexes {
    /// The indexes of a model, empty.
    pub(super) fn new(model: &Model) -> Indexes {
        let index = |index: &crate::catalogue::Index| Index {
            sorts: index.sorts.as_slice().into(),
            of_all: index.paths.is_empty(),
            postings: HashMap::new(),
        };
        Indexes(model.indexes.iter().map(index).collect())
    }

    /// The keys under which a record stands, each with the number of its index.
    fn keys<'r>(
        &self,
        record: &'r Record,
    ) -> impl Iterator<Item = (usize, IndexKey<'r>)> + use<'r> {
        let of_all = self.0.iter().position(|index| index.of_all).map(|index| (index, ALL));
        of_all.into_iter().chain(record.index_keys().iter())
    }

    /// Takes a record in.
    pub(super) fn add(&mut self, slots: &Slots, slot: Slot, record: &Record) {
        for (index, key) in self.keys(record) {
            self.0[index].add(slots, key, slot);
        }
    }

    /// Takes a record out, while its slot still has it.
    pub(super) fn remove(&mut self, slots: &Slots, slot: Slot, record: &Record) {
        for (index, key) in self.keys(record) {
            self.0[index].remove(slots, key, slot);
        }
    }

    /// Takes a record that is about to change out of where it will not stand any more.
    pub(super) fn before_change(
        &mut self,
        slots: &Slots,
        slot: Slot,
        before: &Record,
        after: &Record,
    ) {
        for (index, key) in self.keys(before) {
            match differ(index, before, after) {
                true => self.0[index].remove(slots, key, slot),
                false => self.0[index].move_within(key, before, after, |list, sort| {
                    list.remove(slot, |other| compare(slots, Some(sort), other, slot));
                }),
            }
        }
    }

    /// Puts a record that has changed where it stands now.
    pub(super) fn after_change(
        &mut self,
        slots: &Slots,
        slot: Slot,
        before: &Record,
        after: &Record,
    ) {
        for (index, key) in self.keys(after) {
            match differ(index, before, after) {
                true => self.0[index].add(slots, key, slot),
                false => self.0[index].move_within(key, before, after, |list, sort| {
                    list.insert(slot, |other| compare(slots, Some(sort), other, slot));
                }),
            }
        }
    }

    /// How many records have a key.
    pub(super) fn count(&self, index: usize, key: IndexKey<'_>) -> usize {
        self.postings(index, key).map_or(0, Postings::len)
    }

    /// The records with a key, in creation order.
    pub(super) fn by_creation(&self, index: usize, key: IndexKey<'_>) -> Box<dyn Both + '_> {
        match self.postings(index, key) {
            None => Box::new(std::iter::empty()),
            Some(Postings::One(slot)) => Box::new(std::iter::once(*slot)),
            Some(Postings::Many(lists)) => Box::new(lists[0].iter()),
        }
    }

    /// The records with a key, by a field.
    pub(super) fn by_field<'c>(
        &'c self,
        slots: &'c Slots,
        (index, key): (usize, IndexKey<'_>),
        sort: usize,
        (from, to): Bounds<'c>,
    ) -> Box<dyn Both + 'c> {
        let value = move |slot: Slot| slots.get(slot).map(|(_, record)| &record.sort_keys()[sort]);
        let before = move |slot: Slot| match from {
            Bound::Unbounded => false,
            Bound::Included(from) => value(slot) < Some(from),
            Bound::Excluded(from) => value(slot) <= Some(from),
        };
        let behind = move |slot: Slot| match to {
            Bound::Unbounded => false,
            Bound::Included(to) => value(slot) > Some(to),
            Bound::Excluded(to) => value(slot) >= Some(to),
        };
        let order = self.0.get(index).and_then(|index| index.sorts.iter().position(|s| *s == sort));
        match (self.postings(index, key), order) {
            (Some(Postings::One(slot)), Some(_)) => {
                Box::new(Some(*slot).filter(|slot| !before(*slot) && !behind(*slot)).into_iter())
            }
            (Some(Postings::Many(lists)), Some(order)) => {
                Box::new(lists[order + 1].between(before, behind))
            }
            _ => Box::new(std::iter::empty()),
        }
    }

    fn postings(&self, index: usize, key: IndexKey<'_>) -> Option<&Postings> {
        self.0.get(index)?.postings.get(&key)
    }
}

/// Numbers of records, from either end.
pub(super) trait Both: DoubleEndedIterator<Item = Slot> {}

impl<I: DoubleEndedIterator<Item = Slot>> Both for I {}

/// Does a record stand under other keys of an index after a change?
fn differ(index: usize, before: &Record, after: &Record) -> bool {
    let (before, after) = (before.index_keys(), after.index_keys());
    before != after && !before.under(index).eq(after.under(index))
}

impl Index {
    fn add(&mut self, slots: &Slots, key: IndexKey<'_>, slot: Slot) {
        match self.postings.get_mut(&key) {
            Some(postings) => postings.add(slots, &self.sorts, slot),
            None => drop(self.postings.insert(key.into(), Postings::One(slot))),
        }
    }

    fn remove(&mut self, slots: &Slots, key: IndexKey<'_>, slot: Slot) {
        let Some(postings) = self.postings.get_mut(&key) else { return };
        if postings.remove(slots, &self.sorts, slot) {
            self.postings.remove(&key);
        }
    }

    /// Calls `work` with each list under a key in which a change moves a record.
    fn move_within(
        &mut self,
        key: IndexKey<'_>,
        before: &Record,
        after: &Record,
        work: impl Fn(&mut Sorted, usize),
    ) {
        let moves = |sort: &usize| before.sort_keys()[*sort] != after.sort_keys()[*sort];
        if !self.sorts.iter().any(moves) {
            return;
        }
        let Some(Postings::Many(lists)) = self.postings.get_mut(&key) else { return };
        for (list, sort) in lists[1..].iter_mut().zip(&self.sorts) {
            if moves(sort) {
                work(list, *sort);
            }
        }
    }
}
