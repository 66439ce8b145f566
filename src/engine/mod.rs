//! The engine: journal, commit, state, indexes, logs, files, recovery, compaction.
//!
//! A change is committed when its line is durable in the journal; then the state in memory has
//! it, then the files that people see. This room follows the catalogue and the disk; it must
//! not know which models exist, nor which calls there are.

mod audit;
mod change;
mod clock;
mod collection;
mod commit;
mod core;
mod counts;
mod declared;
mod edits;
mod events;
mod files;
mod follow;
mod journal;
mod keep;
mod keys;
mod locks;
mod log;
mod log_edits;
mod open;
mod order;
mod overlay;
mod payload;
mod print;
mod queue;
mod record;
mod relations;
mod running;
mod snapshot;
mod spread;
mod stamps;
mod state;
mod tx;
mod tx_log;
mod view;

pub(crate) use clock::parse_ms as time_ms;
pub(crate) use core::{Engine, Settings};
pub use events::Listener;
pub use log::{LogBound, LogQuery};
pub use payload::{Arrived, Arriving, OpenPayload};
pub use print::Fingerprint;
pub use queue::{Ended, Settle, Ticket};
pub(crate) use queue::{closed, settle};
pub use record::Record;
pub(crate) use running::Running;
pub(crate) use state::SINGLE_KEY;
pub use tx::Tx;
pub(crate) use tx::new_id;
pub use view::{Listed, View};
