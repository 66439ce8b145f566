//! `orderBy`: a checked order over the fields of a record.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::operand::suggestion;
use crate::catalogue::{Kind, Model, SortKey, has_order};
use crate::error::Issue;
use crate::json;

/// One key of an order.
#[derive(Debug, Clone)]
pub(super) struct OrderBy {
    pub(super) field: String,
    kind: Kind,
    pub(super) descending: bool,
    nulls_first: bool,
    optional: bool,
}

impl OrderBy {
    /// Is it the order of the keys, or that turned round?
    pub(super) fn is_plain(&self) -> bool {
        self.nulls_first == self.descending || !self.optional
    }

    /// What a record is sorted by.
    fn key(&self, record: &Map<String, Value>) -> SortKey {
        SortKey::of(&self.kind, record.get(&self.field))
    }

    fn compare(&self, one: &SortKey, other: &SortKey) -> Ordering {
        let nulls = if self.nulls_first { Ordering::Less } else { Ordering::Greater };
        match (one, other) {
            (SortKey::Null, SortKey::Null) => Ordering::Equal,
            (SortKey::Null, _) => nulls,
            (_, SortKey::Null) => nulls.reverse(),
            _ if self.descending => other.cmp(one),
            _ => one.cmp(other),
        }
    }
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
    if !has_order(&field.kind) {
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
    let (kind, optional) = (field.kind.clone(), field.optional);
    Some(OrderBy { field: name.to_owned(), kind, descending, nulls_first, optional })
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

/// What a record is sorted by, a key for each part of the order.
pub(super) fn keys(order: &[OrderBy], record: &Map<String, Value>) -> Box<[SortKey]> {
    order.iter().map(|by| by.key(record)).collect()
}

/// The order of two records by their keys.
pub(super) fn compare(order: &[OrderBy], one: &[SortKey], other: &[SortKey]) -> Ordering {
    let parts = order.iter().zip(one.iter().zip(other));
    let compared = parts.map(|(by, (one, other))| by.compare(one, other));
    compared.into_iter().find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}
