//! The files: which of them are the store's, and what else lies about.

use hashbrown::HashSet;

use crate::catalogue::is_id;
use crate::disk::{Disk, EntryKind, SafePath};
use crate::error::Result;
use crate::legacy::is_aside;

use super::{FaultKind, Report};
use crate::engine::journal;
use crate::engine::memory::State;
use crate::engine::payload::is_incoming;
use crate::engine::processes::locks;

/// Looks at every name in the folder.
pub(super) fn look(disk: &dyn Disk, state: &State, report: &mut Report) -> Result<()> {
    let known = Known::of(state);
    let mut folders = vec![SafePath::root()];
    while let Some(folder) = folders.pop() {
        for entry in disk.list(&folder)? {
            let at_root = folder == SafePath::root();
            if at_root && is_others(&entry.name) {
                continue;
            }
            let full =
                if at_root { entry.name.clone() } else { format!("{folder}/{}", entry.name) };
            let path = folder.join(&entry.name).ok();
            match (entry.kind, path) {
                (EntryKind::Folder, Some(path)) if known.leads_to(&path) => folders.push(path),
                (EntryKind::Folder, Some(path)) if known.is_payload(&path) => {}
                (EntryKind::File, Some(path)) if known.has(&path) => report.files += 1,
                (EntryKind::File, Some(path)) if known.is_log(&path) => {
                    let message =
                        "no record has this log; remove the file, or bring its record back";
                    report.add(FaultKind::Orphan, path.as_str(), None, message.to_owned());
                }
                (EntryKind::Other, _) => {
                    let message = "a link or a device, which the store never follows; put a file in its place";
                    report.add(FaultKind::Stranger, &full, None, message.to_owned());
                }
                _ => {
                    let message = "this is not of the store, which lets it be; move it elsewhere";
                    report.add(FaultKind::Stranger, &full, None, message.to_owned());
                }
            }
        }
    }
    Ok(())
}

/// At the top: the journal and the cache, which are only the store's, the originals of a folder that
/// was converted, and names with a dot, which are never its.
fn is_others(name: &str) -> bool {
    let folders = [journal::folder(), locks::cache_folder()];
    name.starts_with('.') || is_aside(name) || folders.iter().any(|folder| folder.as_str() == name)
}

/// The names that the store gives.
struct Known<'a> {
    state: &'a State,
    files: HashSet<&'a str>,
}

impl<'a> Known<'a> {
    fn of(state: &'a State) -> Known<'a> {
        let layout = &state.layout;
        let shared = layout.shared_files().iter().map(|place| &place.path);
        let rows = layout.rows().iter().map(|place| &place.path);
        let first = layout.owner().map(|owner| &owner.first);
        let files = shared.chain(rows).chain(first).map(SafePath::as_str).collect();
        Known { state, files }
    }

    /// Does a folder hold files of the store, or folders with such?
    fn leads_to(&self, folder: &SafePath) -> bool {
        let within = format!("{folder}/");
        let layout = &self.state.layout;
        let is_home =
            layout.folders().any(|home| home == folder || home.as_str().starts_with(&within));
        is_home || self.files.iter().any(|file| file.starts_with(&within))
    }

    fn is_payload(&self, folder: &SafePath) -> bool {
        let payload = self.state.catalogue.payload().map(|(_, payload)| payload);
        let content = payload.and_then(|payload| payload.content_of(folder.as_str()));
        let own = payload.zip(content).map(|(payload, content)| payload.folder_of(content));
        own.as_deref() == Some(folder.as_str()) || is_incoming(folder)
    }

    fn has(&self, path: &SafePath) -> bool {
        if self.files.contains(path.as_str()) {
            return true;
        }
        let Some((dir, name)) = path.as_str().rsplit_once('/') else { return false };
        let layout = &self.state.layout;
        let records = layout.directories().iter().map(|(_, dir)| dir);
        let owners = layout.owner().map(|owner| &owner.dir);
        let of_record = name.strip_suffix(".json").is_some_and(is_id)
            && records.chain(owners).any(|home| home.as_str() == dir);
        of_record || self.log_owner_is_there(dir, name) == Some(true)
    }

    /// Is it a log, whoever it belongs to?
    fn is_log(&self, path: &SafePath) -> bool {
        let place = path.as_str().rsplit_once('/');
        place.is_some_and(|(dir, name)| self.log_owner_is_there(dir, name).is_some())
    }

    fn log_owner_is_there(&self, dir: &str, name: &str) -> Option<bool> {
        let owner = name.strip_suffix(".jsonl").filter(|key| is_id(key))?;
        let place = self.state.layout.logs().iter().find(|place| place.dir.as_str() == dir)?;
        let owners = self.state.collection(place.owner);
        // An owner that cannot be read may be there.
        Some(
            owners.get(owner).is_some()
                || !owners.faults.is_empty()
                || owners.broken.contains_key(owner),
        )
    }
}
