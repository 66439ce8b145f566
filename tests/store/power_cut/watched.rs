//! A disk that tells before each of its operations.

use std::sync::Arc;

use quilltap_store::disk::{
    Access, Disk, DiskFile, Entry, Lock, LockKind, SafePath, SharedWords, Stamp,
};
use quilltap_store::error::Result;

/// Who is told.
pub(super) type Before = Arc<dyn Fn() + Send + Sync>;

/// A disk, and who is told before it changes.
pub(super) struct Watched<D> {
    pub(super) disk: D,
    pub(super) before: Before,
}

struct WatchedFile {
    file: Box<dyn DiskFile>,
    before: Before,
}

impl<D: Disk> Disk for Watched<D> {
    fn open(&self, path: &SafePath, access: Access) -> Result<Box<dyn DiskFile>> {
        if matches!(access, Access::Create | Access::Replace) {
            (self.before)();
        }
        let (file, before) = (self.disk.open(path, access)?, Arc::clone(&self.before));
        Ok(Box::new(WatchedFile { file, before }))
    }

    fn stamp(&self, path: &SafePath) -> Result<Option<Stamp>> {
        self.disk.stamp(path)
    }

    fn list(&self, dir: &SafePath) -> Result<Vec<Entry>> {
        self.disk.list(dir)
    }

    fn create_dir(&self, dir: &SafePath) -> Result<()> {
        (self.before)();
        self.disk.create_dir(dir)
    }

    fn rename(&self, from: &SafePath, to: &SafePath) -> Result<()> {
        (self.before)();
        self.disk.rename(from, to)
    }

    fn remove(&self, path: &SafePath) -> Result<bool> {
        (self.before)();
        self.disk.remove(path)
    }

    fn remove_dir(&self, dir: &SafePath) -> Result<bool> {
        (self.before)();
        self.disk.remove_dir(dir)
    }

    fn sync_dir(&self, dir: &SafePath) -> Result<()> {
        (self.before)();
        self.disk.sync_dir(dir)
    }

    fn try_lock(&self, path: &SafePath, kind: LockKind) -> Result<Option<Box<dyn Lock>>> {
        self.disk.try_lock(path, kind)
    }

    fn shared(&self, path: &SafePath) -> Result<Box<dyn SharedWords>> {
        self.disk.shared(path)
    }

    fn network_file_system(&self) -> Option<String> {
        self.disk.network_file_system()
    }
}

impl DiskFile for WatchedFile {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        self.file.read_at(offset, buffer)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        (self.before)();
        self.file.write_at(offset, bytes)
    }

    fn len(&self) -> Result<u64> {
        self.file.len()
    }

    fn set_len(&self, len: u64) -> Result<()> {
        (self.before)();
        self.file.set_len(len)
    }

    fn allocate(&self, len: u64) -> Result<()> {
        (self.before)();
        self.file.allocate(len)
    }

    fn sync(&self) -> Result<()> {
        (self.before)();
        self.file.sync()
    }

    fn stamp(&self) -> Result<Stamp> {
        self.file.stamp()
    }
}
