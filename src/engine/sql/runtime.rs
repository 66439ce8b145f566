//! A store in a database with its threads.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::json;

use super::listen;
use super::server::Server;
use super::transactions::Transactions;
use crate::catalogue::{Declaration, Place};
use crate::engine::commit::{Inside, Listener, Settled, Ticket, WriteCall, closed, settle};
use crate::engine::core::Settings;
use crate::engine::tasks::{Tasks, join, run_tasks, spawn};
use crate::engine::txn::View;
use crate::error::Result;
use crate::sync::locked;

/// Where a store is kept.
#[derive(Clone, Copy)]
pub(crate) struct Site<'a> {
    /// The database's address.
    pub(crate) url: &'a str,
    /// At most so many connections to it.
    pub(crate) connections: usize,
    /// The object storage that the bytes of payloads come to; the database unless given.
    pub(crate) payloads: Option<&'a str>,
}

/// A store in a database with its threads, which end with `close`.
pub(crate) struct ServerRuntime {
    server: Arc<Server>,
    tasks: Arc<Tasks<Server>>,
    /// What takes long and needs no connection; its thread starts with the first of it.
    slow: Arc<Tasks<Server>>,
    slow_thread: Mutex<bool>,
    transactions: Arc<Transactions>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// Is there a thread that hears of commits? It starts with the first who wants to.
    hears: Mutex<bool>,
    stopping: Arc<AtomicBool>,
    closed: AtomicBool,
}

impl ServerRuntime {
    /// Opens a store and starts its threads, one for each connection.
    ///
    /// # Errors
    /// As for [`Server::open`].
    pub(crate) fn open(
        site: Site<'_>,
        declared: Declaration,
        settings: Settings,
    ) -> Result<ServerRuntime> {
        let connections = site.connections;
        let server = Arc::new(Server::open(site, declared, settings)?);
        let runtime = ServerRuntime {
            server,
            tasks: Arc::default(),
            slow: Arc::default(),
            slow_thread: Mutex::default(),
            transactions: Arc::default(),
            threads: Mutex::default(),
            hears: Mutex::default(),
            stopping: Arc::default(),
            closed: AtomicBool::new(false),
        };
        for _ in 0..connections {
            let (server, tasks) = (Arc::clone(&runtime.server), Arc::clone(&runtime.tasks));
            runtime.thread("database", move || run_tasks(&server, &tasks))?;
        }
        Ok(runtime)
    }

    fn thread(&self, name: &str, body: impl FnOnce() + Send + 'static) -> Result<()> {
        let thread = spawn(name, body)?;
        locked(&self.threads).push(thread);
        Ok(())
    }

    fn later(
        &self,
        ticket: Ticket,
        work: impl FnOnce(&Server) -> Result<Settled> + Send + 'static,
    ) {
        self.tasks.add(ticket, move |server, ticket| settle(vec![(ticket, work(server))]));
    }

    /// Answers on the caller's own thread.
    ///
    /// # Errors
    /// Those of reading.
    pub(crate) fn read_here<T>(&self, read: impl Fn(&View<'_>) -> Result<T>) -> Result<T> {
        if self.closed.load(Ordering::Acquire) {
            return Err(closed());
        }
        self.server.read(read)
    }

    /// Answers on another thread.
    pub(crate) fn read_later(
        &self,
        read: impl Fn(&View<'_>) -> Result<Settled> + Send + 'static,
        ticket: Ticket,
    ) {
        self.later(ticket, move |server| server.read(read));
    }

    /// Does something with payloads; it settles the ticket.
    pub(crate) fn with_payloads(
        &self,
        ticket: Ticket,
        work: impl FnOnce(&Arc<Server>, Ticket) + Send + 'static,
    ) {
        self.tasks.add(ticket, work);
    }

    /// Makes a change.
    pub(crate) fn write(&self, mut change: WriteCall, ticket: Ticket) {
        self.later(ticket, move |server| server.write(&mut *change));
    }

    /// Does what takes long on a thread for nothing else; it settles the ticket.
    pub(crate) fn slowly(&self, ticket: Ticket, work: impl FnOnce(Ticket) + Send + 'static) {
        let mut started = locked(&self.slow_thread);
        if !*started {
            let (server, tasks) = (Arc::clone(&self.server), Arc::clone(&self.slow));
            if let Err(error) = self.thread("slow", move || run_tasks(&server, &tasks)) {
                return settle(vec![(ticket, Err(error))]);
            }
            *started = true;
        }
        drop(started);
        self.slow.add(ticket, move |_, ticket| work(ticket));
    }

    /// Begins a transaction of several calls.
    pub(crate) fn begin(&self, timeout: Option<Duration>, ticket: Ticket) {
        if self.closed.load(Ordering::Acquire) {
            return settle(vec![(ticket, Err(closed()))]);
        }
        let (server, transactions) = (Arc::clone(&self.server), Arc::clone(&self.transactions));
        let timeout = timeout.unwrap_or(server.settings.transaction_timeout);
        locked(&self.threads).retain(|thread| !thread.is_finished());
        // Without a thread the ticket is dropped, which tells the caller.
        drop(self.thread("transaction", move || transactions.run(&server, timeout, ticket)));
    }

    /// Makes a call in a transaction.
    pub(crate) fn inside(&self, transaction: u64, call: WriteCall, ticket: Ticket) {
        self.transactions.push(transaction, Inside::Call(call, ticket));
    }

    /// Ends a transaction.
    pub(crate) fn finish(&self, transaction: u64, commit: bool, ticket: Ticket) {
        self.transactions.push(transaction, Inside::Finish(commit, ticket));
    }

    /// Adds what another handle declares.
    ///
    /// # Errors
    /// `VALIDATION` when it contradicts what there is.
    pub(crate) fn declare(&self, own: &Declaration) -> Result<()> {
        self.server.declare(own, false)
    }

    /// Adds what is declared in addition to what the database has.
    pub(crate) fn declare_in_addition(&self, own: Declaration, ticket: Ticket) {
        self.later(ticket, move |server| server.declare(&own, true).map(Settled::from));
    }

    /// What the store's processes have declared, as far as it is known here.
    pub(crate) fn declaration(&self) -> Declaration {
        locked(&self.server.joined).clone()
    }

    /// Calls `listener` with the events of every commit, by whichever process, from a moment after this on.
    pub(crate) fn subscribe(&self, listener: Listener) -> u64 {
        let mut hears = locked(&self.hears);
        if !*hears {
            self.server.ears.expect();
            let (server, stopping) = (Arc::clone(&self.server), Arc::clone(&self.stopping));
            *hears = self.thread("listen", move || listen::run(&server, &stopping)).is_ok();
        }
        drop(hears);
        self.server.listeners.add(listener)
    }

    /// Removes a listener.
    pub(crate) fn unsubscribe(&self, number: u64) {
        self.server.listeners.remove(number);
    }

    /// Holds the clock at a time, in milliseconds since 1970.
    pub(crate) fn hold_clock(&self, ms: i64) {
        self.server.clock.hold(ms);
    }

    /// What is committed, as a number: another one tells that something was committed meanwhile.
    ///
    /// # Errors
    /// `IO` where the database cannot be reached.
    pub(crate) fn committed(&self) -> Result<u64> {
        self.server.committed()
    }

    /// How often anybody has waited for the database.
    pub(crate) fn round_trips(&self) -> u64 {
        self.server.round_trips()
    }

    /// Drops what nobody can ask for any more.
    pub(crate) fn compact(&self, ticket: Ticket) {
        self.later(ticket, |server| server.sweep().map(Settled::from));
    }

    /// Reads everything, and tells every fault.
    pub(crate) fn audit(&self, ticket: Ticket) {
        self.later(ticket, |server| server.audit().map(Settled::Text));
    }

    /// What the store holds, as JSON text, or the error of asking.
    pub(crate) fn stats(&self) -> String {
        stats(&self.server).unwrap_or_else(|error| error.to_json())
    }

    /// What the store holds, as JSON text, told by another thread.
    pub(crate) fn tell_stats(&self, ticket: Ticket) {
        self.later(ticket, |server| stats(server).map(Settled::Text));
    }

    /// Ends the threads once everything is done.
    pub(crate) fn close(&self) {
        if self.closed.swap(true, Ordering::AcqRel) {
            return;
        }
        self.tasks.close();
        self.slow.close();
        self.transactions.close();
        self.stopping.store(true, Ordering::Release);
        join(&self.threads);
    }
}

fn stats(server: &Server) -> Result<String> {
    let counts = server.read(|view| {
        let catalogue = view.catalogue();
        let models = catalogue.ids().map(|id| (id, catalogue.model(id)));
        let kept = models.filter(|(_, model)| !matches!(model.place, Place::Log { .. }));
        let counts = kept.map(|(id, model)| (model.collection.clone(), view.count(id).into()));
        Ok(counts.collect::<serde_json::Map<_, _>>())
    })?;
    // The same as of a folder, where nothing is behind.
    let stats = json!({
        "records": counts, "journalBytes": 0, "durability": "strict", "filesShowEverything": true,
        "lastFileError": null, "faults": [], "roundTrips": server.round_trips(),
        "server": server.facts()?,
    });
    Ok(stats.to_string())
}
