//! Follows what other processes commit.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use hashbrown::HashMap;

use crate::catalogue::ModelId;
use crate::disk::Access;
use crate::error::{Code, Error, Result};

use super::declared::declares;
use crate::engine::core::Engine;
use crate::engine::files::{Loader, load, order};
use crate::engine::journal::{Commit, Effect};
use crate::engine::journal::{Segment, Tail};
use crate::engine::logs::Source;
use crate::engine::memory::Record;
use crate::engine::memory::{State, Touched};
use crate::engine::processes::locks::CommitLock;
use crate::engine::processes::shared_memory::{busy, word};

/// So many bytes of the journal are taken over by a thread that must not stand still, which takes less than a
/// millisecond.
const MOST_TAKEN: u64 = 64 << 10;

impl Engine {
    /// Has another process committed something, or made a checkpoint? Also when that can no longer
    /// be known, which is an error for whoever catches up.
    pub(crate) fn has_news(&self) -> bool {
        !self.are_words_intact()
            || self.words.load(word::COMMITTED) > self.position()
            || self.words.load(word::BASE) != self.known_base.load(Ordering::Acquire)
    }

    /// Takes what others committed; `false` when that needs more than a look at the journal and
    /// `source` does not allow it.
    pub(crate) fn catch_up(&self, source: Source) -> Result<bool> {
        let behind = self.words.load(word::COMMITTED).saturating_sub(self.position());
        // Whoever reads the state for long keeps from it what the journal says.
        let takes_long = || behind > MOST_TAKEN || self.state_mut_soon().is_none();
        if source == Source::Memory && takes_long() {
            return Ok(false);
        }
        let Some(mut tail) = self.tail_for(source) else { return Ok(false) };
        if self.follow(&mut tail)? {
            return Ok(true);
        }
        drop(tail);
        if source == Source::Memory {
            return Ok(false);
        }
        let locks = self.lock_both()?;
        self.load_anew(locks.commit())?;
        Ok(true)
    }

    /// Follows the journal up to its committed end; `false` when a part of it is gone already.
    fn follow(&self, tail: &mut Option<Tail>) -> Result<bool> {
        self.check_words()?;
        if self.declarations_outdated.load(Ordering::Acquire) {
            return Ok(false);
        }
        if self.older.is_unconverted() && self.has_news() {
            // Nobody commits anything before the folder is converted.
            self.older.let_go();
            return Ok(false);
        }
        let end = self.words.load(word::COMMITTED);
        let base = self.words.load(word::BASE);
        let left = tail.as_ref().is_some_and(|tail| tail.base() + 1 != base);
        if left {
            // Behind the end of the segment may stand what a failed append has left there.
            let stop = base.checked_sub(1).unwrap_or_else(|| self.words.load(word::COMMITTED));
            self.take_lines(tail, Some(stop))?;
            if self.declarations_outdated.load(Ordering::Acquire) {
                return Ok(false);
            }
            let stands = tail.as_ref().map_or(0, Tail::position);
            *tail = None;
            self.note_checkpoint(stands);
        }
        if tail.is_none() && base > 0 {
            let opened = Segment::open(&*self.disk, base - 1, Access::Write)?;
            let Some(segment) = opened.filter(|_| self.position() == base - 1) else {
                return Ok(false);
            };
            *tail = Some(Tail::at_start(segment)?);
        }
        self.take_lines(tail, Some(end))?;
        if self.declarations_outdated.load(Ordering::Acquire) {
            return Ok(false);
        }
        self.known_base.store(base, Ordering::Release);
        Ok(self.position() >= end)
    }

    /// Applies the lines of the journal from the tail on; none where one of them declares models,
    /// for everything is then read anew.
    fn take_lines(&self, tail: &mut Option<Tail>, upto: Option<u64>) -> Result<bool> {
        let Some(tail) = tail else { return Ok(false) };
        let catalogue = Arc::clone(&self.state().catalogue);
        let mut commits = Vec::new();
        let (before, version) = (tail.position(), tail.version());
        tail.read(upto, &mut |text| {
            if declares(text, &catalogue) {
                self.declarations_outdated.store(true, Ordering::Release);
            }
            if !self.declarations_outdated.load(Ordering::Acquire) {
                let commit = Commit::decode(text, &catalogue, version);
                commits.push(commit.map_err(|problem| unreadable(&problem))?);
            }
            Ok(())
        })?;
        if self.declarations_outdated.load(Ordering::Acquire) {
            return Ok(false);
        }
        let position = tail.position();
        let mut touched = Vec::new();
        if !commits.is_empty() {
            let mut state = self.state_mut();
            commits.iter().for_each(|commit| touched.extend(state.apply(commit, position)));
        }
        self.position.store(position.max(self.position()), Ordering::Release);
        self.listeners.tell(&catalogue, &touched);
        Ok(position > before && !commits.is_empty())
    }

    /// Another process has brought everything up to `position` safely into the files.
    fn note_checkpoint(&self, position: u64) {
        let mut state = self.state_mut();
        state.dirty.note_checkpoint(position);
        self.logs.absorb(&state.logs);
        state.forget_pending(position);
    }

    /// Catches up as the holder of the commit lock: also with what a dead holder left behind.
    pub(crate) fn catch_up_locked(&self, lock: &CommitLock<'_>) -> Result<()> {
        self.check_words()?;
        if self.words.load(word::BUSY) == busy::SWITCHING {
            let base = self.words.load(word::BASE);
            if base > 0 && Segment::open(&*self.disk, base - 1, Access::Read)?.is_none() {
                self.words.store(word::BASE, 0);
            }
        }
        let mut tail = self.tail();
        if !self.follow(&mut tail)? {
            drop(tail);
            self.load_anew(lock)?;
            tail = self.tail();
        }
        if self.words.load(word::BUSY) == busy::APPENDING {
            let took = self.take_lines(&mut tail, None)?;
            let outdated = self.declarations_outdated.load(Ordering::Acquire);
            // What a dead process wrote and nobody knows to be durable becomes so before anybody
            // relies on it.
            if let Some(tail) = tail.as_ref().filter(|_| took || outdated) {
                tail.file().sync().map_err(|error| self.poison(&error))?;
                self.words.raise(word::DURABLE, tail.position());
                self.words.raise(word::COMMITTED, tail.position());
            }
            if outdated {
                drop(tail);
                self.load_anew(lock)?;
            }
        }
        self.words.store(word::BUSY, busy::IDLE);
        Ok(())
    }

    /// Reads all files and the journal again; the holder of both locks may.
    pub(crate) fn load_anew(&self, lock: &CommitLock<'_>) -> Result<()> {
        let base = self.words.load(word::BASE);
        let upto = Some(self.words.load(word::COMMITTED));
        let (mut fresh, undeclared) = self.empty_state(base.checked_sub(1), upto, false)?;
        let segment = match base {
            0 => None,
            _ => Segment::open(&*self.disk, base - 1, Access::Write)?,
        };
        let mut tail = segment.map(Tail::at_start).transpose()?;
        let mut loader = Loader::new(&*self.disk, tail.as_ref().map_or(&[], Tail::rows));
        loader.known_order = order::load(&*self.disk, &fresh.catalogue);
        load(&mut loader, &mut fresh)?;
        let end = self.words.load(word::COMMITTED);
        let position = replay(&mut fresh, &mut tail, Some(end))?.unwrap_or(end);
        fresh.end_reservations();
        fresh
            .dirty
            .needs_compaction
            .logs
            .extend(self.state().dirty.needs_compaction.logs.iter().cloned());
        let touched = differences(&self.state(), &fresh);
        fresh.unreferenced = Arc::clone(&self.state().unreferenced);
        self.note_read(loader, &fresh)?;
        let catalogue = Arc::clone(&fresh.catalogue);
        {
            // A thread that follows meanwhile must not find the new tail beside the old state.
            let mut standing = self.tail();
            *standing = tail;
            *self.state_mut() = fresh;
            self.position.store(position, Ordering::Release);
            self.known_base.store(base, Ordering::Release);
        }
        self.listeners.tell(&catalogue, &touched);
        if undeclared.is_empty() || self.older.is_unconverted() || self.check_health().is_err() {
            return Ok(());
        }
        self.persist(lock, vec![Commit { at: self.clock.now(), changes: undeclared }])
    }

    /// Converts an older folder before the first change.
    pub(crate) fn convert_older(&self) -> Result<()> {
        if !self.older.is_unconverted() {
            return Ok(());
        }
        let locks = self.lock_both()?;
        self.older.convert()?;
        self.load_anew(locks.commit())
    }
}

fn unreadable(problem: &str) -> Error {
    let message = format!(
        "a line of the journal cannot be understood ({problem}); use the version of quilltap-store that wrote it"
    );
    Error::new(Code::UnsupportedVersion, message).path("journal")
}

/// Applies the lines from a tail on; gives the position behind them.
pub(crate) fn replay(
    state: &mut State,
    tail: &mut Option<Tail>,
    upto: Option<u64>,
) -> Result<Option<u64>> {
    let Some(tail) = tail else { return Ok(None) };
    let catalogue = Arc::clone(&state.catalogue);
    let (mut commits, version) = (Vec::new(), tail.version());
    tail.read(upto, &mut |text| {
        let commit = Commit::decode(text, &catalogue, version);
        commits.push(commit.map_err(|problem| unreadable(&problem))?);
        Ok(())
    })?;
    let position = tail.position();
    commits.iter().for_each(|commit| drop(state.apply(commit, position)));
    Ok(Some(position))
}

/// Which records differ between two states.
fn differences(old: &State, new: &State) -> Vec<Touched> {
    let mut touched = Vec::new();
    for model in new.catalogue.ids() {
        // A collection that is known only now was not changed.
        let collection = &new.catalogue.model(model).collection;
        let Some(old_model) = old.catalogue.by_collection(collection) else { continue };
        let texts = |state: &State, model: ModelId| -> HashMap<Box<str>, Arc<Record>> {
            let records = state.collection(model).iter();
            records.map(|(_, record)| (record.key().into(), Arc::clone(record))).collect()
        };
        let (mut before, after) = (texts(old, old_model), texts(new, model));
        for (key, record) in after {
            let effect = match before.remove(&key) {
                Some(same) if same == record => continue,
                Some(_) => Effect::Update,
                None => Effect::Create,
            };
            touched.push(Touched { model, key, effect, owner: None });
        }
        let gone = before.into_keys();
        touched.extend(gone.map(|key| Touched { model, key, effect: Effect::Delete, owner: None }));
    }
    touched
}
