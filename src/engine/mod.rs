//! The engine: journal, commit, state, indexes, logs, files, recovery, compaction.
//!
//! A change is committed when its line is durable in the journal; then the state in memory has
//! it, then the files that people see. This module follows the catalogue and the disk; it must
//! not know which models exist, nor which calls there are.

mod attempts;
mod clock;
mod commit;
mod committed;
mod core;
mod edits;
mod either;
mod files;
mod fingerprint;
mod folder;
mod journal;
mod keys;
mod lifecycle;
mod logs;
mod memory;
mod par_map;
mod payload;
mod processes;
mod runtime;
#[cfg(feature = "database")]
mod sql;
mod tasks;
mod txn;

pub(crate) use clock::parse_ms as time_ms;
pub use commit::{Ended, Listener, Settle, Settled, Ticket};
pub(crate) use commit::{WriteCall, closed, settle};
pub(crate) use committed::Question;
pub use committed::{Listed, Models};
pub(crate) use core::{Engine, Settings};
pub(crate) use either::Runtime;
pub use fingerprint::Fingerprint;
pub(crate) use lifecycle::{Early, is_in_copies, is_open};
pub(crate) use logs::LogKey;
pub use logs::{LogBound, LogQuery};
pub use memory::Record;
pub(crate) use memory::SINGLE_KEY;
pub(crate) use par_map::par_map;
pub use payload::{Arrived, Arriving, OpenPayload};
pub(crate) use payload::{Harbour, check_payload};
pub(crate) use processes::locks::{commit_path, files_path, open_path};
#[cfg(feature = "database")]
pub(crate) use sql::Site;
pub(crate) use txn::new_id;
pub(crate) use txn::{CheckedRow, Former, RowCheck, Touch};
pub use txn::{RecordCounts, Tx, View};
