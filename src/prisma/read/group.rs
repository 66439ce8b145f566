//! Groups of rows: `groupBy`.

use std::collections::HashMap;
use std::rc::Rc;

use serde_json::Value;

use super::aggregate::{answer, asked, value};
use super::order::{By, OrderKey, compare, direction, rank};
use super::{condition, matching, where_argument};
use crate::json;
use crate::prisma::answer_text::AnswerText;
use crate::prisma::description::{Description, Scalar, Table};
use crate::prisma::error::{Answer, Failure};
use crate::prisma::filter::Test;
use crate::prisma::filter::column_tests;
use crate::prisma::request::{Arguments, Request};
use crate::prisma::rows::{Reader, Row};
use crate::prisma::schema::{
    Aggregate, In, InField, Obj, Object, Parsed, Schema, Words, optional, required,
};
use crate::prisma::value::Cell;

/// A condition on a group.
enum Having {
    All(Vec<Having>),
    Any(Vec<Having>),
    Not(Box<Having>),
    /// A test of an aggregate, or of a column that the rows are grouped by.
    Test(Option<Aggregate>, usize, Test),
}

/// What groups are ordered by.
struct GroupKey {
    aggregate: Option<Aggregate>,
    column: usize,
    key: OrderKey,
}

fn arguments_of(table: usize) -> Vec<InField> {
    let order = In::Object(Obj::OrderByGroup(table));
    let columns = In::Words(Words::Columns(table));
    let list = |of: &In| In::List(Box::new(of.clone()));
    vec![
        where_argument(table),
        optional("orderBy", vec![list(&order), order]),
        required("by", vec![list(&columns), columns]),
        optional("having", vec![In::Object(Obj::Having(table))]),
        optional("take", vec![In::Scalar(Scalar::Int)]),
        optional("skip", vec![In::Scalar(Scalar::Int)]),
    ]
}

/// Adds the answer to `groupBy`.
///
/// # Errors
/// Validation errors; `P2019`.
pub(crate) fn group_by(
    schema: &Schema,
    reader: &Reader<'_>,
    request: &Request<'_>,
    text: &mut AnswerText,
) -> Answer<()> {
    let table = request.table;
    let of = reader.table(table);
    let arguments = request.read(schema, &arguments_of(table))?;
    let by: Vec<usize> = words(arguments.get("by")).filter_map(|name| of.column(name)).collect();
    let asked = asked(schema, table, request.selection)?;
    let having = match arguments.get("having") {
        Some(Parsed::Object(object)) => having_of(of, object),
        _ => None,
    };
    having.iter().try_for_each(|having| check_having(of, &by, having))?;
    let filter = condition(schema, table, arguments.get("where"));
    let rows = matching(reader, table, filter.as_ref())?;
    let mut groups = grouped(rows, &by);
    groups.retain(|rows| {
        having
            .as_ref()
            .is_none_or(|having| holds(schema.description, table, having, rows) == Some(true))
    });
    let order = order_of(of, arguments.get("orderBy"));
    let groups = ordered(schema.description, table, &order, groups);
    let groups = page(groups, &arguments);
    let mut list = text.begin_list();
    for rows in &groups {
        let mut map = answer(schema.description, table, &asked, rows);
        for column in &by {
            map.insert(of.columns[*column].name.clone(), rows[0].cells[*column].to_value());
        }
        text.next_row(&mut list);
        json::push_value(text, &Value::Object(map));
    }
    text.end_list(list);
    Ok(())
}

fn words(argument: Option<&Parsed>) -> impl Iterator<Item = &str> {
    let items = match argument {
        Some(Parsed::List(items)) => items.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    items.iter().filter_map(Parsed::word)
}

/// The rows of each group, never none, in the order in which groups first occur.
fn grouped(rows: Vec<Rc<Row>>, by: &[usize]) -> Vec<Vec<Rc<Row>>> {
    let mut places: HashMap<Vec<Option<String>>, usize> = HashMap::new();
    let mut groups: Vec<Vec<Rc<Row>>> = Vec::new();
    for row in rows {
        let key = by.iter().map(|column| &row.cells[*column]);
        let key: Vec<Option<String>> = key.map(|c| (!c.is_null()).then(|| c.key())).collect();
        let place = *places.entry(key).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.push(row),
            None => groups.push(vec![row]),
        }
    }
    groups
}

fn having_of(table: &Table, object: &Object) -> Option<Having> {
    let all = |list: Vec<Having>| (!list.is_empty()).then_some(Having::All(list));
    let each = |value: &Parsed| -> Vec<Having> {
        value.objects().filter_map(|object| having_of(table, object)).collect()
    };
    let not = |having| Having::Not(Box::new(having));
    let parts = object.fields.iter().filter_map(|(name, value)| match name.as_str() {
        "AND" => all(each(value)),
        "OR" => Some(Having::Any(each(value))),
        "NOT" => all(each(value).into_iter().map(not).collect()),
        name => all(column_having(table, table.column(name)?, value)),
    });
    all(parts.collect())
}

/// The tests of a column, and of aggregates of it.
fn column_having(table: &Table, column: usize, value: &Parsed) -> Vec<Having> {
    let test = |aggregate: Option<Aggregate>, value: &Parsed| {
        let tests = column_tests(table, column, value);
        tests.into_iter().map(move |(test, is)| {
            let having = Having::Test(aggregate, column, test);
            if is { having } else { Having::Not(Box::new(having)) }
        })
    };
    let mut all: Vec<Having> = test(None, value).collect();
    if let Parsed::Object(object) = value {
        for aggregate in Aggregate::ALL {
            all.extend(
                object.get(aggregate.name()).into_iter().flat_map(|v| test(Some(aggregate), v)),
            );
        }
    }
    all
}

fn check_having(table: &Table, by: &[usize], having: &Having) -> Answer<()> {
    match having {
        Having::All(list) | Having::Any(list) => {
            list.iter().try_for_each(|having| check_having(table, by, having))
        }
        Having::Not(having) => check_having(table, by, having),
        Having::Test(None, column, _) if !by.contains(column) => Err(Failure::input(&format!(
            "Every field used in `having` filters must either be an aggregation filter or be \
             included in the selection of the query. Missing fields: {}",
            table.columns[*column].name
        ))),
        Having::Test(..) => Ok(()),
    }
}

fn not(answer: Option<bool>) -> Option<bool> {
    answer.map(|holds| !holds)
}

/// Do all hold? One that does not outweighs those that are unknown.
fn all(mut answers: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut all = Some(true);
    let refuted = answers.any(|answer| {
        all = all.and(answer);
        answer == Some(false)
    });
    if refuted { Some(false) } else { all }
}

fn holds(
    description: &Description,
    table: usize,
    having: &Having,
    rows: &[Rc<Row>],
) -> Option<bool> {
    let below = |having: &Having| holds(description, table, having, rows);
    match having {
        Having::All(list) => all(list.iter().map(below)),
        Having::Any(list) => not(all(list.iter().map(|having| not(below(having))))),
        Having::Not(having) => not(below(having)),
        Having::Test(None, column, test) => test.answer(&rows[0].cells[*column], &rows[0].cells),
        Having::Test(Some(aggregate), column, test) => {
            let cell = value(description, table, *aggregate, Some(*column), rows);
            test.answer(&cell, &rows[0].cells)
        }
    }
}

fn order_of(table: &Table, argument: Option<&Parsed>) -> Vec<GroupKey> {
    let objects = argument.into_iter().flat_map(Parsed::objects);
    objects
        .filter_map(|object| {
            let (name, value) = object.fields.first()?;
            let aggregate = Aggregate::ALL.into_iter().find(|a| a.name() == name);
            let (name, value) = match (aggregate, value) {
                (Some(_), Parsed::Object(inner)) => {
                    inner.fields.first().map(|(name, value)| (name, value))?
                }
                _ => (name, value),
            };
            let column = table.column(name)?;
            let key = direction(By::Column(Vec::new(), column), value);
            Some(GroupKey { aggregate, column, key })
        })
        .collect()
}

fn ordered(
    description: &Description,
    table: usize,
    order: &[GroupKey],
    groups: Vec<Vec<Rc<Row>>>,
) -> Vec<Vec<Rc<Row>>> {
    let of = &description.tables[table];
    let values = |rows: &[Rc<Row>]| -> Vec<Cell> {
        let value = |key: &GroupKey| match key.aggregate {
            Some(aggregate) => value(description, table, aggregate, Some(key.column), rows),
            None => rank(description, of, key.column, &rows[0].cells[key.column]),
        };
        order.iter().map(value).collect()
    };
    let keys: Vec<OrderKey> = order.iter().map(|key| key.key.clone()).collect();
    let mut groups: Vec<_> = groups.into_iter().map(|rows| (values(&rows), rows)).collect();
    groups.sort_by(|(a, _), (b, _)| compare(&keys, a, b));
    groups.into_iter().map(|(_, rows)| rows).collect()
}

fn page(groups: Vec<Vec<Rc<Row>>>, arguments: &Arguments) -> Vec<Vec<Rc<Row>>> {
    let skip = usize::try_from(arguments.int("skip").unwrap_or(0)).unwrap_or(0);
    let Some(take) = arguments.int("take") else {
        return groups.into_iter().skip(skip).collect();
    };
    let count = usize::try_from(take.unsigned_abs()).unwrap_or(usize::MAX);
    if take >= 0 {
        return groups.into_iter().skip(skip).take(count).collect();
    }
    let end = groups.len().saturating_sub(skip);
    groups.into_iter().take(end).skip(end.saturating_sub(count)).collect()
}
