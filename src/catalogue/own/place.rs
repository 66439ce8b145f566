//! Where the records of a declared collection live, and that nobody else lives there.

use serde_json::Value;

use super::Object;
use super::field::{Reader, is_path_name};
use crate::catalogue::types::{Model, ModelId, Place};
use crate::error::Issue;

/// The folder for what belongs to sign-in besides the store's own, such as a second factor.
const SIGN_IN: &str = "auth/plugins/";
/// Folders that are the store's own besides those of its models.
const RESERVED: &[&str] = &["journal", "cache", "auth", "binaries"];
const STORE: &str = "the store itself";
const PLACES: &str = "a file such as notes/{id}.json (a file a record), settings/notes.json (one \
    list), notes/notes.jsonl (a line a record) or notes/{chatId}.jsonl (a log for each)";

/// The place under `file`.
pub(super) fn read(reader: &mut Reader<'_>, collection: &str, entry: &Object) -> Place {
    let path = format!("collections.{collection}");
    let key = reader.text(&path, entry, "key");
    let file = entry.get("file").and_then(Value::as_str).unwrap_or_default().to_owned();
    let place = of_file(&file, key.clone().unwrap_or_else(|| collection.to_owned()));
    if key.is_some() && !matches!(place, Some(Place::Document { .. })) {
        reader.fault(&format!("{path}.key"), "a key only where the file is one .json", "one");
    }
    if key.is_some_and(|key| matches!(&*key, "version" | "createdAt" | "updatedAt" | "")) {
        reader.fault(&format!("{path}.key"), "a key that is not the file's own", "one that is");
    }
    if entry.contains_key("type") && !matches!(place, Some(Place::Log { .. })) {
        reader.fault(&format!("{path}.type"), "a type only for the rows of a log", "one");
    }
    let nowhere = || Place::Rows { file: format!("{collection}.jsonl"), schema: String::new() };
    place.unwrap_or_else(|| {
        let came = if file.is_empty() { "nothing" } else { &*file };
        reader.fault(&format!("{path}.file"), PLACES, came);
        nowhere()
    })
}

fn of_file(file: &str, key: String) -> Option<Place> {
    let (folders, name) = file.rsplit_once('/').map_or((None, file), |(f, n)| (Some(f), n));
    if folders.is_some_and(|folders| !folders.split('/').all(is_path_name)) {
        return None;
    }
    let inside = |text: &str| {
        text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).map(str::to_owned)
    };
    if let Some(stem) = name.strip_suffix(".jsonl") {
        let schema = file.trim_end_matches(".jsonl").to_owned();
        return match (inside(stem), folders) {
            (Some(owner_field), Some(dir)) => {
                let (dir, schema) = (dir.to_owned(), format!("{dir}/log"));
                // Whose logs they are, the field says.
                Some(Place::Log { dir, owner: ModelId(0), owner_field, schema })
            }
            (None, _) if is_path_name(stem) => Some(Place::Rows { file: file.to_owned(), schema }),
            _ => None,
        };
    }
    let stem = name.strip_suffix(".json")?;
    match (inside(stem).as_deref(), folders) {
        (Some("id"), Some(dir)) => Some(Place::Directory { dir: dir.to_owned() }),
        (None, _) if is_path_name(stem) => Some(Place::Document { file: file.to_owned(), key }),
        _ => None,
    }
}

/// What a place takes for itself, in lower case: a file system may not tell cases apart.
#[derive(PartialEq)]
enum Claim {
    File(String),
    Folder(String),
}

impl Claim {
    fn is_within(&self, folder: &str) -> bool {
        let (Claim::File(path) | Claim::Folder(path)) = self;
        path.starts_with(folder)
    }
}

fn claims(place: &Place) -> Vec<Claim> {
    let file = |path: &str| Claim::File(path.to_lowercase());
    let folder = |path: &str| Claim::Folder(path.to_lowercase());
    match place {
        Place::Directory { dir } | Place::Log { dir, .. } => vec![folder(dir)],
        Place::Document { file: path, .. } | Place::Rows { file: path, .. } => vec![file(path)],
        Place::Owner { first, dir, .. } => vec![file(first), folder(dir)],
        Place::Single { file: path } => vec![file(path)],
        Place::Beside { .. } => Vec::new(),
    }
}

fn meet(one: &Claim, other: &Claim) -> bool {
    let within = |path: &str, folder: &str| path.starts_with(&format!("{folder}/"));
    match (one, other) {
        (Claim::File(a), Claim::File(b)) => a == b,
        (Claim::File(file), Claim::Folder(folder)) | (Claim::Folder(folder), Claim::File(file)) => {
            within(file, folder) || within(folder, file)
        }
        (Claim::Folder(a), Claim::Folder(b)) => a == b || within(a, b) || within(b, a),
    }
}

/// Notes each declared place that meets another one.
pub(super) fn check(models: &[Model], first_own: usize, issues: &mut Vec<Issue>) {
    let reserved = RESERVED.iter().map(|folder| Claim::Folder((*folder).to_owned()));
    let mut taken: Vec<(&str, Claim)> = reserved.map(|claim| (STORE, claim)).collect();
    for (number, model) in models.iter().enumerate() {
        for claim in claims(&model.place) {
            let other = taken.iter().find(|(_, other)| meet(&claim, other)).map(|(name, _)| *name);
            let other = other.filter(|name| *name != STORE || !claim.is_within(SIGN_IN));
            if let Some(other) = other.filter(|_| number >= first_own)
                && !share(models, first_own, model, other)
            {
                let path = format!("collections.{}.file", model.collection);
                let came = format!("one that is taken by {other}");
                issues.push(Issue::new(path, "a place of its own", came));
            }
            taken.push((&model.name, claim));
        }
    }
}

/// Do two declared collections share one document under different keys?
fn share(models: &[Model], first_own: usize, model: &Model, other: &str) -> bool {
    let other = models[first_own..].iter().find(|model| model.name == other);
    match (other.map(|other| &other.place), &model.place) {
        (Some(Place::Document { file: a, key: x }), Place::Document { file: b, key: y }) => {
            a == b && x != y
        }
        _ => false,
    }
}
