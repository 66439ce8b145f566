//! Answers to what only reads: rows, with what is joined to them, and counts.

use std::sync::Arc;

use serde_json::{Value, json};

use super::condition::{self, in_kind};
use super::request::{Request, fault, text};
use super::rows::Rows;
use super::tables::Table;
use super::tokens;
use crate::calls::{Args, Reply};
use crate::catalogue::ModelId;
use crate::engine::{Record, View};
use crate::error::Result;
use crate::json::Object;
use crate::query::Query;
use crate::repos::find;

/// Rows that are joined to one, unless the request says how many.
const JOINED: u64 = 100;

pub(super) fn answer(view: &View<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    let asked = args.value("request");
    let request = Request::of(view, asked)?;
    let answer = match request.action()? {
        "findOne" => {
            rows(view, &request, Some(1))?.into_iter().next().map_or(Value::Null, Value::Object)
        }
        "findMany" => rows(view, &request, request.value("limit").as_u64())?.into_iter().collect(),
        "count" => count(view, &request)?.into(),
        other => return Err(fault("action", "findOne, findMany or count", &other.into())),
    };
    Ok(if args.is_secret() { Reply::clear(answer) } else { Reply::Value(answer) })
}

fn count(view: &View<'_>, request: &Request<'_>) -> Result<usize> {
    find::count(view, request.table.model, &query(view, request, None)?)
}

/// The store's query for a request.
///
/// # Errors
/// `VALIDATION` for what cannot be asked.
fn query(view: &View<'_>, request: &Request<'_>, take: Option<u64>) -> Result<Query> {
    let model = view.catalogue().model(request.table.model);
    let mut options = json!({ "where": condition::of(&request.table, model, request.clauses()?)? });
    if let Some(order) = order(request)? {
        options["orderBy"] = order;
    }
    if let Some(take) = take {
        options["take"] = take.into();
    }
    options["skip"] = request.value("offset").clone();
    Query::parse(model, Some(&options))
}

/// As most SQL engines have it, what is not there comes first.
fn order(request: &Request<'_>) -> Result<Option<Value>> {
    let by = request.value("sortBy");
    if by.is_null() {
        return Ok(None);
    }
    let field = request.table.field_of(text(by, "field")?);
    let (direction, nulls) = match text(by, "direction")? {
        "desc" => ("desc", "last"),
        _ => ("asc", "first"),
    };
    Ok(Some(json!({ field: { "sort": direction, "nulls": nulls } })))
}

/// The records that a request is about, in its order.
///
/// # Errors
/// Those of the view; `VALIDATION` for what cannot be asked.
pub(super) fn records(
    view: &View<'_>,
    request: &Request<'_>,
    take: Option<u64>,
) -> Result<Vec<Arc<Record>>> {
    Ok(find::select(view, request.table.model, &query(view, request, take)?)?.records)
}

fn rows(view: &View<'_>, request: &Request<'_>, take: Option<u64>) -> Result<Vec<Object>> {
    let (select, joins) = (request.select(), request.joins()?);
    let tokens = tokens::asked_for(request.clauses()?);
    let whole = Rows { view, table: &request.table, select: &[], tokens: &tokens };
    let selected = Rows { select: &select, ..whole };
    let row = |record: &Arc<Record>| {
        let mut row = selected.of(record)?;
        if !joins.is_empty() {
            let from = whole.of(record)?;
            for join in joins {
                row.insert(text(join, "as")?.to_owned(), joined(view, join, &from)?);
            }
        }
        Ok(row)
    };
    records(view, request, take)?.iter().map(row).collect()
}

/// What is joined to a row: a list of rows, or one, or null.
fn joined(view: &View<'_>, join: &Value, row: &Object) -> Result<Value> {
    let table = Table::named(view.catalogue(), text(join, "model")?)?;
    let model = view.catalogue().model(table.model);
    let (from, to) = (text(join, "from")?, text(join, "to")?);
    let is_one = join.get("one") == Some(&Value::Bool(true));
    let take = if is_one { 1 } else { join.get("limit").and_then(Value::as_u64).unwrap_or(JOINED) };
    let kind = table.declared(model, to).map(|field| &field.kind);
    let value = in_kind(kind, row.get(from).cloned().unwrap_or_default());
    let found = if value.is_null() {
        Vec::new()
    } else {
        let clause = json!({ "field": to, "value": value });
        let condition = condition::of(&table, model, &[clause])?;
        let query = Query::parse(model, Some(&json!({ "where": condition, "take": take })))?;
        find::select(view, table.model, &query)?.records
    };
    let rows = Rows { view, table: &table, select: &[], tokens: &[] };
    let mut rows = found.iter().map(|record| rows.of(record).map(Value::Object));
    if is_one { rows.next().unwrap_or(Ok(Value::Null)) } else { rows.collect() }
}
