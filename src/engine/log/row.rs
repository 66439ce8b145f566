//! One line of a log or of a rows file.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};

use crate::error::{Code, Error, Result};
use crate::json;

use super::super::change::{Effect, LogLines};
use super::super::state::Touched;

/// The type of the line that begins a file.
pub(crate) const HEADER: &str = "header";
/// The type of a line that removes an earlier row.
pub(crate) const DELETED: &str = "deleted";

/// The version of the form of logs and rows.
pub(crate) const VERSION: u64 = 1;

/// What must be known of a line in order to find it again.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Head<'a> {
    #[serde(borrow, rename = "type")]
    pub(crate) kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(crate) id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(crate) created_at: Option<Cow<'a, str>>,
    /// Of a header.
    #[serde(default, deserialize_with = "version")]
    pub(crate) version: Option<u64>,
}

/// A whole number; what else a row may have under this name is its own affair.
fn version<'de, D: Deserializer<'de>>(of: D) -> std::result::Result<Option<u64>, D::Error> {
    serde_json::Value::deserialize(of).map(|value| value.as_u64())
}

impl<'a> Head<'a> {
    /// The head of a line of JSON text.
    pub(crate) fn of(line: &'a str) -> serde_json::Result<Head<'a>> {
        serde_json::from_str(line)
    }
}

/// Fails for the header of a file of a newer version.
///
/// # Errors
/// `UNSUPPORTED_VERSION`.
pub(crate) fn check_version(version: Option<u64>, path: &str) -> Result<()> {
    let Some(version) = version.filter(|version| *version > VERSION) else { return Ok(()) };
    let message =
        format!("{path} has version {version}, this package knows {VERSION}; use a newer package");
    Err(Error::new(Code::UnsupportedVersion, message).path(path))
}

/// Fails for a file of a newer version, of which these are the first bytes.
///
/// # Errors
/// `UNSUPPORTED_VERSION`.
pub(crate) fn check_first_line(bytes: &[u8], path: &str) -> Result<()> {
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let head = std::str::from_utf8(line).ok().and_then(|line| Head::of(line).ok());
    match head {
        Some(head) if head.kind.as_deref() == Some(HEADER) => check_version(head.version, path),
        _ => Ok(()),
    }
}

/// The first line of a file of rows, without its line feed.
pub(crate) fn header_line(schema: &str) -> String {
    format!("{{\"type\":\"{HEADER}\",\"schema\":{},\"version\":{VERSION}}}", json::quote(schema))
}

/// The line that removes the row with this key, without its line feed.
pub(crate) fn deleted_line(key_field: &str, key: &str) -> String {
    format!("{{\"type\":\"{DELETED}\",\"{key_field}\":{}}}", json::quote(key))
}

/// Adds what the lines did to the rows that they name.
pub(crate) fn touched(lines: &LogLines, touched: &mut Vec<Touched>) {
    let mut push = |key: &str| {
        touched.push(Touched {
            model: lines.model,
            key: key.into(),
            effect: lines.effect,
            owner: Some(lines.owner.clone()),
        });
    };
    if lines.fresh && lines.effect == Effect::Delete {
        return push("");
    }
    for line in lines.bytes.lines() {
        let Ok(head) = Head::of(line) else { continue };
        if head.kind.as_deref() != Some(HEADER) {
            push(head.id.as_deref().unwrap_or_default());
        }
    }
}
