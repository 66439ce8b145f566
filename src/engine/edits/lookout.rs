//! Which files may have been edited: told by the system where it watches folders, else found by
//! looking at all of them from time to time.
//!
//! A suspect is only a name. Whether it was edited, and what the edit says, others find out.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use hashbrown::hash_map::Entry;
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
    /// What there was in folders so far.
    stirs: HashMap<Box<str>, Stirs>,
    /// Folders in which something may have been missed: they are looked at once.
    missed: HashSet<Box<str>>,
    /// Counts up with each change that the system tells of, the store's own ones too.
    told: u64,
}

/// What there was in a folder so far.
#[derive(Default)]
struct Stirs {
    /// How many suspects there are.
    suspects: usize,
    /// Counts up with each suspect, however often it was one, and with whatever else was told.
    count: u64,
}

impl Seen {
    /// A file may have been edited.
    fn suspect(&mut self, path: SafePath) -> &mut Suspect {
        let stirs = self.stirs.entry_ref(folder_of(&path)).or_default();
        stirs.count += 1;
        match self.suspects.entry(path) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                stirs.suspects += 1;
                new.insert(Suspect::new())
            }
        }
    }

    /// A file is known to be what it was.
    fn clear(&mut self, path: &SafePath) {
        let was_one = self.suspects.remove(path).is_some();
        if let Some(stirs) = self.stirs.get_mut(folder_of(path)).filter(|_| was_one) {
            stirs.suspects -= 1;
        }
    }

    /// What tells that nothing in a folder has changed meanwhile; nothing where there is something to look
    /// at.
    fn stillness(&self, folder: &str) -> Option<u64> {
        let stirs = self.stirs.get(folder);
        let is_still = self.is_told(folder) && stirs.is_none_or(|stirs| stirs.suspects == 0);
        is_still.then(|| stirs.map_or(0, |stirs| stirs.count))
    }

    fn is_told(&self, folder: &str) -> bool {
        self.watched.contains(folder) && !self.missed.contains(folder)
    }
}

/// Has whoever asks done so before, about the same moment? Then what the system has told since is left for
/// others: a look into its queue costs as much as the rest of a short answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    First,
    Again,
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
    fn seen_promptly(&self, when: Asked) -> Option<MutexGuard<'_, Seen>> {
        self.watch.as_ref().filter(|watch| watch.is_prompt())?;
        Some(match when {
            Asked::First => self.seen(),
            Asked::Again => locked(&self.seen),
        })
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
                    let told = seen.told;
                    seen.suspect(path).told = told;
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
        let seen = self.seen_promptly(Asked::First)?;
        seen.is_told(folder_of(path)).then(|| seen.suspects.contains_key(path))
    }

    /// Those of some files that may have been edited, as far as the system tells at once; where it does not,
    /// any may.
    pub(crate) fn maybe_edited(&self, mut files: Vec<SafePath>) -> Vec<SafePath> {
        if let Some(seen) = self.seen_promptly(Asked::First) {
            files.retain(|file| !seen.is_told(folder_of(file)) || seen.suspects.contains_key(file));
        }
        files
    }

    /// The files of a folder that may have been edited, as far as the system tells; `None` where it does
    /// not at once.
    pub(crate) fn suspects_in(&self, folder: &SafePath) -> Option<Vec<SafePath>> {
        let seen = self.seen_promptly(Asked::First)?;
        let is_in = |path: &&SafePath| path.parent().as_ref() == Some(folder);
        seen.is_told(folder.as_str()).then(|| seen.suspects.keys().filter(is_in).cloned().collect())
    }

    /// Has the system told of no edit in these folders, and would it?
    pub(crate) fn is_untouched(&self, folders: &[SafePath], when: Asked) -> bool {
        let Some(seen) = self.seen_promptly(when).filter(|_| !folders.is_empty()) else {
            return false;
        };
        folders.iter().all(|folder| seen.stillness(folder.as_str()).is_some())
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

    /// What tells that no file in these folders has changed meanwhile; nothing where there is something
    /// to look at there, or the system would not tell.
    pub(crate) fn stillness<'f>(
        &self,
        folders: impl Iterator<Item = &'f SafePath>,
        when: Asked,
    ) -> Option<u64> {
        let seen = self.seen_promptly(when)?;
        // Each only counts up, so their sum tells.
        folders.map(|folder| seen.stillness(folder.as_str())).sum()
    }

    /// A file does not look as it did.
    pub(crate) fn suspect(&self, path: SafePath) {
        self.seen().suspect(path);
    }

    /// The files that may have been edited.
    pub(crate) fn suspects(&self) -> Vec<SafePath> {
        self.seen().suspects.keys().cloned().collect()
    }

    /// How many changes the system has told of up to now.
    pub(crate) fn told(&self) -> u64 {
        self.seen().told
    }

    /// A file is known to be what it was after so many changes; a later one of it stands.
    pub(super) fn clear(&self, path: &SafePath, upto: u64) {
        let mut seen = locked(&self.seen);
        if seen.suspects.get(path).is_some_and(|suspect| suspect.told <= upto) {
            seen.clear(path);
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
        let suspect = seen.suspect(path.clone());
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

    /// A lookout, and what the system tells it.
    fn told_lookout() -> (Told, Lookout) {
        let told = Told::default();
        let watch: Box<dyn Watch> = Box::new(told.clone());
        let (seen, log_edited) = (Mutex::default(), AtomicBool::new(false));
        (told, Lookout { watch: Some(watch), seen, log_edited })
    }

    fn path(text: &str) -> SafePath {
        SafePath::new(text).expect("a path")
    }

    #[test]
    fn a_folder_is_still_whatever_is_told_of_others() {
        let (told, lookout) = told_lookout();
        lookout.watch(&[path("tags"), path("chats")]);
        lookout.untold(&[path("tags"), path("chats")], false);
        let (tags, log) = (path("tags/tags.json"), path("chats/a.jsonl"));
        let stillness = |folders: &[&str], when| {
            let folders: Vec<SafePath> = folders.iter().map(|folder| path(folder)).collect();
            lookout.stillness(folders.iter(), when)
        };
        let before = stillness(&["tags"], Asked::First);
        assert!(before.is_some());
        locked(&told.0).push(Changed::File(log.clone()));
        assert_eq!(stillness(&["tags"], Asked::First), before);
        assert_eq!(stillness(&["tags", "chats"], Asked::First), None, "the log must be looked at");
        lookout.clear(&log, lookout.told());
        assert!(stillness(&["chats"], Asked::First).is_some_and(|now| now > 0));
        locked(&told.0).push(Changed::File(tags.clone()));
        assert_eq!(stillness(&["tags"], Asked::Again), before);
        lookout.clear(&tags, lookout.told());
        assert!(stillness(&["tags"], Asked::First) > before, "it was told of meanwhile");
        locked(&told.0).push(Changed::Anything);
        assert_eq!(stillness(&["tags"], Asked::First), None, "something was missed");
    }

    #[test]
    fn a_change_that_is_told_while_one_looks_is_not_cleared() {
        let (told, lookout) = told_lookout();
        lookout.watch(&[path("tags")]);
        lookout.untold(&[path("tags")], false);
        let file = path("tags/tags.json");
        let change = || locked(&told.0).push(Changed::File(file.clone()));
        change();
        assert_eq!(lookout.is_suspect(&file), Some(true));
        let files = || vec![file.clone(), path("tags/other.json"), path("chats/a.jsonl")];
        let looked_at = [file.clone(), path("chats/a.jsonl")];
        assert_eq!(lookout.maybe_edited(files()), looked_at, "nobody tells of the chats");
        let before = lookout.told();
        // The file is looked at, and is edited in the next moment.
        change();
        lookout.clear(&file, before);
        assert_eq!(lookout.is_suspect(&file), Some(true), "nobody has looked since the edit");
        lookout.clear(&file, lookout.told());
        assert_eq!(lookout.is_suspect(&file), Some(false));
    }
}
