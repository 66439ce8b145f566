//! TypeScript types of every model, derived from the declarations.
//!
//! `Character` is what a call gives, `CharacterCreate` what `create` takes, `CharacterUpdate`
//! what `update` takes. Fields that nobody declared are kept by the store: the two inputs allow
//! them, and a reader narrows a record to a type of its own.

use std::fmt::Write;

use super::types::{Field, Kind, Model};
use super::Catalogue;

/// The three interfaces of every model.
pub fn types(catalogue: &Catalogue) -> String {
    let mut text = String::new();
    for id in catalogue.ids() {
        push_model(&mut text, catalogue.model(id));
    }
    text
}

fn push_model(text: &mut String, model: &Model) {
    let name = &model.name;
    let _ = write!(text, "/** {} */\nexport interface {name} {{\n", model.doc);
    model.fields.iter().for_each(|field| push_field(text, field, field.optional, Side::Given));
    let _ = write!(text, "}}\n\n/** What `create` takes for a {name}. */\nexport interface {name}Create {{\n");
    for field in model.fields.iter().filter(|field| !field.derived) {
        let optional = field.optional || field.default.is_some() || is_made(model, field);
        push_field(text, field, optional, Side::Taken);
    }
    text.push_str("  [unknownField: string]: unknown;\n}\n\n");
    let _ = write!(text, "/** What `update` takes for a {name}: an absent key stays, `null` clears. */\n");
    let _ = write!(text, "export interface {name}Update {{\n");
    let fixed = [model.key.as_str(), "createdAt"];
    for field in model.fields.iter().filter(|f| !f.derived && !fixed.contains(&f.name.as_str())) {
        push_field(text, field, true, Side::Taken);
    }
    text.push_str("  [unknownField: string]: unknown;\n}\n\n");
}

/// Does the store make it when it is not given?
fn is_made(model: &Model, field: &Field) -> bool {
    let time = matches!(field.name.as_str(), "createdAt" | "updatedAt");
    (field.name == model.key && model.key == "id") || time || field.lower_case_of.is_some()
}

/// Does the value come from the store or from the caller?
#[derive(Clone, Copy, PartialEq)]
enum Side {
    Given,
    Taken,
}

fn push_field(text: &mut String, field: &Field, optional: bool, side: Side) {
    if !field.doc.is_empty() {
        let _ = writeln!(text, "  /** {} */", field.doc);
    }
    let mark = if optional { "?" } else { "" };
    let null = if field.optional { " | null" } else { "" };
    let undefined = if optional && side == Side::Taken { " | undefined" } else { "" };
    let _ = writeln!(text, "  {}{mark}: {}{null}{undefined};", field.name, kind(&field.kind, side));
}

fn kind(kind_of: &Kind, side: Side) -> String {
    match kind_of {
        Kind::Text | Kind::Id | Kind::Link(..) => "string".into(),
        Kind::Integer | Kind::Number => "number".into(),
        Kind::Flag => "boolean".into(),
        Kind::Time if side == Side::Taken => "string | Date".into(),
        Kind::Time => "string".into(),
        Kind::Json => "JsonObject".into(),
        Kind::Any => "unknown".into(),
        Kind::Enum(words) => {
            let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
            quoted.join(" | ")
        }
        Kind::List(inner) => format!("Array<{}>", kind(inner, side)),
        Kind::Object(fields) => object(fields, side),
    }
}

fn object(fields: &[Field], side: Side) -> String {
    let member = |field: &Field| {
        let given = side == Side::Given;
        let optional = field.optional || (!given && field.default.is_some());
        let mark = if optional { "?" } else { "" };
        let null = if field.optional { " | null" } else { "" };
        format!("{}{mark}: {}{null}", field.name, kind(&field.kind, side))
    };
    let members: Vec<String> = fields.iter().map(member).collect();
    format!("{{ {} }}", members.join("; "))
}

