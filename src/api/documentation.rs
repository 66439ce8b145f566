//! The table of calls as TypeScript interfaces and as a reference to read.

use std::fmt::Write;

use super::table::{Calls, Entry, Of};
use super::{REPOSITORIES, Repository};
use crate::calls::Call;
use crate::catalogue::{Catalogue, Declaration};
use crate::error::{Code, Result};
use crate::repos::{generic, logs};

/// Repositories that are not found on a store under their own name.
const APART: &[&str] = &["store", "sealing", "secrets", "auth"];

/// A repository whose calls are no part of the store's face: its front has types of its own.
const HIDDEN: &str = "prisma";

/// The repositories that are documented.
fn told() -> impl Iterator<Item = &'static Repository> {
    REPOSITORIES.iter().filter(|repository| repository.name != HIDDEN)
}

/// The calls of a declared collection that only some have: the interface, its sentence, and who
/// has them.
const PARTS: &[(&str, &str, &[&str])] = &[
    (
        "OwnedCalls<R>",
        "What a collection has besides whose records have a `userId`.",
        &["findByUserId"],
    ),
    (
        "TaggedCalls<R>",
        "What a collection has besides whose records have `tags`.",
        &["findByTag", "addTag", "removeTag"],
    ),
    ("LogCalls<R>", "What a collection of logs has besides.", &["findByOwner"]),
    ("SecretCalls<R>", "What a collection with secret fields has besides.", &["reveal"]),
];

/// One interface for each repository, the adapter's among them, `Repositories`, which holds
/// those that are found on a store, and those of a declared collection.
///
/// # Errors
/// None that a sound catalogue gives.
pub(super) fn typescript_repositories() -> Result<String> {
    let (catalogue, calls) = (Catalogue::builtin(), Calls::of(&Declaration::default())?);
    let mut text = String::new();
    for repository in told() {
        let open = format!("{}{}", interface(repository), parameter(repository));
        let _ = write!(text, "/** {} */\nexport interface {open} {{\n", repository.doc);
        for entry in entries(&calls, repository) {
            let (mut params, mut result) = types(entry, &catalogue);
            if repository.name != "auth" {
                (params, result) =
                    (open_types(&params, &catalogue), open_types(&result, &catalogue));
            }
            push_call(&mut text, &entry.call, &params, &result);
        }
        text.push_str("}\n\n");
    }
    push_collections(&mut text);
    text.push_str(
        "/** The repositories, on a store and in a transaction. */\n\
         export interface Repositories<M extends ModelTypes = Models> extends StoreRepository<M> {\n",
    );
    for repository in told().filter(|repository| !APART.contains(&repository.name)) {
        let (doc, name, interface) = (repository.doc, repository.name, interface(repository));
        let _ = write!(text, "  /** {doc} */\n  readonly {name}: {interface}<M>;\n");
    }
    text.push_str("}\n");
    Ok(text)
}

fn push_call(text: &mut String, call: &Call, params: &str, result: &str) {
    let _ = write!(text, "  /** {} */\n  {}({params}): Promise<{result}>;\n", call.doc, call.name);
}

/// The calls of a declared collection, whose types the declaration gives.
fn push_collections(text: &mut String) {
    let apart = |name: &str| PARTS.iter().any(|(_, _, calls)| calls.contains(&name));
    let types =
        |types: &str| types.replace("$Create", "C").replace("$Update", "U").replace('$', "R");
    text.push_str(
        "/** What every collection of an app's own has. */\n\
         export interface CollectionCalls<R, C, U> {\n",
    );
    for call in generic::CALLS.iter().filter(|call| !apart(call.name)) {
        push_call(text, call, &types(call.params), &types(call.result));
    }
    text.push_str("}\n\n");
    for (interface, doc, names) in PARTS {
        let _ = write!(text, "/** {doc} */\nexport interface {interface} {{\n");
        for name in *names {
            let mut all = generic::CALLS.iter().chain(logs::CALLS);
            if let Some(call) = all.find(|call| call.name == *name) {
                push_call(text, call, &types(call.params), &types(call.result));
            }
        }
        text.push_str("}\n\n");
    }
}

fn interface(repository: &Repository) -> String {
    if repository.name == "auth" {
        return "NextAuthAdapter".to_owned();
    }
    let mut name = repository.name.to_owned();
    name[..1].make_ascii_uppercase();
    name + "Repository"
}

/// Fields that an app adds to a model change the types of the calls; not the adapter's.
fn parameter(repository: &Repository) -> &'static str {
    let fixed = matches!(repository.name, "auth" | "sealing" | "secrets");
    if fixed { "" } else { "<M extends ModelTypes = Models>" }
}

fn entries<'a>(calls: &'a Calls, repository: &Repository) -> impl Iterator<Item = &'a Entry> {
    calls.entries().iter().filter(move |entry| entry.repository == repository.name)
}

/// A call's parameters and result, with the model's name in its place.
fn types(entry: &Entry, catalogue: &Catalogue) -> (String, String) {
    let name = match &entry.of {
        Of::Model(model) => &catalogue.model(*model).name,
        Of::Collection(name) => name,
    };
    (entry.call.params.replace('$', name), entry.call.result.replace('$', name))
}

/// Types with `M['Chat']` wherever `Chat` stands; `Binary['type']` stays, for an enumeration of
/// a model is asked for by its own words.
fn open_types(types: &str, catalogue: &Catalogue) -> String {
    let is_model = |word: &str| {
        let bare = word.strip_suffix("Create").or_else(|| word.strip_suffix("Update"));
        catalogue.by_name(bare.unwrap_or(word)).or_else(|| catalogue.by_name(word)).is_some()
    };
    let mut open = String::new();
    let mut rest = types;
    while !rest.is_empty() {
        let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let end = rest.find(|c: char| !is_letter(c)).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(end);
        if is_model(word) && !behind.starts_with("['") {
            let _ = write!(open, "M['{word}']");
        } else {
            open.push_str(word);
        }
        let letters = behind.find(is_letter).unwrap_or(behind.len());
        open.push_str(&behind[..letters]);
        rest = &behind[letters..];
    }
    open
}

/// The reference of all calls, in Markdown.
///
/// # Errors
/// None that a sound catalogue gives.
pub(super) fn markdown() -> Result<String> {
    let (catalogue, calls) = (Catalogue::builtin(), Calls::of(&Declaration::default())?);
    let mut text = String::from(
        "<!-- Generated by `cargo run --bin generate`; do not edit. -->\n\n# The calls\n\n\
         Every call returns a promise. `find…` gives the record or `null`, lists come in creation\n\
         order. What a call changes is one atomic change. The types are those of `index.d.ts`.\n",
    );
    for repository in told() {
        let _ = write!(text, "\n## {}\n\n{}\n\n", title(repository), repository.doc);
        text.push_str("| call | result | |\n| --- | --- | --- |\n");
        for entry in entries(&calls, repository) {
            let (params, result) = types(entry, &catalogue);
            push_row(&mut text, &entry.call, &params, &result);
        }
    }
    text.push_str(
        "\n## A collection of the app's own\n\nIts types follow from its declaration: [collections.md]\
         (collections.md). The calls by user and by tag are there when its records have a `userId`, or\n\
         `tags`; `findByOwner` is there for logs, `reveal` where fields are secret.\n\n| call | result | |\n| --- | --- | --- |\n",
    );
    let by_owner = logs::CALLS.iter().filter(|call| call.name == "findByOwner");
    for call in generic::CALLS.iter().chain(by_owner) {
        let types = |types: &str| types.replace('$', "Record");
        push_row(&mut text, call, &types(call.params), &types(call.result));
    }
    text.push_str("\n## Errors\n\nEvery failure is a `StoreError` with one of these codes:\n\n");
    for code in Code::ALL {
        let _ = writeln!(text, "- `{}`", code.name());
    }
    Ok(text)
}

fn push_row(text: &mut String, call: &Call, params: &str, result: &str) {
    let cell = |code: &str| code.replace('|', "\\|");
    let (params, result) = (cell(params), cell(result));
    let _ = writeln!(text, "| `{}({params})` | `{result}` | {} |", call.name, call.doc);
}

fn title(repository: &Repository) -> String {
    match repository.name {
        "store" => "On the store itself".to_owned(),
        "sealing" => "Sealing, on the store itself".to_owned(),
        "auth" => "QuilltapAdapter(store)".to_owned(),
        name => format!("store.{name}"),
    }
}
