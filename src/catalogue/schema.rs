//! JSON Schema (draft 2020-12) of every model, derived from the declarations.

use serde_json::{Value, json};

use super::types::{Field, Kind, Model, OnDelete};
use super::{Catalogue, ModelId};
use crate::json::{parse, pretty};

const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

/// Whole numbers beyond this are not exact in JavaScript.
const MAX_INTEGER: i64 = 9_007_199_254_740_991;

/// For each model a file name (`Character.schema.json`) and the schema's text, which ends with a
/// line feed.
pub fn schemas(catalogue: &Catalogue) -> Vec<(String, String)> {
    let file = |id: ModelId| {
        let name = format!("{}.schema.json", catalogue.model(id).name);
        (name, pretty(&schema(catalogue, id)))
    };
    catalogue.ids().map(file).collect()
}

/// The schema of a model's records, as the store gives and writes them. Keys that nobody
/// declared are allowed; what no schema can say (uniques, relations) stands in `$comment`.
pub fn schema(catalogue: &Catalogue, id: ModelId) -> Value {
    let model = catalogue.model(id);
    let mut schema = json!({ "$schema": DRAFT, "title": model.name, "description": model.doc });
    if let Some(comment) = comment(catalogue, model) {
        schema["$comment"] = comment.into();
    }
    extend(&mut schema, object(catalogue, &model.fields));
    schema
}

/// What may occur once, and which lists are kept in step.
fn comment(catalogue: &Catalogue, model: &Model) -> Option<String> {
    let uniques = model.uniques.iter().map(|unique| {
        let case = if unique.caseless { ", compared without case" } else { "" };
        format!("unique: {}{case}", unique.fields.join(" and "))
    });
    let mirrors = model.mirrors.iter().map(|mirror| {
        let (path, other) = (mirror.path.join("."), &catalogue.model(mirror.of).name);
        format!("{path} and {other}.{} are kept in step", mirror.field)
    });
    let sentences: Vec<String> = uniques.chain(mirrors).collect();
    Some(sentences.join("; ")).filter(|text| !text.is_empty())
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
    let words = match field.kind {
        Kind::Text => ["minLength", "maxLength"],
        Kind::List(_) => ["minItems", "maxItems"],
        _ => ["minimum", "maximum"],
    };
    for (word, limit) in words.into_iter().zip([field.least, field.most]) {
        if let Some(limit) = limit {
            schema[word] = number(limit);
        }
    }
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

/// A time of a year that has not four digits, which RFC 3339, and so `date-time`, does not know.
const EXPANDED_TIME: &str =
    "^[+-][0-9]{6}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z$";

/// A limit, whole where it is.
fn number(limit: f64) -> Value {
    if limit.fract() == 0.0 { (limit as i64).into() } else { limit.into() }
}

fn kind(catalogue: &Catalogue, kind_of: &Kind) -> Value {
    match kind_of {
        Kind::Text => json!({ "type": "string" }),
        Kind::Id => json!({ "type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$" }),
        Kind::Integer => {
            json!({ "type": "integer", "minimum": -MAX_INTEGER, "maximum": MAX_INTEGER })
        }
        Kind::Number => json!({ "type": "number" }),
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Time => {
            json!({ "type": "string", "anyOf": [{ "format": "date-time" }, { "pattern": EXPANDED_TIME }] })
        }
        Kind::Json => json!({ "type": "object" }),
        Kind::Any => json!({}),
        Kind::Enum(words) => json!({ "type": "string", "enum": words }),
        Kind::Link(to, on_delete) => {
            let mut schema = kind(catalogue, &Kind::Id);
            let name = &catalogue.model(*to).name;
            schema["$comment"] =
                format!("refers to {name}: when that goes, {}", rule(*on_delete)).into();
            schema
        }
        Kind::List(inner) => json!({ "type": "array", "items": kind(catalogue, inner) }),
        Kind::Object(fields) => object(catalogue, fields),
    }
}

/// What becomes of the reference when the other record goes, as a phrase.
fn rule(on_delete: OnDelete) -> &'static str {
    match on_delete {
        OnDelete::Cascade => "this goes too (in a list, the entry goes)",
        OnDelete::SetNull => "it becomes null (in a list, the entry goes)",
        OnDelete::Restrict => "that is refused as long as this is here",
        OnDelete::NoAction => "nothing happens; it is not checked either",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::models;

    fn of(id: ModelId) -> Value {
        schema(&Catalogue::builtin(), id)
    }

    #[test]
    fn each_model_has_a_file() {
        let catalogue = Catalogue::builtin();
        let files = schemas(&catalogue);
        assert_eq!(files.len(), catalogue.ids().count());
        assert_eq!(files[0].0, "User.schema.json");
        assert!(files.iter().all(|(_, text)| text.ends_with("}\n")));
        assert_eq!(files, schemas(&Catalogue::builtin()));
    }

    #[test]
    fn what_must_be_there_is_required() {
        let expected = json!([
            "id",
            "userId",
            "name",
            "description",
            "personality",
            "scenario",
            "firstMessage",
            "createdAt",
            "updatedAt",
        ]);
        assert_eq!(of(models::CHARACTER)["required"], expected);
        assert_eq!(of(models::CHARACTER)["additionalProperties"], true);
    }

    #[test]
    fn kinds_defaults_and_relations_are_told() {
        let profile = of(models::CONNECTION_PROFILE);
        let link = &profile["properties"]["apiKeyId"]["anyOf"];
        assert_eq!(
            link[0]["$comment"],
            "refers to ApiKey: when that goes, it becomes null (in a list, the entry goes)"
        );
        assert_eq!(link[1], json!({ "type": "null" }));
        assert_eq!(profile["properties"]["provider"]["enum"][7], "GOOGLE");
        assert_eq!(profile["properties"]["parameters"]["default"], json!({}));
        let chat = of(models::CHAT);
        assert_eq!(chat["properties"]["messageCount"]["readOnly"], true);
        let forms = &chat["properties"]["createdAt"]["anyOf"];
        assert_eq!(forms[0]["format"], "date-time");
        assert_eq!(forms[1]["pattern"], EXPANDED_TIME);
        let user = of(models::USER);
        assert_eq!(user["$comment"], "unique: email, compared without case");
        let character = of(models::CHARACTER);
        let mirror = "personaLinks.personaId and Persona.characterLinks are kept in step";
        assert_eq!(character["$comment"], mirror);
    }
}
