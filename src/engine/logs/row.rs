//! One line of a log or of a rows file.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};

use crate::json;

/// The type of the line that begins a file.
pub(crate) const HEADER: &str = "header";
/// The type of a line that removes an earlier row.
pub(crate) const DELETED: &str = "deleted";

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

/// The version of a file of which these are the first bytes; 1 where they say none.
pub(crate) fn first_version(bytes: &[u8]) -> u64 {
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let head = std::str::from_utf8(line).ok().and_then(|line| Head::of(line).ok());
    let header = head.filter(|head| head.kind.as_deref() == Some(HEADER));
    header.and_then(|head| head.version).unwrap_or(1)
}

/// The first line of a file of rows, without its line feed.
pub(crate) fn header_line(schema: &str, version: u64) -> String {
    format!("{{\"type\":\"{HEADER}\",\"schema\":{},\"version\":{version}}}", json::quote(schema))
}

/// The line that removes the row with this key, without its line feed.
pub(crate) fn deleted_line(key_field: &str, key: &str) -> String {
    format!("{{\"type\":\"{DELETED}\",\"{key_field}\":{}}}", json::quote(key))
}
