//! The keys of an unlocked store, and what can be done with them.
//!
//! Nothing here changes anything: each operation gives a new keyring, whose envelope is to be
//! committed before it takes the place of the old. Only [`SlotKey`] is slow; everything else takes
//! microseconds and may run inside a commit.

use subtle::ConstantTimeEq;
use uuid::Builder;

use super::aead::{self, TAG_LEN};
use super::envelope::{Envelope, Slot, SlotId, Wrapped, WrappedKey};
use super::kdf::{Costs, Kdf};
use super::secret::{KEY_LEN, Key, Secret, random};
use crate::error::{Code, Error, Result};

/// The longest passphrase in bytes; a longer one is a file given by mistake.
const LONGEST_PASSPHRASE: usize = 64 * 1024;

/// What a passphrase or a recovery key becomes, slowly: the key of one slot.
#[derive(Debug, Clone)]
pub struct SlotKey {
    id: SlotId,
    kdf: Kdf,
    key: Key,
}

impl SlotKey {
    /// For a slot that is to be made. Slow.
    ///
    /// # Errors
    /// `VALIDATION` for an empty or enormous passphrase, `TAMPERED` for costs out of their limits,
    /// `IO` when there is not that much memory.
    pub fn derive(id: SlotId, secret: &Secret, costs: Costs) -> Result<SlotKey> {
        SlotKey::with(id, secret, Kdf::new(costs)?)
    }

    fn with(id: SlotId, secret: &Secret, kdf: Kdf) -> Result<SlotKey> {
        if !(1..=LONGEST_PASSPHRASE).contains(&secret.expose().len()) {
            let message = "a passphrase has 1 to 65,536 bytes; give another one";
            return Err(Error::new(Code::Validation, message));
        }
        Ok(SlotKey { id, kdf, key: kdf.key(secret)? })
    }

    /// As if it had been derived, for tests that are about something else.
    #[cfg(test)]
    pub(super) fn known(id: SlotId, bytes: [u8; KEY_LEN]) -> SlotKey {
        let kdf = Kdf { costs: Costs::LOWEST, salt: [bytes[0] ^ 0x80; 16] };
        SlotKey { id, kdf, key: Key::copy_of(&bytes).expect("a page") }
    }

    /// As if the slot's salt and costs had given this key too.
    #[cfg(test)]
    pub(super) fn with_kdf_of(&self, slot: &Slot) -> SlotKey {
        SlotKey { kdf: slot.kdf, ..self.clone() }
    }
}

impl Envelope {
    /// For a slot that is there. Slow.
    ///
    /// # Errors
    /// `WRONG_PASSPHRASE` when there is no such slot; otherwise as [`SlotKey::derive`].
    pub fn slot_key(&self, id: SlotId, secret: &Secret) -> Result<SlotKey> {
        SlotKey::with(id, secret, self.needed(id)?.kdf)
    }

    /// Opens all keys.
    ///
    /// # Errors
    /// `WRONG_PASSPHRASE` and `TAMPERED` as the documentation of the envelope tells them apart.
    pub fn unlock(&self, slot_key: &SlotKey) -> Result<Keyring> {
        let slot = self.needed(slot_key.id)?;
        if slot.kdf != slot_key.kdf {
            return Err(wrong(slot.id));
        }
        let fits = bool::from(commitment(&slot_key.key).ct_eq(&slot.check));
        let bound = self.bound_to_slot(slot.id, &slot.kdf, &slot.created_at);
        let wrapping = match (fits, unwrap(&slot_key.key, &bound, &slot.wrapped)?) {
            (true, Some(wrapping)) if self.commits_to(&wrapping) => wrapping,
            (false, None) => return Err(wrong(slot.id)),
            _ => return Err(edited(&format!("the {} slot", slot.id.name()))),
        };
        self.opened(wrapping)
    }

    fn needed(&self, id: SlotId) -> Result<&Slot> {
        self.slot(id).ok_or_else(|| {
            let name = id.name();
            Error::new(Code::WrongPassphrase, format!("this store has no {name} slot to open"))
        })
    }

    fn commits_to(&self, wrapping: &Key) -> bool {
        commitment(wrapping).ct_eq(&self.commitment).into()
    }

    /// The keyring of this envelope with its wrapping key.
    fn opened(&self, wrapping: Key) -> Result<Keyring> {
        let mut keys = Vec::with_capacity(self.keys.len());
        for key in &self.keys {
            let bound = self.bound_to_key(&key.id, &key.created_at, key.binds);
            let data = unwrap(&wrapping, &bound, &key.wrapped)?;
            let data = data.filter(|data| commitment(data).ct_eq(&key.commitment).into());
            keys.push(data.ok_or_else(|| edited(&format!("the data key {}", key.id)))?);
        }
        if !bool::from(tag(&wrapping, self).ct_eq(&self.keys_tag)) {
            return Err(edited("the list of data keys"));
        }
        Ok(Keyring { envelope: self.clone(), wrapping, keys })
    }
}

/// All keys of a store, in memory.
#[derive(Debug, Clone)]
pub struct Keyring {
    envelope: Envelope,
    wrapping: Key,
    /// In the order of the envelope's.
    keys: Vec<Key>,
}

impl Keyring {
    /// The first keys of a store, which get it its id.
    ///
    /// # Errors
    /// `VALIDATION` when the slot is not the passphrase's; `IO` without random numbers.
    pub fn create(passphrase: &SlotKey, now: &str) -> Result<Keyring> {
        Keyring::under_new_keys(new_uuid()?, &[passphrase], now)
    }

    fn under_new_keys(store_id: String, slots: &[&SlotKey], now: &str) -> Result<Keyring> {
        if !slots.iter().any(|slot| slot.id == SlotId::Passphrase) {
            let message = "a store's keys need a passphrase slot; give the passphrase too";
            return Err(Error::new(Code::Validation, message));
        }
        let wrapping = Key::random()?;
        let envelope = Envelope {
            store_id,
            commitment: *commitment(&wrapping),
            current_key_id: String::new(),
            rotating_from: None,
            generation: 0,
            keys: Vec::new(),
            keys_tag: [0; KEY_LEN],
            slots: Vec::new(),
            rest: serde_json::Map::new(),
        };
        let bare = Keyring { envelope, wrapping, keys: Vec::new() };
        let keyring = bare.with_key(&Key::random()?, now)?;
        slots.iter().try_fold(keyring, |keyring, slot| keyring.with_slot(slot, now))
    }

    /// What there is to write.
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// This keyring after another process has changed the envelope; needs no passphrase.
    ///
    /// # Errors
    /// `NO_PASSPHRASE` when the wrapping key itself was replaced, and the store has to be unlocked
    /// anew; `TAMPERED` when the envelope was edited.
    pub fn follow(&self, envelope: &Envelope) -> Result<Keyring> {
        if *envelope == self.envelope {
            return Ok(self.clone());
        }
        if !envelope.commits_to(&self.wrapping) {
            let message = "the keys of this store were replaced; unlock it with its passphrase";
            return Err(Error::new(Code::NoPassphrase, message));
        }
        envelope.opened(self.wrapping.clone())
    }

    /// With a slot in place of the one that has its id: another passphrase, another recovery key.
    ///
    /// # Errors
    /// `IO` without random numbers.
    pub fn with_slot(&self, slot_key: &SlotKey, now: &str) -> Result<Keyring> {
        let SlotKey { id, kdf, key } = slot_key;
        let bound = self.envelope.bound_to_slot(*id, kdf, now);
        let slot = Slot {
            id: *id,
            kdf: *kdf,
            check: *commitment(key),
            wrapped: wrap(key, &bound, &self.wrapping)?,
            created_at: now.to_owned(),
            rest: serde_json::Map::new(),
        };
        let mut changed = self.clone();
        changed.envelope.slots.retain(|other| other.id != *id);
        changed.envelope.slots.push(slot);
        changed.envelope.slots.sort_by_key(|slot| slot.id.name());
        Ok(changed.tagged())
    }

    /// Starts a rotation: seals under a new data key from here on, and still opens what is sealed
    /// under those before. It ends with [`Keyring::rotation_done`], when all is sealed anew.
    ///
    /// # Errors
    /// `VALIDATION` while another rotation has not ended: go on with that.
    pub fn with_new_key(&self, now: &str) -> Result<Keyring> {
        if self.envelope.rotating_from.is_some() {
            let message = "the last rotation of keys has not ended; end it first";
            return Err(Error::new(Code::Validation, message));
        }
        let mut changed = self.with_key(&Key::random()?, now)?;
        changed.envelope.rotating_from = Some(self.envelope.current_key_id.clone());
        Ok(changed.tagged())
    }

    /// Ends a rotation. The old key stays, as one that only opens: texts and buffers that the app
    /// keeps itself, and restored backups, are sealed under it.
    pub fn rotation_done(&self) -> Keyring {
        let mut changed = self.clone();
        changed.envelope.rotating_from = None;
        changed.tagged()
    }

    /// Drops every data key but the current one. What is still sealed under another can never be
    /// opened again.
    ///
    /// # Errors
    /// `VALIDATION` while a rotation has not ended.
    pub fn without_old_keys(&self) -> Result<Keyring> {
        if self.envelope.rotating_from.is_some() {
            let message = "the rotation of keys has not ended; end it before dropping the old key";
            return Err(Error::new(Code::Validation, message));
        }
        let current = self.envelope.current_key_id.clone();
        let mut changed = self.clone();
        changed.keys = self.key(&current).into_iter().cloned().collect();
        changed.envelope.keys.retain(|key| key.id == current);
        Ok(changed.tagged())
    }

    /// A new wrapping key, and only the given slots: the answer to an old passphrase, or a recovery
    /// key, that is known to somebody who also has a copy of the files. The data keys are the same:
    /// a rotation should follow.
    ///
    /// # Errors
    /// `VALIDATION` when the passphrase's slot is not among them.
    pub fn renewed(&self, slots: &[&SlotKey], now: &str) -> Result<Keyring> {
        let mut renewed = Keyring::under_new_keys(self.envelope.store_id.clone(), slots, now)?;
        renewed.keys.clear();
        renewed.envelope.keys.clear();
        for (old, key) in self.envelope.keys.iter().zip(&self.keys) {
            renewed.add(&old.id, key, &old.created_at, old.binds)?;
        }
        renewed.envelope.generation = self.envelope.generation;
        renewed.envelope.current_key_id.clone_from(&self.envelope.current_key_id);
        renewed.envelope.rotating_from.clone_from(&self.envelope.rotating_from);
        renewed.envelope.rest.clone_from(&self.envelope.rest);
        Ok(renewed.tagged())
    }

    /// The data key of an id.
    pub(super) fn key(&self, id: &str) -> Option<&Key> {
        self.envelope.key_ids().zip(&self.keys).find(|(own, _)| *own == id).map(|(_, key)| key)
    }

    /// With one more data key, which is the current one.
    fn with_key(&self, key: &Key, now: &str) -> Result<Keyring> {
        let mut changed = self.clone();
        let id = new_uuid()?;
        changed.add(&id, key, now, true)?;
        changed.envelope.current_key_id = id;
        Ok(changed.tagged())
    }

    fn add(&mut self, id: &str, key: &Key, created_at: &str, binds: bool) -> Result<()> {
        let bound = self.envelope.bound_to_key(id, created_at, binds);
        self.envelope.keys.push(WrappedKey {
            id: id.to_owned(),
            commitment: *commitment(key),
            wrapped: wrap(&self.wrapping, &bound, key)?,
            created_at: created_at.to_owned(),
            binds,
            rest: serde_json::Map::new(),
        });
        self.keys.push(key.clone());
        Ok(())
    }

    /// After a change of keys or slots.
    fn tagged(mut self) -> Keyring {
        self.envelope.generation = self.envelope.generation.saturating_add(1);
        self.envelope.keys_tag = *tag(&self.wrapping, &self.envelope);
        self
    }
}

/// What may be told of a key so that it can be known again.
fn commitment(key: &Key) -> aead::ShortKey {
    aead::derive(key.expose(), b"", b"quilltap key check v1")
}

/// What only the wrapping key can say of the list of data keys.
fn tag(wrapping: &Key, envelope: &Envelope) -> aead::ShortKey {
    aead::derive(wrapping.expose(), b"", &envelope.bound_to_keys())
}

fn wrapping_key(key: &Key) -> aead::ShortKey {
    aead::derive(key.expose(), b"", b"quilltap key wrap v1")
}

fn wrap(under: &Key, bound: &[u8], key: &Key) -> Result<Wrapped> {
    let nonce = random()?;
    let mut bytes = [0; KEY_LEN + TAG_LEN];
    let (text, end) = bytes.split_at_mut(KEY_LEN);
    text.copy_from_slice(key.expose());
    end.copy_from_slice(&aead::encrypt(&wrapping_key(under), &nonce, bound, text)?);
    Ok(Wrapped { nonce, bytes })
}

/// The key; `None` when it was wrapped otherwise.
fn unwrap(under: &Key, bound: &[u8], wrapped: &Wrapped) -> Result<Option<Key>> {
    let (text, tag) = wrapped.bytes.split_at(KEY_LEN);
    let mut key = aead::ShortKey::default();
    key.copy_from_slice(text);
    let tag = tag.try_into().expect("a wrapped key ends with a tag");
    match aead::decrypt(&wrapping_key(under), &wrapped.nonce, bound, key.as_mut(), tag) {
        Ok(()) => Key::copy_of(&key).map(Some),
        Err(aead::Rejected) => Ok(None),
    }
}

/// A UUID v4 from the system's random numbers.
fn new_uuid() -> Result<String> {
    Ok(Builder::from_random_bytes(random()?).into_uuid().to_string())
}

fn wrong(id: SlotId) -> Error {
    let thing = match id {
        SlotId::Passphrase => "passphrase",
        SlotId::Recovery => "recovery key",
    };
    Error::new(
        Code::WrongPassphrase,
        format!("this is not the {thing} of this store; check it and try again"),
    )
}

fn edited(thing: &str) -> Error {
    let message = format!(
        "{thing} of the encryption settings is not as it was written; restore the settings from a \
         backup"
    );
    Error::new(Code::Tampered, message)
}
