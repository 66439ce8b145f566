//! The orders that an index keeps: the records under each of its keys, by the value of a field.

use std::collections::BTreeSet;
use std::ops::Bound;

use hashbrown::HashMap;

use crate::catalogue::SortKey;

use super::record::Order;

/// One entry: by the value, then by creation.
type Entry = (SortKey, Order);

/// The records under each key of one index in the order of one field.
#[derive(Debug, Default)]
pub(crate) struct Sorted {
    sets: HashMap<Box<str>, BTreeSet<Entry>>,
}

impl Sorted {
    pub(crate) fn add(&mut self, key: &str, value: SortKey, order: Order) {
        self.sets.entry_ref(key).or_default().insert((value, order));
    }

    pub(crate) fn remove(&mut self, key: &str, value: &SortKey, order: Order) {
        let Some(set) = self.sets.get_mut(key) else { return };
        set.remove(&(value.clone(), order));
        if set.is_empty() {
            self.sets.remove(key);
        }
    }

    /// The places in creation order of the records under a key, by the field; those with one
    /// value come in creation order in both directions.
    pub(crate) fn walk<'s>(
        &'s self,
        key: &str,
        (from, to): (&Bound<SortKey>, &Bound<SortKey>),
        descending: bool,
    ) -> Box<dyn Iterator<Item = Order> + 's> {
        let Some(set) = self.sets.get(key).filter(|_| !is_empty(from, to)) else {
            return Box::new(std::iter::empty());
        };
        let lower = match from {
            Bound::Unbounded => Bound::Unbounded,
            Bound::Included(value) => Bound::Included((value.clone(), Order::FIRST)),
            Bound::Excluded(value) => Bound::Excluded((value.clone(), Order::LAST)),
        };
        let upper = match to {
            Bound::Unbounded => Bound::Unbounded,
            Bound::Included(value) => Bound::Included((value.clone(), Order::LAST)),
            Bound::Excluded(value) => Bound::Excluded((value.clone(), Order::FIRST)),
        };
        let entries = set.range((lower, upper));
        if descending {
            return Box::new(backwards(entries, |(value, _)| value).map(|(_, order)| *order));
        }
        Box::new(entries.map(|(_, order)| *order))
    }
}

/// A `BTreeSet` panics when it is asked for a range that ends before it begins.
fn is_empty(from: &Bound<SortKey>, to: &Bound<SortKey>) -> bool {
    match (from, to) {
        (Bound::Included(from), Bound::Included(to)) => from > to,
        (Bound::Included(from) | Bound::Excluded(from), Bound::Excluded(to))
        | (Bound::Excluded(from), Bound::Included(to)) => from >= to,
        _ => false,
    }
}

/// From the last entry to the first, but those with one value in the order in which they stand.
pub(crate) fn backwards<'s, T: 's, V: PartialEq + 's>(
    entries: impl DoubleEndedIterator<Item = &'s T> + 's,
    value: impl Fn(&'s T) -> &'s V + 's,
) -> impl Iterator<Item = &'s T> + 's {
    let mut back = entries.rev().peekable();
    let mut group: Vec<&'s T> = Vec::new();
    std::iter::from_fn(move || {
        if group.is_empty() {
            let last = back.next()?;
            group.push(last);
            while let Some(entry) = back.next_if(|entry| value(entry) == value(last)) {
                group.push(entry);
            }
        }
        group.pop()
    })
}
