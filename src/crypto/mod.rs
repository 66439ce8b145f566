//! Keys, sealing, and secrets that cannot be printed.
//!
//! It uses `json` and `error`, and must not know where records, settings or passphrases live: it is
//! given bytes and JSON values and gives them. From below: `secret` (bytes that are wiped), `aead`
//! (AES-256-GCM, HKDF), `kdf` (Argon2id, PBKDF2), `envelope` (what is kept about the keys), `keyring`
//! (the keys, unlocked), `seal` (values), `recovery` (a key on paper), `hashed` (what is only
//! compared), `legacy` (what the app encrypted before).

mod aead;
mod envelope;
mod fields;
mod hashed;
mod kdf;
mod keyring;
mod legacy;
mod recovery;
mod seal;
mod secret;
#[cfg(test)]
mod test_hex;
#[cfg(test)]
mod tests;

pub use envelope::{Envelope, Slot, SlotId};
pub use hashed::{BackupCodes, CodeHash, is_session_token_hash, session_token_hash};
pub use kdf::Costs;
pub use keyring::{Keyring, SlotKey};
pub use legacy::LegacyKey;
pub use recovery::RecoveryKey;
pub use seal::{Place, SealedField, is_sealed, is_unbound, key_id_of};
pub use secret::{Key, Secret, clear_json};
