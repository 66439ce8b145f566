//! The way of a change: it waits in the queue, the committing thread makes it durable, its caller and
//! the listeners are told.

mod events;
mod here;
mod queue;
mod thread;
mod ticket;

pub use events::Listener;
pub(crate) use events::Listeners;
pub(crate) use here::SmallChange;
#[cfg(feature = "database")]
pub(crate) use queue::ended;
pub(crate) use queue::{Inside, Job, Queue, WriteCall};
pub(crate) use thread::run;
pub use ticket::{Ended, Settle, Settled, Ticket};
pub(crate) use ticket::{closed, internal, settle};
