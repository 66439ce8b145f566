//! Reads everything that a database holds, and tells every fault of it, as `lifecycle/audit` does for a folder.
//! It changes nothing, and sees one moment.

use std::collections::BTreeSet;

use hashbrown::{HashMap, HashSet};
use serde_json::{Value, json};
use tokio_postgres::Row;

use super::database::Database;
use super::keys::{KeyRow, Rank, rows_of};
use super::link::Param;
use super::portions::{each_of_records, each_of_rows};
use super::server::Server;
use super::tables::{Table, kept, name_of_index};
use crate::catalogue::{Link, Model, ModelId, Place};
use crate::engine::clock;
use crate::engine::committed::{Committed, Question};
use crate::engine::memory::Record;
use crate::engine::txn::relations::{is_checked, log_owner, refers_to_something};
use crate::engine::txn::{View, issues_of};
use crate::error::{Error, Result};
use crate::json;

/// So many faults of one kind are told of a collection, and then how many more there are.
const MOST_TOLD: usize = 100;

/// What was looked at, and what is wrong with it.
#[derive(Default)]
struct Report {
    records: usize,
    rows: usize,
    faults: Vec<Value>,
    told: HashMap<(&'static str, String), usize>,
}

impl Report {
    fn add(&mut self, kind: &'static str, model: &Model, id: &str, message: String) {
        let told = self.told.entry((kind, model.collection.clone())).or_default();
        *told += 1;
        if *told <= MOST_TOLD {
            self.faults.push(json!({
                "kind": kind, "path": model.collection, "model": model.name, "id": id, "message": message,
            }));
        }
    }

    fn json(mut self) -> String {
        let more = self.told.iter().filter(|(_, told)| **told > MOST_TOLD);
        let more = more.map(|((kind, collection), told)| {
            let message = format!("{} more faults of this kind", told - MOST_TOLD);
            json!({ "kind": kind, "path": collection, "message": message })
        });
        self.faults.extend(more.collect::<Vec<_>>());
        json!({ "files": 0, "records": self.records, "rows": self.rows, "payloads": 0, "faults": self.faults })
            .to_string()
    }
}

impl Server {
    /// Reads everything, and tells every fault: the text of a JSON object.
    ///
    /// # Errors
    /// `IO` where the database cannot be reached; what it says is a fault in the answer.
    pub(super) fn audit(&self) -> Result<String> {
        self.read_database(|database, view| {
            let mut report = Report::default();
            for id in database.catalogue().ids() {
                match database.model(id).place {
                    Place::Log { .. } => look_at_rows(database, id, &mut report)?,
                    _ => look_at_records(database, view, id, &mut report)?,
                }
            }
            Ok(report.json())
        })
    }
}

fn look_at_records(
    database: &Database<'_>,
    view: &View<'_>,
    id: ModelId,
    report: &mut Report,
) -> Result<()> {
    let model = database.model(id);
    let Table { records, keys } = Table::of(model);
    let ask = |question: &str, params: &[Param<'_>]| database.ask(question, params);
    each_of_records(&records, "seq, created_ms, text", ask, |rows| {
        report.records += rows.len();
        let found: Vec<(Record, i64)> =
            rows.iter().filter_map(|row| readable(model, row, report)).collect();
        compare_keys(database, model, &found, report)?;
        look_at_links(view, model, &found, report)
    })?;
    let doubles = format!(
        "SELECT index, value FROM {keys} WHERE index = ANY($1) GROUP BY index, value HAVING count(*) > 1"
    );
    let unique = model.indexes.iter().enumerate().filter(|(_, index)| index.unique);
    let names: Vec<String> = unique.map(|(number, _)| name_of_index(model, number)).collect();
    for row in database.ask(&doubles, &[&names])? {
        let message =
            format!("several have the same {}; change all but one", row.get::<_, &str>(0));
        report.add("unique", model, row.get(1), message);
    }
    let lost = format!(
        "SELECT DISTINCT k.record FROM {keys} k LEFT JOIN {records} r ON r.key = k.record WHERE r.key IS NULL"
    );
    for row in database.ask(&lost, &[])? {
        report.add(
            "index",
            model,
            row.get(0),
            format!("{keys} finds a record that is gone; {MEND}"),
        );
    }
    Ok(())
}

const MEND: &str =
    "copy the store into a new schema (quilltap-store copy), which finds everything anew";

/// The record that a row holds, with its number; told where it is none.
fn readable(model: &Model, row: &Row, report: &mut Report) -> Option<(Record, i64)> {
    let (place, text): (&str, &str) = (row.get("key"), row.get("text"));
    let map = json::parse_object(text).ok();
    let key = map.as_ref().and_then(|map| Some(map.get(&model.key)?.as_str()?.to_owned()));
    match (map, key.filter(|key| kept(key) == place)) {
        (Some(map), Some(key)) => {
            if let Err(issues) = crate::catalogue::validate_stored(model, map.clone()) {
                let error = Error::validation(&model.name, issues);
                report.add("invalid", model, &key, format!("{}; mend the record", error.message()));
            }
            Some((Record::from_map(model, &key, &map), row.get("seq")))
        }
        _ => {
            let message = "its row is no record; restore it from a backup of the database";
            report.add("unreadable", model, place, message.to_owned());
            None
        }
    }
}

/// Is each record found by what it says, and by nothing else?
fn compare_keys(
    database: &Database<'_>,
    model: &Model,
    found: &[(Record, i64)],
    report: &mut Report,
) -> Result<()> {
    type Place = (KeyRow, i64, i64);
    let question = format!(
        "SELECT record, index, value, by, rest, created_ms, seq FROM {} WHERE record = ANY($1)",
        Table::of(model).keys
    );
    let names: Vec<String> = found.iter().map(|(record, _)| kept(record.key())).collect();
    let mut has: HashMap<String, HashSet<Place>> = HashMap::new();
    for row in database.ask(&question, &[&names])? {
        let rank = Rank { by: row.get("by"), rest: row.get("rest") };
        let key = KeyRow { index: row.get("index"), value: row.get("value"), rank };
        let place = (key, row.get("created_ms"), row.get("seq"));
        has.entry(row.get("record")).or_default().insert(place);
    }
    for ((record, seq), name) in found.iter().zip(names) {
        let wanted = rows_of(model, record).into_iter();
        let wanted: HashSet<Place> = wanted.map(|row| (row, record.created_ms(), *seq)).collect();
        if has.remove(&name).unwrap_or_default() != wanted {
            let message = format!("its rows in the table of keys are not what it says; {MEND}");
            report.add("index", model, record.key(), message);
        }
    }
    Ok(())
}

fn look_at_links(
    view: &View<'_>,
    model: &Model,
    found: &[(Record, i64)],
    report: &mut Report,
) -> Result<()> {
    let links: Vec<&Link> = model.links.iter().filter(|link| is_checked(link)).collect();
    let by_key = links.iter().filter(|link| link.by.is_none());
    let asked: BTreeSet<(ModelId, String)> = by_key
        .flat_map(|link| {
            found
                .iter()
                .flat_map(|(record, _)| record.index_keys().under(link.index))
                .map(|key| (link.to, key.text().into_owned()))
        })
        .collect();
    view.foresee(&asked.iter().map(|(to, key)| Question::Key(*to, key)).collect::<Vec<_>>());
    for (record, _) in found {
        for link in &links {
            for id in record.index_keys().under(link.index) {
                let id = &*id.text();
                let map = record.map();
                let owner = log_owner(view.catalogue(), link, &map);
                if !refers_to_something(view, link, id, owner)? {
                    let (to, field) = (&view.catalogue().model(link.to).name, link.path.join("."));
                    let by = link.by.as_deref().unwrap_or("id");
                    let message = format!(
                        "{field} is {id}, and there is no {to} with this {by}; bring it back, or take the {by} out"
                    );
                    report.add("relation", model, record.key(), message);
                }
            }
        }
    }
    Ok(())
}

fn look_at_rows(database: &Database<'_>, id: ModelId, report: &mut Report) -> Result<()> {
    let model = database.model(id);
    let ask = |question: &str, params: &[Param<'_>]| database.ask(question, params);
    each_of_rows(&model.collection, ask, |rows| {
        report.rows += rows.len();
        rows.iter().for_each(|row| look_at_row(model, row, report));
        Ok(())
    })?;
    look_at_owners(database, id, report)
}

fn look_at_row(model: &Model, row: &Row, report: &mut Report) {
    let (place, text): (&str, &str) = (row.get("id"), row.get("text"));
    let Some(map) = json::parse_object(text).ok().filter(|map| {
        map.get(&model.key).and_then(Value::as_str).is_some_and(|id| kept(id) == place)
    }) else {
        let message = "it is no row; restore it from a backup of the database";
        return report.add("unreadable", model, place, message.to_owned());
    };
    let issues = issues_of(model, map);
    if !issues.is_empty() {
        let error = Error::validation(&model.name, issues);
        let message = format!("{}; it is given out as it is: mend the row", error.message());
        report.add("invalid", model, place, message);
    }
}

/// Is each log somebody's, and does its owner say how many rows it has?
fn look_at_owners(database: &Database<'_>, id: ModelId, report: &mut Report) -> Result<()> {
    let catalogue = database.catalogue();
    let model = database.model(id);
    let Some((owners, counted)) = catalogue.counted(id) else { return Ok(()) };
    let owner_model = database.model(owners);
    let Table { records, .. } = Table::of(owner_model);
    let question = format!(
        "SELECT coalesce(r.key, l.owner) AS key, r.text, coalesce(l.counted, 0) AS counted, l.last, l.owner IS NULL AS has_none
         FROM {records} r FULL JOIN (
           SELECT owner, count(*) FILTER (WHERE kind = $2) AS counted, max(time_ms) FILTER (WHERE kind = $2) AS last
           FROM \".rows\" WHERE log = $1 GROUP BY owner) l ON l.owner = r.key"
    );
    for row in database.ask(&question, &[&model.collection, &counted.row_type])? {
        let (key, counts): (&str, i64) = (row.get("key"), row.get("counted"));
        let Some(text) = row.get::<_, Option<&str>>("text") else {
            let message =
                format!("rows of {} belong to no {}; remove them", model.name, owner_model.name);
            report.add("orphan", model, key, message);
            continue;
        };
        let owner = Record::to_read(key, text, 0, 0);
        let says = (
            u64::try_from(counts).unwrap_or_default(),
            row.get::<_, Option<i64>>("last").map(clock::format_ms),
        );
        if counted.fields.is_some() && owner.counts(counted) != says {
            let message = format!(
                "it counts {} of {}, and its log has {counts}; something else than the store changed one of them: restore it",
                owner.counts(counted).0,
                counted.row_type
            );
            report.add("count", owner_model, key, message);
        }
    }
    Ok(())
}
