//! The order of records that were created in the same millisecond, kept in the cache: a folder
//! of files has none. Without the cache such records are ordered by their ids.

use hashbrown::HashMap;
use serde_json::{Map, Value};

use crate::catalogue::{Catalogue, ModelId};
use crate::disk::{Access, Disk, SafePath, read_all};
use crate::error::Result;
use crate::json;

use crate::engine::core::Engine;
use crate::engine::files::{Target, Writer};
use crate::engine::memory::State;
use crate::engine::processes::locks::cache_folder;

pub(crate) fn path() -> SafePath {
    cache_folder().join("order.json").expect("a constant that is a safe path")
}

/// Writes the order down. The cache may be lost, so a failure is not told.
pub(crate) fn save(engine: &Engine) {
    let state = engine.state();
    let shared = |target: &Target| matches!(target, Target::Shared(_));
    if state.dirty.changed_targets().all(shared) {
        return;
    }
    let text = text(&state);
    // Who commits, and then who reads, would wait for the disk.
    drop(state);
    let written = Writer::on(&*engine.disk).replace(&path(), text.as_bytes(), true);
    let _ = written.and_then(|_| engine.disk.sync_dir(&cache_folder()));
}

/// Writes the order down in a copy of the folder.
///
/// # Errors
/// Those of the disk.
pub(crate) fn save_in(engine: &Engine, copy: &dyn Disk) -> Result<()> {
    copy.create_dir(&cache_folder())?;
    copy.open(&path(), Access::Replace)?.write_at(0, text(&engine.state()).as_bytes())
}

fn text(state: &State) -> String {
    let mut orders = Map::new();
    for model in state.layout.in_own_files() {
        let keys = state.collection(model).iter().map(|(_, record)| Value::from(record.key()));
        orders.insert(state.catalogue.model(model).collection.clone(), keys.collect());
    }
    json::compact(&Value::Object(orders))
}

/// The same where it is no longer than so many bytes, else none.
///
/// # Errors
/// Those of the disk.
pub(crate) fn load_short(
    disk: &dyn Disk,
    catalogue: &Catalogue,
    most_bytes: u64,
) -> Result<HashMap<ModelId, Vec<String>>> {
    let is_short = disk.stamp(&path())?.is_some_and(|stamp| stamp.len <= most_bytes);
    Ok(if is_short { load(disk, catalogue) } else { HashMap::new() })
}

/// The order as it was written down.
pub(crate) fn load(disk: &dyn Disk, catalogue: &Catalogue) -> HashMap<ModelId, Vec<String>> {
    let bytes = read_all(disk, &path()).ok().flatten().unwrap_or_default();
    let Ok(Value::Object(orders)) = json::parse_bytes(&bytes) else { return HashMap::new() };
    let keys = |keys: Value| -> Vec<String> {
        let keys = keys.as_array().cloned().unwrap_or_default();
        keys.iter().filter_map(|key| key.as_str().map(str::to_owned)).collect()
    };
    orders
        .into_iter()
        .filter_map(|(collection, list)| Some((catalogue.by_collection(&collection)?, keys(list))))
        .collect()
}
