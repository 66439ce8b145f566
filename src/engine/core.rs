//! One open store: what its threads share.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use hashbrown::HashSet;

use crate::catalogue::{Declaration, Migrations, ModelId};
use crate::crypto::Costs;
use crate::disk::{Disk, Lock, SharedWords};
use crate::error::{Code, Error, Result};
use crate::legacy::Older;

use crate::engine::clock::Clock;
use crate::engine::commit::Listeners;
use crate::engine::commit::Queue;
use crate::engine::edits::LogMarks;
use crate::engine::edits::Stamps;
use crate::engine::journal::Tail;
use crate::engine::keys::Keys;
use crate::engine::logs::{LogCache, Source};
use crate::engine::memory::State;
use crate::engine::txn::{Context, View};

/// What the words that all processes share mean.
pub(crate) mod word {
    /// The position up to which the journal is committed.
    pub(crate) const COMMITTED: usize = 0;
    /// The base of the current segment plus one; 0 when there is none.
    pub(crate) const BASE: usize = 1;
    /// The position up to which the files show everything.
    pub(crate) const FLUSHED: usize = 2;
    /// When somebody last waited for the commit lock, in microseconds.
    pub(crate) const WANTED: usize = 3;
    /// Not 0 after a failed sync of the journal: nobody may write any more.
    pub(crate) const POISONED: usize = 4;
    /// What the holder of the commit lock is in the middle of.
    pub(crate) const BUSY: usize = 5;
    /// The position up to which the journal was synced: no file may show more than that.
    pub(crate) const DURABLE: usize = 6;
    /// What the files of many records looked like when they were last read or written.
    pub(crate) const FILES: usize = 7;
    /// How often somebody has found those files edited by hand.
    pub(crate) const EDITS: usize = 8;
}

/// What the holder of the commit lock is in the middle of, for whoever finds it dead.
pub(crate) mod busy {
    pub(crate) const IDLE: u64 = 0;
    pub(crate) const APPENDING: u64 = 1;
    pub(crate) const SWITCHING: u64 = 2;
}

/// How a store behaves.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    /// Does a commit wait until it is durable?
    pub(crate) strict: bool,
    pub(crate) max_record_bytes: usize,
    pub(crate) lock_timeout: Duration,
    pub(crate) transaction_timeout: Duration,
    /// What new passphrases are derived with.
    pub(crate) costs: Costs,
    pub(crate) held_clock: Option<i64>,
    pub(crate) migrations: Migrations,
}

/// One open store.
pub(crate) struct Engine {
    pub(crate) disk: Arc<dyn Disk>,
    /// The same disk, which may show an older folder as ours.
    pub(crate) older: Arc<Older>,
    pub(crate) settings: Settings,
    state: RwLock<State>,
    tail: Mutex<Option<Tail>>,
    /// What this process declares besides the built-in models.
    pub(crate) declared: Mutex<Declaration>,
    /// What the folder has, by whichever process.
    pub(crate) joined: Mutex<Declaration>,
    /// Has another process declared something since the state was loaded?
    pub(crate) declarations_outdated: AtomicBool,
    /// The position in the journal that the state stands at.
    pub(crate) position: AtomicU64,
    /// The word `BASE` as the tail has it.
    pub(crate) known_base: AtomicU64,
    pub(crate) words: Box<dyn SharedWords>,
    /// The word `EDITS` when this process last read the files.
    pub(crate) known_edits: AtomicU64,
    pub(crate) logs: LogCache,
    pub(crate) stamps: Stamps,
    pub(crate) clock: Clock,
    pub(crate) keys: Keys,
    pub(crate) queue: Queue,
    pub(crate) listeners: Listeners,
    /// Rows files with a torn end, to be written anew.
    pub(crate) torn: Mutex<HashSet<ModelId>>,
    /// Held as long as the store is open, shared with other processes.
    pub(crate) presence: Mutex<Option<Box<dyn Lock>>>,
    /// Why nothing may be written any more.
    pub(crate) poisoned: Mutex<Option<Error>>,
    /// The logs as they were when they were last counted.
    pub(crate) counted: LogMarks,
    pub(crate) last_flush_error: Mutex<Option<Error>>,
    /// Do the files follow only when they are asked for?
    pub(crate) files_held: AtomicBool,
}

/// Locks a mutex whose data stays whole even when a holder panicked.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Engine {
    /// An engine over a state that was just loaded.
    pub(crate) fn new(
        disk: Arc<Older>,
        settings: Settings,
        state: State,
        words: Box<dyn SharedWords>,
        declared: Declaration,
    ) -> Engine {
        Engine {
            disk: Arc::<Older>::clone(&disk),
            older: disk,
            settings,
            state: RwLock::new(state),
            tail: Mutex::new(None),
            declared: Mutex::new(declared),
            joined: Mutex::default(),
            declarations_outdated: AtomicBool::new(false),
            position: AtomicU64::new(0),
            known_base: AtomicU64::new(0),
            words,
            known_edits: AtomicU64::new(0),
            logs: LogCache::new(settings.migrations),
            stamps: Stamps::default(),
            keys: Keys::new(settings.costs),
            clock: Clock::held_at(settings.held_clock),
            queue: Queue::default(),
            listeners: Listeners::default(),
            torn: Mutex::default(),
            presence: Mutex::new(None),
            poisoned: Mutex::new(None),
            counted: LogMarks::default(),
            last_flush_error: Mutex::new(None),
            files_held: AtomicBool::new(false),
        }
    }

    /// The state, to be read.
    pub(crate) fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state, to be changed.
    pub(crate) fn state_mut(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The tail of the journal, where there is one.
    pub(crate) fn tail(&self) -> MutexGuard<'_, Option<Tail>> {
        locked(&self.tail)
    }

    /// The position in the journal that the state stands at.
    pub(crate) fn position(&self) -> u64 {
        self.position.load(Ordering::Acquire)
    }

    /// What a look at the state needs besides it.
    pub(crate) fn context<'a>(&'a self, now: &'a str) -> Context<'a> {
        Context {
            disk: &*self.disk,
            logs: &self.logs,
            stamps: &self.stamps,
            counted: &self.counted,
            keys: &self.keys,
            now,
            max_record_bytes: self.settings.max_record_bytes,
        }
    }

    /// Fails when nothing may be written any more.
    pub(crate) fn check_health(&self) -> Result<()> {
        if let Some(error) = locked(&self.poisoned).as_ref() {
            return Err(error.clone());
        }
        if self.words.load(word::POISONED) != 0 {
            return Err(poisoned_error("another process failed to make its changes durable"));
        }
        Ok(())
    }

    /// Refuses every write from now on: a sync has failed, and a later one may claim a success
    /// that this one has lost.
    pub(crate) fn poison(&self, cause: &Error) -> Error {
        self.words.store(word::POISONED, 1);
        let error = poisoned_error(cause.message());
        *locked(&self.poisoned) = Some(error.clone());
        error
    }

    /// Refuses writes to a folder that cannot be written.
    pub(crate) fn become_read_only(&self, cause: &Error) {
        let message = format!("the data folder is open for reading only: {}", cause.message());
        *locked(&self.poisoned) = Some(Error::new(Code::ReadOnly, message));
    }

    /// Reads from the state; `None` when the answer needs the disk and may not use it.
    pub(crate) fn read<T>(
        &self,
        source: Source,
        read: impl Fn(&View<'_>) -> Result<T>,
    ) -> Option<Result<T>> {
        for _ in 0..8 {
            let base = self.words.load(word::BASE);
            if self.has_news() {
                match self.catch_up(source) {
                    Ok(true) => {}
                    Ok(false) => return None,
                    Err(error) => return Some(Err(error)),
                }
            }
            let now = self.clock.now();
            let state = self.state();
            let view = View::new(&state, None, self.context(&now), source);
            let answer = read(&view);
            let gave_up = answer.is_err() && view.needs_disk();
            let suspects = view.take_suspects();
            drop(state);
            if gave_up && source == Source::Memory {
                return None;
            }
            if !suspects.is_empty() {
                if let Err(error) = self.adopt(suspects) {
                    return Some(Err(error));
                }
                continue;
            }
            // A log may have been rewritten between our look at the journal and at its file, or
            // somebody is adding to it what we do not know of yet.
            let half = answer.is_err() && self.has_news();
            if source == Source::Disk && (half || self.words.load(word::BASE) != base) {
                continue;
            }
            return Some(answer);
        }
        Some(Err(Error::new(
            Code::Locked,
            "the data changed too often while it was read; try again",
        )))
    }
}

fn poisoned_error(cause: &str) -> Error {
    let message = format!(
        "the store takes no more changes since {cause}; close it and open it anew, and look at the disk"
    );
    Error::new(Code::Io, message)
}
