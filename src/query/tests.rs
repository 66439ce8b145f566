//! What a caller of `findMany` and `count` may rely on.

use super::*;
use crate::catalogue::{Catalogue, models};
use proptest::prelude::*;
use serde_json::json;
use std::cell::Cell;

fn people() -> Vec<Map<String, Value>> {
    let people = json!([
        {"id": "1", "name": "Hamlet", "title": "Prince", "isFavorite": true, "tags": ["a", "b"],
         "createdAt": "2026-01-01T00:00:00.000Z"},
        {"id": "2", "name": "Ophelia", "title": null, "isFavorite": false, "tags": [],
         "createdAt": "2026-01-02T00:00:00.000Z"},
        {"id": "3", "name": "hamlet's ghost", "isFavorite": false, "tags": ["b"],
         "createdAt": "2026-01-03T00:00:00.000Z", "personaLinks": [{"personaId": "p", "isDefault": true}]},
    ]);
    people
        .as_array()
        .expect("a list")
        .iter()
        .map(|p| p.as_object().cloned().expect("an object"))
        .collect()
}

fn ask(options: Value) -> Result<Vec<String>> {
    let catalogue = Catalogue::builtin();
    let query = Query::parse(catalogue.model(models::CHARACTER), Some(&options))?;
    let plan = Plan::scan(&query, people().len());
    let chosen = query.select(&plan, people(), |person| Ok(person.clone()))?;
    Ok(chosen.iter().map(|p| p["id"].as_str().expect("a text").to_owned()).collect())
}

fn ids(options: Value) -> String {
    ask(options).expect("a valid query").concat()
}

#[test]
fn conditions() {
    let cases = [
        (json!({}), "123"),
        (json!({"name": "Hamlet"}), "1"),
        (json!({"name": {"contains": "hamlet"}}), "3"),
        (json!({"name": {"contains": "HAMLET", "mode": "insensitive"}}), "13"),
        (json!({"name": {"startsWith": "O"}}), "2"),
        (json!({"name": {"endsWith": "ghost"}}), "3"),
        (json!({"name": {"in": ["Hamlet", "Ophelia"]}}), "12"),
        (json!({"name": {"notIn": ["Hamlet"]}}), "23"),
        (json!({"name": {"not": "Hamlet"}}), "23"),
        (json!({"name": {"not": {"contains": "a"}}}), ""),
        (json!({"title": null}), "23"),
        (json!({"title": {"not": null}}), "1"),
        (json!({"title": {"not": "Prince"}}), ""),
        (json!({"isFavorite": true}), "1"),
        (json!({"tags": {"has": "b"}}), "13"),
        (json!({"tags": {"hasEvery": ["a", "b"]}}), "1"),
        (json!({"tags": {"hasSome": ["a", "x"]}}), "1"),
        (json!({"tags": {"isEmpty": true}}), "2"),
        (json!({"createdAt": {"gt": "2026-01-01T01:00:00+01:00", "lte": "2026-01-02"}}), "2"),
        (json!({"OR": [{"name": "Ophelia"}, {"isFavorite": true}]}), "12"),
        (json!({"OR": []}), ""),
        (json!({"AND": []}), "123"),
        (json!({"NOT": [{"name": "Ophelia"}, {"isFavorite": true}]}), "3"),
        (json!({"personaLinks": {"some": {"personaId": "p"}}}), "3"),
        (json!({"personaLinks": {"none": {"personaId": "p"}}}), "12"),
    ];
    for (condition, expected) in cases {
        assert_eq!(ids(json!({ "where": condition })), expected, "{condition}");
    }
}

#[test]
fn orders_and_pages() {
    assert_eq!(ids(json!({"orderBy": {"name": "desc"}})), "321");
    assert_eq!(ids(json!({"orderBy": [{"isFavorite": "asc"}, {"createdAt": "desc"}]})), "321");
    assert_eq!(ids(json!({"orderBy": {"title": "asc"}})), "123");
    assert_eq!(ids(json!({"orderBy": {"title": {"sort": "asc", "nulls": "first"}}})), "231");
    assert_eq!(ids(json!({"orderBy": {"title": "desc"}})), "231");
    assert_eq!(ids(json!({"skip": 1, "take": 1})), "2");
    assert_eq!(ids(json!({"take": -2})), "23");
    assert_eq!(ids(json!({"take": -1, "skip": 1, "orderBy": {"name": "desc"}})), "2");
    assert_eq!(ids(json!({"take": 0})), "");
}

#[test]
fn every_fault_is_told() {
    let options = json!({
        "where": {"name": {"contains": 7}, "nmae": "x", "isFavorite": {"lt": true}, "AND": 3},
        "orderBy": {"name": "up"}, "take": 1.5, "skip": -1, "include": {},
    });
    let error = ask(options).expect_err("faults");
    let mut paths: Vec<&str> = error.all_issues().iter().map(|i| i.path.as_str()).collect();
    paths.sort_unstable();
    let expected = [
        "include",
        "orderBy.name",
        "skip",
        "take",
        "where.AND",
        "where.isFavorite.lt",
        "where.name.contains",
        "where.nmae",
    ];
    assert_eq!(paths, expected);
    assert!(error.message().contains("did you mean name"));
}

#[test]
fn texts_that_a_field_must_be_can_be_looked_up() {
    let catalogue = Catalogue::builtin();
    let options = json!({"where": {"userId": "u", "AND": [{"tags": {"has": "t"}}]}});
    let query = Query::parse(catalogue.model(models::CHARACTER), Some(&options)).expect("valid");
    assert_eq!(query.texts("userId"), Some(vec!["u"]));
    assert_eq!(query.texts("tags"), Some(vec!["t"]));
    assert_eq!(query.texts("name"), None);
}

fn refused(model: usize, options: Value) -> Vec<String> {
    let catalogue = Catalogue::builtin();
    let model = catalogue.model([models::CHARACTER, models::USER][model]);
    let error = Query::parse(model, Some(&options)).expect_err("faults");
    error.all_issues().iter().map(|issue| issue.path.clone()).collect()
}

#[test]
fn what_asks_nothing_is_no_condition() {
    let cases = [
        (json!({"OR": [{}]}), ""),
        (json!({"OR": [{"name": {}}]}), ""),
        (json!({"OR": [{}, {"name": "Hamlet"}]}), "1"),
        (json!({"NOT": {}}), "123"),
        (json!({"NOT": [{"name": {}}]}), "123"),
        (json!({"AND": [{}, {"OR": []}]}), ""),
        (json!({"name": {"not": {}}}), "123"),
    ];
    for (condition, expected) in cases {
        assert_eq!(ids(json!({ "where": condition })), expected, "{condition}");
    }
}

#[test]
fn nothing_is_known_of_what_is_not_there() {
    let cases = [
        (json!({"NOT": {"title": "Prince"}}), ""),
        (json!({"NOT": {"title": {"in": ["Prince"]}}}), ""),
        (json!({"NOT": {"title": {"contains": "x"}}}), "1"),
        (json!({"NOT": {"title": {"gt": "A"}, "name": "Hamlet"}}), "23"),
        (json!({"NOT": {"title": null}}), "1"),
        (json!({"title": {"not": {"not": null}}}), "23"),
        (json!({"title": {"in": []}}), ""),
        (json!({"title": {"notIn": []}}), "123"),
        (json!({"OR": [{"title": {"not": "Prince"}}, {"title": null}]}), "23"),
        (json!({"NOT": {"tags": {"has": "a"}}}), "23"),
        (json!({"NOT": {"personaLinks": {"some": {"isDefault": true}}}}), "12"),
    ];
    for (condition, expected) in cases {
        assert_eq!(ids(json!({ "where": condition })), expected, "{condition}");
    }
}

#[test]
fn json_fields() {
    let catalogue = Catalogue::builtin();
    let record = json!({"sillyTavernData": {"a": {"b": [1, {"c": "x"}]}, "n": 1}});
    let record = record.as_object().expect("an object");
    let passes = |test: Value| {
        let options = json!({"where": {"sillyTavernData": test}});
        let query = Query::parse(catalogue.model(models::CHARACTER), Some(&options));
        query.expect("valid").matches(record)
    };
    assert!(passes(json!({"n": 1.0, "a": {"b": [1.0, {"c": "x"}]}})));
    assert!(passes(json!({"path": ["a", "b", "1", "c"], "equals": "x"})));
    assert!(passes(json!({"path": ["a", "b", "1", "c"], "not": "y"})));
    assert!(!passes(json!({"path": ["a", "z"], "not": "y"})));
    assert!(!passes(json!({"path": ["n"], "not": 1})));
    assert!(passes(json!({"path": [], "not": {"n": 1}})));
    for faulty in [
        json!({"path": ["a"], "string_contains": "x"}),
        json!({"path": ["a"]}),
        json!({"string_contains": "x"}),
        json!({"path": "$.a", "equals": 1}),
    ] {
        assert_eq!(refused(0, json!({"where": {"sillyTavernData": faulty}})).len(), 1, "{faulty}");
    }
}

#[test]
fn objects_inside_a_record() {
    let catalogue = Catalogue::builtin();
    let users = [json!({"totp": {"enabled": true, "iv": "i"}}), json!({"totp": null}), json!({})];
    let matching = |test: Value| {
        let options = json!({"where": {"totp": test}});
        let query = Query::parse(catalogue.model(models::USER), Some(&options)).expect("valid");
        users.each_ref().map(|user| query.matches(user.as_object().expect("an object")))
    };
    assert_eq!(matching(json!({"enabled": true})), [true, false, false]);
    assert_eq!(matching(json!({"is": {"enabled": true}})), [true, false, false]);
    assert_eq!(matching(json!({"isNot": {"enabled": true}})), [false, true, true]);
    assert_eq!(matching(json!({"is": null})), [false, true, true]);
    assert_eq!(matching(json!({"isNot": null})), [true, false, false]);
    assert_eq!(matching(json!(null)), [false, true, true]);
    assert_eq!(refused(1, json!({"where": {"totp": "x"}})), ["where.totp"]);
    let mixed = json!({"where": {"totp": {"is": {"enabled": true}, "iv": "i"}}});
    assert_eq!(refused(1, mixed), ["where.totp.is"]);
}

#[test]
fn what_would_be_ignored_is_refused() {
    let many = json!({"where": {"name": {"in": vec!["x"; 100_001]}}});
    assert_eq!(refused(0, many), ["where.name.in"]);
    assert_eq!(refused(0, json!({"where": {"tags": [1]}})), ["where.tags[0]"]);
    let mode = json!({"where": {"isFavorite": {"equals": true, "mode": "insensitive"}}});
    assert_eq!(refused(0, mode), ["where.isFavorite.mode"]);
    let nulls = json!({"orderBy": {"title": {"sort": "asc", "nulls": "frist"}}});
    assert_eq!(refused(0, nulls), ["orderBy.title.nulls"]);
    let word = json!({"orderBy": [{"title": {"sort": "asc", "null": "first"}}]});
    assert_eq!(refused(0, word), ["orderBy[0].title"]);
    let faults = json!({"where": {"name": {"in": vec![1; 5_000]}}});
    assert_eq!(refused(0, faults).len(), 100);
}

#[test]
fn case_is_kept_or_not() {
    let cases = [
        (json!({"name": {"equals": "HAMLET", "mode": "insensitive"}}), "1"),
        (json!({"name": {"in": ["HAMLET", "OPHELIA"], "mode": "insensitive"}}), "12"),
        (json!({"name": {"not": {"startsWith": "HAM"}, "mode": "insensitive"}}), "2"),
        (json!({"name": {"gte": "O", "mode": "insensitive"}}), "2"),
        (json!({"name": {"equals": "HAMLET", "mode": "default"}}), ""),
    ];
    for (condition, expected) in cases {
        assert_eq!(ids(json!({ "where": condition })), expected, "{condition}");
    }
}

#[test]
fn only_what_must_be_is_parsed() {
    let catalogue = Catalogue::builtin();
    let parses = |options: Value| {
        let parsed = Cell::new(0);
        let query = Query::parse(catalogue.model(models::CHARACTER), Some(&options));
        let query = query.expect("valid");
        let chosen = query.select(&Plan::scan(&query, people().len()), people(), |map| {
            parsed.set(parsed.get() + 1);
            Ok(map.clone())
        });
        chosen.expect("no failure");
        parsed.get()
    };
    assert_eq!(parses(json!({"take": -1, "skip": 1})), 0);
    assert_eq!(parses(json!({"where": {"AND": [{}]}})), 0);
    assert_eq!(parses(json!({"where": {"name": "Hamlet"}, "take": 1})), 1);
    assert_eq!(parses(json!({"orderBy": {"name": "asc"}, "take": 1})), 3);
}

proptest! {
    #[test]
    fn no_options_make_it_panic(name in "[a-zA-Z]{1,8}", text in ".*", number in any::<f64>()) {
        let options = json!({"where": {"name": {&name: &text, "gt": number}, &name: {"not": &text}},
            "orderBy": {&name: &text}, "take": number});
        let _ = ask(options);
    }

    #[test]
    fn a_selection_is_a_filter_a_sort_and_a_slice(
        rows in proptest::collection::vec((0..4_i64, proptest::option::of("[a-c]")), 0..20),
        least in 0..4_i64, descending: bool, first: bool, take in -25..25_i64, skip in 0..25_usize,
    ) {
        let catalogue = Catalogue::builtin();
        let words = |flag: bool, yes, no| if flag { yes } else { no };
        let options = json!({
            "where": {"size": {"gte": least}},
            "orderBy": {"generationModel": {
                "sort": words(descending, "desc", "asc"), "nulls": words(first, "first", "last"),
            }},
            "take": take, "skip": skip,
        });
        let query = Query::parse(catalogue.model(models::BINARY), Some(&options)).expect("valid");
        let all: Vec<_> = rows.into_iter().enumerate().collect();
        let plan = Plan::scan(&query, all.len());
        let chosen = query.select(&plan, all.clone(), |(_, (size, model))| {
            let record = json!({"size": size, "generationModel": model});
            Ok(record.as_object().cloned().expect("an object"))
        }).expect("no failure");

        let mut naive: Vec<_> = all.into_iter().filter(|(_, (size, _))| *size >= least).collect();
        naive.sort_by(|(_, (_, one)), (_, (_, other))| match (one, other) {
            (Some(one), Some(other)) if descending => other.cmp(one),
            (Some(one), Some(other)) => one.cmp(other),
            (one, other) if first => one.is_some().cmp(&other.is_some()),
            (one, other) => one.is_none().cmp(&other.is_none()),
        });
        if take < 0 {
            naive.reverse();
        }
        let count = usize::try_from(take.abs()).expect("small");
        let mut naive: Vec<_> = naive.into_iter().skip(skip).take(count).collect();
        if take < 0 {
            naive.reverse();
        }
        prop_assert_eq!(chosen, naive);
    }

    #[test]
    fn no_json_makes_it_panic(options in any_options()) {
        let _ = ask(options);
    }
}

fn any_options() -> impl Strategy<Value = Value> {
    let word = "where|orderBy|take|skip|AND|OR|NOT|name|tags|personaLinks|personaId|createdAt\
        |sillyTavernData|path|equals|not|in|notIn|contains|lt|gte|has|hasSome|some|none|isEmpty\
        |mode|insensitive|asc|sort|nulls|is";
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word.prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 40, 5, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::hash_map(word, inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}
