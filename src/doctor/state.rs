//! The state of a folder at a glance: how much there is, who has it open, when it was backed up.

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::backup;
use crate::disk::{Disk, EntryKind, RealDisk, SafePath, free_room};
use crate::engine::open_path;
use crate::error::Result;
use crate::json::Object;

/// What is in a folder, in bytes and files, and what is around it.
///
/// # Errors
/// Those of the disk.
pub fn state(data_dir: &Path) -> Result<Value> {
    let disk = RealDisk::open(data_dir)?;
    let mut folders = Map::new();
    for entry in disk.list(&SafePath::root())? {
        let path = SafePath::root().join(&entry.name);
        let Ok(path) = path else { continue };
        let (bytes, files) = match entry.kind {
            EntryKind::Folder => size_of(&disk, path)?,
            EntryKind::File => (disk.stamp(&path)?.map_or(0, |stamp| stamp.len), 1),
            EntryKind::Other => continue,
        };
        folders.insert(entry.name, json!({ "bytes": bytes, "files": files }));
    }
    Ok(json!({
        "dataDir": disk.root().to_string_lossy(),
        "folders": folders,
        "free": free_room(disk.root()).ok(),
        "process": std::process::id(),
        "users": users(&disk),
        "lastBackup": backup::last(&disk)?.map_or(Value::Null, Value::Object),
    }))
}

fn size_of(disk: &RealDisk, folder: SafePath) -> Result<(u64, u64)> {
    let (mut bytes, mut files, mut folders) = (0, 0, vec![folder]);
    while let Some(folder) = folders.pop() {
        for entry in disk.list(&folder)? {
            let Ok(path) = folder.join(&entry.name) else { continue };
            match entry.kind {
                EntryKind::Folder => folders.push(path),
                EntryKind::File => {
                    // One that is gone by now counts for nothing.
                    bytes += disk.stamp(&path)?.map_or(0, |stamp| stamp.len);
                    files += 1;
                }
                EntryKind::Other => {}
            }
        }
    }
    Ok((bytes, files))
}

/// The other processes that have the folder open; null where the system does not tell.
fn users(disk: &RealDisk) -> Value {
    let told = |holders: Vec<crate::disk::Holder>| -> Value {
        let one = |holder: crate::disk::Holder| -> Object {
            let parts = [
                ("process", json!(holder.process)),
                ("command", holder.command.into()),
                ("stopped", holder.is_stopped.into()),
            ];
            parts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
        };
        holders.into_iter().map(one).collect()
    };
    disk.holders(&open_path()).map_or(Value::Null, told)
}
