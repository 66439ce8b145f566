//! `orderBy`: a checked order over the fields of a record.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::operand::suggestion;
use super::test;
use crate::catalogue::{Kind, Model};
use crate::error::Issue;
use crate::json;

/// One key of an order.
#[derive(Debug, Clone)]
pub(super) struct OrderBy {
    field: String,
    descending: bool,
    nulls_first: bool,
}

/// Reads an order: an object of fields, or a list of them.
pub(super) fn parse(model: &Model, value: &Value, issues: &mut Vec<Issue>) -> Vec<OrderBy> {
    let objects: Vec<(String, &Value)> = match value {
        Value::Array(items) => {
            items.iter().enumerate().map(|(n, item)| (format!("orderBy[{n}]"), item)).collect()
        }
        one => vec![("orderBy".to_owned(), one)],
    };
    let mut order = Vec::new();
    for (path, object) in objects {
        let Value::Object(map) = object else {
            issues.push(Issue::new(
                path,
                "an object such as { name: 'asc' }",
                json::describe(object),
            ));
            continue;
        };
        for (field, direction) in map {
            order.extend(key(model, field, direction, &format!("{path}.{field}"), issues));
        }
    }
    order
}

fn key(
    model: &Model,
    name: &str,
    direction: &Value,
    path: &str,
    issues: &mut Vec<Issue>,
) -> Option<OrderBy> {
    let Some(field) = model.field(name) else {
        issues.push(Issue::new(path, suggestion(&model.fields, name), "an unknown field"));
        return None;
    };
    if matches!(field.kind, Kind::List(_) | Kind::Object(_) | Kind::Json | Kind::Any) {
        issues.push(Issue::new(path, "a field that has an order", "one that has none"));
        return None;
    }
    let (sort, nulls) = parts(direction);
    let descending = one_of(sort, ["asc", "desc"], path, issues)?;
    let nulls_first = match nulls {
        // As Postgres, and so Prisma, has it: nulls are greater than everything.
        Value::Null => descending,
        given => !one_of(given, ["first", "last"], &format!("{path}.nulls"), issues)?,
    };
    Some(OrderBy { field: name.to_owned(), descending, nulls_first })
}

/// The direction and the place of nulls; what is neither text nor such an object is returned as
/// a direction, to be refused.
fn parts(direction: &Value) -> (&Value, &Value) {
    const NONE: &Value = &Value::Null;
    match direction {
        Value::Object(map) if map.keys().all(|key| matches!(key.as_str(), "sort" | "nulls")) => {
            (map.get("sort").unwrap_or(NONE), map.get("nulls").unwrap_or(NONE))
        }
        other => (other, NONE),
    }
}

/// Is it the second of two words?
fn one_of(value: &Value, words: [&str; 2], path: &str, issues: &mut Vec<Issue>) -> Option<bool> {
    let found = words.iter().position(|word| value == word);
    if found.is_none() {
        issues.push(Issue::new(path, words.join(" or "), json::describe(value)));
    }
    found.map(|position| position == 1)
}

/// The order of two records.
pub(super) fn compare(
    order: &[OrderBy],
    one: &Map<String, Value>,
    other: &Map<String, Value>,
) -> Ordering {
    let by = |key: &OrderBy| {
        let value = |record| Map::get(record, key.field.as_str()).filter(|v| !v.is_null());
        let (nulls, directed) = (
            if key.nulls_first { Ordering::Less } else { Ordering::Greater },
            |order: Ordering| if key.descending { order.reverse() } else { order },
        );
        match (value(one), value(other)) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => nulls,
            (Some(_), None) => nulls.reverse(),
            (Some(one), Some(other)) => {
                directed(test::order(one, other).unwrap_or(Ordering::Equal))
            }
        }
    };
    order.iter().map(by).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}
