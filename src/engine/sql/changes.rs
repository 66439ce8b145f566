//! What a transaction has changed, as statements: few of them, whatever there is of it.
//!
//! Only what comes of all changes is written. What was removed and came again is removed first, for it comes
//! last in its order.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::hash::Hash;
use std::sync::Arc;

use indexmap::IndexMap;
use tokio_postgres::types::ToSql;

use super::chunks;
use super::link::Bound;
use super::tables::{Table, kept, name_of_index};
use crate::catalogue::{Catalogue, Model, ModelId};
use crate::engine::journal::{Change, Effect, LogLines};
use crate::engine::logs::{LogKey, facts_of_row};
use crate::engine::memory::Record;
use crate::json;
use crate::jsonl;

/// What comes of something that was changed.
struct Fate<T> {
    /// Is what was there before gone?
    goes: bool,
    /// Is it new to the database?
    is_new: bool,
    stays: Option<T>,
}

type Fates<K, T> = IndexMap<K, Fate<T>>;

fn put<K: Hash + Eq, T>(fates: &mut Fates<K, T>, key: K, value: T, is_new: bool) {
    let fate = fates.entry(key).or_insert(Fate { goes: false, is_new, stays: None });
    fate.stays = Some(value);
}

fn remove<K: Hash + Eq, T>(fates: &mut Fates<K, T>, key: K) {
    let fate = fates.entry(key).or_insert(Fate { goes: true, is_new: false, stays: None });
    (fate.goes, fate.stays) = (true, None);
}

/// What comes of all changes of a transaction.
#[derive(Default)]
struct Outcome {
    records: IndexMap<ModelId, Fates<Box<str>, Arc<Record>>>,
    /// The logs of which everything goes.
    cleared: Vec<LogKey>,
    rows: IndexMap<LogKey, Fates<String, String>>,
}

impl Outcome {
    fn take(&mut self, catalogue: &Catalogue, change: &Change) {
        match change {
            Change::Put { model, record, new } => {
                let fates = self.records.entry(*model).or_default();
                put(fates, record.key().into(), Arc::clone(record), *new);
            }
            Change::Remove { model, key } => {
                remove(self.records.entry(*model).or_default(), key.clone());
                catalogue.logs_of(*model).for_each(|log| self.clear((log, key.clone())));
            }
            Change::Lines(lines) => self.take_lines(catalogue, lines),
            // Only files are edited by hand.
            Change::Edited(_) => {}
        }
    }

    fn clear(&mut self, log: LogKey) {
        self.rows.shift_remove(&log);
        self.cleared.push(log);
    }

    fn take_lines(&mut self, catalogue: &Catalogue, lines: &LogLines) {
        let log: LogKey = (lines.model, lines.owner.clone());
        if lines.fresh && lines.effect == Effect::Delete {
            self.clear(log.clone());
        }
        let rows = self.rows.entry(log).or_default();
        for line in lines.bytes.lines().filter(|line| !line.is_empty()) {
            match jsonl::look(line.as_bytes(), "id") {
                Ok(jsonl::Line::Row(id, _)) => put(rows, id.into_owned(), line.to_owned(), false),
                Ok(jsonl::Line::Deleted(id)) => remove(rows, id.into_owned()),
                _ => {}
            }
        }
        let owner = catalogue.counted(lines.model).filter(|(_, counted)| counted.fields.is_some());
        if let (Some((model, _)), Some(record)) = (owner, &lines.owner_record) {
            let fates = self.records.entry(model).or_default();
            put(fates, record.key().into(), Arc::clone(record), false);
        }
    }
}

/// The statements that make changes.
pub(super) fn statements(catalogue: &Catalogue, changes: &[Change]) -> Vec<Bound> {
    let mut outcome = Outcome::default();
    changes.iter().for_each(|change| outcome.take(catalogue, change));
    let mut made = Vec::new();
    for (model, fates) in &outcome.records {
        remove_records(catalogue.model(*model), fates, &mut made);
        put_records(catalogue.model(*model), fates, &mut made);
    }
    if !outcome.cleared.is_empty() {
        made.push(clear_logs(catalogue, &outcome.cleared));
    }
    remove_rows(catalogue, &outcome.rows, &mut made);
    put_rows(catalogue, &outcome.rows, &mut made);
    made
}

/// The contents that records have had before they were changed, as far as they may have been the last of them.
pub(super) fn contents_let_go(
    catalogue: &Catalogue,
    changes: &[Change],
    before: impl Fn(ModelId, &str) -> Option<Arc<Record>>,
) -> Option<Bound> {
    let (id, payload) = catalogue.payload()?;
    let model = catalogue.model(id);
    let key = |change: &Change| match change {
        Change::Put { model, record, new: false } if *model == id => Some(record.key().to_owned()),
        Change::Remove { model, key } if *model == id => Some(key.to_string()),
        _ => None,
    };
    let content = |key: String| {
        json::text_field(before(id, &key)?.text(), &payload.field).map(Cow::into_owned)
    };
    let had: BTreeSet<String> = changes.iter().filter_map(key).filter_map(content).collect();
    let index = model.index_over(&[&payload.field])?;
    let keys = Table::of(model).keys;
    (!had.is_empty()).then(|| chunks::let_go(had, &keys, name_of_index(model, index)))
}

/// A column of values.
fn column<T: ToSql + Sync + 'static>(values: Vec<T>) -> Box<dyn ToSql + Sync> {
    Box::new(values)
}

fn remove_records(model: &Model, fates: &Fates<Box<str>, Arc<Record>>, made: &mut Vec<Bound>) {
    let Table { records, keys } = Table::of(model);
    let gone: Vec<String> =
        fates.iter().filter(|(_, fate)| fate.goes).map(|(key, _)| kept(key)).collect();
    // The keys of what changes are written anew.
    let changed = fates.iter().filter(|(_, fate)| fate.goes || !fate.is_new);
    let changed: Vec<String> = changed.map(|(key, _)| kept(key)).collect();
    if !changed.is_empty() {
        let text = format!("DELETE FROM {keys} WHERE record = ANY($1)");
        made.push(Bound::new(text, vec![column(changed)]));
    }
    if !gone.is_empty() {
        let text = format!("DELETE FROM {records} WHERE key = ANY($1)");
        made.push(Bound::new(text, vec![column(gone)]));
    }
}

fn put_records(model: &Model, fates: &Fates<Box<str>, Arc<Record>>, made: &mut Vec<Bound>) {
    let stays: Vec<&Arc<Record>> = fates.values().filter_map(|fate| fate.stays.as_ref()).collect();
    if stays.is_empty() {
        return;
    }
    let Table { records, keys } = Table::of(model);
    let (mut index, mut value, mut of) = (Vec::new(), Vec::new(), Vec::new());
    for record in &stays {
        for (number, key) in record.index_keys().iter() {
            index.push(name_of_index(model, number));
            value.push(kept(&key.text()));
            of.push(kept(record.key()));
        }
    }
    let each = |part: fn(&Record) -> String| stays.iter().map(|record| part(record)).collect();
    let key: Vec<String> = each(|record| kept(record.key()));
    let folded: Vec<String> = each(|record| kept(&record.key().to_lowercase()));
    let text: Vec<String> = each(|record| record.text().to_owned());
    let created: Vec<i64> = stays.iter().map(|record| record.created_ms()).collect();
    let statement = format!(
        "WITH put AS (
           INSERT INTO {records} (key, created_ms, folded, text)
           SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[])
           ON CONFLICT (key) DO UPDATE SET text = excluded.text, created_ms = excluded.created_ms
           RETURNING key, created_ms, seq)
         INSERT INTO {keys} (index, value, created_ms, seq, record)
         SELECT k.index, k.value, put.created_ms, put.seq, put.key
         FROM unnest($5::text[], $6::text[], $7::text[]) k (index, value, record)
         JOIN put ON put.key = k.record"
    );
    let params = vec![
        column(key),
        column(created),
        column(folded),
        column(text),
        column(index),
        column(value),
        column(of),
    ];
    made.push(Bound::new(statement, params));
}

fn clear_logs(catalogue: &Catalogue, logs: &[LogKey]) -> Bound {
    let log: Vec<String> =
        logs.iter().map(|(model, _)| catalogue.model(*model).collection.clone()).collect();
    let owner: Vec<String> = logs.iter().map(|(_, owner)| owner.to_string()).collect();
    let text = "DELETE FROM \".rows\" r USING unnest($1::text[], $2::text[]) gone (log, owner)
         WHERE r.log = gone.log AND r.owner = gone.owner";
    Bound::new(text.to_owned(), vec![column(log), column(owner)])
}

type Rows = IndexMap<LogKey, Fates<String, String>>;

/// Some rows of logs: the names of their logs, their owners, their ids.
fn places<'r>(
    catalogue: &Catalogue,
    rows: impl Iterator<Item = (&'r LogKey, &'r String)>,
) -> [Vec<String>; 3] {
    let mut columns = <[Vec<String>; 3]>::default();
    for ((model, owner), id) in rows {
        columns[0].push(catalogue.model(*model).collection.clone());
        columns[1].push(owner.to_string());
        columns[2].push(kept(id));
    }
    columns
}

fn remove_rows(catalogue: &Catalogue, rows: &Rows, made: &mut Vec<Bound>) {
    let all = rows.iter().flat_map(|(log, fates)| fates.iter().map(move |(id, f)| (log, id, f)));
    let gone = all.filter(|(_, _, fate)| fate.goes).map(|(log, id, _)| (log, id));
    let [log, owner, id] = places(catalogue, gone);
    if id.is_empty() {
        return;
    }
    let text = "DELETE FROM \".rows\" r USING unnest($1::text[], $2::text[], $3::text[]) gone (log, owner, id)
         WHERE r.log = gone.log AND r.owner = gone.owner AND r.id = gone.id";
    made.push(Bound::new(text.to_owned(), vec![column(log), column(owner), column(id)]));
}

fn put_rows(catalogue: &Catalogue, rows: &Rows, made: &mut Vec<Bound>) {
    let all = rows.iter().flat_map(|(log, fates)| fates.iter().map(move |(id, f)| (log, id, f)));
    let stays: Vec<(&LogKey, &String, &String)> =
        all.filter_map(|(log, id, fate)| Some((log, id, fate.stays.as_ref()?))).collect();
    if stays.is_empty() {
        return;
    }
    let [log, owner, id] = places(catalogue, stays.iter().map(|(log, id, _)| (*log, *id)));
    let facts = stays.iter().map(|((model, _), _, text)| facts_of_row(catalogue, *model, text));
    let (kind, time): (Vec<Option<String>>, Vec<Option<i64>>) = facts.unzip();
    let text: Vec<String> = stays.iter().map(|(_, _, text)| (*text).clone()).collect();
    let statement = "INSERT INTO \".rows\" (log, owner, id, kind, time_ms, text)
         SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[])
         ON CONFLICT (log, owner, id)
         DO UPDATE SET kind = excluded.kind, time_ms = excluded.time_ms, text = excluded.text";
    let params =
        vec![column(log), column(owner), column(id), column(kind), column(time), column(text)];
    made.push(Bound::new(statement.to_owned(), params));
}

/// What was touched, in as many bytes as a notice takes; none of it where it is too much. A schema's name is before it.
pub(super) fn told(catalogue: &Catalogue, changes: &[Change]) -> String {
    let mut touched = Vec::new();
    changes.iter().for_each(|change| crate::engine::memory::touched_by(change, &mut touched));
    let one = |one: &crate::engine::memory::Touched| {
        let collection = &catalogue.model(one.model).collection;
        serde_json::json!([collection, &*one.key, one.effect.name(), one.owner.as_deref()])
    };
    let text = json::compact(&touched.iter().map(one).collect());
    if text.len() > LONGEST_NOTICE { "[]".to_owned() } else { text }
}

/// The database takes no longer notices, in bytes.
const LONGEST_NOTICE: usize = 7800;
