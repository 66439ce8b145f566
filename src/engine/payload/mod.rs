//! The bytes that records stand for: written once for each content, beside the journal.
//!
//! A payload arrives in a file of its own in `.incoming`, hashed while it is written, and is
//! synced there. Within the commit of its first record, and so under the commit lock, it is
//! renamed to its place; only then the record's line goes into the journal. It is removed under
//! the same lock, after the journal is synced, when no record has its content any more. So
//! neither a crash nor another process can come between a record and its payload. This module must
//! not know what a payload is for.

mod arriving;
mod hashing;
mod place;
mod reading;
mod sniff;
mod sweep;

use crate::catalogue::{self, Catalogue, ModelId};
use crate::disk::SafePath;
use crate::error::{Code, Error, Issue, Result};

pub use arriving::{Arrived, Arriving};
pub use reading::OpenPayload;

/// The payload's own file in the folder of its content.
const RAW: &str = "raw";
/// Where payloads arrive. While it is there, a payload without a record may be, too.
const INCOMING: &str = ".incoming";

/// The model whose records have payloads, and the folder of these.
fn home(catalogue: &Catalogue) -> Result<(ModelId, SafePath)> {
    let none = || Error::new(Code::Io, "no model has payloads");
    let (model, payload) = catalogue.payload().ok_or_else(none)?;
    Ok((model, SafePath::new(&payload.dir)?))
}

/// Does it lie where payloads arrive, or is it that folder?
pub(crate) fn is_incoming(path: &SafePath) -> bool {
    path.as_str().split('/').nth(1) == Some(INCOMING)
}

/// Is it a SHA-256 as the store writes it? Nothing else becomes part of a path.
pub(crate) fn is_content(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
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
