//! Makes the files safe, starts the journal anew, and drops dead lines.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::disk::{Access, DiskFile, SafePath, read_all};
use crate::error::Result;
use crate::jsonl;
use crate::sync::locked;

use super::order;
use super::round::sync_folder_of;
use super::write::{Pieces, Writer, paths_of};
use super::{NeedsCompaction, ShownFile, all_rows, len_of_rows};
use crate::engine::core::Engine;
use crate::engine::edits::recount;
use crate::engine::journal::{self, Segment};
use crate::engine::logs::{LogIndex, LogSite, Need, Source};
use crate::engine::processes::locks::BothLocks;
use crate::engine::processes::shared_memory::{busy, word};

/// A rows file is rewritten when it is longer than twice its live rows, and this many bytes.
const ROWS_SLACK: u64 = 64 << 10;

impl Engine {
    /// Makes the files safe and starts the journal anew; with `closing`, also drops every dead
    /// line. `false` when somebody else is in the middle of writing a file: the journal then stays.
    ///
    /// # Errors
    /// Those of the disk; the journal then stays, and nothing is lost. Where a file alone is at fault,
    /// all others show everything.
    pub(crate) fn checkpoint(&self, closing: bool) -> Result<bool> {
        self.check_health()?;
        if self.older.is_unconverted() {
            return Ok(true);
        }
        self.sync_journal()?;
        let files = self.lock_files()?;
        self.state_mut().dirty.doubt_synced();
        // Most of the work, while others commit.
        self.catch_up_for_files(&files)?;
        let written = self.write_beside_edits(&files, self.lookout.suspects())?;
        if written.is_some() && self.holds_unwritten() {
            return self.state().dirty.blocked.check().map(|()| true);
        }
        if written.is_none() || !self.sync_files()? {
            return Ok(false);
        }
        self.state_mut().dirty.note_synced();
        let saved_at = self.position();
        self.save_caches();
        // The rest, and what was committed meanwhile.
        let locks = self.lock_commit_too(files)?;
        self.catch_up_locked(locks.commit())?;
        let done = self.finish_checkpoint(&locks, closing, Some(saved_at))?;
        let _files = locks.into_files();
        self.save_row_owners(closing);
        self.state().dirty.blocked.check().map(|()| done)
    }

    /// What the caches say of the records and logs that were changed.
    fn save_caches(&self) {
        order::save(self);
        let logs = self.state().dirty.changed_logs().cloned().collect();
        recount::save(self, &logs);
    }

    /// The part of a checkpoint that nobody may commit in; `saved_at` is the position at which the caches
    /// were saved.
    pub(crate) fn finish_checkpoint(
        &self,
        locks: &BothLocks<'_>,
        closing: bool,
        saved_at: Option<u64>,
    ) -> Result<bool> {
        let is_clean = self.state().dirty.is_clean();
        if !is_clean || self.words.load(word::FLUSHED) < self.position() {
            self.sync_journal()?;
            let written = self.write_files(locks.files())?;
            if !written || (!self.holds_unwritten() && !self.sync_files()?) {
                return Ok(false);
            }
        }
        if self.holds_unwritten() {
            return Ok(true);
        }
        if !self.settle_log_edits(locks)? {
            return Ok(false);
        }
        if self.holds_unwritten() {
            return Ok(true);
        }
        self.sweep_unreferenced_locked(locks.commit())?;
        self.compact_rows(closing)?;
        if closing {
            self.remove_empty_folders()?;
        }
        if saved_at != Some(self.position()) {
            self.save_caches();
        }
        self.drop_journal()?;
        {
            let mut state = self.state_mut();
            state.dirty.forget_changed();
            self.logs.absorb(&state.logs);
            state.forget_pending(self.position());
        }
        self.logs.not_torn();
        // The journal names the lines of a log by their offsets: as long as it has one of them, no
        // log may become shorter, for those who read the journal and for those who find us dead.
        self.compact_logs(closing)?;
        if closing {
            self.state_mut().dirty.needs_compaction = NeedsCompaction::default();
        }
        Ok(true)
    }

    /// Makes the files durable; `false` when one was edited since it was written, for then it does not
    /// hold what the journal has. One that cannot be opened any more is blocked.
    pub(crate) fn sync_files(&self) -> Result<bool> {
        let paths = {
            let state = self.state();
            paths_of(&state, &state.dirty.unsynced)?
        };
        for path in &paths {
            let is_log = matches!(self.state().layout.file_at(path), Some(ShownFile::Log(..)));
            if !is_log && !self.stamps.are_of(&*self.disk, path)? {
                self.lookout.suspect(path.clone());
                return Ok(false);
            }
        }
        for path in &paths {
            match self.written_file(path) {
                // A second sync may claim a success that this one has lost; a new opening writes all
                // of it again.
                Ok(Some(file)) => file.sync().map_err(|error| self.poison(&error))?,
                Ok(None) => {}
                Err(error) => self.state_mut().dirty.blocked.add(path.clone(), error),
            }
        }
        let synced = Writer::on(&*self.disk).sync_names(&paths);
        synced.map_err(|error| self.poison(&error))?;
        Ok(true)
    }

    fn written_file(&self, path: &SafePath) -> Result<Option<Box<dyn DiskFile>>> {
        let is_there = self.disk.stamp(path)?.is_some();
        is_there.then(|| self.disk.open(path, Access::Write)).transpose()
    }

    /// Does the journal hold changes of a file that cannot be written?
    pub(crate) fn holds_unwritten(&self) -> bool {
        let state = self.state();
        let mut changed = state.dirty.changed_targets();
        !state.dirty.blocked.is_empty() || changed.any(|target| !state.is_writable(target))
    }

    fn compact_rows(&self, closing: bool) -> Result<()> {
        let state = self.state();
        let torn = locked(&self.torn).clone();
        for place in state.layout.rows() {
            let collection = state.collection(place.model);
            let needs_compaction =
                closing && state.dirty.needs_compaction.rows.contains(&place.model);
            let touched = needs_compaction || state.dirty.has_changed_rows(place.model);
            let forced = torn.contains(&place.model);
            let is_ours = self.stamps.are_of(&*self.disk, &place.path)?;
            if !(touched || forced) || !collection.is_whole() || !is_ours {
                continue;
            }
            let (live, stamp) = (len_of_rows(&state, place), self.disk.stamp(&place.path)?);
            let len = stamp.map_or(0, |stamp| stamp.len);
            let wasteful = len > 2 * live + ROWS_SLACK;
            if !(forced || wasteful || closing) {
                continue;
            }
            let rows = all_rows(&state, place);
            let is_final = || Ok(len == live && self.holds(&place.path, rows.as_bytes())?);
            if forced || wasteful || !is_final()? {
                let writer = Writer::on(&*self.disk);
                let known = self.stamps.known(&place.path);
                let written =
                    writer.replace_known(&place.path, rows.as_bytes(), true, known.as_ref())?;
                // Edited meanwhile, it is read first.
                let Some(stamp) = written else { continue };
                self.stamps.wrote(place.path.clone(), Some(stamp));
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
            keys.extend(self.state().dirty.needs_compaction.logs.iter().cloned());
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
            let known = self.disk.stamp(&path)?;
            let version = state.catalogue.migrations.version();
            // A log with a line that cannot be read is left as it is.
            let rewrite = |index: &LogIndex| {
                if index.dead() == 0 || index.faults().next().is_some() {
                    return Ok(None);
                }
                let fill = |pieces: &mut Pieces<'_>| {
                    pieces.add((jsonl::header(schema, version) + "\n").as_bytes());
                    index.committed().visit(|row| {
                        pieces.add(row.as_bytes());
                        pieces.add(b"\n");
                    })
                };
                Writer::on(&*self.disk).replace_in_pieces(&path, true, known.as_ref(), fill)
            };
            let (disk, catalogue) = (&*self.disk, &state.catalogue);
            let site = LogSite { disk, catalogue, key: &key, path: &path, pending };
            let written = match self.logs.with(site, (Source::Disk, Need::Ids), rewrite) {
                Err(error) if error.is_of_content() => continue,
                written => written?,
            };
            // Edited meanwhile, it is read first.
            let Some(stamp) = written.flatten() else { continue };
            self.stamps.wrote(path.clone(), Some(stamp));
            // The next lines are journaled with offsets of this file: it must not become the old one.
            sync_folder_of(self, &path).map_err(|error| self.poison(&error))?;
            drop(state);
            self.logs.forget(&key);
            let mut state = self.state_mut();
            state.dirty.needs_compaction.logs.remove(&key);
            // Many of its rows may be gone: they need not stay in the cache.
            state.row_owners.doubt(&key);
            drop(state);
            shorter.insert(key);
        }
        if !shorter.is_empty() {
            recount::save(self, &shorter);
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
}
