//! Rows of the primary: how they are asked for, as texts that lose nothing, and what the texts mean.

use serde_json::{Map, Value, json};

use crate::error::{Code, Error, Result};
use crate::postgres::quoted;
use crate::prisma::{Cell, Scalar, Table, description};
use crate::transfer::cell_of_text;

/// A page has so many rows.
const PAGE: usize = 500;

/// Which rows are asked for.
pub(super) enum Which<'w> {
    /// Those with these keys.
    Keys(&'w [Value]),
    /// Those that hold these texts, behind the row with this key.
    Page(&'w Map<String, Value>, Option<&'w Value>),
}

/// A query for rows of a table, `{ sql, values }`, which answers each column under its number.
pub(super) fn query(of: &Table, which: &Which<'_>) -> Value {
    let mut values: Vec<Value> = Vec::new();
    let key: Vec<&str> = of.names(of.keys().next().unwrap_or_default()).collect();
    let columns = of.columns.iter().enumerate().map(|(at, column)| {
        let name = quoted(&column.name);
        // COPY writes t and f, which a cast does not.
        let text = match column.scalar {
            Scalar::Boolean => format!("CASE WHEN {name} THEN 't' WHEN NOT {name} THEN 'f' END"),
            _ => format!("{name}::text"),
        };
        format!("{text} AS {}", quoted(&at.to_string()))
    });
    let columns = columns.collect::<Vec<_>>().join(", ");
    let condition = match which {
        Which::Keys(keys) => {
            let rows = keys.iter().map(|row| tuple(&key, row, &mut values)).collect::<Vec<_>>();
            format!("({}) IN ({})", names(&key), rows.join(", "))
        }
        Which::Page(equals, after) => {
            let mut parts: Vec<String> = Vec::new();
            for (name, text) in *equals {
                values.push(text.clone());
                parts.push(format!("{} = ${}", quoted(name), values.len()));
            }
            if let Some(after) = after {
                parts.push(format!("({}) > {}", names(&key), tuple(&key, after, &mut values)));
            }
            if parts.is_empty() { "true".to_owned() } else { parts.join(" AND ") }
        }
    };
    let table = quoted(&of.db_name);
    let order = names(&key);
    let sql =
        format!("SELECT {columns} FROM {table} WHERE {condition} ORDER BY {order} LIMIT {PAGE}");
    json!({ "sql": sql, "values": values })
}

fn names(key: &[&str]) -> String {
    key.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ")
}

fn tuple(key: &[&str], row: &Value, values: &mut Vec<Value>) -> String {
    let parts = key.iter().map(|name| {
        values.push(row[*name].clone());
        format!("${}", values.len())
    });
    format!("({})", parts.collect::<Vec<_>>().join(", "))
}

/// Rows of texts as the store takes them: `{ rows, isLast, last }` where `last` is the key of the last one.
///
/// # Errors
/// `VALIDATION` for a value that the store cannot keep, with its column.
pub(super) fn rows(of: &Table, texts: &Value) -> Result<Value> {
    let all = texts.as_array().map_or(&[][..], Vec::as_slice);
    let rows = all.iter().map(|texts| row(of, texts)).collect::<Result<Vec<Value>>>()?;
    let last = rows.last().map(|row| key_of(of, row));
    Ok(json!({ "isLast": rows.len() < PAGE, "last": last, "rows": rows }))
}

fn row(of: &Table, texts: &Value) -> Result<Value> {
    let mut row = Map::new();
    for (at, column) in of.columns.iter().enumerate() {
        let text = texts[at].as_str();
        let cell = cell_of_text(description(), column, text).map_err(|message| {
            let message = format!("{}.{} {message}", of.name, column.name);
            Error::new(Code::Validation, message).model(&of.name)
        })?;
        if cell != Cell::Null {
            row.insert(column.name.clone(), cell.to_value());
        }
    }
    Ok(row.into())
}

/// The key of a row, as an object.
pub(super) fn key_of(of: &Table, row: &Value) -> Value {
    let key = of.names(of.keys().next().unwrap_or_default());
    key.map(|name| (name.to_owned(), row[name].clone())).collect::<Map<_, _>>().into()
}
