//! A look at an object that builds nothing: is it what [`parse`](super::parse) reads, and what does it
//! say in some of its fields?
//!
//! It may be in doubt and leave the verdict to `parse`, but whatever it accepts `parse` reads too.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::parse::MAX_DEPTH;

/// With more keys than this, whether one is there twice takes long to see in a list.
const MOST_KEYS: usize = 32;

/// What was seen of a value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Glance<'t> {
    /// Nothing, or `null`.
    #[default]
    Absent,
    /// A text.
    Text(Cow<'t, str>),
    /// A whole number of 0 or more.
    Whole(u64),
    /// Any other value.
    Other,
}

impl<'t> Glance<'t> {
    /// What there is to see of a value.
    pub fn of(value: &'t Value) -> Glance<'t> {
        match value {
            Value::Null => Glance::Absent,
            Value::String(text) => Glance::Text(Cow::Borrowed(text)),
            other => other.as_u64().map_or(Glance::Other, Glance::Whole),
        }
    }

    /// The same, with a text of its own.
    pub fn into_owned(self) -> Glance<'static> {
        match self {
            Glance::Absent => Glance::Absent,
            Glance::Text(text) => Glance::Text(Cow::Owned(text.into_owned())),
            Glance::Whole(number) => Glance::Whole(number),
            Glance::Other => Glance::Other,
        }
    }

    /// The whole number, where it is one.
    pub fn whole(&self) -> Option<u64> {
        match self {
            Glance::Whole(number) => Some(*number),
            _ => None,
        }
    }

    /// The text, where it is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Glance::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// What an object says in some of its top-level fields, and how many keys it has; `None` in doubt.
pub fn glance<'t, const N: usize>(
    object: &'t str,
    names: [&str; N],
) -> Option<([Glance<'t>; N], usize)> {
    let mut reader = serde_json::Deserializer::from_str(object);
    let mut found = [const { Glance::Absent }; N];
    let keys = reader.deserialize_map(Top { names: &names, found: &mut found }).ok()?;
    reader.end().ok()?;
    Some((found, keys))
}

/// The keys of one object so far.
#[derive(Default)]
struct Keys<'t>(Vec<Cow<'t, str>>);

impl<'t> Keys<'t> {
    /// Fails where a key is there twice, and where it cannot be seen soon.
    fn add<E: serde::de::Error>(&mut self, key: Cow<'t, str>) -> Result<(), E> {
        if self.0.len() >= MOST_KEYS || self.0.contains(&key) {
            return Err(E::custom("a key twice, or too many to see"));
        }
        self.0.push(key);
        Ok(())
    }
}

struct Top<'n, 'f, 't> {
    names: &'n [&'n str],
    found: &'f mut [Glance<'t>],
}

impl<'de> Visitor<'de> for Top<'_, '_, 'de> {
    /// How many keys there are.
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<usize, A::Error> {
        let mut keys = Keys::default();
        while let Some(Text(key)) = entries.next_key()? {
            let wanted = self.names.iter().position(|name| *name == key);
            let value = entries.next_value_seed(Look { depth: 1, keeps: wanted.is_some() })?;
            if let Some(at) = wanted {
                self.found[at] = value;
            }
            keys.add(key)?;
        }
        Ok(keys.0.len())
    }
}

/// Borrowed from the object unless it has escapes.
#[derive(serde::Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Looks at one value.
#[derive(Clone, Copy)]
struct Look {
    depth: usize,
    /// Is a text kept that has escapes, and so must be copied?
    keeps: bool,
}

impl Look {
    fn deeper<E: serde::de::Error>(self) -> Result<Look, E> {
        if self.depth >= MAX_DEPTH {
            return Err(E::custom("too deep"));
        }
        Ok(Look { depth: self.depth + 1, keeps: false })
    }
}

impl<'de> DeserializeSeed<'de> for Look {
    type Value = Glance<'de>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Glance<'de>, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Look {
    type Value = Glance<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Glance<'de>, E> {
        Ok(Glance::Absent)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Glance<'de>, E> {
        Ok(Glance::Other)
    }

    fn visit_u64<E>(self, value: u64) -> Result<Glance<'de>, E> {
        Ok(Glance::Whole(value))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Glance<'de>, E> {
        Ok(Glance::Other)
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Glance<'de>, E> {
        if value.is_finite() { Ok(Glance::Other) } else { Err(E::custom("no finite number")) }
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Glance<'de>, E> {
        Ok(Glance::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Glance<'de>, E> {
        Ok(if self.keeps { Glance::Text(Cow::Owned(value.to_owned())) } else { Glance::Other })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Glance<'de>, A::Error> {
        let inside = self.deeper()?;
        while items.next_element_seed(inside)?.is_some() {}
        Ok(Glance::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Glance<'de>, A::Error> {
        let inside = self.deeper()?;
        let mut keys = Keys::default();
        while let Some(Text(key)) = entries.next_key()? {
            keys.add(key)?;
            entries.next_value_seed(inside)?;
        }
        Ok(Glance::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(value: &str) -> Glance<'_> {
        Glance::Text(value.into())
    }

    #[test]
    fn fields_are_seen_and_the_rest_is_checked() {
        let row = r#"{"id":"\u006d1", "a": {"id": [true, null, -1, 1.5, "\n"]}, "version": 3}"#;
        let (fields, keys) = glance(row, ["id", "version", "type"]).expect("sound");
        assert_eq!((fields, keys), ([text("m1"), Glance::Whole(3), Glance::Absent], 3));
        let deep = |levels: usize| {
            format!("{{\"a\":{}{}}}", "[".repeat(levels - 1), "]".repeat(levels - 1))
        };
        assert!(glance(&deep(MAX_DEPTH), ["id"]).is_some());
        let odd = [
            r#"{"a":"\ud83d"}"#,
            r#"{"a":1e400}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"x":[{"a":1,"a":2}]}"#,
            r#"{"a":1} x"#,
            r"[]",
            &deep(MAX_DEPTH + 1),
        ];
        for text in odd {
            assert_eq!(glance(text, ["id"]), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_accepted_is_what_the_tree_says(
            text in "(\\{(\"(id|a|\\\\u0061|b)\":(1|-0|1e400|1e4|\"x\"|\"\\\\ud83d\"|\\[\\{\"a\":1,\"(a|b)\":\\{\\}\\}\\]|null|x),?){0,3}\\})",
        ) {
            let object = super::super::parse_object(&text).ok();
            if let Some(([id], keys)) = glance(&text, ["id"]) {
                let map = object.expect("read by both");
                prop_assert_eq!(keys, map.len());
                prop_assert_eq!(id.text(), map.get("id").and_then(|id| id.as_str()));
            }
        }
    }
}
