//! The keys of an unlocked store, in memory: all who use the engine have them.
//!
//! What there is to know of the keys stands in a record, which other processes change too. So each
//! keyring is held with the version of the record that it fits, and follows to the next one. Where
//! that record stands, and what is sealed, this does not know.

use std::sync::{Arc, Mutex};

use crate::crypto::{Costs, Envelope, Keyring};
use crate::error::{Code, Result};
use crate::sync::locked;

/// A change that is taken back leaves its keyring behind; so many are held.
const MOST: usize = 4;

/// The keys of an unlocked store.
pub(crate) struct Keys {
    /// What new passphrases are derived with.
    costs: Costs,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    /// The newest first, each with the version of the record that it fits.
    keyrings: Vec<(u64, Arc<Keyring>)>,
    /// Was it locked on purpose?
    locked: bool,
}

impl Keys {
    pub(crate) fn new(costs: Costs) -> Keys {
        Keys { costs, held: Mutex::default() }
    }

    /// What new passphrases are derived with.
    pub(crate) fn costs(&self) -> Costs {
        self.costs
    }

    /// The keyring that fits the record with this version, in which `envelope` stands; `None` when
    /// it cannot be opened without a passphrase.
    pub(crate) fn fitting(
        &self,
        version: u64,
        envelope: impl FnOnce() -> Result<Envelope>,
    ) -> Result<Option<Arc<Keyring>>> {
        let mut held = locked(&self.held);
        if let Some((_, keyring)) = held.keyrings.iter().find(|(of, _)| *of == version) {
            return Ok(Some(Arc::clone(keyring)));
        }
        if held.keyrings.is_empty() {
            return Ok(None);
        }
        let envelope = envelope()?;
        let follow = |(_, keyring): &(u64, Arc<Keyring>)| match keyring.follow(&envelope) {
            Err(error) if error.code() == Code::NoPassphrase => None,
            followed => Some(followed),
        };
        let Some(followed) = held.keyrings.iter().find_map(follow).transpose()? else {
            return Ok(None);
        };
        Ok(Some(held.add(version, followed)))
    }

    /// Holds a keyring that fits the record with this version; the store is then unlocked.
    pub(crate) fn hold(&self, version: u64, keyring: Keyring) -> Arc<Keyring> {
        let mut held = locked(&self.held);
        held.locked = false;
        held.add(version, keyring)
    }

    /// Forgets every key, until a passphrase is given on purpose.
    pub(crate) fn lock(&self) {
        *locked(&self.held) = Held { keyrings: Vec::new(), locked: true };
    }

    /// Was it locked on purpose?
    pub(crate) fn is_locked(&self) -> bool {
        locked(&self.held).locked
    }
}

impl Held {
    fn add(&mut self, version: u64, keyring: Keyring) -> Arc<Keyring> {
        let keyring = Arc::new(keyring);
        self.keyrings.insert(0, (version, Arc::clone(&keyring)));
        self.keyrings.truncate(MOST);
        keyring
    }
}
