//! Reads everything but the logs from the files into an empty state.
//!
//! What cannot be read is remembered with its reason and left alone: the rest stays usable, and
//! nothing of it is ever overwritten.

use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use serde_json::{Map, Value};

use crate::catalogue::{self, IndexKeys, Migrations, Model, ModelId};
use crate::disk::{Disk, SafePath, Stamp, read_stamped};
use crate::error::{Code, Error, Result};
use crate::json;

use super::compose::record_of_file;
use super::layout::{OwnerPlace, ShownFile, Target};
use super::load_rows::load_rows;
use crate::engine::memory::Record;
use crate::engine::memory::{SINGLE_KEY, State};
use crate::engine::par_map::par_map;

/// So many files are read and parsed before their records are put into the state.
const PORTION: usize = 2048;

/// So many files of users are few.
const FEW_FILES: usize = 32;

/// What is needed to read the files, and what was learnt on the way.
pub(crate) struct Loader<'a> {
    pub(crate) disk: &'a dyn Disk,
    /// Length of each rows file at the last checkpoint: bad lines behind it are torn writes of
    /// our own, which the journal repeats.
    pub(crate) checkpoint_rows: HashMap<String, u64>,
    /// The order of the records in folders, from the cache.
    pub(crate) known_order: HashMap<ModelId, Vec<String>>,
    /// The state of each file, as it was read.
    pub(crate) stamps: HashMap<SafePath, Stamp>,
    /// Files that could not be opened.
    pub(crate) shut: Vec<SafePath>,
    /// Rows files with a torn end, to be written anew.
    pub(crate) torn: HashSet<ModelId>,
}

impl<'a> Loader<'a> {
    /// A loader that knows the lengths of the rows files at the last checkpoint.
    pub(crate) fn new(disk: &'a dyn Disk, rows: &[(String, u64)]) -> Loader<'a> {
        Loader {
            disk,
            checkpoint_rows: rows.iter().cloned().collect(),
            known_order: HashMap::new(),
            stamps: HashMap::new(),
            shut: Vec::new(),
            torn: HashSet::new(),
        }
    }

    /// The bytes of a file, whose state is noted.
    pub(super) fn read(&mut self, path: &SafePath) -> Result<Option<Vec<u8>>> {
        self.note(path, read_stamped(self.disk, path))
    }

    /// Notes the state of a file that was read.
    fn note<T>(&mut self, path: &SafePath, read: Result<Option<(T, Stamp)>>) -> Result<Option<T>> {
        match read {
            Ok(Some((bytes, stamp))) => {
                self.stamps.insert(path.clone(), stamp);
                Ok(Some(bytes))
            }
            Ok(None) => Ok(None),
            Err(error) => {
                self.shut.push(path.clone());
                Err(error)
            }
        }
    }
}

/// Reads everything but the logs.
///
/// # Errors
/// Those of the disk, and `UNSUPPORTED_VERSION`. A file that cannot be parsed is no error here.
pub(crate) fn load(loader: &mut Loader<'_>, state: &mut State) -> Result<()> {
    let layout = Arc::clone(&state.layout);
    for (model, keys) in &loader.known_order {
        state.collection_mut(*model).reserve(keys);
    }
    if let Some(place) = layout.owner() {
        load_first(loader, state, place)?;
        load_further(loader, state, place)?;
    }
    for number in 0..layout.shared_files().len() {
        load_shared(loader, state, number)?;
    }
    for (model, dir) in layout.directories() {
        load_directory(loader, state, *model, dir)?;
    }
    for place in layout.rows() {
        load_rows(loader, state, place)?;
    }
    Ok(())
}

/// Reads the files that are short, the shortest first, as long as they have at most so many bytes together; gives the
/// models that are whole by that. The models that own logs are none of them: what those say is looked at last.
///
/// # Errors
/// As for [`load`].
pub(crate) fn load_short(
    loader: &mut Loader<'_>,
    state: &mut State,
    most_bytes: u64,
) -> Result<HashSet<ModelId>> {
    let layout = Arc::clone(&state.layout);
    let mut files: Vec<(u64, ShownFile, Vec<ModelId>)> = Vec::new();
    for (number, place) in layout.shared_files().iter().enumerate() {
        let models = place.arrays.iter().map(|(_, model)| *model).collect();
        let len = loader.disk.stamp(&place.path)?.map_or(0, |stamp| stamp.len);
        files.push((len, ShownFile::Whole(Target::Shared(number)), models));
    }
    for place in layout.rows() {
        let len = loader.disk.stamp(&place.path)?.map_or(0, |stamp| stamp.len);
        files.push((len, ShownFile::Rows(place.model), vec![place.model]));
    }
    files.sort_by_key(|(len, ..)| *len);
    let mut known = HashSet::new();
    for (model, keys) in &loader.known_order {
        state.collection_mut(*model).reserve(keys);
    }
    let is_short = |place: &&OwnerPlace| {
        // Without their order, several records of one moment would stand in another one later.
        let most = if loader.known_order.contains_key(&place.model) { FEW_FILES } else { 0 };
        loader.disk.list(&place.dir).is_ok_and(|entries| entries.len() <= most)
    };
    if let Some(place) = layout.owner().filter(is_short) {
        load_first(loader, state, place)?;
        load_further(loader, state, place)?;
        known.extend(
            place.beside.iter().map(|(model, ..)| *model).chain([place.model]).chain(place.single),
        );
    }
    let mut bytes = 0;
    for (len, file, models) in files {
        bytes += len;
        if bytes > most_bytes {
            break;
        }
        load_file(loader, state, &file)?;
        known.extend(models);
    }
    known.retain(|model| {
        let collection = state.collection(*model);
        let is_whole = collection.faults.is_empty() && collection.broken.is_empty();
        is_whole && layout.logs_of(*model).next().is_none()
    });
    Ok(known)
}

/// Reads one file that is no log.
///
/// # Errors
/// As for [`load`].
pub(crate) fn load_file(
    loader: &mut Loader<'_>,
    state: &mut State,
    file: &ShownFile,
) -> Result<()> {
    let layout = Arc::clone(&state.layout);
    match file {
        ShownFile::Whole(Target::Record(model, key)) => {
            let Some(path) = layout.record_path(*model, key)? else { return Ok(()) };
            let bytes = match loader.read(&path) {
                Ok(Some(bytes)) => bytes,
                Ok(None) => return Ok(()),
                Err(error) => return note_broken(state, *model, key, error, None),
            };
            match record_of_bytes(state, *model, &path, key, &bytes) {
                Ok(record) => drop(state.put(*model, Arc::new(record))),
                Err(error) => {
                    let value = json::parse_bytes(&bytes).ok();
                    note_broken(state, *model, key, error, value.as_ref())?;
                }
            }
            Ok(())
        }
        ShownFile::Whole(Target::Shared(number)) => load_shared(loader, state, *number),
        ShownFile::Whole(Target::First) => {
            layout.owner().map_or(Ok(()), |place| load_first(loader, state, place))
        }
        ShownFile::Whole(Target::Further(key)) => {
            let path = layout.path(&Target::Further(key.clone()))?;
            let load = |place| load_owner(loader, state, place, (path, key));
            layout.owner().map_or(Ok(()), load)
        }
        ShownFile::Rows(model) => {
            let place = layout.rows().iter().find(|place| place.model == *model);
            place.map_or(Ok(()), |place| load_rows(loader, state, place))
        }
        ShownFile::Log(..) => Ok(()),
    }
}

/// A file's text as a JSON value, or what is wrong with it.
pub(crate) fn parse_file(path: &SafePath, bytes: &[u8]) -> Result<Value> {
    json::parse_bytes(bytes).map_err(|fault| {
        let place = format!("{path}:{}:{}", fault.line, fault.column);
        let message = format!("{place}: {}; mend the file or restore it", fault.message);
        Error::new(Code::Corrupt, message).path(place)
    })
}

/// A record of a file of some version that passed the checks, or what is wrong with it.
pub(crate) fn read_stored(
    state: &State,
    model: ModelId,
    (path, version): (&str, u64),
    mut map: Map<String, Value>,
) -> Result<Record> {
    let declared = state.catalogue.model(model);
    state.catalogue.migrations.migrate(model, version, &mut map);
    let map = catalogue::validate_stored(declared, map).map_err(|issues| {
        let mut error = Error::validation(&declared.name, issues.clone());
        let message = format!("{path}: {}; mend the file or restore it", error.message());
        error = Error::new(Code::Corrupt, message).model(&declared.name).path(path);
        error.issues(issues)
    })?;
    let key = map.get(&declared.key).and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(Record::from_map(declared, &key, &map))
}

fn object(path: &SafePath, value: Value) -> Result<Map<String, Value>> {
    match value {
        Value::Object(map) => Ok(map),
        _ => {
            let place = format!("{path}:1:1");
            let message = format!("{place}: expected a JSON object; mend the file or restore it");
            Err(Error::new(Code::Corrupt, message).path(place))
        }
    }
}

/// The version that a file or a header says it is of.
///
/// # Errors
/// `UNSUPPORTED_VERSION` when it is newer than the newest.
pub(super) fn version_of(
    migrations: Migrations,
    path: &SafePath,
    map: &Map<String, Value>,
) -> Result<u64> {
    let version = map.get("version").and_then(Value::as_u64).unwrap_or(1);
    migrations.check(version, path.as_str()).map(|()| version)
}

/// The object in a file and its version; `None` when there is no file.
fn read_object(
    loader: &mut Loader<'_>,
    state: &State,
    path: &SafePath,
) -> Result<Option<(Map<String, Value>, u64)>> {
    let Some(bytes) = loader.read(path)? else { return Ok(None) };
    let map = object(path, parse_file(path, &bytes)?)?;
    let version = version_of(state.catalogue.migrations, path, &map)?;
    Ok(Some((map, version)))
}

/// Is it that one file which cannot be read? A newer version of a file that belongs to all is not.
fn is_unreadable(error: &Error) -> bool {
    error.is_of_content() && error.code() != Code::UnsupportedVersion
}

/// Lets a file that cannot be read stand as a fault of its models.
fn or_fault<T>(
    state: &mut State,
    models: &[ModelId],
    result: Result<Option<T>>,
) -> Result<Option<T>> {
    match result {
        Err(error) if is_unreadable(&error) => {
            for model in models {
                state.collection_mut(*model).faults.push(error.clone());
            }
            Ok(None)
        }
        other => other,
    }
}

fn load_first(loader: &mut Loader<'_>, state: &mut State, place: &OwnerPlace) -> Result<()> {
    let mut models = vec![place.model];
    models.extend(place.beside.iter().map(|(model, _, _)| *model).chain(place.single));
    let read = read_object(loader, state, &place.first);
    let Some((mut file, version)) = or_fault(state, &models, read)? else { return Ok(()) };
    let taken = take_owner(state, place, (&place.first, version), &mut file);
    if or_fault(state, &models, taken.map(Some))?.is_none() {
        return Ok(());
    }
    if let Some(single) = place.single {
        let mut map = record_of_file(file);
        map.insert("id".into(), SINGLE_KEY.into());
        take_record(state, single, (place.first.as_str(), version), map);
    }
    Ok(())
}

fn load_further(loader: &mut Loader<'_>, state: &mut State, place: &OwnerPlace) -> Result<()> {
    let first = state.collection(place.model).first().map(str::to_owned);
    for (path, key) in files_of(loader.disk, &place.dir)? {
        load_owner(loader, state, place, (path, &key))?;
    }
    state.collection_mut(place.model).set_first(first.as_deref());
    Ok(())
}

fn load_owner(
    loader: &mut Loader<'_>,
    state: &mut State,
    place: &OwnerPlace,
    (path, key): (SafePath, &str),
) -> Result<()> {
    match read_object(loader, state, &path) {
        Ok(Some((mut file, version))) => {
            let user = file.get(&place.key).cloned();
            if let Err(error) = take_owner(state, place, (&path, version), &mut file) {
                return note_broken(state, place.model, key, error, user.as_ref());
            }
            let mut unknown = record_of_file(file);
            unknown.retain(|name, _| name != "createdAt" && name != "updatedAt");
            if !unknown.is_empty() {
                state.owner_unknown.insert(key.into(), unknown);
            }
            Ok(())
        }
        Ok(None) => Ok(()),
        Err(error) => note_broken(state, place.model, key, error, None),
    }
}

/// Takes the owner's record and those beside it out of a file: all or none, for the file is
/// written whole, and what could not be read would then be gone.
fn take_owner(
    state: &mut State,
    place: &OwnerPlace,
    (path, version): (&SafePath, u64),
    file: &mut Map<String, Value>,
) -> Result<()> {
    let beside = place.beside.iter().map(|(model, _, key)| (*model, key));
    let mut records = Vec::new();
    for (model, key) in std::iter::once((place.model, &place.key)).chain(beside) {
        let Some(value) = file.shift_remove(key).filter(|value| !value.is_null()) else { continue };
        let map = value.as_object().cloned().unwrap_or_default();
        records.push((model, Arc::new(read_stored(state, model, (path.as_str(), version), map)?)));
    }
    for (model, record) in records {
        state.put(model, record);
    }
    Ok(())
}

fn take_record(state: &mut State, model: ModelId, from: (&str, u64), map: Map<String, Value>) {
    let key_field = &state.catalogue.model(model).key;
    let key = map.get(key_field).and_then(Value::as_str).unwrap_or_default().to_owned();
    match read_stored(state, model, from, map) {
        Ok(record) => {
            state.put(model, Arc::new(record));
        }
        Err(error) => {
            let collection = state.collection_mut(model);
            collection.broken.insert(key, error.clone());
        }
    }
}

/// Notes a record that cannot be read, and what it says as far as its text can be parsed: who asks
/// whether a value is taken must know.
pub(super) fn note_broken(
    state: &mut State,
    model: ModelId,
    key: &str,
    error: Error,
    value: Option<&Value>,
) -> Result<()> {
    if !error.is_of_content() {
        return Err(error);
    }
    let catalogue = Arc::clone(&state.catalogue);
    let map = value.and_then(Value::as_object);
    let claims = map.map(|map| IndexKeys::of(catalogue.model(model), map));
    state.collection_mut(model).put_broken(key, error, claims);
    Ok(())
}

fn load_shared(loader: &mut Loader<'_>, state: &mut State, number: usize) -> Result<()> {
    let place = state.layout.shared_files()[number].clone();
    let models: Vec<ModelId> = place.arrays.iter().map(|(_, model)| *model).collect();
    let read = read_shared(loader, state, &place.path, &place.arrays[0].0);
    state.shared[number].fault = read.as_ref().err().filter(|e| is_unreadable(e)).cloned();
    let Some((mut file, version)) = or_fault(state, &models, read)? else { return Ok(()) };
    file.shift_remove("version");
    for (key, model) in &place.arrays {
        let Some(Value::Array(items)) = file.shift_remove(key) else { continue };
        for item in items {
            take_item(state, number, *model, (place.path.as_str(), version), item)?;
        }
    }
    let mut time = |key: &str| file.shift_remove(key).and_then(|t| t.as_str().map(str::to_owned));
    let (created_at, updated_at) = (time("createdAt"), time("updatedAt"));
    let shared = &mut state.shared[number];
    (shared.created_at, shared.updated_at, shared.unknown) = (created_at, updated_at, file);
    shared.unknown.sort_keys();
    Ok(())
}

/// The object of a shared file; a bare array, as older stores wrote it, counts as the first one.
fn read_shared(
    loader: &mut Loader<'_>,
    state: &State,
    path: &SafePath,
    first: &str,
) -> Result<Option<(Map<String, Value>, u64)>> {
    let Some(bytes) = loader.read(path)? else { return Ok(None) };
    let map = match parse_file(path, &bytes)? {
        Value::Array(items) => Map::from_iter([(first.to_owned(), Value::Array(items))]),
        other => object(path, other)?,
    };
    let version = version_of(state.catalogue.migrations, path, &map)?;
    Ok(Some((map, version)))
}

fn take_item(
    state: &mut State,
    number: usize,
    model: ModelId,
    from: (&str, u64),
    item: Value,
) -> Result<()> {
    let key_field = state.catalogue.model(model).key.clone();
    // What is no record is known by its own text, so that one does not hide another.
    let key = item.get(&key_field).unwrap_or(&item).as_str().unwrap_or_default().to_owned();
    let read = match item.as_object() {
        Some(map) => read_stored(state, model, from, map.clone()),
        None => Err(no_record(state.catalogue.model(model), from.0, &item)),
    };
    match read {
        Ok(record) => {
            state.put(model, Arc::new(record));
        }
        Err(error) => {
            note_broken(state, model, &key, error, Some(&item))?;
            state.shared[number].unreadable.push((model, item));
        }
    }
    Ok(())
}

fn no_record(declared: &Model, path: &str, item: &Value) -> Error {
    let may_be_shown = declared.private.is_empty();
    let came = if may_be_shown { json::describe(item) } else { json::kind(item).to_owned() };
    let message = format!("{path}: expected an object, got {came}; mend the file or restore it");
    Error::new(Code::Corrupt, message).model(&declared.name).path(path)
}

/// The files `<key>.json` of a folder, with their keys.
fn files_of(disk: &dyn Disk, dir: &SafePath) -> Result<Vec<(SafePath, String)>> {
    let mut files = Vec::new();
    for entry in disk.list(dir)? {
        let Some(key) = entry.name.strip_suffix(".json") else { continue };
        // A link or a folder of such a name is told: the record is not simply none.
        if catalogue::is_id(key) {
            files.push((dir.join(&entry.name)?, key.to_owned()));
        }
    }
    Ok(files)
}

fn load_directory(
    loader: &mut Loader<'_>,
    state: &mut State,
    model: ModelId,
    dir: &SafePath,
) -> Result<()> {
    let disk = loader.disk;
    let mut files = files_of(disk, dir)?.into_iter();
    while files.len() > 0 {
        // A portion at a time bounds what is read and not yet put.
        let some: Vec<_> = files.by_ref().take(PORTION).collect();
        let read = par_map(some, |(path, key)| {
            // To open and read a small file takes about as long as to parse it.
            let read = read_stamped(disk, &path).map(|read| {
                read.map(|(bytes, stamp)| (parsed(state, model, &path, &key, &bytes), stamp))
            });
            (path, key, read)
        });
        for (path, key, read) in read {
            match loader.note(&path, read) {
                Ok(Some(Ok(record))) => drop(state.put(model, Arc::new(record))),
                Ok(Some(Err((error, value)))) => {
                    note_broken(state, model, &key, error, value.as_ref())?;
                }
                Ok(None) => {}
                Err(error) => note_broken(state, model, &key, error, None)?,
            }
        }
    }
    Ok(())
}

/// A record of a file, or what is wrong with it and as much of it as can be parsed.
fn parsed(
    state: &State,
    model: ModelId,
    path: &SafePath,
    key: &str,
    bytes: &[u8],
) -> std::result::Result<Record, (Error, Option<Value>)> {
    let record = record_of_bytes(state, model, path, key, bytes);
    record.map_err(|error| (error, json::parse_bytes(bytes).ok()))
}

fn record_of_bytes(
    state: &State,
    model: ModelId,
    path: &SafePath,
    key: &str,
    bytes: &[u8],
) -> Result<Record> {
    let map = object(path, parse_file(path, bytes)?)?;
    let version = version_of(state.catalogue.migrations, path, &map)?;
    let record = read_stored(state, model, (path.as_str(), version), record_of_file(map))?;
    if record.key() != key {
        let message = format!(
            "{path}: expected the id {key}, as the file is named, found {}; rename the file or mend the id",
            record.key()
        );
        return Err(Error::new(Code::Corrupt, message).path(path.as_str()));
    }
    Ok(record)
}
