//! Takes edits over: each file that does not look as the store left it is read, compared, and what
//! it says is committed as a change, by whoever comes first. The others find nothing new in it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::compare::{Comparison, Found};
use crate::catalogue::ModelId;
use crate::disk::{SafePath, Stamp};
use crate::engine::core::Engine;
use crate::engine::files::{Before, Loader, ShownFile, Target, load_file};
use crate::engine::journal::{Change, Commit, Effect, Tail};
use crate::engine::memory::{Record, SharedFile, State, Touched};
use crate::engine::processes::locks::{CommitLock, FilesLock};
use crate::engine::processes::shared_memory::word;
use crate::error::{Code, Error, Result};
use crate::sync::locked;

/// A file that cannot be read, or is gone, is taken for unfinished until it has been so for this
/// long, when nobody waits for the answer.
pub(super) const PATIENT: Duration = Duration::from_millis(500);
/// The same when somebody has asked for the record.
const ASKED: Duration = Duration::from_millis(100);
/// A waiting caller looks again this often.
const PAUSE: Duration = Duration::from_millis(10);
/// A file that is still being changed after so long is taken as it is.
const LONGEST: Duration = Duration::from_secs(2);

/// What was found in some files.
#[derive(Default)]
pub(super) struct Taken {
    pub(super) found: Found,
    pub(super) touched: Vec<Touched>,
    /// Is there anything that each process must see for itself?
    pub(super) news: bool,
    /// Is an editor in the middle of writing one of the files?
    pub(super) unfinished: bool,
    /// The files that were read. Only once their changes are committed may anybody take them for known:
    /// a reader that found no suspect would answer from a state without them.
    pub(super) read: Vec<(SafePath, ReadAs)>,
}

/// How a file was found when it was read.
pub(super) enum ReadAs {
    /// In this state. Only what was committed of it travels through the journal, so other processes must
    /// read the file themselves.
    Known(Option<Stamp>),
    /// A log, of which what it says of its owner is committed: others need not count it.
    Counted { stamp: Option<Stamp>, dead_lines: bool },
    /// It cannot be opened.
    Shut,
}

impl Engine {
    /// Takes over what was edited in files that somebody asks for.
    ///
    /// # Errors
    /// Those of the disk and of the locks.
    pub(crate) fn adopt(&self, suspects: &[SafePath]) -> Result<()> {
        self.convert_older()?;
        let start = Instant::now();
        loop {
            let busy = suspects.iter().any(|path| self.is_busy(path));
            let files = busy.then(|| self.lock_files()).transpose()?;
            let long = if start.elapsed() < LONGEST { ASKED } else { Duration::ZERO };
            let unfinished = {
                let commit = self.lock_commit()?;
                self.catch_up_locked(&commit)?;
                self.take(&commit, suspects, files.as_ref(), long)?.unfinished
            };
            drop(files);
            if !unfinished {
                return Ok(());
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// Takes over what was edited in some files; `false` when an editor is in the middle of writing one
    /// of them.
    ///
    /// # Errors
    /// Those of the disk.
    pub(crate) fn take_edits(&self, files: &FilesLock, mut paths: Vec<SafePath>) -> Result<bool> {
        if self.older.is_unconverted() || self.check_health().is_err() {
            return Ok(true);
        }
        let upto = self.words.load(word::EDITS);
        let has_news = self.stamps.has_news();
        if has_news {
            paths = self.unlike()?;
        }
        let mut taken = Taken::default();
        if !paths.is_empty() {
            let commit = self.lock_commit()?;
            self.catch_up_locked(&commit)?;
            taken = self.take(&commit, &paths, Some(files), PATIENT)?;
        }
        if has_news && !taken.unfinished {
            self.stamps.know_news(upto);
        }
        Ok(!taken.unfinished)
    }

    /// Reads some files and commits what was edited in them; without the lock on the files, those that
    /// the store is about to write are left alone.
    fn take(
        &self,
        commit: &CommitLock<'_>,
        paths: &[SafePath],
        files: Option<&FilesLock>,
        long: Duration,
    ) -> Result<Taken> {
        let taken = self.try_to_take(commit, paths, files, long);
        if taken.is_err() {
            // Their content was read but not committed, so they must be read again.
            for path in paths {
                self.stamps.doubt(path);
                self.lookout.suspect(path.clone());
            }
        }
        taken
    }

    fn try_to_take(
        &self,
        commit: &CommitLock<'_>,
        paths: &[SafePath],
        files: Option<&FilesLock>,
        long: Duration,
    ) -> Result<Taken> {
        let flushed = self.words.load(word::FLUSHED);
        self.state_mut().dirty.note_flushed(flushed);
        let mut taken = Taken::default();
        let (logs, others): (Vec<_>, Vec<_>) = {
            let state = self.state();
            let is_log =
                |path: &&SafePath| matches!(state.layout.file_at(path), Some(ShownFile::Log(..)));
            paths.iter().collect::<BTreeSet<_>>().into_iter().partition(is_log)
        };
        // A record that was edited keeps the counts that the store has of its log: what an edited log
        // says of them comes after it.
        for path in others.into_iter().chain(logs) {
            self.judge(path, files.is_some(), long, &mut taken)?;
        }
        let changes = std::mem::take(&mut taken.found.changes);
        if !changes.is_empty() && self.check_health().is_ok() {
            self.persist(commit, vec![Commit { at: self.clock.now(), changes }])?;
            let position = self.position();
            let mut state = self.state_mut();
            for (model, key, record) in std::mem::take(&mut taken.found.shown) {
                state.note_in_file(model, &key, record, position);
            }
        }
        self.know_read(std::mem::take(&mut taken.read))?;
        if taken.news {
            self.stamps.tell_news();
        }
        let catalogue = Arc::clone(&self.state().catalogue);
        self.listeners.tell(&catalogue, &taken.touched);
        self.warnings.say(&taken.found.warnings);
        Ok(taken)
    }

    fn judge(
        &self,
        path: &SafePath,
        all_locked: bool,
        long: Duration,
        taken: &mut Taken,
    ) -> Result<()> {
        let file = self.state().layout.file_at(path);
        let Some(file) = file else {
            self.lookout.clear(path, u64::MAX);
            return Ok(());
        };
        if self.stamps.are_of(&*self.disk, path)? {
            return self.clear_suspect(path);
        }
        if let ShownFile::Log(model, owner) = &file {
            return self.judge_log(&(*model, owner.clone()), path, taken);
        }
        if !all_locked && self.state().dirty.has(&file) {
            return Ok(());
        }
        let (read, stamp) = self.read_again(path, &file)?;
        let unfinished = stamp.is_none() || read.state.cannot_be_read(&file);
        if unfinished && !self.lookout.is_settled(path, stamp, long) {
            taken.unfinished = true;
            return Ok(());
        }
        self.compare(path, &file, &read, taken)?;
        let read_as = if read.is_shut { ReadAs::Shut } else { ReadAs::Known(stamp) };
        taken.read.push((path.clone(), read_as));
        Ok(())
    }

    /// The content of these files is committed, so they are no longer suspects.
    pub(super) fn know_read(&self, read: Vec<(SafePath, ReadAs)>) -> Result<()> {
        for (path, read_as) in read {
            match read_as {
                ReadAs::Known(stamp) => self.stamps.know(path.clone(), stamp),
                ReadAs::Counted { stamp, dead_lines } => {
                    self.counted.note(&path, stamp, dead_lines);
                    self.stamps.wrote(path.clone(), stamp);
                }
                ReadAs::Shut => {
                    self.stamps.is_shut(path.clone());
                    self.lookout.suspect(path);
                    continue;
                }
            }
            self.clear_suspect(&path)?;
        }
        Ok(())
    }

    /// What stands in a file now, and the state in which it was read; none where there is none.
    fn read_again(&self, path: &SafePath, file: &ShownFile) -> Result<(Read, Option<Stamp>)> {
        let mut fresh = {
            let state = self.state();
            State::new(Arc::clone(&state.catalogue), Arc::clone(&state.layout))
        };
        let rows = self.tail().as_ref().map_or_else(Vec::new, |tail| Tail::rows(tail).to_vec());
        let mut loader = Loader::new(&*self.disk, &rows);
        match load_file(&mut loader, &mut fresh, file) {
            Err(error) if error.code() == Code::UnsupportedVersion => fresh.refuse(file, &error),
            other => other?,
        }
        let is_shut = loader.shut.contains(path);
        let stamp = loader.stamps.get(path).copied();
        let torn = !loader.torn.is_empty();
        locked(&self.torn).extend(loader.torn);
        Ok((Read { state: fresh, torn, is_shut }, stamp))
    }

    fn compare(
        &self,
        path: &SafePath,
        which: &ShownFile,
        read: &Read,
        taken: &mut Taken,
    ) -> Result<()> {
        let flushed = self.words.load(word::FLUSHED);
        let is_whole = !read.torn && !self.first_has_moved(which)?;
        {
            let state = self.state();
            let unshown = state.dirty.unshown(which, flushed).collect();
            let (file, path) = (&read.state, path.as_str());
            let comparison = Comparison::of(&state, file, (which, path), unshown, is_whole);
            let found = comparison.found();
            taken.found.changes.extend(found.changes);
            taken.found.shown.extend(found.shown);
            taken.found.warnings.extend(found.warnings);
        }
        let before = taken.touched.len();
        let news = self.state_mut().take_notes(which, &read.state, &mut taken.touched);
        taken.news |= news || taken.touched.len() > before;
        self.doubt_new_logs(&taken.found.changes)
    }

    /// Does the owner's file no longer hold the owner, who has a file of their own now?
    fn first_has_moved(&self, which: &ShownFile) -> Result<bool> {
        if *which != ShownFile::Whole(Target::First) {
            return Ok(false);
        }
        let path = {
            let state = self.state();
            let owner = state.layout.owner().map(|owner| owner.model);
            let first = owner.and_then(|model| state.collection(model).first());
            first.map(|key| state.layout.path(&Target::Further(key.into()))).transpose()?
        };
        path.map_or(Ok(false), |path| Ok(self.disk.stamp(&path)?.is_some()))
    }

    /// The logs of records that were put there by hand are counted as well.
    fn doubt_new_logs(&self, changes: &[Change]) -> Result<()> {
        let state = self.state();
        for change in changes {
            let Change::Put { model, record, new: true } = change else { continue };
            for log in state.layout.logs_of(*model) {
                let path = state.layout.log_path(log, record.key())?;
                self.stamps.doubt(&path);
                self.lookout.suspect(path);
            }
        }
        Ok(())
    }

    /// Is a change on its way into a file? Then it is not read while somebody writes it.
    fn is_busy(&self, path: &SafePath) -> bool {
        let state = self.state();
        let file = state.layout.file_at(path);
        file.is_some_and(|file| state.dirty.has(&file))
    }
}

/// A file that was read again.
struct Read {
    state: State,
    /// Does it end in what a process left half written?
    torn: bool,
    /// Could it not be opened?
    is_shut: bool,
}

impl State {
    /// Is a file, the only one that was read, none that can be read?
    pub(super) fn cannot_be_read(&self, file: &ShownFile) -> bool {
        let alone = matches!(file, ShownFile::Whole(Target::Record(..) | Target::Further(_)));
        self.layout.models_in(file).into_iter().any(|model| {
            let collection = self.collection(model);
            !collection.faults.is_empty() || (alone && !collection.broken.is_empty())
        })
    }

    /// Lets an error stand for a whole file.
    fn refuse(&mut self, file: &ShownFile, error: &Error) {
        if let ShownFile::Whole(Target::Shared(number)) = file {
            self.shared[*number].fault = Some(error.clone());
        }
        for model in self.layout.models_in(file) {
            self.collection_mut(model).faults.push(error.clone());
        }
    }

    /// Takes over what a file holds besides records, and what of it cannot be read; notes the
    /// records of which that is new. Is anything else new?
    fn take_notes(&mut self, which: &ShownFile, read: &State, touched: &mut Vec<Touched>) -> bool {
        let mut news = false;
        let single = self.layout.owner().and_then(|owner| owner.single);
        for model in self.layout.models_in(which) {
            let found = read.collection(model);
            let mut note = |key: &str| {
                let (key, effect) = (key.into(), Effect::Update);
                touched.push(Touched { model, key, effect, owner: None });
            };
            let ours = self.collection_mut(model);
            match which {
                ShownFile::Whole(Target::Record(_, key) | Target::Further(key)) => {
                    let (was, is) = (ours.broken.get(&**key), found.broken.get(&**key));
                    if was != is {
                        note(key);
                        ours.set_broken(key, found);
                    }
                }
                _ => {
                    news |= ours.faults != found.faults;
                    ours.take_faults(found);
                    // Other users stand in files of their own, which alone say whether they can be read.
                    if *which == ShownFile::Whole(Target::First) && Some(model) != single {
                        continue;
                    }
                    let keys = ours.broken.keys().chain(found.broken.keys());
                    let changed =
                        keys.filter(|key| ours.broken.get(*key) != found.broken.get(*key));
                    changed.for_each(|key| note(key));
                    ours.take_broken(found);
                }
            }
            if let ShownFile::Rows(model) = which {
                match read.outdated.contains(model) {
                    true => drop(self.outdated.insert(*model)),
                    false => drop(self.outdated.remove(model)),
                }
            }
        }
        self.take_unknown(which, read) || news
    }

    /// Takes over the keys of a file that nobody declared; are there new ones?
    fn take_unknown(&mut self, which: &ShownFile, read: &State) -> bool {
        match which {
            ShownFile::Whole(Target::Shared(number)) => {
                let is_dirty = self.dirty.has(which);
                let (ours, found) = (&mut self.shared[*number], &read.shared[*number]);
                let same = |one: &SharedFile| {
                    (one.unknown.clone(), one.unreadable.clone(), one.fault.clone())
                };
                let news = same(ours) != same(found);
                let updated_at = ours.updated_at.take().filter(|_| is_dirty);
                *ours = found.clone();
                ours.updated_at = updated_at.or_else(|| found.updated_at.clone());
                news
            }
            ShownFile::Whole(Target::Further(key)) => {
                let found = read.owner_unknown.get(key);
                let news = self.owner_unknown.get(key) != found;
                match found {
                    Some(found) => drop(self.owner_unknown.insert(key.clone(), found.clone())),
                    None => drop(self.owner_unknown.remove(key)),
                }
                news
            }
            _ => false,
        }
    }

    /// A file shows a record as it was edited by hand; the store has that since `position`.
    fn note_in_file(
        &mut self,
        model: ModelId,
        key: &str,
        record: Option<Arc<Record>>,
        position: u64,
    ) {
        let new = self.collection(model).get(key).cloned();
        let before = &mut self.dirty.before;
        before.retain(|before| before.model != model || before.key() != key);
        before.push(Before { at: position, model, old: record, new });
    }
}
