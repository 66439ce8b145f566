//! Conditions on rows, in SQL's logic of true, false and unknown.

mod build;
mod json;
mod like;
mod test;

pub(crate) use build::{column_tests, filter_of, unique_of};
pub(crate) use like::is_plain;

use super::value::Cell;

/// A condition. Nothing at all to ask (`{}`) is the lack of one, which `OR` passes over.
#[derive(Debug, Clone)]
pub(crate) enum Filter {
    /// All of these hold.
    All(Vec<Filter>),
    /// One of these holds.
    Any(Vec<Filter>),
    /// This does not hold.
    Not(Box<Filter>),
    /// A test of a column.
    Column(usize, Test),
    /// A test of the rows at the other end of a relation field.
    Related(usize, How, Option<Box<Filter>>),
}

/// How many of the related rows must fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// One at least; of a single row: it is there and fits.
    Some,
    /// Each of them.
    Every,
    /// None of them; of a single row: it is not there or does not fit.
    None,
}

/// What a column is compared with.
#[derive(Debug, Clone)]
pub(crate) enum Operand {
    /// A value.
    Value(Cell),
    /// Another column of the row.
    Column(usize),
}

/// A test of one cell.
#[derive(Debug, Clone)]
pub(crate) struct Test {
    /// What is asked.
    pub(crate) ask: Ask,
    /// Is case ignored?
    pub(crate) caseless: bool,
}

/// What is asked of a cell.
#[derive(Debug, Clone)]
pub(crate) enum Ask {
    /// It is this; nothing is nothing.
    Equals(Operand),
    /// It is one of these.
    In(Vec<Cell>),
    /// It is less.
    Less(Operand),
    /// It is not greater.
    LessOrEqual(Operand),
    /// It is greater.
    Greater(Operand),
    /// It is not less.
    GreaterOrEqual(Operand),
    /// The text has this in it, somewhere, at its start or at its end.
    Like(Part, Operand),
    /// A question about a JSON value.
    Json(Vec<String>, AskJson),
}

/// Where a text must occur.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Anywhere,
    Start,
    End,
}

/// What is asked of a JSON value at a path.
#[derive(Debug, Clone)]
pub(crate) enum AskJson {
    /// It is this value.
    Equals(Operand),
    /// The column holds nothing.
    DbNull,
    /// It is JSON's null.
    JsonNull,
    /// Either.
    AnyNull,
    /// It is a text that has this in it.
    Text(Part, Operand),
    /// It is a list that has these.
    ArrayContains(Operand),
    /// It is a list with this at its start, or at its end.
    ArrayEdge(Part, Operand),
    /// It stands so to a value of its kind.
    Order(fn(std::cmp::Ordering) -> bool, Operand),
}

impl Filter {
    /// The conditions that must all hold, where it says so at its top.
    pub(crate) fn parts(&self) -> &[Filter] {
        match self {
            Filter::All(filters) => filters,
            one => std::slice::from_ref(one),
        }
    }

    /// The column that must have one of some values, where that is all that the condition says.
    pub(crate) fn exactly(&self) -> Option<(usize, Vec<Cell>)> {
        let is_one = matches!(self, Filter::Column(..));
        self.wanted().pop().filter(|_| is_one)
    }

    /// The columns that must have one of some values, where the condition says so at its top.
    pub(crate) fn wanted(&self) -> Vec<(usize, Vec<Cell>)> {
        match self {
            Filter::All(filters) => filters.iter().flat_map(Filter::wanted).collect(),
            Filter::Column(column, Test { ask, caseless: false }) => match ask {
                Ask::Equals(Operand::Value(cell)) if !cell.is_null() => {
                    vec![(*column, vec![cell.clone()])]
                }
                Ask::In(cells) => vec![(*column, cells.clone())],
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }
}
