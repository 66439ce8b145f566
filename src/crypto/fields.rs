//! Strict reading of the small objects of this module. A fault names the place and the kind of value
//! that stands there, never the value.

use data_encoding::BASE64;
use serde_json::{Map, Value};

use crate::error::{Code, Error, Issue, Result};

/// The keys of one object; each is asked for once, and faults are collected on the way.
pub(super) struct Fields<'a> {
    map: &'a Map<String, Value>,
    place: String,
    known: Vec<&'static str>,
    issues: Vec<Issue>,
}

impl<'a> Fields<'a> {
    /// The keys of an object; anything else is an empty object with a fault. `place` stands before
    /// the keys in faults.
    pub(super) fn of(value: &'a Value, place: &str) -> Fields<'a> {
        static EMPTY: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
        let map = value.as_object();
        let mut fields = Fields {
            map: map.unwrap_or(&EMPTY),
            place: place.to_owned(),
            known: Vec::new(),
            issues: Vec::new(),
        };
        if map.is_none() {
            fields.issues.push(Issue::new(place, "an object", kind(Some(value))));
        }
        fields
    }

    /// The value of a key, `null` being absent.
    pub(super) fn value(&mut self, key: &'static str) -> Option<&'a Value> {
        self.known.push(key);
        self.map.get(key).filter(|value| !value.is_null())
    }

    /// Is there a value?
    pub(super) fn has(&self, key: &str) -> bool {
        self.map.get(key).is_some_and(|value| !value.is_null())
    }

    /// A text; empty with a fault.
    pub(super) fn text(&mut self, key: &'static str) -> String {
        self.needed(key, "a string", |value| value.as_str().map(str::to_owned))
    }

    /// A whole number; zero with a fault.
    pub(super) fn number(&mut self, key: &'static str) -> u32 {
        let whole = |value: &Value| value.as_u64().and_then(|number| u32::try_from(number).ok());
        self.needed(key, "a whole number", whole)
    }

    /// So many bytes in base64; zeros with a fault.
    pub(super) fn bytes<const N: usize>(&mut self, key: &'static str) -> [u8; N] {
        let expected = format!("{N} bytes in base64");
        let decode =
            |value: &Value| -> Option<[u8; N]> { decode(value.as_str()?)?.try_into().ok() };
        self.needed(key, &expected, |value| decode(value).map(Some)).unwrap_or([0; N])
    }

    /// A list; empty with a fault.
    pub(super) fn list(&mut self, key: &'static str) -> &'a [Value] {
        let value = self.value(key);
        value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_else(|| {
            self.fault(key, "an array");
            &[]
        })
    }

    /// Tells a fault of a key.
    pub(super) fn fault(&mut self, key: &str, expected: &str) {
        let dot = if self.place.is_empty() || key.is_empty() { "" } else { "." };
        let path = format!("{}{dot}{key}", self.place);
        self.issues.push(Issue::new(path, expected, kind(self.map.get(key))));
    }

    /// The keys that nobody has asked for, or all the faults of the file.
    ///
    /// # Errors
    /// `CORRUPT`, `what` being the thing in words.
    pub(super) fn done(self, what: &str) -> Result<Map<String, Value>> {
        if self.issues.is_empty() {
            let mut rest = self.map.clone();
            rest.retain(|key, _| !self.known.contains(&key.as_str()));
            rest.sort_keys();
            return Ok(rest);
        }
        let list: Vec<String> = self.issues.iter().map(sentence).collect();
        let message =
            format!("{what} cannot be read: {}; restore it from a backup", list.join("; "));
        Err(Error::new(Code::Corrupt, message).issues(self.issues))
    }

    /// All the faults of what a user has given.
    ///
    /// # Errors
    /// `VALIDATION`, also for a key that nobody has asked for.
    pub(super) fn given(mut self, what: &str) -> Result<()> {
        let others: Vec<&String> =
            self.map.keys().filter(|key| !self.known.contains(&key.as_str())).collect();
        others.into_iter().for_each(|key| self.fault(key, "no such key"));
        if self.issues.is_empty() { Ok(()) } else { Err(Error::validation(what, self.issues)) }
    }

    /// What `read` makes of a value; the default with a fault.
    pub(super) fn needed<T: Default>(
        &mut self,
        key: &'static str,
        expected: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> T {
        self.value(key).and_then(read).unwrap_or_else(|| {
            self.fault(key, expected);
            T::default()
        })
    }
}

fn sentence(issue: &Issue) -> String {
    let place = if issue.path.is_empty() { "the whole" } else { &issue.path };
    format!("{place}: expected {}, got {}", issue.expected, issue.received)
}

fn kind(value: Option<&Value>) -> &'static str {
    match value {
        None => "nothing",
        Some(Value::Null) => "null",
        Some(Value::Bool(_)) => "a flag",
        Some(Value::Number(_)) => "another number",
        Some(Value::String(_)) => "another text",
        Some(Value::Array(_)) => "an array",
        Some(Value::Object(_)) => "an object",
    }
}

/// Bytes as base64, with padding.
pub(super) fn encode(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

/// The bytes of a base64 text; `None` for any text that [`encode`] would not write.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text.as_bytes()).ok()
}
