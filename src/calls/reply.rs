//! A call's answer, and its JSON text; records go out as the bytes that they were committed in.

use std::sync::Arc;

use serde_json::Value;
use zeroize::Zeroizing;

use super::args::ZeroizingValue;
use crate::crypto::{Secret, clear_json};
use crate::engine::{Fingerprint, Listed, Record};
use crate::error::Result;
use crate::json;

/// A call's answer.
pub(crate) enum Reply {
    /// A record, or null.
    Record(Option<Arc<Record>>),
    /// Records.
    Records(Vec<Arc<Record>>),
    /// Rows of a log.
    Rows(Vec<Arc<str>>),
    /// A row of a log, or null.
    Row(Option<Arc<str>>),
    /// A part of a log.
    Listed(Listed),
    /// An object of records, each without some of its fields.
    Object(Vec<MaskedRecord>),
    /// True or false.
    Flag(bool),
    /// A number.
    Count(usize),
    /// JSON text that was made for the answer.
    Text(String),
    /// Any other value.
    Value(Value),
    /// JSON text with a clear text in it, to be wiped.
    Secret(Zeroizing<String>),
}

/// A record in an answer, without some of its fields.
pub(crate) struct MaskedRecord {
    /// Its key in the answer.
    pub(crate) name: &'static str,
    /// The record.
    pub(crate) record: Arc<Record>,
    pub(crate) hidden: Hidden,
    /// A text that stands in it instead of what is kept.
    pub(crate) own: Option<(&'static str, String)>,
}

/// The fields of a record that an answer leaves out.
#[derive(Clone, Default)]
pub(crate) struct Hidden {
    pub(crate) names: &'static [&'static str],
    /// Those that are private: of [`crate::catalogue::Model::private`].
    pub(crate) private: Arc<[String]>,
}

impl Hidden {
    /// Is the field with this name left out?
    pub(crate) fn has(&self, field: &str) -> bool {
        self.names.contains(&field) || self.private.iter().any(|name| name == field)
    }
}

/// So many bytes are enough for the names of an answer's records, and a text that stands in one.
const ROOM_FOR_NAMES: usize = 128;

/// An answer for who may have it already.
pub enum Answer {
    /// The caller has it.
    Same,
    /// Its JSON text, and its fingerprint where it has one.
    Text(String, Option<Fingerprint>),
    /// The JSON text of a secret, to be wiped.
    Secret(Zeroizing<String>),
}

impl Answer {
    /// The text; `marked`, behind `=` and its fingerprint, where it has one, for who keeps answers. `=` alone
    /// when the caller has it.
    pub fn into_marked(self, marked: bool) -> String {
        match self {
            Answer::Same => "=".to_owned(),
            Answer::Text(text, Some(print)) if marked => format!("={:015x}{text}", print.number()),
            answer => answer.into_text(),
        }
    }

    /// The text; empty when the caller has it.
    pub fn into_text(self) -> String {
        match self {
            Answer::Same => String::new(),
            Answer::Text(text, _) => text,
            Answer::Secret(mut text) => std::mem::take(&mut *text),
        }
    }
}

impl Reply {
    /// A clear text.
    ///
    /// # Errors
    /// `CORRUPT` when it is none.
    pub(crate) fn secret(clear: &Secret) -> Result<Reply> {
        clear.quoted().map(Reply::Secret)
    }

    /// A value with clear texts in it.
    pub(crate) fn clear(value: Value) -> Reply {
        Reply::Secret(clear_json(&ZeroizingValue(value).0))
    }

    /// The answer for a caller who has the one with the fingerprint `known`; `may_answer` is asked whether
    /// a text of so many bytes may be put together.
    ///
    /// # Errors
    /// Those of `may_answer`.
    pub(crate) fn into_answer(
        self,
        known: Option<Fingerprint>,
        may_answer: impl FnOnce(usize) -> Result<()>,
    ) -> Result<Answer> {
        if let Reply::Secret(text) = self {
            return Ok(Answer::Secret(text));
        }
        let print = self.fingerprint();
        if print.is_some() && print == known {
            return Ok(Answer::Same);
        }
        may_answer(self.size())?;
        Ok(Answer::Text(self.into_text(), print))
    }

    /// Bytes of the text, about; 0 for what is never long.
    fn size(&self) -> usize {
        match self {
            Reply::Records(records) => records.iter().map(|record| record.text().len()).sum(),
            Reply::Rows(rows) => rows.iter().map(|row| row.len()).sum(),
            Reply::Text(text) => text.len(),
            _ => 0,
        }
    }

    fn fingerprint(&self) -> Option<Fingerprint> {
        match self {
            Reply::Record(record) => {
                record.as_ref().map(|r| Fingerprint::of([r.version()].into_iter()))
            }
            Reply::Records(records) => {
                Some(Fingerprint::of(records.iter().map(|record| record.version())))
            }
            Reply::Object(shown) => {
                Some(Fingerprint::of(shown.iter().map(|shown| shown.record.version())))
            }
            Reply::Listed(listed) => listed.print,
            _ => None,
        }
    }

    /// The answer's JSON text.
    pub(crate) fn into_text(self) -> String {
        match self {
            Reply::Record(record) => record.map_or("null".into(), |r| r.text().to_owned()),
            Reply::Records(records) => list(records.iter().map(|record| record.text())),
            Reply::Rows(rows) => list(rows.iter().map(|row| &**row)),
            Reply::Row(row) => row.map_or("null".into(), |row| row.to_string()),
            Reply::Listed(listed) => listed.text.unwrap_or_default(),
            Reply::Object(shown) => object(&shown),
            Reply::Flag(flag) => flag.to_string(),
            Reply::Count(count) => count.to_string(),
            Reply::Text(text) => text,
            Reply::Value(value) => json::compact(&value),
            Reply::Secret(mut text) => std::mem::take(&mut *text),
        }
    }
}

fn object(all: &[MaskedRecord]) -> String {
    let len: usize = all.iter().map(|shown| shown.record.text().len()).sum();
    let mut text = String::with_capacity(len + ROOM_FOR_NAMES);
    text.push('{');
    let name_next = |text: &mut String, name: &str| {
        if !text.ends_with('{') {
            text.push(',');
        }
        json::push_text(text, name);
        text.push(':');
    };
    for shown in all {
        name_next(&mut text, shown.name);
        json::push_without(&mut text, shown.record.text(), |field| shown.hidden.has(field));
        if let Some((name, value)) = &shown.own {
            text.pop();
            name_next(&mut text, name);
            json::push_text(&mut text, value);
            text.push('}');
        }
    }
    text.push('}');
    text
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
