//! Lock files that stay open between one holding and the next: opening such a file takes ten times as long as
//! locking it.
//!
//! An open file is never in two hands: who takes its lock takes it out of here, and whoever comes meanwhile opens
//! another one. So two holders in one process exclude each other, as with files that are opened each time.

use std::fs::{File, TryLockError};
use std::sync::{Arc, Mutex};

use hashbrown::HashMap;

use super::super::{Lock, SafePath};
use super::system;
use crate::sync::locked;

/// One open file for each name, of those that nobody holds.
#[derive(Clone, Default)]
pub(super) struct KeptLocks(Arc<Mutex<HashMap<SafePath, File>>>);

impl KeptLocks {
    /// The open file of a lock, which is kept again once it is dropped.
    pub(super) fn file(
        &self,
        path: &SafePath,
        open: impl FnOnce() -> std::io::Result<File>,
    ) -> std::io::Result<KeptLock> {
        // One that was removed is no longer the one that others lock.
        let kept = locked(&self.0).remove(path).filter(system::has_name);
        let file = kept.map_or_else(open, Ok)?;
        Ok(KeptLock { file: Some(file), path: path.clone(), kept: self.clone() })
    }
}

/// A lock file in the hands of one who holds its lock, or asks for it.
pub(super) struct KeptLock {
    /// Always there until this is dropped.
    file: Option<File>,
    path: SafePath,
    kept: KeptLocks,
}

impl KeptLock {
    pub(super) fn try_lock(&self) -> Result<(), TryLockError> {
        self.file.as_ref().map_or(Err(TryLockError::WouldBlock), File::try_lock)
    }
}

impl Lock for KeptLock {}

impl Drop for KeptLock {
    fn drop(&mut self) {
        // A file that cannot be unlocked is closed, which does it as well.
        if let Some(file) = self.file.take().filter(|file| file.unlock().is_ok()) {
            locked(&self.kept.0).insert(self.path.clone(), file);
        }
    }
}
