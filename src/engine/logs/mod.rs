//! Logs: files of lines that belong to one record (a chat), and are not held in memory.
//!
//! `lines` looks at lines, `table` knows where each row of one log stands, `query` says which of them a
//! reader gets, `bytes` where a log is read. `index` is the whole of one log, `rows` what a reader sees
//! of it, and `cache` keeps the indexes that were used last. `pending` are the lines that the journal
//! still holds, `changes` those that are not committed yet. `owners` tells which logs may hold a row, and `owners_file` keeps that. A log only ever grows, or starts anew: a row whose id was seen before replaces the
//! earlier one, a `deleted` row removes it.

mod bytes;
mod cache;
mod changes;
mod index;
mod lines;
mod owners;
mod owners_file;
mod pending;
mod query;
mod rows;
mod table;

pub(crate) use cache::{LogCache, LogSite, Need, Source};
pub(crate) use changes::LogChanges;
pub(crate) use index::LogIndex;
#[cfg(feature = "database")]
pub(crate) use index::Rows;
pub(crate) use lines::KEY;
#[cfg(feature = "database")]
pub(crate) use lines::facts_of_row;
pub(crate) use owners::{Named, RowOwners};
pub(crate) use owners_file::{Saved, SavedLog};
pub(crate) use pending::{LogKey, PendingLog, Piece};
pub use query::{LogBound, LogQuery};
pub(crate) use rows::LogRows;
