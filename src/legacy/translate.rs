//! Makes of an older folder the files that this store would have.
//!
//! Nothing in it is lost: what is not understood stays as it is, and the loader tells of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use crate::catalogue::{self, Catalogue, Place, models};
use crate::disk::{Access, Disk, EntryKind, SafePath, read_all};
use crate::error::{Code, Error, Result};
use crate::json;

use super::owners::Owner;
use super::records::{self, Object};
use super::shown::Shown;

/// The version of the older store's files, and of ours.
pub(super) const VERSION: u64 = 1;

/// What keeps out of git what does not belong there.
const GITIGNORE: &str = "auth/\njournal/\ncache/\nolder/\n";

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
    pub(super) fn make(&mut self, path: SafePath, text: String) {
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

pub(super) struct Translator<'a> {
    pub(super) disk: &'a dyn Disk,
    pub(super) catalogue: Arc<Catalogue>,
    pub(super) made: Translation,
    pub(super) documents: BTreeMap<String, Object>,
    rows: BTreeMap<String, Vec<String>>,
    /// Files of several entries that cannot be read, by the place in which theirs are to be.
    unread: BTreeMap<String, Vec<(SafePath, Error)>>,
}

/// The files that stand for an older folder; `None` when the folder is none.
///
/// # Errors
/// Those of the disk; `UNSUPPORTED_VERSION` for a file of a newer version.
pub(super) fn translate(disk: &dyn Disk, catalogue: Arc<Catalogue>) -> Result<Option<Translation>> {
    let general = parse_object(disk, &SafePath::new("settings/general.json")?);
    if general.as_ref().is_ok_and(|file| file.as_ref().is_some_and(is_our_own)) || !is_older(disk)?
    {
        return Ok(None);
    }
    let made = Translation::default();
    let (documents, rows, unread) = Default::default();
    let mut translator = Translator { disk, catalogue, made, documents, rows, unread };
    let owners = translator.owners(general)?;
    if owners.is_empty() {
        return Ok(None);
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

/// The object in a file; `None` when there is no such file.
///
/// # Errors
/// `CORRUPT` when it holds something else; `UNSUPPORTED_VERSION`.
pub(super) fn read_object(disk: &dyn Disk, path: &SafePath) -> Result<Option<Object>> {
    let Some(object) = parse_object(disk, path)? else { return Ok(None) };
    checked_object(path, Value::Object(object)).map(Some)
}

fn parse_object(disk: &dyn Disk, path: &SafePath) -> Result<Option<Object>> {
    let Some(bytes) = read_all(disk, path)? else { return Ok(None) };
    as_object(path, json::parse_bytes(&bytes).map_err(|fault| corrupt(path, &fault))?).map(Some)
}

fn as_object(path: &SafePath, value: Value) -> Result<Object> {
    match value {
        Value::Object(object) => Ok(object),
        _ => {
            let message = format!("{path}:1:1: expected a JSON object; mend the file");
            Err(Error::new(Code::Corrupt, message).path(path.as_str()))
        }
    }
}

/// An object of a version that is known.
pub(super) fn checked_object(path: &SafePath, value: Value) -> Result<Object> {
    let object = as_object(path, value)?;
    let version = version_of(&object);
    if version <= VERSION {
        return Ok(object);
    }
    let message =
        format!("{path} has version {version}, this package knows {VERSION}; use a newer package");
    Err(Error::new(Code::UnsupportedVersion, message).path(path.as_str()))
}

pub(super) fn corrupt(path: &SafePath, fault: &json::Fault) -> Error {
    let place = format!("{path}:{}:{}", fault.line, fault.column);
    Error::new(Code::Corrupt, format!("{place}: {}; mend the file", fault.message)).path(place)
}

/// Is it that one file which cannot be read? One of a newer version is for a newer package.
pub(super) fn is_unread(error: &Error) -> bool {
    error.is_of_content() && error.code() != Code::UnsupportedVersion
}

/// The text of a key; an empty one where there is none.
pub(super) fn text_of<'a>(object: &'a Object, key: &str) -> &'a str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}

impl Translator<'_> {
    pub(super) fn places(&self, wanted: impl Fn(&Place) -> Option<String>) -> Vec<String> {
        self.catalogue.ids().filter_map(|id| wanted(&self.catalogue.model(id).place)).collect()
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
    pub(super) fn canonical(&self, model: catalogue::ModelId, map: Object) -> Object {
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
            let bytes = match read_all(self.disk, &path) {
                Ok(Some(bytes)) => bytes,
                Ok(None) => continue,
                Err(error) if is_unread(&error) => {
                    self.note_unread(file, path, error);
                    continue;
                }
                Err(error) => return Err(error),
            };
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
            let mut file = match read_object(self.disk, &path) {
                Ok(Some(file)) => file,
                Ok(None) => continue,
                Err(error) if is_unread(&error) => {
                    self.take_unread_memories(model, path, error)?;
                    continue;
                }
                Err(error) => return Err(error),
            };
            let Some(Value::Array(items)) = file.shift_remove(collection) else { continue };
            // A file with something else in it stays as it is.
            let objects = items.into_iter().map(|item| match item {
                Value::Object(map) if catalogue::is_id(text_of(&map, "id")) => Some(map),
                _ => None,
            });
            let Some(objects) = objects.collect::<Option<Vec<Object>>>() else { continue };
            self.made.originals.insert(path);
            for map in objects {
                self.take_memory(model, records::with_times(map, &file))?;
            }
        }
        Ok(())
    }

    fn take_unread_memories(
        &mut self,
        model: catalogue::ModelId,
        path: SafePath,
        error: Error,
    ) -> Result<()> {
        let catalogue = Arc::clone(&self.catalogue);
        match &catalogue.model(model).place {
            Place::Directory { dir } => {
                let to = SafePath::new(dir)?.join(path.file_name())?;
                self.stand_in(path, to, &error)
            }
            Place::Document { file, .. } | Place::Rows { file, .. } => {
                self.note_unread(file.clone(), path, error);
                Ok(())
            }
            // The other places are those of built-in models.
            _ => Ok(()),
        }
    }

    fn take_memory(&mut self, model: catalogue::ModelId, map: Object) -> Result<()> {
        let catalogue = Arc::clone(&self.catalogue);
        match &catalogue.model(model).place {
            Place::Directory { dir } => {
                let path = SafePath::new(dir)?.join(&format!("{}.json", text_of(&map, "id")))?;
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
        let log = SafePath::new(&format!("chats/{}.jsonl", text_of(&map, "id"))).ok();
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

    pub(super) fn note_unread(&mut self, to: String, path: SafePath, error: Error) {
        self.unread.entry(to).or_default().push((path, error));
    }

    /// Lets the loader tell of what cannot be read, and of nothing else: where all users' entries are
    /// in one file, a line in it stands for those of one of them.
    fn place_unread(&mut self, to: &str, unread: Vec<(SafePath, Error)>) -> Result<()> {
        let alone = !self.documents.contains_key(to) && !self.rows.contains_key(to);
        if let ([(path, error)], true) = (&unread[..], alone) {
            return self.stand_in(path.clone(), SafePath::new(to)?, error);
        }
        for (path, error) in unread {
            if path.as_str() == to {
                // Something else takes its place, so it is kept with the other originals.
                self.disk.open(&path, Access::Read)?;
                self.made.originals.insert(path);
            }
            let told = format!("{}. Put its entries here, in place of this line", error.message());
            match self.rows.get_mut(to) {
                Some(rows) => rows.push(json::compact(&told.into())),
                None => self.tell_in_document(to, &told),
            }
        }
        Ok(())
    }

    /// Shows a file that cannot be read where the loader looks, which then tells of it.
    pub(super) fn stand_in(&mut self, path: SafePath, to: SafePath, error: &Error) -> Result<()> {
        if path == to {
            self.made.left.insert(path);
        } else if self.disk.open(&path, Access::Read).is_ok() {
            self.put(path.clone(), to, Shown::as_it_is(path));
        } else {
            // What cannot even be opened, such as a link, stays where it is.
            self.made.make(to, json::pretty(&error.message().into()));
        }
        Ok(())
    }

    fn finish(mut self, owners: Vec<Owner>) -> Result<Option<Translation>> {
        for (to, unread) in std::mem::take(&mut self.unread) {
            self.place_unread(&to, unread)?;
        }
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
            if seen.insert(owner.id().to_owned()) {
                self.put_owner(number == 0, owner)?;
            }
        }
        let gitignore = SafePath::new(".gitignore")?;
        if self.disk.stamp(&gitignore)?.is_none() {
            self.made.make(gitignore, GITIGNORE.to_owned());
        }
        Ok(Some(self.made))
    }
}
