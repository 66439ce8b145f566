//! TypeScript types of every model, derived from the declarations.
//!
//! `Character` is what a call gives, `CharacterCreate` what `create` takes, `CharacterUpdate`
//! what `update` takes, `BinarySource` the words of an enumeration.
//!
//! The store keeps fields that nobody declared, but the interfaces have no index signature: with
//! one, a misspelt optional field would pass, every property access would, and an `interface` of
//! the app's could not be given at all. An app that has fields of its own declares them once,
//! with `declare module 'quilltap-store' { interface Character { … } }`; a value that is no
//! fresh object literal may hold further keys anyway.

use std::fmt::Write;

use super::Catalogue;
use super::types::{Field, Kind, Model};

/// The types of every model. They import nothing; `JsonValue` stands in `lib/header.d.ts`.
pub fn types(catalogue: &Catalogue) -> String {
    let mut text = String::new();
    for id in catalogue.ids() {
        let model = catalogue.model(id);
        push_words(&mut text, &model.name, &model.fields);
        for side in [Side::Given, Side::Create, Side::Update] {
            push_interface(&mut text, model, side);
        }
        push_unique(&mut text, model);
    }
    push_models(&mut text, catalogue);
    text
}

/// All types by their names: an app that adds fields to a model puts its own in their places.
fn push_models(text: &mut String, catalogue: &Catalogue) {
    push_doc(text, "", "The types of every model, by their names.");
    text.push_str("export interface Models {\n");
    for id in catalogue.ids() {
        for side in [Side::Given, Side::Create, Side::Update] {
            let name = format!("{}{}", catalogue.model(id).name, side.suffix());
            let _ = writeln!(text, "  {name}: {name};");
        }
        let unique = format!("{}Unique", catalogue.model(id).name);
        let _ = writeln!(text, "  {unique}: {unique};");
    }
    text.push_str("}\n\n");
}

/// What names one record: its key, or all fields of a unique combination, which may also stand in
/// an object under their names joined by `_`.
fn push_unique(text: &mut String, model: &Model) {
    let members = |fields: &[String]| {
        let member = |field: &String| format!("{}: string", property(field));
        format!("{{ {} }}", fields.iter().map(member).collect::<Vec<_>>().join("; "))
    };
    let mut ways = vec![members(std::slice::from_ref(&model.key))];
    for unique in &model.uniques {
        let flat = members(&unique.fields);
        if unique.fields.len() > 1 {
            ways.push(format!("{{ {}: {flat} }}", property(&unique.fields.join("_"))));
        }
        ways.push(flat);
    }
    push_doc(text, "", &format!("What names one {}.", model.name));
    let _ = writeln!(text, "export type {}Unique = {};\n", model.name, ways.join(" | "));
}

/// Where a value is met.
#[derive(Clone, Copy, PartialEq)]
enum Side {
    /// A record that a call gives.
    Given,
    /// The input of `create`.
    Create,
    /// The input of `update`.
    Update,
}

impl Side {
    /// What the interface's name ends with.
    fn suffix(self) -> &'static str {
        match self {
            Side::Given => "",
            Side::Create => "Create",
            Side::Update => "Update",
        }
    }

    fn doc(self, model: &Model) -> String {
        match self {
            Side::Given => model.doc.clone(),
            Side::Create => format!("What `create` takes for a {}.", model.name),
            Side::Update => {
                format!(
                    "What `update` takes for a {}: an absent key stays, `null` clears.",
                    model.name
                )
            }
        }
    }

    /// Does the interface have this field?
    fn has(self, model: &Model, field: &Field) -> bool {
        let fixed = field.name == model.key || field.name == "createdAt" || field.derived;
        self != Side::Update || !fixed
    }

    /// May the field be absent?
    fn lets_out(self, model: &Model, field: &Field) -> bool {
        match self {
            Side::Given => field.optional,
            Side::Create => field.optional || field.default.is_some() || is_made(model, field),
            Side::Update => true,
        }
    }
}

/// Does the store make it when it is not given?
fn is_made(model: &Model, field: &Field) -> bool {
    let name = field.name.as_str();
    let key = name == model.key && name == "id";
    key || model.times.fields().contains(&name) || field.lower_case_of.is_some() || field.derived
}

/// Declares the words of every enumeration of a model.
fn push_words(text: &mut String, above: &str, fields: &[Field]) {
    for field in fields {
        let (mut kind, name) = (&field.kind, words_name(above, &field.name));
        while let Kind::List(inner) = kind {
            kind = inner;
        }
        match kind {
            Kind::Enum(words) => {
                let quoted: Vec<String> = words.iter().map(|word| quoted(word)).collect();
                let _ = writeln!(text, "export type {name} = {};\n", quoted.join(" | "));
            }
            Kind::Object(inner) => push_words(text, &name, inner),
            _ => {}
        }
    }
}

/// `Binary` and `source` make `BinarySource`.
fn words_name(above: &str, field: &str) -> String {
    let mut letters = field.chars().filter(|letter| letter.is_alphanumeric() || *letter == '_');
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    above.chars().chain(first).chain(letters).collect()
}

fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\\', "\\\\").replace('\'', "\\'").replace('\n', "\\n"))
}

fn push_interface(text: &mut String, model: &Model, side: Side) {
    let (name, doc) = (format!("{}{}", model.name, side.suffix()), side.doc(model));
    push_doc(text, "", &doc);
    let _ = writeln!(text, "export interface {name} {{");
    for field in model.fields.iter().filter(|field| side.has(model, field)) {
        push_doc(text, "  ", &doc_of(field, side));
        let member = member(&model.name, field, side, side.lets_out(model, field));
        let _ = writeln!(text, "  {member};");
    }
    text.push_str("}\n\n");
}

fn doc_of(field: &Field, side: Side) -> String {
    if side == Side::Given || !field.derived {
        return field.doc.clone();
    }
    format!("{} The store's own: what is given is left out.", field.doc)
}

fn push_doc(text: &mut String, indent: &str, doc: &str) {
    if !doc.is_empty() {
        let _ = writeln!(text, "{indent}/** {} */", doc.replace("*/", "* /"));
    }
}

/// `title?: string | null`; what is taken may be `undefined` wherever it may be absent, also
/// under `exactOptionalPropertyTypes`.
fn member(above: &str, field: &Field, side: Side, optional: bool) -> String {
    let mark = if optional { "?" } else { "" };
    let null = if field.optional { " | null" } else { "" };
    let undefined = if optional && side != Side::Given { " | undefined" } else { "" };
    let kind = kind(&words_name(above, &field.name), &field.kind, side);
    format!("{}{mark}: {kind}{null}{undefined}", property(&field.name))
}

/// A property's name, quoted where it is no identifier.
fn property(name: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '$');
    let digit_first = name.starts_with(|letter: char| letter.is_ascii_digit());
    let is_plain = !name.is_empty() && !digit_first && name.chars().all(plain);
    if is_plain { name.to_owned() } else { quoted(name) }
}

/// The type of a kind; `words` is the name that its enumeration would have.
fn kind(words: &str, kind_of: &Kind, side: Side) -> String {
    match kind_of {
        Kind::Text | Kind::Id | Kind::Link(..) => "string".into(),
        Kind::Integer | Kind::Number => "number".into(),
        Kind::Flag => "boolean".into(),
        Kind::Time if side != Side::Given => "string | Date".into(),
        Kind::Time => "string".into(),
        Kind::Json => "JsonObject".into(),
        Kind::Any => "JsonValue".into(),
        Kind::Enum(_) => words.into(),
        Kind::List(inner) if side == Side::Given => format!("Array<{}>", kind(words, inner, side)),
        Kind::List(inner) => format!("ReadonlyArray<{}>", kind(words, inner, side)),
        Kind::Object(fields) => object(words, fields, side),
    }
}

fn object(above: &str, fields: &[Field], side: Side) -> String {
    let member = |field: &Field| {
        let filled = side != Side::Given && field.default.is_some();
        member(above, field, side, field.optional || filled)
    };
    let members: Vec<String> = fields.iter().map(member).collect();
    format!("{{ {} }}", members.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(name: &str) -> String {
        let text = types(&Catalogue::builtin());
        let start = text.find(&format!("export interface {name} {{\n")).expect("declared");
        let end = start + text[start..].find("\n}\n").expect("closed");
        text[start..end].to_owned()
    }

    fn has(interface: &str, member: &str) -> bool {
        interface.lines().any(|line| line.trim() == member)
    }

    #[test]
    fn what_is_given() {
        let character = interface("Character");
        let links = "personaLinks: Array<{ personaId: string; isDefault: boolean }>;";
        for member in ["id: string;", "title?: string | null;", links, "updatedAt: string;"] {
            assert!(has(&character, member), "{member}");
        }
        assert!(has(&interface("Binary"), "source: BinarySource;"));
        assert!(has(&interface("Chat"), "messageCount: number;"));
    }

    #[test]
    fn what_create_takes() {
        let character = interface("CharacterCreate");
        let time = "createdAt?: string | Date | undefined;";
        for member in ["id?: string | undefined;", "name: string;", time] {
            assert!(has(&character, member), "{member}");
        }
        assert!(has(&interface("TagCreate"), "nameLower?: string | undefined;"));
        assert!(has(&interface("VerificationTokenCreate"), "token: string;"));
        assert!(has(&interface("ChatCreate"), "messageCount?: number | undefined;"));
    }

    #[test]
    fn what_update_takes() {
        let chat = interface("ChatUpdate");
        assert!(has(&chat, "title?: string | undefined;"));
        assert!(has(&chat, "personaId?: string | null | undefined;"));
        for fixed in ["id?", "createdAt?", "messageCount?"] {
            assert!(!chat.lines().any(|line| line.trim().starts_with(fixed)), "{fixed}");
        }
    }

    #[test]
    fn words_have_a_type_of_their_own() {
        let text = types(&Catalogue::builtin());
        assert!(
            text.contains(
                "\nexport type MessageRole = 'SYSTEM' | 'USER' | 'ASSISTANT' | 'TOOL';\n"
            )
        );
        assert!(text.contains("\nexport type BinaryTagLinksTagType = 'CHARACTER' |"));
    }

    #[test]
    fn strange_names_do_no_harm() {
        assert_eq!(property("not-before-policy"), "'not-before-policy'");
        assert_eq!(property("1st"), "'1st'");
        assert_eq!(quoted("it's"), "'it\\'s'");
        let mut text = String::new();
        push_doc(&mut text, "", "ends */ here");
        assert_eq!(text, "/** ends * / here */\n");
    }
}
