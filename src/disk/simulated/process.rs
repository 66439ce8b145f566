//! A process that uses the simulated disk, and its death.

use std::sync::atomic::{AtomicU64, Ordering};

/// One process; those who share it live and die together.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) number: u64,
    /// How many changes of the disk and of words it has still to make.
    left: AtomicU64,
}

impl Process {
    /// A process that lives for so many changes of the disk and of words.
    pub(super) fn of(number: u64, life: u64) -> Process {
        Process { number, left: AtomicU64::new(life) }
    }

    pub(super) fn lives(&self) -> bool {
        self.left.load(Ordering::Acquire) > 0
    }

    /// Makes a change; `false` when the process dies before it, or is dead already.
    pub(super) fn change(&self) -> bool {
        let spend = |left: u64| match left {
            u64::MAX => Some(left),
            _ => Some(left.saturating_sub(1)),
        };
        let _ = self.left.fetch_update(Ordering::AcqRel, Ordering::Acquire, spend);
        self.lives()
    }
}

impl Default for Process {
    fn default() -> Process {
        Process::of(0, u64::MAX)
    }
}
