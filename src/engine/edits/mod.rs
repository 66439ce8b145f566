//! Edits by hand: how they are noticed, what they say, and how they become commits.
//!
//! `shared` is about files of many records, `logs` about a chat's file, `stamps` about what a file
//! looked like. `reconcile` tells whether a log's file is what the journal takes it for, and `recount`
//! sees to what the records say about their logs.

mod logs;
mod marks;
mod reconcile;
pub(crate) mod recount;
mod shared;
mod stamps;

pub(crate) use marks::LogMarks;
pub(crate) use reconcile::Fit;

pub(crate) use stamps::Stamps;
