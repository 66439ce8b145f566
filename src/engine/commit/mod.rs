//! The way of a change: it waits in the queue, the committing thread makes it durable, its caller and
//! the listeners are told.

mod events;
mod queue;
mod thread;

pub use events::Listener;
pub(crate) use events::Listeners;
pub use queue::{Ended, Settle, Ticket};
pub(crate) use queue::{Inside, Job, Queue, WriteCall, closed, internal, settle};
pub(crate) use thread::run;
