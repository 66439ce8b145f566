//! The locks that processes share, and how long one waits for them.
//!
//! `commit` is held by whoever appends to the journal, for microseconds; `files` by whoever
//! writes the files that people see; `open` is shared by all who have the store open. Whoever
//! takes both takes `files` first.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::disk::{Disk, Lock, LockKind, SafePath};
use crate::error::{Code, Error, Result};

use crate::engine::core::{Engine, word};

/// Waiting for the commit lock, look again this often.
const COMMIT_PAUSE: Duration = Duration::from_micros(100);
/// Waiting for the files lock, look again this often.
const FILES_PAUSE: Duration = Duration::from_millis(1);
/// Somebody who looked so lately still waits.
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

/// Takes a lock alone, looking every `pause`.
pub(crate) fn wait_for(
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

/// Takes the lock on the files while a store is being opened.
pub(crate) fn files_at_open(disk: &dyn Disk, timeout: Duration) -> Result<Box<dyn Lock>> {
    wait_for(disk, &files_path(), timeout, FILES_PAUSE, &|| {})
}

/// Takes the lock on the journal while a store is being opened.
pub(crate) fn commit_at_open(disk: &dyn Disk, timeout: Duration) -> Result<Box<dyn Lock>> {
    wait_for(disk, &commit_path(), timeout, COMMIT_PAUSE, &|| {})
}

impl Engine {
    /// Takes the lock on the journal.
    pub(crate) fn lock_commit(&self) -> Result<Box<dyn Lock>> {
        let wanted = || self.words.store(word::WANTED, now_us());
        let timeout = self.settings.lock_timeout;
        wait_for(&*self.disk, &commit_path(), timeout, COMMIT_PAUSE, &wanted)
    }

    /// Releases the lock on the journal, and lets another process have it first.
    pub(crate) fn unlock_commit(&self, lock: Box<dyn Lock>) {
        drop(lock);
        if now_us().saturating_sub(self.words.load(word::WANTED)) < STILL_WANTED_US {
            std::thread::sleep(COMMIT_PAUSE * 2);
        }
    }

    /// Takes the lock on the files.
    pub(crate) fn lock_files(&self) -> Result<Box<dyn Lock>> {
        files_at_open(&*self.disk, self.settings.lock_timeout)
    }
}
