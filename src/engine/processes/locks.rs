//! The locks that processes share, and how long one waits for them.
//!
//! `commit` is held by whoever appends to the journal, for microseconds; `files` by whoever
//! writes the files that people see; `open` is shared by all who have the store open. Whoever
//! takes both takes `files` first: a function that needs a lock asks for the proof of it, and the
//! proof of both is made from that of `files`.

use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::disk::{Disk, Lock, SafePath, SharedWords};
use crate::error::{Code, Error, Result};

use super::shared_memory::word;

/// Waiting for the commit lock, look again this often.
const COMMIT_PAUSE: Duration = Duration::from_micros(100);
/// Waiting for the files lock, look again this often.
const FILES_PAUSE: Duration = Duration::from_millis(1);
/// So long may a transaction take that is at its end, to make durable what it has changed.
const END_OF_TRANSACTION: Duration = Duration::from_secs(1);
/// A process that looked so lately still waits.
const STILL_WANTED_US: u64 = 2_000;

/// A path that is checked once: each commit needs one.
type Constant = LazyLock<SafePath>;

fn constant(path: &str) -> SafePath {
    SafePath::new(path).expect("a constant that is a safe path")
}

/// The folder of locks and derived indexes.
pub(crate) fn cache_folder() -> SafePath {
    constant("cache")
}

pub(crate) fn commit_path() -> SafePath {
    static PATH: Constant = LazyLock::new(|| constant("cache/commit.lock"));
    PATH.clone()
}

pub(crate) fn files_path() -> SafePath {
    static PATH: Constant = LazyLock::new(|| constant("cache/files.lock"));
    PATH.clone()
}

pub(crate) fn open_path() -> SafePath {
    constant("cache/open.lock")
}

pub(crate) fn words_path() -> SafePath {
    constant("cache/words")
}

/// The error of a process whose words are no longer those that it has opened.
pub(crate) fn words_lost() -> Error {
    let path = words_path();
    let message = format!(
        "{path}, by which the processes that have this folder open hear of each other, was cut or \
         written over meanwhile; close the store in all of them, then open it: nothing that was \
         committed is lost"
    );
    Error::new(Code::Io, message).path(path.as_str())
}

fn now_us() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(elapsed.as_micros()).unwrap_or(0)
}

/// One of the locks that processes wait for, and how.
struct Awaited<'a> {
    path: SafePath,
    /// Looked at this often.
    pause: Duration,
    /// The word that says which process holds it.
    holder: usize,
    words: &'a dyn SharedWords,
}

impl<'a> Awaited<'a> {
    fn files(words: &'a dyn SharedWords) -> Awaited<'a> {
        Awaited { path: files_path(), pause: FILES_PAUSE, holder: word::FILES_HOLDER, words }
    }

    fn commit(words: &'a dyn SharedWords) -> Awaited<'a> {
        Awaited { path: commit_path(), pause: COMMIT_PAUSE, holder: word::COMMIT_HOLDER, words }
    }

    /// Takes the lock alone, if nobody holds it.
    fn try_take(&self, disk: &dyn Disk) -> Result<Option<Box<dyn Lock>>> {
        let lock = disk.try_lock_again(&self.path)?;
        if lock.is_some() {
            self.words.store(self.holder, u64::from(std::process::id()));
            // What a holder has left who died in a transaction.
            if self.holder == word::COMMIT_HOLDER && self.words.load(word::TRANSACTION_LIMIT) != 0 {
                self.words.store(word::TRANSACTION_LIMIT, 0);
            }
        }
        Ok(lock)
    }

    /// Takes the lock alone; `waiting` is called before each pause.
    fn take(
        &self,
        disk: &dyn Disk,
        timeout: Duration,
        waiting: &dyn Fn(),
    ) -> Result<Box<dyn Lock>> {
        let start = Instant::now();
        let mut transaction = Transaction::under_way(self.words);
        loop {
            if let Some(lock) = self.try_take(disk)? {
                return Ok(lock);
            }
            let holder = self.words.load(self.holder);
            if start.elapsed() >= timeout {
                return Err(held_too_long(&self.path, timeout, holder));
            }
            if self.holder == word::COMMIT_HOLDER {
                transaction = transaction.look_again(self.words);
                transaction.check(&self.path, holder)?;
            }
            waiting();
            std::thread::sleep(self.pause);
        }
    }
}

/// The transaction that others wait for, as far as they can see. It ends itself at its limit, so one
/// that holds the lock for longer is of a process that is stopped or hangs: nobody need wait on.
#[derive(Clone, Copy)]
struct Transaction {
    number: u64,
    limit: Duration,
    seen: Instant,
}

impl Transaction {
    fn under_way(words: &dyn SharedWords) -> Transaction {
        let limit = Duration::from_millis(words.load(word::TRANSACTION_LIMIT));
        Transaction { number: words.load(word::TRANSACTIONS), limit, seen: Instant::now() }
    }

    fn look_again(self, words: &dyn SharedWords) -> Transaction {
        let now = Transaction::under_way(words);
        let is_same = (now.number, now.limit) == (self.number, self.limit);
        if is_same { self } else { now }
    }

    fn check(&self, path: &SafePath, holder: u64) -> Result<()> {
        if self.limit.is_zero() || self.seen.elapsed() < self.limit + END_OF_TRANSACTION {
            return Ok(());
        }
        let message = format!(
            "process {holder} has held {path} beyond the {} ms that its transaction may take: it is stopped \
             or hangs; let it go on or end it",
            self.limit.as_millis()
        );
        Err(Error::new(Code::Locked, message).path(path.as_str()))
    }
}

/// Proof that this thread holds the lock on the files that people see.
pub(crate) struct FilesLock {
    _lock: Box<dyn Lock>,
}

impl FilesLock {
    /// Waits for the lock, at most so long.
    ///
    /// # Errors
    /// `LOCKED` when another process holds it for longer; those of the disk.
    pub(crate) fn take(
        disk: &dyn Disk,
        words: &dyn SharedWords,
        timeout: Duration,
    ) -> Result<FilesLock> {
        let lock = Awaited::files(words).take(disk, timeout, &|| {})?;
        Ok(FilesLock { _lock: lock })
    }

    /// Takes the lock on the journal as well. There is no way from that one to this one, so two
    /// threads never wait for each other.
    ///
    /// # Errors
    /// As for [`CommitLock::take`].
    pub(crate) fn and_commit<'a>(
        self,
        disk: &dyn Disk,
        words: &'a dyn SharedWords,
        timeout: Duration,
    ) -> Result<BothLocks<'a>> {
        Ok(BothLocks { commit: CommitLock::take(disk, words, timeout)?, files: self })
    }
}

/// Proof that this thread holds the lock on the journal.
pub(crate) struct CommitLock<'a> {
    /// Always there until this is dropped.
    lock: Option<Box<dyn Lock>>,
    words: &'a dyn SharedWords,
}

impl<'a> CommitLock<'a> {
    /// Waits for the lock, at most so long, and lets its holder know.
    ///
    /// # Errors
    /// `LOCKED` when another process holds it for longer; those of the disk.
    pub(crate) fn take(
        disk: &dyn Disk,
        words: &'a dyn SharedWords,
        timeout: Duration,
    ) -> Result<CommitLock<'a>> {
        let wanted = || words.store(word::WANTED, now_us());
        let lock = Awaited::commit(words).take(disk, timeout, &wanted)?;
        Ok(CommitLock { lock: Some(lock), words })
    }

    /// Takes the lock when nobody holds it.
    ///
    /// # Errors
    /// Those of the disk.
    pub(crate) fn try_take(
        disk: &dyn Disk,
        words: &'a dyn SharedWords,
    ) -> Result<Option<CommitLock<'a>>> {
        let lock = Awaited::commit(words).try_take(disk)?;
        Ok(lock.map(|lock| CommitLock { lock: Some(lock), words }))
    }
}

/// Does somebody wait for the lock on the journal, for whom its holder steps back?
pub(crate) fn is_commit_wanted(words: &dyn SharedWords) -> bool {
    now_us().saturating_sub(words.load(word::WANTED)) < STILL_WANTED_US
}

impl CommitLock<'_> {
    /// The lock is held for a transaction from now on, which may take so long.
    pub(crate) fn begin_transaction(&self, limit: Duration) {
        let limit = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
        self.words.increment(word::TRANSACTIONS);
        self.words.store(word::TRANSACTION_LIMIT, limit);
    }
}

impl Drop for CommitLock<'_> {
    fn drop(&mut self) {
        if self.words.load(word::TRANSACTION_LIMIT) != 0 {
            self.words.store(word::TRANSACTION_LIMIT, 0);
        }
        drop(self.lock.take());
        // A thread that takes the lock again at once would win it every time, for whoever waits only
        // looks now and then.
        if is_commit_wanted(self.words) {
            std::thread::sleep(COMMIT_PAUSE * 2);
        }
    }
}

/// Proof that this thread holds both locks, the one on the files having been taken first.
pub(crate) struct BothLocks<'a> {
    commit: CommitLock<'a>,
    files: FilesLock,
}

impl<'a> BothLocks<'a> {
    pub(crate) fn files(&self) -> &FilesLock {
        &self.files
    }

    pub(crate) fn commit(&self) -> &CommitLock<'a> {
        &self.commit
    }

    /// Lets go of the journal.
    pub(crate) fn into_files(self) -> FilesLock {
        self.files
    }
}

fn held_too_long(path: &SafePath, timeout: Duration, holder: u64) -> Error {
    let (who, which) = match holder {
        0 => ("another process".to_owned(), "it"),
        id if id == u64::from(std::process::id()) => (format!("this process ({id}) itself"), "it"),
        id => (format!("process {id}"), "that process"),
    };
    let message = format!(
        "{who} has held {path} for more than {} ms; see whether {which} is stopped or hangs in a \
         transaction, and let it go on or end it (lockTimeout says how long calls wait)",
        timeout.as_millis()
    );
    Error::new(Code::Locked, message).path(path.as_str())
}
