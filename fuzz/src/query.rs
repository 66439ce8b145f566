//! `where`, `orderBy`, `take` and `skip` as they come from JavaScript.

use std::sync::OnceLock;

use quilltap_store::catalogue::Catalogue;
use quilltap_store::json;
use quilltap_store::query::{Plan, Query};
use quilltap_store::store::Store;
use serde_json::{Map, Value};

use crate::world::{ask, at_rest, open, sound};

/// The repositories that are asked, and their models.
const ASKED: &[(&str, &str)] = &[
    ("characters", "Character"),
    ("chats", "Chat"),
    ("users", "User"),
    ("images", "Binary"),
    ("tags", "Tag"),
    ("connections", "ConnectionProfile"),
    ("sessions", "Session"),
    ("accounts", "Account"),
];

fn store() -> &'static Store {
    static STORE: OnceLock<Store> = OnceLock::new();
    STORE.get_or_init(|| open(&at_rest()))
}

fn builtin() -> &'static Catalogue {
    static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
    CATALOGUE.get_or_init(Catalogue::builtin)
}

fn records(repository: &str) -> Vec<Map<String, Value>> {
    let text = ask(store(), &format!("{repository}.findAll"), "[]").expect("a sound store");
    serde_json::from_str(&text).expect("a list of records")
}

/// A byte for the repository, then the options as JSON text: refused with a sentence, or the answer
/// is what the query says record by record, whatever index it is found by; `take` and `skip` cut
/// a part out of the whole answer; `count` counts it.
pub fn query(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first() else { return };
    let (repository, model) = ASKED[usize::from(*first) % ASKED.len()];
    let Ok(text) = std::str::from_utf8(rest) else { return };
    let Ok(options) = json::parse(text) else { return };
    let catalogue = builtin();
    let model = catalogue.model(catalogue.by_name(model).expect("a model"));
    let found = ask(store(), &format!("{repository}.findMany"), &format!("[{text}]"));
    match Query::parse(model, Some(&options)) {
        Err(error) => {
            sound(&error);
            assert!(!error.all_issues().is_empty(), "{error}");
            assert!(found.is_err(), "the store answers what is no query: {text}");
        }
        Ok(query) => {
            let all = records(repository);
            let scan = Plan::scan(&query, all.len());
            let selected = query.select(&scan, all.iter(), |record| Ok((*record).clone()));
            let selected = selected.expect("nothing to fail");
            if let Ok(found) = found {
                let found: Vec<Map<String, Value>> = serde_json::from_str(&found).expect("a list");
                assert_eq!(found.iter().collect::<Vec<_>>(), selected, "{text}");
            } else {
                assert!(!options.is_object(), "{found:?}");
            }
            cut(&options, repository, &selected);
        }
    }
}

fn cut(options: &Value, repository: &str, selected: &[&Map<String, Value>]) {
    let Value::Object(options) = options else { return };
    let mut rest = options.clone();
    let (take, skip) = (rest.swap_remove("take"), rest.swap_remove("skip"));
    // As the store does, -0 and 1.0 are whole numbers too.
    let whole = |value: &Value| value.as_i64().or_else(|| value.as_f64().map(|n| n as i64));
    let number = |value: Option<Value>| value.as_ref().and_then(whole);
    let (take, skip) = (number(take), number(skip).unwrap_or(0));
    let args = json::compact(&Value::Array(vec![Value::Object(rest.clone())]));
    let all = ask(store(), &format!("{repository}.findMany"), &args).expect("it was a query");
    let mut all: Vec<Map<String, Value>> = serde_json::from_str(&all).expect("a list");
    rest.swap_remove("orderBy");
    let args = json::compact(&Value::Array(vec![Value::Object(rest)]));
    if let Ok(count) = ask(store(), &format!("{repository}.count"), &args) {
        assert_eq!(count, all.len().to_string());
    }
    let backwards = take.is_some_and(|take| take < 0);
    if backwards {
        all.reverse();
    }
    let skip = usize::try_from(skip).unwrap_or(usize::MAX);
    let take = take.map_or(usize::MAX, |n| usize::try_from(n.unsigned_abs()).unwrap_or(usize::MAX));
    let mut part: Vec<_> = all.into_iter().skip(skip).take(take).collect();
    if backwards {
        part.reverse();
    }
    assert_eq!(part.iter().collect::<Vec<_>>(), selected);
}
