//! One record, or one row of a log, with what belongs to it.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::related;
use super::short::{self, label_of, model_of};
use crate::calls::{Args, Reply};
use crate::catalogue::{Catalogue, Model, ModelId, Place};
use crate::engine::View;
use crate::error::{Code, Error, Result};
use crate::json::{self, Object};

/// So many names of what a record refers to are told.
const NAMED: usize = 200;

/// A record as it is at one moment: its compact text, and for the row of a log whose log it is in.
pub(super) struct Found {
    pub(super) text: String,
    pub(super) owner: Option<String>,
}

impl Found {
    pub(super) fn map(&self) -> Object {
        json::parse_object(&self.text).unwrap_or_default()
    }

    pub(super) fn stamp(&self, catalogue: &Catalogue, model: ModelId) -> String {
        stamp(catalogue, model, &self.text)
    }
}

/// What tells one content of a record from another. What the store counts in the record's logs is no part
/// of it: a message that arrives is not in the way of whoever changes the chat's title.
pub(super) fn stamp(catalogue: &Catalogue, model: ModelId, text: &str) -> String {
    let counted = counted_fields(catalogue, model);
    let hash =
        Sha256::digest(json::without(text, |name| counted.iter().any(|field| field == name)));
    data_encoding::HEXLOWER.encode(&hash[..16])
}

/// The fields in which a model's records say what their logs hold.
pub(super) fn counted_fields(catalogue: &Catalogue, model: ModelId) -> Vec<String> {
    let logs = catalogue.ids().filter_map(|id| catalogue.counted(id));
    let of = logs.filter(|(owner, _)| *owner == model);
    of.flat_map(|(_, counted)| counted.fields.clone().into_iter().flatten()).collect()
}

/// The record, or row, with this key.
///
/// # Errors
/// Those of the view.
pub(super) fn find(view: &View<'_>, model: ModelId, key: &str) -> Result<Option<Found>> {
    if !matches!(view.catalogue().model(model).place, Place::Log { .. }) {
        let record = view.get(model, key)?;
        return Ok(record.map(|record| Found { text: record.text().to_owned(), owner: None }));
    }
    let Some(owner) = view.log_owner_of(model, key)? else { return Ok(None) };
    let row = view.log_row(model, &owner, key)?;
    Ok(row.map(|row| Found { text: row.to_string(), owner: Some(owner) }))
}

pub(super) fn answer(view: &View<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    let (model, key) = (model_of(view, args.text("model")?)?, args.text("key")?);
    let declared = view.catalogue().model(model);
    match find(view, model, key) {
        Ok(Some(found)) => told(view, model, key, &found).map(Reply::Value),
        Ok(None) => Ok(Reply::Value(Value::Null)),
        // Its file can be looked at, and mended, with an editor.
        Err(error) if error.code() == Code::Corrupt => {
            Ok(Reply::Value(broken(declared, key, &error)))
        }
        Err(error) => Err(error),
    }
}

fn broken(model: &Model, key: &str, error: &Error) -> Value {
    json!({ "model": model.name, "key": key, "broken": error.message(), "path": error.file() })
}

fn told(view: &View<'_>, model: ModelId, key: &str, found: &Found) -> Result<Value> {
    let (declared, map) = (view.catalogue().model(model), found.map());
    let owner = found.owner.as_deref();
    let label = match owner {
        Some(_) => short::cut(map.get("content").and_then(Value::as_str).unwrap_or(key)).into(),
        None => label_of(view, model, key)?,
    };
    let logs = view.logs_of(model).map(|log| &view.catalogue().model(log).name);
    let sealed =
        declared.sealed.iter().filter(|sealed| has_sealed(&map, sealed.at_top, &sealed.field));
    let sha256 = declared.payload.as_ref().and_then(|payload| map.get(&payload.field)?.as_str());
    Ok(json!({
        "model": declared.name,
        "key": key,
        "label": label,
        "text": json::pretty(&Value::Object(map.clone())),
        "stamp": found.stamp(view.catalogue(), model),
        "bytes": found.text.len(),
        "path": view.path_of(model, key, owner),
        "owner": owner,
        "names": names(view, declared, &map)?,
        "sealed": sealed.map(|sealed| &sealed.field).collect::<Vec<_>>(),
        "related": related::counts(view, model, key, &found.text),
        "logs": logs.collect::<Vec<_>>(),
        "hasPayload": sha256.map_or(Ok(false), |content| view.has_payload(content))?,
    }))
}

/// Is there something sealed in a field? Parts that stand at the top are always there.
fn has_sealed(map: &Object, at_top: bool, field: &str) -> bool {
    at_top && map.contains_key("ciphertext")
        || map.get(field).is_some_and(|value| match value {
            Value::Object(parts) => parts.get("ciphertext").is_some_and(Value::is_string),
            other => other.is_string(),
        })
}

/// What the records are called to which this one refers, by model and id.
fn names(view: &View<'_>, model: &Model, map: &Object) -> Result<Value> {
    let mut names = Object::new();
    for link in model.links.iter().filter(|link| link.by.is_none()) {
        let ids = ids_at(map, &link.path);
        let of =
            names.entry(view.catalogue().model(link.to).name.clone()).or_insert_with(|| json!({}));
        for id in ids.into_iter().take(NAMED) {
            of[id] = label_of(view, link.to, id)?;
        }
    }
    Ok(Value::Object(names))
}

/// The ids that stand at a path: in a field, in a list, in a field of the objects of a list.
fn ids_at<'m>(map: &'m Object, path: &[String]) -> Vec<&'m str> {
    let Some((first, rest)) = path.split_first() else { return Vec::new() };
    match map.get(first) {
        Some(Value::String(id)) => vec![id],
        Some(Value::Object(inner)) => ids_at(inner, rest),
        Some(Value::Array(items)) => {
            let of = |item: &'m Value| match item {
                Value::String(id) => vec![id.as_str()],
                Value::Object(inner) => ids_at(inner, rest),
                _ => Vec::new(),
            };
            items.iter().flat_map(of).collect()
        }
        _ => Vec::new(),
    }
}
