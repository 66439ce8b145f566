//! Backups: the whole folder in one file, and back.
//!
//! A backup is a tar archive under zstd. Its first entry is a manifest, which lists every other one with
//! its length and SHA-256, the second the manifest's own SHA-256; then come the files, in the manifest's
//! order. So a reader knows what is to come before it writes anything, and what is not as it was
//! written, or is anything but a plain file of the store, is refused. `docs/backup.md` has the format.
//!
//! This module knows a folder's files, and which of them are a store's; it must not know what is in them.

mod keep;
mod last;
mod manifest;
mod read;
mod write;

pub use keep::Schedule;
pub(crate) use last::last;
pub use read::{Restore, Restored, restore};
pub use write::Backup;
pub(crate) use write::back_up;
