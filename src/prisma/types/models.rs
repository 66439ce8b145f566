//! A model's record, and what the generic types must know of it.

use std::fmt::Write;

use super::super::description::{Column, Description, Relation, Scalar, Table};
use super::{accessor, capitalized, quoted, union};

/// Enumerations, records and the description of each model.
pub(super) fn models(description: &Description) -> String {
    let mut text = enums(description);
    for table in &description.tables {
        push_record(&mut text, description, table);
    }
    text.push_str("interface Models {\n");
    for table in &description.tables {
        push_model(&mut text, description, table);
    }
    text.push_str("}\n\n");
    text
}

fn enums(description: &Description) -> String {
    let mut text = "export declare namespace $Enums {\n".to_owned();
    for enumeration in &description.enums {
        let (name, words) = (&enumeration.name, union(&enumeration.words));
        let _ = writeln!(text, "  type {name} = {words}\n  const {name}: {{ [W in {name}]: W }}");
    }
    text.push_str("}\n");
    for name in description.enums.iter().map(|enumeration| &enumeration.name) {
        let _ = writeln!(text, "export type {name} = $Enums.{name}");
        let _ = writeln!(text, "export declare const {name}: typeof $Enums.{name}");
    }
    text.push('\n');
    text
}

/// A type, not an interface: it is to fit where an index signature is asked.
fn push_record(text: &mut String, description: &Description, table: &Table) {
    let _ = writeln!(text, "export type {} = {{", table.name);
    for column in &table.columns {
        let _ = writeln!(text, "  {}: {}", column.name, type_of(description, column));
    }
    text.push_str("}\n");
}

fn type_of(description: &Description, column: &Column) -> String {
    let kind = match column.scalar {
        Scalar::String => "string",
        Scalar::Int | Scalar::Float => "number",
        Scalar::Boolean => "boolean",
        Scalar::DateTime => "Date",
        Scalar::Json => "Prisma.JsonValue",
        Scalar::Enum(number) => &description.enums[number].name,
    };
    format!("{kind}{}", if column.nullable { " | null" } else { "" })
}

fn push_model(text: &mut String, description: &Description, table: &Table) {
    let names = |fits: &dyn Fn(&Column) -> bool| {
        let fitting = table.columns.iter().filter(|column| fits(column));
        union(&fitting.map(|column| column.name.as_str()).collect::<Vec<_>>())
    };
    let keys = table.relations.iter().flat_map(|relation| key_columns(table, relation));
    let keys = union(&distinct(keys));
    let required = names(&Column::required);
    let nullable_json = names(&|column| column.nullable && column.scalar == Scalar::Json);
    let _ = writeln!(text, "  {}: {{", table.name);
    let _ = writeln!(text, "    accessor: '{}'\n    scalars: {}", accessor(table), table.name);
    let _ = writeln!(text, "    required: {required}\n    keys: {keys}");
    let _ = writeln!(text, "    nullableJson: {nullable_json}");
    push_uniques(text, description, table);
    text.push_str("    relations: {\n");
    for relation in &table.relations {
        push_relation(text, description, table, relation);
    }
    text.push_str("    }\n  }\n");
}

fn push_uniques(text: &mut String, description: &Description, table: &Table) {
    text.push_str("    unique: {\n");
    for key in table.keys() {
        let fields: Vec<String> =
            key.iter().map(|at| unique_field(description, &table.columns[*at])).collect();
        let name = table.key_name(key);
        let _ = match fields.as_slice() {
            [field] => writeln!(text, "      {field}"),
            fields => writeln!(text, "      {name}: {{ {} }}", fields.join("; ")),
        };
    }
    text.push_str("    }\n");
}

fn unique_field(description: &Description, column: &Column) -> String {
    format!("{}: {}", column.name, type_of(description, column))
}

fn push_relation(text: &mut String, description: &Description, table: &Table, relation: &Relation) {
    let target = &description.tables[relation.target];
    let back = &target.relations[relation.back].name;
    let keys = union(&key_columns(table, relation));
    let (name, model) = (&relation.name, &target.name);
    let (list, nullable) = (relation.list, relation.nullable);
    let _ = writeln!(
        text,
        "      {name}: {{ model: '{model}'; list: {list}; nullable: {nullable}; back: '{back}'; keys: {keys} }}"
    );
}

/// The columns here that hold the other record's key.
fn key_columns<'t>(table: &'t Table, relation: &'t Relation) -> Vec<&'t str> {
    let columns = relation.foreign_key.iter().flat_map(|key| table.names(&key.columns));
    columns.collect()
}

fn distinct<'t>(names: impl Iterator<Item = &'t str>) -> Vec<&'t str> {
    let mut all = Vec::new();
    for name in names {
        if !all.contains(&name) {
            all.push(name);
        }
    }
    all
}

/// The input of a key of several fields: `Prisma.ChatTagChatIdTagIdCompoundUniqueInput`.
pub(super) fn compound_keys(table: &Table) -> Vec<(String, String)> {
    let compound = table.keys().filter(|key| key.len() > 1);
    let named = compound.map(|key| {
        let parts: String = table.names(key).map(capitalized).collect();
        let name = format!("{}{parts}CompoundUniqueInput", table.name);
        (name, format!("Models['{}']['unique']['{}']", table.name, table.key_name(key)))
    });
    named.collect()
}

/// The names of a table's scalar fields, quoted.
pub(super) fn scalar_names(table: &Table) -> Vec<String> {
    quoted(&table.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>())
}
