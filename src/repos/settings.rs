//! The calls on what belongs to the whole store.

use serde_json::Value;

use crate::calls::{Args, Call, RECORD, RECORD_OR_NULL, Reply, patch, read, write};
use crate::catalogue::{ModelId, Place};
use crate::engine::{SINGLE_KEY, Tx, View};
use crate::error::{Error, Issue, Result};

pub(crate) const CALLS: &[Call] = &[
    read(
        "getSettings",
        &[],
        RECORD_OR_NULL,
        "What belongs to the whole store; null before its first change.",
        get,
    ),
    write(
        "updateSettings",
        &[patch("data")],
        RECORD,
        "Changes it; `flags` are merged key by key, and null takes one away.",
        update,
    ),
];

fn get(view: &View<'_>, model: ModelId, _args: &Args) -> Result<Reply> {
    Ok(Reply::Record(view.get(model, SINGLE_KEY)?))
}

/// Does this key belong to the store, or to what else stands at the top of the same file?
fn is_taken(tx: &Tx<'_>, key: &str) -> bool {
    let catalogue = tx.catalogue();
    matches!(key, "encryption" | "version")
        || catalogue.ids().any(|id| match &catalogue.model(id).place {
            Place::Owner { key: owner, .. } => owner == key,
            Place::Beside { key: beside, .. } => beside == key,
            _ => false,
        })
}

fn update(tx: &mut Tx<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    let mut data = args.object("data")?;
    let taken = data.keys().filter(|key| is_taken(tx, key));
    let issues: Vec<Issue> = taken
        .map(|key| Issue::new(key.as_str(), "nothing: only the store writes it", "a value"))
        .collect();
    if !issues.is_empty() {
        return Err(Error::validation("Settings", issues));
    }
    if let Some(Value::Object(flags)) = data.get("flags") {
        let now = tx.view().get(model, SINGLE_KEY)?.map(|record| record.map());
        let mut merged = now
            .and_then(|m| m.get("flags").and_then(Value::as_object).cloned())
            .unwrap_or_default();
        merged.extend(flags.clone());
        merged.retain(|_, value| !value.is_null());
        data.insert("flags".into(), Value::Object(merged));
    }
    Ok(Reply::Record(tx.update(model, SINGLE_KEY, data)?))
}
