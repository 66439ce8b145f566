//! An engine with its threads: one commits, one keeps the files, some read from the disk.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use serde_json::json;

use crate::catalogue::Catalogue;
use crate::disk::Disk;
use crate::error::{Code, Error, Result};

use super::commit;
use super::core::{Engine, Settings, locked};
use super::events::Listener;
use super::keep;
use super::log::Source;
use super::open;
use super::queue::{Change, Inside, Job, Ticket, closed, settle};
use super::view::View;

/// Threads that read from the disk for callers that must not wait.
const READERS: usize = 2;

/// Threads that write and read payloads: much at a time, and of their own, so that they hold up
/// no other read.
const PAYLOAD_THREADS: usize = 4;

type Task = Box<dyn FnOnce(&Arc<Engine>) + Send>;

/// Work for the reading threads.
#[derive(Default)]
struct Tasks {
    waiting: Mutex<(VecDeque<Task>, bool)>,
    bell: Condvar,
}

/// An engine with its threads, which end with `close`.
pub(crate) struct Running {
    engine: Arc<Engine>,
    tasks: Arc<Tasks>,
    payloads: Arc<Tasks>,
    stopping: Arc<AtomicBool>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    payload_threads: Mutex<Vec<JoinHandle<()>>>,
    closed: AtomicBool,
}

impl Running {
    /// Opens a store and starts its threads.
    ///
    /// # Errors
    /// Those of opening.
    pub(crate) fn open(
        disk: Arc<dyn Disk>,
        catalogue: Arc<Catalogue>,
        settings: Settings,
    ) -> Result<Running> {
        let engine = open::open(disk, catalogue, settings)?;
        let running = Running {
            engine,
            tasks: Arc::default(),
            payloads: Arc::default(),
            stopping: Arc::default(),
            threads: Mutex::default(),
            payload_threads: Mutex::default(),
            closed: AtomicBool::new(false),
        };
        running.start()?;
        Ok(running)
    }

    fn start(&self) -> Result<()> {
        let engine = Arc::clone(&self.engine);
        self.thread(&self.threads, "commit", move || commit::run(&engine))?;
        let (engine, stopping) = (Arc::clone(&self.engine), Arc::clone(&self.stopping));
        let keep = move || keep::run(&engine, &|| stopping.load(Ordering::Acquire));
        self.thread(&self.threads, "keep", keep)?;
        for _ in 0..READERS {
            let (engine, tasks) = (Arc::clone(&self.engine), Arc::clone(&self.tasks));
            self.thread(&self.threads, "read", move || run_tasks(&engine, &tasks))?;
        }
        for _ in 0..PAYLOAD_THREADS {
            let (engine, tasks) = (Arc::clone(&self.engine), Arc::clone(&self.payloads));
            self.thread(&self.payload_threads, "payload", move || run_tasks(&engine, &tasks))?;
        }
        Ok(())
    }

    fn thread(
        &self,
        threads: &Mutex<Vec<JoinHandle<()>>>,
        name: &str,
        body: impl FnOnce() + Send + 'static,
    ) -> Result<()> {
        let started = Builder::new().name(format!("quilltap-{name}")).spawn(body);
        let thread =
            started.map_err(|e| Error::new(Code::Io, format!("cannot start a thread: {e}")))?;
        locked(threads).push(thread);
        Ok(())
    }

    /// Answers from memory; `None` when the answer needs the disk.
    pub(crate) fn read(
        &self,
        read: impl Fn(&View<'_>) -> Result<String>,
    ) -> Option<Result<String>> {
        if self.closed.load(Ordering::Acquire) {
            return Some(Err(closed()));
        }
        self.engine.read(Source::Memory, read)
    }

    /// Answers on a thread that may use the disk.
    pub(crate) fn read_later(
        &self,
        read: impl Fn(&View<'_>) -> Result<String> + Send + 'static,
        ticket: Ticket,
    ) {
        self.later(ticket, move |engine| {
            let answer = engine.read(Source::Disk, read);
            answer.unwrap_or_else(|| Err(Error::new(Code::Io, "the disk gave no answer")))
        });
    }

    fn later(&self, ticket: Ticket, work: impl FnOnce(&Engine) -> Result<String> + Send + 'static) {
        let task = move |engine: &Arc<Engine>, ticket| settle(vec![(ticket, work(engine))]);
        self.tasks.push(ticket, task);
    }

    /// Does something with payloads on a thread of theirs; it settles the ticket.
    pub(crate) fn with_payloads(
        &self,
        ticket: Ticket,
        work: impl FnOnce(&Arc<Engine>, Ticket) + Send + 'static,
    ) {
        self.payloads.push(ticket, work);
    }

    /// As [`Running::read_later`], on a thread for payloads.
    pub(crate) fn read_payload(
        &self,
        read: impl Fn(&View<'_>) -> Result<String> + Send + 'static,
        ticket: Ticket,
    ) {
        self.with_payloads(ticket, move |engine, ticket| {
            let answer = engine.read_payload(read);
            let none = || Err(Error::new(Code::Io, "the disk gave no answer"));
            settle(vec![(ticket, answer.unwrap_or_else(none))]);
        });
    }

    /// Commits a change.
    pub(crate) fn write(&self, change: Change, ticket: Ticket) {
        self.engine.queue.push(Job::Change(change, ticket));
    }

    /// Begins a transaction of several calls.
    pub(crate) fn begin(&self, timeout: Option<Duration>, ticket: Ticket) {
        self.engine.queue.push(Job::Begin(timeout, ticket));
    }

    /// Makes a call in a transaction.
    pub(crate) fn inside(&self, transaction: u64, call: Change, ticket: Ticket) {
        self.engine.queue.push_inside(transaction, Inside::Call(call, ticket));
    }

    /// Ends a transaction.
    pub(crate) fn finish(&self, transaction: u64, commit: bool, ticket: Ticket) {
        self.engine.queue.push_inside(transaction, Inside::Finish(commit, ticket));
    }

    /// Brings everything that is committed into the files.
    pub(crate) fn flush(&self, ticket: Ticket) {
        self.later(ticket, |engine| engine.flush().map(|()| "null".to_owned()));
    }

    /// Makes the files safe, drops dead lines, and starts the journal anew.
    pub(crate) fn compact(&self, ticket: Ticket) {
        self.later(ticket, |engine| {
            engine.checkpoint(true)?;
            engine.sweep_orphans().map(|()| "null".to_owned())
        });
    }

    /// Calls `listener` with the events of every commit, by whichever process.
    pub(crate) fn subscribe(&self, listener: Listener) -> u64 {
        self.engine.listeners.add(listener)
    }

    /// Removes a listener.
    pub(crate) fn unsubscribe(&self, number: u64) {
        self.engine.listeners.remove(number);
    }

    /// Holds the clock at a time, in milliseconds since 1970, so that tests give the same bytes.
    pub(crate) fn hold_clock(&self, ms: i64) {
        self.engine.clock.hold(ms);
    }

    /// What the store holds, as JSON text.
    pub(crate) fn stats(&self) -> String {
        let state = self.engine.state();
        let mut counts = serde_json::Map::new();
        let mut faults: Vec<String> = Vec::new();
        for id in state.catalogue.ids() {
            let (model, collection) = (state.catalogue.model(id), state.collection(id));
            if !state.layout.logs().iter().any(|place| place.model == id) {
                counts.insert(model.collection.clone(), collection.len().into());
            }
            let broken = collection.broken.values().chain(&collection.faults);
            faults.extend(broken.map(|error| error.message().to_owned()));
        }
        faults.sort();
        faults.dedup();
        let unwritten =
            locked(&self.engine.last_flush_error).as_ref().map(|e| e.message().to_owned());
        let journal = self.engine.tail().as_ref().map_or(0, super::journal::Tail::used);
        json!({
            "records": counts,
            "journalBytes": journal,
            "durability": if self.engine.settings.strict { "strict" } else { "batched" },
            "filesShowEverything": state.dirty.is_clean(),
            "lastFileError": unwritten,
            "faults": faults,
        })
        .to_string()
    }

    /// Ends the threads once everything is done and safe; the folder is then at rest.
    ///
    /// # Errors
    /// Those of the disk: what is committed is then in the journal.
    pub(crate) fn close(&self) -> Result<()> {
        if self.closed.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        // A payload that is under way ends as a change, which the queue must still take.
        self.payloads.close();
        join(&self.payload_threads);
        self.engine.queue.close();
        self.tasks.close();
        self.stopping.store(true, Ordering::Release);
        join(&self.threads);
        self.engine.leave()
    }
}

impl Tasks {
    fn push(&self, ticket: Ticket, work: impl FnOnce(&Arc<Engine>, Ticket) + Send + 'static) {
        let mut waiting = locked(&self.waiting);
        if waiting.1 {
            drop(waiting);
            return settle(vec![(ticket, Err(closed()))]);
        }
        waiting.0.push_back(Box::new(move |engine| work(engine, ticket)));
        self.bell.notify_one();
    }

    /// Takes no more; what waits is still done.
    fn close(&self) {
        locked(&self.waiting).1 = true;
        self.bell.notify_all();
    }
}

fn join(threads: &Mutex<Vec<JoinHandle<()>>>) {
    for thread in locked(threads).drain(..) {
        thread.thread().unpark();
        // A thread that panicked has told its callers; there is nothing more to do for it.
        let _ = thread.join();
    }
}

fn run_tasks(engine: &Arc<Engine>, tasks: &Tasks) {
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
            waiting = tasks.bell.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }
}
