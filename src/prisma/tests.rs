//! The tables against the facts that were read from the app's Prisma schema and its database.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use serde_json::{Value, json};

use super::description::{Column, Default, FieldRef, Relation, Table};
use super::{Description, description};
use crate::catalogue::OnDelete;

fn facts() -> Value {
    serde_json::from_str(include_str!("../../tests/fixtures/prisma/tables.json")).unwrap()
}

#[test]
fn the_enumerations_are_those_of_the_schema() {
    let of = |description: &Description| -> Value {
        let entries = description.enums.iter().map(|e| (e.name.clone(), json!(e.words)));
        Value::Object(entries.collect())
    };
    assert_eq!(of(description()), facts()["enums"]);
}

#[test]
fn the_tables_are_those_of_the_schema() {
    let facts = facts();
    let described = description();
    let names: Vec<&str> = described.tables.iter().map(|table| table.name.as_str()).collect();
    assert_eq!(json!(names), facts["modelOrder"]);
    for table in &described.tables {
        let known = &facts["models"][&table.name];
        assert_eq!(json!(table.db_name), known["table"], "{}", table.name);
        let order: Vec<&str> = table
            .fields()
            .map(|field| match field {
                FieldRef::Column(_, column) => column.name.as_str(),
                FieldRef::Relation(_, relation) => relation.name.as_str(),
            })
            .collect();
        assert_eq!(json!(order), known["fieldOrder"], "{}", table.name);
        let columns: Vec<Value> =
            table.columns.iter().map(|c| column(described, table, c)).collect();
        let facts: Vec<Value> = known["fields"].as_array().unwrap().iter().map(fact).collect();
        assert_eq!(columns, facts, "{}", table.name);
        keys_are_known(table, known);
    }
}

fn column(described: &Description, table: &Table, column: &Column) -> Value {
    let at = table.column(&column.name).unwrap();
    let default = match &column.default {
        Some(Default::Uuid) => json!("uuid"),
        Some(Default::Now) => json!("now"),
        Some(Default::Value(value)) => json!({ "is": value }),
        None if column.updated_at => json!("updatedAt"),
        None => Value::Null,
    };
    json!({
        "name": column.name, "type": described.type_name(column.scalar), "nullable": column.nullable,
        "id": table.is_id(at), "unique": table.is_unique(at), "default": default,
    })
}

fn fact(field: &Value) -> Value {
    let default = &field["default"];
    let default = match default["kind"].as_str() {
        Some("literal") => json!({ "is": default["value"] }),
        Some(kind) => json!(kind),
        None => Value::Null,
    };
    json!({
        "name": field["name"], "type": field["type"], "nullable": field["nullable"],
        "id": field["id"] == json!(true), "unique": field["unique"] == json!(true), "default": default,
    })
}

fn keys_are_known(table: &Table, known: &Value) {
    let names = |key: &[usize]| json!(table.names(key).collect::<Vec<_>>());
    let id = if table.id.is_empty() { Value::Null } else { names(&table.id) };
    assert_eq!(id, known["primaryKey"]["fields"], "{}", table.name);
    let several = table.uniques.iter().filter(|key| key.len() > 1);
    let uniques: Vec<Value> = several.map(|key| json!([names(key), table.key_name(key)])).collect();
    let facts = known["uniques"].as_array().unwrap().iter();
    let facts: Vec<Value> = facts.map(|key| json!([key["fields"], key["accessor"]])).collect();
    assert_eq!(uniques, facts, "{}", table.name);
}

#[test]
fn the_relations_are_those_of_the_schema() {
    let facts = facts();
    let described = description();
    for table in &described.tables {
        let relations: Vec<Value> =
            table.relations.iter().map(|own| relation(described, table, own)).collect();
        let known = facts["models"][&table.name]["relations"].as_array().unwrap().iter();
        let known: Vec<Value> = known
            .map(|fact| {
                json!({
                    "field": fact["field"], "target": fact["target"], "list": fact["list"],
                    "nullable": fact["nullable"], "name": fact["relationName"],
                    "columns": fact["fromFields"], "references": fact["references"],
                    "onDelete": fact["onDelete"], "constraint": fact["constraint"],
                    "back": fact["backRelation"]["field"],
                })
            })
            .collect();
        assert_eq!(relations, known, "{}", table.name);
    }
}

fn relation(described: &Description, table: &Table, own: &Relation) -> Value {
    let other = &described.tables[own.target];
    let key = own.foreign_key.as_ref();
    json!({
        "field": own.name, "target": other.name, "list": own.list, "nullable": own.nullable,
        "name": own.relation_name, "back": other.relations[own.back].name,
        "columns": key.map(|key| table.names(&key.columns).collect::<Vec<_>>()),
        "references": key.map(|key| other.names(&key.references).collect::<Vec<_>>()),
        "onDelete": key.map(|key| match key.on_delete {
            OnDelete::Cascade => "Cascade",
            OnDelete::SetNull => "SetNull",
            OnDelete::Restrict => "Restrict",
            OnDelete::NoAction => "NoAction",
        }),
        "constraint": key.map(|key| &key.constraint),
    })
}
