//! How queries find their answers: which index, how many records are looked into, and that an
//! index changes nothing but that.

use proptest::prelude::*;
use quilltap_store::disk::SimulatedDisk;
use quilltap_store::store::{Declaration, Options, Store};
use serde_json::{Value, json};

use super::support::{call, character, code, id, open, world};

fn explained(store: &Store, collection: &str, query: Value) -> Value {
    call(store, &format!("{collection}.explain"), json!([query]))
}

/// The index and the records that were walked over, looked into and found, and whether these had
/// to be sorted.
fn plan(store: &Store, collection: &str, query: Value) -> (String, [u64; 3], bool) {
    let plan = explained(store, collection, query);
    let index = plan["index"].as_array().unwrap().iter().map(|field| field.as_str().unwrap());
    let number = |name: &str| plan[name].as_u64().unwrap();
    let numbers = ["walked", "lookedInto", "found"].map(number);
    (index.collect::<Vec<_>>().join(" "), numbers, plan["sorts"].as_bool().unwrap())
}

#[test]
fn an_address_is_found_by_its_index_whatever_its_case() {
    let store = open(&SimulatedDisk::new());
    for number in 0..50 {
        call(&store, "users.create", json!([{"email": format!("User{number}@globe.example")}]));
    }
    let insensitive = |test: Value| {
        let mut test = test;
        test["mode"] = "insensitive".into();
        json!({"where": {"email": test}})
    };
    let cases = [
        (json!({"where": {"email": "User7@globe.example"}}), [1, 1, 1]),
        (json!({"where": {"email": "user7@globe.example"}}), [1, 1, 0]),
        (insensitive(json!({"equals": "uSER7@globe.example"})), [1, 1, 1]),
        (insensitive(json!({"in": ["user7@GLOBE.example", "USER8@globe.example"]})), [2, 2, 2]),
        (insensitive(json!({"not": "user7@globe.example"})), [50, 50, 49]),
    ];
    for (query, numbers) in cases {
        assert_eq!(plan(&store, "users", query.clone()).1, numbers, "{query}");
    }
}

#[test]
fn what_an_owner_lists_is_found_by_an_index_that_keeps_the_order() {
    let store = open(&SimulatedDisk::new());
    let world = world(&store);
    let other = id(&call(&store, "users.create", json!([{"email": "other@globe.example"}])));
    for (number, user) in [&world.user, &other].into_iter().cycle().take(80).enumerate() {
        let name = format!("No {}", number % 7);
        call(&store, "characters.create", json!([character(user, &name)]));
    }
    let mine = json!({"userId": world.user});
    let newest = json!({"updatedAt": "desc"});
    let cases = [
        (json!({"where": mine, "orderBy": newest, "take": 5}), ("userId updatedAt", [5, 0, 5])),
        (json!({"where": mine, "orderBy": newest}), ("userId updatedAt", [41, 0, 41])),
        (
            json!({"where": mine, "orderBy": newest, "take": 5, "skip": 3}),
            ("userId updatedAt", [8, 0, 5]),
        ),
        (json!({"orderBy": newest, "take": 5}), ("updatedAt", [5, 0, 5])),
        (json!({"orderBy": {"createdAt": "desc"}, "take": 5}), ("", [5, 0, 5])),
        (json!({"where": mine, "orderBy": {"createdAt": "asc"}, "take": 5}), ("userId", [5, 0, 5])),
        (json!({"where": mine, "take": 2}), ("userId", [2, 0, 2])),
        (json!({"where": {"userId": world.user, "name": "No 2"}}), ("userId name", [6, 0, 6])),
        (
            json!({"where": {"userId": world.user, "name": {"startsWith": "No"}}, "orderBy": {"name": "asc"}, "take": 3}),
            ("userId name", [3, 0, 3]),
        ),
        (
            json!({"where": {"userId": world.user, "isFavorite": false}, "take": 3}),
            ("userId", [3, 3, 3]),
        ),
        (json!({"where": {"id": world.character}}), ("id", [1, 0, 1])),
        (json!({"where": {"id": world.character, "userId": other}}), ("id", [1, 1, 0])),
        (json!({"where": {"userId": {"in": [world.user, other]}}}), ("userId", [81, 0, 81])),
        (json!({"where": {"isFavorite": true}}), ("", [81, 81, 0])),
    ];
    for (query, (index, numbers)) in cases {
        let expected = (index.to_owned(), numbers.map(|number| number), false);
        assert_eq!(plan(&store, "characters", query.clone()), expected, "{query}");
    }
    let sorted = json!({"where": mine, "orderBy": {"title": "asc"}});
    assert_eq!(plan(&store, "characters", sorted), ("userId".to_owned(), [41, 41, 41], true));
    assert_eq!(call(&store, "characters.count", json!([{"where": mine}])), 41);
}

#[test]
fn a_page_behind_another_costs_what_the_first_one_does() {
    let store = open(&SimulatedDisk::new());
    let world = world(&store);
    for number in 0..60 {
        let mut data = character(&world.user, "A");
        data["updatedAt"] = format!("2026-01-01T00:00:{number:02}.000Z").into();
        call(&store, "characters.create", json!([data]));
    }
    let page = |before: &str| {
        json!({"where": {"userId": world.user, "updatedAt": {"lt": before}},
            "orderBy": {"updatedAt": "desc"}, "take": 10})
    };
    for before in ["2026-01-01T00:00:55.000Z", "2026-01-01T00:00:12.000Z"] {
        let expected = ("userId updatedAt".to_owned(), [10, 0, 10], false);
        assert_eq!(plan(&store, "characters", page(before)), expected);
        let found = call(&store, "characters.findMany", json!([page(before)]));
        assert!(found[0]["updatedAt"].as_str().unwrap() < before);
    }
}

#[test]
fn a_chat_that_is_written_to_moves_in_the_order_of_its_last_message() {
    let store = open(&SimulatedDisk::new());
    let world = world(&store);
    let data = json!({"userId": world.user, "characterId": world.character,
        "connectionProfileId": world.profile, "title": "Act II"});
    let second = id(&call(&store, "chats.create", json!([data])));
    let newest = json!([{"where": {"userId": world.user}, "orderBy": {"lastMessageAt": {"sort": "desc", "nulls": "last"}}, "take": 1}]);
    let first = |store: &Store| id(&call(store, "chats.findMany", newest.clone())[0]);
    for (second, chat) in [&world.chat, &second, &world.chat].into_iter().enumerate() {
        let at = format!("2026-01-01T00:00:0{second}.000Z");
        let message = json!({"role": "USER", "content": "x", "createdAt": at});
        call(&store, "chats.addMessage", json!([chat, message]));
        assert_eq!(first(&store), **chat);
    }
    call(&store, "chats.clearMessages", json!([world.chat]));
    assert_eq!(first(&store), second);
    let kept = json!({"where": {"userId": world.user}, "orderBy": {"lastMessageAt": "asc"}});
    assert_eq!(explained(&store, "chats", kept)["index"], json!(["userId", "lastMessageAt"]));
}

/// Two collections that differ in what they have indexes over.
fn declaration() -> Value {
    let fields = json!({
        "owner": {"type": "string"},
        "size": {"type": "integer", "optional": true},
        "word": {"type": "string", "optional": true},
        "at": {"type": "time", "optional": true},
        "flag": {"type": "boolean", "default": false},
    });
    json!({ "collections": {
        "plain": { "file": "plain/plain.jsonl", "fields": fields },
        "quick": { "file": "quick/quick.jsonl", "fields": fields, "indexes": [
            ["owner", "size"], ["owner", "word"], ["owner", "at"], ["owner", "flag", "size"],
            ["word"], ["at"], ["size"], ["owner", "flag"],
        ]},
    }})
}

fn open_declared(disk: &SimulatedDisk) -> Store {
    let mut options = Options::new("unused");
    options.declaration = Declaration::parse(&declaration().to_string()).unwrap();
    crate::support::open_with(disk, options).unwrap()
}

fn word() -> impl Strategy<Value = Value> {
    prop_oneof![Just(Value::Null), "[ab\u{e9}\u{10ffff}]{0,2}".prop_map(Value::from)]
}

fn time() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        (0..3_u8).prop_map(|day| format!("2026-01-0{}T00:00:00.000Z", day + 1).into()),
        Just(json!("2026-01-02T12:00:00.000Z")),
    ]
}

fn size() -> impl Strategy<Value = Value> {
    prop_oneof![Just(Value::Null), (-2..3_i64).prop_map(Value::from)]
}

fn row() -> impl Strategy<Value = Value> {
    ("[xy]", size(), word(), time(), any::<bool>()).prop_map(|(owner, size, word, at, flag)| {
        json!({"owner": owner, "size": size, "word": word, "at": at, "flag": flag})
    })
}

/// A condition on one field, or a few of them joined.
fn condition() -> impl Strategy<Value = Value> {
    let compare = prop_oneof![Just("lt"), Just("lte"), Just("gt"), Just("gte")];
    let of_words = prop_oneof![Just("startsWith"), Just("contains"), Just("gte"), Just("lt")];
    let known = |value: &Value| !value.is_null();
    let one = prop_oneof![
        "[xyz]".prop_map(|owner| json!({ "owner": owner })),
        proptest::collection::vec("[xy]", 0..3).prop_map(|owners| json!({"owner": {"in": owners}})),
        size().prop_map(|size| json!({ "size": size })),
        (compare.clone(), -2..3_i64).prop_map(|(how, size)| json!({"size": {how: size}})),
        word().prop_map(|word| json!({ "word": word })),
        (of_words, word().prop_filter("a text", known))
            .prop_map(|(how, word)| json!({"word": {how: word}})),
        (compare, time().prop_filter("a time", known))
            .prop_map(|(how, at)| json!({"at": {how: at}})),
        any::<bool>().prop_map(|flag| json!({ "flag": flag })),
        Just(json!({"size": {"not": 1}})),
    ];
    one.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 1..4).prop_map(|all| json!({ "AND": all })),
            proptest::collection::vec(inner.clone(), 1..3).prop_map(|any| json!({ "OR": any })),
            inner.prop_map(|not| json!({ "NOT": not })),
        ]
    })
}

fn order() -> impl Strategy<Value = Value> {
    let field =
        prop_oneof![Just("size"), Just("word"), Just("at"), Just("createdAt"), Just("flag")];
    let direction = prop_oneof![
        Just(json!("asc")),
        Just(json!("desc")),
        Just(json!({"sort": "desc", "nulls": "last"})),
    ];
    let one = (field, direction)
        .prop_filter("nulls only where there are", |(field, how)| {
            how.is_string() || !matches!(*field, "createdAt" | "flag")
        })
        .prop_map(|(field, how)| json!({ field: how }));
    proptest::collection::vec(one, 0..3).prop_map(Value::from)
}

fn query() -> impl Strategy<Value = Value> {
    (proptest::option::of(condition()), order(), proptest::option::of(-4..6_i64), 0..3_u64)
        .prop_map(|(condition, order, take, skip)| {
            let mut query = json!({"orderBy": order, "skip": skip});
            if let Some(condition) = condition {
                query["where"] = condition;
            }
            if let Some(take) = take {
                query["take"] = take.into();
            }
            query
        })
}

/// What happens to the records besides that they are created.
#[derive(Debug, Clone)]
enum Edit {
    Update(usize, Value),
    Delete(usize),
    Reopen,
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        4 => (0..12_usize, row()).prop_map(|(number, row)| Edit::Update(number, row)),
        2 => (0..12_usize).prop_map(Edit::Delete),
        1 => Just(Edit::Reopen),
    ]
}

fn without_times(list: Value) -> Vec<Value> {
    let mut rows = list.as_array().cloned().unwrap();
    for row in &mut rows {
        let row = row.as_object_mut().unwrap();
        row.retain(|key, _| !matches!(key.as_str(), "createdAt" | "updatedAt"));
    }
    rows
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn an_index_changes_no_answer(
        rows in proptest::collection::vec(row(), 0..12),
        edits in proptest::collection::vec(edit(), 0..6),
        queries in proptest::collection::vec(query(), 1..12),
    ) {
        let disk = SimulatedDisk::new();
        let mut store = open_declared(&disk);
        let both = ["plain", "quick"];
        for (number, row) in rows.iter().enumerate() {
            let mut data = row.clone();
            data["id"] = format!("r{number}").into();
            // Several were created at once.
            data["createdAt"] = format!("2026-02-01T00:00:0{}.000Z", number / 3).into();
            both.iter().for_each(|of| drop(call(&store, &format!("{of}.create"), json!([data]))));
        }
        for edit in edits {
            match edit {
                Edit::Update(number, row) => {
                    let args = json!([format!("r{number}"), row]);
                    both.iter().for_each(|of| drop(call(&store, &format!("{of}.update"), args.clone())));
                }
                Edit::Delete(number) => {
                    let args = json!([format!("r{number}")]);
                    both.iter().for_each(|of| drop(call(&store, &format!("{of}.delete"), args.clone())));
                }
                Edit::Reopen => {
                    store.close().unwrap();
                    store = open_declared(&disk);
                }
            }
        }
        for query in queries {
            let [plain, quick] =
                both.map(|of| without_times(call(&store, &format!("{of}.findMany"), json!([query]))));
            prop_assert_eq!(&plain, &quick, "{} {}", query, explained(&store, "quick", query.clone()));
            let condition = query.get("where").cloned().unwrap_or_else(|| json!({}));
            let [plain, quick] =
                both.map(|of| call(&store, &format!("{of}.count"), json!([{ "where": condition }])));
            prop_assert_eq!(plain, quick);
        }
    }
}

#[test]
fn an_index_over_what_has_no_order_is_refused() {
    let faults = |indexes: Value| {
        let declared = json!({"collections": {"a": {"file": "a/a.jsonl", "indexes": indexes, "fields": {
            "list": {"type": "array", "items": {"type": "string"}}, "name": {"type": "string"},
            "hidden": {"type": "string", "secret": true},
        }}}});
        Declaration::parse(&declared.to_string()).err().map(|error| error.code().name())
    };
    assert_eq!(faults(json!([["name"]])), None);
    for wrong in
        [json!([["list"]]), json!([["nmae"]]), json!([[]]), json!("name"), json!([["hidden"]])]
    {
        assert_eq!(faults(wrong.clone()), Some("VALIDATION"), "{wrong}");
    }
    let store = open(&SimulatedDisk::new());
    assert_eq!(code(&store, "characters.explain", json!([{"take": "x"}])), "VALIDATION");
}
