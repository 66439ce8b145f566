//! When the folder was last backed up, for whoever asks: a note in its cache.

use serde_json::{Value, json};

use super::write::Backup;
use crate::disk::{Access, Disk, RealDisk, SafePath};
use crate::error::Result;
use crate::json::{Object, compact, parse_bytes};

fn note() -> SafePath {
    SafePath::new("cache/backup.json").expect("a constant that is a safe path")
}

/// Notes that a backup was made.
///
/// # Errors
/// Those of the disk; the backup is whole all the same.
pub(super) fn take_note(disk: &RealDisk, made: &Backup) -> Result<()> {
    let at = json!({ "at": made.created_at, "file": made.file.to_string_lossy(), "bytes": made.backup_bytes });
    let file = disk.open(&note(), Access::Replace)?;
    file.write_at(0, compact(&at).as_bytes())
}

/// The last backup that was made of a folder, as far as its cache knows.
///
/// # Errors
/// Those of the disk.
pub(crate) fn last(disk: &RealDisk) -> Result<Option<Object>> {
    if disk.stamp(&note())?.is_none() {
        return Ok(None);
    }
    let file = disk.open(&note(), Access::Read)?;
    let mut bytes = vec![0; usize::try_from(file.len()?.min(4096)).unwrap_or(0)];
    let read = file.read_at(0, &mut bytes)?;
    match parse_bytes(&bytes[..read]) {
        Ok(Value::Object(map)) => Ok(Some(map)),
        // What is in the cache may be anything.
        _ => Ok(None),
    }
}
