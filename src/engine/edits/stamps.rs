//! What the files looked like when the store last read or wrote them, so that an edit by hand is told
//! from the store's own work.
//!
//! Each process knows the files that it has read or written itself. Who writes a file also leaves a
//! mark of its new state in the shared memory, where the others find that it was no edit. Marks are a
//! hint: a later one may have taken the place. A file without a mark is read, and says what it has
//! always said.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use hashbrown::HashMap;

use crate::disk::{Disk, SafePath, SharedWords, Stamp};
use crate::error::{Code, Result};
use crate::sync::locked;

use crate::engine::processes::shared_memory::word;

/// A file that cannot be opened is tried again after so long: what keeps it shut may be nothing
/// that its state shows.
const RETRY: Duration = Duration::from_millis(500);

/// What is known of a file.
#[derive(Debug, Clone, Copy)]
enum Known {
    At(Stamp),
    /// It could not be opened: when, unless it is to be tried again at once.
    Shut(Option<Instant>),
}

/// The last known states of files.
pub(crate) struct Stamps {
    known: Mutex<HashMap<SafePath, Known>>,
    words: Arc<dyn SharedWords>,
    /// The word `EDITS` when this process last looked at all files.
    known_edits: AtomicU64,
}

impl Stamps {
    /// Nothing is known yet; the words are those of all processes.
    pub(crate) fn new(words: Arc<dyn SharedWords>) -> Stamps {
        Stamps { known: Mutex::default(), words, known_edits: AtomicU64::new(0) }
    }

    fn map(&self) -> MutexGuard<'_, HashMap<SafePath, Known>> {
        locked(&self.known)
    }

    /// Is the file as the store last read or wrote it, in whichever process?
    ///
    /// # Errors
    /// Those of the disk.
    pub(crate) fn are_of(&self, disk: &dyn Disk, path: &SafePath) -> Result<bool> {
        let known = self.map().get(path).copied();
        match known {
            // Whatever its state is now: what was said of it was that it cannot be read.
            Some(Known::Shut(since)) => {
                return Ok(since.is_some_and(|since| since.elapsed() < RETRY));
            }
            Some(Known::At(known)) if is_in_state(disk, path, &known)? => return Ok(true),
            _ => {}
        }
        let now = match disk.stamp(path) {
            // A link or a folder has its place.
            Err(error) if error.code() == Code::Corrupt => return Ok(false),
            other => other?,
        };
        if now.is_none() && known.is_none() {
            return Ok(true);
        }
        let is_ours = !self.has_news() && self.is_marked(path, now);
        if is_ours {
            self.know(path.clone(), now);
        }
        Ok(is_ours)
    }

    /// The last known state of a file; none where there was none, or nobody looked.
    pub(crate) fn known(&self, path: &SafePath) -> Option<Stamp> {
        match self.map().get(path) {
            Some(Known::At(stamp)) => Some(*stamp),
            _ => None,
        }
    }

    /// The files of which something is known, some of them.
    pub(crate) fn paths_where(&self, wanted: impl Fn(&SafePath) -> bool) -> Vec<SafePath> {
        self.map().keys().filter(|path| wanted(path)).cloned().collect()
    }

    /// Remembers the state in which a file was read, or that there is none.
    pub(crate) fn know(&self, path: SafePath, stamp: Option<Stamp>) {
        match stamp {
            Some(stamp) => drop(self.map().insert(path, Known::At(stamp))),
            None => drop(self.map().remove(&path)),
        }
    }

    /// Is it known that a file cannot be opened?
    pub(crate) fn is_known_shut(&self, path: &SafePath) -> bool {
        matches!(self.map().get(path), Some(Known::Shut(_)))
    }

    /// A file could not be opened.
    pub(crate) fn is_shut(&self, path: SafePath) {
        self.map().insert(path, Known::Shut(Some(Instant::now())));
    }

    /// Files that could not be opened are tried again at once.
    pub(crate) fn doubt_shut(&self) {
        for known in self.map().values_mut() {
            if let Known::Shut(since) = known {
                *since = None;
            }
        }
    }

    /// Forgets the state of a file, so that it is looked at again.
    pub(crate) fn doubt(&self, path: &SafePath) {
        let never = Stamp { len: u64::MAX, modified_ns: 0, file_number: 0 };
        self.map().insert(path.clone(), Known::At(never));
    }

    /// The store has brought a file into this state, and all processes know it.
    pub(crate) fn wrote(&self, path: SafePath, stamp: Option<Stamp>) {
        let (slot, mark) = mark_of(&path, stamp);
        self.words.store(slot, mark);
        self.know(path, stamp);
    }

    fn is_marked(&self, path: &SafePath, stamp: Option<Stamp>) -> bool {
        let (slot, mark) = mark_of(path, stamp);
        self.words.load(slot) == mark
    }

    /// All files were read anew: forgets everything else but the logs, which were not.
    pub(crate) fn replace(&self, stamps: HashMap<SafePath, Stamp>) {
        let mut map = self.map();
        map.retain(|path, _| path.file_name().ends_with(".jsonl"));
        map.extend(stamps.into_iter().map(|(path, stamp)| (path, Known::At(stamp))));
    }

    /// Has somebody found in a file what does not travel through the journal: that it cannot be
    /// read, or keys that nobody declared? Then no mark tells what this process knows of it.
    pub(crate) fn has_news(&self) -> bool {
        self.words.load(word::EDITS) != self.known_edits.load(Ordering::Acquire)
    }

    /// Tells the others that there is such news.
    pub(crate) fn tell_news(&self) {
        self.words.increment(word::EDITS);
    }

    /// This process has just looked at all files; `upto` is the word as it was before.
    pub(crate) fn know_news(&self, upto: u64) {
        self.known_edits.store(upto, Ordering::Release);
    }
}

/// Is a file in a state? What is no file is in none.
fn is_in_state(disk: &dyn Disk, path: &SafePath, stamp: &Stamp) -> Result<bool> {
    match disk.is_in_state(path, stamp) {
        Err(error) if error.code() == Code::Corrupt => Ok(false),
        other => other,
    }
}

/// Where the mark of a file stands, and what it is in a state: the same in every process.
fn mark_of(path: &SafePath, stamp: Option<Stamp>) -> (usize, u64) {
    let place = fnv(path.as_str().bytes());
    let slots = word::MARK - word::STAMPS;
    let state =
        stamp.map_or([0; 4], |stamp| [1, stamp.len, stamp.modified_ns as u64, stamp.file_number]);
    let bytes = state.iter().flat_map(|number| number.to_le_bytes());
    let mark = fnv(place.to_le_bytes().into_iter().chain(bytes));
    (word::STAMPS + (place % slots as u64) as usize, mark)
}

/// The hash of Fowler, Noll and Vo.
fn fnv(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    })
}
