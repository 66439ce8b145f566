//! The last known state of each record's own file, so that an edit by hand is noticed.

use std::sync::{Mutex, MutexGuard, PoisonError};

use hashbrown::HashMap;

use crate::disk::{SafePath, Stamp};

/// The last known state of files.
#[derive(Debug, Default)]
pub(crate) struct Stamps(Mutex<HashMap<SafePath, Stamp>>);

impl Stamps {
    fn map(&self) -> MutexGuard<'_, HashMap<SafePath, Stamp>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Is this the state that the file was last known in?
    pub(crate) fn is_known(&self, path: &SafePath, stamp: Option<Stamp>) -> bool {
        self.map().get(path).copied() == stamp
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
