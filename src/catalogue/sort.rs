//! How the values of one field compare, in a form that an index keeps.
//!
//! This is the order of `orderBy`, declared once: numbers as doubles, texts by their code points,
//! times by when they are, and what is null or absent behind everything else, as in PostgreSQL.

use serde_json::{Map, Value};

use super::times::time_ms;
use super::types::{Kind, Model, SortField};

/// A value as it compares with others of the same field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SortKey {
    /// false before true.
    Flag(bool),
    /// The bits of a double, changed so that they compare as the numbers do.
    Number(i64),
    /// Milliseconds since 1970.
    Time(i64),
    /// A text, compared by its bytes, which is by its code points. (Every record keeps such keys: what
    /// points to a text directly is twice as long as the other kinds.)
    Text(Box<Box<str>>),
    /// No value.
    Null,
}

impl SortKey {
    /// The key of a value of this kind; a value of another kind counts as none.
    pub fn of(kind: &Kind, value: Option<&Value>) -> SortKey {
        let found = match (kind, value) {
            (Kind::Time, Some(Value::String(text))) => time_ms(text).map(SortKey::Time),
            (_, Some(Value::String(text))) => Some(SortKey::text(text)),
            (_, Some(Value::Number(number))) => number.as_f64().map(SortKey::number),
            (_, Some(Value::Bool(flag))) => Some(SortKey::Flag(*flag)),
            _ => None,
        };
        found.unwrap_or(SortKey::Null)
    }

    /// The key of a text.
    pub fn text(text: &str) -> SortKey {
        SortKey::Text(Box::new(text.into()))
    }

    fn number(number: f64) -> SortKey {
        // Of a negative double all bits but the sign are turned round; the zeros are one number.
        let bits = (number + 0.0).to_bits().cast_signed();
        SortKey::Number(bits ^ (((bits >> 63).cast_unsigned() >> 1).cast_signed()))
    }
}

/// Can the values of this kind be sorted by?
pub fn has_order(kind: &Kind) -> bool {
    !matches!(kind, Kind::List(_) | Kind::Object(_) | Kind::Json | Kind::Any)
}

/// The keys of a record, one for each of the model's [`Model::sort_fields`].
pub fn sort_keys(model: &Model, map: &Map<String, Value>) -> Box<[SortKey]> {
    let key = |field: &SortField| SortKey::of(&field.kind, map.get(&field.name));
    model.sort_fields.iter().map(key).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn times_compare_by_when_they_are_and_nothing_comes_last() {
        let key = |value: Value| SortKey::of(&Kind::Time, Some(&value));
        let early = key(json!("2024-05-01T12:00:00.000Z"));
        let late = key(json!("2024-05-01T12:00:00.001Z"));
        assert!(early < late && late < key(Value::Null));
        assert_eq!(SortKey::of(&Kind::Time, None), SortKey::Null);
    }

    proptest! {
        #[test]
        fn numbers_compare_as_doubles_do(one: f64, other: f64) {
            prop_assume!(one.is_finite() && other.is_finite());
            let order = SortKey::number(one).cmp(&SortKey::number(other));
            prop_assert_eq!(Some(order), one.partial_cmp(&other));
        }

        #[test]
        fn whole_numbers_and_zeros_too(one in -3i64..3, other in -3i64..3) {
            let key = |number: i64| SortKey::of(&Kind::Integer, Some(&json!(number)));
            prop_assert_eq!(key(one).cmp(&key(other)), one.cmp(&other));
            prop_assert_eq!(SortKey::number(-0.0), SortKey::number(0.0));
        }
    }
}
