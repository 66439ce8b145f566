//! Rows of a log: those of the usual type, which the catalogue describes, and events of any other.

use serde_json::{Map, Value};

use super::tx::new_id;
use crate::catalogue::{self, Counted, Model};
use crate::error::{Error, Issue, Issues, Result};
use crate::{json, jsonl};

type Object = Map<String, Value>;

/// Is a row of the type that most rows of its log have, or does it say none?
pub(super) fn is_usual(row: &Object, counted: &Counted) -> bool {
    row.get("type").is_none_or(|kind| kind.is_null() || kind == counted.row_type.as_str())
}

/// What is wrong with a row as a log has it; it is given out nevertheless.
pub(crate) fn issues_of(model: &Model, row: Object) -> Issues {
    let is_usual = model.counted.as_ref().is_some_and(|counted| is_usual(&row, counted));
    if is_usual {
        return catalogue::validate_stored(model, row).err().unwrap_or_default();
    }
    let checked = validate_new_event(model, row, "");
    checked.err().map(Error::into_issues).unwrap_or_default()
}

/// An event of a type that the catalogue does not describe: an id, a type, a time, and whatever
/// else it holds.
pub(super) fn validate_new_event(model: &Model, mut event: Object, now: &str) -> Result<Object> {
    let mut issues = Vec::new();
    let id = event.shift_remove("id").filter(|id| !id.is_null());
    let id = id.unwrap_or_else(|| new_id().into());
    if !id.as_str().is_some_and(catalogue::is_id) {
        issues.push(Issue::new("id", "1 to 64 of A-Z a-z 0-9 _ -", json::describe(&id)));
    }
    let kind = event.shift_remove("type").unwrap_or_default();
    if !kind
        .as_str()
        .is_some_and(|kind| !kind.is_empty() && kind != jsonl::HEADER && kind != jsonl::DELETED)
    {
        let wanted = format!("a type other than {} and {}", jsonl::HEADER, jsonl::DELETED);
        issues.push(Issue::new("type", wanted, json::describe(&kind)));
    }
    let time = event.shift_remove("createdAt").filter(|time| !time.is_null());
    let given = time.clone().unwrap_or_else(|| now.into());
    let created = given.as_str().and_then(catalogue::normalise_time);
    if created.is_none() {
        issues.push(Issue::new("createdAt", "a time (ISO-8601)", json::describe(&given)));
    }
    if !issues.is_empty() {
        return Err(Error::validation(&model.name, issues));
    }
    event.sort_keys();
    let mut map = Object::new();
    map.insert("id".into(), id);
    map.insert("type".into(), kind);
    map.extend(event);
    map.insert("createdAt".into(), created.into());
    Ok(map)
}

pub(super) fn validate_event_patch(model: &Model, old: &Object, patch: Object) -> Result<Object> {
    let mut map = old.clone();
    for (key, value) in patch {
        if matches!(key.as_str(), "id" | "type" | "createdAt") && Some(&value) != old.get(&key) {
            let issue = Issue::new(&key, "the value that it has", json::describe(&value));
            return Err(Error::validation(&model.name, vec![issue]));
        }
        map.insert(key, value);
    }
    validate_new_event(model, map, old.get("createdAt").and_then(Value::as_str).unwrap_or_default())
}
