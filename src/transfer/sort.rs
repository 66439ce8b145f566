//! Sorting more than memory holds: sorted parts on the disk, merged while they are read.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::disk::Scratch;
use crate::error::Result;

/// So much is sorted in memory at a time, in bytes.
const MEMORY: usize = 48 << 20;
/// What an item takes besides its bytes.
const OVERHEAD: usize = 64;

/// A key and its item, in memory.
type Held = (Box<[u8]>, Box<[u8]>);

/// Items, each under a key, given back in the order of their keys; those of one key as they came.
pub(super) struct Sorter {
    items: Vec<Held>,
    bytes: usize,
    memory: usize,
    parts: Vec<Scratch>,
}

impl Sorter {
    pub(super) fn new() -> Sorter {
        Sorter::with_memory(MEMORY)
    }

    fn with_memory(memory: usize) -> Sorter {
        Sorter { items: Vec::new(), bytes: 0, memory, parts: Vec::new() }
    }

    /// Adds an item.
    ///
    /// # Errors
    /// Those of the disk.
    pub(super) fn add(&mut self, key: Vec<u8>, item: &[u8]) -> Result<()> {
        self.bytes += key.len() + item.len() + OVERHEAD;
        self.items.push((key.into(), item.into()));
        if self.bytes > self.memory { self.write_part() } else { Ok(()) }
    }

    fn write_part(&mut self) -> Result<()> {
        self.items.sort_by(|(a, _), (b, _)| a.cmp(b));
        let mut part = Scratch::new()?;
        for (key, item) in self.items.drain(..) {
            for bytes in [key, item] {
                part.write(&(bytes.len() as u64).to_le_bytes())?;
                part.write(&bytes)?;
            }
        }
        part.rewind()?;
        self.parts.push(part);
        self.bytes = 0;
        Ok(())
    }

    /// Gives every item in order.
    ///
    /// # Errors
    /// Those of the disk and of `each`.
    pub(super) fn finish(mut self, mut each: impl FnMut(&[u8], &[u8]) -> Result<()>) -> Result<()> {
        if self.parts.is_empty() {
            self.items.sort_by(|(a, _), (b, _)| a.cmp(b));
            return self.items.iter().try_for_each(|(key, item)| each(key, item));
        }
        if !self.items.is_empty() {
            self.write_part()?;
        }
        // The next item of each part; of equal keys the one of the earlier part comes first.
        let mut next = BinaryHeap::new();
        for (at, part) in self.parts.iter_mut().enumerate() {
            next.extend(read_item(part)?.map(|(key, item)| Reverse((key, at, item))));
        }
        while let Some(Reverse((key, at, item))) = next.pop() {
            each(&key, &item)?;
            next.extend(read_item(&mut self.parts[at])?.map(|(k, item)| Reverse((k, at, item))));
        }
        Ok(())
    }
}

/// A key and its item.
type Item = (Vec<u8>, Vec<u8>);

fn read_item(part: &mut Scratch) -> Result<Option<Item>> {
    let Some(key) = read_bytes(part)? else { return Ok(None) };
    Ok(read_bytes(part)?.map(|item| (key, item)))
}

fn read_bytes(part: &mut Scratch) -> Result<Option<Vec<u8>>> {
    let mut len = [0; 8];
    if part.read(&mut len)? < len.len() {
        return Ok(None);
    }
    let mut bytes = vec![0; usize::try_from(u64::from_le_bytes(len)).unwrap_or_default()];
    part.read(&mut bytes)?;
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn as_a_stable_sort(
            items in proptest::collection::vec((0_u8..6, any::<u16>()), 0..60),
            memory in 1_usize..2000,
        ) {
            let mut sorter = Sorter::with_memory(memory);
            for (key, item) in &items {
                sorter.add(vec![*key], &item.to_le_bytes()).expect("written");
            }
            let mut sorted = Vec::new();
            let take = |key: &[u8], item: &[u8]| {
                sorted.push((key[0], u16::from_le_bytes([item[0], item[1]])));
                Ok(())
            };
            sorter.finish(take).expect("read");
            let mut expected = items;
            expected.sort_by_key(|(key, _)| *key);
            prop_assert_eq!(sorted, expected);
        }
    }
}
