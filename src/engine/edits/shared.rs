//! Edits by hand of the files that several records stand in, noticed while the store is open.
//!
//! A shared word tells what these files looked like when a process last read or wrote them, and it
//! changes under the files lock only. A process that finds them otherwise reads them, and commits what is
//! different as if somebody had called: so all processes and listeners hear of it, and the next
//! write of such a file has it. The edit of a record that was changed since the last checkpoint
//! loses against that change, for the journal has it. A record with a file of its own is looked at
//! when it is read (`follow`).

use std::sync::Arc;
use std::sync::atomic::Ordering;

use sha2::{Digest, Sha256};

use crate::catalogue::Place;
use crate::disk::{Access, EntryKind, SafePath};
use crate::error::Result;

use crate::engine::core::Engine;
use crate::engine::files::{Loader, load};
use crate::engine::journal::{Change, Commit};
use crate::engine::journal::{Segment, Tail};
use crate::engine::memory::State;
use crate::engine::processes::locks::{CommitLock, FilesLock};
use crate::engine::processes::replay;
use crate::engine::processes::shared_memory::word;

impl Engine {
    /// Notes what the files look like, to the caller who has just read or written them.
    ///
    /// # Errors
    /// Those of the disk.
    pub(crate) fn note_files(&self, _: &FilesLock) -> Result<()> {
        self.words.store(word::FILES, self.look_of_files()?);
        Ok(())
    }

    /// This process has just read the files.
    pub(crate) fn know_edits(&self) {
        self.known_edits.store(self.words.load(word::EDITS), Ordering::Release);
    }

    /// Do the files look otherwise than when they were last read or written, or has another process
    /// found that? Without the files lock this is a guess.
    pub(crate) fn are_files_edited(&self) -> Result<bool> {
        if self.older.is_unconverted() || self.check_health().is_err() {
            return Ok(false);
        }
        Ok(self.words.load(word::EDITS) != self.known_edits.load(Ordering::Acquire)
            || self.look_of_files()? != self.words.load(word::FILES))
    }

    /// Takes over what was edited in the files.
    ///
    /// # Errors
    /// Those of the disk. A file that cannot be read is told to whoever asks for its records.
    pub(crate) fn take_edits(&self, _: &FilesLock) -> Result<()> {
        if !self.are_files_edited()? {
            return Ok(());
        }
        let commit = self.lock_commit()?;
        self.catch_up_locked(&commit)?;
        // Whatever is edited while they are read is seen the next time.
        let look = self.look_of_files()?;
        let fresh = self.read_files(&commit)?;
        let changes = self.compare(&fresh);
        if !changes.is_empty() && self.check_health().is_ok() {
            self.persist(&commit, vec![Commit { at: self.clock.now(), changes }])?;
        }
        // What is no record, and what cannot be read, each process must see for itself.
        if self.words.load(word::FILES) != look {
            self.words.store(word::FILES, look);
            self.words.increment(word::EDITS);
        }
        self.know_edits();
        Ok(())
    }

    /// The state as the files and the journal have it.
    ///
    /// # Errors
    /// Those of the disk.
    pub(crate) fn read_files(&self, _: &CommitLock<'_>) -> Result<State> {
        let (catalogue, layout) = {
            let state = self.state();
            (Arc::clone(&state.catalogue), Arc::clone(&state.layout))
        };
        let mut state = State::new(catalogue, layout);
        let base = self.words.load(word::BASE).checked_sub(1);
        let open = |base| Segment::open(&*self.disk, base, Access::Read);
        let segment = base.map(open).transpose()?.flatten();
        let mut tail = segment.map(Tail::at_start).transpose()?;
        let mut loader = Loader::new(&*self.disk, tail.as_ref().map_or(&[], Tail::rows));
        load(&mut loader, &mut state)?;
        replay(&mut state, &mut tail, Some(self.words.load(word::COMMITTED)))?;
        Ok(state)
    }

    /// What must change for this process's state to be that of the files; with it goes what cannot
    /// be read, which each process finds for itself.
    fn compare(&self, fresh: &State) -> Vec<Change> {
        let mut state = self.state_mut();
        let state = &mut *state;
        let catalogue = Arc::clone(&state.catalogue);
        state.shared.clone_from(&fresh.shared);
        state.owner_unknown.clone_from(&fresh.owner_unknown);
        state.outdated.clone_from(&fresh.outdated);
        let mut changes = Vec::new();
        for model in
            catalogue.ids().filter(|model| stands_with_others(&catalogue.model(*model).place))
        {
            let found = fresh.collection(model);
            let ours = state.collection_mut(model);
            ours.faults.clone_from(&found.faults);
            ours.is_unreadable = found.is_unreadable;
            ours.broken.clone_from(&found.broken);
            ours.lines.clone_from(&found.lines);
            if ours.first().is_none() {
                ours.set_first(found.first());
            }
            if model == catalogue.declaring() || !found.faults.is_empty() {
                continue;
            }
            for (_, record) in found.iter() {
                let known = ours.get(record.key());
                if known.is_none_or(|known| **known != **record) {
                    let (record, new) = (Arc::clone(record), known.is_none());
                    changes.push(Change::Put { model, record, new });
                }
            }
            let gone = ours.iter().map(|(_, record)| record.key());
            let gone =
                gone.filter(|key| found.get(key).is_none() && !found.broken.contains_key(*key));
            changes.extend(gone.map(|key| Change::Remove { model, key: key.into() }));
        }
        changes
    }

    /// The files of many records, and those of the owners.
    fn shared_paths(&self) -> Result<Vec<SafePath>> {
        let layout = Arc::clone(&self.state().layout);
        let shared = layout.shared_files().iter().map(|place| &place.path);
        let rows = layout.rows().iter().map(|place| &place.path);
        let first = layout.owner().map(|owner| &owner.first);
        let mut paths: Vec<SafePath> = shared.chain(rows).chain(first).cloned().collect();
        if let Some(owner) = layout.owner() {
            for entry in self.disk.list(&owner.dir)? {
                if entry.kind == EntryKind::File {
                    paths.push(owner.dir.join(&entry.name)?);
                }
            }
        }
        Ok(paths)
    }

    fn look_of_files(&self) -> Result<u64> {
        let mut hash = Sha256::new();
        for path in self.shared_paths()? {
            let stamp = self.disk.stamp(&path)?;
            let known = stamp.map(|stamp| (stamp.len, stamp.modified_ns, stamp.file_number));
            hash.update(format!("{path} {known:?}\n"));
        }
        let digest = hash.finalize();
        Ok(digest.iter().take(8).fold(0, |word, byte| word << 8 | u64::from(*byte)))
    }
}

fn stands_with_others(place: &Place) -> bool {
    !matches!(place, Place::Directory { .. } | Place::Log { .. })
}
