//! Rows that become as they are elsewhere, and rows that are gone there: what dual writing mends with.

use std::rc::Rc;

use serde_json::{Map, Value, json};

use super::bulk::{told, writer};
use super::{Existing, Given, put_rows};
use crate::engine::{Tx, View};
use crate::error::Result;
use crate::json::Object;
use crate::prisma::calls::schema;
use crate::prisma::description::Table;
use crate::prisma::rows::{Reader, Row};
use crate::prisma::value::Cell;

/// Makes rows of a table as they are given, each for itself, and removes those of these keys; tells which it
/// could not, and why. `{ rows: [row], gone: [key] }`, where a column that a row lacks is NULL.
///
/// # Errors
/// Those of reading.
pub(crate) fn copy_rows(tx: &mut Tx<'_>, table: usize, given: &Value) -> Result<Value> {
    let of = &schema().description.tables[table];
    let listed = |name: &str| given[name].as_array().map_or(&[][..], Vec::as_slice);
    let mut failed = Vec::new();
    let mut settle = |key: &Value, done: Result<()>| {
        if let Err(error) = done {
            let code = error.code().name();
            failed.push(json!({ "key": key, "code": code, "message": error.message() }));
        }
    };
    for key in listed("gone") {
        settle(key, remove(tx, table, of, key));
    }
    for row in listed("rows") {
        settle(&key_of(of, row), put(tx, table, of, row));
    }
    Ok(json!({ "failed": failed }))
}

fn cells(of: &Table, row: &Value) -> Vec<Cell> {
    of.columns.iter().map(|column| Cell::of(column, row.get(&column.name))).collect()
}

fn key_of(of: &Table, row: &Value) -> Value {
    let key = of.names(of.keys().next().unwrap_or_default());
    key.map(|name| (name.to_owned(), row[name].clone())).collect::<Map<_, _>>().into()
}

fn put(tx: &mut Tx<'_>, table: usize, of: &Table, row: &Value) -> Result<()> {
    let cells = cells(of, row);
    tx.whole(|tx| {
        if let Some(owner) = of.owner_column() {
            // It may have moved from one chat to another.
            let old = found(&tx.view(), table, of, row)?;
            let moved = old.filter(|old| !old.cells[owner].same(&cells[owner]));
            moved.map_or(Ok(()), |old| drop_row(tx, table, of, &old))?;
        }
        let given = Given { cells, beside: Object::new(), without: Vec::new() };
        put_rows(tx, table, vec![given], Existing::Replace)
            .into_iter()
            .try_for_each(|put| put.map(drop))
    })
}

fn remove(tx: &mut Tx<'_>, table: usize, of: &Table, key: &Value) -> Result<()> {
    tx.whole(|tx| match found(&tx.view(), table, of, key)? {
        Some(old) => drop_row(tx, table, of, &old),
        None => Ok(()),
    })
}

fn drop_row(tx: &mut Tx<'_>, table: usize, of: &Table, row: &Row) -> Result<()> {
    writer(tx).remove(table, &[row]).map_err(|failure| told(of, failure))
}

/// The row with the key that an object holds, whomever it belongs to.
fn found(view: &View<'_>, table: usize, of: &Table, key: &Value) -> Result<Option<Rc<Row>>> {
    let reader = Reader::new(schema().description, view);
    let cells = cells(of, key);
    let wanted = of.keys().next().unwrap_or_default();
    let asked: Vec<_> = wanted.iter().map(|at| (*at, vec![cells[*at].clone()])).collect();
    let rows = reader.candidates(table, &asked).map_err(|failure| told(of, failure))?;
    Ok(rows.into_iter().find(|row| wanted.iter().all(|at| row.cells[*at].same(&cells[*at]))))
}
