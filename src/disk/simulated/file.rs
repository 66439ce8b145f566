//! What a process holds of the simulated disk: open files, locks, words.

use std::io;
use std::sync::MutexGuard;
use std::sync::atomic::Ordering;

use super::super::{DiskFile, Lock, LockKind, SafePath, SharedWords, Stamp, WORDS};
use super::world::{SharedArray, World};
use super::{SimulatedDisk, context};
use crate::error::Result;

/// An open file; it stays readable when its name is gone.
pub(super) struct SimulatedFile {
    pub(super) disk: SimulatedDisk,
    pub(super) number: u64,
    pub(super) path: SafePath,
    pub(super) writable: bool,
}

impl SimulatedFile {
    fn world(&self) -> MutexGuard<'_, World> {
        self.disk.world()
    }

    fn expect_writable(&self, operation: &str) -> Result<()> {
        let refused = || io::Error::other("the file was opened for reading only");
        context(operation, &self.path, self.writable.then_some(()).ok_or_else(refused))
    }
}

impl DiskFile for SimulatedFile {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        context("read", &self.path, self.world().read_at(self.number, offset, buffer))
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.expect_writable("write")?;
        context("write", &self.path, self.world().write_at(self.number, offset, bytes))
    }

    fn len(&self) -> Result<u64> {
        context("look at", &self.path, self.world().len(self.number))
    }

    fn set_len(&self, len: u64) -> Result<()> {
        self.expect_writable("resize")?;
        context("resize", &self.path, self.world().set_len(self.number, len))
    }

    fn allocate(&self, len: u64) -> Result<()> {
        self.expect_writable("reserve room for")?;
        context("reserve room for", &self.path, self.world().allocate(self.number, len))
    }

    fn sync(&self) -> Result<()> {
        context("make durable", &self.path, self.world().sync(self.number))
    }

    fn stamp(&self) -> Result<Stamp> {
        context("look at", &self.path, self.world().stamp_of(self.number))
    }
}

/// A lock on the file of this number, whatever its name is by now.
pub(super) struct HeldLock {
    pub(super) disk: SimulatedDisk,
    pub(super) number: u64,
    pub(super) kind: LockKind,
}

impl Lock for HeldLock {}

impl Drop for HeldLock {
    fn drop(&mut self) {
        self.disk.world().unlock(self.number, self.kind);
    }
}

/// Words that all clones share.
pub(super) struct Words {
    pub(super) disk: SimulatedDisk,
    pub(super) words: SharedArray,
}

impl Words {
    /// May this process still write? Its death is noted at once, for its locks.
    fn lives_on(&self) -> bool {
        self.disk.process.change() || self.disk.world().bury().is_ok()
    }
}

impl SharedWords for Words {
    fn load(&self, index: usize) -> u64 {
        self.words[index].load(Ordering::Acquire)
    }

    fn store(&self, index: usize, value: u64) {
        if self.lives_on() {
            self.words[index].store(value, Ordering::Release);
        }
    }

    fn raise(&self, index: usize, value: u64) {
        if self.lives_on() {
            self.words[index].fetch_max(value, Ordering::AcqRel);
        }
    }

    fn increment(&self, index: usize) -> u64 {
        let add = u64::from(self.lives_on());
        self.words[index].fetch_add(add, Ordering::AcqRel).wrapping_add(add)
    }

    fn reset(&self) -> Result<()> {
        (0..WORDS).for_each(|index| self.store(index, 0));
        Ok(())
    }
}
