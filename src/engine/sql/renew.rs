//! Writes records and rows anew that an older version has left in a database.

use super::changes;
use super::failure::Failure;
use super::link::{Bound, Link};
use super::tables::Table;
use crate::catalogue::{Catalogue, ModelId, Place};
use crate::engine::journal::Change;
use crate::engine::logs::facts_of_row;
use crate::engine::memory::Record;
use crate::json;
use std::sync::Arc;

type Done<T> = Result<T, Failure>;

/// So many are written anew at a time.
const PORTION: i64 = 500;

/// Writes all of a model anew, in the newest version and under the keys that they have now. What cannot be read
/// is left as it is.
pub(super) fn renew(link: &Link, catalogue: &Catalogue, id: ModelId, version: u64) -> Done<()> {
    match catalogue.model(id).place {
        Place::Log { .. } => renew_rows(link, catalogue, id, version),
        _ => renew_records(link, catalogue, id, version),
    }
}

fn renew_records(link: &Link, catalogue: &Catalogue, id: ModelId, version: u64) -> Done<()> {
    let model = catalogue.model(id);
    let Table { records, .. } = Table::of(model);
    let question =
        format!("SELECT key, text FROM {records} WHERE key > $1 ORDER BY key LIMIT {PORTION}");
    let mut behind = String::new();
    loop {
        let rows = link.ask(None, &question, &[&behind])?;
        let Some(last) = rows.last() else { return Ok(()) };
        behind = last.get(0);
        let changed = rows.iter().filter_map(|row| {
            let mut map = json::parse_object(row.get(1)).ok()?;
            catalogue.migrations.migrate(id, version, &mut map);
            let key = map.get(&model.key)?.as_str()?.to_owned();
            let record = Arc::new(Record::from_map(model, &key, &map));
            Some(Change::Put { model: id, record, new: false })
        });
        let changed: Vec<Change> = changed.collect();
        for bound in changes::statements(catalogue, &changed, |_, _| None) {
            link.run(&bound)?;
        }
    }
}

fn renew_rows(link: &Link, catalogue: &Catalogue, id: ModelId, version: u64) -> Done<()> {
    let log = &catalogue.model(id).collection;
    let question = format!(
        "SELECT owner, id, text FROM \".rows\" WHERE log = $1 AND (owner, id) > ($2, $3)
         ORDER BY owner, id LIMIT {PORTION}"
    );
    let mut behind = (String::new(), String::new());
    loop {
        let rows = link.ask(None, &question, &[log, &behind.0, &behind.1])?;
        let Some(last) = rows.last() else { return Ok(()) };
        behind = (last.get(0), last.get(1));
        for row in &rows {
            let Ok(mut map) = json::parse_object(row.get(2)) else { continue };
            catalogue.migrations.migrate(id, version, &mut map);
            let text = json::compact_object(&map);
            let (kind, time_ms) = facts_of_row(catalogue, id, &text);
            let (owner, row_id): (String, String) = (row.get(0), row.get(1));
            let update = "UPDATE \".rows\" SET text = $4, kind = $5, time_ms = $6
                 WHERE log = $1 AND owner = $2 AND id = $3";
            link.run(&Bound::new(
                update.to_owned(),
                vec![
                    Box::new(log.clone()),
                    Box::new(owner),
                    Box::new(row_id),
                    Box::new(text),
                    Box::new(kind),
                    Box::new(time_ms),
                ],
            ))?;
        }
    }
}
