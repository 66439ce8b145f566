//! `findMany` and `count`: where, orderBy, take and skip, as Prisma has them.
//!
//! This room works on any records of a declared model; it must not know where they come from.

mod condition;
mod operand;
mod order;
mod test;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use crate::catalogue::Model;
use crate::error::{Error, Issue, Result};
use crate::json;

use condition::Condition;
use order::OrderBy;

/// A checked query over the records of one model.
#[derive(Debug)]
pub struct Query {
    condition: Option<Condition>,
    order: Vec<OrderBy>,
    take: Option<i64>,
    skip: usize,
}

/// Options of Prisma's that this store has no meaning for, and what to do instead.
const UNSUPPORTED: &[(&str, &str)] = &[
    ("select", "take the fields from the whole record"),
    ("include", "look the related records up by their ids"),
    ("cursor", "use where with orderBy and take"),
    ("distinct", "use a Set over the result"),
];

impl Query {
    /// Checks the options `{ where, orderBy, take, skip }`.
    ///
    /// # Errors
    /// `VALIDATION` with every fault.
    pub fn parse(model: &Model, options: Option<&Value>) -> Result<Query> {
        let mut issues = Vec::new();
        let query = Query::build(model, options.unwrap_or(&Value::Null), &mut issues);
        if issues.is_empty() { Ok(query) } else { Err(Error::validation(&model.name, issues)) }
    }

    fn build(model: &Model, options: &Value, issues: &mut Vec<Issue>) -> Query {
        let mut query = Query { condition: None, order: Vec::new(), take: None, skip: 0 };
        let empty = Map::new();
        let options = match options {
            Value::Object(map) => map,
            Value::Null => &empty,
            other => {
                issues.push(Issue::new(
                    "",
                    "an object { where, orderBy, take, skip }",
                    json::describe(other),
                ));
                &empty
            }
        };
        for (name, value) in options.iter().filter(|(_, value)| !value.is_null()) {
            match name.as_str() {
                "where" => {
                    query.condition = condition::parse(&model.fields, value, "where", issues)
                }
                "orderBy" => query.order = order::parse(model, value, issues),
                "take" => query.take = whole(value, "take", i64::MIN, issues),
                "skip" => {
                    let skip = whole(value, "skip", 0, issues).unwrap_or(0);
                    query.skip = usize::try_from(skip).unwrap_or(usize::MAX);
                }
                other => issues.push(unknown_option(other)),
            }
        }
        query
    }

    /// Values, by one field, of which every matching record has one: an index may find them.
    pub fn narrowed(&self) -> Vec<(&str, Vec<&str>)> {
        self.condition.as_ref().map(Condition::narrowed).unwrap_or_default()
    }

    /// Does a record match?
    pub fn matches(&self, record: &Map<String, Value>) -> bool {
        self.condition.as_ref().is_none_or(|condition| condition.matches(record))
    }

    /// The records that the query selects, in its order. `parse` is called only for records
    /// that must be looked into.
    pub fn select<T>(
        &self,
        records: impl IntoIterator<Item = T>,
        parse: impl Fn(&T) -> Map<String, Value>,
    ) -> Vec<T> {
        let records = records.into_iter();
        if self.order.is_empty() {
            let matching = records.filter(|r| self.condition.is_none() || self.matches(&parse(r)));
            return match self.take.unwrap_or(i64::MAX) {
                take if take < 0 => self.page(matching.collect()),
                take => matching
                    .skip(self.skip)
                    .take(usize::try_from(take).unwrap_or(usize::MAX))
                    .collect(),
            };
        }
        let parsed = records.map(|record| (parse(&record), record));
        let mut chosen: Vec<_> = parsed.filter(|(map, _)| self.matches(map)).collect();
        chosen.sort_by(|(one, _), (other, _)| order::compare(&self.order, one, other));
        self.page(chosen.into_iter().map(|(_, record)| record).collect())
    }

    /// `skip` and `take`; a negative `take` counts from the end, and so does `skip` then.
    fn page<T>(&self, mut records: Vec<T>) -> Vec<T> {
        let take = self.take.unwrap_or(i64::MAX);
        let count = usize::try_from(take.unsigned_abs()).unwrap_or(usize::MAX);
        if take < 0 {
            records.truncate(records.len().saturating_sub(self.skip));
            return records.split_off(records.len().saturating_sub(count));
        }
        records.into_iter().skip(self.skip).take(count).collect()
    }
}

fn unknown_option(name: &str) -> Issue {
    let known = "one of where, orderBy, take, skip";
    match UNSUPPORTED.iter().find(|(option, _)| *option == name) {
        Some((_, instead)) => {
            Issue::new(name, format!("{known}; {instead}"), "an option that is not supported")
        }
        None => Issue::new(name, known, "an unknown option"),
    }
}

fn whole(value: &Value, name: &str, least: i64, issues: &mut Vec<Issue>) -> Option<i64> {
    let found =
        value.as_i64().or_else(|| value.as_f64().filter(|n| n.fract() == 0.0).map(|n| n as i64));
    let found = found.filter(|number| *number >= least);
    if found.is_none() {
        let wanted = if least == 0 { "a whole number of 0 or more" } else { "a whole number" };
        issues.push(Issue::new(name, wanted, json::describe(value)));
    }
    found
}
