//! A disk in memory that can lose, reorder and tear whatever was not synced.
//!
//! It may use nothing of the machine, and must not know what is in a file. The model follows
//! SQLite's crash tests (`src/test6.c`) and RocksDB's rule of un-synced folders:
//!
//! - A file's bytes are durable once the file was synced, its name once its folder was; neither
//!   helps the other. So a durable name may stand for an empty file or for garbage (as on ext4
//!   with `noauto_da_alloc`), and synced bytes may have no name.
//! - When the machine dies, each un-synced write is for itself done, lost, all garbage, or torn:
//!   then each of its 512-byte sectors is for itself done, lost or garbage. A new length is done
//!   or lost. What is kept is applied in the order of writing.
//! - Only bytes within the range of an un-synced write are ever damaged. This is SQLite's
//!   "powersafe overwrite" (`SQLITE_IOCAP_POWERSAFE_OVERWRITE`, sqlite.org/psow.html), which it
//!   assumes of every disk.
//! - Of the un-synced changes of names in one folder some first ones are there; folders are
//!   independent of each other. A rename within a folder happens or does not; across folders it
//!   may also leave both names, or neither. A folder that is lost takes along what is in it.
//! - A sync of a file that fails gives up its writes (Linux since "fsyncgate"): they stay
//!   visible until the machine dies, and no later sync makes them durable. A failed sync of a
//!   folder leaves its changes as they were.
//! - A file keeps its stamp over a crash, even when its bytes are not those that were stamped.
//! - Files of locks and of words are durable at once, since what is in them matters to nobody.
//!
//! It does not model: sectors that go bad by themselves, a disk that lies about a sync, and room
//! that is still taken by files without a name. A clone is the same disk as another process
//! sees it.

mod content;
mod death;
mod file;
mod names;
mod outcome;
mod process;
mod world;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Access, Disk, DiskFile, Entry, Lock, LockKind, SafePath, SharedWords, Stamp};
use crate::error::{Error, Result};
use file::{HeldLock, SimulatedFile, Words};
pub use outcome::Outcome;
use process::Process;
use world::World;

/// What goes wrong at an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It fails with this kind of error and does nothing.
    Error(io::ErrorKind),
    /// It fails with this error number of the operating system (5 is `EIO`, 24 `EMFILE` on
    /// Unix), for errors that have no kind of their own, and does nothing.
    SystemError(i32),
    /// A write does its first half and then fails; another operation is not affected.
    ShortWrite,
    /// The machine dies before it: nothing happens any more, and every later call fails.
    Crash,
}

/// A disk in memory. Operations that change it, be it in vain, are numbered from 1: opening
/// that makes or empties a file, `write_at`, `set_len` and `allocate` where it extends, `sync`,
/// `sync_dir`, `rename`, `remove`, `create_dir` and `remove_dir` of what is there or not, each
/// only when there is something to do.
#[derive(Clone)]
pub struct SimulatedDisk {
    world: Arc<Mutex<World>>,
    process: Arc<Process>,
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
        SimulatedDisk { world: Arc::new(Mutex::new(world)), process: Arc::default() }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        enter(&self.world, &self.process)
    }

    /// The disk as another process sees it, which dies before its change number `life` of the
    /// disk or of words: its calls fail from then on, its locks are free, and the others live on.
    pub fn process(&self, life: u64) -> SimulatedDisk {
        let mut world = self.world();
        world.processes += 1;
        let process = Arc::new(Process::of(world.processes, life));
        SimulatedDisk { world: Arc::clone(&self.world), process }
    }

    /// Is this process alive?
    pub fn is_alive(&self) -> bool {
        self.world().alive().is_ok()
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

    /// Lets nothing go wrong any more; a machine that died stays dead.
    pub fn clear_faults(&self) {
        self.world().faults.clear();
    }

    /// Limits the bytes of all named files together; writing over it fails with `NO_SPACE`.
    pub fn set_capacity(&self, bytes: Option<u64>) {
        self.world().capacity = bytes;
    }

    /// Makes the disk refuse every change, or takes that back.
    pub fn set_read_only(&self, read_only: bool) {
        self.world().read_only = read_only;
    }

    /// The machine dies: the disk as the next start finds it, with no locks and zeroed words.
    /// This one is dead, but may be asked for other outcomes.
    pub fn crash(&self, outcome: Outcome) -> SimulatedDisk {
        let mut world = self.world();
        world.down = true;
        SimulatedDisk::of(world.after_crash(outcome))
    }

    /// The outcomes that a crash at this moment may have: all of them when there are at most
    /// `limit`, else `Done`, `Lost` and as many pseudo-random ones, chosen by `seed`, as there
    /// is room for.
    pub fn crash_outcomes(&self, limit: usize, seed: u64) -> Vec<Outcome> {
        self.world().crash_outcomes(limit, seed)
    }

    /// May a crash at this moment leave exactly these files? So a real disk is compared with this
    /// one.
    pub fn allows(&self, files: &BTreeMap<String, Vec<u8>>) -> bool {
        self.world().allows(files)
    }

    /// The process dies: nothing written is lost, its locks are free and the words stay. This
    /// one is dead. What was not synced may still be lost in a later crash.
    pub fn kill(&self) -> SimulatedDisk {
        let mut world = self.world();
        world.down = true;
        SimulatedDisk::of(world.after_kill())
    }

    /// A disk of its own that is as this one is now, after the death of the process: as
    /// [`SimulatedDisk::kill`] gives it, but this one lives on.
    pub fn copy(&self) -> SimulatedDisk {
        SimulatedDisk::of(self.world().after_kill())
    }

    /// Gives `watcher` before each operation a copy of the disk, on which any death of the process
    /// or the machine at this moment can be looked at.
    pub fn watch(&self, mut watcher: impl FnMut(SimulatedDisk) + Send + 'static) {
        self.world().watcher = Some(Box::new(move |world| watcher(SimulatedDisk::of(world))));
    }

    /// Every file and its bytes, as a reader sees them.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        self.world().files()
    }

    /// Puts a file there, durable, as if by hand. So become the names in the folders above it.
    pub fn plant(&self, path: &str, bytes: &[u8]) {
        self.world().plant(path, bytes);
    }
}

fn enter<'w>(world: &'w Mutex<World>, process: &Arc<Process>) -> MutexGuard<'w, World> {
    let mut world = world.lock().unwrap_or_else(PoisonError::into_inner);
    world.process = Arc::clone(process);
    world
}

fn context<T>(operation: &str, path: &SafePath, result: io::Result<T>) -> Result<T> {
    result.map_err(|error| Error::io(operation, path.as_str(), &error))
}

impl Disk for SimulatedDisk {
    fn open(&self, path: &SafePath, access: Access) -> Result<Box<dyn DiskFile>> {
        let number = context("open", path, self.world().open(path.as_str(), access))?;
        let writable = access != Access::Read;
        Ok(Box::new(SimulatedFile { disk: self.clone(), number, path: path.clone(), writable }))
    }

    fn stamp(&self, path: &SafePath) -> Result<Option<Stamp>> {
        context("look at", path, self.world().stamp(path.as_str()))
    }

    fn list(&self, dir: &SafePath) -> Result<Vec<Entry>> {
        context("list", dir, self.world().list(dir.as_str()))
    }

    fn create_dir(&self, dir: &SafePath) -> Result<()> {
        let mut world = self.world();
        let made = dir.folders().chain([dir.as_str()]).try_for_each(|part| world.create_dir(part));
        context("make the folder", dir, made)
    }

    fn rename(&self, from: &SafePath, to: &SafePath) -> Result<()> {
        context("put in place", to, self.world().rename(from.as_str(), to.as_str()))
    }

    fn replace(&self, from: &SafePath, to: &SafePath, known: Option<&Stamp>) -> Result<bool> {
        let mut world = self.world();
        if context("look at", to, world.stamp(to.as_str()))?.as_ref() != known {
            return Ok(false);
        }
        context("put in place", to, world.rename(from.as_str(), to.as_str())).map(|()| true)
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
        let disk = self.clone();
        Ok(got.map(|number| Box::new(HeldLock { disk, number, kind }) as Box<dyn Lock>))
    }

    fn shared(&self, path: &SafePath) -> Result<Box<dyn SharedWords>> {
        let words = context("map", path, self.world().words(path.as_str()))?;
        Ok(Box::new(Words { disk: self.clone(), words }))
    }

    fn network_file_system(&self) -> Option<String> {
        None
    }
}
