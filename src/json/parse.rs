//! Strict reading: no duplicate keys, bounded depth, and a place for every fault.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Number, Value};

use super::surrogates::without_lone_surrogates;

/// Objects and arrays may be nested this deep.
pub const MAX_DEPTH: usize = 100;

/// A message shows so many characters of a key.
const LONGEST_SHOWN: usize = 64;

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

/// The value of a JSON text; a lone surrogate in it is read as U+FFFD.
///
/// # Errors
/// A [`Fault`] for anything that is not one JSON value by RFC 8259, for a key that an object
/// has twice, for more than [`MAX_DEPTH`] levels, and for a number beyond a double.
pub fn parse(text: &str) -> Result<Value, Fault> {
    // Few texts have one, so they are looked for only where the text is refused.
    read(text).or_else(|fault| match without_lone_surrogates(text) {
        Cow::Owned(other) => read(&other),
        Cow::Borrowed(_) => Err(fault),
    })
}

fn read(text: &str) -> Result<Value, Fault> {
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
    if is_utf16(bytes) {
        let message = "expected UTF-8 text, found UTF-16; save the file as UTF-8".into();
        return Err(Fault { line: 1, column: 1, path: String::new(), message });
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => parse(text),
        Err(error) => Err(not_utf8(bytes, error.valid_up_to())),
    }
}

/// Is there its mark, or a zero beside each of the first two characters?
fn is_utf16(bytes: &[u8]) -> bool {
    match bytes {
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => true,
        [a, b, c, d, ..] => [*a == 0, *b == 0] == [*c == 0, *d == 0] && (*a == 0) != (*b == 0),
        _ => false,
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
    let found = text.split('\n').nth(line - 1).unwrap_or_default();
    let before = error.column().saturating_sub(1);
    let column = found.char_indices().take_while(|(at, _)| *at < before).count() + 1;
    Fault { line, column, path: path_text(path), message }
}

/// One step into a value.
enum Step {
    Key(String),
    Item(usize),
}

/// The path of a fault, whose steps were noted on the way out of it.
fn path_text(path: &[Step]) -> String {
    let mut text = String::new();
    for step in path.iter().rev() {
        match step {
            Step::Key(key) if text.is_empty() => text += &shortened(key),
            Step::Key(key) => text += &format!(".{}", shortened(key)),
            Step::Item(number) => text += &format!("[{number}]"),
        }
    }
    text
}

/// A key as a message shows it: a hostile one may be megabytes.
fn shortened(key: &str) -> Cow<'_, str> {
    match key.char_indices().nth(LONGEST_SHOWN) {
        Some((end, _)) => format!("{}…", &key[..end]).into(),
        None => key.into(),
    }
}

/// Builds a value.
#[derive(Clone, Copy)]
struct Strict<'a> {
    /// Where a fault is, the innermost step first.
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

    /// Notes that a fault is behind this step.
    fn note<E>(self, step: Step, fault: E) -> E {
        self.path.borrow_mut().push(step);
        fault
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
        loop {
            match items.next_element_seed(inside) {
                Ok(Some(item)) => list.push(item),
                Ok(None) => return Ok(Value::Array(list)),
                Err(fault) => return Err(self.note(Step::Item(list.len()), fault)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let inside = self.deeper()?;
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let slot = match map.entry(key) {
                Entry::Vacant(slot) => slot,
                Entry::Occupied(slot) => {
                    let twice =
                        format!("expected each key once, found {:?} twice", shortened(slot.key()));
                    return Err(self.note(Step::Key(slot.key().clone()), A::Error::custom(twice)));
                }
            };
            match entries.next_value_seed(inside) {
                Ok(value) => slot.insert(value),
                Err(fault) => return Err(self.note(Step::Key(slot.key().clone()), fault)),
            };
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
        for text in ["", "1e999", "\"\\ud80\"", "{} x", "NaN", "{\"a\":1,}", "\u{feff}{}"] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse_bytes(b"\xef\xbb\xbf{}").is_ok());
    }

    #[test]
    fn a_lone_surrogate_is_read_as_the_replacement_character() {
        let text = r#"{"a": "Hello \ud83d", "\udc00": ["\ud83d\ude00", "\\ud83d"]}"#;
        let read = serde_json::json!({"a": "Hello \u{fffd}", "\u{fffd}": ["\u{1f600}", "\\ud83d"]});
        assert_eq!(parse(text), Ok(read));
        let fault = parse("{\"a\": \"\\ud83d\",\n \"b\": x}").expect_err("broken");
        assert_eq!((fault.line, fault.column), (2, 7));
    }

    #[test]
    fn proto_is_a_key_like_any_other() {
        let map = parse_object("{\"__proto__\": {\"x\": 1}}").expect("an object");
        assert!(map.contains_key("__proto__"));
    }

    #[test]
    fn an_encoding_that_is_not_utf8_is_named() {
        let wide =
            |big: bool| "{\"a\":1}".bytes().flat_map(move |b| if big { [0, b] } else { [b, 0] });
        let marked: Vec<u8> = [0xFF, 0xFE].into_iter().chain(wide(false)).collect();
        for bytes in [marked, wide(false).collect(), wide(true).collect()] {
            let fault = parse_bytes(&bytes).expect_err("not UTF-8");
            assert!(fault.message.contains("UTF-16"), "{fault}");
        }
        let zeros = parse_bytes(&[0; 16]).expect_err("a torn file");
        assert!(!zeros.message.contains("UTF-16"), "{zeros}");
    }

    #[test]
    fn a_fault_is_short_whatever_the_key() {
        let key = "é".repeat(100_000);
        let fault = parse(&format!("{{\"{key}\":1,\"{key}\":2}}")).expect_err("twice");
        assert!(fault.message.len() + fault.path.len() < 500);
    }

    proptest! {
        #[test]
        fn a_key_twice_is_found_at_any_depth(
            key in "[a-z]{1,3}", lists in proptest::collection::vec(any::<bool>(), 0..90),
        ) {
            let wrap = |text: String, list: &bool| {
                if *list { format!("[{text}]") } else { format!("{{\"x\":{text}}}") }
            };
            let once = lists.iter().fold(format!("{{\"{key}\":1}}"), wrap);
            let twice = lists.iter().fold(format!("{{\"{key}\":1,\"{key}\":1}}"), wrap);
            prop_assert!(parse(&once).is_ok());
            prop_assert!(parse(&twice).expect_err("twice").message.contains("once"));
        }

        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = parse_bytes(&bytes);
        }

        #[test]
        fn no_almost_json_makes_the_reader_panic(text in "[\\[\\]{}:,\"\\\\ud80-9eE.+aé \n-]{0,40}") {
            let _ = parse(&text);
        }
    }
}
