//! Keys, sealing, and secrets that cannot be printed.
//!
//! It uses `json` and `error`, and must not know where records, settings or passphrases live.

mod aead;
mod envelope;
mod fields;
mod kdf;
mod keyring;
mod seal;
mod secret;
#[cfg(test)]
mod test_hex;

pub use envelope::{Envelope, Slot, SlotId};
pub use kdf::Costs;
pub use keyring::{Keyring, SlotKey};
pub use seal::{Place, SealedField, is_sealed, key_id_of};
pub use secret::{Key, Secret};
