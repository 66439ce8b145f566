//! The bytes of a file, made from the state.
//!
//! The same content gives the same bytes: keys in catalogue order, unknown ones behind them,
//! two spaces, a line feed at the end.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::catalogue::{IndexKey, ModelId};
use crate::json;
use crate::jsonl;

use super::layout::{OwnerPlace, RowsPlace, Target};
use crate::engine::memory::Record;
use crate::engine::memory::{SINGLE_KEY, SharedFile, State};

/// What a file will hold. What may take long is composed without the state, so that nobody waits for it.
pub(crate) enum Content {
    Bytes(String),
    /// A record, and the version of its file.
    Record(Arc<Record>, u64),
    Arrays(SharedContent),
}

impl Content {
    /// The file's text.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        match self {
            Content::Bytes(text) => text.into(),
            Content::Record(record, version) => record_file(record, *version).into(),
            Content::Arrays(content) => content.text().into(),
        }
    }
}

/// The content of a target, or `None` when the file must not be there.
pub(crate) fn target(state: &State, target: &Target) -> Option<Content> {
    match target {
        Target::Record(model, key) => {
            let record = state.collection(*model).get(key)?;
            Some(Content::Record(Arc::clone(record), state.catalogue.migrations.version()))
        }
        Target::Shared(number) => Some(Content::Arrays(shared(state, *number))),
        Target::First => state.layout.owner().map(|place| Content::Bytes(first(state, place))),
        Target::Further(key) => further(state, state.layout.owner()?, key).map(Content::Bytes),
    }
}

/// The file of one record: its text, which has its key at least, with the version before it.
fn record_file(record: &Record, version: u64) -> String {
    let text = record.text();
    let text = match text.contains("\"version\":") {
        // A field of that name, which is refused but may be in an older journal, would be taken for the file's version.
        true => json::compact_object(&record_of_file(record.map())).into(),
        false => Cow::Borrowed(text),
    };
    let fields = text.strip_prefix('{').unwrap_or(&text);
    json::indent(&format!("{{\"version\":{version},{fields}"), 0) + "\n"
}

fn with_version(state: &State, map: Map<String, Value>) -> Map<String, Value> {
    let mut file = Map::new();
    file.insert("version".into(), state.catalogue.migrations.version().into());
    file.extend(map);
    file
}

/// The record in a file of its own: everything but the version of the file.
pub(crate) fn record_of_file(mut file: Map<String, Value>) -> Map<String, Value> {
    file.shift_remove("version");
    file
}

/// What a file that several records share will hold.
pub(crate) struct SharedContent {
    version: u64,
    arrays: Vec<(String, Vec<Arc<Record>>, Vec<Value>)>,
    file: SharedFile,
}

/// What a shared file must hold now.
pub(crate) fn shared(state: &State, number: usize) -> SharedContent {
    let (place, file) = (&state.layout.shared_files()[number], &state.shared[number]);
    let arrays = place.arrays.iter().map(|(key, model)| {
        let records = state.collection(*model).iter().map(|(_, record)| Arc::clone(record));
        let odd = file.unreadable.iter().filter(|(of, _)| of == model);
        (key.clone(), records.collect(), odd.map(|(_, value)| value.clone()).collect())
    });
    let version = state.catalogue.migrations.version();
    SharedContent { version, arrays: arrays.collect(), file: file.clone() }
}

impl SharedContent {
    /// The file's text.
    pub(crate) fn text(&self) -> String {
        let file = &self.file;
        let mut text = format!("{{\n  \"version\": {}", self.version);
        for (key, records, odd) in &self.arrays {
            text += &format!(",\n  {}: ", json::quote(key));
            push_array(&mut text, records, odd);
        }
        let times = [("createdAt", &file.created_at), ("updatedAt", &file.updated_at)];
        for (key, time) in times {
            if let Some(time) = time {
                text += &format!(",\n  \"{key}\": {}", json::quote(time));
            }
        }
        for (key, value) in &file.unknown {
            let value = json::indent(&json::compact(value), 1);
            text += &format!(",\n  {}: {value}", json::quote(key));
        }
        text + "\n}\n"
    }
}

fn push_array(text: &mut String, records: &[Arc<Record>], odd: &[Value]) {
    let records = records.iter().map(|record| json::indent(record.text(), 2));
    let odd = odd.iter().map(|value| json::indent(&json::compact(value), 2));
    let mut empty = true;
    for item in records.chain(odd) {
        *text += if empty { "[\n    " } else { ",\n    " };
        *text += &item;
        empty = false;
    }
    *text += if empty { "[]" } else { "\n  ]" };
}

fn first(state: &State, place: &OwnerPlace) -> String {
    let key = state.collection(place.model).first();
    let mut file = owner_file(state, place, key);
    let single = place.single.and_then(|model| state.collection(model).get(SINGLE_KEY));
    if let Some(single) = single {
        let fields = single.map().into_iter().filter(|(key, _)| key != "id");
        file.extend(fields);
    }
    json::pretty(&Value::Object(file))
}

fn further(state: &State, place: &OwnerPlace, key: &str) -> Option<String> {
    let users = state.collection(place.model);
    if users.first() == Some(key) {
        return None;
    }
    let record = users.get(key)?.map();
    let mut file = owner_file(state, place, Some(key));
    for time in ["createdAt", "updatedAt"] {
        if let Some(value) = record.get(time) {
            file.insert(time.into(), value.clone());
        }
    }
    if let Some(unknown) = state.owner_unknown.get(key) {
        file.extend(unknown.clone());
    }
    Some(json::pretty(&Value::Object(file)))
}

fn owner_file(state: &State, place: &OwnerPlace, key: Option<&str>) -> Map<String, Value> {
    let users = state.collection(place.model);
    let record = key.and_then(|key| users.get(key));
    let value = |record: Option<&Record>| record.map_or(Value::Null, |r| Value::Object(r.map()));
    let mut file = with_version(state, Map::new());
    file.insert(place.key.clone(), value(record.map(AsRef::as_ref)));
    for (model, by, name) in &place.beside {
        let beside = key.and_then(|key| {
            let index = state.catalogue.model(*model).index_over(&[by])?;
            let found = state.collection(*model).lookup(index, IndexKey::of(key));
            found.first().map(|(_, record)| (*record).clone())
        });
        file.insert(name.clone(), value(beside.as_deref()));
    }
    file
}

/// How long a rows file with nothing but its live lines is, in bytes.
pub(crate) fn len_of_rows(state: &State, place: &RowsPlace) -> u64 {
    let header = jsonl::header(&place.schema, state.catalogue.migrations.version());
    let rows = state.collection(place.model).iter().map(|(_, record)| record.text().len() + 1);
    (header.len() + 1 + rows.sum::<usize>()) as u64
}

/// All lines of a rows file.
pub(crate) fn all_rows(state: &State, place: &RowsPlace) -> String {
    let mut text =
        String::with_capacity(usize::try_from(len_of_rows(state, place)).unwrap_or_default());
    text += &jsonl::header(&place.schema, state.catalogue.migrations.version());
    text.push('\n');
    for (_, record) in state.collection(place.model).iter() {
        text += record.text();
        text.push('\n');
    }
    text
}

/// The lines to add to a rows file so that it shows these records as they are now.
pub(crate) fn changed_rows<'a>(
    state: &State,
    model: ModelId,
    keys: impl Iterator<Item = &'a str>,
) -> String {
    let key_field = &state.catalogue.model(model).key;
    let mut text = String::new();
    for key in keys {
        match state.collection(model).get(key) {
            Some(record) => text += record.text(),
            None => text += &jsonl::deleted(key_field, key),
        }
        text.push('\n');
    }
    text
}
