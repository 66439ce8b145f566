//! Whether the logs are as they were when they were last counted, kept in the cache.
//!
//! A chat's count of messages follows from its log. At open, a log whose length or time is not
//! the one remembered (an edit by hand, a restored backup, a lost cache) is counted anew.

use std::sync::Arc;

use hashbrown::HashMap;
use serde_json::{Map, Value, json};

use crate::catalogue::ModelId;
use crate::disk::{Access, Disk, SafePath, Stamp, read_all};
use crate::error::Result;
use crate::json;

use super::change::Change;
use super::clock;
use super::core::{Engine, locked};
use super::files::Writer;
use super::locks::cache_folder;
use super::log::{LogIndex, with_counts};
use super::record::Record;
use super::state::State;

/// Length and time of a log, by its path.
pub(crate) type Counted = HashMap<String, (u64, i128)>;

fn path() -> SafePath {
    cache_folder().join("logs.json").expect("a constant that is a safe path")
}

fn mark(stamp: Stamp) -> (u64, i128) {
    (stamp.len, stamp.modified_ns)
}

/// The logs as they were when they were last counted.
fn recall(disk: &dyn Disk) -> Counted {
    let bytes = read_all(disk, &path()).ok().flatten().unwrap_or_default();
    let Ok(Value::Object(logs)) = json::parse_bytes(&bytes) else { return Counted::new() };
    let read = |(path, mark): (String, Value)| {
        let time = mark.get(1)?.as_str()?.parse().ok()?;
        Some((path, (mark.get(0)?.as_u64()?, time)))
    };
    logs.into_iter().filter_map(read).collect()
}

/// Counts the logs that are not as they are remembered (the journal tells of those it changed);
/// gives the owners whose counts were wrong, as they must be.
pub(crate) fn check(engine: &Engine, state: &State) -> Result<Vec<Change>> {
    let mut wrong = Vec::new();
    let known = recall(&*engine.disk);
    let layout = Arc::clone(&state.layout);
    let mut now = Counted::new();
    for place in layout.logs() {
        let owners: Vec<Arc<Record>> =
            state.collection(place.owner).iter().map(|(_, record)| Arc::clone(record)).collect();
        for owner in owners {
            let path = layout.log_path(place.model, owner.key())?;
            let stamp = engine.disk.stamp(&path)?;
            let journaled = state.logs.contains_key(&(place.model, owner.key().into()));
            let same = stamp.map(mark) == known.get(path.as_str()).copied();
            if !same && !journaled {
                wrong.extend(count(engine, state, place.model, &owner, &path, stamp)?);
            }
            now.extend(stamp.filter(|_| !journaled).map(|s| (path.as_str().to_owned(), mark(s))));
        }
    }
    *locked(&engine.counted) = now;
    Ok(wrong)
}

fn count(
    engine: &Engine,
    state: &State,
    model: ModelId,
    owner: &Record,
    path: &SafePath,
    stamp: Option<Stamp>,
) -> Result<Option<Change>> {
    let catalogue = &state.catalogue;
    let Some((owner_model, counted)) = catalogue.counted(model) else { return Ok(None) };
    let (Some(count_field), Some(last_field)) = (&counted.count, &counted.last) else {
        return Ok(None);
    };
    let (number, last) = match stamp {
        None => (0, None),
        Some(stamp) => {
            let file = Arc::from(engine.disk.open(path, Access::Read)?);
            let index = LogIndex::of_file(path.as_str(), file, stamp.len)?;
            index.count(&counted.row_type, &[])
        }
    };
    let last = last.map(clock::format_ms);
    let declared = catalogue.model(owner_model);
    let map = with_counts(declared, owner, counted, number, last.as_deref());
    let was = owner.map();
    let same = |field: &String| {
        let value = |map: &Map<String, Value>| map.get(field).filter(|v| !v.is_null()).cloned();
        value(&was) == value(&map)
    };
    let wrong = !same(count_field) || !same(last_field);
    let record = Arc::new(Record::from_map(owner.key(), &map));
    Ok(wrong.then_some(Change::Put { model: owner_model, record, new: false }))
}

/// Writes down the state of the logs that have changed. The cache may be lost, so a failure is
/// none.
pub(crate) fn remember(engine: &Engine) {
    let state = engine.state();
    let mut counted = locked(&engine.counted);
    for key in &state.dirty.unsynced.logs {
        let Ok(path) = state.layout.log_path(key.0, &key.1) else { continue };
        match engine.disk.stamp(&path).ok().flatten() {
            Some(stamp) => drop(counted.insert(path.as_str().to_owned(), mark(stamp))),
            None => drop(counted.remove(path.as_str())),
        }
    }
    let mut logs: Vec<_> = counted.iter().collect();
    logs.sort_unstable();
    let entry = |(path, (len, time)): (&String, &(u64, i128))| {
        (path.clone(), json!([len, time.to_string()]))
    };
    let text = json::compact(&Value::Object(logs.into_iter().map(entry).collect()));
    let _ = Writer { disk: &*engine.disk }.replace(&path(), text.as_bytes(), false);
}
