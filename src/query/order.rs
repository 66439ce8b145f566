//! `orderBy`: a checked order over the fields of a record.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::condition;
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
        let wanted = condition::suggestion(&model.fields, name);
        issues.push(Issue::new(path, wanted, "an unknown field"));
        return None;
    };
    if matches!(field.kind, Kind::List(_) | Kind::Object(_) | Kind::Json | Kind::Any) {
        issues.push(Issue::new(path, "a field that has an order", "one that has none"));
        return None;
    }
    let sort = direction.get("sort").unwrap_or(direction);
    let descending = match sort.as_str() {
        Some("asc") => false,
        Some("desc") => true,
        _ => {
            issues.push(Issue::new(path, "asc or desc", json::describe(sort)));
            return None;
        }
    };
    // As Postgres, and so Prisma, has it: nulls are greater than everything.
    let nulls_first = match direction.get("nulls").and_then(Value::as_str) {
        Some("first") => true,
        Some("last") => false,
        _ => descending,
    };
    Some(OrderBy { field: name.to_owned(), descending, nulls_first })
}

/// The order of two records.
pub(super) fn compare(
    order: &[OrderBy],
    one: &Map<String, Value>,
    other: &Map<String, Value>,
) -> Ordering {
    let by = |key: &OrderBy| {
        let value = |record| Map::get(record, key.field.as_str()).filter(|v| !v.is_null());
        match (value(one), value(other)) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => {
                if key.nulls_first {
                    Ordering::Less
                } else {
                    Ordering::Greater
                }
            }
            (Some(_), None) => {
                if key.nulls_first {
                    Ordering::Greater
                } else {
                    Ordering::Less
                }
            }
            (Some(one), Some(other)) => {
                let order = condition::order(one, other, false).unwrap_or(Ordering::Equal);
                if key.descending { order.reverse() } else { order }
            }
        }
    };
    order.iter().map(by).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}
