//! One field of an object's text, without building the object.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// The text in a top-level field of an object; `None` when it is absent or no text, and when the
/// object's text is broken.
pub fn text_field<'a>(object: &'a str, name: &str) -> Option<Cow<'a, str>> {
    text_value(raw_field(object, name)?)
}

/// The text that a sound JSON text holds; `None` when it is none.
pub fn text_value(raw: &str) -> Option<Cow<'_, str>> {
    let inside = raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    // Few have an escape.
    if let Some(text) =
        inside.filter(|text| memchr::memchr2(b'\\', b'"', text.as_bytes()).is_none())
    {
        return Some(text.into());
    }
    let text: Text<'_> = serde_json::from_str(raw).ok()?;
    Some(text.0)
}

/// The JSON text of a top-level field of an object; `None` when it is absent, and when the
/// object's text is broken before it.
pub fn raw_field<'a>(object: &'a str, name: &str) -> Option<&'a str> {
    let [found] = raw_fields(object, [name]);
    found
}

/// The JSON texts of several top-level fields, read in one go and no further than to the last of
/// them; each as [`raw_field`] gives it.
pub fn raw_fields<'a, const N: usize>(object: &'a str, names: [&str; N]) -> [Option<&'a str>; N] {
    let mut found = [None; N];
    let mut reader = serde_json::Deserializer::from_str(object);
    // An error says that the text is broken, or goes on behind what is found: that stands.
    let _ = reader.deserialize_map(Find { names: &names, found: &mut found });
    found
}

/// Some top-level fields of an object with their values, read no further than to the last of them.
pub fn pick(object: &str, names: &[String]) -> Map<String, Value> {
    let mut found = Map::with_capacity(names.len());
    let mut reader = serde_json::Deserializer::from_str(object);
    // As for one field.
    let _ = reader.deserialize_map(Pick { names, found: &mut found });
    found
}

/// The text of an object with other JSON texts in some of its top-level fields; `None` when one of
/// them is absent, or the object's text is broken.
pub fn with_fields<const N: usize>(object: &str, fields: [(&str, &str); N]) -> Option<String> {
    let old = raw_fields(object, fields.map(|(name, _)| name));
    // A field is a part of the text, so its address tells where it stands.
    let start = |part: &str| part.as_ptr() as usize - object.as_ptr() as usize;
    let mut parts = Vec::with_capacity(N);
    for (old, (_, new)) in old.into_iter().zip(fields) {
        parts.push((start(old?), old?.len(), new));
    }
    parts.sort_unstable();
    let mut text = String::with_capacity(object.len() + 32);
    let mut from = 0;
    for (start, len, new) in parts {
        text.push_str(&object[from..start]);
        text.push_str(new);
        from = start + len;
    }
    text.push_str(&object[from..]);
    Some(text)
}

/// The text of an object without the top-level fields that are hidden; the same text when it is
/// broken.
pub fn without(object: &str, is_hidden: impl Fn(&str) -> bool) -> String {
    let mut left = String::with_capacity(object.len());
    push_without(&mut left, object, is_hidden);
    left
}

/// Adds the same to a text.
pub fn push_without(text: &mut String, object: &str, is_hidden: impl Fn(&str) -> bool) {
    let (mut reader, start) = (serde_json::Deserializer::from_str(object), text.len());
    if reader.deserialize_map(Leave { is_hidden, left: text }).is_err() {
        text.truncate(start);
        text.push_str(object);
    }
}

struct Leave<'t, H> {
    is_hidden: H,
    left: &'t mut String,
}

impl<'de, H: Fn(&str) -> bool> Visitor<'de> for Leave<'_, H> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let mut before = '{';
        while let Some(key) = entries.next_key::<&RawValue>()? {
            let value = entries.next_value::<&RawValue>()?;
            let name = text_value(key.get());
            if !name.is_some_and(|name| (self.is_hidden)(&name)) {
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

struct Find<'n, 'f, 'a> {
    names: &'n [&'n str],
    found: &'f mut [Option<&'a str>],
}

impl<'de> Visitor<'de> for Find<'_, '_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while self.found.iter().any(Option::is_none)
            && let Some(key) = entries.next_key::<Text<'de>>()?
        {
            match self.names.iter().position(|name| *name == key.0) {
                Some(at) => self.found[at] = Some(entries.next_value::<&RawValue>()?.get()),
                None => drop(entries.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

struct Pick<'n, 'f> {
    names: &'n [String],
    found: &'f mut Map<String, Value>,
}

impl<'de> Visitor<'de> for Pick<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while self.found.len() < self.names.len()
            && let Some(key) = entries.next_key::<Text<'de>>()?
        {
            match self.names.iter().find(|name| **name == key.0) {
                Some(name) => drop(self.found.insert(name.clone(), entries.next_value()?)),
                None => drop(entries.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
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
        assert_eq!(raw_field(r#"{"a":1,"b""#, "id"), None);
    }

    #[test]
    fn fields_get_other_texts() {
        let text = r#"{"a":{"n":1},"n":null,"t":"x","z":1}"#;
        let fields = [("t", "\"longer\""), ("n", "7")];
        let other = r#"{"a":{"n":1},"n":7,"t":"longer","z":1}"#;
        assert_eq!(with_fields(text, fields).as_deref(), Some(other));
        assert_eq!(with_fields(text, [("b", "1")]), None);
    }

    #[test]
    fn fields_are_left_out() {
        let left = |object: &str, hidden: &[&str]| {
            let mut text = "before ".to_owned();
            push_without(&mut text, object, |key| hidden.contains(&key));
            text.strip_prefix("before ").map(str::to_owned)
        };
        let text = r#"{"a":{"b":1},"b":[2],"i\u0064":"x"}"#;
        for (object, hidden, expected) in [
            (text, &["b", "c"][..], r#"{"a":{"b":1},"i\u0064":"x"}"#),
            (text, &["a", "id"], r#"{"b":[2]}"#),
            (text, &["a", "b", "id"], "{}"),
            ("{}", &["a"], "{}"),
            (r#"{"a":1,"b""#, &["a"], r#"{"a":1,"b""#),
        ] {
            assert_eq!(left(object, hidden).as_deref(), Some(expected), "{object} {hidden:?}");
        }
        assert_eq!(text_value(r#""\u006d\"1""#).as_deref(), Some("m\"1"));
        assert_eq!((text_value("\"m1\"").as_deref(), text_value("7")), (Some("m1"), None));
        assert_eq!(text_value("\""), None);
    }

    #[test]
    fn fields_are_picked() {
        let text = r#"{"a":{"n":1},"n":null,"t":"x","z":1}"#;
        let names =
            |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let picked = pick(text, &names(&["t", "a", "none"]));
        assert_eq!(Value::Object(picked), serde_json::json!({"a": {"n": 1}, "t": "x"}));
        assert!(pick(text, &[]).is_empty());
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
