//! Tries at something that could be guessed: after some wrong ones, each next one must wait longer.
//!
//! They are counted in this process's memory, by a name that the caller chooses. A try counts as a
//! wrong one from its beginning until it turns out to be right, so that many at once are no way round.

use std::collections::HashMap;
use std::sync::Mutex;

use crate::error::{Code, Error, Result};
use crate::sync::locked;

/// So many wrong tries in a row wait for nothing.
const FREE: u32 = 10;
/// The longest wait, in milliseconds.
const LONGEST_MS: i64 = 60_000;

/// The tries in a row that were not right.
struct Wrong {
    count: u32,
    /// When the last one began, in milliseconds since 1970.
    last: i64,
}

/// Tries by name.
#[derive(Default)]
pub(crate) struct Attempts(Mutex<HashMap<String, Wrong>>);

impl Attempts {
    /// Begins a try at `now`, in milliseconds since 1970.
    ///
    /// # Errors
    /// `LOCKED` when the last wrong one was too short a time ago.
    pub(crate) fn begin(&self, name: &str, now: i64) -> Result<()> {
        let mut all = locked(&self.0);
        let wrong = all.entry(name.to_owned()).or_insert(Wrong { count: 0, last: now });
        let wait = wrong.last + wait_ms(wrong.count) - now;
        if wait > 0 {
            let seconds = wait.div_euclid(1000) + 1;
            let message = format!("too many wrong tries; try again in {seconds} s");
            return Err(Error::new(Code::Locked, message));
        }
        *wrong = Wrong { count: wrong.count.saturating_add(1), last: now };
        Ok(())
    }

    /// The last try was right: the next ones are free again.
    pub(crate) fn right(&self, name: &str) {
        locked(&self.0).remove(name);
    }
}

/// How long after so many wrong tries the next one must wait: a second, and then twice as long each.
fn wait_ms(count: u32) -> i64 {
    match count.checked_sub(FREE) {
        None => 0,
        Some(more) => 1000_i64.checked_shl(more).map_or(LONGEST_MS, |wait| wait.min(LONGEST_MS)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_tries_wait_longer_and_longer_and_right_ones_are_free() {
        let attempts = Attempts::default();
        (0..FREE).for_each(|_| attempts.begin("ann", 0).expect("free"));
        assert!(attempts.begin("ann", 999).is_err());
        assert!(attempts.begin("bob", 0).is_ok());
        assert!(attempts.begin("ann", 1_000).is_ok());
        assert!(attempts.begin("ann", 2_999).is_err());
        assert!(attempts.begin("ann", 3_000).is_ok());
        attempts.right("ann");
        (0..FREE).for_each(|_| attempts.begin("ann", 3_000).expect("free"));
        assert_eq!(
            (wait_ms(FREE - 1), wait_ms(FREE + 70), wait_ms(u32::MAX)),
            (0, LONGEST_MS, LONGEST_MS)
        );
    }
}
