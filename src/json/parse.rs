//! Strict reading: no duplicate keys, bounded depth, and a place for every fault.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Objects and arrays may be nested this deep.
pub const MAX_DEPTH: usize = 100;

/// Why a text is not accepted, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Where in the value, as far as it is known: `personaLinks[2].note`.
    pub path: String,
    /// What was expected and what came.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.message)
    }
}

/// The value of a JSON text.
///
/// # Errors
/// A [`Fault`] for anything that is not one JSON value by RFC 8259, for a key that an object
/// has twice, for more than [`MAX_DEPTH`] levels, for a number beyond a double, and for a lone
/// surrogate.
pub fn parse(text: &str) -> Result<Value, Fault> {
    let path = RefCell::new(Vec::new());
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = Strict { path: &path, depth: 0 }.deserialize(&mut reader);
    let whole = read.and_then(|value| reader.end().map(|()| value));
    whole.map_err(|error| fault(text, &error, &path.borrow()))
}

/// The object of a JSON text.
///
/// # Errors
/// As for [`parse`], and for any other kind of value.
pub fn parse_object(text: &str) -> Result<Map<String, Value>, Fault> {
    match parse(text)? {
        Value::Object(map) => Ok(map),
        _ => Err(Fault {
            line: 1,
            column: 1,
            path: String::new(),
            message: "expected a JSON object".into(),
        }),
    }
}

/// The value of a JSON text in UTF-8, with or without a byte order mark.
///
/// # Errors
/// As for [`parse`], and for bytes that are not UTF-8.
pub fn parse_bytes(bytes: &[u8]) -> Result<Value, Fault> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => parse(text),
        Err(error) => Err(not_utf8(bytes, error.valid_up_to())),
    }
}

fn not_utf8(bytes: &[u8], at: usize) -> Fault {
    let valid = String::from_utf8_lossy(&bytes[..at]);
    let line = valid.matches('\n').count() + 1;
    let column = valid.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Fault { line, column, path: String::new(), message: "expected UTF-8 text".into() }
}

fn fault(text: &str, error: &serde_json::Error, path: &[Step]) -> Fault {
    let sentence = error.to_string();
    let message = sentence.split(" at line ").next().unwrap_or(&sentence).to_owned();
    let line = error.line().max(1);
    let bytes = text.lines().nth(line - 1).unwrap_or_default();
    let before = bytes.get(..error.column().saturating_sub(1)).unwrap_or(bytes);
    let column = before.chars().count() + 1;
    Fault { line, column, path: path_text(path), message }
}

/// One step into a value.
enum Step {
    Key(String),
    Item(usize),
}

fn path_text(path: &[Step]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Step::Key(key) if text.is_empty() => text += key,
            Step::Key(key) => text += &format!(".{key}"),
            Step::Item(number) => text += &format!("[{number}]"),
        }
    }
    text
}

/// Builds a value, and remembers where it is.
#[derive(Clone, Copy)]
struct Strict<'a> {
    path: &'a RefCell<Vec<Step>>,
    depth: usize,
}

impl Strict<'_> {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH {
            return Err(E::custom(format!("expected at most {MAX_DEPTH} levels of nesting")));
        }
        Ok(Strict { depth: self.depth + 1, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value);
        number.map(Value::Number).ok_or_else(|| E::custom("expected a finite number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inside = self.deeper()?;
        let mut list = Vec::new();
        self.path.borrow_mut().push(Step::Item(0));
        while let Some(item) = items.next_element_seed(inside)? {
            list.push(item);
            if let Some(Step::Item(number)) = self.path.borrow_mut().last_mut() {
                *number += 1;
            }
        }
        self.path.borrow_mut().pop();
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let inside = self.deeper()?;
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            self.path.borrow_mut().push(Step::Key(key.clone()));
            if map.contains_key(&key) {
                return Err(A::Error::custom(format!(
                    "expected each key once, found {key:?} twice"
                )));
            }
            let value = entries.next_value_seed(inside)?;
            map.insert(key, value);
            self.path.borrow_mut().pop();
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_tell_where() {
        let twice = parse("{\"a\": [1, {\"b\": 1, \"b\": 2}]}").expect_err("twice");
        assert_eq!(twice.path, "a[1].b");
        let fault = parse("{\n  \"é\": x\n}").expect_err("broken");
        assert_eq!((fault.line, fault.column), (2, 8));
        assert_eq!(parse_bytes(b"{\"a\":\n\"\xff\"}").expect_err("bytes").line, 2);
    }

    #[test]
    fn hostile_texts_are_refused() {
        let deep = "[".repeat(5000) + &"]".repeat(5000);
        assert!(parse(&deep).is_err());
        for text in ["", "1e999", "\"\\ud800\"", "{} x", "NaN", "{\"a\":1,}", "\u{feff}{}"] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse_bytes(b"\xef\xbb\xbf{}").is_ok());
    }

    #[test]
    fn proto_is_a_key_like_any_other() {
        let map = parse_object("{\"__proto__\": {\"x\": 1}}").expect("an object");
        assert!(map.contains_key("__proto__"));
    }
}
