//! Removes payloads that no record has any more, and what a crash left behind.

use std::collections::BTreeSet;

use crate::disk::{EntryKind, SafePath};
use crate::error::Result;

use super::{INCOMING, declared, home};
use crate::catalogue::is_content;
use crate::engine::core::Engine;
use crate::engine::processes::locks::{CommitLock, FilesLock};

impl Engine {
    /// Removes payloads that have lost their last record, unless somebody commits just now. Under
    /// the files lock, so that no copy of the folder misses what its rows stand for.
    pub(crate) fn sweep_unreferenced(&self, _: &FilesLock) -> Result<()> {
        if self.state().unreferenced.is_empty() || self.check_health().is_err() {
            return Ok(());
        }
        // Never waiting: a transaction may hold it that waits for this.
        let Some(lock) = self.try_lock_commit()? else {
            return Ok(());
        };
        self.catch_up_locked(&lock)?;
        self.sweep_unreferenced_locked(&lock)
    }

    /// Removes payloads that have lost their last record.
    pub(crate) fn sweep_unreferenced_locked(&self, _: &CommitLock<'_>) -> Result<()> {
        let unreferenced = self.state().unreferenced.take();
        let swept = self.sweep(&unreferenced);
        if swept.is_err() {
            self.state().unreferenced.put_back(unreferenced);
        }
        swept
    }

    /// Removes every payload without a record: the owner asked for it.
    pub(crate) fn sweep_orphans(&self) -> Result<()> {
        self.check_health()?;
        let locks = self.lock_both()?;
        self.catch_up_locked(locks.commit())?;
        self.sweep_orphans_locked(locks.commit())
    }

    /// Removes every payload without a record.
    fn sweep_orphans_locked(&self, _: &CommitLock<'_>) -> Result<()> {
        let home = home(&self.state().catalogue)?;
        let entries = self.disk.list(&home)?.into_iter();
        let folders = entries.filter(|entry| entry.kind == EntryKind::Folder);
        self.sweep(&folders.map(|entry| entry.name).collect())
    }

    /// Removes what a crash may have left; no other process has the store open. `crashed`: is that
    /// known?
    pub(crate) fn sweep_after_crash(&self, lock: &CommitLock<'_>, crashed: bool) -> Result<()> {
        let home = home(&self.state().catalogue)?;
        let incoming = home.join(INCOMING)?;
        let is_there = self.disk.list(&home)?.iter().any(|entry| entry.name == INCOMING);
        if !is_there && !crashed {
            return Ok(());
        }
        self.sweep_orphans_locked(lock)?;
        if is_there {
            // The mark goes last, for this may be cut short as well.
            self.remove_files(&incoming)?;
            self.disk.remove_dir(&incoming)?;
            self.disk.sync_dir(&home)?;
        }
        Ok(())
    }

    fn sweep(&self, contents: &BTreeSet<String>) -> Result<()> {
        let home = home(&self.state().catalogue)?;
        let gone: Vec<&String> = {
            let state = self.state();
            let (model, payload) = declared(&state.catalogue)?;
            let collection = state.collection(model);
            // A row that cannot be read may be the one that has it.
            if !collection.is_whole() {
                return Ok(());
            }
            let declared = state.catalogue.model(model);
            let Some(index) = declared.index_over(&[&payload.field]) else { return Ok(()) };
            let has_row = |content: &String| {
                let key = crate::catalogue::key_of(&declared.indexes[index], &[content]);
                collection.count_under(index, &key) > 0
            };
            contents.iter().filter(|content| is_content(content) && !has_row(content)).collect()
        };
        if gone.is_empty() {
            return Ok(());
        }
        // Else the power may bring the record back, and not the payload.
        self.sync_journal()?;
        for content in gone {
            let folder = home.join(content)?;
            self.remove_files(&folder)?;
            if !self.disk.remove_dir(&folder)? {
                self.disk.sync_dir(&folder)?;
            }
        }
        self.disk.sync_dir(&home)
    }

    /// Removes the files in a folder; what else is there stays.
    fn remove_files(&self, folder: &SafePath) -> Result<()> {
        for entry in self.disk.list(folder)? {
            if entry.kind == EntryKind::File {
                self.disk.remove(&folder.join(&entry.name)?)?;
            }
        }
        Ok(())
    }
}
