//! Threads that do one task after the other, and those who wait for them.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{Builder, JoinHandle};

use crate::engine::commit::{Ticket, closed, settle};
use crate::error::{Code, Error, Result};
use crate::sync::{self, locked};

/// Something to do with an engine.
type Task<E> = Box<dyn FnOnce(&Arc<E>) + Send>;

/// Tasks for threads of one kind.
pub(crate) struct Tasks<E> {
    waiting: Mutex<(VecDeque<Task<E>>, bool)>,
    bell: Condvar,
}

impl<E> Default for Tasks<E> {
    fn default() -> Tasks<E> {
        Tasks { waiting: Mutex::default(), bell: Condvar::new() }
    }
}

impl<E> Tasks<E> {
    /// Adds a task, or answers at once that the store is closed.
    pub(crate) fn add(&self, ticket: Ticket, work: impl FnOnce(&Arc<E>, Ticket) + Send + 'static) {
        let mut waiting = locked(&self.waiting);
        if waiting.1 {
            drop(waiting);
            return settle(vec![(ticket, Err(closed()))]);
        }
        waiting.0.push_back(Box::new(move |engine| work(engine, ticket)));
        self.bell.notify_one();
    }

    /// Are no more tasks taken?
    pub(crate) fn is_closed(&self) -> bool {
        locked(&self.waiting).1
    }

    /// While this is held, they are not closed; `None` where they are already.
    pub(crate) fn hold_open(&self) -> Option<impl Sized + '_> {
        let waiting = locked(&self.waiting);
        (!waiting.1).then_some(waiting)
    }

    /// Takes no more tasks; what waits is still done.
    pub(crate) fn close(&self) {
        locked(&self.waiting).1 = true;
        self.bell.notify_all();
    }
}

/// Starts a thread.
///
/// # Errors
/// `IO` where the system has none left.
pub(crate) fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    let started = Builder::new().name(format!("quilltap-{name}")).spawn(body);
    started.map_err(|e| Error::new(Code::Io, format!("cannot start a thread: {e}")))
}

/// Waits for the end of threads.
pub(crate) fn join(threads: &Mutex<Vec<JoinHandle<()>>>) {
    for thread in locked(threads).drain(..) {
        thread.thread().unpark();
        // A thread that panicked has told its callers; there is nothing more to do for it.
        let _ = thread.join();
    }
}

/// Does tasks until no more are taken.
pub(crate) fn run_tasks<E>(engine: &Arc<E>, tasks: &Tasks<E>) {
    let mut waiting = locked(&tasks.waiting);
    loop {
        if let Some(task) = waiting.0.pop_front() {
            drop(waiting);
            // A task that panics has told its caller by dropping the ticket.
            let _ = catch_unwind(AssertUnwindSafe(|| task(engine)));
            waiting = locked(&tasks.waiting);
        } else if waiting.1 {
            return;
        } else {
            waiting = sync::wait(&tasks.bell, waiting);
        }
    }
}
