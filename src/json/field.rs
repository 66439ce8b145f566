//! One field of an object's text, without building the object.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The text in a top-level field of an object; `None` when it is absent or no text, and when the
/// object's text is broken.
pub fn text_field<'a>(object: &'a str, name: &str) -> Option<Cow<'a, str>> {
    let text: Text<'a> = serde_json::from_str(raw_field(object, name)?).ok()?;
    Some(text.0)
}

/// The JSON text of a top-level field of an object; `None` when it is absent, and when the
/// object's text is broken.
pub fn raw_field<'a>(object: &'a str, name: &str) -> Option<&'a str> {
    let mut reader = serde_json::Deserializer::from_str(object);
    reader.deserialize_map(Find { name }).ok().flatten()
}

/// The text of an object without some of its top-level fields; the same text when it is broken.
pub fn without(object: &str, names: &[&str]) -> String {
    let mut reader = serde_json::Deserializer::from_str(object);
    let mut left = String::with_capacity(object.len());
    match reader.deserialize_map(Leave { names, left: &mut left }) {
        Ok(()) => left,
        Err(_) => object.to_owned(),
    }
}

struct Leave<'n, 't> {
    names: &'n [&'n str],
    left: &'t mut String,
}

impl<'de> Visitor<'de> for Leave<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let mut before = '{';
        while let Some(key) = entries.next_key::<&RawValue>()? {
            let value = entries.next_value::<&RawValue>()?;
            let name: Text<'_> =
                serde_json::from_str(key.get()).map_err(serde::de::Error::custom)?;
            if !self.names.contains(&&*name.0) {
                self.left.push(before);
                self.left.push_str(key.get());
                self.left.push(':');
                self.left.push_str(value.get());
                before = ',';
            }
        }
        self.left.push_str(if before == '{' { "{}" } else { "}" });
        Ok(())
    }
}

struct Find<'n> {
    name: &'n str,
}

impl<'de> Visitor<'de> for Find<'_> {
    type Value = Option<&'de str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(key) = entries.next_key::<Text<'de>>()? {
            if key.0 == self.name {
                found = Some(entries.next_value::<&RawValue>()?.get());
            } else {
                entries.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

/// Borrowed from the object unless it has escapes; serde's own `Cow` is always a copy.
#[derive(serde::Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_top_level_counts() {
        let text = r#"{"a":{"id":"no"},"id":"y\u00e9s","n":1}"#;
        assert_eq!(text_field(text, "id").as_deref(), Some("yés"));
        assert_eq!(text_field(text, "n"), None);
        assert_eq!(text_field(text, "b"), None);
        assert_eq!(text_field("[1]", "b"), None);
    }

    #[test]
    fn raw_texts_and_escaped_keys() {
        let text = r#"{ "a" : {"id": [1, "}"]} , "i\u0064": -1.5e3 }"#;
        assert_eq!(raw_field(text, "id"), Some("-1.5e3"));
        assert_eq!(raw_field(text, "a"), Some(r#"{"id": [1, "}"]}"#));
        assert_eq!(raw_field(r#"{"id":"x","a""#, "id"), None);
    }

    #[test]
    fn fields_are_left_out() {
        let text = r#"{"a":{"b":1},"b":[2],"i\u0064":"x"}"#;
        assert_eq!(without(text, &["b", "c"]), r#"{"a":{"b":1},"i\u0064":"x"}"#);
        assert_eq!(without(text, &["a", "id"]), r#"{"b":[2]}"#);
        assert_eq!(without(text, &["a", "b", "id"]), "{}");
        assert_eq!(without("{}", &["a"]), "{}");
    }

    #[test]
    fn a_plain_text_is_borrowed() {
        assert!(matches!(text_field(r#"{"id":"x"}"#, "id"), Some(Cow::Borrowed("x"))));
    }

    proptest::proptest! {
        #[test]
        fn a_field_is_what_the_tree_has(name in "[a-c\"\\\\é]{0,2}", value in ".*", other in ".*") {
            let map = serde_json::json!({ &name: value, "a": { &name: other }, "c": [other] });
            let text = crate::json::compact(&map);
            let found = text_field(&text, &name);
            proptest::prop_assert_eq!(found.as_deref(), map[&name].as_str());
            let raw = raw_field(&text, &name).map(str::to_owned);
            proptest::prop_assert_eq!(raw, Some(crate::json::compact(&map[&name])));
        }
    }
}
