//! One field of an object's text, without building the object.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

/// The text in a top-level field of an object; `None` when it is absent or no text.
pub fn text_field<'a>(object: &'a str, name: &str) -> Option<Cow<'a, str>> {
    let mut reader = serde_json::Deserializer::from_str(object);
    reader.deserialize_map(Find { name }).ok().flatten()
}

struct Find<'n> {
    name: &'n str,
}

impl<'de> Visitor<'de> for Find<'_> {
    type Value = Option<Cow<'de, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(key) = entries.next_key::<Cow<'de, str>>()? {
            if key == self.name {
                found = Some(entries.next_value::<&serde_json::value::RawValue>()?);
            } else {
                entries.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found.and_then(|raw| serde_json::from_str::<Text<'de>>(raw.get()).ok()).map(|t| t.0))
    }
}

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
}
