//! The reader and the writer of JSON against serde_json's own.

use quilltap_store::json as ours;
use serde_json::Value;

/// Any bytes: no panic; a fault has a place in the text and is short; what is accepted is what
/// serde_json reads, but for half a character, which is read as U+FFFD; what is refused beyond that
/// has one of the reasons that we document; what is written reads back and is written the same again.
pub fn json(bytes: &[u8]) {
    let theirs =
        serde_json::from_slice::<Value>(bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes));
    match ours::parse_bytes(bytes) {
        Ok(value) => {
            round(&value);
            let theirs = match theirs {
                Ok(theirs) => theirs,
                Err(refused) => {
                    assert!(refused.to_string().contains("hex escape"), "{refused}");
                    assert!(ours::compact(&value).contains('\u{FFFD}'), "{value}");
                    return;
                }
            };
            assert_eq!(value, theirs);
            let text = std::str::from_utf8(bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes));
            fields(text.expect("we accepted it"), &value);
        }
        Err(fault) => {
            assert!(fault.message.len() < 600 && fault.path.len() < 70 * 101, "{fault}");
            let lines = bytes.iter().filter(|byte| **byte == b'\n').count() + 1;
            assert!((1..=lines).contains(&fault.line) && fault.column >= 1, "{fault}");
            assert!(fault.column <= bytes.len() + 1, "{fault}");
            let reasons = ["expected each key once", "levels of nesting", "UTF-16"];
            let known = reasons.iter().any(|reason| fault.message.contains(reason));
            assert!(known || theirs.is_err(), "only we refuse it: {fault}");
        }
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let back: String = serde_json::from_str(&ours::quote(text)).expect("a quoted text");
        assert_eq!(back, text);
        // These take texts that are believed to be JSON; other ones must not make them panic.
        let _ = (
            ours::indent(text, 1),
            ours::without(text, |name| name == "id"),
            ours::text_field(text, "id"),
        );
        let _ = (ours::with_fields(text, [("id", "1"), ("a", "2")]), ours::text_value(text));
    }
}

fn round(value: &Value) {
    let compact = ours::compact(value);
    let back = ours::parse(&compact).expect("our own line");
    assert_eq!(ours::compact(&back), compact);
    let pretty = ours::pretty(value);
    let back = ours::parse(&pretty).expect("our own file");
    assert_eq!(ours::compact(&back), compact);
    assert_eq!(ours::pretty(&back), pretty);
    assert!(!compact.contains('\n'), "a line with a line feed");
    let _ = ours::describe(value);
}

/// The quick readers of single fields agree with the reader of everything.
fn fields(text: &str, value: &Value) {
    let Value::Object(map) = value else { return };
    for (key, value) in map.iter().take(8) {
        let raw = ours::raw_field(text, key).expect("a field that is there");
        let found = ours::parse(raw).expect("a part of a valid text");
        assert_eq!(ours::compact(&found), ours::compact(value));
        let text_value = ours::text_field(text, key);
        assert_eq!(text_value.as_deref(), value.as_str());
        let left = ours::parse_object(&ours::without(text, |name| name == key)).expect("an object");
        assert!(!left.contains_key(key) && left.len() + 1 == map.len());
        let other = ours::with_fields(text, [(key, "[7]")]).expect("the field is there");
        let other = ours::parse_object(&other).expect("an object");
        assert_eq!(ours::compact(&other[key]), "[7]");
        assert_eq!(other.len(), map.len());
    }
}
