//! Folders that the app's own earlier TypeScript store wrote: recognised, read as they are, and
//! converted once, when somebody writes.
//!
//! `translate` makes of such a folder the files that this store would have (`owners` of its users,
//! `documents` of what each user had one of); [`Older`] is a disk that
//! shows these in place of the older ones, so the engine reads them without knowing; `convert` puts
//! them there for good. This module knows what the older store wrote; it must not know how records
//! are kept in memory, nor the journal.

mod convert;
mod documents;
mod overlay_disk;
mod owners;
mod records;
mod shown;
mod translate;

pub(crate) use convert::{is_aside, settle};
pub(crate) use overlay_disk::Older;
