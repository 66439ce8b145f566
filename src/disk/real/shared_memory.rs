//! Words of memory that all processes share: a small file, mapped.

#![allow(unsafe_code, reason = "memory that other processes write to has no safe type")]

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use memmap2::MmapRaw;

use super::super::{SharedWords, WORDS};

/// Length of the file, in bytes; only the first words are used.
const LEN: u64 = 4096;

/// A mapped file of words.
pub(super) struct MappedWords {
    map: MmapRaw,
}

impl MappedWords {
    pub(super) fn new(file: &File) -> io::Result<MappedWords> {
        // Without the length, touching the memory would kill the process (SIGBUS). Extending is
        // the same whoever does it first, and nobody who follows the rules of this module cuts it.
        super::file::extend(file, LEN)?;
        Ok(MappedWords { map: memmap2::MmapOptions::new().len(LEN as usize).map_raw(file)? })
    }

    fn word(&self, index: usize) -> &AtomicU64 {
        assert!(index < WORDS, "there are {WORDS} words");
        let start = self.map.as_mut_ptr().cast::<AtomicU64>();
        // SAFETY: the mapping starts at a page border, so it is aligned for a u64; it is 4,096
        // bytes long and lives as long as `self`, and `index` is below `WORDS`. The memory is only
        // ever used through atomics, by us and by the other processes that run this code.
        unsafe { &*start.add(index) }
    }
}

impl SharedWords for MappedWords {
    fn load(&self, index: usize) -> u64 {
        self.word(index).load(Ordering::Acquire)
    }

    fn store(&self, index: usize, value: u64) {
        self.word(index).store(value, Ordering::Release);
    }

    fn raise(&self, index: usize, value: u64) {
        self.word(index).fetch_max(value, Ordering::AcqRel);
    }

    fn increment(&self, index: usize) -> u64 {
        self.word(index).fetch_add(1, Ordering::AcqRel) + 1
    }
}
