//! Two answers to one request, compared as values.
//!
//! Answers come as JSON, where a time is its ISO text to the millisecond and the order of keys means
//! nothing. Without a total order a list is a multiset. What a database may answer in more ways than one is
//! not judged when it differs.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::line::Found;
use super::touched::table_of;
use crate::json;
use crate::prisma::{Table, description};

/// So many records are named that differ.
const MOST_IDS: usize = 5;

/// Why a difference says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Unclear {
    /// Some of many were asked for, without a total order.
    Order,
    /// Rows were changed meanwhile, or wait to be copied.
    Overlap,
    /// A text with `%`, `_` or `\` was looked for, which databases take for wildcards.
    Wildcard,
    /// SQL was asked, which only the primary understands.
    Sql,
    /// It was asked in a transaction.
    Transaction,
    /// One of the two could not answer at all.
    Failure,
    /// The time that may be spent on reads in each second was spent.
    Budget,
    /// Too much waited for the store already, writes above all.
    Queue,
}

/// What a comparison says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Same,
    Differs(Found),
    Unclear(Unclear),
}

/// What one side gave: `{ "value": … }`, or `{ "error": code }`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Answer {
    Value(Value),
    /// Prisma's code, or the name of what has none.
    Error(String),
}

/// Compares what the primary and the store answered to a request.
pub(super) fn compare(request: &Value, primary: &Answer, store: &Answer) -> Verdict {
    let mut differing = Differing::default();
    match (primary, store) {
        (Answer::Value(theirs), Answer::Value(ours)) => {
            differing.request(request, theirs, ours);
        }
        (Answer::Error(theirs), Answer::Error(ours)) if theirs == ours => {}
        (_, Answer::Error(code)) if !is_known(code) => return Verdict::Unclear(Unclear::Failure),
        (Answer::Error(code), _) if !is_known(code) => return Verdict::Unclear(Unclear::Failure),
        (Answer::Error(theirs), Answer::Error(ours)) => {
            differing.field(format!("(error {theirs}, not {ours})"));
        }
        (Answer::Value(_), Answer::Error(code)) => differing.field(format!("(error {code})")),
        (Answer::Error(code), Answer::Value(_)) => differing.field(format!("(no error {code})")),
    }
    if differing.fields.is_empty() {
        return Verdict::Same;
    }
    if has_wildcard(&request["query"]["arguments"], false) {
        return Verdict::Unclear(Unclear::Wildcard);
    }
    if differing.is_open {
        return Verdict::Unclear(Unclear::Order);
    }
    let word = |name: &str| request[name].as_str().unwrap_or_default().to_owned();
    let (model, action) = (word("modelName"), word("action"));
    let (fields, ids) = (differing.fields.into_iter().collect(), differing.ids);
    Verdict::Differs(Found { model, action, fields, ids })
}

/// An error of the question, not of who was to answer it.
fn is_known(code: &str) -> bool {
    let busy = ["P2024", "P2028", "P2034", "P2037"];
    code == "PrismaClientValidationError" || code.starts_with("P2") && !busy.contains(&code)
}

/// Is a text with a wildcard looked for by a part of it?
fn has_wildcard(value: &Value, is_pattern: bool) -> bool {
    match value {
        Value::String(text) => is_pattern && text.contains(['%', '_', '\\']),
        Value::Array(items) => items.iter().any(|item| has_wildcard(item, is_pattern)),
        Value::Object(map) => {
            let insensitive = map.contains_key("mode");
            map.iter().any(|(name, inner)| {
                let pattern = ["contains", "startsWith", "endsWith"].contains(&name.as_str())
                    || insensitive && name == "equals"
                    || name.starts_with("string_");
                has_wildcard(inner, pattern)
            })
        }
        _ => false,
    }
}

/// What differs so far.
#[derive(Default)]
struct Differing {
    fields: BTreeSet<String>,
    /// How often one was found, the same ones counted again.
    found: usize,
    ids: Vec<String>,
    /// Might another order, or another choice, explain it?
    is_open: bool,
}

impl Differing {
    fn field(&mut self, name: String) {
        self.fields.insert(name);
        self.found += 1;
    }

    fn request(&mut self, request: &Value, theirs: &Value, ours: &Value) {
        let table = table_of(request);
        let action = request["action"].as_str().unwrap_or_default();
        let is_records = !matches!(action, "aggregate" | "groupBy");
        match table.filter(|_| is_records) {
            Some(table) => {
                let query = &request["query"];
                self.part(table, &query["arguments"], &query["selection"], theirs, ours);
                let first =
                    action.starts_with("findFirst") && !is_total(table, &query["arguments"]);
                self.is_open |= first;
            }
            None => {
                let arguments = &request["query"]["arguments"];
                let is_same = match (theirs.as_array(), ours.as_array()) {
                    (Some(theirs), Some(ours)) => sorted(theirs) == sorted(ours),
                    _ => theirs == ours,
                };
                if !is_same {
                    self.is_open |=
                        is_cut(arguments) && table.is_none_or(|table| !is_total(table, arguments));
                    self.field(format!("({action})"));
                }
            }
        }
    }

    /// An answer, or the records of a relation in one.
    fn part(
        &mut self,
        table: usize,
        arguments: &Value,
        selection: &Value,
        theirs: &Value,
        ours: &Value,
    ) {
        match (theirs, ours) {
            (Value::Array(theirs), Value::Array(ours)) => {
                let open = self.is_open;
                let before = self.found;
                self.list(table, arguments, selection, theirs, ours);
                let differs = self.found > before;
                self.is_open = open || differs && is_cut(arguments) && !is_total(table, arguments);
            }
            (Value::Object(theirs), Value::Object(ours)) => {
                self.record(table, selection, theirs, ours)
            }
            (theirs, ours) if theirs == ours => {}
            _ => self.field(rows_of(table)),
        }
    }

    fn list(
        &mut self,
        table: usize,
        arguments: &Value,
        selection: &Value,
        theirs: &[Value],
        ours: &[Value],
    ) {
        if theirs.len() != ours.len() {
            self.named(theirs, ours);
            return self.field(rows_of(table));
        }
        if is_total(table, arguments) {
            for (theirs, ours) in theirs.iter().zip(ours) {
                self.part(table, &Value::Null, selection, theirs, ours);
            }
            return;
        }
        let id_of = |record: &Value| record["id"].as_str().map(str::to_owned);
        let by_id = |records: &[Value]| -> Option<BTreeMap<String, Value>> {
            records.iter().map(|record| Some((id_of(record)?, record.clone()))).collect()
        };
        match (by_id(theirs), by_id(ours)) {
            (Some(theirs), Some(ours)) if theirs.keys().eq(ours.keys()) => {
                for (theirs, ours) in theirs.values().zip(ours.values()) {
                    self.part(table, &Value::Null, selection, theirs, ours);
                }
            }
            _ if sorted(theirs) == sorted(ours) => {}
            _ => {
                self.named(theirs, ours);
                self.field(rows_of(table));
            }
        }
    }

    /// Names some of the records that only one side has.
    fn named(&mut self, theirs: &[Value], ours: &[Value]) {
        let ids = |records: &[Value]| -> BTreeSet<String> {
            records.iter().filter_map(|record| record["id"].as_str().map(str::to_owned)).collect()
        };
        let (theirs, ours) = (ids(theirs), ids(ours));
        let only = theirs.symmetric_difference(&ours);
        self.ids.extend(only.take(MOST_IDS.saturating_sub(self.ids.len())).cloned());
    }

    fn record(
        &mut self,
        table: usize,
        selection: &Value,
        theirs: &Map<String, Value>,
        ours: &Map<String, Value>,
    ) {
        let of = &description().tables[table];
        let before = self.found;
        let names: BTreeSet<&String> = theirs.keys().chain(ours.keys()).collect();
        for name in names {
            let (one, other) = (theirs.get(name), ours.get(name));
            let relation = of.relation(name).map(|at| &of.relations[at]);
            match (relation, one, other) {
                (Some(relation), Some(one), Some(other)) => {
                    let asked = &selection[name.as_str()];
                    self.part(
                        relation.target,
                        &asked["arguments"],
                        &asked["selection"],
                        one,
                        other,
                    );
                }
                (None, Some(one), Some(other)) if one == other => {}
                _ => self.field(format!("{}.{name}", of.name)),
            }
        }
        let id = theirs.get("id").and_then(Value::as_str);
        if let Some(id) = id.filter(|_| self.found > before && self.ids.len() < MOST_IDS) {
            self.ids.push(id.to_owned());
        }
    }
}

fn rows_of(table: usize) -> String {
    format!("{} (rows)", description().tables[table].name)
}

/// The texts of values, in an order of their own.
fn sorted(values: &[Value]) -> Vec<String> {
    let mut texts: Vec<String> =
        values.iter().map(|value| json::compact(&in_order(value))).collect();
    texts.sort_unstable();
    texts
}

/// The same value with its keys sorted.
fn in_order(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(in_order).collect(),
        Value::Object(map) => {
            let sorted: BTreeMap<&String, &Value> = map.iter().collect();
            sorted
                .into_iter()
                .map(|(name, value)| (name.clone(), in_order(value)))
                .collect::<Map<_, _>>()
                .into()
        }
        other => other.clone(),
    }
}

/// Are only some of the records asked for?
fn is_cut(arguments: &Value) -> bool {
    ["take", "skip", "cursor", "distinct"].iter().any(|name| !arguments[name].is_null())
}

/// Does the order that is asked for leave nothing open?
fn is_total(table: usize, arguments: &Value) -> bool {
    let of = &description().tables[table];
    let one = |order: &Value| {
        order.as_object().is_some_and(|keys| keys.keys().any(|name| is_key(of, name)))
    };
    match &arguments["orderBy"] {
        Value::Array(orders) => orders.iter().any(one),
        order => one(order),
    }
}

fn is_key(of: &Table, name: &str) -> bool {
    of.column(name).is_some_and(|at| of.is_id(at) || of.is_unique(at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn verdict(action: &str, query: &Value, primary: Value, store: Value) -> String {
        let request = json!({ "modelName": "Chat", "action": action, "query": query });
        match compare(&request, &Answer::Value(primary), &Answer::Value(store)) {
            Verdict::Same => "same".to_owned(),
            Verdict::Differs(found) => {
                format!("{} [{}]", found.fields.join(", "), found.ids.join(", "))
            }
            Verdict::Unclear(why) => format!("{why:?}"),
        }
    }

    #[test]
    fn answers() {
        let all = json!({ "arguments": {}, "selection": { "$scalars": true } });
        let first = json!({ "arguments": { "take": 1 }, "selection": {} });
        let ordered =
            json!({ "arguments": { "take": 2, "orderBy": { "id": "asc" } }, "selection": {} });
        let wild = json!({ "arguments": { "where": { "title": { "contains": "a_b" } } }, "selection": {} });
        let messages = json!({ "arguments": {}, "selection": { "messages": { "arguments": { "take": 1 }, "selection": {} } } });
        let row = |id: &str, title: &str| json!({ "id": id, "title": title });
        let table = [
            (
                "findMany",
                &all,
                json!([row("a", "x"), row("b", "y")]),
                json!([row("b", "y"), row("a", "x")]),
                "same",
            ),
            ("findMany", &all, json!([row("a", "x")]), json!([row("a", "y")]), "Chat.title [a]"),
            ("findMany", &all, json!([row("a", "x")]), json!([]), "Chat (rows) [a]"),
            ("findMany", &first, json!([row("a", "x")]), json!([row("b", "x")]), "Order"),
            (
                "findMany",
                &ordered,
                json!([row("a", "x"), row("b", "x")]),
                json!([row("b", "x"), row("a", "x")]),
                "Chat.id [a, b]",
            ),
            ("findMany", &wild, json!([row("a", "x")]), json!([]), "Wildcard"),
            ("findFirst", &all, row("a", "x"), row("b", "x"), "Order"),
            ("findUnique", &all, row("a", "x"), json!(null), "Chat (rows) []"),
            (
                "findUnique",
                &all,
                json!({ "j": { "a": 1, "b": [2] } }),
                json!({ "j": { "b": [2], "a": 1 } }),
                "same",
            ),
            (
                "findUnique",
                &messages,
                json!({ "messages": [{ "id": "m" }] }),
                json!({ "messages": [{ "id": "n" }] }),
                "Order",
            ),
            ("aggregate", &all, json!(3), json!(4), "(aggregate) []"),
            (
                "groupBy",
                &all,
                json!([{ "a": 1 }, { "a": 2 }]),
                json!([{ "a": 2 }, { "a": 1 }]),
                "same",
            ),
        ];
        for (action, query, primary, store, expected) in table {
            assert_eq!(
                verdict(action, query, primary.clone(), store.clone()),
                expected,
                "{primary} {store}"
            );
        }
    }

    #[test]
    fn errors() {
        let request = json!({ "modelName": "Chat", "action": "findUniqueOrThrow", "query": {} });
        let value = || Answer::Value(Value::Null);
        let error = |code: &str| Answer::Error(code.to_owned());
        let is = |primary: Answer, store: Answer| compare(&request, &primary, &store);
        assert_eq!(is(error("P2025"), error("P2025")), Verdict::Same);
        assert!(matches!(is(error("P2025"), error("P2002")), Verdict::Differs(_)));
        assert!(matches!(is(value(), error("P2025")), Verdict::Differs(_)));
        assert!(matches!(is(error("P2025"), value()), Verdict::Differs(_)));
        for lost in ["P1001", "P2024", "LOCKED", "PrismaClientUnknownRequestError"] {
            assert_eq!(is(value(), error(lost)), Verdict::Unclear(Unclear::Failure));
            assert_eq!(is(error(lost), value()), Verdict::Unclear(Unclear::Failure));
        }
    }
}
