//! One committed record and its place in creation order.

use serde_json::{Map, Value};

use crate::catalogue::{self, Counted, IndexKeys, Model, SortKey};
use crate::json;

use crate::engine::fingerprint::new_version;

/// Where a record stands among those of its model: by `createdAt`, then by the order of commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Order {
    /// `createdAt` in milliseconds since 1970; 0 for models without times.
    created_ms: i64,
    /// Counts up with each record that is new to this process.
    sequence: u64,
}

impl Order {
    /// `createdAt`, in milliseconds since 1970.
    pub(crate) fn created_ms(&self) -> &i64 {
        &self.created_ms
    }

    /// Its number among those of its time.
    #[cfg(feature = "database")]
    pub(crate) fn sequence(&self) -> u64 {
        self.sequence
    }

    /// The order of a record that came as number `sequence`.
    pub(crate) fn of(record: &Record, sequence: u64) -> Order {
        Order { created_ms: record.created_ms, sequence }
    }
}

/// One committed record: its compact JSON text, keys in catalogue order, and what of it is
/// needed so often that its text is read for it only once.
#[derive(Debug)]
pub struct Record {
    key: Box<str>,
    text: Box<str>,
    version: u64,
    created_ms: i64,
    index_keys: IndexKeys,
    sort_keys: Box<[SortKey]>,
}

impl PartialEq for Record {
    fn eq(&self, other: &Record) -> bool {
        (&self.key, &self.text) == (&other.key, &other.text)
    }
}

impl Record {
    /// A record of `model` from its checked map.
    pub(crate) fn from_map(model: &Model, key: &str, map: &Map<String, Value>) -> Record {
        Record::new(model, key, &json::compact_object(map), map)
    }

    /// A record of `model` from the text that a commit made; `None` when that is no object.
    pub(crate) fn from_text(model: &Model, key: &str, text: &str) -> Option<Record> {
        Some(Record::new(model, key, text, &json::parse_object(text).ok()?))
    }

    /// The same of a text that is kept elsewhere, and has a version there.
    #[cfg(feature = "database")]
    pub(crate) fn from_stored(
        model: &Model,
        key: &str,
        text: &str,
        version: u64,
    ) -> Option<Record> {
        Record::from_text(model, key, text).map(|record| Record { version, ..record })
    }

    /// The same for somebody who changes nothing: without what it is found by and sorted by, so the text need
    /// not be parsed.
    #[cfg(feature = "database")]
    pub(crate) fn to_read(key: &str, text: &str, version: u64, created_ms: i64) -> Record {
        let (index_keys, sort_keys) = (IndexKeys::default(), Box::default());
        Record { key: key.into(), text: text.into(), version, created_ms, index_keys, sort_keys }
    }

    /// `createdAt`, in milliseconds since 1970; 0 for models without times.
    #[cfg(feature = "database")]
    pub(crate) fn created_ms(&self) -> i64 {
        self.created_ms
    }

    fn new(model: &Model, key: &str, text: &str, map: &Map<String, Value>) -> Record {
        let created = map.get("createdAt").and_then(Value::as_str);
        Record {
            key: key.into(),
            text: text.into(),
            version: new_version(),
            created_ms: created.and_then(crate::engine::clock::parse_ms).unwrap_or(0),
            index_keys: IndexKeys::of(model, map),
            sort_keys: catalogue::sort_keys(model, map),
        }
    }

    /// What the record says of its log: the number of counted rows, and the latest time of one.
    pub(crate) fn counts(&self, counted: &Counted) -> (u64, Option<String>) {
        let Some([count, last]) = &counted.fields else { return (0, None) };
        let [count, last] = json::raw_fields(&self.text, [count, last]);
        let last = last.and_then(json::text_value).map(|last| last.into_owned());
        (count.and_then(|count| count.parse().ok()).unwrap_or(0), last)
    }

    /// The record with what its log says now; nothing is looked up by that.
    pub(crate) fn with_counts(
        &self,
        model: &Model,
        counted: &Counted,
        count: u64,
        last: Option<&str>,
    ) -> Record {
        let with_text = |text: Box<str>, version| {
            let (key, index_keys) = (self.key.clone(), self.index_keys.clone());
            let mut sort_keys = self.sort_keys.clone();
            for (field, key) in model.sort_fields.iter().zip(&mut sort_keys) {
                if let Some([_, last_field]) = &counted.fields
                    && field.name == *last_field
                {
                    *key = last.and_then(catalogue::time_ms).map_or(SortKey::Null, SortKey::Time);
                }
            }
            Record { key, text, version, created_ms: self.created_ms, index_keys, sort_keys }
        };
        let Some([count_field, last_field]) = &counted.fields else {
            return with_text(self.text.clone(), self.version);
        };
        let (number, time) = (count.to_string(), last.map_or("null".to_owned(), json::quote));
        let fields = [(&**count_field, &*number), (&**last_field, &*time)];
        if let Some(text) = json::with_fields(&self.text, fields) {
            return with_text(text.into(), new_version());
        }
        // One that was written by hand, without them.
        let mut map = self.map();
        map.insert(count_field.clone(), count.into());
        map.insert(last_field.clone(), last.map_or(Value::Null, Into::into));
        Record::from_map(
            model,
            &self.key,
            &catalogue::validate_stored(model, map.clone()).unwrap_or(map),
        )
    }

    /// The keys under which the indexes of the model find this record.
    pub(crate) fn index_keys(&self) -> &IndexKeys {
        &self.index_keys
    }

    /// What it is sorted by: a key for each of the model's sort fields.
    pub(crate) fn sort_keys(&self) -> &[SortKey] {
        &self.sort_keys
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

    /// Some of its fields.
    pub fn pick(&self, fields: &[String]) -> Map<String, Value> {
        json::pick(&self.text, fields)
    }

    /// The record as ordered keys and values.
    pub fn map(&self) -> Map<String, Value> {
        // The text was made from a map that passed the checks, so it parses.
        json::parse_object(&self.text).unwrap_or_default()
    }
}
