//! The way back from a change: what every record and row was, and what it must be now for that to hold.

use serde_json::{Value, json};

use super::change::Done;
use super::record::{self, counted_fields};
use crate::catalogue::{Catalogue, ModelId};
use crate::engine::{Former, LogQuery, Touch, Tx, View};
use crate::error::{Code, Error, Issue, Result};
use crate::json::{self, Object, parse_object};

/// What takes more than so many bytes is not kept for an undo.
const LARGEST: usize = 32 << 20;

/// A row of a log that a change touches.
pub(super) struct RowTouch {
    pub(super) model: ModelId,
    pub(super) owner: String,
    pub(super) key: String,
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
    /// Of one that is gone: the row behind which it stood.
    pub(super) behind: Option<String>,
}

/// A log that goes with its owner.
pub(super) struct GoneLog {
    pub(super) model: ModelId,
    pub(super) owner: String,
    pub(super) rows: Vec<String>,
}

/// The logs of the records that are to go (`[[model, key], …]`), or why they cannot be kept.
///
/// # Errors
/// Those of the disk.
pub(super) fn gone_logs(view: &View<'_>, owners: &Value) -> Result<(Vec<GoneLog>, Option<String>)> {
    let (mut logs, mut bytes) = (Vec::new(), 0);
    for owner in owners.as_array().into_iter().flatten() {
        let (Some(model), Some(key)) = (owner[0].as_u64(), owner[1].as_str()) else { continue };
        let owner_model = ModelId(u16::try_from(model).unwrap_or(u16::MAX));
        for model in view.logs_of(owner_model) {
            bytes += view.log_len(model, key)?;
            if bytes > LARGEST as u64 {
                return Ok((Vec::new(), Some(too_large())));
            }
            let rows = match view.log(model, key, &LogQuery::default()) {
                Err(error) if error.code() == Code::Corrupt => {
                    return Ok((
                        logs,
                        Some(format!("a log that goes cannot be read: {}", error.message())),
                    ));
                }
                other => other?,
            };
            let rows = rows.iter().map(|row| row.to_string()).collect();
            logs.push(GoneLog { model, owner: key.to_owned(), rows });
        }
    }
    Ok((logs, None))
}

fn too_large() -> String {
    format!("it is more than the {} MiB that are kept for an undo", LARGEST >> 20)
}

/// Is nothing of a record changed but what the store counts in its logs?
pub(super) fn is_count_only(catalogue: &Catalogue, touch: &Touch) -> bool {
    let (Some(before), Some(after)) = (&touch.before, &touch.after) else { return false };
    let counted = counted_fields(catalogue, touch.model);
    let rest = |text: &str| json::without(text, |name| counted.iter().any(|field| field == name));
    !counted.is_empty() && rest(before.text()) == rest(after.text())
}

/// What takes a change back, as JSON.
pub(super) struct Undo;

impl Undo {
    /// What takes a change back, or why nothing does.
    pub(super) fn of(catalogue: &Catalogue, done: &Done) -> std::result::Result<Value, String> {
        if let Some(why) = &done.final_because {
            return Err(why.clone());
        }
        let touched = || done.touched.iter().filter(|touch| !is_count_only(catalogue, touch));
        let lengths = touched().filter_map(|touch| Some(touch.before.as_ref()?.text().len()));
        let logs = done.logs.iter().flat_map(|log| log.rows.iter().map(String::len));
        if lengths.chain(logs).sum::<usize>() > LARGEST {
            return Err(too_large());
        }
        let name = |model: ModelId| &catalogue.model(model).name;
        let map = |text: &String| parse_object(text).unwrap_or_default();
        let records = touched().map(|touch| {
            let now = touch
                .after
                .as_ref()
                .map(|record| record::stamp(catalogue, touch.model, record.text()));
            let former = touch.before.as_ref().map(|record| record.map());
            json!({ "model": name(touch.model), "key": touch.key, "now": now, "former": former })
        });
        let rows = done.rows.iter().map(|row| {
            let now = row.after.as_ref().map(|text| record::stamp(catalogue, row.model, text));
            json!({
                "model": name(row.model), "owner": row.owner, "key": row.key, "now": now,
                "former": row.before.as_ref().map(map), "behind": row.behind,
            })
        });
        let logs = done.logs.iter().map(|log| {
            let rows: Vec<Object> = log.rows.iter().map(map).collect();
            json!({ "model": name(log.model), "owner": log.owner, "rows": rows })
        });
        Ok(json!({
            "records": records.collect::<Vec<_>>(), "rows": rows.collect::<Vec<_>>(),
            "logs": logs.collect::<Vec<_>>(),
        }))
    }
}

fn model_in(view: &View<'_>, part: &Value) -> Result<ModelId> {
    let name = part["model"].as_str().unwrap_or_default();
    let issue = || Issue::new("undo", "what a change has given", "something else");
    view.catalogue().by_name(name).ok_or_else(|| Error::validation("Arguments", vec![issue()]))
}

fn parts<'v>(undo: &'v Value, name: &str) -> &'v [Value] {
    undo[name].as_array().map_or(&[], Vec::as_slice)
}

fn word<'v>(part: &'v Value, name: &str) -> &'v str {
    part[name].as_str().unwrap_or_default()
}

/// Takes a change back; `None` when something of it has changed since.
///
/// # Errors
/// Those of changing: others may have come to stand in the way.
pub(super) fn apply(tx: &mut Tx<'_>, undo: &Value) -> Result<Option<Done>> {
    let view = tx.view();
    for part in parts(undo, "records").iter().chain(parts(undo, "rows")) {
        let model = model_in(&view, part)?;
        let found = record::find(&view, model, word(part, "key"))?;
        let now = found.map(|found| found.stamp(view.catalogue(), model));
        if now.as_deref() != part["now"].as_str() {
            return Ok(None);
        }
    }
    let former = parts(undo, "records").iter().map(|part| former(&view, part));
    let former = former.collect::<Result<Vec<Former>>>()?;
    let first = parts(undo, "rows").iter().chain(parts(undo, "records")).next();
    let key = first.map(|part| word(part, "key").to_owned()).unwrap_or_default();
    let ((), touched) = tx.traced(|tx| {
        tx.restore(&former, |tx| {
            parts(undo, "logs").iter().try_for_each(|log| put_log_back(tx, log))?;
            parts(undo, "rows").iter().try_for_each(|row| put_row_back(tx, row))
        })
    })?;
    // An undo is not taken back in turn: the page has the form for that.
    let final_because = Some("it was an undo".to_owned());
    Ok(Some(Done { key, touched, final_because, ..Done::default() }))
}

/// What a record is to be again, but for what its logs say now.
fn former(view: &View<'_>, part: &Value) -> Result<Former> {
    let (model, key) = (model_in(view, part)?, word(part, "key").to_owned());
    let Some(mut map) = part["former"].as_object().cloned() else {
        return Ok(Former { model, key, map: None });
    };
    let now = view.get(model, &key)?.map(|record| record.map());
    for name in counted_fields(view.catalogue(), model) {
        let value = now.as_ref().and_then(|now| now.get(&name)).cloned();
        // Of one that was gone nothing is counted before its log is back.
        let nothing =
            if map.get(&name).is_some_and(Value::is_number) { 0.into() } else { Value::Null };
        map.insert(name, value.unwrap_or(nothing));
    }
    Ok(Former { model, key, map: Some(map) })
}

fn objects(values: &Value) -> Vec<Object> {
    let objects = values.as_array().into_iter().flatten().filter_map(Value::as_object);
    objects.cloned().collect()
}

fn put_log_back(tx: &mut Tx<'_>, log: &Value) -> Result<()> {
    let model = model_in(&tx.view(), log)?;
    let rows = objects(&log["rows"]);
    if rows.is_empty() { Ok(()) } else { tx.log_append(model, word(log, "owner"), rows).map(drop) }
}

fn put_row_back(tx: &mut Tx<'_>, row: &Value) -> Result<()> {
    let (model, owner, key) = (model_in(&tx.view(), row)?, word(row, "owner"), word(row, "key"));
    let Some(former) = row["former"].as_object().cloned() else {
        return tx.log_delete(model, owner, &[key.to_owned()]).map(drop);
    };
    if !row["now"].is_null() {
        return exchange_row(tx, (model, owner, key), former);
    }
    let now = tx.view().log(model, owner, &LogQuery::default())?;
    let behind = row["behind"].as_str();
    let id = |text: &str| json::text_field(text, "id").map(|id| id.into_owned());
    let at = behind.map_or(Some(0), |behind| {
        now.iter().position(|text| id(text).as_deref() == Some(behind)).map(|at| at + 1)
    });
    let at = at.unwrap_or(now.len());
    if at == now.len() {
        return tx.log_append(model, owner, vec![former]).map(drop);
    }
    let mut rows: Vec<Object> =
        now.iter().map(|text| parse_object(text).unwrap_or_default()).collect();
    rows.insert(at, former);
    tx.log_rewrite(model, owner, rows)
}

/// A row of a type that nobody declared is changed key by key.
fn exchange_row(
    tx: &mut Tx<'_>,
    (model, owner, key): (ModelId, &str, &str),
    former: Object,
) -> Result<()> {
    let counted = tx.view().catalogue().counted(model).map(|(_, counted)| counted.row_type.clone());
    if former.get("type").and_then(Value::as_str) == counted.as_deref() {
        return tx.log_replace(model, owner, key, former).map(drop);
    }
    let now = tx.view().log_row(model, owner, key)?;
    let now = now.and_then(|text| parse_object(&text).ok()).unwrap_or_default();
    let mut patch = former;
    for name in now.keys() {
        patch.entry(name.clone()).or_insert(Value::Null);
    }
    tx.log_update(model, owner, key, patch).map(drop)
}
