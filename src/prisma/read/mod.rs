//! Requests that only read.

mod aggregate;
mod find;
mod group;
mod narrow;
mod order;
mod select;

use aggregate::aggregate;
use find::{find_arguments, run};
use group::group_by;
use narrow::narrow;
use order::OrderKey;
pub(crate) use select::{Selection, answer};

use std::rc::Rc;

use serde_json::Value;

use super::error::{Answer, Failure};
use super::filter::{Filter, How, unique_of};
use super::request::Request;
use super::rows::{Reader, Row};
use super::schema::{In, InField, Obj, Object, Parsed, Schema, optional, required};
use super::value::Cell;

/// The argument `where` of a call that is about one row.
pub(crate) fn unique_argument(table: usize) -> InField {
    required("where", vec![In::Object(Obj::WhereUnique(table))])
}

/// The argument `where` of a call that is about rows.
pub(crate) fn where_argument(table: usize) -> InField {
    optional("where", vec![In::Object(Obj::Where(table))])
}

/// The condition of an argument.
pub(crate) fn condition(
    schema: &Schema,
    table: usize,
    argument: Option<&Parsed>,
) -> Option<Filter> {
    match argument {
        Some(Parsed::Object(object)) => super::filter::filter_of(schema.description, table, object),
        _ => None,
    }
}

/// The rows that fit a condition.
pub(crate) fn matching(
    reader: &Reader<'_>,
    table: usize,
    filter: Option<&Filter>,
) -> Answer<Vec<Rc<Row>>> {
    first_matching(reader, table, filter, (&[], None))
}

/// The rows that fit a condition; of these at least the first so many in an order, where no more
/// are wanted.
fn first_matching(
    reader: &Reader<'_>,
    table: usize,
    filter: Option<&Filter>,
    first: (&[OrderKey], Option<usize>),
) -> Answer<Vec<Rc<Row>>> {
    let wanted = filter.map(Filter::wanted).unwrap_or_default();
    if let Some(rows) = reader.by_key(table, &wanted)? {
        return fitting(reader, table, rows, filter);
    }
    if let Some(narrowed) = narrow(reader.catalogue(), reader.table(table), filter, first)
        && let Some(rows) = reader.select(table, &narrowed.options)?
    {
        let unsaid = filter.filter(|_| !narrowed.is_exact);
        return fitting(reader, table, rows, unsaid);
    }
    let rows = match through_relation(reader, table, filter)? {
        Some(rows) => rows,
        None => reader.candidates(table, &wanted)?,
    };
    fitting(reader, table, rows, filter)
}

/// The rows at the other end of rows that must be related to them: those are found first.
fn through_relation(
    reader: &Reader<'_>,
    table: usize,
    filter: Option<&Filter>,
) -> Answer<Option<Vec<Rc<Row>>>> {
    for part in filter.map(Filter::parts).unwrap_or_default() {
        let Filter::Related(relation, How::Some, Some(other)) = part else { continue };
        let target = reader.table(table).relations[*relation].target;
        let (mine, theirs) = reader.description.joined_by(table, *relation);
        let ([mine], [theirs]) = (mine, theirs) else { continue };
        if reader.scans(table, *mine) {
            continue;
        }
        let others = matching(reader, target, Some(other))?;
        let cells: Vec<Cell> = others.iter().map(|row| row.cells[*theirs].clone()).collect();
        return reader.with(table, *mine, &cells).map(Some);
    }
    Ok(None)
}

/// Those of some rows that fit a condition.
fn fitting(
    reader: &Reader<'_>,
    table: usize,
    rows: Vec<Rc<Row>>,
    filter: Option<&Filter>,
) -> Answer<Vec<Rc<Row>>> {
    let Some(filter) = filter else { return Ok(rows) };
    let mut fitting = Vec::new();
    for row in rows {
        if filter.fits(reader, table, &row)? {
            fitting.push(row);
        }
    }
    Ok(fitting)
}

/// The one row that an object of type `WhereUnique` names, if it fits all that the object says.
pub(crate) fn unique_row(
    schema: &Schema,
    reader: &Reader<'_>,
    table: usize,
    object: &Object,
) -> Answer<Option<Rc<Row>>> {
    let named = unique_of(&schema.description.tables[table], object);
    let wanted: Vec<_> = named.into_iter().map(|(column, cell)| (column, vec![cell])).collect();
    let filter = super::filter::filter_of(schema.description, table, object);
    for row in reader.candidates(table, &wanted)? {
        let named = wanted.iter().all(|(column, cells)| row.cells[*column].same(&cells[0]));
        let fits = match &filter {
            Some(filter) if named => filter.fits(reader, table, &row)?,
            _ => named,
        };
        if fits {
            return Ok(Some(row));
        }
    }
    Ok(None)
}

/// Answers a request that only reads.
///
/// # Errors
/// Why it cannot.
pub(crate) fn run_request(
    schema: &Schema,
    reader: &Reader<'_>,
    request: &Request<'_>,
) -> Answer<Value> {
    let table = request.table;
    match request.action {
        "findUnique" | "findUniqueOrThrow" => {
            let arguments = request.read(schema, &[unique_argument(table)])?;
            let selection = Selection::of(schema, table, request.selection, &[])?;
            let row = match arguments.get("where") {
                Some(Parsed::Object(object)) => unique_row(schema, reader, table, object)?,
                _ => None,
            };
            let rows: Vec<_> = row.into_iter().collect();
            one(answer(schema, reader, table, &rows, &selection)?, request.action)
        }
        "findFirst" | "findFirstOrThrow" => {
            let mut find = find_arguments(schema, table, request)?;
            let selection = Selection::of(schema, table, request.selection, &[])?;
            find.only_one()?;
            let rows = run(reader, table, &find, None)?;
            one(answer(schema, reader, table, &rows, &selection)?, request.action)
        }
        "findMany" => {
            let find = find_arguments(schema, table, request)?;
            let selection = Selection::of(schema, table, request.selection, &[])?;
            let rows = run(reader, table, &find, None)?;
            Ok(answer(schema, reader, table, &rows, &selection)?.into())
        }
        "aggregate" => aggregate(schema, reader, request),
        "groupBy" => group_by(schema, reader, request),
        other => Err(Failure::Unknown(format!("there is no action {other} that reads"))),
    }
}

fn one(answers: Vec<Value>, action: &str) -> Answer<Value> {
    match answers.into_iter().next() {
        Some(answer) => Ok(answer),
        None if action.ends_with("OrThrow") => {
            Err(Failure::not_found("No record was found for a query."))
        }
        None => Ok(Value::Null),
    }
}
