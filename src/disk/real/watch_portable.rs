//! Watches folders: systems other than Linux.
//!
//! There the system tells of changes a moment after they were made, on a thread of its own. So a read
//! that must not miss one looks at the file; the rest is spared looking at all files.

use std::collections::HashSet;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use notify::event::{Event, EventKind, ModifyKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};

use super::super::{Changed, SafePath, Watch};
use crate::error::Result;

/// Of more changes than this at once nobody needs the names.
const MOST_TOLD: usize = 4096;

/// What has changed, and in which folders that is of interest.
#[derive(Default)]
struct Told {
    folders: HashSet<SafePath>,
    changes: Vec<Changed>,
}

impl Told {
    fn add(&mut self, change: Changed) {
        if self.changes.len() >= MOST_TOLD {
            self.changes = vec![Changed::Anything];
        }
        if self.changes.last() != Some(&change) {
            self.changes.push(change);
        }
    }

    fn note(&mut self, root: &Path, event: &Event) {
        if event.need_rescan() {
            return self.add(Changed::Anything);
        }
        if matches!(event.kind, EventKind::Access(_)) {
            return;
        }
        for path in event.paths.iter().filter_map(|path| beneath(root, path)) {
            if self.folders.contains(&path) {
                self.note_folder(path, event.kind);
            } else if path.parent().is_some_and(|folder| self.folders.contains(&folder)) {
                self.add(Changed::File(path));
            }
        }
    }

    /// A folder that went, or that came in the place of another, is not the one that is watched; that
    /// something in it was changed is told of the file.
    fn note_folder(&mut self, folder: SafePath, kind: EventKind) {
        let is_another = matches!(
            kind,
            EventKind::Remove(_) | EventKind::Create(_) | EventKind::Modify(ModifyKind::Name(_))
        );
        if is_another {
            self.folders.remove(&folder);
            self.add(Changed::Folder(folder));
        }
    }
}

/// The path beneath the data folder; none for the data folder itself, and for a name that is no safe
/// path: that cannot be a file of the store.
fn beneath(root: &Path, path: &Path) -> Option<SafePath> {
    let names = path.strip_prefix(root).ok()?.components().map(|part| match part {
        Component::Normal(name) => name.to_str(),
        _ => None,
    });
    SafePath::new(&names.collect::<Option<Vec<_>>>()?.join("/")).ok()
}

/// Watched folders.
pub(super) struct NotifyWatch {
    root: PathBuf,
    told: Arc<Mutex<Told>>,
    /// Watches as long as it is there.
    _watcher: RecommendedWatcher,
}

impl NotifyWatch {
    /// Watches nothing yet.
    pub(super) fn new(root: &Path) -> notify::Result<NotifyWatch> {
        let (root, told) = (root.to_owned(), Arc::<Mutex<Told>>::default());
        let hear = {
            let (root, told) = (root.clone(), Arc::clone(&told));
            move |event: notify::Result<Event>| match event {
                Ok(event) => locked(&told).note(&root, &event),
                // Something may have been missed.
                Err(_) => locked(&told).add(Changed::Anything),
            }
        };
        let mut watcher = notify::recommended_watcher(hear)?;
        // All folders at once: one that is made later needs no watch of its own.
        watcher.watch(&root, RecursiveMode::Recursive)?;
        Ok(NotifyWatch { root, told, _watcher: watcher })
    }
}

fn locked(told: &Mutex<Told>) -> MutexGuard<'_, Told> {
    told.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Watch for NotifyWatch {
    fn add(&self, dir: &SafePath) -> Result<bool> {
        // Before the look: what happens in between is told.
        locked(&self.told).folders.insert(dir.clone());
        let is_there =
            dir.as_str().split('/').fold(self.root.clone(), |at, name| at.join(name)).is_dir();
        if !is_there {
            locked(&self.told).folders.remove(dir);
        }
        Ok(is_there)
    }

    fn changes(&self) -> Result<Vec<Changed>> {
        Ok(std::mem::take(&mut locked(&self.told).changes))
    }

    fn is_prompt(&self) -> bool {
        false
    }
}
