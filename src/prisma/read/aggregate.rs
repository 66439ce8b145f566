//! Counts, sums, means, least and greatest values.

use std::rc::Rc;

use serde_json::{Map, Value, json};

use super::find::{Find, find_arguments, run};
use super::narrow::narrow;
use super::order::{is_total, rank};
use crate::prisma::description::{Description, Source, Table};
use crate::prisma::error::{Answer, Failure};
use crate::prisma::filter::Filter;
use crate::prisma::request::{Request, invalid};
use crate::prisma::rows::{Reader, Row};
use crate::prisma::schema::names::aggregate_name;
use crate::prisma::schema::{Aggregate, Fault, Schema};
use crate::prisma::value::Cell;

/// An aggregate of an answer, and what it is made of.
pub(super) struct Asked {
    aggregate: Aggregate,
    /// Columns; none is the rows themselves.
    of: Vec<Option<usize>>,
}

impl Asked {
    /// Is it how many rows there are, and nothing of what they hold?
    fn is_of_rows(&self) -> bool {
        self.aggregate == Aggregate::Count && self.of == [None]
    }
}

/// The aggregates that a selection asks for, in its order; other keys are passed over.
pub(super) fn asked(
    schema: &Schema,
    table: usize,
    selection: &Map<String, Value>,
) -> Answer<Vec<Asked>> {
    let of = &schema.description.tables[table];
    let mut all = Vec::new();
    for (name, value) in selection.iter().filter(|(_, value)| **value != Value::Bool(false)) {
        let Some(aggregate) = Aggregate::ALL.into_iter().find(|a| a.name() == name) else {
            continue;
        };
        let fields = value.get("selection").and_then(Value::as_object);
        let fields =
            fields.into_iter().flatten().filter(|(_, value)| **value != Value::Bool(false));
        let columns = fields.map(|(name, _)| column(of, aggregate, name));
        all.push(Asked { aggregate, of: columns.collect::<Answer<_>>()? });
    }
    Ok(all)
}

fn column(of: &Table, aggregate: Aggregate, name: &str) -> Answer<Option<usize>> {
    if name == "_all" && aggregate == Aggregate::Count {
        return Ok(None);
    }
    let column = of.column(name).filter(|at| aggregate.applies(of.columns[*at].scalar));
    column.map(Some).ok_or_else(|| {
        let type_name = format!("{}{}AggregateOutputType", of.name, aggregate_name(aggregate));
        let sentence = format!(
            "Unknown field `{name}` for select statement on model `{type_name}`. Available options \
             are marked with ?."
        );
        invalid(vec![Fault::selection(0, sentence)])
    })
}

/// Answers `aggregate`, and `count`.
///
/// # Errors
/// Validation errors; `P2019`.
pub(crate) fn aggregate(
    schema: &Schema,
    reader: &Reader<'_>,
    request: &Request<'_>,
) -> Answer<Value> {
    let table = request.table;
    let mut find = find_arguments(schema, table, request)?;
    find.distinct.clear();
    let asked = asked(schema, table, request.selection)?;
    let unstable = !find.order.is_empty() && !is_total(reader.table(table), &find.order);
    if find.cursor.is_some() && unstable {
        return Err(Failure::input(
            "Unable to process combination of query arguments for aggregation query. Please note \
             that it is not possible at the moment to have a null-cursor, or a cursor and orderBy \
             combination that not stable (unique).",
        ));
    }
    if asked.iter().all(Asked::is_of_rows)
        && let Some(count) = count(reader, table, &find)?
    {
        return Ok(json!({ "_count": { "_all": count } }));
    }
    let rows = run(reader, table, &find, None)?;
    Ok(Value::Object(answer(schema.description, table, &asked, &rows)))
}

/// How many rows there are, where that is known without a look at them.
fn count(reader: &Reader<'_>, table: usize, find: &Find) -> Answer<Option<usize>> {
    if find.is_paged() {
        return Ok(None);
    }
    match reader.table(table).source {
        Source::Records { .. } => {}
        Source::Log { .. } => {
            let exactly = find.filter.as_ref().and_then(Filter::exactly);
            return exactly.map_or(Ok(None), |wanted| reader.count_lines_with(table, &wanted));
        }
        Source::Entries { .. } => return Ok(None),
    }
    let narrowed =
        narrow(reader.catalogue(), reader.table(table), find.filter.as_ref(), (&[], None));
    match (narrowed, &find.filter) {
        (Some(narrowed), _) if narrowed.is_exact => reader.count(table, &narrowed.options),
        (None, None) => reader.count(table, &json!({})),
        _ => Ok(None),
    }
}

/// The aggregates of some rows.
pub(super) fn answer(
    description: &Description,
    table: usize,
    asked: &[Asked],
    rows: &[Rc<Row>],
) -> Map<String, Value> {
    let of = &description.tables[table];
    let one = |asked: &Asked| {
        let entries = asked.of.iter().map(|column| {
            let name = column.map_or("_all", |column| &of.columns[column].name);
            let value = value(description, table, asked.aggregate, *column, rows).to_value();
            (name.to_owned(), value)
        });
        (asked.aggregate.name().to_owned(), Value::Object(entries.collect()))
    };
    asked.iter().map(one).collect()
}

/// An aggregate of a column, or of the rows themselves.
pub(super) fn value(
    description: &Description,
    table: usize,
    aggregate: Aggregate,
    column: Option<usize>,
    rows: &[Rc<Row>],
) -> Cell {
    let int = |number: usize| Cell::Int(i64::try_from(number).unwrap_or(i64::MAX));
    let Some(column) = column else { return int(rows.len()) };
    let of = &description.tables[table];
    let cells = rows.iter().map(|row| &row.cells[column]).filter(|cell| !cell.is_null());
    let by_rank = |a: &&Cell, b: &&Cell| {
        let rank = |cell: &Cell| rank(description, of, column, cell);
        rank(a).order(&rank(b))
    };
    match aggregate {
        Aggregate::Count => int(cells.count()),
        Aggregate::Min => cells.min_by(by_rank).cloned().unwrap_or(Cell::Null),
        Aggregate::Max => cells.max_by(by_rank).cloned().unwrap_or(Cell::Null),
        Aggregate::Sum => cells.fold(Cell::Null, |sum, cell| add(&sum, cell)),
        Aggregate::Avg => {
            let numbers: Vec<f64> = cells.filter_map(Cell::number).collect();
            if numbers.is_empty() {
                return Cell::Null;
            }
            Cell::Float(numbers.iter().sum::<f64>() / numbers.len() as f64)
        }
    }
}

fn add(sum: &Cell, cell: &Cell) -> Cell {
    match (sum, cell) {
        (Cell::Null, cell) => cell.clone(),
        (Cell::Int(a), Cell::Int(b)) => Cell::Int(a.saturating_add(*b)),
        (a, b) => Cell::Float(a.number().unwrap_or(0.0) + b.number().unwrap_or(0.0)),
    }
}
