//! One committed record and its place in creation order.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Map, Value};

use crate::json;

/// Where a record stands among those of its model: by `createdAt`, then by the order of commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Order {
    /// `createdAt` in milliseconds since 1970; 0 for models without times.
    created_ms: i64,
    /// Counts up with each record that is new to this process.
    sequence: u64,
}

impl Order {
    /// The order of a record with this text that came as number `sequence`.
    pub(crate) fn of(map: &Map<String, Value>, sequence: u64) -> Order {
        let created = map.get("createdAt").and_then(Value::as_str);
        Order { created_ms: created.and_then(super::clock::parse_ms).unwrap_or(0), sequence }
    }
}

/// A number that no other thing of this process has had.
pub(crate) fn new_version() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed)
}

/// One committed record: its compact JSON text, keys in catalogue order.
#[derive(Debug)]
pub struct Record {
    key: Box<str>,
    text: Box<str>,
    version: u64,
}

impl PartialEq for Record {
    fn eq(&self, other: &Record) -> bool {
        (&self.key, &self.text) == (&other.key, &other.text)
    }
}

impl Record {
    /// A record from its checked map.
    pub(crate) fn from_map(key: &str, map: &Map<String, Value>) -> Record {
        Record { key: key.into(), text: json::compact_object(map).into(), version: new_version() }
    }

    /// A record from the text that a commit made.
    pub(crate) fn from_text(key: &str, text: &str) -> Record {
        Record { key: key.into(), text: text.into(), version: new_version() }
    }

    /// The compact JSON text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its key: the id, or the token of a verification token.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// A number that only this text of this record has, in this process.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The record as ordered keys and values.
    pub fn map(&self) -> Map<String, Value> {
        // The text was made from a map that passed the checks, so it parses.
        json::parse_object(&self.text).unwrap_or_default()
    }
}
