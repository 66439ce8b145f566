//! Words of memory that all processes share: a small file, mapped.
//!
//! A mapped file can take its memory away: where it has no block and the disk is full, and behind
//! its end when somebody cuts it (`cp` of a backup over it, `truncate`), touching the memory is a
//! SIGBUS, which ends the process. So its blocks are allocated before it is used, and where that is
//! not enough (it was cut, or the file system copies on write) `bus_error` puts an empty page in the
//! place of the lost one: its words are zeros, by which the store knows.
//!
//! Reading and writing the file instead of mapping it would need neither, and cost each read of the
//! store a system call, and each commit several, that may wait for the file system's own journal.

#![allow(unsafe_code, reason = "memory that other processes write to has no safe type")]

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use memmap2::MmapRaw;

use super::super::{DiskFile, SharedWords, WORDS};
use super::bus_error::Watch;
use super::file::RealFile;
use crate::error::Result;

/// Length of the file, in bytes; only the first words are used.
pub(super) const LEN: usize = 4096;

/// A mapped file of words.
pub(super) struct MappedWords {
    // Dropped first: nothing may be put into the place of memory that is no longer ours.
    _watch: Watch,
    map: MmapRaw,
    file: RealFile,
}

impl MappedWords {
    pub(super) fn new(file: RealFile) -> io::Result<MappedWords> {
        // Extending is the same whoever does it first, and does not touch what others have written.
        super::file::reserve(file.file(), LEN as u64)?;
        super::file::extend(file.file(), LEN as u64)?;
        let map = memmap2::MmapOptions::new().len(LEN).map_raw(file.file())?;
        Ok(MappedWords { _watch: Watch::over(map.as_mut_ptr() as usize), map, file })
    }

    fn word(&self, index: usize) -> &AtomicU64 {
        assert!(index < WORDS, "there are {WORDS} words");
        let start = self.map.as_mut_ptr().cast::<AtomicU64>();
        // SAFETY: the mapping starts at a page border, so it is aligned for a u64; it is 4,096
        // bytes long and lives as long as `self`, and `index` is below `WORDS`. The memory is only
        // ever used through atomics, by us and by the other processes that run this code. If the
        // file no longer backs it, `_watch` has an empty page put there before the access goes on.
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
        self.word(index).fetch_add(1, Ordering::AcqRel).wrapping_add(1)
    }

    /// By a write, which fails with an error where there is no room; some file systems allocate
    /// nothing before that.
    fn reset(&self) -> Result<()> {
        self.file.write_at(0, &[0; LEN])
    }
}
