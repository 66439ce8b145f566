//! The locks that processes share, and how long one waits for them.
//!
//! `commit` is held by whoever appends to the journal, for microseconds; `files` by whoever
//! writes the files that people see; `open` is shared by all who have the store open. Whoever
//! takes both takes `files` first: a function that needs a lock asks for the proof of it, and the
//! proof of both is made from that of `files`.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::disk::{Disk, Lock, LockKind, SafePath, SharedWords};
use crate::error::{Code, Error, Result};

use super::shared_memory::word;

/// Waiting for the commit lock, look again this often.
const COMMIT_PAUSE: Duration = Duration::from_micros(100);
/// Waiting for the files lock, look again this often.
const FILES_PAUSE: Duration = Duration::from_millis(1);
/// A process that looked so lately still waits.
const STILL_WANTED_US: u64 = 2_000;

/// The folder of locks and derived indexes.
pub(crate) fn cache_folder() -> SafePath {
    SafePath::new("cache").expect("a constant that is a safe path")
}

fn path(name: &str) -> SafePath {
    cache_folder().join(name).expect("a constant that is a safe path")
}

pub(crate) fn commit_path() -> SafePath {
    path("commit.lock")
}

pub(crate) fn files_path() -> SafePath {
    path("files.lock")
}

pub(crate) fn open_path() -> SafePath {
    path("open.lock")
}

pub(crate) fn words_path() -> SafePath {
    path("words")
}

fn now_us() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(elapsed.as_micros()).unwrap_or(0)
}

/// Takes a lock alone, looking every `pause`; `waiting` is called before each pause.
fn wait_for(
    disk: &dyn Disk,
    path: &SafePath,
    timeout: Duration,
    pause: Duration,
    waiting: &dyn Fn(),
) -> Result<Box<dyn Lock>> {
    let start = Instant::now();
    loop {
        if let Some(lock) = disk.try_lock(path, LockKind::Exclusive)? {
            return Ok(lock);
        }
        if start.elapsed() >= timeout {
            let message = format!(
                "another process has held {path} for more than {} ms; see which process has the folder open",
                timeout.as_millis()
            );
            return Err(Error::new(Code::Locked, message).path(path.as_str()));
        }
        waiting();
        std::thread::sleep(pause);
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
    pub(crate) fn take(disk: &dyn Disk, timeout: Duration) -> Result<FilesLock> {
        let lock = wait_for(disk, &files_path(), timeout, FILES_PAUSE, &|| {})?;
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
        let lock = wait_for(disk, &commit_path(), timeout, COMMIT_PAUSE, &wanted)?;
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
        let lock = disk.try_lock(&commit_path(), LockKind::Exclusive)?;
        Ok(lock.map(|lock| CommitLock { lock: Some(lock), words }))
    }
}

impl Drop for CommitLock<'_> {
    fn drop(&mut self) {
        drop(self.lock.take());
        // A thread that takes the lock again at once would win it every time, for whoever waits only
        // looks now and then.
        if now_us().saturating_sub(self.words.load(word::WANTED)) < STILL_WANTED_US {
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
}
