//! Orders of rows.

use std::cmp::Ordering;
use std::rc::Rc;

use crate::prisma::description::{Description, Scalar, Table};
use crate::prisma::error::Answer;
use crate::prisma::rows::{Reader, Row};
use crate::prisma::schema::{Object, Parsed};
use crate::prisma::value::Cell;

/// What rows are ordered by.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum By {
    /// A column of the row that the relation fields lead to.
    Column(Vec<usize>, usize),
    /// How many rows the last of the relation fields has.
    Count(Vec<usize>),
}

/// One step of an order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OrderKey {
    pub(crate) by: By,
    pub(crate) descending: bool,
    /// Do nulls come first? Where nothing is said, they come last in an ascending order.
    pub(crate) nulls_first: Option<bool>,
}

impl OrderKey {
    /// By a column of the row itself, ascending.
    pub(crate) fn column(column: usize) -> OrderKey {
        OrderKey { by: By::Column(Vec::new(), column), descending: false, nulls_first: None }
    }

    /// How two values stand in this order.
    pub(crate) fn order(&self, a: &Cell, b: &Cell) -> Ordering {
        let nulls_first = self.nulls_first.unwrap_or(self.descending);
        match (a.is_null(), b.is_null()) {
            (true, true) => Ordering::Equal,
            (true, false) => {
                if nulls_first {
                    Ordering::Less
                } else {
                    Ordering::Greater
                }
            }
            (false, true) => {
                if nulls_first {
                    Ordering::Greater
                } else {
                    Ordering::Less
                }
            }
            (false, false) if self.descending => b.order(a),
            (false, false) => a.order(b),
        }
    }
}

/// The order that an argument `orderBy` says.
pub(crate) fn order_of(
    description: &Description,
    table: usize,
    argument: Option<&Parsed>,
) -> Vec<OrderKey> {
    let objects = argument.into_iter().flat_map(Parsed::objects);
    objects.filter_map(|object| key_of(description, table, object, Vec::new())).collect()
}

fn key_of(
    description: &Description,
    table: usize,
    object: &Object,
    mut path: Vec<usize>,
) -> Option<OrderKey> {
    let (name, value) = object.fields.first()?;
    let of = &description.tables[table];
    if let Some(column) = of.column(name) {
        return Some(direction(By::Column(path, column), value));
    }
    if let Some(relation) = of.relation(name) {
        path.push(relation);
        let Parsed::Object(inner) = value else { return None };
        return key_of(description, of.relations[relation].target, inner, path);
    }
    (name == "_count").then(|| direction(By::Count(path), value))
}

/// A step, with the direction that a word or an object says.
pub(crate) fn direction(by: By, value: &Parsed) -> OrderKey {
    let (sort, nulls) = match value {
        Parsed::Object(object) => {
            let word = |name: &str| object.get(name).and_then(Parsed::word);
            (word("sort"), word("nulls"))
        }
        value => (value.word(), None),
    };
    let nulls_first = nulls.map(|nulls| nulls == "first");
    OrderKey { by, descending: sort == Some("desc"), nulls_first }
}

/// Do the steps leave no two rows of the table equal?
pub(crate) fn is_total(table: &Table, order: &[OrderKey]) -> bool {
    let by = |column: &usize| order.iter().any(|key| key.by == By::Column(Vec::new(), *column));
    let never_null = |key: &[usize]| key.iter().all(|column| !table.columns[*column].nullable);
    table.keys().any(|key| never_null(key) && key.iter().all(by))
}

/// The values by which a row is ordered.
pub(crate) fn values(
    reader: &Reader<'_>,
    description: &Description,
    table: usize,
    row: &Rc<Row>,
    order: &[OrderKey],
) -> Answer<Vec<Cell>> {
    order.iter().map(|key| value(reader, description, table, row, &key.by)).collect()
}

fn value(
    reader: &Reader<'_>,
    description: &Description,
    table: usize,
    row: &Rc<Row>,
    by: &By,
) -> Answer<Cell> {
    let (path, column) = match by {
        By::Column(path, column) => (path.as_slice(), Some(*column)),
        By::Count(path) => (path.as_slice(), None),
    };
    let (mut at, mut row) = (table, Rc::clone(row));
    for (step, relation) in path.iter().enumerate() {
        let rows = reader.related(at, *relation, &row)?;
        if column.is_none() && step + 1 == path.len() {
            return Ok(Cell::Int(i64::try_from(rows.len()).unwrap_or(i64::MAX)));
        }
        at = description.tables[at].relations[*relation].target;
        match rows.into_iter().next() {
            Some(other) => row = other,
            None => return Ok(Cell::Null),
        }
    }
    let of = &description.tables[at];
    Ok(column.map_or(Cell::Null, |column| rank(description, of, column, &row.cells[column])))
}

/// What a cell is ordered by: the words of an enumeration by their place in it.
pub(crate) fn rank(description: &Description, of: &Table, column: usize, cell: &Cell) -> Cell {
    match (of.columns[column].scalar, cell) {
        (Scalar::Enum(number), Cell::Text(word)) => {
            let place = description.enums[number].words.iter().position(|other| other == word);
            // A word that only the catalogue has comes behind those of the schema.
            Cell::Int(place.and_then(|place| i64::try_from(place).ok()).unwrap_or(i64::MAX))
        }
        _ => cell.clone(),
    }
}

/// How two rows stand in an order, by their values.
pub(crate) fn compare(order: &[OrderKey], a: &[Cell], b: &[Cell]) -> Ordering {
    let steps = order.iter().zip(a.iter().zip(b)).map(|(key, (a, b))| key.order(a, b));
    steps.fold(Ordering::Equal, Ordering::then)
}
