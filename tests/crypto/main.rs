//! Secrets in a whole store: what no crash, no other process and no thief of the files can do.
//! What is left in memory is looked for in `tests/crypto_memory.rs`, a process of its own.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests look at the files themselves"
)]

mod crash;
mod folder;
mod format;
mod sharing;
