//! The journal: what has been committed and is not yet safely in the files that people see.
//!
//! `line` is the codec of one line, `segment` the name and the first line of a segment file,
//! `tail` follows the end of the journal, whoever writes it. This module knows lines of text; it
//! must not know what a change means.

mod change;
mod line;
mod segment;
mod tail;

pub(crate) use change::{Change, Commit, Effect, LogEdit, LogLines};
pub(crate) use segment::{Header, Segment, folder, list, path_of, start};
pub(crate) use tail::{Appended, Tail};
