//! Writes records and rows anew that an older version has left in a database.

use std::sync::Arc;

use tokio_postgres::Row;

use super::changes;
use super::failure::Failure;
use super::link::{Bound, Link, Param};
use super::portions::{each_of_records, each_of_rows};
use super::tables::Table;
use crate::catalogue::{Catalogue, ModelId, Place};
use crate::engine::journal::Change;
use crate::engine::logs::facts_of_row;
use crate::engine::memory::Record;
use crate::json;

type Done<T> = Result<T, Failure>;

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
    each_of_records(&records, "text", asking(link), |rows| {
        let changed = rows.iter().filter_map(|row| {
            let mut map = json::parse_object(row.get("text")).ok()?;
            catalogue.migrations.migrate(id, version, &mut map);
            let key = map.get(&model.key)?.as_str()?.to_owned();
            let record = Arc::new(Record::from_map(model, &key, &map));
            Some(Change::Put { model: id, record, new: false })
        });
        let changed: Vec<Change> = changed.collect();
        for bound in changes::statements(catalogue, &changed, |_, _| None) {
            link.run(&bound)?;
        }
        Ok(())
    })
}

fn renew_rows(link: &Link, catalogue: &Catalogue, id: ModelId, version: u64) -> Done<()> {
    let log = &catalogue.model(id).collection;
    each_of_rows(log, asking(link), |rows| {
        for row in rows {
            let Ok(mut map) = json::parse_object(row.get("text")) else { continue };
            catalogue.migrations.migrate(id, version, &mut map);
            let text = json::compact_object(&map);
            let (kind, time_ms) = facts_of_row(catalogue, id, &text);
            let (owner, row_id): (String, String) = (row.get("owner"), row.get("id"));
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
        Ok(())
    })
}

fn asking(link: &Link) -> impl FnMut(&str, &[Param<'_>]) -> Done<Vec<Row>> {
    |question, params| link.ask(None, question, params)
}
