//! The logs as they were when they were last counted, kept in the cache.

use std::sync::Mutex;

use hashbrown::HashMap;
use serde_json::{Value, json};

use crate::disk::{Disk, SafePath, Stamp, read_all};
use crate::json;
use crate::sync::locked;

use crate::engine::processes::locks::cache_folder;

/// Length and time of a log, by its path, and whether it may hold dead lines.
pub(super) type Marks = HashMap<String, ((u64, i128), bool)>;

/// The logs as they were when they were last counted.
#[derive(Default)]
pub(crate) struct LogMarks(Mutex<Known>);

#[derive(Default)]
struct Known {
    marks: Marks,
    /// The state of the file in the cache that was read last: it is read again when another one stands there.
    read: Option<Stamp>,
}

impl LogMarks {
    /// Is a log as it was when this process, or another one, last counted it?
    pub(crate) fn is_counted(&self, disk: &dyn Disk, path: &SafePath, now: Option<Stamp>) -> bool {
        let is_now =
            |marks: &Marks| marks.get(path.as_str()).map(|(known, _)| *known) == now.map(mark);
        let mut known = locked(&self.0);
        if is_now(&known.marks) {
            return true;
        }
        // Looked at before it is read: one that comes in between is read the next time.
        let stamp = disk.stamp(&self::path()).ok().flatten();
        if stamp.is_none() || stamp == known.read {
            return false;
        }
        known.marks.extend(load(disk));
        known.read = stamp;
        is_now(&known.marks)
    }

    /// A log was counted in this state.
    pub(crate) fn note(&self, path: &SafePath, stamp: Option<Stamp>, needs_compaction: bool) {
        let mut known = locked(&self.0);
        match stamp {
            Some(stamp) => {
                let counted = (mark(stamp), needs_compaction);
                known.marks.insert(path.as_str().to_owned(), counted);
            }
            None => drop(known.marks.remove(path.as_str())),
        }
    }

    /// All logs were counted.
    pub(super) fn replace(&self, marks: Marks) {
        locked(&self.0).marks = marks;
    }

    /// What the file in the cache is to say.
    pub(super) fn text(&self) -> String {
        let known = locked(&self.0);
        let mut logs: Vec<_> = known.marks.iter().collect();
        logs.sort_unstable();
        let entry = |(path, ((len, time), needs_compaction)): (&String, &((u64, i128), bool))| {
            let time = time.to_string();
            let said = if *needs_compaction {
                json!([len, time, "dead lines"])
            } else {
                json!([len, time])
            };
            (path.clone(), said)
        };
        json::compact(&Value::Object(logs.into_iter().map(entry).collect()))
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
