//! Numbers of records in an order that whoever asks knows: four bytes each.
//!
//! What a number compares as is looked up in its record. So a record is taken out of an order before it
//! changes, and put back after that.

use std::cmp::Ordering;

use super::slots::Slot;

/// So many stand together in memory.
const CHUNK: usize = 256;

/// Numbers of records in an order.
#[derive(Debug, Default)]
pub(super) struct Sorted {
    /// None is empty.
    chunks: Vec<Vec<Slot>>,
    len: usize,
}

/// A place between two numbers: a chunk, and how many of it come before.
type Place = (usize, usize);

impl Sorted {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Puts a number where `compare` says that those before it are less.
    pub(super) fn insert(&mut self, slot: Slot, compare: impl Fn(Slot) -> Ordering) {
        self.len += 1;
        let is_less = |other: Slot| compare(other) == Ordering::Less;
        // Most records are the newest.
        let is_last = self.chunks.last().and_then(|chunk| chunk.last()).is_none_or(|l| is_less(*l));
        if is_last {
            match self.chunks.last_mut().filter(|chunk| chunk.len() < CHUNK) {
                Some(chunk) => chunk.push(slot),
                None => self.chunks.push(vec![slot]),
            }
            return;
        }
        let (number, at) = self.place(is_less);
        let chunk = &mut self.chunks[number];
        chunk.insert(at, slot);
        if chunk.len() > CHUNK {
            let behind = chunk.split_off(CHUNK / 2);
            chunk.shrink_to(CHUNK * 3 / 4);
            self.chunks.insert(number + 1, behind);
        }
    }

    /// Takes a number out that is where `compare` says.
    pub(super) fn remove(&mut self, slot: Slot, compare: impl Fn(Slot) -> Ordering) {
        let (number, at) = self.place(|other| compare(other) == Ordering::Less);
        let Some(chunk) = self.chunks.get_mut(number) else { return };
        if chunk.get(at) != Some(&slot) {
            return;
        }
        chunk.remove(at);
        self.len -= 1;
        let len = chunk.len();
        let next = self.chunks.get(number + 1).map_or(CHUNK, Vec::len);
        if len == 0 {
            self.chunks.remove(number);
        } else if len + next <= CHUNK / 2 {
            let next = self.chunks.remove(number + 1);
            self.chunks[number].extend(next);
        }
    }

    /// The place behind all that are less.
    fn place(&self, is_less: impl Fn(Slot) -> bool) -> Place {
        let whole = self.chunks.partition_point(|chunk| chunk.last().is_some_and(|l| is_less(*l)));
        let at = self.chunks.get(whole).map_or(0, |chunk| chunk.partition_point(|s| is_less(*s)));
        (whole, at)
    }

    /// Those from the first that is not `before` up to the first that is `behind`.
    pub(super) fn between(
        &self,
        before: impl Fn(Slot) -> bool,
        behind: impl Fn(Slot) -> bool,
    ) -> impl DoubleEndedIterator<Item = Slot> {
        let (from, to) = (self.place(before), self.place(|slot| !behind(slot)));
        let chunks = self.chunks.get(from.0..(to.0 + 1).min(self.chunks.len())).unwrap_or_default();
        chunks.iter().enumerate().flat_map(move |(number, chunk)| {
            let begin = if number == 0 { from.1 } else { 0 };
            let end = if from.0 + number == to.0 { to.1 } else { chunk.len() };
            chunk.get(begin..end).unwrap_or_default().iter().copied()
        })
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = Slot> {
        self.chunks.iter().flatten().copied()
    }
}

/// From the last entry to the first, but those with one value in the order in which they stand.
pub(crate) fn backwards<T: Copy, V: PartialEq>(
    entries: impl DoubleEndedIterator<Item = T>,
    value: impl Fn(T) -> V,
) -> impl Iterator<Item = T> {
    let mut back = entries.rev().peekable();
    let mut group: Vec<T> = Vec::new();
    std::iter::from_fn(move || {
        if group.is_empty() {
            let last = back.next()?;
            group.push(last);
            let of_last = value(last);
            while let Some(entry) = back.next_if(|entry| value(*entry) == of_last) {
                group.push(entry);
            }
        }
        group.pop()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn it_is_what_a_set_is(
            steps in proptest::collection::vec((any::<bool>(), 0..1500_u32), 0..3000),
            (from, to) in (0..1500_u32, 0..1500_u32),
        ) {
            let (mut sorted, mut set) = (Sorted::default(), BTreeSet::new());
            // As at a start: most are added, and many of them at the end.
            for slot in (0..600).map(|number| number * 2) {
                sorted.insert(slot, |other| other.cmp(&slot));
                set.insert(slot);
            }
            for (adds, slot) in steps {
                if adds && set.insert(slot) {
                    sorted.insert(slot, |other| other.cmp(&slot));
                } else if !adds && set.remove(&slot) {
                    sorted.remove(slot, |other| other.cmp(&slot));
                }
            }
            prop_assert_eq!(sorted.len(), set.len());
            prop_assert!(sorted.iter().eq(set.iter().copied()));
            prop_assert!(sorted.chunks.iter().all(|chunk| (1..=CHUNK).contains(&chunk.len())));
            let between: Vec<Slot> = sorted.between(|slot| slot < from, |slot| slot >= to).collect();
            let expected: Vec<Slot> = set.iter().copied().filter(|slot| (from..to).contains(slot)).collect();
            prop_assert_eq!(&between, &expected);
            let back: Vec<Slot> = sorted.between(|slot| slot < from, |slot| slot >= to).rev().collect();
            prop_assert!(back.iter().rev().eq(&expected));
        }
    }
}
