//! Tests of JSON values, as Prisma asks PostgreSQL for them.

use std::borrow::Cow;

use serde_json::Value;

use super::like::like;
use super::{AskJson, Operand, Part};
use crate::json;
use crate::prisma::value::{Cell, order_json, same_json};

/// The answer about the value at a path of a column; unknown where there is none. A question about
/// values of one type holds of no other where it stands under an even number of `NOT`s, and of each
/// other where it is reversed by an odd number of them, so that its opposite does not.
pub(super) fn answer(
    cell: &Cell,
    path: &[String],
    ask: &AskJson,
    (caseless, reversed): (bool, bool),
    row: &[Cell],
) -> Option<bool> {
    let of_other_type = Some(reversed);
    let found = match cell {
        Cell::Json(value) => at(value, path),
        _ => None,
    };
    match ask {
        AskJson::DbNull => return Some(found.is_none()),
        AskJson::AnyNull => return Some(found.is_none_or(Value::is_null)),
        _ => {}
    }
    let found = found?;
    match ask {
        AskJson::DbNull | AskJson::AnyNull => None,
        AskJson::JsonNull => Some(found.is_null()),
        AskJson::Equals(other) => Some(same_json(found, value_of(other, row)?)),
        AskJson::Text(part, other) => {
            let Value::String(text) = found else { return of_other_type };
            // The whole column is compared as the JSON that it is, with quotes and escapes.
            let text = if path.is_empty() { json::compact(found).into() } else { Cow::from(text) };
            Some(like(&text, other.cell(row).text()?, *part, caseless))
        }
        AskJson::ArrayContains(other) => {
            let Value::Array(items) = found else { return of_other_type };
            Some(contains(items, value_of(other, row)?))
        }
        AskJson::ArrayEdge(part, other) => {
            let Value::Array(items) = found else { return of_other_type };
            let edge = if *part == Part::Start { items.first() } else { items.last() };
            edge.map(|edge| value_of(other, row).is_some_and(|other| same_json(edge, other)))
        }
        AskJson::Order(fits, other) => {
            let other = value_of(other, row)?;
            let comparable = matches!(
                (found, other),
                (Value::String(_), Value::String(_)) | (Value::Number(_), Value::Number(_))
            );
            if comparable { Some(fits(order_json(found, other))) } else { of_other_type }
        }
    }
}

fn value_of<'c>(operand: &'c Operand, row: &'c [Cell]) -> Option<&'c Value> {
    match operand.cell(row) {
        Cell::Json(value) => Some(value),
        _ => None,
    }
}

/// The value at a path, whose steps are keys, or places in lists, also from the end.
fn at<'v>(value: &'v Value, path: &[String]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, step| match value {
        Value::Object(map) => map.get(step),
        Value::Array(items) => {
            let place: i64 = step.parse().ok()?;
            let from_end = items.len().checked_add_signed(isize::try_from(place).ok()?);
            let place = if place < 0 { from_end? } else { usize::try_from(place).ok()? };
            items.get(place)
        }
        _ => None,
    })
}

/// PostgreSQL's `@>` for a list: it has everything that the other has, wherever it stands.
fn contains(items: &[Value], other: &Value) -> bool {
    let Value::Array(wanted) = other else {
        return items.iter().any(|item| is_plain(item) && same_json(item, other));
    };
    wanted.iter().all(|wanted| items.iter().any(|item| covers(item, wanted)))
}

fn covers(value: &Value, other: &Value) -> bool {
    match (value, other) {
        (Value::Object(map), Value::Object(wanted)) => wanted
            .iter()
            .all(|(key, wanted)| map.get(key).is_some_and(|value| covers(value, wanted))),
        (Value::Array(items), Value::Array(wanted)) => {
            wanted.iter().all(|wanted| items.iter().any(|item| covers(item, wanted)))
        }
        (value, other) => same_json(value, other),
    }
}

fn is_plain(value: &Value) -> bool {
    !value.is_array() && !value.is_object()
}
