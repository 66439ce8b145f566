//! Edits by hand of logs while the store is open.
//!
//! Where the journal holds nothing of a log, its file is the log, whatever it says: an index sees
//! by the file's stamp that it is stale, and whoever adds to the log or reads it counts it anew
//! (`counts`). Where the journal holds lines of it, these have offsets in a file that is no more.
//! Then the lines that the edited file does not have are added to its end, and the journal starts anew.

use std::time::Duration;

use crate::disk::{Access, SafePath, Stamp, read_all};
use crate::error::Result;
use crate::jsonl;

use super::reconcile::Fit;
use super::recount;
use crate::engine::core::Engine;
use crate::engine::files::Writer;
use crate::engine::journal::{Change, Commit};
use crate::engine::logs::{LogKey, PendingLog};
use crate::engine::processes::locks::{BothLocks, FilesLock};
use crate::engine::processes::shared_memory::word;

/// An editor that writes in place is done when its file has not changed for so long.
const SETTLED: Duration = Duration::from_millis(50);
/// One that goes on for longer than so many times that is not waited for.
const LOOKS: usize = 40;

impl Engine {
    /// Was a log edited of which the journal holds lines? Without the files
    /// lock this is a guess.
    ///
    /// # Errors
    /// Those of the disk.
    pub(crate) fn are_logs_edited(&self) -> Result<bool> {
        if self.older.is_unconverted() || self.check_health().is_err() {
            return Ok(false);
        }
        for (key, path) in self.pending_logs()? {
            if !self.state().dirty.logs.contains_key(&key)
                && self.missing(&key, &path, self.position(), 0)?.is_some()
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Adds what the journal holds of a log, up to a position, to a file that was edited; `false`
    /// for any other file.
    ///
    /// # Errors
    /// Those of the disk; `UNSUPPORTED_VERSION` when the edited file is of a newer version.
    pub(crate) fn mend_log(
        &self,
        _: &FilesLock,
        key: &LogKey,
        path: &SafePath,
        position: u64,
    ) -> Result<bool> {
        let flushed = self.words.load(word::FLUSHED);
        match self.missing(key, path, position, flushed)? {
            None => return Ok(false),
            Some(missing) if missing.is_empty() => return Ok(true),
            Some(_) => self.wait_until_settled(path)?,
        }
        let Some(missing) = self.missing(key, path, position, flushed)? else { return Ok(false) };
        let mut bytes = read_all(&*self.disk, path)?.unwrap_or_default();
        self.settings.migrations.check(jsonl::first_version(&bytes), path.as_str())?;
        if bytes.is_empty() {
            let state = self.state();
            let schema = &state.layout.log_place(key.0)?.schema;
            bytes = jsonl::header(schema, state.catalogue.migrations.version()).into_bytes();
        }
        if bytes.last() != Some(&b'\n') {
            bytes.push(b'\n');
        }
        bytes.extend(missing.bytes());
        // The journal has only the missing lines: the others must not go before these are there.
        Writer { disk: &*self.disk }.replace(path, &bytes, true)?;
        Ok(true)
    }

    /// Brings the logs that were edited, and the counts of their owners, in order, so that the
    /// journal can go.
    ///
    /// # Errors
    /// As for [`Engine::mend_log`].
    pub(crate) fn settle_log_edits(&self, locks: &BothLocks<'_>) -> Result<()> {
        let position = self.position();
        let mut changes = Vec::new();
        let mut edited = Vec::new();
        for (key, path) in self.pending_logs()? {
            if self.mend_log(locks.files(), &key, &path, position)? {
                let state = self.state();
                let owner = state.collection(state.layout.log_place(key.0)?.owner).get(&key.1);
                if let Some(owner) = owner {
                    let stamp = self.disk.stamp(&path)?;
                    changes.extend(recount::count(self, &state, key.0, owner, &path, stamp)?.0);
                }
                drop(state);
                self.state_mut().dirty.needs_compaction.logs.insert(key.clone());
                edited.push(key);
            }
        }
        if edited.is_empty() {
            return Ok(());
        }
        if !changes.is_empty() {
            self.persist(locks.commit(), vec![Commit { at: self.clock.now(), changes }])?;
            self.write_files(locks.files())?;
        }
        self.sync_files()?;
        edited.iter().for_each(|key| self.logs.forget(key));
        Ok(())
    }

    /// What an owner's record must be after an edit of its log by hand; `None` when it is that.
    ///
    /// # Errors
    /// Those of the disk.
    pub(crate) fn recounted(&self, key: &LogKey) -> Result<Option<Change>> {
        let state = self.state();
        let owner = state.collection(state.layout.log_place(key.0)?.owner).get(&key.1);
        let Some(owner) = owner.filter(|_| !state.logs.contains_key(key)) else { return Ok(None) };
        let path = state.layout.log_path(key.0, &key.1)?;
        let stamp = self.disk.stamp(&path)?;
        let (change, dead) = recount::count(self, &state, key.0, owner, &path, stamp)?;
        self.counted.note(&path, stamp, dead > 0);
        Ok(change)
    }

    fn pending_logs(&self) -> Result<Vec<(LogKey, SafePath)>> {
        let state = self.state();
        let path = |key: &LogKey| Ok((key.clone(), state.layout.log_path(key.0, &key.1)?));
        state.logs.keys().map(path).collect()
    }

    /// The committed lines that an edited file lacks; `None` for a file that only the store wrote.
    fn missing(
        &self,
        key: &LogKey,
        path: &SafePath,
        position: u64,
        flushed: u64,
    ) -> Result<Option<String>> {
        if let Some(known) = self.stamps.known(path)
            && self.disk.is_in_state(path, &known)?
        {
            return Ok(None);
        }
        let pending = self.state().logs.get(key).map(|pending| pending.upto(position));
        let Some(pending) = pending else { return Ok(None) };
        let flushed = flushed_of(&pending, flushed);
        let found = self.disk.stamp(path)?;
        let file = found.map(|_| self.disk.open(path, Access::Read)).transpose()?;
        let stamp: Option<Stamp> = file.as_ref().map(|file| file.stamp()).transpose()?;
        match Fit::of(file.as_deref(), &pending, flushed, self.logs.may_be_torn())? {
            Fit::Edited { missing } => Ok(Some(missing)),
            Fit::Whole => {
                let known = self.stamps.known(path);
                if known.is_some_and(|known| stamp.is_some_and(|now| now.len == known.len)) {
                    // A letter for another: no index of ours can tell.
                    self.logs.forget(key);
                }
                self.stamps.know(path.clone(), stamp);
                Ok(None)
            }
        }
    }

    fn wait_until_settled(&self, path: &SafePath) -> Result<()> {
        let mut before = self.disk.stamp(path)?;
        for _ in 0..LOOKS {
            std::thread::sleep(SETTLED);
            let now = self.disk.stamp(path)?;
            if now == before {
                break;
            }
            before = now;
        }
        Ok(())
    }
}

/// How many of the pending bytes the files show.
fn flushed_of(pending: &PendingLog, flushed: u64) -> u64 {
    let pieces = pending.pieces.iter().filter(|piece| piece.at <= flushed);
    pieces.map(|piece| piece.bytes.len() as u64).sum()
}
