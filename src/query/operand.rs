//! The words of a condition, what may stand on the right of one, and what an unknown field might have meant.

use serde_json::{Map, Value};

use crate::catalogue::{Field, Kind, normalise_time};

/// What may be asked of a single value.
pub(super) const OPERATORS: &[&str] = &[
    "equals",
    "not",
    "in",
    "notIn",
    "contains",
    "startsWith",
    "endsWith",
    "lt",
    "lte",
    "gt",
    "gte",
    "mode",
];

/// What Prisma has for JSON fields besides, of which only `path` is known here.
const JSON_OPERATORS: &[&str] = &[
    "path",
    "string_contains",
    "string_starts_with",
    "string_ends_with",
    "array_contains",
    "array_starts_with",
    "array_ends_with",
];

/// A list of values to compare with may have so many.
pub(super) const MAX_OPERANDS: usize = 100_000;

/// Longer names are not guessed at.
const LONGEST_NAME: usize = 64;

/// Is it a kind whose values are texts?
pub(super) fn is_textual(kind: &Kind) -> bool {
    matches!(kind, Kind::Text | Kind::Id | Kind::Link(..) | Kind::Enum(_) | Kind::Time)
}

/// A value to compare with, in the form in which records hold it; else what is expected.
pub(super) fn fit(kind: &Kind, value: &Value) -> Result<Value, String> {
    let (fits, wanted) = match kind {
        _ if value.is_null() => (true, ""),
        Kind::Time => {
            let time = value.as_str().and_then(normalise_time);
            return time.map(Value::from).ok_or_else(|| "a time (ISO-8601)".to_owned());
        }
        Kind::Enum(words) => {
            let known = words.iter().any(|word| value == word.as_str());
            return known.then(|| value.clone()).ok_or(format!("one of {}", words.join(", ")));
        }
        Kind::Text | Kind::Id | Kind::Link(..) => (value.is_string(), "a string"),
        Kind::Integer | Kind::Number => (value.is_number(), "a number"),
        Kind::Flag => (value.is_boolean(), "true or false"),
        Kind::Object(_) => (value.is_object(), "an object"),
        Kind::List(_) => (value.is_array(), "an array"),
        Kind::Json | Kind::Any => (true, ""),
    };
    if fits { Ok(value.clone()) } else { Err(wanted.to_owned()) }
}

/// Are all keys those of a condition, rather than of a JSON value to be equal to?
pub(super) fn is_filter(map: &Map<String, Value>) -> bool {
    !map.is_empty() && map.keys().all(|key| OPERATORS.contains(&key.as_str()))
}

/// The same of a JSON field, which has conditions of its own.
pub(super) fn is_json_filter(map: &Map<String, Value>) -> bool {
    let known = |key: &str| OPERATORS.contains(&key) || JSON_OPERATORS.contains(&key);
    !map.is_empty() && map.keys().all(|key| known(key))
}

/// Does it stand under `is` or `isNot`, and are these no fields?
pub(super) fn asks_whether_it_is(map: &Map<String, Value>, fields: &[Field]) -> bool {
    let is_word = |key: &str| matches!(key, "is" | "isNot");
    let declared = fields.iter().any(|field| is_word(&field.name));
    !declared && !map.is_empty() && map.keys().all(|key| is_word(key))
}

/// A text in lower case, when the case does not matter.
pub(super) fn folded(value: Value, fold: bool) -> Value {
    match value {
        Value::String(text) if fold => text.to_lowercase().into(),
        other => other,
    }
}

/// What a field that is not there might have meant.
pub(super) fn suggestion(fields: &[Field], name: &str) -> String {
    let lower = name.to_lowercase();
    let near = fields
        .iter()
        .filter(|_| (1..=LONGEST_NAME).contains(&name.len()))
        .map(|field| (distance(&field.name.to_lowercase(), &lower), field))
        .filter(|(distance, field)| {
            *distance <= 2.min(name.len() / 2) || field.name.to_lowercase().starts_with(&lower)
        })
        .min_by_key(|(distance, _)| *distance);
    match near {
        Some((_, field)) => format!("a declared field; did you mean {}?", field.name),
        None => "a declared field".to_owned(),
    }
}

/// How many letters must be put in, taken out or changed to make one of the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, letter) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], line + 1);
        for column in 0..other.len() {
            let change = diagonal + usize::from(letter != other[column]);
            diagonal = row[column + 1];
            row[column + 1] = change.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}
