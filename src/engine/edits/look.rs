//! Finds the files that do not look as the store left them.

use std::time::{Duration, Instant};

use hashbrown::HashSet;

use super::take::PATIENT;
use crate::disk::{EntryKind, SafePath, Stamp};
use crate::engine::core::Engine;
use crate::engine::files::Loader;
use crate::engine::memory::State;
use crate::engine::processes::shared_memory::word;
use crate::error::Result;
use crate::sync::locked;

/// Folders that are not watched yet are tried this often, and those that cannot be are looked at.
const LOOK: Duration = Duration::from_millis(800);

/// When what was last looked at.
pub(crate) struct Rounds {
    last: Instant,
}

impl Rounds {
    /// Nothing but what is watched was looked at since now.
    pub(crate) fn begin() -> Rounds {
        Rounds { last: Instant::now() }
    }
}

impl Engine {
    /// The files that were edited by hand and that no editor is in the middle of, as far as one looks
    /// without being asked: of watched folders what the system tells, of others all, from time to time.
    ///
    /// # Errors
    /// Those of the disk.
    pub(crate) fn look(&self, rounds: &mut Rounds) -> Result<Vec<SafePath>> {
        if self.older.is_unconverted() || self.check_health().is_err() {
            return Ok(Vec::new());
        }
        let is_time = rounds.last.elapsed() >= LOOK;
        if !is_time && self.lookout.is_quiet() {
            return Ok(Vec::new());
        }
        let folders = self.folders();
        if is_time {
            rounds.last = Instant::now();
            self.lookout.watch(&folders);
        }
        self.look_at_untold(&folders, is_time)?;
        let mut edited = Vec::new();
        for path in self.lookout.suspects() {
            if self.state().dirty.blocked.rests(&path) {
                continue;
            }
            if self.stamps.are_of(&*self.disk, &path)? {
                self.clear_suspect(&path)?;
            } else if self.lookout.is_settled(&path, self.stamp_of(&path), SETTLED) {
                edited.push(path);
            }
        }
        Ok(edited)
    }

    /// Watches the folders; what is read from now on need not be looked at again.
    pub(crate) fn watch_from_now_on(&self) {
        let folders = self.folders();
        self.lookout.watch(&folders);
        self.lookout.untold(&folders, false);
    }

    /// All files were just read, and the journal applied over them: `state` is what came of it.
    ///
    /// # Errors
    /// `VALIDATION` when a key cannot be a file name.
    pub(crate) fn note_read(&self, loader: Loader<'_>, state: &State) -> Result<()> {
        self.stamps.replace(loader.stamps);
        // The journal's version of such a file is no answer, so the file is read again.
        loader.shut.into_iter().for_each(|path| self.lookout.suspect(path));
        locked(&self.torn).extend(loader.torn);
        let dirty = &state.dirty;
        let newest = dirty.targets.values().copied().max().unwrap_or(u64::MAX);
        if self.words.load(word::FLUSHED) < newest {
            return Ok(());
        }
        // The files are said to show all this already: what the journal has taken the place of may
        // be an edit that nobody has seen.
        for target in dirty.targets.keys() {
            let path = state.layout.path(target)?;
            self.stamps.doubt(&path);
            self.lookout.suspect(path);
        }
        Ok(())
    }

    /// Looks now, since somebody has asked for it; gives what may have been edited.
    ///
    /// # Errors
    /// Those of the disk.
    pub(crate) fn look_now(&self) -> Result<Vec<SafePath>> {
        if self.older.is_unconverted() || self.check_health().is_err() {
            return Ok(Vec::new());
        }
        self.stamps.doubt_shut();
        self.look_at_untold(&self.folders(), true)?;
        Ok(self.lookout.suspects())
    }

    /// A file is known to be as it is; what happens to it from now on makes it a suspect again. One
    /// that cannot be opened stays a suspect: what ends that may have been told already.
    ///
    /// # Errors
    /// Those of the disk.
    pub(super) fn clear_suspect(&self, path: &SafePath) -> Result<()> {
        if self.stamps.is_known_shut(path) {
            return Ok(());
        }
        // A change that is told while one looks is not cleared, for the look may have been before it. At no
        // moment is a file that was edited no suspect: a reader would answer from a state without the edit.
        let told = self.lookout.told();
        if self.stamps.are_of(&*self.disk, path)? {
            self.lookout.clear(path, told);
        } else {
            self.lookout.suspect(path.clone());
        }
        Ok(())
    }

    /// The files that the system tells of and that are as the store has left them are no suspects: most were
    /// written a moment ago, and until they are cleared every read from their folders looks at files.
    pub(crate) fn clear_own_writes(&self) {
        let told = self.lookout.told();
        for path in self.lookout.suspects() {
            let is_shut = self.stamps.is_known_shut(&path);
            // What cannot be looked at stays a suspect.
            if !is_shut && matches!(self.stamps.are_of(&*self.disk, &path), Ok(true)) {
                self.lookout.clear(&path, told);
            }
        }
    }

    fn stamp_of(&self, path: &SafePath) -> Option<Stamp> {
        // An editor does not write to a file whose state cannot be read.
        self.disk.stamp(path).ok().flatten()
    }

    fn look_at_untold(&self, folders: &[SafePath], also_unwatched: bool) -> Result<()> {
        let folders = self.lookout.untold(folders, also_unwatched);
        for path in self.files_in(&folders)? {
            if !self.stamps.are_of(&*self.disk, &path)? {
                self.lookout.suspect(path);
            }
        }
        Ok(())
    }

    /// All files that are not as this process has last read or written them itself.
    ///
    /// # Errors
    /// Those of the disk.
    pub(super) fn unlike(&self) -> Result<Vec<SafePath>> {
        let mut unlike = Vec::new();
        for path in self.files_in(&self.folders())? {
            if self.stamps.known(&path) != self.disk.stamp(&path).unwrap_or_default() {
                unlike.push(path);
            }
        }
        Ok(unlike)
    }

    /// The folders that have files of the store.
    pub(crate) fn folders(&self) -> Vec<SafePath> {
        let state = self.state();
        let of_many = state.layout.files_of_many().filter_map(SafePath::parent);
        let folders: HashSet<SafePath> = of_many.chain(state.layout.folders().cloned()).collect();
        folders.into_iter().collect()
    }

    /// The files of the store in some folders: those that are there, and those that were.
    fn files_in(&self, folders: &[SafePath]) -> Result<HashSet<SafePath>> {
        if folders.is_empty() {
            return Ok(HashSet::new());
        }
        let is_in = |path: &SafePath| path.parent().is_some_and(|dir| folders.contains(&dir));
        let mut files: HashSet<SafePath> = self.stamps.paths_where(is_in).into_iter().collect();
        for folder in folders {
            for entry in self.disk.list(folder)? {
                let path = folder.join(&entry.name);
                if let Ok(path) = path
                    && entry.kind != EntryKind::Folder
                {
                    files.insert(path);
                }
            }
        }
        let state = self.state();
        files.retain(|path| state.layout.file_at(path).is_some());
        Ok(files)
    }
}

/// A file that was changed so lately may be changed on.
const SETTLED: Duration = Duration::from_millis(100);
const _: () = assert!(SETTLED.as_millis() < PATIENT.as_millis());
