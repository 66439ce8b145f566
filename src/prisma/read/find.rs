//! Which rows a request finds: condition, order, cursor, page.

use std::cmp::Ordering;
use std::rc::Rc;

use super::order::{By, OrderKey, compare, is_total, order_of, values};
use super::{condition, first_matching, fitting};
use crate::prisma::description::{Default, Scalar, Table};
use crate::prisma::error::{Answer, Failure};
use crate::prisma::filter::{Ask, Filter, Operand, Test, unique_of};
use crate::prisma::request::{Arguments, Request};
use crate::prisma::rows::{Reader, Row};
use crate::prisma::schema::{In, InField, Obj, Parsed, Schema, Words, optional};
use crate::prisma::value::Cell;

/// What selects rows of a table, and in which order.
#[derive(Debug, Default, Clone)]
pub(crate) struct Find {
    pub(crate) filter: Option<Filter>,
    pub(crate) order: Vec<OrderKey>,
    /// The columns that name the row to begin with.
    pub(crate) cursor: Option<Vec<(usize, Cell)>>,
    /// How many; a negative number counts from the end.
    pub(crate) take: Option<i64>,
    pub(crate) skip: usize,
    /// Of rows with the same values in these columns only the first is taken.
    pub(crate) distinct: Vec<usize>,
    /// Only the first of them. (That alone asks for no order by the key, as a page does.)
    pub(crate) single: bool,
}

impl Find {
    /// Only the first one, or with a `take` of -1 the last one.
    ///
    /// # Errors
    /// Another `take`.
    pub(crate) fn only_one(&mut self) -> Answer<()> {
        self.single = true;
        if self.take.is_none_or(|take| take.abs() == 1) {
            return Ok(());
        }
        Err(Failure::input(
            "The 'findFirst' operation cannot be used with a 'take' argument that isn't 1 or -1",
        ))
    }

    /// So many rows are enough, the first of its order; nothing where that is not known.
    fn wanted(&self) -> Option<usize> {
        let all = self.cursor.is_some() || !self.distinct.is_empty();
        let take = if self.single { Some(self.take.unwrap_or(1)) } else { self.take };
        let take = take.filter(|_| !all).and_then(|take| usize::try_from(take).ok())?;
        take.checked_add(self.skip)
    }

    /// So many rows are enough, the latest by the time at which they were made.
    pub(super) fn latest(&self, table: &Table) -> Option<usize> {
        let [OrderKey { by: By::Column(path, column), descending: true, .. }] = &*self.order else {
            return None;
        };
        let is_made_at = matches!(table.columns[*column].default, Some(Default::Now));
        let whole = self.filter.is_none() && path.is_empty() && is_made_at;
        self.wanted().filter(|_| whole)
    }

    pub(super) fn is_paged(&self) -> bool {
        self.take.is_some() || self.skip > 0 || self.cursor.is_some()
    }
}

/// The arguments that select rows of a table.
pub(crate) fn arguments_of(table: usize) -> Vec<InField> {
    let order = In::Object(Obj::OrderBy(table));
    let columns = In::Words(Words::Columns(table));
    let list = |of: &In| In::List(Box::new(of.clone()));
    vec![
        optional("where", vec![In::Object(Obj::Where(table))]),
        optional("orderBy", vec![list(&order), order]),
        optional("cursor", vec![In::Object(Obj::WhereUnique(table))]),
        optional("take", vec![In::Scalar(Scalar::Int)]),
        optional("skip", vec![In::Scalar(Scalar::Int)]),
        optional("distinct", vec![columns.clone(), list(&columns)]),
    ]
}

/// What the arguments of a request select.
///
/// # Errors
/// Validation errors; a negative `skip`.
pub(crate) fn find_arguments(schema: &Schema, table: usize, request: &Request<'_>) -> Answer<Find> {
    find_of(schema, table, &request.read(schema, &arguments_of(table))?)
}

/// What arguments that were read select.
///
/// # Errors
/// A negative `skip`.
pub(crate) fn find_of(schema: &Schema, table: usize, arguments: &Arguments) -> Answer<Find> {
    let skip = arguments.int("skip").unwrap_or(0);
    let of = &schema.description.tables[table];
    let cursor = match arguments.get("cursor") {
        Some(Parsed::Object(object)) => Some(unique_of(of, object)),
        _ => None,
    };
    let distinct = match arguments.get("distinct") {
        Some(Parsed::List(items)) => items.iter().filter_map(Parsed::word).collect(),
        Some(one) => one.word().into_iter().collect(),
        None => Vec::new(),
    };
    Ok(Find {
        filter: condition(schema, table, arguments.get("where")),
        order: order_of(schema.description, table, arguments.get("orderBy")),
        cursor,
        take: arguments.int("take"),
        skip: usize::try_from(skip).map_err(|_| negative_skip(skip))?,
        distinct: distinct.into_iter().filter_map(|name| of.column(name)).collect(),
        single: false,
    })
}

fn negative_skip(skip: i64) -> Failure {
    Failure::Unknown(format!(
        "Error in query graph construction: AssertionError(\"Invalid value for skip argument: \
         Value can only be positive, found: {skip}\")"
    ))
}

/// The rows that are found, of the whole table or of those `among` which they are looked for.
///
/// # Errors
/// Those of reading.
pub(crate) fn run(
    reader: &Reader<'_>,
    table: usize,
    find: &Find,
    among: Option<Vec<Rc<Row>>>,
) -> Answer<Vec<Rc<Row>>> {
    if find.take == Some(0) {
        return Ok(Vec::new());
    }
    let order = effective_order(reader.table(table), find);
    match (among, &find.cursor) {
        (Some(rows), _) => {
            let rows = fitting(reader, table, rows, find.filter.as_ref())?;
            page(reader, table, find, (&order, rows))
        }
        (None, Some(cursor)) => behind(reader, table, find, (cursor, &order)),
        (None, None) => {
            let first = (&*order, find.wanted());
            let rows = first_matching(reader, table, find.filter.as_ref(), first)?;
            page(reader, table, find, (&order, rows))
        }
    }
}

/// So many rows are looked at beyond those of a page: they may stand before its cursor, with the same
/// values as that.
const TIES: usize = 16;

/// The page behind a cursor: of the rows that cannot stand before it, the first are looked at, and all
/// only where those are too few.
fn behind(
    reader: &Reader<'_>,
    table: usize,
    find: &Find,
    (cursor, order): (&[(usize, Cell)], &[OrderKey]),
) -> Answer<Vec<Rc<Row>>> {
    let Some(row) = row_at(reader, table, cursor)? else { return Ok(Vec::new()) };
    let bound = bound_of(reader.table(table), &row, order, find.take.is_some_and(|take| take < 0));
    let filter = Filter::All(find.filter.iter().cloned().chain(bound).collect());
    let of_page = find.take.filter(|_| find.distinct.is_empty());
    let of_page = of_page.and_then(|take| usize::try_from(take).ok());
    let most = of_page.map(|take| take.saturating_add(find.skip + TIES));
    let rows = first_matching(reader, table, Some(&filter), (order, most))?;
    let may_lack = most.is_some_and(|most| rows.len() >= most);
    let found = page(reader, table, find, (order, rows))?;
    if !may_lack || of_page.is_some_and(|take| found.len() == take) {
        return Ok(found);
    }
    let rows = first_matching(reader, table, Some(&filter), (order, None))?;
    page(reader, table, find, (order, rows))
}

/// The condition of which all rows from a row on hold, in an order; none where nulls, or the words of an
/// enumeration, would have to be compared.
fn bound_of(table: &Table, row: &Row, order: &[OrderKey], backwards: bool) -> Option<Filter> {
    let OrderKey { by: By::Column(path, column), descending, .. } = order.first()? else {
        return None;
    };
    let of = &table.columns[*column];
    if !path.is_empty() || of.nullable || matches!(of.scalar, Scalar::Enum(_) | Scalar::Json) {
        return None;
    }
    let value = Operand::Value(row.cells[*column].clone());
    let ask = match *descending == backwards {
        true => Ask::GreaterOrEqual(value),
        false => Ask::LessOrEqual(value),
    };
    Some(Filter::Column(*column, Test { ask, caseless: false }))
}

/// The row that a cursor names.
fn row_at(reader: &Reader<'_>, table: usize, cursor: &[(usize, Cell)]) -> Answer<Option<Rc<Row>>> {
    let wanted: Vec<_> = cursor.iter().map(|(at, cell)| (*at, vec![cell.clone()])).collect();
    let rows = reader.candidates(table, &wanted)?;
    Ok(rows.into_iter().find(|row| is_named(row, cursor)))
}

fn is_named(row: &Row, cursor: &[(usize, Cell)]) -> bool {
    cursor.iter().all(|(column, cell)| row.cells[*column].same(cell))
}

/// The order that is asked for; a page without one is of the order of the key.
fn effective_order(table: &Table, find: &Find) -> Vec<OrderKey> {
    let mut order = find.order.clone();
    if order.is_empty() && find.is_paged() {
        let key = table.keys().next().unwrap_or_default();
        order.extend(key.iter().map(|column| OrderKey::column(*column)));
    }
    order
}

/// A row, and the values that it is ordered by.
type Ordered = (Vec<Cell>, Rc<Row>);

fn page(
    reader: &Reader<'_>,
    table: usize,
    find: &Find,
    (order, rows): (&[OrderKey], Vec<Rc<Row>>),
) -> Answer<Vec<Rc<Row>>> {
    let with_values = |row: Rc<Row>| -> Answer<Ordered> {
        Ok((values(reader, reader.description, table, &row, order)?, row))
    };
    let mut ordered: Vec<Ordered> = rows.into_iter().map(with_values).collect::<Answer<_>>()?;
    let backwards = find.take.is_some_and(|take| take < 0);
    ordered.sort_by(|(a, _), (b, _)| compare(order, a, b));
    if backwards {
        ordered.reverse();
    }
    if let Some(cursor) = &find.cursor {
        ordered = from_cursor(reader, table, cursor, (order, backwards), ordered)?;
    }
    let mut rows: Vec<Rc<Row>> = ordered.into_iter().map(|(_, row)| row).collect();
    if !find.distinct.is_empty() {
        rows = distinct(rows, &find.distinct);
    }
    let take = find
        .take
        .map_or(usize::MAX, |take| usize::try_from(take.unsigned_abs()).unwrap_or(usize::MAX));
    let take = if find.single { take.min(1) } else { take };
    let mut rows: Vec<Rc<Row>> = rows.into_iter().skip(find.skip).take(take).collect();
    if backwards {
        rows.reverse();
    }
    Ok(rows)
}

/// The rows from the cursor on. Where the order is total, a cursor may name a row that the
/// condition leaves out; otherwise it must be among the rows.
fn from_cursor(
    reader: &Reader<'_>,
    table: usize,
    cursor: &[(usize, Cell)],
    (order, backwards): (&[OrderKey], bool),
    rows: Vec<Ordered>,
) -> Answer<Vec<Ordered>> {
    if !is_total(reader.table(table), order) {
        return Ok(rows.into_iter().skip_while(|(_, row)| !is_named(row, cursor)).collect());
    }
    let Some(first) = row_at(reader, table, cursor)? else { return Ok(Vec::new()) };
    let from = values(reader, reader.description, table, &first, order)?;
    let behind = |(values, _): &Ordered| match compare(order, values, &from) {
        Ordering::Equal => true,
        Ordering::Greater => !backwards,
        Ordering::Less => backwards,
    };
    Ok(rows.into_iter().filter(behind).collect())
}

fn distinct(rows: Vec<Rc<Row>>, columns: &[usize]) -> Vec<Rc<Row>> {
    let mut seen = std::collections::HashSet::new();
    let key = |row: &Row| -> Vec<Option<String>> {
        let cells = columns.iter().map(|column| &row.cells[*column]);
        cells.map(|cell| (!cell.is_null()).then(|| cell.key())).collect()
    };
    rows.into_iter().filter(|row| seen.insert(key(row))).collect()
}
