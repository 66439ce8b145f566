//! What a call sees and may change: a view to read, a transaction to write, and the overlay of
//! what is not committed yet.

mod base;
mod log_event;
mod log_row;
mod overlay;
pub(crate) mod relations;
mod rename;
mod trace;
mod tx;
mod tx_log;
mod view;
mod view_log;
mod view_rows;

pub(crate) use base::Base;
pub(crate) use log_event::issues_of;
pub(crate) use log_row::{CheckedRow, RowCheck};
pub(crate) use overlay::Overlay;
pub(crate) use trace::{Former, Touch};
pub use tx::Tx;
pub(crate) use tx::new_id;
pub(crate) use view::Context;
pub use view::{RecordCounts, View};
