//! The table of calls as TypeScript interfaces and as a reference to read.

use std::fmt::Write;

use super::table::{Calls, Entry};
use super::{REPOSITORIES, Repository};
use crate::calls::{Call, Form, Whose};
use crate::catalogue::{Catalogue, Declaration};
use crate::error::{Code, Result};
use crate::repos::{generic, logs};

/// Repositories that are not found on a store under their own name.
const APART: &[&str] = &["store", "sealing", "migration", "secrets", "auth"];

/// Repositories whose calls are no part of the store's face: their fronts have types of their own.
const HIDDEN: &[&str] = &["prisma", "betterAuth", "studio"];

/// The repositories that are documented.
fn told() -> impl Iterator<Item = &'static Repository> {
    REPOSITORIES.iter().filter(|repository| !HIDDEN.contains(&repository.name))
}

/// Calls that every repository has for a reason of its own: the interface, with the types that it
/// is about, its sentence, and the names of the calls.
struct Part {
    interface: &'static str,
    of: &'static [Form],
    doc: &'static str,
    /// None for what no other interface has.
    calls: &'static [&'static str],
}

impl Part {
    fn has(&self, name: &str) -> bool {
        let elsewhere = || PARTS.iter().any(|part| part.calls.contains(&name));
        if self.calls.is_empty() { !elsewhere() } else { self.calls.contains(&name) }
    }
}

const PARTS: &[Part] = &[
    Part {
        interface: "CollectionCalls",
        of: &[Form::Record, Form::New, Form::Patch, Form::Unique],
        doc: "What every repository has: records `R`, what `create` and `update` take, and what names one.",
        calls: &[],
    },
    Part {
        interface: "OwnedCalls",
        of: &[Form::Record],
        doc: "What a repository has besides whose records have a `userId`.",
        calls: &["findByUserId"],
    },
    Part {
        interface: "TaggedCalls",
        of: &[Form::Record],
        doc: "What a repository has besides whose records have `tags`.",
        calls: &["findByTag", "addTag", "removeTag"],
    },
    Part {
        interface: "LogCalls",
        of: &[Form::Record],
        doc: "What a collection of logs has besides.",
        calls: &["findByOwner"],
    },
    Part {
        interface: "SecretCalls",
        of: &[Form::Record],
        doc: "What a repository with secret fields has besides.",
        calls: &["reveal"],
    },
];

/// The interfaces that repositories share, one for each repository with its own calls, the
/// adapter's among them, and `Repositories`, which holds those that are found on a store.
///
/// # Errors
/// None that a sound catalogue gives.
pub(super) fn typescript_repositories() -> Result<String> {
    let (catalogue, calls) = (Catalogue::builtin(), Calls::of(&Declaration::default())?);
    let mut text = String::new();
    PARTS.iter().for_each(|part| push_part(&mut text, part));
    for repository in told() {
        let name = |form: Form, whose: Whose| {
            let model = catalogue.model(whose.model(repository.model));
            let name = format!("{}{}", model.name, form.suffix());
            if repository.is_open() { format!("M['{name}']") } else { name }
        };
        push_head(&mut text, repository, &calls, &name);
        for call in repository.calls {
            push_call(&mut text, call, &name);
        }
        text.push_str("}\n\n");
    }
    text.push_str(
        "/** The repositories, on a store and in a transaction. */\n\
         export interface Repositories<M extends ModelTypes = Models> extends StoreRepository<M> {\n",
    );
    for repository in told().filter(|repository| !APART.contains(&repository.name)) {
        let (doc, name, interface) = (repository.doc, repository.name, repository.interface());
        let _ = write!(text, "  /** {doc} */\n  readonly {name}: {interface}<M>;\n");
    }
    text.push_str("}\n");
    Ok(text)
}

/// An interface with its parameters: `CollectionCalls<R, C, U, K>`.
fn push_part(text: &mut String, part: &Part) {
    let name = |form: Form, _: Whose| letter(form).to_owned();
    let of: Vec<&str> = part.of.iter().map(|form| letter(*form)).collect();
    let _ = write!(
        text,
        "/** {} */\nexport interface {}<{}> {{\n",
        part.doc,
        part.interface,
        of.join(", ")
    );
    let by_owner = logs::CALLS.iter().filter(|call| call.name == "findByOwner");
    for call in generic::CALLS.iter().chain(by_owner).filter(|call| part.has(call.name)) {
        push_call(text, call, &name);
    }
    text.push_str("}\n\n");
}

/// The name that a type has as the parameter of an interface.
fn letter(form: Form) -> &'static str {
    match form {
        Form::Record => "R",
        Form::New => "C",
        Form::Patch => "U",
        Form::Unique => "K",
    }
}

/// `export interface ChatsRepository<M extends ModelTypes = Models> extends CollectionCalls<…> {`.
fn push_head(
    text: &mut String,
    repository: &Repository,
    calls: &Calls,
    name: &dyn Fn(Form, Whose) -> String,
) {
    let has = |part: &&Part| {
        repository.generic && entries(calls, repository).any(|entry| part.has(entry.call.name))
    };
    let of = |part: &Part| {
        let of: Vec<String> = part.of.iter().map(|form| name(*form, Whose::Own)).collect();
        format!("{}<{}>", part.interface, of.join(", "))
    };
    let parts: Vec<String> = PARTS.iter().filter(has).map(of).collect();
    let extends = if parts.is_empty() {
        String::new()
    } else {
        format!("\n  extends {}", parts.join(",\n    "))
    };
    let open = if repository.is_open() { "<M extends ModelTypes = Models>" } else { "" };
    let (doc, interface) = (repository.doc, repository.interface());
    let _ = write!(text, "/** {doc} */\nexport interface {interface}{open}{extends} {{\n");
}

fn push_call(text: &mut String, call: &Call, name: &dyn Fn(Form, Whose) -> String) {
    let (params, result) = types(call, name);
    let _ = write!(text, "  /** {} */\n  {}({params}): Promise<{result}>;\n", call.doc, call.name);
}

impl Repository {
    fn interface(&self) -> String {
        if self.name == "auth" {
            return "NextAuthAdapter".to_owned();
        }
        let mut name = self.name.to_owned();
        name[..1].make_ascii_uppercase();
        name + "Repository"
    }

    /// Do fields that an app adds to a model change the types of its calls?
    fn is_open(&self) -> bool {
        !matches!(self.name, "auth" | "sealing" | "migration" | "secrets")
    }
}

fn entries<'a>(calls: &'a Calls, repository: &Repository) -> impl Iterator<Item = &'a Entry> {
    calls.entries().iter().filter(move |entry| entry.repository == repository.name)
}

/// A call's parameters and its result.
fn types(call: &Call, name: &dyn Fn(Form, Whose) -> String) -> (String, String) {
    let params: Vec<String> = call.params.iter().map(|param| param.typescript(name)).collect();
    (params.join(", "), call.result.typescript(name))
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
        let name = |form: Form, whose: Whose| {
            let model = catalogue.model(whose.model(repository.model));
            format!("{}{}", model.name, form.suffix())
        };
        for entry in entries(&calls, repository) {
            push_row(&mut text, &entry.call, &name);
        }
    }
    text.push_str(
        "\n## A collection of the app's own\n\nIts types follow from its declaration: [collections.md]\
         (collections.md). The calls by user and by tag are there when its records have a `userId`, or\n\
         `tags`; `findByOwner` is there for logs, `reveal` where fields are secret.\n\n| call | result | |\n| --- | --- | --- |\n",
    );
    let by_owner = logs::CALLS.iter().filter(|call| call.name == "findByOwner");
    for call in generic::CALLS.iter().chain(by_owner) {
        push_row(&mut text, call, &|form, _| format!("Record{}", form.suffix()));
    }
    text.push_str("\n## Errors\n\nEvery failure is a `StoreError` with one of these codes:\n\n");
    for code in Code::ALL {
        let _ = writeln!(text, "- `{}`", code.name());
    }
    Ok(text)
}

fn push_row(text: &mut String, call: &Call, name: &dyn Fn(Form, Whose) -> String) {
    let cell = |code: &str| code.replace('|', "\\|");
    let (params, result) = types(call, name);
    let (params, result) = (cell(&params), cell(&result));
    let _ = writeln!(text, "| `{}({params})` | `{result}` | {} |", call.name, call.doc);
}

fn title(repository: &Repository) -> String {
    match repository.name {
        "store" => "On the store itself".to_owned(),
        "sealing" => "Sealing, on the store itself".to_owned(),
        "migration" => "Between Auth.js and Better Auth, on the store itself".to_owned(),
        "auth" => "QuilltapAdapter(store)".to_owned(),
        name => format!("store.{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::Type;

    /// The names of an interface's members in `lib/header.d.ts`.
    fn members(interface: &str) -> Vec<&'static str> {
        let header = include_str!("../../lib/header.d.ts");
        let head = format!("export interface {interface} {{\n");
        let (_, behind) = header.split_once(&head).expect("declared");
        let (body, _) = behind.split_once("\n}\n").expect("closed");
        let names = body.lines().filter_map(|line| line.trim().split_once(':'));
        names
            .map(|(name, _)| name.trim_end_matches('?'))
            .filter(|name| !name.contains(' '))
            .collect()
    }

    #[test]
    fn the_keys_that_a_call_checks_are_those_of_its_type() {
        let calls = Calls::of(&Declaration::default()).expect("sound");
        let mut compared = Vec::new();
        for param in calls.entries().iter().flat_map(|entry| entry.call.params) {
            let Type::Keys(keys) = param.takes else { continue };
            let Some(Type::Named(name)) = keys.name else { continue };
            if name.chars().all(char::is_alphanumeric) {
                let declared: Vec<&str> = keys.keys.iter().map(|key| key.name).collect();
                assert_eq!(members(name), declared, "{name}");
                compared.push(name);
            }
        }
        assert!(compared.contains(&"LogOptions") && compared.contains(&"LegacySecret"));
    }
}
