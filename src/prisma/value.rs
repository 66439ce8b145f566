//! A cell of a row: what a column holds, how cells compare, and their JSON.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt::Write as _;

use serde_json::{Map, Number, Value};

use super::description::{Column, Scalar};
use super::{ids, time};
use crate::json;

/// What a column holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    /// Nothing: SQL's NULL.
    Null,
    /// A text, or a word of an enumeration.
    Text(String),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// True or false.
    Flag(bool),
    /// Milliseconds since 1970.
    Time(i64),
    /// A JSON value; JSON's null is a value.
    Json(Value),
}

impl Cell {
    /// The cell of a value that a record holds; what does not fit the type is nothing.
    pub(crate) fn stored(scalar: Scalar, value: Option<&Value>) -> Cell {
        let Some(value) = value else { return Cell::Null };
        let cell = match scalar {
            Scalar::Json => Some(Cell::Json(value.clone())),
            Scalar::String | Scalar::Enum(_) => value.as_str().map(|text| Cell::Text(text.into())),
            Scalar::Int => value.as_i64().map(Cell::Int),
            Scalar::Float => value.as_f64().map(Cell::Float),
            Scalar::Boolean => value.as_bool().map(Cell::Flag),
            Scalar::DateTime => value.as_str().and_then(time::stored).map(Cell::Time),
        };
        cell.unwrap_or(Cell::Null)
    }

    /// The cell of a column.
    pub(crate) fn of(column: &Column, value: Option<&Value>) -> Cell {
        match Cell::stored(column.scalar, value) {
            Cell::Text(id) if column.identifies => Cell::Text(ids::given(&id).into_owned()),
            cell => cell,
        }
    }

    /// The value with which a record holds the cell; none for nothing.
    pub(crate) fn to_stored(&self, column: &Column) -> Option<Value> {
        match self {
            Cell::Null => None,
            Cell::Json(value) => Some(value.clone()),
            Cell::Text(_) => Some(self.kept(column).into_owned().into()),
            other => Some(other.to_value()),
        }
    }

    /// The same of a cell that is needed no more.
    pub(crate) fn into_stored(self, column: &Column) -> Option<Value> {
        match self {
            Cell::Json(value) => Some(value),
            Cell::Text(text) if !column.identifies => Some(text.into()),
            other => other.to_stored(column),
        }
    }

    /// The text of the cell as the store keeps it.
    pub(crate) fn kept(&self, column: &Column) -> Cow<'_, str> {
        let text = self.text().unwrap_or_default();
        if column.identifies { ids::kept(text) } else { text.into() }
    }

    /// The value in an answer.
    pub(crate) fn to_value(&self) -> Value {
        match self {
            Cell::Null => Value::Null,
            Cell::Text(text) => text.clone().into(),
            Cell::Int(number) => (*number).into(),
            Cell::Float(number) => Number::from_f64(*number).map_or(Value::Null, Value::Number),
            Cell::Flag(flag) => (*flag).into(),
            Cell::Time(ms) => time::format(*ms).into(),
            Cell::Json(value) => sorted(value),
        }
    }

    /// Adds the value as answers about rows have it: a time is its milliseconds, which a client makes a
    /// `Date` of three times as fast as of a text.
    pub(crate) fn push(&self, text: &mut String) {
        match self {
            Cell::Text(own) => json::push_text(text, own),
            Cell::Null => text.push_str("null"),
            Cell::Flag(flag) => text.push_str(if *flag { "true" } else { "false" }),
            Cell::Int(number) | Cell::Time(number) => {
                write!(text, "{number}").expect("a String takes any text");
            }
            other => json::push_value(text, &other.to_value()),
        }
    }

    /// Is there nothing?
    pub(crate) fn is_null(&self) -> bool {
        *self == Cell::Null
    }

    /// The text, where it is one.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Cell::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number, where it is one.
    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            Cell::Int(number) => Some(*number as f64),
            Cell::Float(number) => Some(*number),
            _ => None,
        }
    }

    /// A key under which equal cells are found.
    pub(crate) fn key(&self) -> String {
        match self {
            Cell::Text(text) => text.clone(),
            other => json::compact(&other.to_value()),
        }
    }

    /// How two cells of one column stand to each other; nothing is behind everything.
    pub(crate) fn order(&self, other: &Cell) -> Ordering {
        match (self, other) {
            (Cell::Null, Cell::Null) => Ordering::Equal,
            (Cell::Null, _) => Ordering::Greater,
            (_, Cell::Null) => Ordering::Less,
            (Cell::Text(a), Cell::Text(b)) => a.cmp(b),
            (Cell::Int(a), Cell::Int(b)) | (Cell::Time(a), Cell::Time(b)) => a.cmp(b),
            (Cell::Flag(a), Cell::Flag(b)) => a.cmp(b),
            (Cell::Json(a), Cell::Json(b)) => order_json(a, b),
            (a, b) => {
                let (a, b) = (a.number().unwrap_or(0.0), b.number().unwrap_or(0.0));
                a.total_cmp(&b)
            }
        }
    }

    /// Are two cells the same value? Nothing is the same as nothing here.
    pub(crate) fn same(&self, other: &Cell) -> bool {
        match (self, other) {
            (Cell::Json(a), Cell::Json(b)) => same_json(a, b),
            (a, b) => a == b,
        }
    }
}

/// A JSON value with its keys in the order in which `jsonb` keeps them: by length, then by bytes.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(sorted).collect(),
        Value::Object(map) => {
            let mut entries: Vec<(&String, &Value)> = map.iter().collect();
            entries.sort_by(|(a, _), (b, _)| key_order(a, b));
            let entries = entries.into_iter().map(|(key, value)| (key.clone(), sorted(value)));
            Value::Object(Map::from_iter(entries))
        }
        other => other.clone(),
    }
}

fn key_order(a: &str, b: &str) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// Are two JSON values the same, numbers by their value and objects whatever their order?
pub(crate) fn same_json(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_json(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            let same =
                |(key, value): (&String, &Value)| b.get(key).is_some_and(|o| same_json(value, o));
            a.len() == b.len() && a.iter().all(same)
        }
        (a, b) => a == b,
    }
}

/// The order of `jsonb`: null, text, number, false, true, array, object.
pub(crate) fn order_json(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Number(a), Value::Number(b)) => {
            a.as_f64().unwrap_or(0.0).total_cmp(&b.as_f64().unwrap_or(0.0))
        }
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Array(a), Value::Array(b)) => a.len().cmp(&b.len()).then_with(|| {
            let orders = a.iter().zip(b).map(|(a, b)| order_json(a, b));
            orders.fold(Ordering::Equal, Ordering::then)
        }),
        (Value::Object(a), Value::Object(b)) => {
            let (a, b) = (sorted_entries(a), sorted_entries(b));
            a.len().cmp(&b.len()).then_with(|| {
                let orders = a
                    .iter()
                    .zip(&b)
                    .map(|((k, v), (l, w))| key_order(k, l).then_with(|| order_json(v, w)));
                orders.fold(Ordering::Equal, Ordering::then)
            })
        }
        (a, b) => rank(a).cmp(&rank(b)),
    }
}

fn sorted_entries(map: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut entries: Vec<(&String, &Value)> = map.iter().collect();
    entries.sort_by(|(a, _), (b, _)| key_order(a, b));
    entries
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::String(_) => 1,
        Value::Number(_) => 2,
        Value::Bool(_) => 3,
        Value::Array(_) => 4,
        Value::Object(_) => 5,
    }
}
