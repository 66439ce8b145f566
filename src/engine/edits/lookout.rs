//! Which files may have been edited: told by the system where it watches folders, else found by
//! looking at all of them from time to time.
//!
//! A suspect is only a name. Whether it was edited, and what the edit says, others find out.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use hashbrown::{HashMap, HashSet};

use crate::disk::{Changed, Disk, SafePath, Stamp, Watch};
use crate::sync::locked;

/// Since when a suspect looks as it does.
#[derive(Debug, Clone, Copy)]
struct Suspect {
    stamp: Option<Stamp>,
    since: Instant,
    /// Which change it was, of all that were told, that made it one; 0 where nobody told.
    told: u64,
}

#[derive(Default)]
struct Seen {
    watched: HashSet<Box<str>>,
    /// Folders that are not there.
    absent: HashSet<Box<str>>,
    suspects: HashMap<SafePath, Suspect>,
    /// Folders in which something may have been missed: they are looked at once.
    missed: HashSet<Box<str>>,
    /// Counts up with each change that the system tells of, the store's own ones too.
    told: u64,
}

impl Seen {
    fn is_told(&self, folder: &str) -> bool {
        self.watched.contains(folder) && !self.missed.contains(folder)
    }
}

/// Watches the folders, and remembers which files may have been edited.
pub(crate) struct Lookout {
    watch: Option<Box<dyn Watch>>,
    seen: Mutex<Seen>,
    /// Was a log edited of which the journal holds lines? They are brought together by a checkpoint.
    log_edited: AtomicBool,
}

impl Lookout {
    /// A lookout that watches nothing yet.
    pub(crate) fn over(disk: &dyn Disk) -> Lookout {
        Lookout { watch: disk.watch(), seen: Mutex::default(), log_edited: AtomicBool::new(false) }
    }

    /// The suspects, where the system tells of a change before the next call can ask.
    fn seen_promptly(&self) -> Option<MutexGuard<'_, Seen>> {
        self.watch.as_ref().filter(|watch| watch.is_prompt())?;
        Some(self.seen())
    }

    /// What was seen, with everything that the system has told up to now.
    fn seen(&self) -> MutexGuard<'_, Seen> {
        let mut seen = locked(&self.seen);
        let Some(watch) = &self.watch else { return seen };
        let Ok(changes) = watch.changes() else {
            // Nothing more is to be learnt from it.
            seen.watched.clear();
            return seen;
        };
        for change in changes {
            seen.told += 1;
            match change {
                Changed::File(path) => {
                    seen.suspects.entry(path).or_insert_with(Suspect::new).told = seen.told;
                }
                Changed::Folder(path) => {
                    seen.watched.remove(path.as_str());
                    seen.missed.insert(path.as_str().into());
                }
                Changed::Anything => seen.missed = seen.watched.clone(),
            }
        }
        seen
    }

    /// May a file have been edited, as far as the system tells? `None` where it does not at once.
    pub(crate) fn is_suspect(&self, path: &SafePath) -> Option<bool> {
        let seen = self.seen_promptly()?;
        seen.is_told(folder_of(path)).then(|| seen.suspects.contains_key(path))
    }

    /// The files of a folder that may have been edited, as far as the system tells; `None` where it does
    /// not at once.
    pub(crate) fn suspects_in(&self, folder: &SafePath) -> Option<Vec<SafePath>> {
        let seen = self.seen_promptly()?;
        let is_in = |path: &&SafePath| path.parent().as_ref() == Some(folder);
        seen.is_told(folder.as_str()).then(|| seen.suspects.keys().filter(is_in).cloned().collect())
    }

    /// Has the system told of no edit at all, and would it of one in these folders?
    pub(crate) fn is_untouched(&self, folders: &[SafePath]) -> bool {
        let Some(seen) = self.seen_promptly().filter(|_| !folders.is_empty()) else { return false };
        seen.suspects.is_empty() && folders.iter().all(|folder| seen.is_told(folder.as_str()))
    }

    /// Watches the folders that are not watched yet.
    pub(crate) fn watch(&self, folders: &[SafePath]) {
        let Some(watch) = &self.watch else { return };
        let mut seen = self.seen();
        for folder in folders {
            // Where there are no more watches to be had, it is looked at instead.
            if seen.watched.contains(folder.as_str()) {
                continue;
            }
            let added = watch.add(folder);
            seen.absent.remove(folder.as_str());
            match added {
                Ok(true) => {
                    seen.watched.insert(folder.as_str().into());
                    // Changes made before the watch was added are not told.
                    seen.missed.insert(folder.as_str().into());
                }
                Ok(false) => drop(seen.absent.insert(folder.as_str().into())),
                Err(_) => {}
            }
        }
    }

    /// Those of some folders whose files must be looked at: the system does not tell of them, or not
    /// of all that has happened. From now on it does, where it can.
    pub(crate) fn untold(&self, folders: &[SafePath], also_unwatched: bool) -> Vec<SafePath> {
        let mut seen = self.seen();
        let is_told = |folder: &str| seen.watched.contains(folder) || seen.absent.contains(folder);
        let untold = |folder: &&SafePath| {
            seen.missed.contains(folder.as_str()) || (also_unwatched && !is_told(folder.as_str()))
        };
        let untold = folders.iter().filter(untold).cloned().collect();
        seen.missed.clear();
        untold
    }

    /// Is there nothing to look at, as far as the system tells?
    pub(crate) fn is_quiet(&self) -> bool {
        let seen = self.seen();
        seen.missed.is_empty() && seen.suspects.is_empty()
    }

    /// What tells that none of these files, nor any other in their folders, has changed meanwhile;
    /// nothing where there is something to look at, or the system would not tell.
    pub(crate) fn stillness(&self, files: &[SafePath]) -> Option<u64> {
        let seen = self.seen_promptly()?;
        let is_still = seen.suspects.is_empty() && seen.missed.is_empty();
        let are_told = files.iter().all(|file| seen.is_told(folder_of(file)));
        (is_still && are_told).then_some(seen.told)
    }

    /// A file does not look as it did.
    pub(crate) fn suspect(&self, path: SafePath) {
        self.seen().suspects.entry(path).or_insert_with(Suspect::new);
    }

    /// The files that may have been edited.
    pub(crate) fn suspects(&self) -> Vec<SafePath> {
        self.seen().suspects.keys().cloned().collect()
    }

    /// How many changes the system has told of up to now.
    pub(super) fn told(&self) -> u64 {
        self.seen().told
    }

    /// A file is known to be what it was after so many changes; a later one of it stands.
    pub(super) fn clear(&self, path: &SafePath, upto: u64) {
        let mut seen = self.seen();
        if seen.suspects.get(path).is_some_and(|suspect| suspect.told <= upto) {
            seen.suspects.remove(path);
        }
    }

    /// A log was edited of which the journal holds lines.
    pub(super) fn found_log_edit(&self) {
        self.log_edited.store(true, Ordering::Release);
    }

    /// Was such a log found since the last time?
    pub(crate) fn takes_log_edit(&self) -> bool {
        self.log_edited.swap(false, Ordering::AcqRel)
    }

    /// Has a suspect looked like this for so long? Then no editor is in the middle of writing it.
    pub(crate) fn is_settled(&self, path: &SafePath, now: Option<Stamp>, long: Duration) -> bool {
        if now.is_some_and(|now| age(&now) >= long) {
            return true;
        }
        let mut seen = self.seen();
        let suspect = seen.suspects.entry(path.clone()).or_insert_with(Suspect::new);
        if suspect.stamp != now {
            *suspect = Suspect { stamp: now, since: Instant::now(), told: suspect.told };
        }
        suspect.since.elapsed() >= long
    }
}

fn folder_of(path: &SafePath) -> &str {
    path.as_str().rsplit_once('/').map_or("", |(folder, _)| folder)
}

impl Suspect {
    fn new() -> Suspect {
        Suspect { stamp: None, since: Instant::now(), told: 0 }
    }
}

/// How long ago a file was changed.
fn age(stamp: &Stamp) -> Duration {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let changed = u64::try_from(stamp.modified_ns).map_or(Duration::ZERO, Duration::from_nanos);
    now.saturating_sub(changed)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::error::Result;

    /// A watch that tells what a test lets it tell.
    #[derive(Clone, Default)]
    struct Told(Arc<Mutex<Vec<Changed>>>);

    impl Watch for Told {
        fn add(&self, _dir: &SafePath) -> Result<bool> {
            Ok(true)
        }
        fn changes(&self) -> Result<Vec<Changed>> {
            Ok(std::mem::take(&mut *locked(&self.0)))
        }
    }

    #[test]
    fn a_change_that_is_told_while_one_looks_is_not_cleared() {
        let told = Told::default();
        let lookout = Lookout {
            watch: Some(Box::new(told.clone())),
            seen: Mutex::default(),
            log_edited: AtomicBool::new(false),
        };
        let path = |text| SafePath::new(text).expect("a path");
        lookout.watch(&[path("tags")]);
        lookout.untold(&[path("tags")], false);
        let file = path("tags/tags.json");
        let change = || locked(&told.0).push(Changed::File(file.clone()));
        change();
        assert_eq!(lookout.is_suspect(&file), Some(true));
        let before = lookout.told();
        // The file is looked at, and is edited in the next moment.
        change();
        lookout.clear(&file, before);
        assert_eq!(lookout.is_suspect(&file), Some(true), "nobody has looked since the edit");
        lookout.clear(&file, lookout.told());
        assert_eq!(lookout.is_suspect(&file), Some(false));
    }
}
