//! From the opening of a folder to its closing: recovery, the copy of a snapshot, the look at
//! everything.

mod audit;
mod close;
mod early;
mod open;
mod snapshot;

pub(crate) use early::Early;
pub(crate) use open::{is_open, open};
pub(crate) use snapshot::is_in_copies;
