//! One round of writing: whatever the files do not show yet is written, and what one of them keeps from
//! being written holds up none of the others.

use std::collections::BTreeMap;
use std::sync::Arc;

use hashbrown::HashSet;

use super::blocked::Blocked;
use super::layout::{ShownFile, Target};
use super::write::{FileWrite, Performed, Writer, plan};
use crate::catalogue::ModelId;
use crate::disk::SafePath;
use crate::engine::core::Engine;
use crate::engine::memory::State;
use crate::engine::processes::locks::FilesLock;
use crate::engine::processes::shared_memory::word;
use crate::error::{Error, Result};
use crate::sync::locked;

/// After so many written files it is asked what the system tells of them: it remembers some thousands of
/// changes, and after more all files would have to be looked at.
const TOLD: usize = 1 << 10;

/// What became of a file.
enum Done {
    Written,
    /// It was edited: nobody writes over what nobody has read.
    Edited,
    /// Another one must be written first.
    Waits,
}

/// What was not written, and why.
#[derive(Default)]
struct Round {
    unwritten: HashSet<ShownFile>,
    faults: BTreeMap<SafePath, Error>,
    was_edited: bool,
}

impl Round {
    /// What is not to be written, since what stands there cannot be read.
    fn begin(state: &State) -> Result<Round> {
        let mut round = Round::default();
        for target in state.dirty.targets.keys() {
            if let Some(error) = state.fault_of(target) {
                let (file, path) = (ShownFile::Whole(target.clone()), state.layout.path(target)?);
                round.note(&file, &path, Err(error.clone()));
            }
        }
        Ok(round)
    }

    fn note(&mut self, file: &ShownFile, path: &SafePath, done: Result<Done>) {
        match done {
            Ok(Done::Written) => return,
            Ok(Done::Edited) => self.was_edited = true,
            Ok(Done::Waits) => {}
            Err(error) => drop(self.faults.insert(path.clone(), error)),
        }
        self.unwritten.insert(file.clone());
    }
}

impl Engine {
    /// Writes what the files do not show yet; `false` when one of them was edited. What cannot be
    /// written stays in the journal, and `Dirty::blocked` says why.
    ///
    /// # Errors
    /// Those of the journal; then nothing was written.
    pub(crate) fn write_files(&self, lock: &FilesLock) -> Result<bool> {
        let flushed = self.words.load(word::FLUSHED);
        self.state_mut().dirty.note_flushed(flushed);
        let lengths = self.tail().as_ref().map_or_else(Vec::new, |tail| tail.rows().to_vec());
        let anew = self.rows_to_write_anew(&lengths)?;
        let (work, position, mut round) = {
            // Readers go on meanwhile.
            let state = self.state();
            (plan(&state, flushed, &anew, &lengths)?, self.position(), Round::begin(&state)?)
        };
        // A crash may keep any part of what follows: the journal must have all of it by then.
        self.sync_journal()?;
        // The own file of a user that stands in the owner's file now goes once that one is sure to stay:
        // the journal need not hold the record.
        let (last, first): (Vec<_>, Vec<_>) =
            work.into_iter().partition(|(_, work)| work.removes_shared());
        let writer = Writer::on(&*self.disk);
        for (number, (file, work)) in first.iter().enumerate() {
            round.note(file, work.path(), self.write_file((lock, &writer), file, work, position));
            if number % TOLD == TOLD - 1 {
                self.clear_own_writes();
            }
        }
        if !last.is_empty() {
            let stays = !round.unwritten.contains(&ShownFile::Whole(Target::First));
            let synced = if stays { self.sync_owner_folder().map(|()| true) } else { Ok(false) };
            for (file, work) in &last {
                let done = match &synced {
                    Ok(true) => self.write_file((lock, &writer), file, work, position),
                    Ok(false) => Ok(Done::Waits),
                    Err(error) => Err(error.clone()),
                };
                round.note(file, work.path(), done);
            }
        }
        self.clear_own_writes();
        Ok(self.end_round(round, &anew, position, flushed))
    }

    fn end_round(
        &self,
        round: Round,
        anew: &HashSet<ModelId>,
        position: u64,
        flushed: u64,
    ) -> bool {
        let is_written = |model: &ModelId| {
            anew.contains(model) && !round.unwritten.contains(&ShownFile::Rows(*model))
        };
        locked(&self.torn).retain(|model| !is_written(model));
        if round.unwritten.is_empty() {
            self.words.raise(word::FLUSHED, position);
        }
        let blocked = Blocked::since_now(round.faults);
        let told = blocked.check().err();
        let mut state = self.state_mut();
        state.outdated.retain(|model| !is_written(model));
        state.dirty.note_written(position, flushed, &round.unwritten);
        let was_told = !std::mem::replace(&mut state.dirty.blocked, blocked).is_empty();
        drop(state);
        if let Some(error) = told.filter(|_| !was_told) {
            self.warnings.say(&[error.message().to_owned()]);
        }
        !round.was_edited
    }

    fn write_file(
        &self,
        (lock, writer): (&FilesLock, &Writer<'_>),
        file: &ShownFile,
        work: &FileWrite,
        position: u64,
    ) -> Result<Done> {
        if let FileWrite::Log { key, path, fresh: false, .. } = work
            && self.mend_log(lock, key, path, position)?
        {
            return Ok(Done::Written);
        }
        let (path, is_log) = (work.path(), matches!(file, ShownFile::Log(..)));
        let is_ours = || self.stamps.are_of(&*self.disk, path);
        let perform = || writer.perform(work, self.stamps.known(path).as_ref());
        // What takes the place of a file looks at it in that moment, so that nobody need look before.
        let takes_place = matches!(work, FileWrite::Whole { content: Some(_), .. });
        let performed = match takes_place || is_log || is_ours()? {
            true => perform()?,
            false => Performed::Refused,
        };
        let stamp = match performed {
            // It may be one that another process has written.
            Performed::Refused if takes_place && is_ours()? => perform()?,
            performed => performed,
        };
        let stamp = match stamp {
            Performed::Written(stamp) => Some(stamp),
            Performed::Removed => None,
            Performed::Refused => {
                self.lookout.suspect(path.clone());
                return Ok(Done::Edited);
            }
        };
        self.stamps.wrote(path.clone(), stamp);
        Ok(Done::Written)
    }

    /// The changed rows files to which nothing may be added: the file is of an older version, its end
    /// is torn, or it is shorter than the journal says. A line that a crash tears would stand where
    /// it is taken for a fault of somebody else's.
    fn rows_to_write_anew(&self, lengths: &[(String, u64)]) -> Result<HashSet<ModelId>> {
        let mut anew = locked(&self.torn).clone();
        let state = self.state();
        let changed = |model: &&ModelId| state.dirty.rows.contains_key(*model);
        anew.extend(state.outdated.iter().filter(changed));
        for place in state.layout.rows().iter().filter(|place| changed(&&place.model)) {
            let known = lengths.iter().find(|(path, _)| *path == place.path.as_str());
            let least = known.map_or(0, |(_, len)| *len);
            match self.disk.stamp(&place.path) {
                Ok(stamp) if stamp.map_or(0, |stamp| stamp.len) >= least => {}
                Ok(_) => drop(anew.insert(place.model)),
                // Who writes it is told.
                Err(error) if error.is_of_content() => {}
                Err(error) => return Err(error),
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
