//! The rows of logs in a database.

use std::sync::Arc;

use tokio_postgres::Row;

use super::database::Database;
use super::link::Bound;
use super::tables::kept;
use crate::catalogue::ModelId;
use crate::engine::clock;
use crate::engine::committed::RowCount;
use crate::engine::logs::{LogBound, LogChanges, LogIndex, LogKey, LogQuery, LogRows, Rows};
use crate::error::{Error, Issue, Result};

/// What part of a log is asked for, as SQL.
#[derive(Default)]
pub(super) struct Part {
    conditions: String,
    values: Vec<i64>,
}

impl Part {
    /// Only rows whose column compares so with a value.
    fn add(&mut self, column: &str, compares: &str, value: i64) {
        self.values.push(value);
        // The log, its owner and the types are the first three.
        self.conditions += &format!(" AND {column} {compares} ${}", self.values.len() + 3);
    }
}

/// Does it begin or end at a row, whose place must be asked for?
pub(super) fn has_bound_by_id(query: &LogQuery) -> bool {
    let is_id = |bound: &Option<LogBound>| matches!(bound, Some(LogBound::Id(_)));
    is_id(&query.after) || is_id(&query.before)
}

/// The texts of rows, oldest first, whichever were asked for first.
pub(super) fn texts_of(rows: &[Row], query: &LogQuery) -> Vec<Arc<str>> {
    let text = |row: &Row| Arc::from(row.get::<_, &str>("text"));
    if query.latest.is_some() {
        let mut placed: Vec<(i64, Arc<str>)> =
            rows.iter().map(|row| (row.get("place"), text(row))).collect();
        placed.sort_unstable_by_key(|(place, _)| *place);
        return placed.into_iter().map(|(_, text)| text).collect();
    }
    match query.after.is_some() {
        true => rows.iter().map(text).collect(),
        false => rows.iter().rev().map(text).collect(),
    }
}

impl Database<'_> {
    fn log_name(&self, model: ModelId) -> String {
        use crate::engine::committed::Committed;
        self.catalogue().model(model).collection.clone()
    }

    /// Reads a log that a transaction has changed as its rows would be read in a folder.
    fn with_rows<T>(
        &self,
        key: &LogKey,
        changes: &LogChanges,
        read: impl FnOnce(&LogRows<'_>) -> Result<T>,
    ) -> Result<T> {
        use crate::engine::committed::Committed;
        let rows = if changes.fresh { Vec::new() } else { self.all_rows(key)? };
        let about = Rows::of(self.catalogue(), key.0, usize::MAX);
        let index = LogIndex::empty(&self.log_name(key.0), 0, about);
        let committed = rows.iter().map(|(id, text)| (&**id, Some(&**text)));
        read(&index.changed(committed.chain(changes.rows())))
    }

    fn all_rows(&self, (model, owner): &LogKey) -> Result<Vec<(String, String)>> {
        let question =
            "SELECT id, text FROM \".rows\" WHERE log = $1 AND owner = $2 ORDER BY place";
        let rows = self.ask(question, &[&self.log_name(*model), &&**owner])?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    pub(super) fn select(
        &self,
        key: &LogKey,
        query: &LogQuery,
        changes: Option<&LogChanges>,
    ) -> Result<Vec<Arc<str>>> {
        if let Some(changes) = changes {
            return self.with_rows(key, changes, |rows| rows.select(query, |_| Ok(())));
        }
        if let Some(known) = self.rows_known(key, query) {
            return Ok(known);
        }
        let part = self.part_of(key, query, self.part(key, query)?);
        let texts = texts_of(&self.ask_bound(&part)?, query);
        self.note_rows(key, query, texts.clone());
        Ok(texts)
    }

    pub(super) fn rows_known(&self, key: &LogKey, query: &LogQuery) -> Option<Vec<Arc<str>>> {
        let known = self.rows.borrow();
        let (_, texts) = known.get(key)?.iter().find(|(other, _)| other == query)?;
        Some(texts.clone())
    }

    pub(super) fn note_rows(&self, key: &LogKey, query: &LogQuery, texts: Vec<Arc<str>>) {
        let mut known = self.rows.borrow_mut();
        known.entry(key.clone()).or_default().push((query.clone(), texts));
    }

    /// Asks for the rows of a part.
    pub(super) fn part_of(&self, key: &LogKey, query: &LogQuery, part: Part) -> Bound {
        let (order, limit) = match (query.after.is_some(), query.limit, query.latest) {
            (true, limit, _) => ("place", limit),
            (false, None, Some(latest)) => ("time_ms DESC, place DESC", Some(latest)),
            (false, limit, _) => ("place DESC", limit),
        };
        let limit = limit.map(|limit| format!(" LIMIT {limit}")).unwrap_or_default();
        self.asked(key, query, part, ("place, text", &format!(" ORDER BY {order}{limit}")))
    }

    pub(super) fn count_selected(
        &self,
        key: &LogKey,
        query: &LogQuery,
        changes: Option<&LogChanges>,
    ) -> Result<usize> {
        if let Some(changes) = changes {
            return self.with_rows(key, changes, |rows| rows.count_of(query));
        }
        let counted = self.asked(key, query, self.part(key, query)?, ("count(*)", ""));
        let rows = self.ask_bound(&counted)?;
        let all: i64 = rows.first().map_or(0, |row| row.get(0));
        let all = usize::try_from(all).unwrap_or_default();
        Ok(query.limit.map_or(all, |limit| limit.min(all)))
    }

    /// Asks for something of the rows that a query selects.
    fn asked(
        &self,
        key: &LogKey,
        query: &LogQuery,
        part: Part,
        (wanted, behind): (&str, &str),
    ) -> Bound {
        let question = format!(
            "SELECT {wanted} FROM \".rows\" WHERE log = $1 AND owner = $2
               AND ($3::text[] IS NULL OR kind = ANY($3)){}{behind}",
            part.conditions
        );
        let mut bound = Bound::new(
            question,
            vec![
                Box::new(self.log_name(key.0)),
                Box::new(key.1.to_string()),
                Box::new(query.types.clone()),
            ],
        );
        bound.params.extend(part.values.into_iter().map(|value| Box::new(value) as _));
        bound
    }

    fn part(&self, key: &LogKey, query: &LogQuery) -> Result<Part> {
        let mut part = Part::default();
        match &query.after {
            Some(LogBound::Id(id)) => part.add("place", ">", self.place_of(key, id)?),
            Some(LogBound::Time(time)) => part.add("time_ms", ">", ms_of(time, "after")?),
            None => {}
        }
        match &query.before {
            Some(LogBound::Id(id)) => part.add("place", "<", self.place_of(key, id)?),
            Some(LogBound::Time(time)) => part.add("time_ms", "<", ms_of(time, "before")?),
            None => {}
        }
        Ok(part)
    }

    fn place_of(&self, (model, owner): &LogKey, id: &str) -> Result<i64> {
        let question = "SELECT place FROM \".rows\" WHERE log = $1 AND owner = $2 AND id = $3";
        let rows = self.ask(question, &[&self.log_name(*model), &&**owner, &kept(id)])?;
        rows.first().map(|row| row.get(0)).ok_or_else(|| {
            let wanted = "the id of a row that is in this log, or a time";
            Error::validation("LogOptions", vec![Issue::new("before or after", wanted, id)])
        })
    }

    pub(super) fn row(&self, (model, owner): &LogKey, id: &str) -> Result<Option<Arc<str>>> {
        let question = "SELECT text FROM \".rows\" WHERE log = $1 AND owner = $2 AND id = $3";
        let rows = self.ask(question, &[&self.log_name(*model), &&**owner, &kept(id)])?;
        Ok(rows.first().map(|row| row.get::<_, &str>(0).into()))
    }

    pub(super) fn bytes_of_log(&self, (model, owner): &LogKey) -> Result<u64> {
        let question = "SELECT coalesce(sum(octet_length(text) + 1), 0)::bigint FROM \".rows\"
             WHERE log = $1 AND owner = $2";
        let rows = self.ask(question, &[&self.log_name(*model), &&**owner])?;
        let bytes: i64 = rows.first().map_or(0, |row| row.get(0));
        Ok(u64::try_from(bytes).unwrap_or_default())
    }

    pub(super) fn count_log(
        &self,
        key: &LogKey,
        changes: Option<&LogChanges>,
        without: &[String],
    ) -> Result<RowCount> {
        use crate::engine::committed::Committed;
        if let Some(changes) = changes {
            return self.with_rows(key, changes, |rows| {
                let (staying, last_ms) = rows.count(without);
                Ok(RowCount { all: rows.count(&[]).0, staying, last_ms, is_whole: true })
            });
        }
        let question = "SELECT count(*), count(*) FILTER (WHERE id <> ALL($4)),
               max(time_ms) FILTER (WHERE id <> ALL($4))
             FROM \".rows\" WHERE log = $1 AND owner = $2 AND kind = $3";
        let counted = self.catalogue().counted(key.0);
        let kind = counted.map_or("", |(_, counted)| &counted.row_type);
        let gone: Vec<String> = without.iter().map(|id| kept(id)).collect();
        let rows = self.ask(question, &[&self.log_name(key.0), &&*key.1, &kind, &gone])?;
        let number = |at: usize| {
            let number: i64 = rows.first().map_or(0, |row| row.get(at));
            u64::try_from(number).unwrap_or_default()
        };
        let last_ms = rows.first().and_then(|row| row.get(2));
        Ok(RowCount { all: number(0), staying: number(1), last_ms, is_whole: true })
    }

    pub(super) fn owners_with(&self, model: ModelId, id: &str) -> Result<Vec<Box<str>>> {
        let question = "SELECT owner FROM \".rows\" WHERE log = $1 AND id = $2";
        let rows = self.ask(question, &[&self.log_name(model), &kept(id)])?;
        Ok(rows.iter().map(|row| row.get::<_, &str>(0).into()).collect())
    }
}

fn ms_of(time: &str, name: &str) -> Result<i64> {
    clock::parse_ms(time)
        .ok_or_else(|| Error::validation("LogOptions", vec![Issue::new(name, "a time", time)]))
}
