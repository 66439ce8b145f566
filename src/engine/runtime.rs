//! An engine with its threads: one commits, one keeps the files, some read from the disk.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::json;

use crate::catalogue::Declaration;
use crate::disk::{Disk, NewFolder};
use crate::error::{Code, Error, Result};
use crate::sync::locked;

use crate::engine::commit;
use crate::engine::commit::Listener;
use crate::engine::commit::{
    Inside, Job, Settled, SmallChange, Ticket, WriteCall, closed, internal, settle,
};
use crate::engine::committed::Models;
use crate::engine::core::{Engine, Settings};
use crate::engine::files;
use crate::engine::fingerprint::Fingerprint;
use crate::engine::lifecycle::{self, Early};
use crate::engine::logs::Source;
use crate::engine::tasks::{Tasks, join, run_tasks, spawn};
use crate::engine::txn::View;

/// Threads that read from the disk for callers that must not wait.
const READERS: usize = 2;

/// Threads that write and read payloads: much at a time, and of their own, so that they hold up
/// no other read.
const PAYLOAD_THREADS: usize = 4;

fn snapshot_at(engine: &Engine, place: &Path) -> Result<()> {
    let none = || Error::new(Code::Io, "only a folder of the machine can be copied to another one");
    let folder = NewFolder::begin(place, engine.disk.as_real().ok_or_else(none)?)?;
    engine.snapshot(folder.disk())?;
    folder.finish()
}

/// An engine with its threads, which end with `close`.
pub(crate) struct FolderRuntime {
    engine: Arc<Engine>,
    tasks: Arc<Tasks<Engine>>,
    /// What brings payloads in and out.
    payloads: Arc<Tasks<Engine>>,
    /// What takes long; its thread starts with the first of it.
    slow: Arc<Tasks<Engine>>,
    slow_thread: Mutex<bool>,
    stopping: Arc<AtomicBool>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    payload_threads: Mutex<Vec<JoinHandle<()>>>,
    closed: AtomicBool,
}

impl FolderRuntime {
    /// Opens a store and starts its threads; see [`lifecycle::open`].
    ///
    /// # Errors
    /// Those of opening.
    pub(crate) fn open(
        disk: Arc<dyn Disk>,
        declared: Declaration,
        settings: Settings,
        tell_early: &dyn Fn(Option<Early>),
    ) -> Result<FolderRuntime> {
        let engine = lifecycle::open(disk, declared, settings, tell_early)?;
        let running = FolderRuntime {
            engine,
            tasks: Arc::default(),
            payloads: Arc::default(),
            slow: Arc::default(),
            slow_thread: Mutex::default(),
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
        self.thread("commit", move || commit::run(&engine))?;
        let (engine, stopping) = (Arc::clone(&self.engine), Arc::clone(&self.stopping));
        self.thread("keep", move || files::run(&engine, &|| stopping.load(Ordering::Acquire)))?;
        for _ in 0..READERS {
            let (engine, tasks) = (Arc::clone(&self.engine), Arc::clone(&self.tasks));
            self.thread("read", move || run_tasks(&engine, &tasks))?;
        }
        Ok(())
    }

    fn thread(&self, name: &str, body: impl FnOnce() + Send + 'static) -> Result<()> {
        let thread = spawn(name, body)?;
        locked(&self.threads).push(thread);
        Ok(())
    }

    /// Answers from memory; `None` when the answer needs the disk.
    pub(crate) fn read<T>(&self, read: impl Fn(&View<'_>) -> Result<T>) -> Option<Result<T>> {
        if self.closed.load(Ordering::Acquire) {
            return Some(Err(closed()));
        }
        self.engine.read(Source::Memory, read)
    }

    /// The fingerprint of these models, as far as memory knows it without waiting.
    pub(crate) fn fingerprint_of(&self, models: Models) -> Option<Fingerprint> {
        let is_open = !self.closed.load(Ordering::Acquire);
        is_open.then(|| self.engine.fingerprint_of(models)).flatten()
    }

    /// Answers on the caller's own thread, from the disk where it must.
    ///
    /// # Errors
    /// Those of reading.
    pub(crate) fn read_here<T>(&self, read: impl Fn(&View<'_>) -> Result<T>) -> Result<T> {
        if self.closed.load(Ordering::Acquire) {
            return Err(closed());
        }
        let none = || Err(Error::new(Code::Io, "the disk gave no answer"));
        self.engine.read(Source::Disk, read).unwrap_or_else(none)
    }

    /// How many bytes the journal has.
    pub(crate) fn journal_len(&self) -> u64 {
        self.engine.journal_len()
    }

    /// Brings the files up to date on the caller's own thread if the journal has more bytes than that: whoever
    /// commits without a pause would leave the files behind, and what they lack is in memory.
    ///
    /// # Errors
    /// Those of the disk.
    pub(crate) fn shorten_journal(&self, most: u64) -> Result<()> {
        let is_long = self.journal_len() > most;
        if is_long { self.engine.checkpoint(false).map(drop) } else { Ok(()) }
    }

    /// What is committed, by whichever process, as a place in the journal: another one tells that
    /// something was committed meanwhile.
    ///
    /// # Errors
    /// Those of reading.
    pub(crate) fn committed(&self) -> Result<u64> {
        self.read_here(|_| Ok(()))?;
        Ok(self.engine.position())
    }

    /// Answers on a thread that may use the disk.
    pub(crate) fn read_later(
        &self,
        read: impl Fn(&View<'_>) -> Result<Settled> + Send + 'static,
        ticket: Ticket,
    ) {
        self.later(ticket, move |engine| {
            let answer = engine.read(Source::Disk, read);
            answer.unwrap_or_else(|| Err(Error::new(Code::Io, "the disk gave no answer")))
        });
    }

    fn later(
        &self,
        ticket: Ticket,
        work: impl FnOnce(&Engine) -> Result<Settled> + Send + 'static,
    ) {
        self.tasks.add(ticket, move |engine, ticket| settle(vec![(ticket, work(engine))]));
    }

    /// Does something with payloads on a thread of theirs; it settles the ticket.
    pub(crate) fn with_payloads(
        &self,
        ticket: Ticket,
        work: impl FnOnce(&Arc<Engine>, Ticket) + Send + 'static,
    ) {
        // They start with the first payload, for most stores never have one. `close` waits for them.
        let mut threads = locked(&self.payload_threads);
        while threads.len() < PAYLOAD_THREADS && !self.payloads.is_closed() {
            let (engine, tasks) = (Arc::clone(&self.engine), Arc::clone(&self.payloads));
            match spawn("payload", move || run_tasks(&engine, &tasks)) {
                Ok(thread) => threads.push(thread),
                Err(error) => return settle(vec![(ticket, Err(error))]),
            }
        }
        self.payloads.add(ticket, work);
    }

    /// As [`FolderRuntime::read_later`], on a thread for payloads.
    pub(crate) fn read_payload(
        &self,
        read: impl Fn(&View<'_>) -> Result<Settled> + Send + 'static,
        ticket: Ticket,
    ) {
        self.with_payloads(ticket, move |engine, ticket| {
            let answer = engine.read_payload(read);
            let none = || Err(Error::new(Code::Io, "the disk gave no answer"));
            settle(vec![(ticket, answer.unwrap_or_else(none))]);
        });
    }

    /// Does what takes long on a thread for nothing else, one after the other, for it takes much
    /// memory too; it settles the ticket.
    pub(crate) fn slowly(&self, ticket: Ticket, work: impl FnOnce(Ticket) + Send + 'static) {
        let mut started = locked(&self.slow_thread);
        if !*started {
            let (engine, tasks) = (Arc::clone(&self.engine), Arc::clone(&self.slow));
            if let Err(error) = self.thread("slow", move || run_tasks(&engine, &tasks)) {
                return settle(vec![(ticket, Err(error))]);
            }
            *started = true;
        }
        drop(started);
        self.slow.add(ticket, move |_, ticket| work(ticket));
    }

    /// Adds what another handle declares.
    ///
    /// # Errors
    /// `VALIDATION` when it contradicts what there is; those of the disk.
    pub(crate) fn declare(&self, own: &Declaration) -> Result<()> {
        self.engine.declare(own)
    }

    /// Adds to an open store what is declared in addition to what the folder has.
    pub(crate) fn declare_in_addition(&self, own: Declaration, ticket: Ticket) {
        self.later(ticket, move |engine| engine.declare_in_addition(&own).map(Settled::from));
    }

    /// Is the folder one of the app's earlier store, which the first change converts?
    pub(crate) fn shows_older(&self) -> bool {
        self.engine.older.is_unconverted()
    }

    /// Commits a change, whose arguments hold so many bytes.
    pub(crate) fn write(&self, change: WriteCall, bytes: usize, ticket: Ticket) {
        self.engine.queue.push(Job::Write(change, ticket, bytes));
    }

    /// Commits a small change on the caller's thread; `None`, with nothing changed, where that would wait
    /// for something: then [`FolderRuntime::write`].
    pub(crate) fn write_here(&self, change: SmallChange<'_>, bytes: usize) -> Option<Settled> {
        self.engine.commit_here(change, bytes)
    }

    /// Begins a transaction of several calls.
    pub(crate) fn begin(&self, timeout: Option<Duration>, ticket: Ticket) {
        self.engine.queue.push(Job::Begin(timeout, ticket));
    }

    /// Makes a call in a transaction.
    pub(crate) fn inside(&self, transaction: u64, call: WriteCall, ticket: Ticket) {
        self.engine.queue.push_inside(transaction, Inside::Call(call, ticket));
    }

    /// Ends a transaction.
    pub(crate) fn finish(&self, transaction: u64, commit: bool, ticket: Ticket) {
        self.engine.queue.push_inside(transaction, Inside::Finish(commit, ticket));
    }

    /// Brings everything that is committed into the files.
    pub(crate) fn flush(&self, ticket: Ticket) {
        self.later(ticket, |engine| engine.flush_now().map(Settled::from));
    }

    /// Makes the files safe, drops dead lines, and starts the journal anew.
    pub(crate) fn compact(&self, ticket: Ticket) {
        self.later(ticket, |engine| {
            engine.until_done(|| engine.checkpoint(true))?;
            engine.sweep_orphans().map(Settled::from)
        });
    }

    /// Makes a consistent copy of the folder at `place`.
    pub(crate) fn snapshot(&self, place: PathBuf, ticket: Ticket) {
        self.apart(ticket, "snapshot", move |engine| {
            snapshot_at(engine, &place).map(Settled::from)
        });
    }

    /// Reads everything, and tells every fault.
    pub(crate) fn audit(&self, ticket: Ticket) {
        self.apart(ticket, "check", |engine| engine.audit().map(Settled::Text));
    }

    /// Does what is seldom and long on a thread of its own.
    pub(crate) fn apart(
        &self,
        ticket: Ticket,
        name: &str,
        work: impl FnOnce(&Engine) -> Result<Settled> + Send + 'static,
    ) {
        let open = self.tasks.hold_open();
        if open.is_none() {
            return settle(vec![(ticket, Err(closed()))]);
        }
        locked(&self.threads).retain(|thread| !thread.is_finished());
        let engine = Arc::clone(&self.engine);
        let made = self.thread(name, move || {
            let done = catch_unwind(AssertUnwindSafe(|| work(&engine)));
            settle(vec![(ticket, done.unwrap_or_else(|_| Err(internal())))]);
        });
        // Without a thread the ticket was dropped, which has told the caller.
        drop(made);
    }

    /// Fills another disk with a consistent copy of the folder, for tests.
    ///
    /// # Errors
    /// Those of both disks.
    pub(crate) fn snapshot_on(&self, target: &dyn Disk) -> Result<()> {
        self.engine.snapshot(target)
    }

    /// Calls `listener` with the events of every commit, by whichever process.
    pub(crate) fn subscribe(&self, listener: Listener) -> u64 {
        self.engine.listeners.add(listener)
    }

    /// Calls `listener` with what the owner of the folder should know.
    pub(crate) fn on_warning(&self, listener: Listener) {
        self.engine.warnings.add(listener);
    }

    /// Removes a listener.
    pub(crate) fn unsubscribe(&self, number: u64) {
        self.engine.listeners.remove(number);
    }

    /// Holds the clock at a time, in milliseconds since 1970, so that tests give the same bytes.
    pub(crate) fn hold_clock(&self, ms: i64) {
        self.engine.clock.hold(ms);
    }

    /// Keeps the files as they are until they are asked for.
    pub(crate) fn hold_files(&self) {
        *locked(&self.engine.files_held) = true;
    }

    /// What the folder's processes have declared.
    pub(crate) fn declaration(&self) -> Declaration {
        locked(&self.engine.joined).clone()
    }

    /// What the store holds, as JSON text, told by a thread that may wait for the state.
    pub(crate) fn tell_stats(&self, ticket: Ticket) {
        self.later(ticket, |engine| Ok(Settled::Text(stats(engine))));
    }

    /// What is known to be unreadable, of one collection or in all.
    pub(crate) fn known_faults(&self, collection: Option<&str>) -> Vec<Error> {
        self.engine.known_faults(collection)
    }

    /// What the store holds, as JSON text.
    pub(crate) fn stats(&self) -> String {
        stats(&self.engine)
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
        self.slow.close();
        self.stopping.store(true, Ordering::Release);
        join(&self.threads);
        self.engine.leave()
    }
}

fn stats(engine: &Engine) -> String {
    // Before the state: who commits waits for that with the tail in hand.
    let journal = engine.tail().as_ref().map_or(0, crate::engine::journal::Tail::used);
    let faults = engine.known_faults(None);
    let state = engine.state();
    let mut counts = serde_json::Map::new();
    for id in state.catalogue.ids() {
        let (model, collection) = (state.catalogue.model(id), state.collection(id));
        if !state.layout.logs().iter().any(|place| place.model == id) {
            counts.insert(model.collection.clone(), collection.len().into());
        }
    }
    let unwritten = locked(&engine.last_flush_error).as_ref().map(|e| e.message().to_owned());
    json!({
        "records": counts,
        "journalBytes": journal,
        "durability": if engine.settings.strict { "strict" } else { "batched" },
        "filesShowEverything": state.dirty.is_clean(),
        "lastFileError": unwritten,
        "faults": faults.iter().map(Error::message).collect::<Vec<_>>(),
    })
    .to_string()
}
