//! Walks over records in an order that the database keeps, as SQL.

use std::ops::Bound;

use tokio_postgres::types::ToSql;

use super::keys::Rank;
use super::link::Bound as Statement;
use super::tables::{Table, kept, name_of_index, name_of_order};
use crate::catalogue::{Access, By, Model, SortKey};
use crate::engine::memory::Order;

type Value = Box<dyn ToSql + Sync>;

/// An order, and the records that stand in it, in the words of SQL.
pub(super) struct Way {
    /// The rows that have the order: those of the records themselves, or of their keys.
    from: String,
    pub(super) of_keys: bool,
    conditions: Vec<String>,
    values: Vec<Value>,
    /// What decides first, which may be gone backwards, and what decides then.
    first: &'static [&'static str],
    descending: bool,
    then: &'static [&'static str],
}

/// Where a record stands in an order.
pub(super) struct Place {
    pub(super) order: Order,
    pub(super) rank: Rank,
}

impl Way {
    /// That of a walk.
    pub(super) fn of(model: &Model, access: &Access) -> Way {
        let Table { records, keys } = Table::of(model);
        let Access::Walk { under, by, from, to, descending, as_created } = access else {
            return Way::by_creation(records, false);
        };
        let Some((index, key)) = under else { return Way::by_creation(records, *descending) };
        let mut way = match by {
            By::Field(_) if !as_created => Way {
                first: &["by", "rest"],
                then: &["created_ms", "seq"],
                ..Way::by_creation(keys, *descending)
            },
            _ => Way::by_creation(keys, *descending && !as_created),
        };
        way.of_keys = true;
        let name = match by {
            By::Field(sort) => name_of_order(model, *index, *sort),
            By::Creation => name_of_index(model, *index),
        };
        way.only("index = ", vec![Box::new(name)]);
        way.only("value = ", vec![Box::new(kept(key))]);
        match by {
            By::Creation => way.only("by = ", vec![Box::new(Vec::<u8>::new())]),
            By::Field(_) => way.between(from, to),
        }
        way
    }

    fn by_creation(from: String, descending: bool) -> Way {
        let (conditions, values) = (Vec::new(), Vec::new());
        let (first, then) = (["created_ms"].as_slice(), ["seq"].as_slice());
        Way { from, of_keys: false, conditions, values, first, descending, then }
    }

    /// The place holders of values.
    fn values(&mut self, values: Vec<Value>) -> String {
        let names = values.into_iter().map(|value| {
            self.values.push(value);
            format!("${}", self.values.len())
        });
        names.collect::<Vec<_>>().join(", ")
    }

    /// Leaves only rows of which this holds.
    fn only(&mut self, what: &str, values: Vec<Value>) {
        let values = self.values(values);
        self.conditions.push(format!("{what}({values})"));
    }

    fn between(&mut self, from: &Bound<SortKey>, to: &Bound<SortKey>) {
        for (bound, includes, excludes) in [(from, ">=", ">"), (to, "<=", "<")] {
            let (compares, key) = match bound {
                Bound::Included(key) => (includes, key),
                Bound::Excluded(key) => (excludes, key),
                Bound::Unbounded => continue,
            };
            let Rank { by, rest } = Rank::of(key);
            self.only(&format!("(by, rest) {compares} "), vec![Box::new(by), Box::new(rest)]);
        }
    }

    /// Leaves only what comes behind a place. The first condition is the one that finds it in an index.
    pub(super) fn behind(&mut self, place: &Place) {
        let (less, first, then) = (self.descending, self.first.join(", "), self.then.join(", "));
        let (or_same, beyond) = if less { ("<=", "<") } else { (">=", ">") };
        let value = |column: &&str| -> Value {
            match *column {
                "by" => Box::new(place.rank.by.clone()),
                "rest" => Box::new(place.rank.rest.clone()),
                "created_ms" => Box::new(*place.order.created_ms()),
                _ => Box::new(place.order.sequence().cast_signed()),
            }
        };
        let firsts = self.values(self.first.iter().map(value).collect());
        let thens = self.values(self.then.iter().map(value).collect());
        self.conditions.push(format!("({first}) {or_same} ({firsts})"));
        self.conditions.push(format!("(({first}) {beyond} ({firsts}) OR ({then}) > ({thens}))"));
    }

    fn order(&self, table: &str) -> String {
        let direction = if self.descending { " DESC" } else { "" };
        let first = self.first.iter().map(|column| format!("{table}{column}{direction}"));
        let then = self.then.iter().map(|column| format!("{table}{column}"));
        first.chain(then).collect::<Vec<_>>().join(", ")
    }

    /// Asks for the first of them; for all without a limit.
    pub(super) fn ask(mut self, model: &Model, limit: Option<usize>) -> Statement {
        let limit = limit.map(|limit| {
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            format!(" LIMIT {}", self.values(vec![Box::new(limit)]))
        });
        let conditions = match self.conditions.is_empty() {
            true => String::new(),
            false => format!(" WHERE {}", self.conditions.join(" AND ")),
        };
        let (from, records) = (&self.from, Table::of(model).records);
        let rest = format!("{conditions} ORDER BY {}{}", self.order(""), limit.unwrap_or_default());
        let text = match self.of_keys {
            false => format!("SELECT seq, created_ms, text FROM {from}{rest}"),
            // The rows that are wanted are chosen before any record is looked up.
            true => format!(
                "SELECT r.seq, r.created_ms, r.text, p.by, p.rest
                 FROM (SELECT record, by, rest, created_ms, seq FROM {from}{rest}) p
                 JOIN {records} r ON r.key = p.record ORDER BY {}",
                self.order("p.")
            ),
        };
        Statement::new(text, self.values)
    }
}
