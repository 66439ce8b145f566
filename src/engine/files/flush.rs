//! Brings what is committed into the files.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use hashbrown::HashSet;

use crate::catalogue::ModelId;
use crate::disk::SafePath;
use crate::error::Result;
use crate::sync::locked;

use super::write::{FileWrite, Writer, plan};
use crate::engine::core::Engine;
use crate::engine::journal::Tail;
use crate::engine::logs::Source;
use crate::engine::processes::locks::FilesLock;
use crate::engine::processes::shared_memory::word;

/// How long a change may wait before the files show it, and in the batched mode before it is
/// durable.
const PAUSE: Duration = Duration::from_millis(30);
/// A checkpoint is made when the journal is longer than this, in bytes.
const JOURNAL_LIMIT: u64 = 8 << 20;
/// A checkpoint is made when nothing was committed for so long.
const IDLE: Duration = Duration::from_secs(3);
/// Files of many records are looked at for edits by hand this often.
const EDITS: Duration = Duration::from_secs(1);

/// Keeps the files until `stopped` says so.
pub(crate) fn run(engine: &Engine, stopped: &dyn Fn() -> bool) {
    let mut last_change = Instant::now();
    let mut seen = engine.position();
    let mut pause = PAUSE;
    let mut last_look = Instant::now();
    while !stopped() {
        std::thread::park_timeout(pause);
        if engine.files_held.load(Ordering::Acquire) {
            continue;
        }
        let start = Instant::now();
        if engine.has_news() {
            let _ = engine.catch_up(Source::Disk);
        }
        if engine.position() != seen {
            seen = engine.position();
            last_change = Instant::now();
        }
        let (mut edited, mut log_edited) = (false, false);
        if last_look.elapsed() > EDITS {
            last_look = Instant::now();
            edited = engine.are_files_edited().unwrap_or_default();
            log_edited = engine.are_logs_edited().unwrap_or_default();
        }
        engine.tend(log_edited || last_change.elapsed() > IDLE, edited);
        // Files of many records take their time: most of it is left to others.
        pause = PAUSE.max(start.elapsed() * 4);
    }
}

impl Engine {
    /// One round; a failure is kept for `stats`, and the next round tries again.
    fn tend(&self, is_time: bool, edited: bool) {
        let long = self.tail().as_ref().is_some_and(|tail| tail.used() > JOURNAL_LIMIT);
        let done = if long || (is_time && self.tail().is_some()) {
            self.checkpoint(false)
        } else if self.has_work() || edited {
            self.flush()
        } else {
            return;
        };
        *locked(&self.last_flush_error) = done.err();
    }

    /// Brings everything that is committed into the files.
    ///
    /// # Errors
    /// Those of the disk; what was not written is written later.
    pub(crate) fn flush(&self) -> Result<()> {
        if !self.has_work() && !self.has_news() && !self.are_files_edited()? {
            return Ok(());
        }
        self.sync_journal()?;
        let files = self.lock_files()?;
        self.catch_up_for_files(&files)?;
        self.take_edits(&files)?;
        self.write_files(&files)?;
        self.note_files(&files)?;
        self.sweep_unreferenced(&files)
    }

    fn has_work(&self) -> bool {
        let state = self.state();
        !state.dirty.is_clean() || state.has_unblocked() || !state.unreferenced.is_empty()
    }

    /// Makes the journal durable up to where the state stands, whoever wrote it: in the batched
    /// mode, and after the death of a process, it may not be.
    pub(crate) fn sync_journal(&self) -> Result<()> {
        let position = self.position();
        if self.words.load(word::DURABLE) >= position {
            return Ok(());
        }
        // A second sync may claim a success that a failed one has lost.
        self.check_health()?;
        if let Some(file) = self.tail().as_ref().map(Tail::file) {
            file.sync().map_err(|error| self.poison(&error))?;
        }
        self.words.raise(word::DURABLE, position);
        Ok(())
    }

    /// Catches up, so that no file goes back to what another process has changed since.
    pub(crate) fn catch_up_for_files(&self, _: &FilesLock) -> Result<()> {
        if !self.has_news() {
            return Ok(());
        }
        let commit = self.lock_commit()?;
        self.catch_up_locked(&commit)
    }

    /// Writes what the files do not show yet.
    pub(crate) fn write_files(&self, lock: &FilesLock) -> Result<()> {
        let flushed = self.words.load(word::FLUSHED);
        self.state_mut().note_flushed(flushed);
        let lengths = self.tail().as_ref().map_or_else(Vec::new, |tail| tail.rows().to_vec());
        let anew = self.rows_to_write_anew(&lengths)?;
        let (work, position) = {
            // Readers go on meanwhile.
            let state = self.state();
            (plan(&state, flushed, &anew, &lengths)?, self.position())
        };
        // A crash may keep any part of what follows: the journal must have all of it by then.
        self.sync_journal()?;
        // The own file of a user that stands in the owner's file now goes once that one is sure to stay:
        // the journal need not hold the record.
        let (last, first): (Vec<_>, Vec<_>) = work.into_iter().partition(FileWrite::removes_shared);
        let writer = Writer { disk: &*self.disk };
        for (number, one) in first.iter().chain(&last).enumerate() {
            if number == first.len() {
                self.sync_owner_folder()?;
            }
            if let FileWrite::Log { key, path, fresh: false, .. } = one
                && self.mend_log(lock, key, path, position)?
            {
                continue;
            }
            if let Some((path, stamp)) = writer.perform(one)? {
                self.stamps.know(path, stamp);
            }
        }
        locked(&self.torn).retain(|model| !anew.contains(model));
        self.state_mut().outdated.retain(|model| !anew.contains(model));
        self.words.raise(word::FLUSHED, position);
        let mut state = self.state_mut();
        state.note_flushed(position);
        state.forget_unblocked();
        Ok(())
    }

    /// The changed rows files to which nothing may be added: the file is of an older version, its end
    /// is torn, or it is shorter than the journal says. A line that a crash tears would stand where
    /// it is taken for a fault of somebody else's.
    fn rows_to_write_anew(&self, lengths: &[(String, u64)]) -> Result<HashSet<ModelId>> {
        let mut anew = locked(&self.torn).clone();
        let state = self.state();
        let changed = |model: &&ModelId| state.dirty.rows.contains_key(*model);
        anew.extend(state.outdated.iter().filter(changed));
        for place in state.layout.rows() {
            let known = lengths.iter().find(|(path, _)| *path == place.path.as_str());
            let least = known.map_or(0, |(_, len)| *len);
            if state.dirty.rows.contains_key(&place.model)
                && self.disk.stamp(&place.path)?.map_or(0, |stamp| stamp.len) < least
            {
                anew.insert(place.model);
            }
        }
        anew.retain(|model| state.collection(*model).is_whole());
        Ok(anew)
    }

    fn sync_owner_folder(&self) -> Result<()> {
        let layout = Arc::clone(&self.state().layout);
        layout.owner().map_or(Ok(()), |place| sync_folder_of(self, &place.first))
    }
}

pub(super) fn sync_folder_of(engine: &Engine, path: &SafePath) -> Result<()> {
    path.parent().map_or(Ok(()), |folder| engine.disk.sync_dir(&folder))
}
