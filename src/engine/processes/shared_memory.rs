//! The words of memory that all processes share, by number.
//!
//! They are hints: whoever doubts them looks at the journal and the files.

/// What the words that all processes share mean.
pub(crate) mod word {
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
    /// What the files of many records looked like when they were last read or written.
    pub(crate) const FILES: usize = 7;
    /// How often somebody has found those files edited by hand.
    pub(crate) const EDITS: usize = 8;
}

/// What the holder of the commit lock is in the middle of, for whoever finds it dead.
pub(crate) mod busy {
    pub(crate) const IDLE: u64 = 0;
    pub(crate) const APPENDING: u64 = 1;
    pub(crate) const SWITCHING: u64 = 2;
}
