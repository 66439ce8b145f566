//! A disk in memory that can lose, reorder and tear whatever was not synced.
//!
//! The model follows SQLite's crash tests and RocksDB's un-synced directory rule. A write is
//! durable once its file was synced, a name once its folder was. When the machine dies, every
//! pending write is, each for itself, done, lost, torn at sector borders, or garbage in its own
//! sectors; of the pending names of one folder some first ones are there and the rest is not.
//! As SQLite's "powersafe overwrite" does, it assumes that bytes outside of a write's range are
//! never damaged. A clone is the same disk as another process sees it.

mod world;

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Access, Disk, DiskFile, Entry, Lock, LockKind, SafePath, SharedWords, Stamp};
use crate::error::{Error, Result};
pub use world::Outcome;
use world::World;

/// What goes wrong at an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It fails with this kind of error and does nothing.
    Error(io::ErrorKind),
    /// A write does its first half and then fails.
    ShortWrite,
    /// The machine dies before it: nothing happens any more.
    Crash,
}

/// A disk in memory.
#[derive(Clone)]
pub struct SimulatedDisk {
    world: Arc<Mutex<World>>,
}

impl Default for SimulatedDisk {
    fn default() -> SimulatedDisk {
        SimulatedDisk::new()
    }
}

impl SimulatedDisk {
    /// An empty disk.
    pub fn new() -> SimulatedDisk {
        SimulatedDisk::of(World::default())
    }

    fn of(world: World) -> SimulatedDisk {
        SimulatedDisk { world: Arc::new(Mutex::new(world)) }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many operations have changed the disk so far.
    pub fn operations(&self) -> u64 {
        self.world().operations
    }

    /// Lets one operation, by its number from 1, go wrong.
    pub fn fail_at(&self, operation: u64, fault: Fault) {
        self.world().faults.push((operation, operation, fault));
    }

    /// Lets every operation from this one on go wrong.
    pub fn fail_from(&self, operation: u64, fault: Fault) {
        self.world().faults.push((operation, u64::MAX, fault));
    }

    /// Lets nothing go wrong any more.
    pub fn clear_faults(&self) {
        self.world().faults.clear();
    }

    /// Limits the bytes of all files together.
    pub fn set_capacity(&self, bytes: Option<u64>) {
        self.world().capacity = bytes;
    }

    /// The machine dies: the disk as the next start finds it. This one is dead.
    pub fn crash(&self, outcome: Outcome) -> SimulatedDisk {
        let mut world = self.world();
        world.down = true;
        SimulatedDisk::of(world.after_crash(outcome))
    }

    /// The process dies: nothing written is lost, its locks are free. This one is dead.
    pub fn kill(&self) -> SimulatedDisk {
        let mut world = self.world();
        let next = world.after_kill();
        world.down = true;
        SimulatedDisk::of(next)
    }

    /// Every file and its bytes, as a reader sees them.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        self.world().files()
    }

    /// Puts a file there, durable, as if by hand.
    pub fn plant(&self, path: &str, bytes: &[u8]) {
        self.world().plant(path, bytes);
    }

    fn file(&self, path: &SafePath, number: u64) -> SimulatedFile {
        SimulatedFile { world: Arc::clone(&self.world), number, path: path.clone() }
    }
}

fn context<T>(operation: &str, path: &SafePath, result: io::Result<T>) -> Result<T> {
    result.map_err(|error| Error::io(operation, path.as_str(), &error))
}

impl Disk for SimulatedDisk {
    fn open(&self, path: &SafePath, access: Access) -> Result<Box<dyn DiskFile>> {
        let number = context("open", path, self.world().open(path.as_str(), access))?;
        Ok(Box::new(self.file(path, number)))
    }

    fn stamp(&self, path: &SafePath) -> Result<Option<Stamp>> {
        context("look at", path, self.world().stamp(path.as_str()))
    }

    fn list(&self, dir: &SafePath) -> Result<Vec<Entry>> {
        context("list", dir, self.world().list(dir.as_str()))
    }

    fn create_dir(&self, dir: &SafePath) -> Result<()> {
        if let Some(above) = dir.parent().filter(|above| *above != SafePath::root()) {
            self.create_dir(&above)?;
        }
        context("make the folder", dir, self.world().create_dir(dir.as_str()))
    }

    fn rename(&self, from: &SafePath, to: &SafePath) -> Result<()> {
        context("put in place", to, self.world().rename(from.as_str(), to.as_str()))
    }

    fn remove(&self, path: &SafePath) -> Result<bool> {
        context("remove", path, self.world().remove(path.as_str()))
    }

    fn remove_dir(&self, dir: &SafePath) -> Result<bool> {
        context("remove the folder", dir, self.world().remove_dir(dir.as_str()))
    }

    fn sync_dir(&self, dir: &SafePath) -> Result<()> {
        context("make durable", dir, self.world().sync_dir(dir.as_str()))
    }

    fn try_lock(&self, path: &SafePath, kind: LockKind) -> Result<Option<Box<dyn Lock>>> {
        let got = context("lock", path, self.world().try_lock(path.as_str(), kind))?;
        let world = Arc::clone(&self.world);
        let path = path.clone();
        Ok(got.then(|| Box::new(HeldLock { world, path, kind }) as Box<dyn Lock>))
    }

    fn shared(&self, path: &SafePath) -> Result<Box<dyn SharedWords>> {
        let words = self.world().words.entry(path.as_str().to_owned()).or_default().clone();
        Ok(Box::new(Words(words)))
    }

    fn network_file_system(&self) -> Option<String> {
        None
    }
}

/// An open file; it stays readable when its name is gone.
struct SimulatedFile {
    world: Arc<Mutex<World>>,
    number: u64,
    path: SafePath,
}

impl SimulatedFile {
    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl DiskFile for SimulatedFile {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        context("read", &self.path, self.world().read_at(self.number, offset, buffer))
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        context("write", &self.path, self.world().write_at(self.number, offset, bytes))
    }

    fn len(&self) -> Result<u64> {
        context("look at", &self.path, self.world().len(self.number))
    }

    fn set_len(&self, len: u64) -> Result<()> {
        context("resize", &self.path, self.world().set_len(self.number, len))
    }

    fn allocate(&self, len: u64) -> Result<()> {
        let now = self.len()?;
        if now < len { self.set_len(len) } else { Ok(()) }
    }

    fn sync(&self) -> Result<()> {
        context("make durable", &self.path, self.world().sync(self.number))
    }

    fn stamp(&self) -> Result<Stamp> {
        context("look at", &self.path, self.world().stamp_of(self.number))
    }
}

struct HeldLock {
    world: Arc<Mutex<World>>,
    path: SafePath,
    kind: LockKind,
}

impl Lock for HeldLock {}

impl Drop for HeldLock {
    fn drop(&mut self) {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        world.unlock(self.path.as_str(), self.kind);
    }
}

/// Words that all clones share.
struct Words(Arc<[AtomicU64; 8]>);

impl SharedWords for Words {
    fn load(&self, index: usize) -> u64 {
        self.0[index].load(Ordering::Acquire)
    }

    fn store(&self, index: usize, value: u64) {
        self.0[index].store(value, Ordering::Release);
    }

    fn raise(&self, index: usize, value: u64) {
        self.0[index].fetch_max(value, Ordering::AcqRel);
    }

    fn increment(&self, index: usize) -> u64 {
        self.0[index].fetch_add(1, Ordering::AcqRel) + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> SafePath {
        SafePath::new(text).expect("safe")
    }

    fn write(disk: &SimulatedDisk, name: &str, bytes: &[u8]) -> Box<dyn DiskFile> {
        let file = disk.open(&path(name), Access::Create).expect("open");
        file.write_at(0, bytes).expect("write");
        file
    }

    #[test]
    fn what_was_synced_survives_every_crash() {
        for seed in 0..200 {
            let disk = SimulatedDisk::new();
            write(&disk, "a", b"kept").sync().expect("sync");
            disk.sync_dir(&SafePath::root()).expect("sync");
            write(&disk, "a", b"KEPT, and more");
            write(&disk, "b", b"unseen");
            let after = disk.crash(Outcome::Seed(seed)).files();
            assert!(after["a"].len() >= 4, "seed {seed}");
        }
    }

    #[test]
    fn what_was_not_synced_may_be_lost() {
        let disk = SimulatedDisk::new();
        write(&disk, "a", b"bytes").sync().expect("sync");
        assert!(disk.crash(Outcome::Lost).files().is_empty());
        let disk = SimulatedDisk::new();
        write(&disk, "a", b"bytes");
        disk.sync_dir(&SafePath::root()).expect("sync");
        assert_eq!(disk.crash(Outcome::Lost).files()["a"], b"");
    }

    #[test]
    fn a_rename_may_be_lost_but_never_half_done() {
        for seed in 0..100 {
            let disk = SimulatedDisk::new();
            disk.plant("new", b"new");
            disk.plant("old", b"old");
            disk.rename(&path("new"), &path("old")).expect("rename");
            let after = disk.crash(Outcome::Seed(seed)).files();
            let names: Vec<&str> = after.keys().map(String::as_str).collect();
            assert!(matches!(
                (names.as_slice(), &*after["old"]),
                (["new", "old"], b"old") | (["old"], b"new")
            ));
        }
    }

    #[test]
    fn a_killed_process_loses_nothing_and_frees_its_locks() {
        let disk = SimulatedDisk::new();
        write(&disk, "a", b"bytes");
        let held = disk.try_lock(&path("lock"), LockKind::Exclusive).expect("lock");
        assert!(held.is_some());
        assert!(disk.try_lock(&path("lock"), LockKind::Shared).expect("lock").is_none());
        let next = disk.kill();
        assert_eq!(next.files()["a"], b"bytes");
        assert!(next.try_lock(&path("lock"), LockKind::Exclusive).expect("lock").is_some());
        assert!(disk.open(&path("a"), Access::Write).is_err());
    }

    #[test]
    fn faults_come_when_told() {
        let disk = SimulatedDisk::new();
        let file = write(&disk, "a", b"1");
        disk.fail_at(disk.operations() + 1, Fault::Error(io::ErrorKind::StorageFull));
        let error = file.write_at(0, b"2").expect_err("full");
        assert_eq!(error.code().name(), "NO_SPACE");
        file.write_at(0, b"3").expect("room again");
        disk.fail_at(disk.operations() + 1, Fault::ShortWrite);
        assert!(file.write_at(0, b"4444").is_err());
        assert_eq!(disk.files()["a"], b"44");
    }
}
