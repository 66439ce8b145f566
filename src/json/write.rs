//! Writing: compact lines and pretty files, the same bytes for the same content.

use std::fmt::Write;

use serde_json::{Map, Number, Value};

/// The compact text of a value.
pub fn compact(value: &Value) -> String {
    let mut text = String::new();
    push_value(&mut text, value);
    text
}

/// The compact text of an object.
pub fn compact_object(map: &Map<String, Value>) -> String {
    let mut text = String::with_capacity(1024);
    push_object(&mut text, map);
    text
}

/// A text as a JSON string, with its quotes.
pub fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    push_text(&mut quoted, text);
    quoted
}

/// Adds the compact text of a value.
pub fn push_value(text: &mut String, value: &Value) {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(flag) => text.push_str(if *flag { "true" } else { "false" }),
        Value::Number(number) => push_number(text, number),
        Value::String(string) => push_text(text, string),
        Value::Array(items) => {
            text.push('[');
            for (number, item) in items.iter().enumerate() {
                if number > 0 {
                    text.push(',');
                }
                push_value(text, item);
            }
            text.push(']');
        }
        Value::Object(map) => push_object(text, map),
    }
}

fn push_object(text: &mut String, map: &Map<String, Value>) {
    text.push('{');
    for (number, (key, value)) in map.iter().enumerate() {
        if number > 0 {
            text.push(',');
        }
        push_text(text, key);
        text.push(':');
        push_value(text, value);
    }
    text.push('}');
}

/// Adds a text as a JSON string.
pub fn push_text(text: &mut String, string: &str) {
    // Most texts need no escape. Without a way out of the loop, many bytes are looked at at once.
    let escapes = |found, byte| found | (byte < b' ') | (byte == b'"') | (byte == b'\\');
    text.push('"');
    if string.bytes().fold(false, escapes) {
        push_escaped(text, string);
    } else {
        text.push_str(string);
    }
    text.push('"');
}

fn push_escaped(text: &mut String, string: &str) {
    let mut rest = string;
    while let Some(at) = rest.find(|c: char| c < ' ' || c == '"' || c == '\\') {
        let (before, behind) = rest.split_at(at);
        text.push_str(before);
        let (escaped, behind) = behind.split_at(1);
        match escaped {
            "\"" => text.push_str("\\\""),
            "\\" => text.push_str("\\\\"),
            "\n" => text.push_str("\\n"),
            "\r" => text.push_str("\\r"),
            "\t" => text.push_str("\\t"),
            "\u{8}" => text.push_str("\\b"),
            "\u{c}" => text.push_str("\\f"),
            other => {
                write!(text, "\\u{:04x}", other.as_bytes()[0]).expect("a String takes any text")
            }
        }
        rest = behind;
    }
    text.push_str(rest);
}

/// Writes a number as JavaScript's `JSON.stringify` does (ECMA-262, Number::toString).
fn push_number(text: &mut String, number: &Number) {
    let Some(double) = number.as_f64().filter(|_| number.is_f64()) else {
        write!(text, "{number}").expect("a String takes any text");
        return;
    };
    if double == 0.0 {
        text.push('0');
    } else if double.abs() < 1e21 && double.abs() >= 1e-6 {
        // Rust's Display gives the shortest digits that read back the same, without exponent.
        text.push_str(&double.to_string());
    } else {
        let exponent = format!("{double:e}");
        text.push_str(&exponent.replace('e', if double.abs() >= 1.0 { "e+" } else { "e" }));
    }
}

/// The text of a value for people: two spaces a level, a line feed at the end.
pub fn pretty(value: &Value) -> String {
    indent(&compact(value), 0) + "\n"
}

/// The pretty form of a compact text, its inner lines `level` levels deep; no line feed at the
/// end.
pub fn indent(compact: &str, level: usize) -> String {
    let mut text = String::with_capacity(compact.len() + compact.len() / 4);
    let mut depth = level;
    let mut rest = compact;
    while let Some(first) = rest.chars().next() {
        let len = match first {
            '"' => text_len(rest),
            _ => first.len_utf8(),
        };
        let (token, next) = rest.split_at(len);
        match first {
            '{' | '[' if next.starts_with(['}', ']']) => {
                text.push_str(&rest[..2]);
                rest = &rest[2..];
                continue;
            }
            '{' | '[' => {
                depth += 1;
                text.push_str(token);
                break_line(&mut text, depth);
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                break_line(&mut text, depth);
                text.push_str(token);
            }
            ',' => {
                text.push(',');
                break_line(&mut text, depth);
            }
            ':' => text.push_str(": "),
            _ => text.push_str(token),
        }
        rest = next;
    }
    text
}

fn break_line(text: &mut String, depth: usize) {
    text.push('\n');
    (0..depth).for_each(|_| text.push_str("  "));
}

/// Length of the JSON string at the start of `text`, with its quotes.
fn text_len(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 1;
    while let Some(found) = memchr::memchr2(b'"', b'\\', bytes.get(at..).unwrap_or_default()) {
        at += found;
        if bytes[at] == b'"' {
            return at + 1;
        }
        at += 2;
    }
    text.len()
}

/// What a value is, for an error message that keeps the value itself back.
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// A value as an error message shows it: what it is, and its beginning.
pub fn describe(value: &Value) -> String {
    if value.is_null() {
        return kind(value).to_owned();
    }
    let text = compact(value);
    let mut shown: String = text.chars().take(40).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    format!("{} ({shown})", kind(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_written_as_javascript_does() {
        let cases = [
            (1.0, "1"),
            (-0.0, "0"),
            (0.1, "0.1"),
            (1e21, "1e+21"),
            (123456789012345680000.0, "123456789012345680000"),
            (1e-7, "1e-7"),
            (1.5e300, "1.5e+300"),
            (-2.5e-10, "-2.5e-10"),
            (5e-324, "5e-324"),
        ];
        for (number, text) in cases {
            assert_eq!(compact(&serde_json::json!(number)), text);
        }
    }

    #[test]
    fn texts_are_written_as_serde_json_writes_them() {
        for character in (0..=0xff_u8).map(char::from).chain(['\u{2028}', '\u{fffd}', '🦊']) {
            for string in [format!("{character}"), format!("é{character}\\{character}x")] {
                assert_eq!(Ok(quote(&string)), serde_json::to_string(&string).map_err(|_| ()));
            }
        }
    }

    #[test]
    fn pretty_files() {
        let value = serde_json::json!({"a": [], "b": {}, "c": [1, {"d": "x,{\"y"}]});
        let text = "{\n  \"a\": [],\n  \"b\": {},\n  \"c\": [\n    1,\n    {\n      \"d\": \"x,{\\\"y\"\n    }\n  ]\n}\n";
        assert_eq!(pretty(&value), text);
    }

    pub(super) fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".*".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                proptest::collection::hash_map(".*", inner, 0..6)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    /// serde_json writes doubles in its own way, so they cannot be compared.
    fn without_doubles(value: Value) -> Value {
        match value {
            Value::Number(number) if number.is_f64() => Value::Null,
            Value::Array(items) => items.into_iter().map(without_doubles).collect(),
            Value::Object(map) => {
                map.into_iter().map(|(key, value)| (key, without_doubles(value))).collect()
            }
            other => other,
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(value in any_value()) {
            let text = compact(&value);
            let back = super::super::parse(&text).expect("our own text");
            prop_assert_eq!(compact(&back), text.clone());
            let nicely = super::super::parse(&pretty(&value)).expect("our own file");
            prop_assert_eq!(compact(&nicely), text);
        }

        #[test]
        fn a_file_is_what_serde_json_would_write(value in any_value()) {
            let read = without_doubles(super::super::parse(&compact(&value)).expect("our own text"));
            let ours = pretty(&read);
            let theirs = serde_json::to_string_pretty(&read).expect("a value") + "\n";
            prop_assert_eq!(&ours, &theirs);
            let deeper = indent(&compact(&read), 2);
            prop_assert_eq!(deeper.replace("\n    ", "\n") + "\n", ours);
        }

        #[test]
        fn nothing_makes_the_reader_panic(text in ".*") {
            let _ = super::super::parse(&text);
        }
    }
}
