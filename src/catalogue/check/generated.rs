//! Records made from the declarations, and what holds for each of them, whatever the model.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::Union;
use serde_json::{Map, Number, Value, json};

use super::{Object, validate_new, validate_patch, validate_stored, validate_values};
use crate::catalogue::{Catalogue, Field, IndexKeys, Kind, Model, ModelId};
use crate::json::compact_object;

const NOW: &str = "2026-01-02T03:04:05.006Z";

/// Any value that fits a kind.
fn value_of(kind: &Kind) -> BoxedStrategy<Value> {
    match kind {
        Kind::Text => ".{0,12}".prop_map(Value::from).boxed(),
        Kind::Id | Kind::Link(..) => "x[A-Za-z0-9_-]{0,12}".prop_map(Value::from).boxed(),
        Kind::Integer => (-(1_i64 << 53) + 1..1 << 53).prop_map(Value::from).boxed(),
        Kind::Number => any::<i32>().prop_map(|n| json!(f64::from(n) / 8.0)).boxed(),
        Kind::Flag => any::<bool>().prop_map(Value::from).boxed(),
        Kind::Time => time().boxed(),
        Kind::Json => free_object().boxed(),
        Kind::Any => free().boxed(),
        Kind::Enum(words) => proptest::sample::select(words.clone()).prop_map(Value::from).boxed(),
        Kind::List(inner) => vec(value_of(inner), 0..3).prop_map(Value::from).boxed(),
        Kind::Object(fields) => object_of(fields).prop_map(Value::Object).boxed(),
    }
}

fn time() -> impl Strategy<Value = Value> {
    let form = prop_oneof![
        Just("T12:34:56.789Z"),
        Just("T12:34:56Z"),
        Just("T01:02:03.5+02:30"),
        Just("")
    ];
    (1000..9999, 1..13, 1..29, form)
        .prop_map(|(year, month, day, rest)| format!("{year:04}-{month:02}-{day:02}{rest}").into())
}

fn free() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(|n| Number::from_f64(n).map_or(Value::Null, Value::Number)),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let entries = vec((".{0,4}", inner.clone()), 0..4);
        prop_oneof![
            vec(inner, 0..4).prop_map(Value::from),
            entries.prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

fn free_object() -> impl Strategy<Value = Value> {
    vec((".{0,4}", free()), 0..4).prop_map(|entries| Value::Object(entries.into_iter().collect()))
}

/// A field's key and value, null or nothing, where each is allowed.
fn entry_of(field: &Field) -> BoxedStrategy<Option<(String, Value)>> {
    let name = field.name.clone();
    let mut choices = vec![(4, value_of(&field.kind).prop_map(Some).boxed())];
    if field.optional {
        choices.push((1, Just(Some(Value::Null)).boxed()));
    }
    if field.optional || field.default.is_some() {
        choices.push((1, Just(None).boxed()));
    }
    Union::new_weighted(choices)
        .prop_map(move |value| Some((name.clone(), one_per_id(value?))))
        .boxed()
}

/// Lists of objects may be declared to hold a value once: each entry gets ids of its own.
fn one_per_id(mut value: Value) -> Value {
    for (number, item) in value.as_array_mut().into_iter().flatten().enumerate() {
        for key in ["personaId", "chatId"] {
            if let Some(id) = item.get_mut(key) {
                *id = format!("x{number}").into();
            }
        }
    }
    value
}

/// An object with these fields and a few that nobody declared, in any order.
fn object_of(fields: &[Field]) -> BoxedStrategy<Object> {
    let declared: Vec<_> = fields.iter().map(entry_of).collect();
    let unknown = vec(("[A-Z]{1,3}|__proto__", free()), 0..3);
    (declared, unknown)
        .prop_map(|(declared, unknown)| declared.into_iter().flatten().chain(unknown).collect())
        .prop_flat_map(|entries: Vec<(String, Value)>| Just(entries).prop_shuffle())
        .prop_map(|entries| entries.into_iter().collect())
        .boxed()
}

fn record() -> impl Strategy<Value = (ModelId, Object)> {
    let catalogue = Catalogue::builtin();
    let models: Vec<ModelId> = catalogue.ids().collect();
    proptest::sample::select(models)
        .prop_flat_map(move |id| (Just(id), object_of(&catalogue.model(id).fields)))
}

fn create(model: &Model, map: Object) -> Object {
    validate_new(model, map, NOW, &mut || "made".into()).expect("made to be valid")
}

fn unknown(model: &Model, map: &Object) -> Object {
    let entries = map.iter().filter(|(key, _)| model.field(key).is_none());
    entries.map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn shuffled(map: &Object, seed: u64) -> Object {
    let mut entries: Vec<_> = map.clone().into_iter().collect();
    entries
        .sort_by_key(|(key, _)| key.bytes().fold(seed, |h, b| h.wrapping_mul(31) ^ u64::from(b)));
    Map::from_iter(entries)
}

proptest! {
    #[test]
    fn what_is_complete_stays_as_it_is((id, map) in record()) {
        let catalogue = Catalogue::builtin();
        let model = catalogue.model(id);
        let whole = create(model, map);
        let admitted = validate_stored(model, whole.clone()).expect("valid");
        prop_assert_eq!(compact_object(&admitted), compact_object(&whole));
        let given = without_derived(model, &whole);
        let again = create(model, given);
        prop_assert_eq!(compact_object(&again), compact_object(&whole));
    }

    #[test]
    fn values_in_the_order_of_the_fields_are_checked_as_a_map_is(
        (id, mut map) in record(),
        strange in vec((any::<proptest::sample::Index>(), free()), 0..3),
    ) {
        let catalogue = Catalogue::builtin();
        let model = catalogue.model(id);
        map.retain(|key, _| model.field(key).is_some());
        for (at, value) in strange {
            map.insert(model.fields[at.index(model.fields.len())].name.clone(), value);
        }
        let values = model.fields.iter().map(|field| map.get(&field.name).cloned()).collect();
        let text = validate_values(model, values, NOW, &mut || "made".into());
        let whole = validate_new(model, map, NOW, &mut || "made".into());
        prop_assert_eq!(text, whole.map(|map| compact_object(&map)));
    }

    #[test]
    fn no_unknown_key_and_no_null_is_lost((id, map) in record()) {
        let catalogue = Catalogue::builtin();
        let model = catalogue.model(id);
        let whole = create(model, map.clone());
        prop_assert_eq!(unknown(model, &whole), unknown(model, &map));
        for field in model.fields.iter().filter(|field| field.optional && !field.derived) {
            let (before, after) = (map.get(&field.name), whole.get(&field.name));
            prop_assert_eq!(before.map(Value::is_null), after.map(Value::is_null), "{}", field.name);
        }
    }

    #[test]
    fn keys_come_in_one_order((id, map) in record(), seed in any::<u64>()) {
        let catalogue = Catalogue::builtin();
        let model = catalogue.model(id);
        let (one, other) = (create(model, map.clone()), create(model, shuffled(&map, seed)));
        prop_assert_eq!(compact_object(&one), compact_object(&other));
        let declared: Vec<&String> = model.fields.iter().map(|field| &field.name).collect();
        let at = |key: &String| declared.iter().position(|name| *name == key);
        let places: Vec<_> = one.keys().map(|key| (at(key).is_none(), at(key), key.clone())).collect();
        prop_assert!(places.is_sorted());
    }

    #[test]
    fn an_update_with_itself_changes_nothing((id, map) in record()) {
        let catalogue = Catalogue::builtin();
        let model = catalogue.model(id);
        let whole = create(model, map);
        let same = validate_patch(model, &whole, whole.clone(), NOW).expect("valid");
        prop_assert_eq!(compact_object(&same), compact_object(&whole));
        let once = validate_patch(model, &whole, Object::new(), NOW).expect("valid");
        let twice = validate_patch(model, &once, Object::new(), NOW).expect("valid");
        prop_assert_eq!(compact_object(&twice), compact_object(&once));
    }

    #[test]
    fn index_keys_do_not_depend_on_the_order((id, map) in record(), seed in any::<u64>()) {
        let catalogue = Catalogue::builtin();
        let model = catalogue.model(id);
        let whole = create(model, map);
        let keys = IndexKeys::of(model, &whole);
        prop_assert!(keys.iter().all(|(number, _)| number < model.indexes.len()));
        prop_assert_eq!(IndexKeys::of(model, &shuffled(&whole, seed)), keys);
    }

    #[test]
    fn no_input_is_too_strange(value in free_object(), index in 0_u16..16) {
        let catalogue = Catalogue::builtin();
        let model = catalogue.model(ModelId(index));
        let mut map = value.as_object().cloned().expect("an object");
        for (field, value) in model.fields.iter().zip(map.clone().into_iter().map(|(_, v)| v)) {
            map.insert(field.name.clone(), value);
        }
        let _ = validate_new(model, map.clone(), NOW, &mut || "made".into());
        let _ = validate_stored(model, map.clone());
        let _ = validate_patch(model, &map, map.clone(), NOW);
    }
}

fn without_derived(model: &Model, map: &Object) -> Object {
    let derived = |key: &String| model.field(key).is_some_and(|field| field.derived);
    map.clone().into_iter().filter(|(key, _)| !derived(key)).collect()
}
