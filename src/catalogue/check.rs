//! Whether a record fits its model: every fault at once, and the record in its canonical form.

use serde_json::{Map, Value};

use super::id::is_id;
use super::times::normalise_time;
use super::types::{Field, Kind, Model, Times};
use crate::error::Issue;
use crate::json;

type Object = Map<String, Value>;

/// Whole numbers beyond this are not exact in JavaScript.
const MAX_INTEGER: f64 = 9_007_199_254_740_991.0;

/// A new record from what the caller gave: checked, with its id, times, defaults and derived
/// fields, its keys in catalogue order.
///
/// # Errors
/// Every fault.
pub fn complete(
    model: &Model,
    mut input: Object,
    now: &str,
    new_id: &mut dyn FnMut() -> String,
) -> Result<Object, Vec<Issue>> {
    drop_derived(model, &mut input);
    if model.key == "id" && absent(&input, "id") {
        input.insert("id".into(), new_id().into());
    }
    let times: &[&str] = match model.times {
        Times::Both => &["createdAt", "updatedAt"],
        Times::Created => &["createdAt"],
        Times::None => &[],
    };
    for time in times {
        if absent(&input, time) {
            input.insert((*time).into(), now.into());
        }
    }
    follow(model, &mut input, true);
    checked(&model.fields, input)
}

/// A record with some keys replaced: checked, `updatedAt` set, its keys in catalogue order.
///
/// # Errors
/// Every fault; among them a change of the key or of `createdAt`.
pub fn merge(model: &Model, old: &Object, mut patch: Object, now: &str) -> Result<Object, Vec<Issue>> {
    drop_derived(model, &mut patch);
    let mut issues = Vec::new();
    refuse_change(old, &patch, &model.key, &mut issues);
    if model.times != Times::None {
        patch.get_mut("createdAt").map(normalise_in_place);
        refuse_change(old, &patch, "createdAt", &mut issues);
    }
    if model.times == Times::Both && absent(&patch, "updatedAt") {
        patch.insert("updatedAt".into(), now.into());
    }
    follow(model, &mut patch, false);
    let mut merged = old.clone();
    merged.extend(patch);
    match checked(&model.fields, merged) {
        Ok(map) if issues.is_empty() => Ok(map),
        Ok(_) => Err(issues),
        Err(more) => {
            issues.extend(more);
            Err(issues)
        }
    }
}

/// A record as a file holds it: checked, with defaults for what is absent, its keys in
/// catalogue order. Derived fields are kept.
///
/// # Errors
/// Every fault.
pub fn admit(model: &Model, mut map: Object) -> Result<Object, Vec<Issue>> {
    follow(model, &mut map, true);
    checked(&model.fields, map)
}

fn absent(map: &Object, key: &str) -> bool {
    map.get(key).is_none_or(Value::is_null)
}

fn drop_derived(model: &Model, input: &mut Object) {
    for field in model.fields.iter().filter(|field| field.derived) {
        input.shift_remove(&field.name);
    }
}

fn refuse_change(old: &Object, patch: &Object, key: &str, issues: &mut Vec<Issue>) {
    if let Some(value) = patch.get(key).filter(|value| old.get(key) != Some(value)) {
        issues.push(Issue::new(key, "the value that it has, which never changes", json::describe(value)));
    }
}

fn normalise_in_place(value: &mut Value) {
    if let Some(time) = value.as_str().and_then(normalise_time) {
        *value = time.into();
    }
}

/// Sets the fields that follow another one and are not given.
fn follow(model: &Model, map: &mut Object, whole: bool) {
    for field in &model.fields {
        let Some(other) = &field.lower_case_of else { continue };
        let Some(text) = map.get(other).and_then(Value::as_str) else { continue };
        let lower = text.to_lowercase();
        if absent(map, &field.name) && (whole || map.contains_key(other)) {
            map.insert(field.name.clone(), lower.into());
        }
    }
}

fn checked(fields: &[Field], map: Object) -> Result<Object, Vec<Issue>> {
    let mut issues = Vec::new();
    let map = arrange(fields, map, "", &mut issues);
    if issues.is_empty() { Ok(map) } else { Err(issues) }
}

/// Checks an object, fills in its defaults, and brings its keys into order: the declared ones
/// first, then the others, sorted.
fn arrange(fields: &[Field], mut given: Object, path: &str, issues: &mut Vec<Issue>) -> Object {
    let mut map = Object::new();
    for field in fields {
        let place = join(path, &field.name);
        let value = given.shift_remove(&field.name);
        if let Some(value) = field_value(field, value, &place, issues) {
            map.insert(field.name.clone(), value);
        }
    }
    given.sort_keys();
    map.extend(given);
    map
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// The checked value of a field; `None` when the key stays away.
fn field_value(
    field: &Field,
    value: Option<Value>,
    place: &str,
    issues: &mut Vec<Issue>,
) -> Option<Value> {
    match value {
        None | Some(Value::Null) if field.default.is_some() && !field.optional => {
            let default = field.default.as_deref().and_then(|text| json::parse(text).ok());
            if value.is_some() {
                issues.push(Issue::new(place, expected(&field.kind), "null"));
            }
            default
        }
        None if field.optional => None,
        Some(Value::Null) if field.optional => Some(Value::Null),
        None => {
            issues.push(Issue::new(place, expected(&field.kind), "nothing"));
            None
        }
        Some(value) => {
            let value = kind_value(&field.kind, value, place, issues);
            check_one_per(field, &value, place, issues);
            Some(value)
        }
    }
}

fn check_one_per(field: &Field, value: &Value, place: &str, issues: &mut Vec<Issue>) {
    let (Some(inner), Some(items)) = (&field.one_per, value.as_array()) else { return };
    for (number, item) in items.iter().enumerate() {
        let same = |other: &Value| other.get(inner).is_some() && other.get(inner) == item.get(inner);
        if items[..number].iter().any(same) {
            let place = format!("{place}[{number}].{inner}");
            let came = json::describe(item.get(inner).unwrap_or(&Value::Null));
            issues.push(Issue::new(place, "a value that no other entry of the list has", came));
        }
    }
}

fn kind_value(kind: &Kind, value: Value, place: &str, issues: &mut Vec<Issue>) -> Value {
    match (kind, value) {
        (Kind::List(inner), Value::Array(items)) => {
            let item = |(number, item): (usize, Value)| {
                kind_value(inner, item, &format!("{place}[{number}]"), issues)
            };
            Value::Array(items.into_iter().enumerate().map(item).collect())
        }
        (Kind::Object(fields), Value::Object(map)) => {
            Value::Object(arrange(fields, map, place, issues))
        }
        (Kind::Time, Value::String(text)) => match normalise_time(&text) {
            Some(time) => time.into(),
            None => fault(kind, text.into(), place, issues),
        },
        (Kind::Integer, Value::Number(number)) => integer(kind, &number, place, issues),
        (_, value) if fits(kind, &value) => value,
        (_, value) => fault(kind, value, place, issues),
    }
}

fn fits(kind: &Kind, value: &Value) -> bool {
    match kind {
        Kind::Text => value.is_string(),
        Kind::Id | Kind::Link(..) => value.as_str().is_some_and(is_id),
        Kind::Number => value.is_number(),
        Kind::Flag => value.is_boolean(),
        Kind::Json => value.is_object(),
        Kind::Any => true,
        Kind::Enum(words) => value.as_str().is_some_and(|text| words.iter().any(|w| w == text)),
        Kind::Integer | Kind::Time | Kind::List(_) | Kind::Object(_) => false,
    }
}

/// A whole number, in its plain form: `5.0` is 5.
fn integer(
    kind: &Kind,
    number: &serde_json::Number,
    place: &str,
    issues: &mut Vec<Issue>,
) -> Value {
    let double = number.as_f64().unwrap_or(f64::NAN);
    if double.fract() != 0.0 || double.abs() > MAX_INTEGER || double.is_nan() {
        return fault(kind, Value::Number(number.clone()), place, issues);
    }
    number.as_i64().unwrap_or(double as i64).into()
}

fn fault(kind: &Kind, value: Value, place: &str, issues: &mut Vec<Issue>) -> Value {
    let came = if is_secret(place) { "something else".to_owned() } else { json::describe(&value) };
    issues.push(Issue::new(place, expected(kind), came));
    value
}

/// Values that an error must not repeat.
fn is_secret(place: &str) -> bool {
    let lower = place.to_lowercase();
    ["token", "hash", "cipher", "secret", "key", "authtag"].iter().any(|word| lower.contains(word))
}

fn expected(kind: &Kind) -> String {
    match kind {
        Kind::Text => "a text".into(),
        Kind::Id | Kind::Link(..) => "an id (1 to 64 of A-Z a-z 0-9 _ -, and no reserved name)".into(),
        Kind::Integer => "a whole number within ±(2^53 − 1)".into(),
        Kind::Number => "a number".into(),
        Kind::Flag => "true or false".into(),
        Kind::Time => "a time (ISO-8601 with offset)".into(),
        Kind::Json => "an object".into(),
        Kind::Any => "any value".into(),
        Kind::Enum(words) => format!("one of {}", words.join(", ")),
        Kind::List(inner) => format!("a list, each {}", expected(inner)),
        Kind::Object(_) => "an object".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::{Catalogue, models};
    use proptest::prelude::*;
    use serde_json::json;

    const NOW: &str = "2026-01-02T03:04:05.006Z";

    fn object(value: Value) -> Object {
        value.as_object().cloned().expect("an object")
    }

    fn create(model: super::super::ModelId, value: Value) -> Result<Object, Vec<Issue>> {
        let catalogue = Catalogue::builtin();
        complete(catalogue.model(model), object(value), NOW, &mut || "made".into())
    }

    fn character() -> Value {
        json!({
            "zebra": 1, "userId": "u1", "name": "Hamlet", "description": "", "personality": "",
            "scenario": "", "firstMessage": "Who's there?", "apple": {"b": 1, "a": 2},
            "personaLinks": [{"personaId": "p1"}],
        })
    }

    #[test]
    fn a_record_is_completed_in_catalogue_order() {
        let map = create(models::CHARACTER, character()).expect("valid");
        let keys: Vec<&str> = map.keys().map(String::as_str).collect();
        assert_eq!(keys[..3], ["id", "userId", "name"]);
        assert_eq!(keys[keys.len() - 4..], ["createdAt", "updatedAt", "apple", "zebra"]);
        assert_eq!(map["personaLinks"], json!([{"personaId": "p1", "isDefault": false}]));
        assert_eq!(map["createdAt"], NOW);
        assert!(!map.contains_key("title"));
        assert_eq!(json::compact(&map["apple"]), "{\"b\":1,\"a\":2}");
    }

    #[test]
    fn every_fault_is_told() {
        let mut value = character();
        value["name"] = json!(7);
        value["isFavorite"] = json!("yes");
        value["personaLinks"] = json!([{"personaId": "../x"}, {"personaId": "p"}, {"personaId": "p"}]);
        value["defaultImageId"] = json!(null);
        value.as_object_mut().expect("an object").remove("scenario");
        let issues = create(models::CHARACTER, value).expect_err("faults");
        let mut paths: Vec<&str> = issues.iter().map(|issue| issue.path.as_str()).collect();
        paths.sort_unstable();
        let expected =
            ["isFavorite", "name", "personaLinks[0].personaId", "personaLinks[2].personaId", "scenario"];
        assert_eq!(paths, expected);
    }

    #[test]
    fn updates_keep_clear_and_refuse() {
        let catalogue = Catalogue::builtin();
        let model = catalogue.model(models::CHARACTER);
        let old = create(models::CHARACTER, character()).expect("valid");
        let later = "2027-01-01T00:00:00.000Z";
        let patch = object(json!({"title": null, "name": "Ophelia"}));
        let new = merge(model, &old, patch, later).expect("valid");
        assert_eq!((&new["title"], &new["name"]), (&Value::Null, &json!("Ophelia")));
        assert_eq!((&new["createdAt"], &new["updatedAt"]), (&json!(NOW), &json!(later)));
        let patch = object(json!({"id": "other", "createdAt": later, "name": null}));
        assert_eq!(merge(model, &old, patch, later).expect_err("faults").len(), 3);
    }

    #[test]
    fn derived_and_following_fields() {
        let tag = create(models::TAG, json!({"userId": "u", "name": "ÄPFEL"})).expect("valid");
        assert_eq!(tag["nameLower"], "äpfel");
        let chat = json!({
            "userId": "u", "characterId": "c", "connectionProfileId": "p", "title": "", "messageCount": 9,
        });
        assert_eq!(create(models::CHAT, chat).expect("valid")["messageCount"], 0);
    }

    #[test]
    fn numbers() {
        let size = |size: Value| {
            let catalogue = Catalogue::builtin();
            let field = catalogue.model(models::BINARY).field("size").cloned().expect("declared");
            let mut issues = Vec::new();
            let value = field_value(&field, Some(size), "size", &mut issues);
            (value, issues.len())
        };
        assert_eq!(size(json!(5.0)), (Some(json!(5)), 0));
        assert_eq!(size(json!(9007199254740992_i64)).1, 1);
        assert_eq!(size(json!(1.5)).1, 1);
        assert_eq!(size(json!(1e300)).1, 1);
    }

    proptest! {
        #[test]
        fn admitting_changes_nothing_more(name in ".*", unknown in "[a-z]{1,8}x", note in ".*") {
            let mut value = character();
            value["name"] = name.into();
            value[&unknown] = note.clone().into();
            let map = create(models::CHARACTER, value).expect("valid");
            let catalogue = Catalogue::builtin();
            let again = admit(catalogue.model(models::CHARACTER), map.clone()).expect("valid");
            prop_assert_eq!(json::compact_object(&again), json::compact_object(&map));
            prop_assert_eq!(&map[&unknown], &Value::from(note));
        }

        #[test]
        fn the_order_of_the_input_does_not_matter(seed in 0_u64..1000) {
            let map = object(character());
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort_by_key(|key| key.bytes().fold(seed, |h, b| h.wrapping_mul(31) ^ u64::from(b)));
            let shuffled: Object = keys.iter().map(|k| ((*k).clone(), map[*k].clone())).collect();
            let one = create(models::CHARACTER, Value::Object(map.clone())).expect("valid");
            let other = create(models::CHARACTER, Value::Object(shuffled)).expect("valid");
            prop_assert_eq!(json::compact_object(&one), json::compact_object(&other));
        }
    }
}
