//! A call's answer, and its JSON text; records go out as the bytes that they were committed in.

use std::sync::Arc;

use serde_json::Value;

use crate::engine::Record;
use crate::json;

/// A call's answer.
pub enum Reply {
    /// A record, or null.
    Record(Option<Arc<Record>>),
    /// Records.
    Records(Vec<Arc<Record>>),
    /// Rows of a log.
    Rows(Vec<Arc<str>>),
    /// A row of a log, or null.
    Row(Option<Arc<str>>),
    /// JSON text.
    Text(String),
    /// True or false.
    Flag(bool),
    /// A number.
    Count(usize),
    /// Any other value.
    Value(Value),
}

impl Reply {
    /// The answer's JSON text.
    pub(super) fn into_text(self) -> String {
        match self {
            Reply::Record(record) => record.map_or("null".into(), |r| r.text().to_owned()),
            Reply::Records(records) => list(records.iter().map(|record| record.text())),
            Reply::Rows(rows) => list(rows.iter().map(|row| &**row)),
            Reply::Row(row) => row.map_or("null".into(), |row| row.to_string()),
            Reply::Text(text) => text,
            Reply::Flag(flag) => flag.to_string(),
            Reply::Count(count) => count.to_string(),
            Reply::Value(value) => json::compact(&value),
        }
    }
}

fn list<'a>(texts: impl ExactSizeIterator<Item = &'a str> + Clone) -> String {
    let len: usize = texts.clone().map(|text| text.len() + 1).sum();
    let mut list = String::with_capacity(len + 2);
    list.push('[');
    for (number, text) in texts.enumerate() {
        if number > 0 {
            list.push(',');
        }
        list.push_str(text);
    }
    list.push(']');
    list
}
