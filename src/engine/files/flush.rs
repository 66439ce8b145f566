//! Brings what is committed into the files.

use std::thread;
use std::time::{Duration, Instant};

use crate::disk::SafePath;
use crate::error::{Code, Error, Result};
use crate::sync::locked;

use super::keeper::PAUSE;
use crate::engine::core::Engine;
use crate::engine::edits::Rounds;
use crate::engine::journal::Tail;
use crate::engine::logs::Source;
use crate::engine::processes::locks::FilesLock;
use crate::engine::processes::shared_memory::word;

/// A checkpoint is made when the journal is longer than this, in bytes.
const JOURNAL_LIMIT: u64 = 8 << 20;
/// A checkpoint is made when nothing was committed for so long.
const IDLE: Duration = Duration::from_secs(3);
/// A file that was edited just before it was to be written is written in the next round.
const ROUNDS: usize = 3;
/// A file that another program goes on writing to is waited for by who asks for a flush.
const LONGEST: Duration = Duration::from_secs(3);

/// Keeps the files until `stopped` says so.
pub(crate) fn run(engine: &Engine, stopped: &dyn Fn() -> bool) {
    let mut last_change = Instant::now();
    let mut seen = engine.position();
    let mut pause = PAUSE;
    let mut rounds = Rounds::begin();
    let mut rests = false;
    while !stopped() {
        match rests {
            true => engine.keeper.rest(|| engine.position() != seen),
            false => thread::park_timeout(pause),
        }
        // Whoever holds the files waits for the round that is under way.
        let held = locked(&engine.files_held);
        if *held {
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
        // What could not be looked at is looked at again.
        let edited = engine.look(&mut rounds).unwrap_or_default();
        let was_edited = !edited.is_empty();
        let idle = last_change.elapsed() > IDLE;
        engine.tend(idle, edited);
        rests = idle && !was_edited && engine.position() == seen && !engine.has_work();
        // Files of many records take their time: most of it is left to others, unless they write so much
        // that the files would stay ever further behind.
        let is_behind = engine.journal_len() > 2 * JOURNAL_LIMIT;
        pause = if is_behind { PAUSE } else { PAUSE.max(start.elapsed() * 4) };
    }
}

impl Engine {
    /// One round; a failure is kept for `stats`, and the next round tries again.
    fn tend(&self, is_time: bool, edited: Vec<SafePath>) {
        let (long, begun) = (self.journal_len() > JOURNAL_LIMIT, self.tail().is_some());
        // The journal cannot start anew before what is blocked was written.
        let rests = self.state().dirty.blocked.rest();
        let is_time = !rests && (long || (is_time && begun));
        let done = if is_time || self.lookout.takes_log_edit() {
            self.checkpoint(false).map(drop)
        } else if self.has_work() || !edited.is_empty() || self.stamps.has_news() {
            self.flush(edited).map(drop)
        } else {
            return;
        };
        *locked(&self.last_flush_error) = done.err();
    }

    /// How many bytes were committed since the journal began anew.
    pub(crate) fn journal_len(&self) -> u64 {
        self.tail().as_ref().map_or(0, Tail::used)
    }

    /// Brings everything that is committed into the files, and what was edited in them into the
    /// store, since somebody asks for it.
    ///
    /// # Errors
    /// Those of the disk; `LOCKED` when another program does not end writing to one of the files.
    pub(crate) fn flush_now(&self) -> Result<()> {
        let edited = self.look_now()?;
        self.until_done(|| self.flush(edited.clone()))
    }

    /// Tries until no other program is in the middle of writing to a file that is to be written.
    pub(crate) fn until_done(&self, work: impl Fn() -> Result<bool>) -> Result<()> {
        let start = Instant::now();
        while !work()? {
            if start.elapsed() > LONGEST {
                let message =
                    "another program goes on writing to a file of the store; see which one";
                return Err(Error::new(Code::Locked, message));
            }
            thread::sleep(PAUSE);
        }
        Ok(())
    }

    /// Brings everything that is committed into the files, and these edits into the store; `false`
    /// when an editor is in the middle of writing one of them.
    ///
    /// # Errors
    /// Those of the disk; what was not written is written later. Where a file alone is at fault, all
    /// others were written.
    pub(crate) fn flush(&self, edited: Vec<SafePath>) -> Result<bool> {
        let has_edits = !edited.is_empty() || self.stamps.has_news();
        if self.is_clean() && !self.has_news() && !has_edits {
            return Ok(true);
        }
        self.sync_journal()?;
        let files = self.lock_files()?;
        self.catch_up_for_files(&files)?;
        let written = self.write_beside_edits(&files, edited)?;
        self.sweep_unreferenced(&files)?;
        self.state().dirty.blocked.check().map(|()| written.is_some_and(|all| all))
    }

    /// Takes over what was edited, and writes what the files do not show yet: `None` when one of these
    /// is being written by somebody else, else whether all that was edited could be taken over.
    pub(crate) fn write_beside_edits(
        &self,
        lock: &FilesLock,
        mut edited: Vec<SafePath>,
    ) -> Result<Option<bool>> {
        for _ in 0..ROUNDS {
            edited.extend(self.edited_before_writing()?);
            let finished = self.take_edits(lock, edited)?;
            if self.write_files(lock)? {
                return Ok(Some(finished));
            }
            edited = Vec::new();
        }
        Ok(None)
    }

    /// The files that are to be written, and that do not look as the store left them.
    pub(crate) fn edited_before_writing(&self) -> Result<Vec<SafePath>> {
        let paths = {
            let state = self.state();
            let targets = state.dirty.targets.keys().map(|target| state.layout.path(target));
            let rows = state.layout.rows().iter();
            let rows = rows.filter(|place| state.dirty.rows.contains_key(&place.model));
            targets.chain(rows.map(|place| Ok(place.path.clone()))).collect::<Result<Vec<_>>>()?
        };
        let mut edited = Vec::new();
        for path in self.lookout.maybe_edited(paths) {
            // What cannot even be looked at is told by who writes it.
            if matches!(self.stamps.are_of(&*self.disk, &path), Ok(false)) {
                edited.push(path);
            }
        }
        Ok(edited)
    }

    fn has_work(&self) -> bool {
        let state = self.state();
        state.dirty.has_work() || !state.unreferenced.is_empty()
    }

    fn is_clean(&self) -> bool {
        let state = self.state();
        state.dirty.is_clean() && state.unreferenced.is_empty()
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
}
