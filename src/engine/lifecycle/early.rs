//! What a store can answer while it opens: what depends on short files alone, which are read before all others.
//!
//! It never tells of a fault, and never guesses: whatever needs another model, or the disk, or comes behind an edit
//! of any file, waits until everything is open. Meanwhile nobody commits, for whoever opens holds the locks; it is
//! taken back before these are let go.

use std::sync::Arc;

use hashbrown::HashMap;

use crate::disk::{SafePath, Stamp};
use crate::engine::core::Engine;
use crate::engine::files::{Loader, load_short, order};
use crate::engine::folder::Folder;
use crate::engine::logs::Source;
use crate::engine::memory::State;
use crate::engine::txn::{Base, View};
use crate::error::Result;

/// Files of so many bytes together are read and parsed in a few milliseconds.
const MOST_BYTES: u64 = 512 << 10;

/// The order of the records in folders is read as well up to this length, in bytes.
const LONGEST_ORDER: u64 = 64 << 10;

/// What a store can answer while it opens.
pub(crate) struct Early {
    engine: Arc<Engine>,
    state: State,
    /// How many edits the system had told of before the files were read, and what these were then.
    told: u64,
    stamps: HashMap<SafePath, Stamp>,
}

impl Early {
    /// Reads the short files of a folder whose journal is empty.
    pub(super) fn load(engine: &Arc<Engine>) -> Result<Early> {
        let mut state = {
            let empty = engine.state();
            State::new(Arc::clone(&empty.catalogue), Arc::clone(&empty.layout))
        };
        let told = engine.lookout.told();
        let mut loader = Loader::new(&*engine.disk, &[]);
        loader.known_order = order::load_short(&*engine.disk, &state.catalogue, LONGEST_ORDER)?;
        let known = load_short(&mut loader, &mut state, MOST_BYTES)?;
        state.know_only(known);
        let stamps = loader.stamps;
        Ok(Early { engine: Arc::clone(engine), state, told, stamps })
    }

    /// Has nobody edited a file since? Not every system tells of that at once, or at all.
    fn is_as_read(&self) -> bool {
        let mut files = self.stamps.iter();
        self.engine.lookout.told() == self.told
            && files.all(|(path, read)| self.engine.disk.stamp(path).ok().flatten() == Some(*read))
    }

    /// Answers from what was read; `None` when that does not tell the whole answer, or there is a fault.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&View<'_>) -> Result<T>) -> Option<T> {
        if !self.is_as_read() {
            return None;
        }
        let (now, misses) = (self.engine.clock.now(), self.state.misses());
        let folder = Folder::as_found(&self.state, self.engine.files(), Source::Memory);
        let context = self.engine.context(&now);
        let answer = read(&View::new(Base::from(&folder), None, context)).ok()?;
        (self.state.misses() == misses && !folder.needs_disk()).then_some(answer)
    }
}
