//! The keys of an unlocked store, in memory: all who use the engine have them.
//!
//! What there is to know of the keys stands in a record, which other processes change too. So each
//! keyring is held with the version of the record that it fits, and follows to the next one. Where
//! that record stands, and what is sealed, this does not know.

use std::sync::{Arc, Mutex};

use crate::crypto::{Costs, Envelope, Keyring};
use crate::error::{Code, Error, Result};
use crate::sync::locked;

use crate::engine::attempts::Attempts;

/// A change that is taken back leaves its keyring behind; so many are held.
const MOST: usize = 4;

/// The keys of an unlocked store.
pub(crate) struct Keys {
    /// What new passphrases are derived with.
    costs: Costs,
    held: Mutex<Held>,
    /// Tries at what they seal.
    attempts: Attempts,
}

#[derive(Default)]
struct Held {
    /// The newest first, each with the version of the record that it fits.
    keyrings: Vec<(u64, Arc<Keyring>)>,
    /// Was it locked on purpose?
    locked: bool,
    /// The highest generation of keys that was seen committed.
    generation: u32,
}

impl Keys {
    pub(crate) fn new(costs: Costs) -> Keys {
        Keys { costs, held: Mutex::default(), attempts: Attempts::default() }
    }

    /// What new passphrases are derived with.
    pub(crate) fn costs(&self) -> Costs {
        self.costs
    }

    /// Tries at what they seal, in this process.
    pub(crate) fn attempts(&self) -> &Attempts {
        &self.attempts
    }

    /// The keyring that fits the record with this version, in which `envelope` stands; `None` when
    /// it cannot be opened without a passphrase.
    /// `committed` is false for a record that may yet be taken back.
    ///
    /// # Errors
    /// `TAMPERED` when the record has older keys than one that was seen before; those of `envelope`.
    pub(crate) fn fitting(
        &self,
        version: u64,
        committed: bool,
        envelope: impl FnOnce() -> Result<Envelope>,
    ) -> Result<Option<Arc<Keyring>>> {
        let mut held = locked(&self.held);
        if let Some((_, keyring)) = held.keyrings.iter().find(|(of, _)| *of == version) {
            let keyring = Arc::clone(keyring);
            held.check(keyring.envelope())?;
            held.note(&keyring, committed);
            return Ok(Some(keyring));
        }
        if held.keyrings.is_empty() {
            return Ok(None);
        }
        let envelope = envelope()?;
        held.check(&envelope)?;
        let follow = |(_, keyring): &(u64, Arc<Keyring>)| match keyring.follow(&envelope) {
            Err(error) if error.code() == Code::NoPassphrase => None,
            followed => Some(followed),
        };
        let Some(followed) = held.keyrings.iter().find_map(follow).transpose()? else {
            return Ok(None);
        };
        held.note(&followed, committed);
        Ok(Some(held.add(version, followed)))
    }

    /// Holds a keyring that fits the record with this version; the store is then unlocked.
    pub(crate) fn hold(&self, version: u64, keyring: Keyring) -> Arc<Keyring> {
        let mut held = locked(&self.held);
        held.locked = false;
        held.add(version, keyring)
    }

    /// Holds a keyring of a record that is committed.
    ///
    /// # Errors
    /// `TAMPERED` as for [`Keys::fitting`].
    pub(crate) fn hold_committed(&self, version: u64, keyring: Keyring) -> Result<Arc<Keyring>> {
        let mut held = locked(&self.held);
        held.check(keyring.envelope())?;
        held.note(&keyring, true);
        held.locked = false;
        Ok(held.add(version, keyring))
    }

    /// Forgets every key, until a passphrase is given on purpose.
    pub(crate) fn lock(&self) {
        let mut held = locked(&self.held);
        held.keyrings.clear();
        held.locked = true;
    }

    /// Was it locked on purpose?
    pub(crate) fn is_locked(&self) -> bool {
        locked(&self.held).locked
    }
}

impl Held {
    /// Refuses keys that are older than some that were committed: somebody has put them back.
    fn check(&self, envelope: &Envelope) -> Result<()> {
        if envelope.generation() < self.generation {
            let message = "the encryption settings were replaced by older ones while the store was open; \
                           put the newest back, from a backup of the whole folder";
            return Err(Error::new(Code::Tampered, message));
        }
        Ok(())
    }

    /// Remembers how new keys are that have opened: what only stands in a file may say anything.
    fn note(&mut self, keyring: &Keyring, committed: bool) {
        if committed {
            self.generation = keyring.envelope().generation();
        }
    }

    fn add(&mut self, version: u64, keyring: Keyring) -> Arc<Keyring> {
        let keyring = Arc::new(keyring);
        self.keyrings.insert(0, (version, Arc::clone(&keyring)));
        self.keyrings.truncate(MOST);
        keyring
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

    use super::*;
    use crate::crypto::{Secret, SlotId, SlotKey};

    #[test]
    fn keys_that_are_older_than_committed_ones_are_refused() {
        let passphrase = Secret::copy_of(b"a passphrase");
        let slot = SlotKey::derive(SlotId::Passphrase, &passphrase, Costs::LOWEST).unwrap();
        let now = "2026-01-01T00:00:00.000Z";
        let old = Keyring::create(&slot, now).unwrap();
        let new = old.with_new_key(now).unwrap().rotation_done();
        let keys = Keys::new(Costs::LOWEST);
        let fitting = |version, committed, keyring: &Keyring| {
            keys.fitting(version, committed, || Ok(keyring.envelope().clone())).map(|_| ())
        };
        keys.hold(1, old.clone());
        fitting(1, true, &old).unwrap();
        // What is taken back with its transaction was never seen.
        keys.hold(2, new.clone());
        fitting(2, false, &new).unwrap();
        fitting(3, true, &old).unwrap();
        fitting(4, true, &new).unwrap();
        for version in [1, 5] {
            assert_eq!(fitting(version, true, &old).unwrap_err().code(), Code::Tampered);
        }
        keys.lock();
        let error = keys.hold_committed(6, old).unwrap_err();
        assert!(error.message().contains("older ones while the store was open"), "{error}");
    }
}
