//! One walk over a record: kinds, defaults, and the order of the keys.

use std::collections::HashSet;

use serde_json::{Number, Value};

use super::faults::{Expected, Faults, Path};
use crate::catalogue::id::is_id;
use crate::catalogue::times::normalise_time;
use crate::catalogue::types::{Field, Kind};
use crate::json::{self, Object};

/// Whole numbers beyond this are not exact in JavaScript.
const MAX_INTEGER: f64 = 9_007_199_254_740_991.0;

/// Checks an object, fills in its defaults, and brings its keys into order: the declared ones
/// first, then the others, sorted. What nobody declared, and what stands inside a free JSON
/// value, stays in the caller's order.
pub(super) fn arrange(
    fields: &[Field],
    given: Object,
    path: &Path<'_>,
    faults: &mut Faults,
) -> Object {
    let mut map = Object::with_capacity(fields.len().max(given.len()));
    let mut declared = vec![None; fields.len()];
    let mut others = Object::new();
    for (key, value) in given {
        match fields.iter().position(|field| field.name == key) {
            Some(at) => declared[at] = Some((key, value)),
            None => drop(others.insert(key, value)),
        }
    }
    for (field, given) in fields.iter().zip(declared) {
        let (key, value) = given.unzip();
        let place = Path::Field(path, &field.name);
        if let Some(value) = field_value(field, value, &place, faults) {
            map.insert(key.unwrap_or_else(|| field.name.clone()), value);
        }
    }
    others.sort_keys();
    map.extend(others);
    map
}

/// The checked value of a field; `None` when the key stays away.
pub(in crate::catalogue) fn field_value(
    field: &Field,
    value: Option<Value>,
    path: &Path<'_>,
    faults: &mut Faults,
) -> Option<Value> {
    match value {
        Some(Value::Null) if field.optional => Some(Value::Null),
        Some(value) => Some(given_value(field, value, path, faults)),
        None if field.default.is_some() => default_of(field),
        None if field.optional => None,
        None => {
            faults.add(path, &Expected(&field.kind), None);
            None
        }
    }
}

fn given_value(field: &Field, value: Value, path: &Path<'_>, faults: &mut Faults) -> Value {
    let before = faults.hidden;
    faults.hidden |= field.private;
    let mut value = if field.unchecked && are_texts(&value) {
        value
    } else {
        kind_value(&field.kind, value, path, faults)
    };
    if let (true, Value::Array(items)) = (field.once, &mut value) {
        keep_first(items);
    }
    check_limits(field, &value, path, faults);
    if let (Some(inner), Some(items)) = (&field.one_per, value.as_array()) {
        check_one_per(inner, items, path, faults);
    }
    faults.hidden = before;
    value
}

/// Is it a text, or a list of such? An unchecked link may be any.
fn are_texts(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().all(Value::is_string),
        value => value.is_string(),
    }
}

/// Leaves out what a list has a second time; long lists may be hostile, so nothing is compared twice.
fn keep_first(items: &mut Vec<Value>) {
    if items.len() > 1 {
        let mut seen = HashSet::new();
        items.retain(|item| seen.insert(json::compact(item)));
    }
}

fn check_limits(field: &Field, value: &Value, path: &Path<'_>, faults: &mut Faults) {
    if field.least.is_none() && field.most.is_none() {
        return;
    }
    let (size, of) = match value {
        Value::Number(number) => (number.as_f64(), ""),
        Value::String(text) => (Some(text.chars().count() as f64), " characters"),
        Value::Array(items) => (Some(items.len() as f64), " entries"),
        _ => return,
    };
    let Some(size) = size else { return };
    if let Some(least) = field.least.filter(|least| size < *least) {
        faults.add(path, &format!("at least {least}{of}"), Some(value));
    }
    if let Some(most) = field.most.filter(|most| size > *most) {
        faults.add(path, &format!("at most {most}{of}"), Some(value));
    }
}

/// The default of a field, as a value.
fn default_of(field: &Field) -> Option<Value> {
    field.default.as_deref().and_then(|text| json::parse(text).ok())
}

fn check_one_per(inner: &str, items: &[Value], path: &Path<'_>, faults: &mut Faults) {
    let mut seen = HashSet::new();
    for (number, item) in items.iter().enumerate() {
        let Some(value) = item.get(inner).filter(|value| !value.is_null()) else {
            continue;
        };
        if !seen.insert(json::compact(value)) {
            let item = Path::Item(path, number);
            let place = Path::Field(&item, inner);
            faults.add(&place, &"a value that no other entry of the list has", Some(value));
        }
    }
}

fn kind_value(kind: &Kind, value: Value, path: &Path<'_>, faults: &mut Faults) -> Value {
    match (kind, value) {
        (Kind::List(inner), Value::Array(items)) => list(inner, items, path, faults),
        (Kind::Object(fields), Value::Object(map)) => {
            Value::Object(arrange(fields, map, path, faults))
        }
        (kind, value) => match plain(kind, &value) {
            Fit::Same => value,
            Fit::Instead(other) => other,
            Fit::Not => {
                faults.add(path, &Expected(kind), Some(&value));
                value
            }
        },
    }
}

fn list(inner: &Kind, items: Vec<Value>, path: &Path<'_>, faults: &mut Faults) -> Value {
    let item =
        |(number, item): (usize, Value)| kind_value(inner, item, &Path::Item(path, number), faults);
    Value::Array(items.into_iter().enumerate().map(item).collect())
}

/// How a value fits a kind.
enum Fit {
    /// As it is.
    Same,
    /// In this form.
    Instead(Value),
    Not,
}

fn plain(kind: &Kind, value: &Value) -> Fit {
    let fits = match kind {
        Kind::Text => value.is_string(),
        Kind::Id | Kind::Link(..) => value.as_str().is_some_and(is_id),
        Kind::Number => value.is_number(),
        Kind::Flag => value.is_boolean(),
        Kind::Json => value.is_object(),
        Kind::Any => true,
        Kind::Enum(words) => value.as_str().is_some_and(|text| words.iter().any(|w| w == text)),
        Kind::Integer => return instead(value.as_number().and_then(integer)),
        Kind::Time => return instead(value.as_str().and_then(normalise_time)),
        Kind::List(_) | Kind::Object(_) => false,
    };
    if fits { Fit::Same } else { Fit::Not }
}

fn instead(value: Option<impl Into<Value>>) -> Fit {
    value.map_or(Fit::Not, |value| Fit::Instead(value.into()))
}

/// A whole number, in its plain form: `5.0` is 5.
fn integer(number: &Number) -> Option<i64> {
    let double = number.as_f64()?;
    let whole = double.fract() == 0.0 && double.abs() <= MAX_INTEGER;
    whole.then(|| number.as_i64().unwrap_or(double as i64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::declare::{integer, json as json_field, objects, one_of, text, time};
    use serde_json::json;

    fn check(field: &Field, value: Value) -> Result<Option<Value>, crate::error::Issues> {
        let mut faults = Faults::default();
        let value = field_value(field, Some(value), &Path::Field(&Path::Whole, "f"), &mut faults);
        faults.unless_any(value)
    }

    #[test]
    fn whole_numbers() {
        let field = integer("f");
        for (given, kept) in
            [(json!(5.0), 5), (json!(-0.0), 0), (json!(9007199254740991_i64), 9007199254740991_i64)]
        {
            assert_eq!(check(&field, given), Ok(Some(json!(kept))));
        }
        for bad in
            [json!(9007199254740992_i64), json!(u64::MAX), json!(1.5), json!(1e300), json!("5")]
        {
            assert!(check(&field, bad.clone()).is_err(), "{bad}");
        }
    }

    #[test]
    fn times_take_one_form() {
        let given = check(&time("f"), json!("2024-05-01T14:00:00+02:00"));
        assert_eq!(given, Ok(Some(json!("2024-05-01T12:00:00.000Z"))));
        assert!(check(&time("f"), json!(1714564800)).is_err());
    }

    #[test]
    fn the_words_of_an_enumeration_are_told() {
        let issues = check(&one_of("f", &["A", "B"]), json!("C")).expect_err("a fault");
        assert_eq!(issues.told()[0].expected, "one of A, B");
        assert_eq!(issues.told()[0].received, "a string (\"C\")");
    }

    #[test]
    fn null_and_nothing_differ() {
        let value = |field: &Field, value: Option<Value>| {
            let mut faults = Faults::default();
            let value = field_value(field, value, &Path::Whole, &mut faults);
            faults.unless_any(value).ok()
        };
        let (plain, optional) = (text("f"), text("f").opt());
        let (filled, both) = (text("f").default("\"x\""), text("f").opt().default("\"x\""));
        assert_eq!(value(&plain, None), None);
        assert_eq!(value(&plain, Some(Value::Null)), None);
        assert_eq!(value(&optional, None), Some(None));
        assert_eq!(value(&optional, Some(Value::Null)), Some(Some(Value::Null)));
        assert_eq!(value(&filled, None), Some(Some(json!("x"))));
        assert_eq!(value(&filled, Some(Value::Null)), None);
        assert_eq!(value(&both, None), Some(Some(json!("x"))));
        assert_eq!(value(&both, Some(Value::Null)), Some(Some(Value::Null)));
    }

    #[test]
    fn a_long_list_is_searched_for_doubles_quickly() {
        let field = objects("f", vec![text("of")]).one_per("of");
        let mut items: Vec<Value> = (0..300_000).map(|n| json!({"of": n.to_string()})).collect();
        items.push(json!({"of": "7"}));
        let issues = check(&field, Value::Array(items)).expect_err("a fault");
        assert_eq!(issues.told()[0].path, "f[300000].of");
    }

    #[test]
    fn keys_that_mean_something_to_javascript_are_kept() {
        let given = json!({"__proto__": {"x": 1}, "constructor": "c", "f": "t\u{0}\u{1f}"});
        let given = given.as_object().cloned().expect("an object");
        let map = arrange(&[text("f")], given.clone(), &Path::Whole, &mut Faults::default());
        assert_eq!(map.keys().collect::<Vec<_>>(), ["f", "__proto__", "constructor"]);
        assert_eq!(map, given);
    }

    #[test]
    fn free_json_keeps_its_own_order() {
        let given = json!({"f": {"b": 1, "a": 2}, "z": {"d": 1, "c": 2}});
        let given = given.as_object().cloned().expect("an object");
        let map = arrange(&[json_field("f")], given, &Path::Whole, &mut Faults::default());
        assert_eq!(json::compact_object(&map), "{\"f\":{\"b\":1,\"a\":2},\"z\":{\"d\":1,\"c\":2}}");
    }
}
