//! The store's clock: ISO-8601 UTC with milliseconds, and a way for tests to hold it still.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

pub(crate) use crate::catalogue::{time_ms as parse_ms, time_text as format_ms};

/// Gives the time of each commit.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    /// Milliseconds since 1970 that a test has set; 0 means the system's clock.
    fixed_ms: AtomicI64,
}

impl Clock {
    /// The system's clock, or one that is held.
    pub(crate) fn held_at(ms: Option<i64>) -> Clock {
        Clock { fixed_ms: AtomicI64::new(ms.unwrap_or(0)) }
    }

    /// Holds the clock at a time, in milliseconds since 1970.
    pub(crate) fn hold(&self, ms: i64) {
        self.fixed_ms.store(ms, Ordering::Relaxed);
    }

    /// Now, in milliseconds since 1970.
    pub(crate) fn now_ms(&self) -> i64 {
        match self.fixed_ms.load(Ordering::Relaxed) {
            0 => system_ms(),
            held => held,
        }
    }

    /// Now, as records hold it: `2026-11-23T07:30:00.000Z`.
    pub(crate) fn now(&self) -> String {
        format_ms(self.now_ms())
    }
}

fn system_ms() -> i64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX)
}
