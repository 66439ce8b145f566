//! Keys, sealing, and secrets that cannot be printed.
//!
//! It uses `json` and `error`, and must not know where records, settings or passphrases live.

mod secret;

pub use secret::{Key, Secret};
