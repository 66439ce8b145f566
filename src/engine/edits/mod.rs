//! External edits: files of the store that somebody else has written, while it is open.
//!
//! One way for all of them: a file that may have been edited is noticed (`lookout`, `look`), what it
//! looked like when the store left it is known (`stamps`), it is read and compared with what the store
//! last wrote (`compare`, `merge`), and what is different is committed as a change (`take`), which
//! checks, indexes, listeners and the other processes then have as any other. `logs` is about logs,
//! whose lines are not in memory: `reconcile` tells whether a log's file is what the journal takes it
//! for, `recount` sees to what the records say about their logs.

mod compare;
mod logs;
mod look;
mod lookout;
mod marks;
mod merge;
mod reconcile;
pub(crate) mod recount;
mod stamps;
mod take;

pub(crate) use look::Rounds;
pub(crate) use lookout::{Asked, Lookout};
pub(crate) use marks::LogMarks;
pub(crate) use reconcile::Fit;

pub(crate) use stamps::Stamps;
