//! Whether a record fits its model: every fault at once, and the record in its canonical form.

mod arrange;
mod faults;
#[cfg(test)]
mod generated;

use serde_json::Value;

use super::index::lower_case;
use super::times::normalise_time;
use super::types::{Field, Kind, Model, Place, Times};
use crate::error::Issues;
use crate::json::{self, Object};
use arrange::{arrange, field_value};
use faults::{Faults, Path};

/// A new record from what the caller gave: checked, with its id, times, defaults and derived
/// fields, its keys in catalogue order.
///
/// # Errors
/// Every fault: the first hundred, and how many more there are.
pub fn validate_new(
    model: &Model,
    mut input: Object,
    now: &str,
    new_id: &mut dyn FnMut() -> String,
) -> Result<Object, Issues> {
    drop_derived(model, &mut input);
    if model.key == "id" && absent(&input, "id") {
        input.insert("id".into(), new_id().into());
    }
    for time in model.times.fields() {
        if absent(&input, time) {
            input.insert((*time).into(), now.into());
        }
    }
    follow(model, &mut input);
    let mut faults = Faults::default();
    refuse_version(model, &input, &mut faults);
    checked(model, input, faults)
}

/// The text of a new record that has no keys but its model's, whose values are in the order of the fields: that
/// of what [`validate_new`] would make, without the maps on the way there.
///
/// # Errors
/// Every fault, as for [`validate_new`].
pub fn validate_values(
    model: &Model,
    mut values: Vec<Option<Value>>,
    now: &str,
    new_id: &mut dyn FnMut() -> String,
) -> Result<String, Issues> {
    let lower = |field: &Field, values: &[Option<Value>]| {
        let other =
            model.fields.iter().position(|one| Some(&one.name) == field.lower_case_of.as_ref());
        Some(lower_case(values[other?].as_ref()?.as_str()?))
    };
    for (at, field) in model.fields.iter().enumerate() {
        let given = values[at].take().filter(|_| !field.derived);
        values[at] = match &*field.name {
            _ if given.as_ref().is_some_and(|given| !given.is_null()) => given,
            "id" if model.key == "id" => Some(new_id().into()),
            name if model.times.fields().contains(&name) => Some(now.into()),
            _ => lower(field, &values).map(Value::from).or(given),
        };
    }
    let mut faults = Faults::default();
    let mut text = String::with_capacity(512);
    for (field, value) in model.fields.iter().zip(values) {
        let place = Path::Field(&Path::Whole, &field.name);
        if let Some(value) = field_value(field, value, &place, &mut faults) {
            text.push(if text.is_empty() { '{' } else { ',' });
            json::push_text(&mut text, &field.name);
            text.push(':');
            json::push_value(&mut text, &value);
        }
    }
    text.push_str(if text.is_empty() { "{}" } else { "}" });
    faults.unless_any(text)
}

/// A record with some keys replaced: checked, `updatedAt` set, its keys in catalogue order.
///
/// # Errors
/// Every fault, as for [`validate_new`]; among them a change of the key or of `createdAt`.
pub fn validate_patch(
    model: &Model,
    old: &Object,
    mut patch: Object,
    now: &str,
) -> Result<Object, Issues> {
    let mut faults = Faults::default();
    drop_derived(model, &mut patch);
    refuse_version(model, &patch, &mut faults);
    refuse_change(model, old, &mut patch, &model.key, &mut faults);
    if model.times != Times::None {
        if let Some(time) = patch.get_mut("createdAt") {
            normalise_in_place(time);
        }
        refuse_change(model, old, &mut patch, "createdAt", &mut faults);
    }
    if model.times == Times::Both && absent(&patch, "updatedAt") {
        patch.insert("updatedAt".into(), now.into());
    }
    follow_change(model, old, &mut patch);
    let mut merged = old.clone();
    merged.extend(patch);
    checked(model, merged, faults)
}

/// A record as a file holds it: checked, with defaults for what is absent, its keys in
/// catalogue order. Derived fields are kept.
///
/// # Errors
/// Every fault, as for [`validate_new`].
pub fn validate_stored(model: &Model, mut map: Object) -> Result<Object, Issues> {
    follow(model, &mut map);
    checked(model, map, Faults::default())
}

/// Gives entries of lists what the store fills in, where they lack it: a new id, or the time.
pub fn fill(model: &Model, map: &mut Object, now: &str, new_id: &mut dyn FnMut() -> String) {
    for field in &model.fields {
        let Kind::List(inner) = &field.kind else { continue };
        let Kind::Object(fields) = &**inner else { continue };
        let entries = map.get_mut(&field.name).and_then(Value::as_array_mut).into_iter().flatten();
        for entry in entries.filter_map(Value::as_object_mut) {
            for lacking in fields.iter().filter(|inner| inner.filled) {
                if absent(entry, &lacking.name) {
                    let value = if lacking.kind == Kind::Id { new_id() } else { now.to_owned() };
                    entry.insert(lacking.name.clone(), value.into());
                }
            }
        }
    }
}

/// Does this JSON value fit the field, as its default must?
pub(super) fn fits(field: &Field, value: Value) -> bool {
    let mut faults = Faults::default();
    field_value(field, Some(value), &Path::Whole, &mut faults);
    faults.unless_any(()).is_ok()
}

fn absent(map: &Object, key: &str) -> bool {
    map.get(key).is_none_or(Value::is_null)
}

fn drop_derived(model: &Model, input: &mut Object) {
    for field in model.fields.iter().filter(|field| field.derived) {
        input.shift_remove(&field.name);
    }
}

fn refuse_change(model: &Model, old: &Object, patch: &mut Object, key: &str, faults: &mut Faults) {
    let Some(value) = patch.shift_remove(key) else {
        return;
    };
    if old.get(key) != Some(&value) {
        faults.hidden = model.field(key).is_some_and(|field| field.private);
        let place = Path::Field(&Path::Whole, key);
        faults.add(&place, &"the value that it has, which never changes", Some(&value));
        faults.hidden = false;
    }
}

/// A field that nobody declared is kept, but this one has no room in a file of one record: the file's own version is
/// there.
fn refuse_version(model: &Model, given: &Object, faults: &mut Faults) {
    if let (Place::Directory { .. }, Some(value)) = (&model.place, given.get("version")) {
        let place = Path::Field(&Path::Whole, "version");
        faults.add(&place, &"another name: version is the file's own key", Some(value));
    }
}

fn normalise_in_place(value: &mut Value) {
    if let Some(time) = value.as_str().and_then(normalise_time) {
        *value = time.into();
    }
}

/// The fields that follow another one, and the name of that one.
fn followers(model: &Model) -> impl Iterator<Item = (&Field, &str)> {
    model.fields.iter().filter_map(|field| Some((field, field.lower_case_of.as_deref()?)))
}

/// Sets what follows another field and is not given.
fn follow(model: &Model, map: &mut Object) {
    for (field, other) in followers(model) {
        if absent(map, &field.name) {
            set_lower_case(map, field, other);
        }
    }
}

/// Sets what follows another field and is not given, where that other field changes.
fn follow_change(model: &Model, old: &Object, patch: &mut Object) {
    for (field, other) in followers(model) {
        let changes = patch.get(other).is_some_and(|value| old.get(other) != Some(value));
        if changes && absent(patch, &field.name) {
            set_lower_case(patch, field, other);
        }
    }
}

fn set_lower_case(map: &mut Object, field: &Field, other: &str) {
    if let Some(lower) = map.get(other).and_then(Value::as_str).map(lower_case) {
        map.insert(field.name.clone(), lower.into());
    }
}

fn checked(model: &Model, map: Object, mut faults: Faults) -> Result<Object, Issues> {
    let map = arrange(&model.fields, map, &Path::Whole, &mut faults);
    faults.unless_any(map)
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

    fn create(model: super::super::ModelId, value: Value) -> Result<Object, Issues> {
        let catalogue = Catalogue::builtin();
        validate_new(catalogue.model(model), object(value), NOW, &mut || "made".into())
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
    fn what_is_private_is_not_repeated_and_what_is_long_is_cut() {
        let catalogue = Catalogue::builtin();
        for id in catalogue.ids() {
            let model = catalogue.model(id);
            // No kind takes a list of this, so every field tells what came.
            let wrong = json!([{ "x": "hunter2 ".repeat(1000) }]);
            let all = model.fields.iter().filter(|field| !field.derived);
            let map = all.map(|field| (field.name.clone(), wrong.clone())).collect();
            let faults = validate_stored(model, map).expect_err("faults");
            for issue in faults.told().iter().filter(|issue| issue.received != "nothing") {
                let top = issue.path.split(['.', '[']).next().unwrap_or_default();
                let private = model.field(top).is_some_and(|field| field.private);
                let place = format!("{}.{}: {}", model.name, issue.path, issue.received);
                assert_eq!(issue.received.contains("hunter2"), !private, "{place}");
                assert!(issue.received.chars().count() <= 60, "{place}");
            }
        }
    }

    #[test]
    fn every_fault_is_told() {
        let mut value = character();
        value["name"] = json!(7);
        value["isFavorite"] = json!("yes");
        value["personaLinks"] =
            json!([{"personaId": "../x"}, {"personaId": "p"}, {"personaId": "p"}]);
        value["defaultImageId"] = json!(null);
        value.as_object_mut().expect("an object").remove("scenario");
        let issues = create(models::CHARACTER, value).expect_err("faults");
        let mut paths: Vec<&str> = issues.told().iter().map(|issue| issue.path.as_str()).collect();
        paths.sort_unstable();
        let expected = [
            "isFavorite",
            "name",
            "personaLinks[0].personaId",
            "personaLinks[2].personaId",
            "scenario",
        ];
        assert_eq!(paths, expected);
    }

    #[test]
    fn updates_keep_clear_and_refuse() {
        let catalogue = Catalogue::builtin();
        let model = catalogue.model(models::CHARACTER);
        let old = create(models::CHARACTER, character()).expect("valid");
        let later = "2027-01-01T00:00:00.000Z";
        let patch = object(json!({"title": null, "name": "Ophelia"}));
        let new = validate_patch(model, &old, patch, later).expect("valid");
        assert_eq!((&new["title"], &new["name"]), (&Value::Null, &json!("Ophelia")));
        assert_eq!((&new["createdAt"], &new["updatedAt"]), (&json!(NOW), &json!(later)));
        let patch = object(json!({"id": "other", "createdAt": later, "name": null}));
        assert_eq!(validate_patch(model, &old, patch, later).expect_err("faults").told().len(), 3);
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
    fn a_follower_follows_a_change_only() {
        let catalogue = Catalogue::builtin();
        let model = catalogue.model(models::TAG);
        let given = json!({"userId": "u", "name": "One", "nameLower": "uno"});
        let tag = create(models::TAG, given).expect("valid");
        let lower = |patch: Value| {
            validate_patch(model, &tag, object(patch), NOW).expect("valid")["nameLower"].clone()
        };
        assert_eq!(lower(json!({"name": "One"})), "uno");
        assert_eq!(lower(json!({"name": "Two"})), "two");
        assert_eq!(lower(json!({"name": "Two", "nameLower": "dos"})), "dos");
        assert_eq!(lower(json!({"note": 1})), "uno");
    }

    #[test]
    fn a_refused_change_of_a_secret_key_does_not_repeat_it() {
        let catalogue = Catalogue::builtin();
        let given = json!({"identifier": "a@b.c", "token": "s3cret", "expires": NOW});
        let row = create(models::VERIFICATION_TOKEN, given).expect("valid");
        let patch = object(json!({"token": "0ther"}));
        let issues = validate_patch(catalogue.model(models::VERIFICATION_TOKEN), &row, patch, NOW);
        assert_eq!(issues.expect_err("a fault").told()[0].received, "a string");
    }

    #[test]
    fn what_is_given_again_unchanged_is_no_change() {
        let catalogue = Catalogue::builtin();
        let old = create(models::CHARACTER, character()).expect("valid");
        let patch = object(json!({"id": "made", "createdAt": "2026-01-02T04:04:05.006+01:00"}));
        let new =
            validate_patch(catalogue.model(models::CHARACTER), &old, patch, NOW).expect("valid");
        assert_eq!(json::compact_object(&new), json::compact_object(&old));
    }

    proptest! {
        #[test]
        fn admitting_changes_nothing_more(name in ".*", unknown in "[a-z]{1,8}x", note in ".*") {
            let mut value = character();
            value["name"] = name.into();
            value[&unknown] = note.clone().into();
            let map = create(models::CHARACTER, value).expect("valid");
            let catalogue = Catalogue::builtin();
            let again = validate_stored(catalogue.model(models::CHARACTER), map.clone()).expect("valid");
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
