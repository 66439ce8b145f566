//! The state in memory: every record, its indexes and its order.

mod collection;
mod indexes;
mod record;
mod slots;
mod sorted;
mod state;
mod touched;
mod unreferenced;

pub(crate) use record::Order;
pub use record::Record;
pub(crate) use sorted::backwards;
pub(crate) use state::{SINGLE_KEY, SharedFile, State};
pub(crate) use touched::Touched;
#[cfg(feature = "database")]
pub(crate) use touched::touched_by;
