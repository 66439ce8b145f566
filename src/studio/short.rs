//! A record in short: its name, and the values of some of its fields.

use serde_json::{Value, json};

use super::describe::is_by_key;
use crate::catalogue::{Field, Kind, Model, ModelId, Place};
use crate::engine::{Record, View};
use crate::error::{Code, Error, Issue, Result};
use crate::json::{Object, text_field};

/// Fields by which a record is called, the best first.
const NAMES: &[&str] =
    &["name", "title", "label", "email", "filename", "identifier", "providerAccountId"];
/// So much of a text is shown in a list, in characters.
const SHORT: usize = 160;

/// The model that is called so.
///
/// # Errors
/// `VALIDATION` when there is none.
pub(super) fn model_of(view: &View<'_>, name: &str) -> Result<ModelId> {
    view.catalogue().by_name(name).ok_or_else(|| {
        let issue = Issue::new("model", "the name of a model", name);
        Error::validation("Arguments", vec![issue])
    })
}

/// The field by which a model's records are called; none where only their keys tell them apart.
pub(super) fn name_field(model: &Model) -> Option<&Field> {
    let is_text =
        |field: &&Field| field.kind == Kind::Text && !field.private && field.sealing.is_none();
    let texts = || model.fields.iter().filter(is_text);
    let known = NAMES.iter().find_map(|name| texts().find(|field| field.name == *name));
    // What an app has declared itself is called by its first text.
    known.or_else(|| {
        texts().find(|field| !field.optional && model.sealed_as.is_none() && is_own(model, field))
    })
}

fn is_text(model: &Model, name: &str) -> bool {
    model.field(name).is_some_and(|field| field.kind == Kind::Text && !field.private)
}

fn is_own(model: &Model, field: &Field) -> bool {
    let is_key = field.name == model.key;
    !is_key && !matches!(model.place, Place::Beside { .. } | Place::Single { .. })
}

/// What a record is called.
pub(super) fn label(model: &Model, record: &Record) -> String {
    let first = name_field(model).map(|field| field.name.as_str());
    // A user without a name has an address.
    let fields = first.into_iter().chain(NAMES.iter().copied().filter(|name| is_text(model, name)));
    let mut names = fields.filter_map(|field| text_field(record.text(), field));
    match names.find(|name| !name.trim().is_empty()) {
        Some(name) => cut(&name),
        None if model.private.contains(&model.key) => format!("a {}", model.name),
        None => record.key().to_owned(),
    }
}

/// What the record with a key is called; `null` where there is none.
///
/// # Errors
/// Those of the view, but for a record that cannot be read.
pub(super) fn label_of(view: &View<'_>, model: ModelId, key: &str) -> Result<Value> {
    let declared = view.catalogue().model(model);
    if matches!(declared.place, Place::Log { .. }) {
        return Ok(key.into());
    }
    match view.get(model, key) {
        Ok(record) => Ok(record.map_or(Value::Null, |record| label(declared, &record).into())),
        Err(error) if error.code() == Code::Corrupt => Ok("cannot be read".into()),
        Err(error) => Err(error),
    }
}

/// The beginning of a text.
pub(super) fn cut(text: &str) -> String {
    match text.char_indices().nth(SHORT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A row of a list: the key, the name, and the columns that are asked for.
///
/// # Errors
/// Those of the view.
pub(super) fn row(
    view: &View<'_>,
    model: &Model,
    columns: &[String],
    record: &Record,
) -> Result<Value> {
    let map = record.pick(columns);
    let cell = |name: &String| -> Result<(String, Value)> {
        let value = map.get(name).unwrap_or(&Value::Null);
        Ok((name.clone(), cell(view, model, model.field(name), value)?))
    };
    let cells = columns.iter().map(cell).collect::<Result<Object>>()?;
    Ok(json!({ "key": record.key(), "label": label(model, record), "cells": cells }))
}

/// A value in a list: as it is, or an object that says in which way it is not.
fn cell(view: &View<'_>, model: &Model, field: Option<&Field>, value: &Value) -> Result<Value> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    if let Some(field) = field {
        if field.sealing.is_some() {
            return Ok(json!({ "is": "sealed" }));
        }
        if field.private {
            return Ok(json!({ "is": "hidden" }));
        }
        if let (Kind::Link(to, _), Some(id)) = (&field.kind, value.as_str())
            && is_by_key(model, &field.name)
        {
            let to_name = &view.catalogue().model(*to).name;
            let label = label_of(view, *to, id)?;
            return Ok(json!({ "is": "link", "to": to_name, "key": id, "label": label }));
        }
    }
    Ok(match value {
        Value::String(text) => cut(text).into(),
        Value::Array(items) => json!({ "is": "list", "count": items.len() }),
        Value::Object(map) => json!({ "is": "object", "count": map.len() }),
        other => other.clone(),
    })
}
