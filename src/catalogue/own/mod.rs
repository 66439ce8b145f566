//! What an app declares besides the built-in models: collections of its own, and fields added
//! to built-in models.
//!
//! A declaration comes as JSON (see `docs/collections.md`), is told all its faults at once, and
//! becomes models like any other. `field` reads one field, `place` a file's place, `merge` joins
//! what several processes declare. This module must not know how a declaration is kept.

mod field;
mod merge;
mod place;

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::declare;
use super::types::{Counted, Field, Kind, Model, ModelId, OnDelete, Place, Sorting, Times, Unique};
use super::{Catalogue, Migrations, index, is_id, models, referrers};
use crate::error::{Error, Issue, Result};
use crate::json;
use field::Reader;

type Object = Map<String, Value>;

/// The keys that the declaration of a collection may have.
const KEYS: &[&str] =
    &["file", "key", "model", "description", "type", "timestamps", "unique", "indexes", "fields"];

/// What an app declares: by the name of a collection of its own, or of a built-in model.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Declaration {
    entries: IndexMap<String, Object>,
}

/// Is this the declaration of a collection, and not of fields of a built-in model?
fn is_collection(entry: &Object) -> bool {
    entry.contains_key("file")
}

/// Where an entry stands in what `createStore` is given.
fn path_of(name: &str, entry: &Object) -> String {
    format!("{}.{name}", if is_collection(entry) { "collections" } else { "fields" })
}

impl Declaration {
    /// Reads `{ "collections": { … }, "fields": { … } }` and checks it as a whole.
    ///
    /// # Errors
    /// `VALIDATION` with every fault.
    pub fn parse(text: &str) -> Result<Declaration> {
        let fault = |issues| Error::validation("Collections", issues);
        let value = json::parse(text).map_err(|problem| {
            fault(vec![Issue::new("", "JSON that can be kept", problem.message)])
        })?;
        let mut issues = Vec::new();
        let mut declaration = Declaration::default();
        for part in value.as_object().into_iter().flatten().map(|(part, _)| part) {
            if !matches!(part.as_str(), "collections" | "fields") {
                issues.push(Issue::new(part, "one of collections, fields", "an unknown key"));
            }
        }
        for (part, file) in [("collections", true), ("fields", false)] {
            let given = value.get(part).cloned().unwrap_or_default();
            let Some(entries) = object_at(part, given, &mut issues) else { continue };
            for (name, entry) in entries {
                let path = format!("{part}.{name}");
                let Some(mut entry) = object_at(&path, entry, &mut issues) else { continue };
                if file {
                    entry.entry("file").or_insert(Value::Null);
                } else {
                    entry = Object::from_iter([("fields".to_owned(), Value::Object(entry))]);
                }
                let name = if file { name } else { model_name(&name) };
                if declaration.entries.insert(name, entry).is_some() {
                    issues.push(Issue::new(path, "one declaration", "a second one"));
                }
            }
        }
        if !declaration.is_empty() {
            issues.extend(Catalogue::declared(&declaration).err().unwrap_or_default());
        }
        if issues.is_empty() { Ok(declaration) } else { Err(fault(issues)) }
    }

    /// Is nothing declared?
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Is there an entry of this name?
    pub fn has(&self, name: &str) -> bool {
        self.entries.contains_key(name)
    }

    /// The names of the collections that it declares.
    pub fn collections(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().filter(|(_, entry)| is_collection(entry)).map(|(name, _)| &**name)
    }

    /// Takes one entry as it was kept, in place of the one of its name; nothing removes it.
    pub fn keep(&mut self, name: &str, record: Option<Object>) {
        match record {
            None => drop(self.entries.shift_remove(name)),
            Some(mut entry) => {
                entry.shift_remove("id");
                drop(self.entries.insert(name.to_owned(), entry));
            }
        }
    }

    /// Leaves out an entry that cannot be understood, until all others can; gives its faults.
    pub fn leave_out_faults(&mut self) -> Vec<Issue> {
        let mut left_out = Vec::new();
        while let Err(issues) = Catalogue::declared(self) {
            let bad = issues.first().and_then(|issue| {
                let name = issue.path.split('.').nth(1)?;
                self.entries.get_index_of(name)
            });
            let bad = bad.unwrap_or(self.entries.len() - 1);
            left_out.extend(issues);
            self.entries.shift_remove_index(bad);
        }
        left_out
    }

    /// The records that keep what this declares otherwise than `kept` does: name and record.
    pub fn records_beyond(&self, kept: &Declaration) -> Vec<(String, Object)> {
        let changed = self.entries.iter().filter(|(name, entry)| {
            !kept.entries.get(*name).is_some_and(|there| is_same(there, entry))
        });
        let record = |(name, entry): (&String, &Object)| {
            let mut record = Object::from_iter([("id".to_owned(), Value::from(name.as_str()))]);
            record.extend(entry.clone());
            (name.clone(), record)
        };
        changed.map(record).collect()
    }
}

/// Do two entries say the same? The order of fields is that of the keys in the files.
fn is_same(one: &Object, other: &Object) -> bool {
    let fields = |entry: &Object| entry.get("fields").map(json::compact);
    one == other && fields(one) == fields(other)
}

fn object_at(path: &str, value: Value, issues: &mut Vec<Issue>) -> Option<Object> {
    match value {
        Value::Object(map) => Some(map),
        Value::Null if !path.contains('.') => None,
        other => {
            issues.push(Issue::new(path, "an object", json::describe(&other)));
            None
        }
    }
}

/// The name of a built-in model that is named by it, or by its collection.
fn model_name(name: &str) -> String {
    let catalogue = Catalogue::builtin();
    let found = catalogue.by_name(name).or_else(|| catalogue.by_collection(name));
    found.map_or_else(|| name.to_owned(), |id| catalogue.model(id).name.clone())
}

/// `memories` makes `Memories`, unless the declaration names its model.
fn name_of_model(collection: &str, entry: &Object) -> String {
    if let Some(name) = entry.get("model").and_then(Value::as_str) {
        return name.to_owned();
    }
    let mut letters = collection.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

impl Catalogue {
    /// The built-in models with what is declared besides them.
    ///
    /// # Errors
    /// Every fault of the declaration.
    pub fn declared(declaration: &Declaration) -> std::result::Result<Catalogue, Vec<Issue>> {
        let mut all = models::all();
        let first_own = all.len();
        let own: Vec<(&String, &Object)> =
            declaration.entries.iter().filter(|(_, entry)| is_collection(entry)).collect();
        let mut known: Vec<(String, String)> =
            all.iter().map(|model| (model.name.clone(), model.collection.clone())).collect();
        known.extend(own.iter().map(|(name, entry)| (name_of_model(name, entry), (*name).clone())));
        let find = |name: &str| {
            let at =
                known.iter().position(|(model, collection)| model == name || collection == name);
            at.and_then(|at| u16::try_from(at).ok()).map(ModelId)
        };
        let mut issues = Vec::new();
        for (name, entry) in declaration.entries.iter().filter(|(_, entry)| !is_collection(entry)) {
            let model = find(name).and_then(|id| all[..first_own].get_mut(usize::from(id.0)));
            let mut reader = Reader::new(&find);
            add_fields(&mut reader, name, entry, model);
            issues.append(&mut reader.issues);
        }
        for (name, entry) in own {
            let mut reader = Reader::new(&find);
            all.push(read_collection(&mut reader, name, entry));
            issues.append(&mut reader.issues);
        }
        all.iter_mut().for_each(index::derive);
        place::check(&all, first_own, &mut issues);
        let catalogue = Catalogue {
            referrers: referrers(&all),
            models: all,
            migrations: Migrations::default(),
        };
        check_owners(&catalogue, first_own, &mut issues);
        if issues.is_empty() {
            issues =
                catalogue.faults().into_iter().map(|fault| fault_of(&catalogue, fault)).collect();
        }
        if issues.is_empty() { Ok(catalogue) } else { Err(issues) }
    }
}

/// A fault that the catalogue finds in itself, at the collection that it begins with.
fn fault_of(catalogue: &Catalogue, fault: String) -> Issue {
    let name = fault.split([':', ' ']).next().unwrap_or_default();
    let collection = catalogue.by_name(name).map(|id| catalogue.model(id).collection.clone());
    let path = format!("collections.{}", collection.unwrap_or_default());
    Issue::new(path, "a declaration without a contradiction", fault)
}

fn read_collection(reader: &mut Reader<'_>, name: &str, entry: &Object) -> Model {
    let path = format!("collections.{name}");
    let is_name = |text: &str| {
        is_id(text)
            && text.starts_with(|first: char| first.is_ascii_alphabetic())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let model_name = name_of_model(name, entry);
    for (text, at) in [(name, path.clone()), (&model_name, format!("{path}.model"))] {
        if !is_name(text) {
            reader.fault(&at, "a name of letters and digits, a letter first", text);
        }
    }
    reader.only(&path, entry, KEYS);
    let place = place::read(reader, name, entry);
    let is_log = matches!(place, Place::Log { .. });
    let mut fields = reader.fields(&format!("{path}.fields"), entry.get("fields"), is_log);
    let mut model = declare::model(&model_name, name, place, Vec::new());
    model.doc = reader.text(&path, entry, "description").unwrap_or_default();
    if is_log {
        own_log(reader, &path, &mut model, &mut fields);
        let row_type = reader.text(&path, entry, "type").unwrap_or_else(|| "entry".to_owned());
        if !fields.iter().any(|field| field.name == "type") {
            fields.insert(0, declare::text("type").default(&json::quote(&row_type)));
        }
        model.counted = Some(Counted { row_type, fields: None });
        model.times = Times::Created;
    } else if entry.get("timestamps") == Some(&Value::Bool(false)) {
        model.times = Times::None;
    }
    model.uniques = uniques(reader, &path, entry);
    model.sortings = sortings(reader, &path, entry);
    model.fields = fields;
    model.finished()
}

/// The log of a record goes with it, and its rows name it.
fn own_log(reader: &mut Reader<'_>, path: &str, model: &mut Model, fields: &mut [Field]) {
    let Place::Log { owner, owner_field, .. } = &mut model.place else { return };
    let field = fields.iter_mut().find(|field| field.name == *owner_field);
    match field.map(|field| (field.optional, &mut field.kind)) {
        Some((false, Kind::Link(to, on_delete))) => {
            *on_delete = OnDelete::NoAction;
            *owner = *to;
        }
        _ => reader.fault(
            &format!("{path}.fields.{owner_field}"),
            "a field { type: 'id', references: … } that is not optional, for the file is named after it",
            "none",
        ),
    }
}

/// Logs belong to records whose key can be a file's name.
fn check_owners(catalogue: &Catalogue, first_own: usize, issues: &mut Vec<Issue>) {
    for model in &catalogue.models[first_own..] {
        for link in &model.links {
            let to = catalogue.model(link.to);
            if matches!(to.place, Place::Log { .. }) && to.name != "Message" {
                let path =
                    format!("collections.{}.fields.{}", model.collection, link.path.join("."));
                issues.push(Issue::new(
                    path,
                    "a model whose records are not rows of a log",
                    &to.name,
                ));
            }
        }
        let Place::Log { owner, .. } = &model.place else { continue };
        let owner = catalogue.model(*owner);
        if owner.key != "id" {
            let path = format!("collections.{}.file", model.collection);
            issues.push(Issue::new(path, "a log of records that have an id", &owner.name));
        }
    }
}

fn uniques(reader: &mut Reader<'_>, path: &str, entry: &Object) -> Vec<Unique> {
    let path = format!("{path}.unique");
    let mut uniques: Vec<Unique> = reader
        .unique_fields
        .drain(..)
        .map(|name| Unique { fields: vec![name], caseless: false })
        .collect();
    let Some(given) = entry.get("unique") else { return uniques };
    for (at, item) in given.as_array().into_iter().flatten().enumerate() {
        let (fields, caseless) = match item {
            Value::Object(map) => (map.get("fields"), map.get("caseless")),
            other => (Some(other), None),
        };
        let names = fields.and_then(Value::as_array).map(|fields| {
            fields.iter().map(|field| field.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
        });
        match names.flatten() {
            Some(fields) if !fields.is_empty() => {
                let caseless = caseless == Some(&Value::Bool(true));
                uniques.push(Unique { fields, caseless });
            }
            _ => reader.fault(
                &format!("{path}[{at}]"),
                "an array of names of fields",
                json::describe(item),
            ),
        }
    }
    if !given.is_array() {
        reader.fault(&path, "an array of arrays of names of fields", json::describe(given));
    }
    uniques
}

/// `indexes: [['characterId', 'importance']]`: by the last field under those before it.
fn sortings(reader: &mut Reader<'_>, path: &str, entry: &Object) -> Vec<Sorting> {
    let path = format!("{path}.indexes");
    let Some(given) = entry.get("indexes") else { return Vec::new() };
    let Some(items) = given.as_array() else {
        reader.fault(&path, "an array of arrays of field names", json::describe(given));
        return Vec::new();
    };
    let mut found = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let names = item.as_array().and_then(|names| {
            names.iter().map(|name| name.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
        });
        match names.as_deref() {
            Some([under @ .., by]) => {
                found.push(Sorting { under: under.to_vec(), by: by.clone() });
            }
            _ => reader.fault(
                &format!("{path}[{at}]"),
                "an array of field names",
                json::describe(item),
            ),
        }
    }
    found
}

/// Adds fields to a built-in model, or widens those that it has.
fn add_fields(reader: &mut Reader<'_>, name: &str, entry: &Object, model: Option<&mut Model>) {
    let path = format!("fields.{name}");
    let Some(model) = model else {
        return reader.fault(&path, "a built-in model, such as Chat", name);
    };
    reader.only(&path, entry, &["fields"]);
    let is_log = matches!(model.place, Place::Log { .. });
    let fields = reader.fields(&path, entry.get("fields"), is_log);
    for field_name in std::mem::take(&mut reader.unique_fields) {
        if model.field(&field_name).is_some() {
            let at = format!("{path}.{field_name}.unique");
            reader.fault(&at, "no unique: records that are there may have the same value", "one");
        }
        model.uniques.push(Unique { fields: vec![field_name], caseless: false });
    }
    for field in fields {
        let at = format!("{path}.{}", field.name);
        let fixed = field.name == model.key || model.times.fields().contains(&&*field.name);
        match model.fields.iter_mut().find(|known| known.name == field.name) {
            Some(known) if fixed || known.derived => {
                reader.fault(&at, "another field: this one is the store's", &known.name);
            }
            Some(known) => field::widen(reader, &at, known, field),
            None if !field.optional && field.default.is_none() => reader.fault(
                &at,
                "optional: true, or a default: there are records without it",
                "neither",
            ),
            None => {
                let is_time = |known: &Field| known.name == "createdAt";
                let end = model.fields.iter().position(is_time).unwrap_or(model.fields.len());
                model.fields.insert(end, field);
            }
        }
    }
}
