//! The logs as they were when they were last counted, kept in the cache.

use std::sync::Mutex;

use hashbrown::HashMap;
use serde_json::Value;

use crate::disk::{Disk, SafePath, Stamp, read_all};
use crate::json;
use crate::sync::locked;

use crate::engine::processes::locks::cache_folder;

/// Length and time of a log, by its path, and whether it may hold dead lines.
pub(super) type Marks = HashMap<String, ((u64, i128), bool)>;

/// The logs as they were when they were last counted.
#[derive(Default)]
pub(crate) struct LogMarks(pub(super) Mutex<Marks>);

impl LogMarks {
    /// Is a log as it was when this process, or another one, last counted it?
    pub(crate) fn is_counted(&self, disk: &dyn Disk, path: &SafePath, now: Option<Stamp>) -> bool {
        let is_now =
            |marks: &Marks| marks.get(path.as_str()).map(|(known, _)| *known) == now.map(mark);
        let mut marks = locked(&self.0);
        if !is_now(&marks) {
            marks.extend(load(disk));
        }
        is_now(&marks)
    }

    /// A log was counted in this state.
    pub(crate) fn note(&self, path: &SafePath, stamp: Option<Stamp>, needs_compaction: bool) {
        match stamp {
            Some(stamp) => {
                locked(&self.0).insert(path.as_str().to_owned(), (mark(stamp), needs_compaction));
            }
            None => drop(locked(&self.0).remove(path.as_str())),
        }
    }
}

pub(super) fn path() -> SafePath {
    cache_folder().join("logs.json").expect("a constant that is a safe path")
}

pub(super) fn mark(stamp: Stamp) -> (u64, i128) {
    (stamp.len, stamp.modified_ns)
}

/// The logs as they were when they were last counted.
pub(super) fn load(disk: &dyn Disk) -> Marks {
    let bytes = read_all(disk, &path()).ok().flatten().unwrap_or_default();
    let Ok(Value::Object(logs)) = json::parse_bytes(&bytes) else { return Marks::new() };
    let read = |(path, mark): (String, Value)| {
        let time = mark.get(1)?.as_str()?.parse().ok()?;
        let needs_compaction = mark.get(2).is_some();
        Some((path, ((mark.get(0)?.as_u64()?, time), needs_compaction)))
    };
    logs.into_iter().filter_map(read).collect()
}
