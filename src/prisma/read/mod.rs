//! Requests that only read.

mod aggregate;
mod find;
mod group;
mod order;
mod select;

use aggregate::aggregate;
use find::{find_arguments, run};
use group::group_by;
pub(crate) use select::{Selection, answer};

use serde_json::Value;

use super::error::{Answer, Failure};
use super::filter::{Filter, unique_of};
use super::request::Request;
use super::rows::Reader;
use super::schema::{In, InField, Obj, Object, Parsed, Schema, optional, required};

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
) -> Answer<Vec<std::rc::Rc<super::rows::Row>>> {
    let Some(filter) = filter else { return reader.all(table) };
    let mut rows = Vec::new();
    for row in reader.candidates(table, &filter.wanted())? {
        if filter.fits(reader, table, &row)? {
            rows.push(row);
        }
    }
    Ok(rows)
}

/// The one row that an object of type `WhereUnique` names, if it fits all that the object says.
pub(crate) fn unique_row(
    schema: &Schema,
    reader: &Reader<'_>,
    table: usize,
    object: &Object,
) -> Answer<Option<std::rc::Rc<super::rows::Row>>> {
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
