//! Edits by hand of logs while the store is open.
//!
//! Where the journal holds nothing of a log, its file is the log, whatever it says: an index sees
//! by the file's stamp that it is stale, and whoever adds to the log or reads it counts it anew
//! (`counts`). Where the journal holds lines of it, these have offsets in a file that is no more.
//! Then the lines that the edited file does not have are added to its end, and the journal starts anew.

use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;

use crate::disk::{Access, SafePath, Stamp, visit_pieces};
use crate::error::Result;
use crate::{json, jsonl};

use super::reconcile::Fit;
use super::recount;
use super::take::{ReadAs, Taken};
use crate::engine::clock;
use crate::engine::core::Engine;
use crate::engine::files::{Pieces, ShownFile, Writer};
use crate::engine::journal::{Change, Commit, Effect, LogEdit};
use crate::engine::logs::{LogKey, PendingLog};
use crate::engine::processes::locks::{BothLocks, FilesLock};
use crate::engine::processes::shared_memory::word;

/// An editor that writes in place is done when its file has not changed for so long.
const SETTLED: Duration = Duration::from_millis(50);
/// One that goes on for longer than so many times that is not waited for.
const LOOKS: usize = 40;

impl Engine {
    /// Takes a log over that does not look as the store left it; the caller holds the commit lock.
    pub(super) fn judge_log(&self, key: &LogKey, path: &SafePath, taken: &mut Taken) -> Result<()> {
        if self.state().logs.contains_key(key) {
            // Changes on their way into the file are merged with the edit when they are written.
            return self.judge_pending_log(key, path);
        }
        let edited = match self.log_edit(key, path, &mut taken.read) {
            Err(error) if error.is_of_content() => {
                taken.read.push((path.clone(), ReadAs::Shut));
                self.logs.forget(key);
                Some(LogEdit::of_unknown(key.0, &key.1))
            }
            other => other?,
        };
        taken.found.changes.extend(edited.map(Change::Edited));
        self.state_mut().row_owners.doubt(key);
        Ok(())
    }

    fn judge_pending_log(&self, key: &LogKey, path: &SafePath) -> Result<()> {
        // Whatever it comes to, an editor may have added rows.
        self.state_mut().row_owners.doubt(key);
        // Changes on their way into the file are merged with the edit when they are written.
        if self.state().dirty.logs.contains_key(key) {
            return Ok(());
        }
        match self.missing(key, path, self.position(), 0) {
            Ok(Some(_)) => self.lookout.found_log_edit(),
            Ok(None) => self.clear_suspect(path)?,
            // A read of it fails with the reason; the journal keeps the lines until it is put right.
            Err(error) if error.is_of_content() => self.stamps.is_shut(path.clone()),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// What the edit of a log amounts to that the journal holds nothing of; `None` when it is nothing.
    fn log_edit(
        &self,
        key: &LogKey,
        path: &SafePath,
        read: &mut Vec<(SafePath, ReadAs)>,
    ) -> Result<Option<LogEdit>> {
        let before = self.logs.kept_rows(key);
        self.logs.forget(key);
        let state = self.state();
        let owner_model = state.layout.log_place(key.0)?.owner;
        let stamp = self.disk.stamp(path)?;
        let Some(owner) = state.collection(owner_model).get(&key.1) else {
            read.push((path.clone(), ReadAs::Known(stamp)));
            return Ok(None);
        };
        let index = recount::index(self, &state, key.0, path, stamp)?;
        let mut edit = LogEdit::of_unknown(key.0, &key.1);
        let rows = index.committed();
        let is_whole = rows.are_whole();
        // Unreadable lines cannot be counted, so the last known counts stay.
        if let Some((_, counted)) = state.catalogue.counted(key.0).filter(|_| is_whole) {
            let (count, last) = rows.count(&[]);
            let last = last.map(clock::format_ms);
            edit.has_new_counts =
                counted.fields.is_some() && owner.counts(counted) != (count, last.clone());
            (edit.count, edit.last) = (count, last.map(Into::into));
        }
        // Of a log that is too long to be kept nobody is told which rows.
        let before = before.filter(|_| index.holds_text());
        let known = before.is_some();
        if let Some(before) = before {
            let mut now = Vec::new();
            rows.visit(|text| now.push(Arc::from(text)))?;
            edit.rows = differences(&before, &now);
        }
        read.push((path.clone(), ReadAs::Counted { stamp, dead_lines: index.dead() > 0 }));
        // A line that cannot be read is news as well: any row may be missing.
        let is_news = !known || !is_whole || edit.has_new_counts || !edit.rows.is_empty();
        Ok(is_news.then_some(edit))
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
        let file = ShownFile::Log(key.0, key.1.clone());
        let flushed = self.state().dirty.shown_upto(&file, self.words.load(word::FLUSHED));
        loop {
            match self.missing(key, path, position, flushed)? {
                None => return Ok(false),
                Some(missing) if missing.is_empty() => return Ok(true),
                Some(_) => self.wait_until_settled(path)?,
            }
            let Some(missing) = self.missing(key, path, position, flushed)? else {
                return Ok(false);
            };
            if self.add_missing(key, path, &missing)? {
                return Ok(true);
            }
        }
    }

    /// Adds lines to an edited file; `false` when it was edited once more meanwhile.
    fn add_missing(&self, key: &LogKey, path: &SafePath, missing: &str) -> Result<bool> {
        let header = {
            let state = self.state();
            let schema = &state.layout.log_place(key.0)?.schema;
            jsonl::header(schema, state.catalogue.migrations.version())
        };
        let is_there = self.disk.stamp(path)?.is_some();
        let file = is_there.then(|| self.disk.open(path, Access::Read)).transpose()?;
        let known = file.as_ref().map(|file| file.stamp()).transpose()?;
        let fill = |pieces: &mut Pieces<'_>| {
            let mut last = None;
            if let Some(file) = &file {
                visit_pieces(&**file, 0, |piece| {
                    if last.is_none() {
                        let version = jsonl::first_version(piece);
                        self.settings.migrations.check(version, path.as_str())?;
                    }
                    last = piece.last().copied();
                    pieces.add(piece);
                    Ok(())
                })?;
            }
            if last.is_none() {
                pieces.add(header.as_bytes());
            }
            if last != Some(b'\n') {
                pieces.add(b"\n");
            }
            pieces.add(missing.as_bytes());
            Ok(())
        };
        // The journal has only the missing lines: the others must not go before these are there.
        let writer = Writer::on(&*self.disk);
        Ok(writer.replace_in_pieces(path, true, known.as_ref(), fill)?.is_some())
    }

    /// Brings the logs that were edited, and the counts of their owners, in order, so that the
    /// journal can go. `false` when a file was edited meanwhile.
    ///
    /// # Errors
    /// As for [`Engine::mend_log`].
    pub(crate) fn settle_log_edits(&self, locks: &BothLocks<'_>) -> Result<bool> {
        let position = self.position();
        let mut changes = Vec::new();
        let (mut edited, mut read) = (Vec::new(), Vec::new());
        for (key, path) in self.pending_logs()? {
            if self.mend_log(locks.files(), &key, &path, position)? {
                changes.extend(self.log_edit(&key, &path, &mut read)?.map(Change::Edited));
                self.state_mut().dirty.replaced_log(&key);
                edited.push(key);
            }
        }
        if edited.is_empty() {
            return Ok(true);
        }
        let changed = !changes.is_empty();
        if changed {
            self.persist(locks.commit(), vec![Commit { at: self.clock.now(), changes }])?;
        }
        self.know_read(read)?;
        if changed && !self.write_files(locks.files())? {
            return Ok(false);
        }
        let synced = self.sync_files()?;
        edited.iter().for_each(|key| self.logs.forget(key));
        Ok(synced)
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
                    self.state_mut().row_owners.doubt(key);
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

/// What happened to which rows of a log.
fn differences(before: &[Arc<str>], now: &[Arc<str>]) -> Vec<(Box<str>, Effect)> {
    let id = |row: &Arc<str>| json::text_field(row, "id").unwrap_or_default().into_owned();
    let mut known: IndexMap<String, &Arc<str>> = before.iter().map(|row| (id(row), row)).collect();
    let mut rows = Vec::new();
    for row in now {
        match known.shift_remove(&id(row)) {
            Some(same) if same == row => {}
            Some(_) => rows.push((id(row).into(), Effect::Update)),
            None => rows.push((id(row).into(), Effect::Create)),
        }
    }
    rows.extend(known.into_keys().map(|id| (id.into(), Effect::Delete)));
    rows
}

/// How many of the pending bytes the files show.
fn flushed_of(pending: &PendingLog, flushed: u64) -> u64 {
    let pieces = pending.pieces.iter().filter(|piece| piece.at <= flushed);
    pieces.map(|piece| piece.bytes.len() as u64).sum()
}
