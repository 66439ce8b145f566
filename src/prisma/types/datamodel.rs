//! The schema as data: what Prisma's client tells of its models as `Prisma.dmmf.datamodel`.

use serde_json::{Value, json};

use super::super::description::{
    Column, Default, Description, Enumeration, FieldRef, ForeignKey, Relation, Scalar, Table,
};
use crate::catalogue::OnDelete;
use crate::json::{Object, compact};

/// The models and enumerations in Prisma's form.
pub(crate) fn datamodel(description: &Description) -> Value {
    let models: Vec<Value> =
        description.tables.iter().map(|table| model(description, table)).collect();
    let enums: Vec<Value> = description.enums.iter().map(enumeration).collect();
    json!({ "models": models, "enums": enums, "types": [] })
}

fn enumeration(enumeration: &Enumeration) -> Value {
    let values = enumeration.words.iter().map(|word| json!({ "name": word, "dbName": null }));
    json!({ "name": enumeration.name, "values": values.collect::<Vec<_>>(), "dbName": null })
}

fn model(description: &Description, table: &Table) -> Value {
    let key = |columns: &[usize]| Value::from_iter(table.names(columns));
    let named = |columns: &[usize]| json!({ "name": null, "fields": key(columns) });
    let several = || table.uniques.iter().filter(|columns| columns.len() > 1);
    let fields: Vec<Value> =
        table.fields().map(|field| Value::Object(field_of(description, table, field))).collect();
    json!({
        "name": table.name,
        "dbName": table.db_name,
        "schema": null,
        "fields": fields,
        "primaryKey": Some(table.id.as_slice()).filter(|id| id.len() > 1).map(named),
        "uniqueFields": several().map(|columns| key(columns)).collect::<Vec<_>>(),
        "uniqueIndexes": several().map(|columns| named(columns)).collect::<Vec<_>>(),
        "isGenerated": false,
    })
}

/// What is said of a field of any kind.
struct Facts<'f> {
    name: &'f str,
    kind: &'static str,
    is_list: bool,
    is_required: bool,
    is_unique: bool,
    is_id: bool,
    is_read_only: bool,
    default: Option<Value>,
    type_name: &'f str,
    is_updated_at: bool,
}

impl Facts<'_> {
    fn told(self, more: impl IntoIterator<Item = (&'static str, Value)>) -> Object {
        let has_default = self.default.is_some();
        let told = [
            ("name", self.name.into()),
            ("kind", self.kind.into()),
            ("isList", self.is_list.into()),
            ("isRequired", self.is_required.into()),
            ("isUnique", self.is_unique.into()),
            ("isId", self.is_id.into()),
            ("isReadOnly", self.is_read_only.into()),
            ("hasDefaultValue", has_default.into()),
            ("type", self.type_name.into()),
            ("nativeType", Value::Null),
        ];
        let told = told.into_iter().chain(self.default.map(|default| ("default", default)));
        let end = [("isGenerated", false.into()), ("isUpdatedAt", self.is_updated_at.into())];
        told.chain(more).chain(end).map(|(key, value)| (key.to_owned(), value)).collect()
    }
}

fn field_of(description: &Description, table: &Table, field: FieldRef<'_>) -> Object {
    match field {
        FieldRef::Column(at, column) => column_of(description, table, at, column),
        FieldRef::Relation(_, relation) => relation_of(description, table, relation),
    }
}

fn column_of(description: &Description, table: &Table, at: usize, column: &Column) -> Object {
    let facts = Facts {
        name: &column.name,
        kind: if matches!(column.scalar, Scalar::Enum(_)) { "enum" } else { "scalar" },
        is_list: false,
        is_required: !column.nullable,
        is_unique: table.is_unique(at),
        is_id: table.is_id(at),
        // It is set by way of the relation.
        is_read_only: table.relation_over(at).is_some(),
        default: column.default.as_ref().map(|default| default_of(column, default)),
        type_name: description.type_name(column.scalar),
        is_updated_at: column.updated_at,
    };
    facts.told([])
}

fn default_of(column: &Column, default: &Default) -> Value {
    match default {
        Default::Uuid => json!({ "name": "uuid", "args": [4] }),
        Default::Now => json!({ "name": "now", "args": [] }),
        // A schema writes JSON as its text.
        Default::Value(value) if column.scalar == Scalar::Json => compact(value).into(),
        Default::Value(value) => value.clone(),
    }
}

fn relation_of(description: &Description, table: &Table, relation: &Relation) -> Object {
    let target = &description.tables[relation.target];
    let facts = Facts {
        name: &relation.name,
        kind: "object",
        is_list: relation.list,
        is_required: !relation.nullable,
        is_unique: false,
        is_id: false,
        is_read_only: false,
        default: None,
        type_name: &target.name,
        is_updated_at: false,
    };
    let key = relation.foreign_key.as_ref();
    let from = key.map_or(Vec::new(), |key| table.names(&key.columns).collect());
    let to = key.map_or(Vec::new(), |key| target.names(&key.references).collect());
    let mut more = vec![
        ("relationName", relation.relation_name.clone().into()),
        ("relationFromFields", from.into()),
        ("relationToFields", to.into()),
    ];
    more.extend(key.and_then(on_delete).map(|action| ("relationOnDelete", action.into())));
    facts.told(more)
}

/// What a schema says of it: nothing where it is what Prisma does anyway.
fn on_delete(key: &ForeignKey) -> Option<&'static str> {
    match key.on_delete {
        OnDelete::Cascade => Some("Cascade"),
        OnDelete::SetNull => Some("SetNull"),
        OnDelete::NoAction => Some("NoAction"),
        OnDelete::Restrict => None,
    }
}
