//! Better Auth's schema as a declaration: what its plugins add to users, sessions and accounts become
//! fields of these, and their tables collections of their own, each in `auth/plugins/`.
//!
//! Every field may be absent, whatever Better Auth says of it. A plugin that is added, updated or
//! taken out again then finds every row as it was, and there is nothing to migrate.

use serde_json::{Value, json};

use super::request::fault;
use super::tables::{collection_of, core_model};
use crate::catalogue::{Catalogue, Declaration, models};
use crate::error::Result;
use crate::json::{self, Object};
use crate::repos::rules::SIGN_UP;

/// The collection that knows the last number given as an id, by table.
pub(super) const SERIALS: &str = "authSerials";
pub(super) const SERIALS_LAST: &str = "last";

/// What a schema declares: `{ tables: { twoFactor: { fields, indexes } }, numberIds }`.
///
/// # Errors
/// `VALIDATION` for a schema that cannot be kept.
pub(crate) fn declaration(text: &str) -> Result<Declaration> {
    let schema = json::parse(text)
        .map_err(|problem| fault("schema", "JSON that can be kept", &problem.message.into()))?;
    let none = Object::new();
    let tables = schema.get("tables").and_then(Value::as_object).unwrap_or(&none);
    let (mut collections, mut fields) = (Object::new(), Object::new());
    for (name, table) in tables {
        match core_model(name) {
            Some(_) => add_fields(name, table, tables, &mut fields)?,
            None => {
                collections.insert(collection_of(name), collection(name, table, tables));
            }
        }
    }
    if schema.get("numberIds") == Some(&Value::Bool(true)) {
        collections.insert(SERIALS.to_owned(), serials());
    }
    let declared = json!({ "collections": collections, "fields": fields });
    Declaration::parse(&declared.to_string())
}

fn serials() -> Value {
    json!({
        "file": "auth/plugins/_serials.jsonl",
        "timestamps": false,
        "description": "The last number that Better Auth was given as an id, by table.",
        "fields": { SERIALS_LAST: { "type": "integer" } },
    })
}

fn fields_of(table: &Value) -> impl Iterator<Item = (&String, &Value)> {
    table.get("fields").and_then(Value::as_object).into_iter().flatten()
}

/// A plugin's fields in one of the tables that Better Auth always has.
///
/// # Errors
/// `VALIDATION` for one with a name that the store needs itself.
fn add_fields(name: &str, table: &Value, tables: &Object, fields: &mut Object) -> Result<()> {
    let Some((id, columns)) = core_model(name) else { return Ok(()) };
    let catalogue = Catalogue::builtin();
    let model = catalogue.model(id);
    let is_known = |field: &str| {
        columns.iter().any(|column| column.name == field)
            || model.field(field).is_some_and(|known| !known.private)
    };
    let more = fields_of(table).filter(|(field, _)| !is_known(field));
    let more: Object = more.map(|(name, given)| (name.clone(), field(given, tables))).collect();
    if id == models::USER && more.contains_key(SIGN_UP) {
        let expected =
            format!("another name for this field of {name}: the store marks sign-ups by {SIGN_UP}");
        return Err(fault(&format!("schema.{name}.fields.{SIGN_UP}"), &expected, &SIGN_UP.into()));
    }
    if !more.is_empty() {
        fields.insert(model.name.clone(), Value::Object(more));
    }
    Ok(())
}

fn collection(name: &str, table: &Value, tables: &Object) -> Value {
    let fields: Object = fields_of(table)
        .filter(|(field, _)| *field != "id")
        .map(|(name, given)| (name.clone(), field(given, tables)))
        .collect();
    let indexes = table.get("indexes").and_then(Value::as_array).into_iter().flatten();
    let unique: Value = indexes
        .filter(|index| index.get("unique") == Some(&Value::Bool(true)))
        .filter_map(|index| index.get("fields"))
        .cloned()
        .collect();
    json!({
        "file": format!("auth/plugins/{name}.jsonl"),
        "timestamps": false,
        "description": format!("Better Auth's table {name}."),
        "unique": unique,
        "fields": fields,
    })
}

/// The declaration of a field.
fn field(given: &Value, tables: &Object) -> Value {
    let is = |key: &str| given.get(key) == Some(&Value::Bool(true));
    let mut declared = reference(given, tables)
        .or_else(|| reference_by_field(given, tables))
        .unwrap_or_else(|| kind(given));
    declared["optional"] = true.into();
    if is("unique") {
        declared["unique"] = true.into();
    } else if is("index") || refers(given).is_some() {
        declared["index"] = true.into();
    }
    declared
}

fn refers(given: &Value) -> Option<(&str, &str)> {
    let reference = given.get("references")?;
    Some((reference.get("model")?.as_str()?, reference.get("field")?.as_str()?))
}

/// A reference by id to a record that the store has.
fn reference(given: &Value, tables: &Object) -> Option<Value> {
    let (table, _) = refers(given).filter(|(_, field)| *field == "id")?;
    let to = match core_model(table) {
        Some((id, _)) => Catalogue::builtin().model(id).name.clone(),
        None if tables.contains_key(table) => collection_of(table),
        None => return None,
    };
    Some(json!({ "type": "id", "references": to, "onDelete": on_delete(given) }))
}

/// A reference by another field, where that is unique in the table of a plugin.
fn reference_by_field(given: &Value, tables: &Object) -> Option<Value> {
    let (table, by) = refers(given).filter(|(table, _)| core_model(table).is_none())?;
    let is_unique = tables.get(table)?["fields"][by]["unique"] == Value::Bool(true);
    let to = collection_of(table);
    is_unique.then(
        || json!({ "type": "string", "references": to, "by": by, "onDelete": on_delete(given) }),
    )
}

/// What follows from a deletion; Better Auth's own adapters take what is not said for `cascade`.
fn on_delete(given: &Value) -> &'static str {
    match given["references"].get("onDelete").and_then(Value::as_str) {
        Some("set null" | "set default") => "SetNull",
        Some("restrict" | "no action") => "Restrict",
        _ => "Cascade",
    }
}

fn kind(given: &Value) -> Value {
    match given.get("type").and_then(Value::as_str) {
        Some("number") => json!({ "type": "number" }),
        Some("boolean") => json!({ "type": "boolean" }),
        Some("date") => json!({ "type": "time" }),
        Some("json") => json!({ "type": "any" }),
        Some("string[]") => json!({ "type": "array", "items": { "type": "string" } }),
        Some("number[]") => json!({ "type": "array", "items": { "type": "number" } }),
        // A list of words is a text that Better Auth checks: a later version may know more.
        _ => json!({ "type": "string" }),
    }
}
