//! Secrets in a whole store: what no crash, no other process and no thief of the files can do.
//! What is left in memory is looked for in `tests/crypto_memory.rs`, a process of its own.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod crash;
mod folder;
mod format;
mod sharing;
