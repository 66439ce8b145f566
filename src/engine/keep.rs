//! Brings what is committed into the files, makes it safe there, and starts the journal anew.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use hashbrown::HashSet;

use crate::catalogue::ModelId;
use crate::disk::{SafePath, read_all};
use crate::error::Result;

use super::core::{Engine, busy, locked, word};
use super::counts;
use super::files::{Unsynced, Untidy, Work, Writer, all_rows, is_writable, paths_of, plan};
use super::journal::{self, Segment, Tail};
use super::log::{LogIndex, Need, Source, header_line};
use super::order;

/// How long a change may wait before the files show it, and in the batched mode before it is
/// durable.
const PAUSE: Duration = Duration::from_millis(30);
/// A checkpoint is made when the journal is longer than this, in bytes.
const JOURNAL_LIMIT: u64 = 8 << 20;
/// A checkpoint is made when nothing was committed for so long.
const IDLE: Duration = Duration::from_secs(3);
/// Files of many records are looked at for edits by hand this often.
const EDITS: Duration = Duration::from_secs(1);
/// A rows file is rewritten when it is longer than twice its live rows, and this many bytes.
const ROWS_SLACK: u64 = 64 << 10;

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
    /// One round of keeping; a failure is kept for whoever asks, and tried again.
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
        self.catch_up_for_files()?;
        self.take_edits()?;
        let done = self.write_files().and_then(|()| self.note_files());
        let done = done.and_then(|()| self.sweep_loose());
        drop(files);
        done
    }

    fn has_work(&self) -> bool {
        let state = self.state();
        !state.dirty.is_clean() || state.has_overdue() || !state.loose.is_empty()
    }

    /// Makes the journal durable up to where the state stands, whoever wrote it: in the batched
    /// mode, and after the death of a process, it may not be.
    pub(crate) fn sync_journal(&self) -> Result<()> {
        let position = self.position();
        if self.words.load(word::SYNCED) >= position {
            return Ok(());
        }
        // A second sync may claim a success that a failed one has lost.
        self.check_health()?;
        if let Some(file) = self.tail().as_ref().map(Tail::file) {
            file.sync().map_err(|error| self.fall_sick(&error))?;
        }
        self.words.raise(word::SYNCED, position);
        Ok(())
    }

    /// Catches up as the holder of the files lock.
    pub(crate) fn catch_up_for_files(&self) -> Result<()> {
        if !self.has_news() {
            return Ok(());
        }
        let commit = self.lock_commit()?;
        let done = self.catch_up_locked();
        self.unlock_commit(commit);
        done
    }

    /// Writes what the files do not show yet; the caller holds the files lock.
    pub(crate) fn write_files(&self) -> Result<()> {
        let shown = self.words.load(word::SHOWN);
        self.state_mut().note_shown(shown);
        let lengths = self.tail().as_ref().map_or_else(Vec::new, |tail| tail.rows().to_vec());
        let anew = self.rows_to_write_anew(&lengths)?;
        let (work, position) = {
            // Readers go on meanwhile.
            let state = self.state();
            (plan(&state, shown, &anew, &lengths)?, self.position())
        };
        // A crash may keep any part of what follows: the journal must have all of it by then.
        self.sync_journal()?;
        // A file of somebody who stands in the owner's file now goes when that one is sure to stay:
        // the journal need not hold the record.
        let (last, first): (Vec<_>, Vec<_>) = work.into_iter().partition(Work::removes_shared);
        let writer = Writer { disk: &*self.disk };
        for (number, one) in first.iter().chain(&last).enumerate() {
            if number == first.len() {
                self.sync_owner_folder()?;
            }
            if let Work::Log { key, path, fresh: false, .. } = one
                && self.mend_log(key, path, position)?
            {
                continue;
            }
            if let Some((path, stamp)) = writer.perform(one)? {
                self.stamps.know(path, stamp);
            }
        }
        locked(&self.torn).retain(|model| !anew.contains(model));
        self.state_mut().aged.retain(|model| !anew.contains(model));
        self.words.raise(word::SHOWN, position);
        let mut state = self.state_mut();
        state.note_shown(position);
        state.forget_overdue();
        Ok(())
    }

    /// The changed rows files to which nothing may be added: the file is of an older version, its end
    /// is torn, or it is shorter than the journal says. A line that a crash tears would stand where
    /// it is taken for a fault of somebody else's.
    fn rows_to_write_anew(&self, lengths: &[(String, u64)]) -> Result<HashSet<ModelId>> {
        let mut anew = locked(&self.torn).clone();
        let state = self.state();
        let changed = |model: &&ModelId| state.dirty.rows.contains_key(*model);
        anew.extend(state.aged.iter().filter(changed));
        for place in state.layout.rows() {
            let known = lengths.iter().find(|(path, _)| *path == place.path.as_str());
            let least = known.map_or(0, |(_, len)| *len);
            if state.dirty.rows.contains_key(&place.model)
                && self.disk.stamp(&place.path)?.map_or(0, |stamp| stamp.len) < least
            {
                anew.insert(place.model);
            }
        }
        anew.retain(|model| state.collection(*model).faults.is_empty());
        Ok(anew)
    }

    fn sync_owner_folder(&self) -> Result<()> {
        let layout = Arc::clone(&self.state().layout);
        layout.owner().map_or(Ok(()), |place| sync_folder_of(self, &place.first))
    }

    /// Makes the files safe and starts the journal anew; with `closing`, also drops every dead
    /// line.
    ///
    /// # Errors
    /// Those of the disk; the journal then stays, and nothing is lost.
    pub(crate) fn checkpoint(&self, closing: bool) -> Result<()> {
        self.check_health()?;
        if self.older.is_unconverted() {
            return Ok(());
        }
        self.sync_journal()?;
        let files = self.lock_files()?;
        self.catch_up_for_files()?;
        self.take_edits()?;
        self.write_files()?;
        self.sync_files()?;
        self.note_files()?;
        let commit = self.lock_commit()?;
        let done = self.catch_up_locked().and_then(|()| self.finish_checkpoint(closing));
        let done = done.and_then(|()| self.note_files());
        self.unlock_commit(commit);
        drop(files);
        done
    }

    /// The part of a checkpoint that nobody may commit in; the caller holds both locks.
    pub(crate) fn finish_checkpoint(&self, closing: bool) -> Result<()> {
        let has_work = !self.state().dirty.is_clean() || self.state().has_overdue();
        if has_work || self.words.load(word::SHOWN) < self.position() {
            self.sync_journal()?;
            self.write_files()?;
            self.sync_files()?;
        }
        if self.holds_unwritten() {
            return Ok(());
        }
        self.settle_log_edits()?;
        self.sweep_loose_locked()?;
        self.compact_rows(closing)?;
        if closing {
            self.remove_empty_folders()?;
        }
        order::remember(self);
        let logs = self.state().dirty.unsynced.logs.clone();
        counts::remember(self, &logs);
        self.drop_journal()?;
        {
            let mut state = self.state_mut();
            state.dirty.unsynced = Unsynced::default();
            self.logs.absorb(&state.logs);
            state.forget_pending(self.position());
        }
        self.logs.not_torn();
        // The journal names the lines of a log by their offsets: as long as it has one of them, no
        // log may become shorter, for those who read the journal and for those who find us dead.
        self.compact_logs(closing)?;
        if closing {
            self.state_mut().dirty.untidy = Untidy::default();
        }
        Ok(())
    }

    pub(crate) fn sync_files(&self) -> Result<()> {
        let paths = {
            let state = self.state();
            paths_of(&state, &state.dirty.unsynced)?
        };
        // A second sync may claim a success that this one has lost; a new opening writes all of
        // it again.
        Writer { disk: &*self.disk }.sync(&paths).map_err(|error| self.fall_sick(&error))
    }

    /// Does the journal hold changes of a file that cannot be written, being corrupt?
    pub(crate) fn holds_unwritten(&self) -> bool {
        let state = self.state();
        let mut unsynced = state.dirty.unsynced.targets.iter();
        !state.dirty.overdue.is_empty() || unsynced.any(|target| !is_writable(&state, target))
    }

    fn compact_rows(&self, closing: bool) -> Result<()> {
        let state = self.state();
        let torn = locked(&self.torn).clone();
        for place in state.layout.rows() {
            let collection = state.collection(place.model);
            let untidy = closing && state.dirty.untidy.rows.contains(&place.model);
            let touched = untidy || state.dirty.unsynced.rows.contains(&place.model);
            let forced = torn.contains(&place.model);
            if !(touched || forced) || !collection.faults.is_empty() {
                continue;
            }
            let rows = all_rows(&state, place);
            let (live, stamp) = (rows.len() as u64, self.disk.stamp(&place.path)?);
            let len = stamp.map_or(0, |stamp| stamp.len);
            let wasteful = len > 2 * live + ROWS_SLACK;
            let is_final = || Ok(len == live && self.holds(&place.path, rows.as_bytes())?);
            if forced || wasteful || (closing && !is_final()?) {
                let writer = Writer { disk: &*self.disk };
                writer.replace(&place.path, rows.as_bytes(), true)?;
                sync_folder_of(self, &place.path)?;
                locked(&self.torn).remove(&place.model);
            }
        }
        Ok(())
    }

    fn holds(&self, path: &SafePath, bytes: &[u8]) -> Result<bool> {
        Ok(read_all(&*self.disk, path)?.as_deref() == Some(bytes))
    }

    fn compact_logs(&self, closing: bool) -> Result<()> {
        let mut keys = self.logs.wasteful(closing);
        if closing {
            keys.extend(self.state().dirty.untidy.logs.iter().cloned());
        }
        let mut shorter = BTreeSet::new();
        for key in keys {
            let state = self.state();
            if state.collection(state.layout.log_place(key.0)?.owner).get(&key.1).is_none() {
                continue;
            }
            let path = state.layout.log_path(key.0, &key.1)?;
            let schema = &state.layout.log_place(key.0)?.schema;
            let pending = state.logs.get(&key);
            let read = |index: &LogIndex| {
                index.check()?;
                if index.dead() == 0 { Ok(None) } else { index.rows().map(Some) }
            };
            let rows = self.logs.with(
                &*self.disk,
                &key,
                &path,
                pending,
                (Source::Disk, Need::Texts),
                read,
            );
            // A log with a line that cannot be read is left as it is.
            let Ok(Some(Some(rows))) = rows else { continue };
            let version = state.catalogue.migrations.version();
            let mut bytes = header_line(schema, version) + "\n";
            rows.iter().for_each(|row| bytes += &format!("{row}\n"));
            Writer { disk: &*self.disk }.replace(&path, bytes.as_bytes(), true)?;
            // The next lines are journaled with offsets of this file: it must not become the old one.
            sync_folder_of(self, &path).map_err(|error| self.fall_sick(&error))?;
            drop(state);
            self.logs.forget(&key);
            self.state_mut().dirty.untidy.logs.remove(&key);
            shorter.insert(key);
        }
        if !shorter.is_empty() {
            counts::remember(self, &shorter);
        }
        Ok(())
    }

    /// Removes the folders of records and logs that hold nothing any more.
    fn remove_empty_folders(&self) -> Result<()> {
        let layout = Arc::clone(&self.state().layout);
        for folder in layout.folders() {
            let mut folder = Some(folder.clone());
            while let Some(dir) = folder.filter(|dir| *dir != SafePath::root()) {
                folder = if self.disk.remove_dir(&dir)? { dir.parent() } else { None };
            }
        }
        Ok(())
    }

    /// Removes the journal, whose changes are all safe in the files.
    fn drop_journal(&self) -> Result<()> {
        let mut tail = self.tail();
        self.words.store(word::BUSY, busy::SWITCHING);
        let bases = journal::list(&*self.disk)?;
        for base in &bases {
            Segment::remove(&*self.disk, *base)?;
        }
        if !bases.is_empty() {
            self.disk.sync_dir(&journal::folder())?;
        }
        self.words.store(word::BASE, 0);
        self.known_base.store(0, Ordering::Release);
        *tail = None;
        self.words.store(word::BUSY, busy::IDLE);
        Ok(())
    }

    /// Brings everything into its final form as the last one to leave.
    pub(crate) fn leave(self: &Arc<Self>) -> Result<()> {
        let presence = locked(&self.presence).take();
        if presence.is_none() {
            return Ok(());
        }
        self.flush()?;
        drop(presence);
        let alone =
            self.disk.try_lock(&super::locks::open_path(), crate::disk::LockKind::Exclusive)?;
        if alone.is_some() && self.check_health().is_ok() {
            self.checkpoint(true)?;
            self.sweep_after_crash(false)?;
            remove_drafts(self)?;
        }
        Ok(())
    }
}

fn sync_folder_of(engine: &Engine, path: &SafePath) -> Result<()> {
    path.parent().map_or(Ok(()), |folder| engine.disk.sync_dir(&folder))
}

/// Removes what a process that died left half written in the journal's folder.
fn remove_drafts(engine: &Engine) -> Result<()> {
    for entry in engine.disk.list(&journal::folder())? {
        if entry.name.ends_with(".draft") {
            engine.disk.remove(&journal::folder().join(&entry.name)?)?;
        }
    }
    Ok(())
}
