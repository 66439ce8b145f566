//! JSON Schema (draft 2020-12) of every model, derived from the declarations.

use serde_json::{Value, json};

use super::types::{Field, Kind, Model, OnDelete};
use super::{Catalogue, ModelId};
use crate::json::{parse, pretty};

/// For each model a file name and the schema's text.
pub fn schemas(catalogue: &Catalogue) -> Vec<(String, String)> {
    let file = |id: ModelId| {
        let model = catalogue.model(id);
        (format!("{}.schema.json", model.name), pretty(&schema(catalogue, model)))
    };
    catalogue.ids().map(file).collect()
}

fn schema(catalogue: &Catalogue, model: &Model) -> Value {
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": model.name,
        "description": model.doc,
    });
    extend(&mut schema, object(catalogue, &model.fields));
    schema
}

fn extend(schema: &mut Value, more: Value) {
    if let (Some(map), Value::Object(more)) = (schema.as_object_mut(), more) {
        map.extend(more);
    }
}

fn object(catalogue: &Catalogue, fields: &[Field]) -> Value {
    let required: Vec<&str> = fields
        .iter()
        .filter(|field| !field.optional && field.default.is_none())
        .map(|field| field.name.as_str())
        .collect();
    let properties: serde_json::Map<String, Value> =
        fields.iter().map(|f| (f.name.clone(), property(catalogue, f))).collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": true,
    })
}

fn property(catalogue: &Catalogue, field: &Field) -> Value {
    let mut schema = kind(catalogue, &field.kind);
    if field.optional {
        schema = json!({ "anyOf": [schema, { "type": "null" }] });
    }
    if !field.doc.is_empty() {
        schema["description"] = field.doc.as_str().into();
    }
    if let Some(Ok(default)) = field.default.as_deref().map(parse) {
        schema["default"] = default;
    }
    if field.derived {
        schema["readOnly"] = true.into();
    }
    schema
}

fn kind(catalogue: &Catalogue, kind_of: &Kind) -> Value {
    match kind_of {
        Kind::Text => json!({ "type": "string" }),
        Kind::Id => json!({ "type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$" }),
        Kind::Integer => json!({ "type": "integer" }),
        Kind::Number => json!({ "type": "number" }),
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Time => json!({ "type": "string", "format": "date-time" }),
        Kind::Json => json!({ "type": "object" }),
        Kind::Any => json!({}),
        Kind::Enum(words) => json!({ "enum": words }),
        Kind::Link(to, on_delete) => {
            let mut schema = kind(catalogue, &Kind::Id);
            let name = &catalogue.model(*to).name;
            schema["$comment"] = format!("the id of a {name}; {}", rule(*on_delete)).into();
            schema
        }
        Kind::List(inner) => json!({ "type": "array", "items": kind(catalogue, inner) }),
        Kind::Object(fields) => object(catalogue, fields),
    }
}

/// What becomes of the reference when the other record goes, as a phrase.
pub(super) fn rule(on_delete: OnDelete) -> &'static str {
    match on_delete {
        OnDelete::Cascade => "goes with it",
        OnDelete::SetNull => "is taken out when it goes",
        OnDelete::Restrict => "keeps it from being deleted",
        OnDelete::NoAction => "stays when it goes",
    }
}
