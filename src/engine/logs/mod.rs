//! Logs: files of lines that belong to one record (a chat), and are not held in memory.
//!
//! `line` reads lines, `index` knows where each live row of one log stands, `cache` keeps the
//! indexes that were used last, `query` selects rows. A log only ever grows, or
//! starts anew: a row whose id was seen before replaces the earlier one, a `deleted` row removes it.

mod cache;
mod index;
mod line;
mod pending;
mod query;
mod row;

pub(crate) use cache::{LogCache, Need, Source};
pub(crate) use index::{LogIndex, Rows, no_such_row};
pub(crate) use line::{Line, lines};
pub(crate) use pending::{LogKey, PendingLog, Piece};
pub use query::{LogBound, LogQuery};
pub(crate) use row::{DELETED, HEADER, Head, deleted_line, first_version, header_line};
