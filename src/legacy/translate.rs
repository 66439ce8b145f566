//! Makes of an older folder the files that this store would have.
//!
//! Nothing in it is lost: what is not understood stays as it is, and the loader tells of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use crate::catalogue::{self, Catalogue, Place, models};
use crate::disk::{Disk, EntryKind, SafePath, read_all};
use crate::error::{Code, Error, Result};
use crate::json;

use super::records::{self, Object};
use super::shown::Shown;

/// The version of the older store's files, and of ours.
const VERSION: u64 = 1;

/// What keeps out of git what does not belong there.
const GITIGNORE: &str = "auth/\njournal/\ncache/\nolder/\n";

/// Where else the older store had a document of ours.
const MOVED: [(&str, &str); 1] =
    [("settings/image-profiles.json", "image-profiles/image-profiles.json")];

/// A document of the older store that is none of ours, and that an app may declare.
const EMBEDDING_PROFILES: &str = "settings/embedding-profiles.json";

/// A collection that an app may declare, and the folder in which the older store had a file of it
/// for each character.
const MEMORIES: (&str, &str) = ("memories", "memories/by-character");

/// The files that stand for an older folder.
#[derive(Default)]
pub(super) struct Translation {
    pub(super) files: BTreeMap<SafePath, Shown>,
    /// The older files that they are made of.
    pub(super) originals: BTreeSet<SafePath>,
    /// Files in their places that cannot be read: they stay there, and the loader tells of them.
    left: BTreeSet<SafePath>,
}

impl Translation {
    fn make(&mut self, path: SafePath, text: String) {
        self.files.insert(path, Shown::Made(text.into_bytes().into()));
    }

    /// Is a file none of those that are shown?
    pub(super) fn hides(&self, path: &SafePath) -> bool {
        (self.originals.contains(path) || is_ours(path)) && !self.left.contains(path)
    }
}

/// Would a file of this name be a record or a log of ours? Others are not looked at.
fn is_ours(path: &SafePath) -> bool {
    let folder = path.parent();
    let ours = ["characters", "personas", "chats", "settings/users"];
    let ends = path.as_str().ends_with(".json") || path.as_str().ends_with(".jsonl");
    ends && folder.is_some_and(|folder| ours.contains(&folder.as_str()))
}

/// One user of the older folder, and where their files are.
struct Owner {
    /// What is before each path: nothing, or `users/<id>/`.
    prefix: String,
    user: Object,
    chat_settings: Option<Object>,
    /// What else is in the file.
    rest: Object,
}

struct Translator<'a> {
    disk: &'a dyn Disk,
    catalogue: Arc<Catalogue>,
    made: Translation,
    documents: BTreeMap<String, Object>,
    rows: BTreeMap<String, Vec<String>>,
}

/// The files that stand for an older folder; `None` when the folder is none.
///
/// # Errors
/// Those of the disk; `UNSUPPORTED_VERSION` for a file of a newer version.
pub(super) fn translate(disk: &dyn Disk, catalogue: Arc<Catalogue>) -> Result<Option<Translation>> {
    let general = parse_object(disk, &SafePath::new("settings/general.json")?);
    // A file that must not be relied upon says nothing of what the folder is.
    let (general, refused) = match general {
        Err(error) if error.code() == Code::Corrupt => (None, Some(error)),
        other => (other?, None),
    };
    if general.as_ref().is_some_and(is_our_own) || !is_older(disk)? {
        return Ok(None);
    }
    let made = Translation::default();
    let (documents, rows) = (BTreeMap::new(), BTreeMap::new());
    let mut translator = Translator { disk, catalogue, made, documents, rows };
    let owners = translator.owners(general)?;
    if owners.is_empty() {
        return Ok(None);
    }
    if let Some(error) = refused {
        return Err(error);
    }
    for owner in &owners {
        translator.take_documents(owner)?;
        translator.take_records(owner)?;
        translator.take_logs(owner)?;
        translator.take_rows(owner)?;
        translator.take_memories(owner)?;
    }
    translator.finish(owners)
}

/// This store writes its flags with the first change; and the older one had one version.
fn is_our_own(general: &Object) -> bool {
    general.contains_key("flags")
        || general.contains_key("encryption")
        || version_of(general) > VERSION
}

fn version_of(file: &Object) -> u64 {
    file.get("version").and_then(Value::as_u64).unwrap_or(VERSION)
}

/// Is there nothing that only this store makes?
fn is_older(disk: &dyn Disk) -> Result<bool> {
    for folder in ["journal", "settings/users"] {
        if !disk.list(&SafePath::new(folder)?)?.is_empty() {
            return Ok(false);
        }
    }
    Ok(disk.stamp(&SafePath::new("settings/collections.json")?)?.is_none())
}

/// The object in a file; `None` when there is no such file, or no object in it.
fn read_object(disk: &dyn Disk, path: &str) -> Result<Option<Object>> {
    let path = SafePath::new(path)?;
    let Some(object) = parse_object(disk, &path)? else { return Ok(None) };
    let version = version_of(&object);
    if version > VERSION {
        let message = format!(
            "{path} has version {version}, this package knows {VERSION}; use a newer package"
        );
        return Err(Error::new(Code::UnsupportedVersion, message).path(path.as_str()));
    }
    Ok(Some(object))
}

fn parse_object(disk: &dyn Disk, path: &SafePath) -> Result<Option<Object>> {
    let Some(bytes) = read_all(disk, path)? else { return Ok(None) };
    match json::parse_bytes(&bytes) {
        Ok(Value::Object(object)) => Ok(Some(object)),
        _ => Ok(None),
    }
}

fn time<'a>(object: &'a Object, key: &str) -> &'a str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}

impl Translator<'_> {
    /// The users, the owner of the store first: of `settings/general.json`, else the eldest.
    fn owners(&mut self, general: Option<Object>) -> Result<Vec<Owner>> {
        let mut owners = Vec::new();
        for entry in self.disk.list(&SafePath::new("users")?)? {
            if entry.kind != EntryKind::Folder || !catalogue::is_id(&entry.name) {
                continue;
            }
            let prefix = format!("users/{}/", entry.name);
            if let Some(file) = read_object(self.disk, &format!("{prefix}settings.json"))? {
                owners.extend(self.owner(&prefix, "settings.json", file)?);
            }
        }
        owners.sort_by(|one, other| {
            let place = |owner: &Owner| {
                (time(&owner.user, "createdAt").to_owned(), time(&owner.user, "id").to_owned())
            };
            place(one).cmp(&place(other))
        });
        if let Some(file) = general
            && let Some(mut first) = self.owner("", "settings/general.json", file)?
        {
            // The folder of a user who was moved is the younger.
            let moved =
                owners.iter().position(|owner| owner.user.get("id") == first.user.get("id"));
            if let Some(moved) = moved.map(|at| owners.remove(at)) {
                owners.insert(0, Owner { prefix: String::new(), ..Owner::like(&moved) });
                owners.insert(1, moved);
                return Ok(owners);
            }
            first.prefix = String::new();
            owners.insert(0, first);
        } else if let Some(eldest) = owners.first() {
            // What was not moved to anybody's folder is still at the top.
            owners.insert(0, Owner { prefix: String::new(), ..Owner::like(eldest) });
        }
        Ok(owners)
    }

    fn owner(&mut self, prefix: &str, name: &str, mut file: Object) -> Result<Option<Owner>> {
        let Some(Value::Object(user)) = file.shift_remove("user") else { return Ok(None) };
        self.made.originals.insert(SafePath::new(&format!("{prefix}{name}"))?);
        let chat_settings = match file.shift_remove("chatSettings") {
            Some(Value::Object(settings)) => Some(settings),
            _ => None,
        };
        let user = records::with_times(user, &file);
        let chat_settings =
            chat_settings.map(|settings| records::chat_settings(settings, &user, &file));
        file.shift_remove("version");
        Ok(Some(Owner { prefix: prefix.to_owned(), user, chat_settings, rest: file }))
    }

    fn take_documents(&mut self, owner: &Owner) -> Result<()> {
        let ours = self.places(|place| match place {
            Place::Document { file, .. } => Some(file.clone()),
            _ => None,
        });
        let mut pairs: Vec<(String, String)> =
            ours.into_iter().map(|file| (file.clone(), file)).collect();
        pairs.dedup();
        pairs.extend(MOVED.map(|(from, to)| (from.to_owned(), to.to_owned())));
        if !owner.prefix.is_empty() && !pairs.iter().any(|(from, _)| from == EMBEDDING_PROFILES) {
            pairs.push((EMBEDDING_PROFILES.to_owned(), EMBEDDING_PROFILES.to_owned()));
        }
        for (from, to) in pairs {
            let path = format!("{}{from}", owner.prefix);
            let Some(file) = self.document(&path, &to)? else {
                self.take_unreadable(&path, &to)?;
                continue;
            };
            self.made.originals.insert(SafePath::new(&path)?);
            let into = self.documents.entry(to).or_default();
            for (key, value) in file {
                let Value::Array(items) = value else {
                    into.entry(key).or_insert(value);
                    continue;
                };
                let items = items.into_iter().map(|item| records::owned(&key, item, &owner.user));
                let list = into.entry(key.as_str()).or_insert_with(|| Value::Array(Vec::new()));
                if let Value::Array(list) = list {
                    list.extend(items);
                }
            }
        }
        Ok(())
    }

    /// A document that cannot be read is told of by the loader, at the place where that looks.
    fn take_unreadable(&mut self, path: &str, to: &str) -> Result<()> {
        let path = SafePath::new(path)?;
        if path.as_str() != to && self.disk.stamp(&path)?.is_some() {
            let shown = Shown::as_it_is(path.clone());
            self.put(path, SafePath::new(to)?, shown);
        }
        Ok(())
    }

    /// An object of arrays; a bare array is the first one of its place.
    fn document(&self, path: &str, to: &str) -> Result<Option<Object>> {
        let bytes = read_all(self.disk, &SafePath::new(path)?)?.unwrap_or_default();
        let Ok(Value::Array(items)) = json::parse_bytes(&bytes) else {
            return read_object(self.disk, path);
        };
        let key = self.arrays_of(to).into_iter().next().map(|(key, _)| key).unwrap_or_default();
        Ok(Some(Object::from_iter([(key, Value::Array(items))])))
    }

    fn places(&self, wanted: impl Fn(&Place) -> Option<String>) -> Vec<String> {
        self.catalogue.ids().filter_map(|id| wanted(&self.catalogue.model(id).place)).collect()
    }

    /// The arrays of a document of ours, and whose records they hold.
    fn arrays_of(&self, document: &str) -> Vec<(String, catalogue::ModelId)> {
        let array = |id| match &self.catalogue.model(id).place {
            Place::Document { file, key } if file == document => Some((key.clone(), id)),
            _ => None,
        };
        self.catalogue.ids().filter_map(array).collect()
    }

    fn take_records(&mut self, owner: &Owner) -> Result<()> {
        for (dir, model) in [("characters", models::CHARACTER), ("personas", models::PERSONA)] {
            for (path, to) in self.files_of(owner, dir, ".json")? {
                let shown = self.record(model, &path);
                self.take_one(path, to, shown)?;
            }
        }
        Ok(())
    }

    fn record(&self, model: catalogue::ModelId, path: &SafePath) -> Result<Option<Shown>> {
        let Some(bytes) = read_all(self.disk, path)? else { return Ok(None) };
        Ok(Some(match json::parse_bytes(&bytes) {
            Ok(Value::Object(map)) if !map.contains_key("version") => {
                Shown::Made(self.record_file(model, map).into_bytes().into())
            }
            _ => Shown::as_it_is(path.clone()),
        }))
    }

    /// A file that stands for one thing: where it cannot be read, that costs nothing else.
    fn take_one(
        &mut self,
        path: SafePath,
        to: SafePath,
        shown: Result<Option<Shown>>,
    ) -> Result<()> {
        match shown {
            Ok(Some(shown)) => self.put(path, to, shown),
            Ok(None) => {}
            Err(error) if !error.is_of_content() => return Err(error),
            Err(_) if path == to => drop(self.made.left.insert(path)),
            Err(_) => self.put(path.clone(), to, Shown::as_it_is(path)),
        }
        Ok(())
    }

    fn record_file(&self, model: catalogue::ModelId, map: Object) -> String {
        let mut file = Object::from_iter([("version".to_owned(), VERSION.into())]);
        let map = if model == models::CHARACTER { records::with_texts(map) } else { map };
        file.extend(self.canonical(model, map));
        json::pretty(&Value::Object(file))
    }

    /// A record as this store keeps it; one that does not pass the checks as it is.
    fn canonical(&self, model: catalogue::ModelId, map: Object) -> Object {
        catalogue::validate_stored(self.catalogue.model(model), map.clone()).unwrap_or(map)
    }

    fn take_logs(&mut self, owner: &Owner) -> Result<()> {
        for (path, to) in self.files_of(owner, "chats", ".jsonl")? {
            if path.file_name() == "index.jsonl" {
                continue;
            }
            let shown = Shown::log(self.disk, path.clone(), "chats/log").map(Some);
            self.take_one(path, to, shown)?;
        }
        Ok(())
    }

    /// The files of a folder, and where they are to be.
    fn files_of(
        &self,
        owner: &Owner,
        dir: &str,
        ending: &str,
    ) -> Result<Vec<(SafePath, SafePath)>> {
        let (from, to) = (SafePath::new(&format!("{}{dir}", owner.prefix))?, SafePath::new(dir)?);
        let mut files = Vec::new();
        for entry in self.disk.list(&from)? {
            let key = entry.name.strip_suffix(ending);
            if entry.kind == EntryKind::File && key.is_some_and(catalogue::is_id) {
                files.push((from.join(&entry.name)?, to.join(&entry.name)?));
            }
        }
        Ok(files)
    }

    fn put(&mut self, original: SafePath, to: SafePath, shown: Shown) {
        self.made.originals.insert(original);
        self.made.files.insert(to, shown);
    }

    fn take_rows(&mut self, owner: &Owner) -> Result<()> {
        for id in self.catalogue.ids() {
            let Place::Rows { file, .. } = &self.catalogue.model(id).place else { continue };
            let file = file.clone();
            let path = SafePath::new(&format!("{}{file}", owner.prefix))?;
            let Some(bytes) = read_all(self.disk, &path)? else { continue };
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let mut rows = Vec::new();
            for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
                rows.push(self.row(id, line)?);
            }
            self.made.originals.insert(path);
            self.rows.entry(file).or_default().extend(rows);
        }
        Ok(())
    }

    /// The memories of each character, where the app has declared a collection for them.
    fn take_memories(&mut self, owner: &Owner) -> Result<()> {
        let (collection, from) = MEMORIES;
        let declared = self.catalogue.by_collection(collection);
        // The lines of a log have no id of their own in the whole store: what a memory needs.
        let is_log = |model: &catalogue::ModelId| {
            matches!(self.catalogue.model(*model).place, Place::Log { .. })
        };
        let Some(model) = declared.filter(|model| !is_log(model)) else { return Ok(()) };
        let from = SafePath::new(&format!("{}{from}", owner.prefix))?;
        for entry in self.disk.list(&from)? {
            let path = from.join(&entry.name)?;
            if entry.kind != EntryKind::File || !entry.name.ends_with(".json") {
                continue;
            }
            let Some(mut file) = read_object(self.disk, path.as_str())? else { continue };
            let Some(Value::Array(items)) = file.shift_remove(collection) else { continue };
            let objects = items.into_iter().map(|item| match item {
                Value::Object(map) if catalogue::is_id(time(&map, "id")) => Some(map),
                _ => None,
            });
            // A file with something else in it stays as it is.
            let Some(objects) = objects.collect::<Option<Vec<Object>>>() else { continue };
            self.made.originals.insert(path);
            for map in objects {
                self.take_memory(model, records::with_times(map, &file))?;
            }
        }
        Ok(())
    }

    fn take_memory(&mut self, model: catalogue::ModelId, map: Object) -> Result<()> {
        let catalogue = Arc::clone(&self.catalogue);
        match &catalogue.model(model).place {
            Place::Directory { dir } => {
                let path = SafePath::new(dir)?.join(&format!("{}.json", time(&map, "id")))?;
                let text = self.record_file(model, map);
                self.made.make(path, text);
            }
            Place::Document { file, key } => {
                let document = self.documents.entry(file.clone()).or_default();
                let list = document.entry(key.as_str()).or_insert_with(|| Value::Array(Vec::new()));
                if let Some(list) = list.as_array_mut() {
                    list.push(Value::Object(map));
                }
            }
            Place::Rows { file, .. } => {
                let row = json::compact_object(&self.canonical(model, map));
                self.rows.entry(file.clone()).or_default().push(row);
            }
            // The other places are those of built-in models.
            _ => {}
        }
        Ok(())
    }

    fn row(&self, model: catalogue::ModelId, line: &str) -> Result<String> {
        let Ok(map) = json::parse_object(line) else { return Ok(line.to_owned()) };
        let map = if model == models::CHAT { self.chat(map)? } else { map };
        Ok(json::compact_object(&self.canonical(model, map)))
    }

    /// A row of a chat with the counts of its log, where that can be read.
    fn chat(&self, map: Object) -> Result<Object> {
        let mut map = records::without_participants(map);
        let log = SafePath::new(&format!("chats/{}.jsonl", time(&map, "id"))).ok();
        let log = log.and_then(|log| self.made.files.get(&log));
        let (count, last) = match log.map(|log| log.open(self.disk)).transpose() {
            Ok(log) => log.map_or(Ok((0, None)), |log| records::count_messages(&*log))?,
            Err(error) if error.is_of_content() => return Ok(map),
            Err(error) => return Err(error),
        };
        map.insert("messageCount".into(), count.into());
        map.insert("lastMessageAt".into(), last.map_or(Value::Null, Into::into));
        Ok(map)
    }

    fn finish(mut self, owners: Vec<Owner>) -> Result<Option<Translation>> {
        for (path, document) in std::mem::take(&mut self.documents) {
            let text = self.document_text(&path, document);
            self.made.make(SafePath::new(&path)?, text);
        }
        for id in self.catalogue.ids() {
            let Place::Rows { file, schema } = &self.catalogue.model(id).place else { continue };
            let Some(rows) = self.rows.remove(file) else { continue };
            let lines: String = rows.into_iter().map(|row| row + "\n").collect();
            self.made.make(SafePath::new(file)?, records::with_header(schema, lines));
        }
        let mut seen = BTreeSet::new();
        for (number, owner) in owners.into_iter().enumerate() {
            let id = time(&owner.user, "id").to_owned();
            if seen.insert(id.clone()) {
                let (path, text) = self.owner_file(number == 0, &id, owner)?;
                self.made.make(path, text);
            }
        }
        let gitignore = SafePath::new(".gitignore")?;
        if self.disk.stamp(&gitignore)?.is_none() {
            self.made.make(gitignore, GITIGNORE.to_owned());
        }
        Ok(Some(self.made))
    }

    fn document_text(&self, path: &str, mut document: Object) -> String {
        let mut file = Object::from_iter([("version".to_owned(), VERSION.into())]);
        document.shift_remove("version");
        for (key, model) in self.arrays_of(path) {
            let items = document.shift_remove(&key).unwrap_or_else(|| Value::Array(Vec::new()));
            let items = items.as_array().cloned().unwrap_or_default().into_iter();
            let items = items.map(|item| match item {
                Value::Object(map) => Value::Object(self.canonical(model, map)),
                other => other,
            });
            file.insert(key, items.collect());
        }
        for key in ["createdAt", "updatedAt"] {
            file.extend(document.shift_remove(key).map(|time| (key.to_owned(), time)));
        }
        document.sort_keys();
        file.extend(document);
        json::pretty(&Value::Object(file))
    }

    fn owner_file(&self, first: bool, id: &str, owner: Owner) -> Result<(SafePath, String)> {
        let mut file = Object::from_iter([("version".to_owned(), VERSION.into())]);
        let user = self.canonical(models::USER, owner.user);
        file.insert("user".into(), Value::Object(user.clone()));
        let settings = owner.chat_settings.map_or(Value::Null, |settings| {
            Value::Object(self.canonical(models::CHAT_SETTINGS, settings))
        });
        file.insert("chatSettings".into(), settings);
        let mut rest = owner.rest;
        if first {
            rest = records::with_times(rest, &user);
            rest.insert("id".into(), "settings".into());
            let mut rest = self.canonical(models::SETTINGS, rest);
            rest.shift_remove("id");
            file.extend(rest);
            return Ok((
                SafePath::new("settings/general.json")?,
                json::pretty(&Value::Object(file)),
            ));
        }
        for key in ["createdAt", "updatedAt"] {
            rest.shift_remove(key);
            file.extend(user.get(key).map(|time| (key.to_owned(), time.clone())));
        }
        rest.sort_keys();
        file.extend(rest);
        let path = SafePath::new(&format!("settings/users/{id}.json"))?;
        Ok((path, json::pretty(&Value::Object(file))))
    }
}

impl Owner {
    fn like(other: &Owner) -> Owner {
        Owner {
            prefix: other.prefix.clone(),
            user: other.user.clone(),
            chat_settings: other.chat_settings.clone(),
            rest: other.rest.clone(),
        }
    }
}
