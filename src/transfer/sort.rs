//! Sorting more than memory holds: sorted parts on the disk, merged while they are read.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::panic::resume_unwind;
use std::thread::{Builder, JoinHandle};

use crate::disk::Scratch;
use crate::error::{Error, Result};

/// So much is sorted in memory at a time, in bytes.
const MEMORY: usize = 48 << 20;

/// Where an item stands among the bytes that are held: its key, and behind that itself.
#[derive(Clone, Copy)]
struct Place {
    start: usize,
    key_len: usize,
    len: usize,
}

/// Items in memory, each behind its key.
#[derive(Default)]
struct Held {
    bytes: Vec<u8>,
    places: Vec<Place>,
}

impl Held {
    fn size(&self) -> usize {
        self.bytes.len() + self.places.len() * size_of::<Place>()
    }

    fn add(&mut self, key: &[u8], item: &[u8]) {
        let (start, key_len) = (self.bytes.len(), key.len());
        self.bytes.extend_from_slice(key);
        self.bytes.extend_from_slice(item);
        self.places.push(Place { start, key_len, len: key_len + item.len() });
    }

    fn sort(&mut self) {
        let bytes = &self.bytes;
        self.places.sort_by_key(|place| &bytes[place.start..][..place.key_len]);
    }

    fn each(&self, mut each: impl FnMut(&[u8], &[u8]) -> Result<()>) -> Result<()> {
        self.places.iter().try_for_each(|place| {
            let (key, item) = self.bytes[place.start..][..place.len].split_at(place.key_len);
            each(key, item)
        })
    }
}

/// Takes items, each under a key.
pub(super) struct Sorter {
    held: Held,
    memory: usize,
    parts: Vec<Scratch>,
    /// A part that is sorted and written while the next one is gathered.
    writing: Option<JoinHandle<Result<(Held, Scratch)>>>,
}

impl Sorter {
    pub(super) fn new() -> Sorter {
        Sorter::with_memory(MEMORY)
    }

    fn with_memory(memory: usize) -> Sorter {
        Sorter { held: Held::default(), memory, parts: Vec::new(), writing: None }
    }

    /// Adds an item.
    ///
    /// # Errors
    /// Those of the disk.
    pub(super) fn add(&mut self, key: &[u8], item: &[u8]) -> Result<()> {
        self.held.add(key, item);
        // Two parts are held at a time.
        if self.held.size() > self.memory / 2 { self.begin_part() } else { Ok(()) }
    }

    /// Writes what is held into a part, once the part before is written.
    fn begin_part(&mut self) -> Result<()> {
        let before = self.end_part()?;
        let full = std::mem::replace(&mut self.held, before);
        let thread = Builder::new().name("quilltap-sort".to_owned());
        let writing = thread.spawn(move || write_part(full));
        self.writing = Some(writing.map_err(|error| Error::io("start", "a thread", &error))?);
        Ok(())
    }

    /// Waits for the part that is being written; gives its room, which is empty.
    fn end_part(&mut self) -> Result<Held> {
        let Some(writing) = self.writing.take() else { return Ok(Held::default()) };
        let (room, part) = writing.join().unwrap_or_else(|panic| resume_unwind(panic))?;
        self.parts.push(part);
        Ok(room)
    }

    /// All items, in the order of their keys; those of one key as they came.
    ///
    /// # Errors
    /// Those of the disk.
    pub(super) fn finish(mut self) -> Result<Sorted> {
        drop(self.end_part()?);
        if self.parts.is_empty() {
            self.held.sort();
        } else {
            self.begin_part()?;
            self.end_part()?;
        }
        Ok(Sorted { held: self.held, parts: self.parts })
    }
}

fn write_part(mut held: Held) -> Result<(Held, Scratch)> {
    held.sort();
    let mut part = Scratch::new()?;
    held.each(|key, item| {
        [key, item].into_iter().try_for_each(|bytes| {
            part.write(&(bytes.len() as u64).to_le_bytes())?;
            part.write(bytes)
        })
    })?;
    held.bytes.clear();
    held.places.clear();
    Ok((held, part))
}

/// Items in the order of their keys, in memory or in parts on the disk.
pub(super) struct Sorted {
    held: Held,
    parts: Vec<Scratch>,
}

impl Sorted {
    /// Gives every item in order, as often as it is asked.
    ///
    /// # Errors
    /// Those of the disk and of `each`.
    pub(super) fn each(&mut self, mut each: impl FnMut(&[u8], &[u8]) -> Result<()>) -> Result<()> {
        self.held.each(&mut each)?;
        // The next key of each part; of equal keys the one of the earlier part comes first.
        let (mut next, mut items) = (BinaryHeap::new(), vec![Vec::new(); self.parts.len()]);
        for (at, part) in self.parts.iter_mut().enumerate() {
            part.rewind()?;
            let mut key = Vec::new();
            if read_item(part, &mut key, &mut items[at])? {
                next.push(Reverse((key, at)));
            }
        }
        while let Some(Reverse((mut key, at))) = next.pop() {
            each(&key, &items[at])?;
            if read_item(&mut self.parts[at], &mut key, &mut items[at])? {
                next.push(Reverse((key, at)));
            }
        }
        Ok(())
    }
}

/// Reads the next key and its item; `false` at the end.
fn read_item(part: &mut Scratch, key: &mut Vec<u8>, item: &mut Vec<u8>) -> Result<bool> {
    Ok(read_bytes(part, key)? && read_bytes(part, item)?)
}

fn read_bytes(part: &mut Scratch, bytes: &mut Vec<u8>) -> Result<bool> {
    let mut len = [0; 8];
    if part.read(&mut len)? < len.len() {
        return Ok(false);
    }
    bytes.resize(usize::try_from(u64::from_le_bytes(len)).unwrap_or_default(), 0);
    part.read(bytes)?;
    Ok(true)
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
                sorter.add(&[*key], &item.to_le_bytes()).expect("written");
            }
            let mut sorted = sorter.finish().expect("written");
            let mut expected = items;
            expected.sort_by_key(|(key, _)| *key);
            for _ in 0..2 {
                let mut found = Vec::new();
                let take = |key: &[u8], item: &[u8]| {
                    found.push((key[0], u16::from_le_bytes([item[0], item[1]])));
                    Ok(())
                };
                sorted.each(take).expect("read");
                prop_assert_eq!(&found, &expected);
            }
        }
    }
}
