//! The rest of the thread that keeps the files.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Thread};
use std::time::Duration;

/// How long a change may wait before the files show it, and in the batched mode before it is
/// durable.
pub(super) const PAUSE: Duration = Duration::from_millis(30);
/// The thread looks so seldom while nothing happens: listeners hear so late of what other processes
/// commit then, but reads see it at once.
const IDLE_PAUSE: Duration = Duration::from_millis(250);

/// The thread that keeps the files, while it has nothing to do.
#[derive(Default)]
pub(crate) struct Keeper {
    thread: OnceLock<Thread>,
    rests: AtomicBool,
}

impl Keeper {
    /// Something was committed: the files must follow soon.
    pub(crate) fn wake(&self) {
        if self.rests.swap(false, Ordering::AcqRel)
            && let Some(thread) = self.thread.get()
        {
            thread.unpark();
        }
    }

    /// Waits for work, or for so long; what comes then may be the first of many.
    pub(super) fn rest(&self, has_work: impl Fn() -> bool) {
        self.thread.get_or_init(thread::current);
        self.rests.store(true, Ordering::Release);
        // What was committed before this could not wake it.
        if !has_work() {
            thread::park_timeout(IDLE_PAUSE);
        }
        if !self.rests.swap(false, Ordering::AcqRel) {
            thread::park_timeout(PAUSE);
        }
    }
}
