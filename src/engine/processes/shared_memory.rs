//! The words of memory that all processes share, by number.
//!
//! They are hints: whoever doubts them looks at the journal and the files. Whether they are still those
//! of the processes that have the folder open, the last one says.

use std::time::{SystemTime, UNIX_EPOCH};

/// What the words that all processes share mean.
pub(crate) mod word {
    use crate::disk::WORDS;

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
    /// The positions among them.
    pub(crate) const POSITIONS: [usize; 4] = [COMMITTED, BASE, FLUSHED, DURABLE];
    /// How often somebody has found in a file what each process must see for itself.
    pub(crate) const EDITS: usize = 8;
    /// The process that holds, or was the last to hold, the lock on the journal.
    pub(crate) const COMMIT_HOLDER: usize = 9;
    /// The same of the lock on the files.
    pub(crate) const FILES_HOLDER: usize = 10;
    /// How long the transaction under way may take, in milliseconds; 0 when there is none.
    pub(crate) const TRANSACTION_LIMIT: usize = 11;
    /// How many transactions there were.
    pub(crate) const TRANSACTIONS: usize = 12;
    /// From here on, up to the last word: the states in which the store has left files.
    pub(crate) const STAMPS: usize = 16;
    /// What the first process to open the folder has chosen; the last word, which is zero once the
    /// file of the words was cut.
    pub(crate) const MARK: usize = WORDS - 1;
}

/// No journal gets so long: a word that says more was written by somebody else, and must not be counted with.
pub(crate) const MOST_POSITION: u64 = 1 << 62;

/// What the holder of the commit lock is in the middle of, for whoever finds it dead.
pub(crate) mod busy {
    pub(crate) const IDLE: u64 = 0;
    pub(crate) const APPENDING: u64 = 1;
    pub(crate) const SWITCHING: u64 = 2;
}

/// A value for [`word::MARK`] that is not the one of another time, with a checksum of itself: neither
/// zeros nor ones nor random bytes are one.
pub(crate) fn new_mark() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    marked((since.as_micros() & u128::from(u32::MAX)) as u32 | 1)
}

fn marked(number: u32) -> u64 {
    // The complement, for the checksum of ones alone is ones alone.
    u64::from(number) << 32 | u64::from(!crc32fast::hash(&number.to_le_bytes()))
}

/// Has some process chosen this mark?
pub(crate) fn is_mark(word: u64) -> bool {
    let number = (word >> 32) as u32;
    number != 0 && marked(number) == word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spoilt_file_holds_is_no_mark() {
        for word in [0, u64::MAX, u64::from(u32::MAX), u64::from(u32::MAX) << 32 | 1] {
            assert!(!is_mark(word), "{word:x}");
        }
        assert!(is_mark(new_mark()));
    }
}
