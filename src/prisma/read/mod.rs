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
use order::{By, OrderKey};
pub(crate) use select::Selection;

use std::rc::Rc;

use super::answer_text::AnswerText;
use super::error::{Answer, Failure};
use super::filter::{Filter, How, unique_of};
use super::request::Request;
use super::rows::{Reader, Row};
use super::schema::{In, InField, Obj, Object, Parsed, Schema, optional, required};
use super::value::Cell;
use crate::json;

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
    let way = way_in(reader, table, filter.map(Filter::parts).unwrap_or_default());
    let is_shorter = |way: &Way| way.rows < reader.estimate(table, &wanted) / WAY_COST;
    if let Some(way) = way.filter(is_shorter) {
        return through(reader, table, filter, way);
    }
    if let Some(narrowed) = narrow(reader.catalogue(), reader.table(table), filter, first)
        && let Some(mut rows) = reader.select(table, &narrowed.options)?
    {
        if let Some(cut) = narrowed.cut.filter(|cut| rows.len() >= cut.most) {
            rows = without_last_equals(rows, &first.0[..cut.steps]);
            if first.1.is_some_and(|wanted| rows.len() < wanted) {
                return first_matching(reader, table, filter, (first.0, None));
            }
        }
        let unsaid = filter.filter(|_| !narrowed.is_exact);
        return fitting(reader, table, rows, unsaid);
    }
    match way {
        Some(way) => through(reader, table, filter, way),
        None => fitting(reader, table, reader.candidates(table, &wanted)?, filter),
    }
}

/// Rows that were taken by the first steps of an order, without those that are the same there as the last:
/// one that was not taken may have to stand before these.
fn without_last_equals(mut rows: Vec<Rc<Row>>, steps: &[OrderKey]) -> Vec<Rc<Row>> {
    let Some(last) = rows.last().map(Rc::clone) else { return rows };
    let is_same = |row: &Row, key: &OrderKey| match &key.by {
        By::Column(_, column) => row.cells[*column].same(&last.cells[*column]),
        By::Count(_) => false,
    };
    rows.retain(|row| !steps.iter().all(|key| is_same(row, key)));
    rows
}

/// A row that is reached from a row that refers to it, or that it refers to, costs as much as so many that
/// are found at once.
const WAY_COST: usize = 3;

/// A way to the rows of a table: from the rows that must be at the other end of a relation field.
#[derive(Clone, Copy)]
struct Way {
    /// The number of the condition that says so.
    part: usize,
    /// At most about so many rows are found there.
    rows: usize,
}

/// The shortest way to rows of which all these conditions hold.
fn way_in(reader: &Reader<'_>, table: usize, parts: &[Filter]) -> Option<Way> {
    let ways = parts.iter().enumerate().filter_map(|(part, filter)| {
        let Filter::Related(relation, How::Some, Some(other)) = filter else { return None };
        let ([mine], [_]) = reader.description.joined_by(table, *relation) else { return None };
        let target = reader.description.tables[table].relations[*relation].target;
        let rows = reader.estimate(target, &other.wanted());
        (!reader.scans(table, *mine)).then_some(Way { part, rows })
    });
    ways.min_by_key(|way| way.rows)
}

/// The rows at the end of a way that fit; of them the condition that led there holds.
fn through(
    reader: &Reader<'_>,
    table: usize,
    filter: Option<&Filter>,
    way: Way,
) -> Answer<Vec<Rc<Row>>> {
    let parts = filter.map(Filter::parts).unwrap_or_default();
    let Filter::Related(relation, _, other) = &parts[way.part] else { return Ok(Vec::new()) };
    let target = reader.table(table).relations[*relation].target;
    let ([mine], [theirs]) = reader.description.joined_by(table, *relation) else {
        return Ok(Vec::new());
    };
    let exactly = other.as_deref().and_then(Filter::exactly);
    let of_entries = exactly.map(|wanted| reader.with_entries(table, (target, *theirs), &wanted));
    let mut rows = match of_entries.transpose()?.flatten() {
        Some(rows) => rows,
        None => {
            let others = reader.within_query(|| matching(reader, target, other.as_deref()))?;
            let cells: Vec<Cell> = others.iter().map(|row| row.cells[*theirs].clone()).collect();
            reader.with(table, *mine, &cells)?
        }
    };
    for (number, part) in parts.iter().enumerate() {
        if number != way.part {
            rows = fitting(reader, table, rows, Some(part))?;
        }
    }
    Ok(rows)
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

/// Adds the answer to a request that only reads.
///
/// # Errors
/// Why it cannot.
pub(crate) fn run_request(
    schema: &Schema,
    reader: &Reader<'_>,
    request: &Request<'_>,
    text: &mut AnswerText,
) -> Answer<()> {
    let table = request.table;
    match request.action {
        "findUnique" | "findUniqueOrThrow" => {
            let arguments = request.read(schema, &[unique_argument(table)])?;
            let selection = Selection::of(schema, table, request.selection, &[])?;
            let row = match arguments.get("where") {
                Some(Parsed::Object(object)) => unique_row(schema, reader, table, object)?,
                _ => None,
            };
            one(reader, request, row.as_ref(), &selection, text)
        }
        "findFirst" | "findFirstOrThrow" => {
            let mut find = find_arguments(schema, table, request)?;
            let selection = Selection::of(schema, table, request.selection, &[])?;
            find.only_one()?;
            let rows = run(reader, table, &find, None)?;
            one(reader, request, rows.first(), &selection, text)
        }
        "findMany" => {
            let find = find_arguments(schema, table, request)?;
            let selection = Selection::of(schema, table, request.selection, &[])?;
            let rows = run(reader, table, &find, None)?;
            selection.push_list(reader, table, &rows, text)
        }
        "aggregate" => {
            json::push_value(text, &aggregate(schema, reader, request)?);
            Ok(())
        }
        "groupBy" => group_by(schema, reader, request, text),
        other => Err(Failure::Unknown(format!("there is no action {other} that reads"))),
    }
}

fn one(
    reader: &Reader<'_>,
    request: &Request<'_>,
    row: Option<&Rc<Row>>,
    selection: &Selection,
    text: &mut AnswerText,
) -> Answer<()> {
    if row.is_none() && request.action.ends_with("OrThrow") {
        return Err(Failure::not_found("No record was found for a query."));
    }
    selection.push_one(reader, request.table, row, text)
}
