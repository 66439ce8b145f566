//! `findMany` and `count`: where, orderBy, take and skip, as Prisma has them.
//!
//! This module works on any records of a declared model; it must not know where they come from.

mod condition;
mod operand;
mod order;
mod plan;
mod range;
mod test;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use crate::catalogue::{Access, Model, SortKey};
use crate::error::{Error, Issue, Result};
use crate::json;

use condition::Condition;
use order::OrderBy;

pub use plan::{Plan, Sizes};

/// A checked query over the records of one model.
#[derive(Debug, Clone)]
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

    /// How the records that it selects are found.
    pub fn plan(&self, model: &Model, sizes: &dyn Sizes) -> Plan {
        plan::choose(self, model, sizes)
    }

    /// The same, for all that match.
    #[must_use]
    pub(crate) fn without_page(self) -> Query {
        Query { take: None, skip: 0, ..self }
    }

    /// The texts of which a field must be one, where the query says so.
    pub fn texts(&self, field: &str) -> Option<Vec<&str>> {
        let mut tests = Vec::new();
        self.condition.as_ref()?.tests(&mut tests);
        tests.iter().filter(|(name, _)| *name == field).find_map(|(_, test)| test.texts())
    }

    /// The fields that are looked at in a record.
    pub fn fields(&self) -> Vec<String> {
        let mut fields = Vec::new();
        self.condition.iter().for_each(|condition| condition.fields(&mut fields));
        fields.extend(self.order.iter().map(|by| by.field.clone()));
        fields.sort_unstable();
        fields.dedup();
        fields
    }

    /// Does a record match?
    pub fn matches(&self, record: &Map<String, Value>) -> bool {
        self.condition.as_ref().is_none_or(|condition| condition.matches(record))
    }

    /// How many records on the way of a plan are wanted, counted from its start.
    fn wanted(&self) -> usize {
        match self.take {
            Some(take) if take >= 0 => {
                self.skip.saturating_add(usize::try_from(take).unwrap_or(usize::MAX))
            }
            _ => usize::MAX,
        }
    }

    /// How many records on the way of a plan will be walked over, as far as that is known.
    pub fn wants(&self, plan: &Plan) -> Option<usize> {
        let in_order = plan.ordered && self.order.len() <= 1 || self.order.is_empty();
        let walks_all = self.wanted() == usize::MAX || !in_order;
        match (plan.exact, walks_all) {
            (true, false) => Some(self.wanted()),
            (true, true) => Some(usize::MAX),
            (false, true) => Some(plan.records),
            (false, false) => None,
        }
    }

    /// How many records a plan gathers without looking into them.
    pub fn gathers(&self, plan: &Plan) -> usize {
        let is_gathered_first = match &plan.access {
            Access::Walk { as_created, .. } => *as_created,
            Access::AnyOf { .. } => true,
            Access::Key(_) => false,
        };
        match (is_gathered_first, plan.exact) {
            (true, _) => plan.records,
            (false, true) => plan.records.min(self.wanted()),
            (false, false) => 0,
        }
    }

    /// The records that the query selects, in its order, of those on the way of a plan. `look`
    /// gives the fields of a record that must be looked into.
    ///
    /// # Errors
    /// What `look` fails with.
    pub fn select<T>(
        &self,
        plan: &Plan,
        records: impl IntoIterator<Item = T>,
        mut look: impl FnMut(&T) -> Result<Map<String, Value>>,
    ) -> Result<Vec<T>> {
        let by_keys = !(self.order.is_empty() || plan.ordered && self.order.len() == 1);
        let mut chosen = Chosen { order: &self.order, sorted: Vec::new(), group: Vec::new() };
        let mut records = records.into_iter();
        while chosen.sorted.len() < self.wanted()
            && let Some(record) = records.next()
        {
            if plan.exact && !by_keys {
                chosen.sorted.push(record);
                continue;
            }
            let fields = look(&record)?;
            if !plan.exact && !self.matches(&fields) {
                continue;
            }
            match by_keys {
                true => chosen.add(record, order::keys(&self.order, &fields), plan.ordered),
                false => chosen.sorted.push(record),
            }
        }
        chosen.end_group();
        Ok(self.page(chosen.sorted))
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

/// The records that match, so far.
struct Chosen<'q, T> {
    order: &'q [OrderBy],
    /// Those whose place is known.
    sorted: Vec<T>,
    /// Those among which the order is still open.
    group: Vec<(Box<[SortKey]>, T)>,
}

impl<T> Chosen<'_, T> {
    /// Adds a record. Where they come in the order of its first key, a new value of that ends a
    /// group; otherwise all are one.
    fn add(&mut self, record: T, keys: Box<[SortKey]>, ordered: bool) {
        if ordered && self.group.last().is_some_and(|(last, _)| last.first() != keys.first()) {
            self.end_group();
        }
        self.group.push((keys, record));
    }

    fn end_group(&mut self) {
        self.group.sort_by(|(one, _), (other, _)| order::compare(self.order, one, other));
        self.sorted.extend(self.group.drain(..).map(|(_, record)| record));
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
