//! Watches folders: Linux.
//!
//! The kernel puts a change into the queue of an inotify instance while the change is being made,
//! so reading that queue before an answer is as good as looking at the files, and cheaper. No
//! thread waits for it: an idle store costs nothing.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};

use hashbrown::HashMap;
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::io::Errno;

use super::super::{Changed, SafePath, Watch};
use super::beneath::Root;
use super::{context, is_missing};
use crate::error::{Error, Result};

/// What is told of the files in a folder, and of the folder itself.
const TOLD: WatchFlags = WatchFlags::MODIFY
    .union(WatchFlags::CLOSE_WRITE)
    .union(WatchFlags::MOVED_FROM)
    .union(WatchFlags::MOVED_TO)
    .union(WatchFlags::DELETE)
    .union(WatchFlags::MOVE_SELF)
    .union(WatchFlags::ONLYDIR);

/// Room for some hundred changes; what does not fit is read in the next round.
const BUFFER: usize = 16 << 10;

/// Watched folders.
pub(super) struct InotifyWatch {
    root: Root,
    queue: OwnedFd,
    folders: Mutex<HashMap<i32, SafePath>>,
}

impl InotifyWatch {
    /// Watches nothing yet.
    pub(super) fn new(root: Root) -> io::Result<InotifyWatch> {
        let queue = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
        Ok(InotifyWatch { root, queue, folders: Mutex::default() })
    }

    fn folders(&self) -> MutexGuard<'_, HashMap<i32, SafePath>> {
        self.folders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add_folder(&self, dir: &SafePath) -> io::Result<()> {
        // By the open folder, so that no link on the way leads out of the data folder.
        let folder = self.root.folder(dir)?;
        let path = format!("/proc/self/fd/{}", folder.as_raw_fd());
        let number = inotify::add_watch(&self.queue, path, TOLD)?;
        self.folders().insert(number, dir.clone());
        Ok(())
    }

    fn change_of(&self, event: &inotify::Event<'_>) -> Option<Changed> {
        let flags = event.events();
        if flags.contains(ReadFlags::QUEUE_OVERFLOW) {
            return Some(Changed::Anything);
        }
        if flags.intersects(ReadFlags::MOVE_SELF | ReadFlags::IGNORED) {
            let folder = self.folders().remove(&event.wd())?;
            if flags.contains(ReadFlags::MOVE_SELF) {
                // It may have been removed since, which ends the watch as well.
                let _ = inotify::remove_watch(&self.queue, event.wd());
            }
            return Some(Changed::Folder(folder));
        }
        let name = event.file_name()?.to_str().ok()?;
        let folders = self.folders();
        // A name that is no safe path cannot be a file of the store.
        folders.get(&event.wd())?.join(name).ok().map(Changed::File)
    }
}

impl Watch for InotifyWatch {
    fn add(&self, dir: &SafePath) -> Result<bool> {
        match self.add_folder(dir) {
            Err(error) if is_missing(&error) => Ok(false),
            other => context("watch", dir, other).map(|()| true),
        }
    }

    fn changes(&self) -> Result<Vec<Changed>> {
        let mut changes = Vec::new();
        // Nearly always there is nothing, which this asks for less than a read takes.
        if rustix::io::ioctl_fionread(&self.queue).is_ok_and(|bytes| bytes == 0) {
            return Ok(changes);
        }
        let mut buffer = [MaybeUninit::<u8>::uninit(); BUFFER];
        let mut reader = inotify::Reader::new(&self.queue, &mut buffer);
        loop {
            match reader.next() {
                Ok(event) => {
                    let change = self.change_of(&event);
                    changes.extend(change.filter(|change| changes.last() != Some(change)));
                }
                Err(Errno::AGAIN) => return Ok(changes),
                Err(Errno::INTR) => {}
                Err(error) => return Err(Error::io("watch", "the data folder", &error.into())),
            }
        }
    }
}
