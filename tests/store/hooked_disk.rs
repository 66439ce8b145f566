//! A disk that tells a test what is about to be done with a file, so that the test can do something
//! first.

use std::sync::Arc;

use quilltap_store::disk::{
    Access, Disk, DiskFile, Entry, Lock, LockKind, RealDisk, SafePath, SharedWords, Stamp, Watch,
};
use quilltap_store::error::Result;

/// What is about to be done with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Its state is looked at.
    Look,
    Read,
    Write,
    /// Another file is put in its place.
    Replace,
    /// It is made durable.
    Sync,
}

/// What a test does before it.
pub(crate) type Hook = Arc<dyn Fn(Next, &SafePath) + Send + Sync>;

/// A disk that tells what is about to be done.
pub(crate) struct HookedDisk {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) before: Hook,
}

struct HookedFile {
    file: Box<dyn DiskFile>,
    path: SafePath,
    before: Hook,
}

impl DiskFile for HookedFile {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        self.file.read_at(offset, buffer)
    }
    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        self.file.write_at(offset, bytes)
    }
    fn len(&self) -> Result<u64> {
        self.file.len()
    }
    fn set_len(&self, len: u64) -> Result<()> {
        self.file.set_len(len)
    }
    fn allocate(&self, len: u64) -> Result<()> {
        self.file.allocate(len)
    }
    fn sync(&self) -> Result<()> {
        (self.before)(Next::Sync, &self.path);
        self.file.sync()
    }
    fn stamp(&self) -> Result<Stamp> {
        self.file.stamp()
    }
}

impl Disk for HookedDisk {
    fn open(&self, path: &SafePath, access: Access) -> Result<Box<dyn DiskFile>> {
        (self.before)(if access == Access::Read { Next::Read } else { Next::Write }, path);
        let (file, path) = (self.disk.open(path, access)?, path.clone());
        Ok(Box::new(HookedFile { file, path, before: Arc::clone(&self.before) }))
    }
    fn stamp(&self, path: &SafePath) -> Result<Option<Stamp>> {
        (self.before)(Next::Look, path);
        self.disk.stamp(path)
    }
    fn list(&self, dir: &SafePath) -> Result<Vec<Entry>> {
        self.disk.list(dir)
    }
    fn create_dir(&self, dir: &SafePath) -> Result<()> {
        self.disk.create_dir(dir)
    }
    fn rename(&self, from: &SafePath, to: &SafePath) -> Result<()> {
        (self.before)(Next::Replace, to);
        self.disk.rename(from, to)
    }
    fn replace(&self, from: &SafePath, to: &SafePath, known: Option<&Stamp>) -> Result<bool> {
        (self.before)(Next::Replace, to);
        self.disk.replace(from, to, known)
    }
    fn remove(&self, path: &SafePath) -> Result<bool> {
        self.disk.remove(path)
    }
    fn remove_dir(&self, dir: &SafePath) -> Result<bool> {
        self.disk.remove_dir(dir)
    }
    fn sync_dir(&self, dir: &SafePath) -> Result<()> {
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
    fn watch(&self) -> Option<Box<dyn Watch>> {
        self.disk.watch()
    }
    fn as_real(&self) -> Option<&RealDisk> {
        self.disk.as_real()
    }
}
