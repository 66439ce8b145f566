//! One open store: what its threads share.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use hashbrown::HashSet;

use crate::catalogue::{Declaration, Migrations, ModelId};
use crate::crypto::Costs;
use crate::disk::{Disk, Lock, SharedWords};
use crate::error::{Code, Error, Result};
use crate::legacy::Older;
use crate::sync::{self, locked};

use crate::engine::clock::Clock;
use crate::engine::commit::Listeners;
use crate::engine::commit::Queue;
use crate::engine::committed::{Committed, Models};
use crate::engine::edits::{LogMarks, Lookout, Stamps};
use crate::engine::files::Keeper;
use crate::engine::fingerprint::Fingerprint;
use crate::engine::folder::{Files, Folder};
use crate::engine::journal::Tail;
use crate::engine::keys::Keys;
use crate::engine::logs::{LogCache, Source};
use crate::engine::memory::State;
use crate::engine::processes::locks::words_lost;
use crate::engine::processes::locks::{BothLocks, CommitLock, FilesLock};
use crate::engine::processes::shared_memory::{MOST_POSITION, word};
use crate::engine::txn::{Base, Context, View};

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
    /// What this process has declared in addition to whatever the folder has.
    pub(crate) added: Mutex<Declaration>,
    /// What the folder has, by whichever process.
    pub(crate) joined: Mutex<Declaration>,
    /// Has another process declared something since the state was loaded?
    pub(crate) declarations_outdated: AtomicBool,
    /// The position in the journal that the state stands at.
    pub(crate) position: AtomicU64,
    /// The word `BASE` as the tail has it.
    pub(crate) known_base: AtomicU64,
    pub(crate) words: Arc<dyn SharedWords>,
    /// The word `MARK` as it was when the store was opened.
    pub(crate) known_mark: AtomicU64,
    pub(crate) logs: LogCache,
    /// Held by whoever reads the logs to learn which rows they have.
    pub(crate) learning: Mutex<()>,
    pub(crate) stamps: Stamps,
    pub(crate) lookout: Lookout,
    pub(crate) keeper: Keeper,
    /// Who hears what the owner of the folder should know.
    pub(crate) warnings: Listeners,
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
    pub(crate) files_held: Mutex<bool>,
}

impl Engine {
    /// An engine over a state that was just loaded.
    pub(crate) fn new(
        disk: Arc<Older>,
        settings: Settings,
        state: State,
        words: Arc<dyn SharedWords>,
        declared: Declaration,
    ) -> Engine {
        let (lookout, stamps) = (Lookout::over(&*disk), Stamps::new(Arc::clone(&words)));
        Engine {
            disk: Arc::<Older>::clone(&disk),
            older: disk,
            settings,
            state: RwLock::new(state),
            tail: Mutex::new(None),
            declared: Mutex::new(declared),
            added: Mutex::default(),
            joined: Mutex::default(),
            declarations_outdated: AtomicBool::new(false),
            position: AtomicU64::new(0),
            known_base: AtomicU64::new(0),
            words,
            known_mark: AtomicU64::new(0),
            logs: LogCache::new(settings.max_record_bytes),
            learning: Mutex::new(()),
            stamps,
            lookout,
            keeper: Keeper::default(),
            warnings: Listeners::default(),
            keys: Keys::new(settings.costs),
            clock: Clock::held_at(settings.held_clock),
            queue: Queue::default(),
            listeners: Listeners::default(),
            torn: Mutex::default(),
            presence: Mutex::new(None),
            poisoned: Mutex::new(None),
            counted: LogMarks::default(),
            last_flush_error: Mutex::new(None),
            files_held: Mutex::default(),
        }
    }

    /// The state, to be read.
    pub(crate) fn state(&self) -> RwLockReadGuard<'_, State> {
        sync::read(&self.state)
    }

    /// The state, to be read by a thread that must not wait for the disk; `None` when somebody changes
    /// it for long.
    pub(crate) fn state_for(&self, source: Source) -> Option<RwLockReadGuard<'_, State>> {
        match source {
            Source::Memory => sync::read_soon(&self.state),
            Source::Disk => Some(self.state()),
        }
    }

    /// The state, to be changed.
    pub(crate) fn state_mut(&self) -> RwLockWriteGuard<'_, State> {
        sync::write(&self.state)
    }

    /// The same; `None` when somebody reads it for long.
    pub(crate) fn state_mut_soon(&self) -> Option<RwLockWriteGuard<'_, State>> {
        sync::write_soon(&self.state)
    }

    /// The tail of the journal, where there is one.
    pub(crate) fn tail(&self) -> MutexGuard<'_, Option<Tail>> {
        locked(&self.tail)
    }

    /// The same; `None` when somebody holds it for long and `source` does not let one wait.
    pub(crate) fn tail_for(&self, source: Source) -> Option<MutexGuard<'_, Option<Tail>>> {
        match source {
            Source::Memory => sync::locked_soon(&self.tail),
            Source::Disk => Some(self.tail()),
        }
    }

    /// The position in the journal that the state stands at.
    pub(crate) fn position(&self) -> u64 {
        self.position.load(Ordering::Acquire)
    }

    /// What a call needs besides records.
    pub(crate) fn context<'a>(&'a self, now: &'a str) -> Context<'a> {
        Context { keys: &self.keys, now, max_record_bytes: self.settings.max_record_bytes }
    }

    /// What a look at the state needs besides it.
    pub(crate) fn files(&self) -> Files<'_> {
        Files {
            disk: &*self.disk,
            logs: &self.logs,
            stamps: &self.stamps,
            lookout: &self.lookout,
            counted: &self.counted,
        }
    }

    /// Takes the lock on the files.
    ///
    /// # Errors
    /// `LOCKED` when another process holds it for too long; those of the disk.
    pub(crate) fn lock_files(&self) -> Result<FilesLock> {
        FilesLock::take(&*self.disk, &*self.words, self.settings.lock_timeout)
    }

    /// Takes the lock on the journal.
    ///
    /// # Errors
    /// As for [`Engine::lock_files`].
    pub(crate) fn lock_commit(&self) -> Result<CommitLock<'_>> {
        CommitLock::take(&*self.disk, &*self.words, self.settings.lock_timeout)
    }

    /// Takes the lock on the journal when nobody holds it.
    ///
    /// # Errors
    /// Those of the disk.
    pub(crate) fn try_lock_commit(&self) -> Result<Option<CommitLock<'_>>> {
        CommitLock::try_take(&*self.disk, &*self.words)
    }

    /// Takes the lock on the journal besides the one on the files.
    ///
    /// # Errors
    /// As for [`Engine::lock_files`].
    pub(crate) fn lock_commit_too(&self, files: FilesLock) -> Result<BothLocks<'_>> {
        files.and_commit(&*self.disk, &*self.words, self.settings.lock_timeout)
    }

    /// Takes both locks.
    ///
    /// # Errors
    /// As for [`Engine::lock_files`].
    pub(crate) fn lock_both(&self) -> Result<BothLocks<'_>> {
        self.lock_commit_too(self.lock_files()?)
    }

    /// Are the words those that this process has opened, and not of a file that was cut or written
    /// over meanwhile?
    pub(crate) fn are_words_intact(&self) -> bool {
        self.words.load(word::MARK) == self.known_mark.load(Ordering::Acquire)
            && word::POSITIONS.iter().all(|word| self.words.load(*word) <= MOST_POSITION)
    }

    /// Fails when the words no longer tell what other processes do.
    pub(crate) fn check_words(&self) -> Result<()> {
        if self.are_words_intact() { Ok(()) } else { Err(words_lost()) }
    }

    /// Fails when nothing may be written any more.
    pub(crate) fn check_health(&self) -> Result<()> {
        self.check_words()?;
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

    /// Can the folder not be written? Then no lock can be taken either.
    pub(crate) fn is_read_only(&self) -> bool {
        locked(&self.poisoned).as_ref().is_some_and(|error| error.code() == Code::ReadOnly)
    }

    /// The fingerprint of these models, as far as memory knows it without waiting; see [`Committed::fingerprint_of`].
    pub(crate) fn fingerprint_of(&self, models: Models) -> Option<Fingerprint> {
        if self.has_news() && !self.catch_up(Source::Memory).ok()? {
            return None;
        }
        let state = self.state_for(Source::Memory)?;
        Folder::to_read(&state, self.files(), Source::Memory).fingerprint_of(models)
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
            let state = self.state_for(source)?;
            let folder = Folder::to_read(&state, self.files(), source);
            let answer = read(&View::new(Base::from(&folder), None, self.context(&now)));
            let gave_up = answer.is_err() && folder.needs_disk();
            let (suspects, unread_logs) = (folder.take_suspects(), folder.unread_logs());
            drop(state);
            if gave_up && source == Source::Memory {
                return None;
            }
            if let Some(model) = unread_logs {
                self.learn_logs(model);
                continue;
            }
            if !suspects.is_empty() {
                if let Err(error) = self.adopt(&suspects) {
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
