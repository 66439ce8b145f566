//! The last known state of each record's own file, and of logs that were written, so that an edit by
//! hand is noticed.

use std::sync::{Mutex, MutexGuard};

use hashbrown::HashMap;

use crate::disk::{Disk, SafePath, Stamp};
use crate::error::Result;
use crate::sync::locked;

/// The last known state of files.
#[derive(Debug, Default)]
pub(crate) struct Stamps(Mutex<HashMap<SafePath, Stamp>>);

impl Stamps {
    fn map(&self) -> MutexGuard<'_, HashMap<SafePath, Stamp>> {
        locked(&self.0)
    }

    /// Is the file in the state that it was last known in?
    ///
    /// # Errors
    /// Those of the disk.
    pub(crate) fn are_of(&self, disk: &dyn Disk, path: &SafePath) -> Result<bool> {
        let known = self.map().get(path).copied();
        match known {
            Some(known) => disk.is_in_state(path, &known),
            None => Ok(disk.stamp(path)?.is_none()),
        }
    }

    /// The last known state of a file; none where there was none, or nobody looked.
    pub(crate) fn known(&self, path: &SafePath) -> Option<Stamp> {
        self.map().get(path).copied()
    }

    /// Remembers the state of a file, or that there is none.
    pub(crate) fn know(&self, path: SafePath, stamp: Option<Stamp>) {
        match stamp {
            Some(stamp) => drop(self.map().insert(path, stamp)),
            None => drop(self.map().remove(&path)),
        }
    }

    /// Takes the place of everything known.
    pub(crate) fn replace(&self, stamps: HashMap<SafePath, Stamp>) {
        *self.map() = stamps;
    }
}
