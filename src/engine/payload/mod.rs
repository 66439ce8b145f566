//! The bytes that records stand for: written once for each content, beside the journal.
//!
//! A payload arrives in a file of its own in `.incoming`, hashed while it is written, and is
//! synced there. Within the commit of its first record, and so under the commit lock, it is
//! renamed to its place; only then the record's line goes into the journal. It is removed under
//! the same lock, after the journal is synced, when no record has its content any more. So
//! neither a crash nor another process can come between a record and its payload. This module must
//! not know what a payload is for.

mod arriving;
mod berth;
mod hashing;
mod place;
mod reading;
mod sniff;
mod sweep;

use crate::catalogue::{self, Catalogue, ModelId, Payload};
use crate::disk::SafePath;
use crate::error::{Code, Error, Issue, Result};

pub use arriving::{Arrived, Arriving};
pub(crate) use berth::Harbour;
#[cfg(feature = "database")]
pub(crate) use berth::{Berth, ReadAt};
pub use reading::OpenPayload;
pub(crate) use reading::check_payload;

/// Where payloads arrive. While it is there, a payload without a record may be, too.
const INCOMING: &str = ".incoming";

/// The model whose records have payloads, and where these lie.
fn declared(catalogue: &Catalogue) -> Result<(ModelId, &Payload)> {
    let none = || Error::new(Code::Io, "no model has payloads");
    catalogue.payload().ok_or_else(none)
}

/// The folder of all payloads.
fn home(catalogue: &Catalogue) -> Result<SafePath> {
    SafePath::new(&declared(catalogue)?.1.dir)
}

/// Where the payload with this content lies, and the folder of what is made from it.
fn place_of(catalogue: &Catalogue, content: &str) -> Result<(SafePath, SafePath)> {
    let payload = declared(catalogue)?.1;
    Ok((SafePath::new(&payload.file_of(content))?, SafePath::new(&payload.folder_of(content))?))
}

/// Does it lie where payloads arrive, or is it that folder?
pub(crate) fn is_incoming(path: &SafePath) -> bool {
    path.as_str().split('/').nth(1) == Some(INCOMING)
}

/// Refuses a name of a derived file that is not an id with an extension: `thumb-256.webp`.
pub(crate) fn check_derived_name(name: &str) -> Result<()> {
    let is_ending = |ending: &str| {
        (1..=16).contains(&ending.len()) && ending.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let good = name.split_once('.').is_some_and(|(id, end)| catalogue::is_id(id) && is_ending(end));
    if good {
        return Ok(());
    }
    let came = crate::json::describe(&serde_json::Value::from(name));
    let issue = Issue::new("name", "an id with an extension, as in thumb-256.webp", came);
    Err(Error::validation("Arguments", vec![issue]))
}
