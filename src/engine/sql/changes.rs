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

use super::database::Placed;
use super::keys::{KeyRow, rows_of};
use super::link::Bound;
use super::payloads;
use super::tables::{Table, kept, name_of_index};
use crate::catalogue::{Catalogue, Model, ModelId};
use crate::engine::journal::{Change, Effect, LogLines};
use crate::engine::logs::{LogKey, facts_of_row};
use crate::engine::memory::{Order, Record};
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

/// What is done with the records of one model.
#[derive(Default)]
struct Work<'w> {
    gone: Vec<&'w str>,
    /// Those of which nothing is known, and whether they are new.
    put: Vec<(&'w Record, bool)>,
    /// Those that were read, with what they were.
    changed: Vec<(&'w Record, Placed)>,
}

impl<'w> Work<'w> {
    fn of(
        fates: &'w Fates<Box<str>, Arc<Record>>,
        before: impl Fn(&str) -> Option<Placed>,
    ) -> Work<'w> {
        let mut work = Work::default();
        for (key, fate) in fates {
            if fate.goes {
                work.gone.push(key);
            }
            let Some(record) = &fate.stays else { continue };
            let is_new = fate.goes || fate.is_new;
            match before(key).filter(|_| !is_new) {
                Some(placed) => work.changed.push((record, placed)),
                None => work.put.push((record, is_new)),
            }
        }
        work
    }
}

/// The statements that make changes. `before` tells what was read of a record in the same transaction.
pub(super) fn statements(
    catalogue: &Catalogue,
    changes: &[Change],
    before: impl Fn(ModelId, &str) -> Option<Placed>,
) -> Vec<Bound> {
    let mut outcome = Outcome::default();
    changes.iter().for_each(|change| outcome.take(catalogue, change));
    let mut made = Vec::new();
    for (id, fates) in &outcome.records {
        let (model, work) = (catalogue.model(*id), Work::of(fates, |key| before(*id, key)));
        remove_records(model, &work, &mut made);
        put_records(model, &work, &mut made);
        change_records(model, &work, &mut made);
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
    before: impl Fn(ModelId, &str) -> Option<Placed>,
) -> Option<Bound> {
    let (id, payload) = catalogue.payload()?;
    let model = catalogue.model(id);
    let key = |change: &Change| match change {
        Change::Put { model, record, new: false } if *model == id => Some(record.key().to_owned()),
        Change::Remove { model, key } if *model == id => Some(key.to_string()),
        _ => None,
    };
    let content = |key: String| {
        json::text_field(before(id, &key)?.1.text(), &payload.field).map(Cow::into_owned)
    };
    let had: BTreeSet<String> = changes.iter().filter_map(key).filter_map(content).collect();
    let index = model.index_over(&[&payload.field])?;
    let keys = Table::of(model).keys;
    (!had.is_empty()).then(|| payloads::let_go(had, &keys, name_of_index(model, index)))
}

/// A column of values.
fn column<T: ToSql + Sync + 'static>(values: Vec<T>) -> Box<dyn ToSql + Sync> {
    Box::new(values)
}

/// The records of a model that are removed, and those that are not known as they were: their keys go with them.
fn remove_records(model: &Model, work: &Work<'_>, made: &mut Vec<Bound>) {
    let Table { records, keys } = Table::of(model);
    let unknown = work.put.iter().filter(|(_, is_new)| !is_new).map(|(record, _)| record.key());
    let without: Vec<String> =
        work.gone.iter().map(|key| kept(key)).chain(unknown.map(kept)).collect();
    if !without.is_empty() {
        let text = format!("DELETE FROM {keys} WHERE record = ANY($1)");
        made.push(Bound::new(text, vec![column(without)]));
    }
    if !work.gone.is_empty() {
        let gone = work.gone.iter().map(|key| kept(key)).collect();
        let text = format!("DELETE FROM {records} WHERE key = ANY($1)");
        made.push(Bound::new(text, vec![column(gone)]));
    }
}

/// The columns of key rows, and whose they are.
#[derive(Default)]
struct KeyColumns {
    index: Vec<String>,
    value: Vec<String>,
    by: Vec<Vec<u8>>,
    rest: Vec<Vec<u8>>,
    record: Vec<String>,
    created_ms: Vec<i64>,
    seq: Vec<i64>,
}

impl KeyColumns {
    fn add(&mut self, record: &Record, order: Order, row: KeyRow) {
        self.index.push(row.index);
        self.value.push(row.value);
        self.by.push(row.rank.by);
        self.rest.push(row.rank.rest);
        self.record.push(kept(record.key()));
        self.created_ms.push(*order.created_ms());
        self.seq.push(order.sequence().cast_signed());
    }
}

fn put_records(model: &Model, work: &Work<'_>, made: &mut Vec<Bound>) {
    if work.put.is_empty() {
        return;
    }
    let Table { records, keys } = Table::of(model);
    let mut rows = KeyColumns::default();
    for (record, _) in &work.put {
        // Its number is the database's to give.
        let order = Order::of(record, 0);
        rows_of(model, record).into_iter().for_each(|row| rows.add(record, order, row));
    }
    let each =
        |part: fn(&Record) -> String| work.put.iter().map(|(record, _)| part(record)).collect();
    let key: Vec<String> = each(|record| kept(record.key()));
    let folded: Vec<String> = each(|record| kept(&record.key().to_lowercase()));
    let text: Vec<String> = each(|record| record.text().to_owned());
    let created: Vec<i64> = work.put.iter().map(|(record, _)| record.created_ms()).collect();
    let statement = format!(
        "WITH put AS (
           INSERT INTO {records} (key, created_ms, folded, text)
           SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[])
           ON CONFLICT (key) DO UPDATE SET text = excluded.text, created_ms = excluded.created_ms
           RETURNING key, created_ms, seq)
         INSERT INTO {keys} (index, value, by, rest, created_ms, seq, record)
         SELECT k.index, k.value, k.by, k.rest, put.created_ms, put.seq, put.key
         FROM unnest($5::text[], $6::text[], $7::bytea[], $8::bytea[], $9::text[])
           k (index, value, by, rest, record)
         JOIN put ON put.key = k.record"
    );
    let params = vec![
        column(key),
        column(created),
        column(folded),
        column(text),
        column(rows.index),
        column(rows.value),
        column(rows.by),
        column(rows.rest),
        column(rows.record),
    ];
    made.push(Bound::new(statement, params));
}

/// Records that are known as they were: only those keys change that differ, so that nobody collides who has read by
/// the others.
fn change_records(model: &Model, work: &Work<'_>, made: &mut Vec<Bound>) {
    if work.changed.is_empty() {
        return;
    }
    let Table { records, keys } = Table::of(model);
    let (mut gone, mut new) = (KeyColumns::default(), KeyColumns::default());
    for (after, (order, before)) in &work.changed {
        let now = Order::of(after, order.sequence());
        let (had, has) = (rows_of(model, before), rows_of(model, after));
        let stays = |row: &&KeyRow, others: &[KeyRow]| now == *order && others.contains(row);
        had.iter()
            .filter(|row| !stays(row, &has))
            .for_each(|row| gone.add(before, *order, row.clone()));
        has.iter().filter(|row| !stays(row, &had)).for_each(|row| new.add(after, now, row.clone()));
    }
    let changed = || work.changed.iter().map(|(after, _)| after);
    let key: Vec<String> = changed().map(|record| kept(record.key())).collect();
    let created: Vec<i64> = changed().map(|record| record.created_ms()).collect();
    let text: Vec<String> = changed().map(|record| record.text().to_owned()).collect();
    let update = format!(
        "UPDATE {records} r SET text = c.text, created_ms = c.created_ms
         FROM unnest($1::text[], $2::bigint[], $3::text[]) c (key, created_ms, text) WHERE r.key = c.key"
    );
    let mut params = vec![column(key), column(created), column(text)];
    if gone.index.is_empty() && new.index.is_empty() {
        return made.push(Bound::new(update, params));
    }
    // What goes is found by its record, and not by its place in an order: whatever changed last is at the end of that,
    // and everybody who looks there would collide with everybody else. No index finds what is not distinct.
    let statement = format!(
        "WITH gone AS (
           DELETE FROM {keys} k USING unnest($4::text[], $5::text[], $6::bytea[], $7::text[])
             g (index, value, by, record)
           WHERE k.record = g.record
             AND (k.index, k.value, k.by) IS NOT DISTINCT FROM (g.index, g.value, g.by)),
         new AS (
           INSERT INTO {keys} (index, value, by, rest, created_ms, seq, record)
           SELECT * FROM unnest($8::text[], $9::text[], $10::bytea[], $11::bytea[], $12::bigint[], $13::bigint[], $14::text[]))
         {update}"
    );
    params.extend([column(gone.index), column(gone.value), column(gone.by), column(gone.record)]);
    params.extend([column(new.index), column(new.value), column(new.by), column(new.rest)]);
    params.extend([column(new.created_ms), column(new.seq), column(new.record)]);
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
