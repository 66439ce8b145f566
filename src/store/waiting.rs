//! Those who wait for an answer in Rust: nobody, a thread, or what comes next.

use std::sync::mpsc;
use std::sync::{Arc, Mutex};

use crate::engine::{Ended, Runtime, Settle, Settled, Ticket, closed};
use crate::error::Result;
use crate::sync::locked;

/// Nobody waits for the answer.
pub(super) struct Nobody;

impl Settle for Nobody {
    fn settle(&self, _ended: Vec<Ended>) {}
}

/// A compaction that waits for the sweep before it, for what is swept to be dropped as well.
pub(super) struct Compaction {
    pub(super) engine: Arc<Runtime>,
    pub(super) ticket: Mutex<Option<Ticket>>,
}

impl Settle for Compaction {
    fn settle(&self, _ended: Vec<Ended>) {
        let ticket = locked(&self.ticket).take();
        if let Some(ticket) = ticket {
            self.engine.compact(ticket);
        }
    }
}

/// A thread that waits for one answer.
pub(super) struct Waiter(Mutex<mpsc::Sender<Result<Settled>>>);

impl Waiter {
    pub(super) fn new(sender: mpsc::Sender<Result<Settled>>) -> Waiter {
        Waiter(Mutex::new(sender))
    }
}

impl Settle for Waiter {
    fn settle(&self, ended: Vec<Ended>) {
        let sender = locked(&self.0);
        for (_, answer) in ended {
            // A thread that no longer waits needs no answer.
            let _ = sender.send(answer);
        }
    }
}

/// Waits for the answer of what `start` begins.
///
/// # Errors
/// Those of the call.
pub(super) fn wait(start: impl FnOnce(Ticket)) -> Result<Settled> {
    let (sender, receiver) = mpsc::channel();
    start(Ticket::new(Arc::new(Waiter::new(sender)), 0));
    receiver.recv().unwrap_or_else(|_| Err(closed()))
}
