//! The state in memory: every record, its indexes and its order.

mod collection;
mod record;
mod sorted;
mod state;

pub use record::Record;
pub(crate) use record::{Order, new_version};
pub(crate) use sorted::backwards;
pub(crate) use state::{LogKey, PendingLog, Piece, SINGLE_KEY, SharedFile, State, Touched};
