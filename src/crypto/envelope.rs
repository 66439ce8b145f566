//! What a store keeps about its keys: ids, salts, costs and wrapped keys, and never a key.
//!
//! ```text
//! passphrase   ──KDF──► slot key ──┐
//!                                  ├─wraps─► wrapping key ──wraps─► data key (the current one)
//! recovery key ──KDF──► slot key ──┘                      └─wraps─► data keys of before
//! ```
//!
//! **Why a key in the middle.** The slots wrap one long-lived wrapping key, and that wraps the data
//! keys. So a new passphrase rewrites one slot; a new data key needs neither the passphrase nor the
//! recovery key, which was shown once and is on paper; and every process that is unlocked can follow
//! a rotation that another process makes. The price: whoever had the wrapping key once (an old
//! passphrase *and* an old copy of this object, or the memory of a process) can unwrap later data
//! keys too. [`Keyring::renewed`](super::Keyring::renewed) is the answer to that: everything new, and
//! only the slots whose secrets are at hand.
//!
//! **Commitments.** AES-GCM does not commit to its key: one ciphertext can be made to open under two.
//! So every key here stands beside an HKDF of itself, which is compared in constant time. A slot's
//! `check` is that of its slot key; it tells a wrong passphrase from an edited slot:
//!
//! | `check` fits | the key unwraps | |
//! | --- | --- | --- |
//! | yes | yes | unlocked |
//! | no | no | `WRONG_PASSPHRASE`: or the salt, or costs within their limits, were edited. Both change the derived key, so nobody who does not know the passphrase can tell the two apart |
//! | yes | no | `TAMPERED`: id, time, nonce, wrapped key or commitment were edited, or the slot is from elsewhere |
//! | no | yes | `TAMPERED`: the check was edited |
//!
//! **Bound.** A slot's associated data are format version, store id, the wrapping key's commitment,
//! slot id, time, KDF, costs and salt; a data key's are version, store id, the wrapping key's
//! commitment, key id and time. `keysTag`, made with the wrapping key, binds which data keys there are
//! and which of them is current: otherwise whoever learned an old one could make it current again. It
//! also binds the `generation`, which rises with every change of keys and slots: so a process that has
//! seen a later one refuses an older object. That the whole folder is an older one, cannot be seen.
//!
//! **Seals.** A data key with `seals` 2 has only ever sealed what is bound to owner and use (see `seal`);
//! that is bound into it, so nobody can make such a key open what is not.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::aead::{NONCE_LEN, TAG_LEN, bind};
use super::fields::{Fields, encode};
use super::kdf::{Costs, Kdf};
use super::secret::KEY_LEN;
use crate::error::{Code, Error, Result};

/// The version of the object that this package writes.
pub(super) const VERSION: u32 = 1;

/// Bytes of a key behind AES-GCM.
const WRAPPED_LEN: usize = KEY_LEN + TAG_LEN;

/// The `encryption` object of the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    pub(super) store_id: String,
    pub(super) commitment: [u8; KEY_LEN],
    pub(super) current_key_id: String,
    pub(super) rotating_from: Option<String>,
    /// How often keys and slots were changed; 0 in objects from before that was counted.
    pub(super) generation: u32,
    pub(super) keys: Vec<WrappedKey>,
    pub(super) keys_tag: [u8; KEY_LEN],
    pub(super) slots: Vec<Slot>,
    pub(super) rest: Map<String, Value>,
}

/// A key under another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrapped {
    pub(super) nonce: [u8; NONCE_LEN],
    pub(super) bytes: [u8; WRAPPED_LEN],
}

/// A data key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WrappedKey {
    pub(super) id: String,
    pub(super) commitment: [u8; KEY_LEN],
    pub(super) wrapped: Wrapped,
    pub(super) created_at: String,
    /// Is everything of a record that it has sealed bound to owner and use?
    pub(super) binds: bool,
    pub(super) rest: Map<String, Value>,
}

/// Which secret opens a slot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SlotId {
    /// The passphrase.
    #[default]
    Passphrase,
    /// The recovery key.
    Recovery,
}

/// One way to the wrapping key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    pub(super) id: SlotId,
    pub(super) kdf: Kdf,
    pub(super) check: [u8; KEY_LEN],
    pub(super) wrapped: Wrapped,
    pub(super) created_at: String,
    pub(super) rest: Map<String, Value>,
}

impl SlotId {
    /// As the file has it.
    pub const fn name(self) -> &'static str {
        match self {
            SlotId::Passphrase => "passphrase",
            SlotId::Recovery => "recovery",
        }
    }

    fn of(name: &str) -> Option<SlotId> {
        [SlotId::Passphrase, SlotId::Recovery].into_iter().find(|id| id.name() == name)
    }
}

impl Slot {
    /// When it was made.
    pub fn created_at(&self) -> &str {
        &self.created_at
    }

    /// How hard it is to guess.
    pub fn costs(&self) -> Costs {
        self.kdf.costs
    }
}

impl Envelope {
    /// Reads the object. That it reads says nothing about its being genuine: unlocking does.
    ///
    /// # Errors
    /// `CORRUPT` with the faults of the first object that has some, `UNSUPPORTED_VERSION` for a later version's. Place them in a file
    /// with [`Error::path`].
    pub fn from_value(value: &Value) -> Result<Envelope> {
        let mut fields = Fields::of(value, "encryption");
        let version = fields.number("version");
        if version > VERSION {
            return Err(Error::new(
                Code::UnsupportedVersion,
                format!(
                    "the encryption settings are of version {version}, and this package knows \
                     {VERSION}; use a newer version of quilltap-store"
                ),
            ));
        }
        let envelope = Envelope {
            store_id: uuid(&mut fields, "storeId"),
            commitment: fields.bytes("commitment"),
            current_key_id: uuid(&mut fields, "currentKeyId"),
            rotating_from: fields.has("rotatingFrom").then(|| uuid(&mut fields, "rotatingFrom")),
            generation: if fields.has("generation") { fields.number("generation") } else { 0 },
            keys: each(fields.list("keys"), "keys", WrappedKey::read)?,
            keys_tag: fields.bytes("keysTag"),
            slots: each(fields.list("slots"), "slots", Slot::read)?,
            rest: Map::new(),
        };
        envelope.tell_what_does_not_fit(&mut fields);
        if version == 0 {
            fields.fault("version", "1");
        }
        let rest = fields.done(WHAT)?;
        Ok(Envelope { rest, ..envelope })
    }

    fn tell_what_does_not_fit(&self, fields: &mut Fields<'_>) {
        let twice = |ids: &[&str]| ids.iter().enumerate().any(|(at, id)| ids[..at].contains(id));
        let keys: Vec<&str> = self.key_ids().collect();
        if twice(&keys) {
            fields.fault("keys", "each key once");
        }
        if !keys.contains(&self.current_key_id.as_str()) {
            fields.fault("currentKeyId", "the id of one of the keys");
        }
        let from = self.rotating_from();
        if from.is_some_and(|from| from == self.current_key_id || !keys.contains(&from)) {
            fields.fault("rotatingFrom", "the id of another of the keys");
        }
        let slots: Vec<&str> = self.slots.iter().map(|slot| slot.id.name()).collect();
        if twice(&slots) || !slots.contains(&SlotId::Passphrase.name()) {
            fields.fault("slots", "one passphrase slot and at most one recovery slot");
        }
    }

    /// The object, its keys always in one order, unknown ones after them.
    pub fn to_value(&self) -> Value {
        let mut map = Map::new();
        map.insert("version".into(), VERSION.into());
        map.insert("storeId".into(), self.store_id.as_str().into());
        map.insert("commitment".into(), encode(&self.commitment).into());
        map.insert("currentKeyId".into(), self.current_key_id.as_str().into());
        if let Some(from) = &self.rotating_from {
            map.insert("rotatingFrom".into(), from.as_str().into());
        }
        if self.generation > 0 {
            map.insert("generation".into(), self.generation.into());
        }
        map.insert("keys".into(), self.keys.iter().map(WrappedKey::to_value).collect());
        map.insert("keysTag".into(), encode(&self.keys_tag).into());
        map.insert("slots".into(), self.slots.iter().map(Slot::to_value).collect());
        map.extend(self.rest.clone());
        Value::Object(map)
    }

    /// The id of the store, made with its first key. Not a secret.
    pub fn store_id(&self) -> &str {
        &self.store_id
    }

    /// The id of the data key that seals.
    pub fn current_key_id(&self) -> &str {
        &self.current_key_id
    }

    /// The ids of all data keys, oldest first.
    pub fn key_ids(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(|key| key.id.as_str())
    }

    /// The data key before, while values may still be sealed under it because a rotation has not
    /// ended.
    pub fn rotating_from(&self) -> Option<&str> {
        self.rotating_from.as_deref()
    }

    /// How often keys and slots were changed.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// Is everything of a record that a data key has sealed bound to owner and use?
    pub(super) fn always_binds(&self, key_id: &str) -> bool {
        self.keys.iter().any(|key| key.id == key_id && key.binds)
    }

    /// A slot, where there is one.
    pub fn slot(&self, id: SlotId) -> Option<&Slot> {
        self.slots.iter().find(|slot| slot.id == id)
    }

    /// What is bound into everything that is wrapped here.
    fn bound(&self, kind: &str, parts: &[&[u8]]) -> Vec<u8> {
        let version = VERSION.to_be_bytes();
        let mut all: Vec<&[u8]> =
            vec![kind.as_bytes(), &version, self.store_id.as_bytes(), &self.commitment];
        all.extend(parts);
        bind(&all)
    }

    pub(super) fn bound_to_slot(&self, id: SlotId, kdf: &Kdf, created_at: &str) -> Vec<u8> {
        let parts = [id.name().as_bytes(), created_at.as_bytes(), &kdf.costs.bound(), &kdf.salt];
        self.bound("quilltap slot", &parts)
    }

    pub(super) fn bound_to_key(&self, id: &str, created_at: &str, binds: bool) -> Vec<u8> {
        let mut parts = vec![id.as_bytes(), created_at.as_bytes()];
        if binds {
            parts.push(SEALS_BOUND.as_bytes());
        }
        self.bound("quilltap data key", &parts)
    }

    pub(super) fn bound_to_keys(&self) -> Vec<u8> {
        let from = self.rotating_from.as_deref().unwrap_or_default();
        let mut parts = vec![self.current_key_id.as_bytes(), from.as_bytes()];
        parts.extend(self.key_ids().map(str::as_bytes));
        let generation = self.generation.to_be_bytes();
        if self.generation > 0 {
            parts.push(&generation);
        }
        self.bound("quilltap keys", &parts)
    }
}

const WHAT: &str = "the encryption settings";
/// The version of what a data key seals in records, when that is bound to owner and use.
const SEALS_BOUND: &str = "2";

impl WrappedKey {
    fn read(value: &Value, place: &str) -> Result<WrappedKey> {
        let mut fields = Fields::of(value, place);
        let key = WrappedKey {
            id: uuid(&mut fields, "id"),
            commitment: fields.bytes("commitment"),
            wrapped: Wrapped::read(&mut fields),
            created_at: fields.text("createdAt"),
            binds: fields.has("seals") && seals_bound(&mut fields),
            rest: Map::new(),
        };
        Ok(WrappedKey { rest: fields.done(WHAT)?, ..key })
    }

    fn to_value(&self) -> Value {
        let mut map = Map::new();
        map.insert("id".into(), self.id.as_str().into());
        map.insert("commitment".into(), encode(&self.commitment).into());
        self.wrapped.write(&mut map);
        map.insert("createdAt".into(), self.created_at.as_str().into());
        if self.binds {
            map.insert("seals".into(), 2.into());
        }
        map.extend(self.rest.clone());
        Value::Object(map)
    }
}

fn seals_bound(fields: &mut Fields<'_>) -> bool {
    fields.needed("seals", "2", |value| (value.as_u64() == Some(2)).then_some(true))
}

impl Slot {
    fn read(value: &Value, place: &str) -> Result<Slot> {
        let mut fields = Fields::of(value, place);
        let slot = Slot {
            id: fields.needed("id", "passphrase or recovery", |id| SlotId::of(id.as_str()?)),
            kdf: Kdf { costs: Costs::read(&mut fields)?, salt: fields.bytes("salt") },
            check: fields.bytes("check"),
            wrapped: Wrapped::read(&mut fields),
            created_at: fields.text("createdAt"),
            rest: Map::new(),
        };
        Ok(Slot { rest: fields.done(WHAT)?, ..slot })
    }

    fn to_value(&self) -> Value {
        let mut map = Map::new();
        map.insert("id".into(), self.id.name().into());
        self.kdf.costs.write(&mut map);
        map.insert("salt".into(), encode(&self.kdf.salt).into());
        map.insert("check".into(), encode(&self.check).into());
        self.wrapped.write(&mut map);
        map.insert("createdAt".into(), self.created_at.as_str().into());
        map.extend(self.rest.clone());
        Value::Object(map)
    }
}

impl Wrapped {
    fn read(fields: &mut Fields<'_>) -> Wrapped {
        Wrapped { nonce: fields.bytes("nonce"), bytes: fields.bytes("wrappedKey") }
    }

    fn write(&self, map: &mut Map<String, Value>) {
        map.insert("nonce".into(), encode(&self.nonce).into());
        map.insert("wrappedKey".into(), encode(&self.bytes).into());
    }
}

/// An id as the store makes them; empty with a fault.
fn uuid(fields: &mut Fields<'_>, key: &'static str) -> String {
    fields.needed(key, "a UUID in lower case", |value| {
        let text = value.as_str()?;
        let canonical = Uuid::parse_str(text).is_ok_and(|uuid| uuid.to_string() == text);
        canonical.then(|| text.to_owned())
    })
}

fn each<T>(items: &[Value], list: &str, read: fn(&Value, &str) -> Result<T>) -> Result<Vec<T>> {
    let place = |number| format!("encryption.{list}[{number}]");
    items.iter().enumerate().map(|(number, item)| read(item, &place(number))).collect()
}
