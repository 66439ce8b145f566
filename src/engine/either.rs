//! An open store, wherever it is kept.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::catalogue::Declaration;
use crate::disk::Disk;
#[cfg(feature = "database")]
use crate::engine::commit::settle;
use crate::engine::commit::{Listener, Settled, SmallChange, Ticket, WriteCall};
use crate::engine::committed::Models;
#[cfg(feature = "database")]
use crate::engine::committed::only_in_folder;
use crate::engine::core::{Engine, Settings};
use crate::engine::fingerprint::Fingerprint;
use crate::engine::lifecycle::Early;
use crate::engine::payload::Harbour;
use crate::engine::runtime::FolderRuntime;
#[cfg(feature = "database")]
use crate::engine::sql::{ServerRuntime, Site};
use crate::engine::txn::View;
use crate::error::{Error, Result};

/// An open store with its threads.
pub(crate) enum Runtime {
    Folder(FolderRuntime),
    #[cfg(feature = "database")]
    Database(ServerRuntime),
}

/// Does something with either.
macro_rules! with {
    ($self:ident, $folder:ident => $of_folder:expr, $server:ident => $of_server:expr) => {
        match $self {
            Runtime::Folder($folder) => $of_folder,
            #[cfg(feature = "database")]
            Runtime::Database($server) => $of_server,
        }
    };
}

#[cfg(feature = "database")]
fn refuse(ticket: Ticket, what: &str) {
    settle(vec![(ticket, Err(only_in_folder(what)))]);
}

impl Runtime {
    /// Opens a store in a folder; see [`FolderRuntime::open`].
    ///
    /// # Errors
    /// Those of opening.
    pub(crate) fn open(
        disk: Arc<dyn Disk>,
        declared: Declaration,
        settings: Settings,
        tell_early: &dyn Fn(Option<Early>),
    ) -> Result<Runtime> {
        FolderRuntime::open(disk, declared, settings, tell_early).map(Runtime::Folder)
    }

    /// Opens a store in a database.
    ///
    /// # Errors
    /// Those of opening.
    #[cfg(feature = "database")]
    pub(crate) fn open_database(
        site: Site<'_>,
        declared: Declaration,
        settings: Settings,
    ) -> Result<Runtime> {
        ServerRuntime::open(site, declared, settings).map(Runtime::Database)
    }

    /// Is it kept in a database?
    pub(crate) fn is_in_database(&self) -> bool {
        with!(self, _folder => false, _server => true)
    }

    /// Answers from memory; `None` when the answer must be waited for.
    pub(crate) fn read<T>(&self, read: impl Fn(&View<'_>) -> Result<T>) -> Option<Result<T>> {
        with!(self, folder => folder.read(read), _server => { drop(read); None })
    }

    /// The fingerprint of these models, where it is known without waiting.
    pub(crate) fn fingerprint_of(&self, models: Models) -> Option<Fingerprint> {
        with!(self, folder => folder.fingerprint_of(models), _server => { let _ = models; None })
    }

    /// Answers on the caller's own thread, waiting where it must.
    ///
    /// # Errors
    /// Those of reading.
    pub(crate) fn read_here<T>(&self, read: impl Fn(&View<'_>) -> Result<T>) -> Result<T> {
        with!(self, folder => folder.read_here(read), server => server.read_here(read))
    }

    /// What is committed, as a number: another one tells that something was committed meanwhile.
    ///
    /// # Errors
    /// Those of reading.
    pub(crate) fn committed(&self) -> Result<u64> {
        with!(self, folder => folder.committed(), server => server.committed())
    }

    /// How many bytes the journal has; a server has none.
    pub(crate) fn journal_len(&self) -> u64 {
        with!(self, folder => folder.journal_len(), _server => 0)
    }

    /// Brings the files up to date once the journal is so long, in bytes; a database has neither.
    ///
    /// # Errors
    /// Those of the disk.
    pub(crate) fn shorten_journal(&self, most: u64) -> Result<()> {
        with!(self, folder => folder.shorten_journal(most), _server => { let _ = most; Ok(()) })
    }

    /// Answers on a thread that may wait.
    pub(crate) fn read_later(
        &self,
        read: impl Fn(&View<'_>) -> Result<Settled> + Send + 'static,
        ticket: Ticket,
    ) {
        with!(self, folder => folder.read_later(read, ticket), server => server.read_later(read, ticket));
    }

    /// Does something with payloads on a thread of theirs; it settles the ticket.
    pub(crate) fn with_payloads(
        &self,
        ticket: Ticket,
        work: impl FnOnce(&dyn Harbour, Ticket) + Send + 'static,
    ) {
        with!(
            self,
            folder => folder.with_payloads(ticket, |engine, ticket| work(engine, ticket)),
            server => server.with_payloads(ticket, |server, ticket| work(server, ticket))
        );
    }

    /// As [`Runtime::read_later`], on a thread for payloads.
    pub(crate) fn read_payload(
        &self,
        read: impl Fn(&View<'_>) -> Result<Settled> + Send + 'static,
        ticket: Ticket,
    ) {
        with!(self, folder => folder.read_payload(read, ticket), server => server.read_later(read, ticket));
    }

    /// Does what takes long on a thread for nothing else; it settles the ticket.
    pub(crate) fn slowly(&self, ticket: Ticket, work: impl FnOnce(Ticket) + Send + 'static) {
        with!(self, folder => folder.slowly(ticket, work), server => server.slowly(ticket, work));
    }

    /// Adds what another handle declares.
    ///
    /// # Errors
    /// `VALIDATION` when it contradicts what there is; those of the disk.
    pub(crate) fn declare(&self, own: &Declaration) -> Result<()> {
        with!(self, folder => folder.declare(own), server => server.declare(own))
    }

    /// Adds to an open store what is declared in addition to what it has.
    pub(crate) fn declare_in_addition(&self, own: Declaration, ticket: Ticket) {
        with!(self, folder => folder.declare_in_addition(own, ticket), server => server.declare_in_addition(own, ticket));
    }

    /// Is the folder one of the app's earlier store, which the first change converts?
    pub(crate) fn shows_older(&self) -> bool {
        with!(self, folder => folder.shows_older(), _server => false)
    }

    /// Commits a change, whose arguments hold so many bytes.
    pub(crate) fn write(&self, change: WriteCall, bytes: usize, ticket: Ticket) {
        with!(self, folder => folder.write(change, bytes, ticket), server => server.write(change, ticket));
    }

    /// Commits a small change on the caller's thread; `None`, with nothing changed, where that would wait.
    pub(crate) fn write_here(&self, change: SmallChange<'_>, bytes: usize) -> Option<Settled> {
        with!(self, folder => folder.write_here(change, bytes), _server => None)
    }

    /// Begins a transaction of several calls.
    pub(crate) fn begin(&self, timeout: Option<Duration>, ticket: Ticket) {
        with!(self, folder => folder.begin(timeout, ticket), server => server.begin(timeout, ticket));
    }

    /// Makes a call in a transaction.
    pub(crate) fn inside(&self, transaction: u64, call: WriteCall, ticket: Ticket) {
        with!(self, folder => folder.inside(transaction, call, ticket), server => server.inside(transaction, call, ticket));
    }

    /// Ends a transaction.
    pub(crate) fn finish(&self, transaction: u64, commit: bool, ticket: Ticket) {
        with!(self, folder => folder.finish(transaction, commit, ticket), server => server.finish(transaction, commit, ticket));
    }

    /// Brings everything that is committed into the files; in a database there is nothing to wait for.
    pub(crate) fn flush(&self, ticket: Ticket) {
        with!(self, folder => folder.flush(ticket), _server => settle(vec![(ticket, Ok(Settled::Nothing))]));
    }

    /// Drops what is dead.
    pub(crate) fn compact(&self, ticket: Ticket) {
        with!(self, folder => folder.compact(ticket), server => server.compact(ticket));
    }

    /// Makes a consistent copy of the folder at `place`.
    pub(crate) fn snapshot(&self, place: PathBuf, ticket: Ticket) {
        with!(self, folder => folder.snapshot(place, ticket), _server => { drop(place); refuse(ticket, "a snapshot") });
    }

    /// Reads everything, and tells every fault.
    pub(crate) fn audit(&self, ticket: Ticket) {
        with!(self, folder => folder.audit(ticket), server => server.audit(ticket));
    }

    /// Does what is seldom and long on a thread of its own.
    pub(crate) fn apart(
        &self,
        ticket: Ticket,
        name: &str,
        work: impl FnOnce(&Engine) -> Result<Settled> + Send + 'static,
    ) {
        with!(self, folder => folder.apart(ticket, name, work), _server => { drop(work); refuse(ticket, name) });
    }

    /// Fills another disk with a consistent copy of the folder, for tests.
    ///
    /// # Errors
    /// Those of both disks.
    pub(crate) fn snapshot_on(&self, target: &dyn Disk) -> Result<()> {
        with!(self, folder => folder.snapshot_on(target), _server => Err(only_in_folder("a snapshot")))
    }

    /// Calls `listener` with the events of every commit, by whichever process.
    pub(crate) fn subscribe(&self, listener: Listener) -> u64 {
        with!(self, folder => folder.subscribe(listener), server => server.subscribe(listener))
    }

    /// Calls `listener` with what the owner of the store should know.
    pub(crate) fn on_warning(&self, listener: Listener) {
        with!(self, folder => folder.on_warning(listener), _server => drop(listener));
    }

    /// Removes a listener.
    pub(crate) fn unsubscribe(&self, number: u64) {
        with!(self, folder => folder.unsubscribe(number), server => server.unsubscribe(number));
    }

    /// Holds the clock at a time, in milliseconds since 1970, so that tests give the same bytes.
    pub(crate) fn hold_clock(&self, ms: i64) {
        with!(self, folder => folder.hold_clock(ms), server => server.hold_clock(ms));
    }

    /// Keeps the files as they are until they are asked for.
    pub(crate) fn hold_files(&self) {
        with!(self, folder => folder.hold_files(), _server => ());
    }

    /// What the store's processes have declared.
    pub(crate) fn declaration(&self) -> Declaration {
        with!(self, folder => folder.declaration(), server => server.declaration())
    }

    /// What the store holds, as JSON text, told by a thread that may wait.
    pub(crate) fn tell_stats(&self, ticket: Ticket) {
        with!(self, folder => folder.tell_stats(ticket), server => server.tell_stats(ticket));
    }

    /// What is known to be unreadable, of one collection or in all. Nobody edits a database by hand.
    pub(crate) fn known_faults(&self, collection: Option<&str>) -> Vec<Error> {
        with!(self, folder => folder.known_faults(collection), _server => { let _ = collection; Vec::new() })
    }

    /// What the store holds, as JSON text; of a database that cannot be asked, the error.
    pub(crate) fn stats(&self) -> String {
        with!(self, folder => folder.stats(), server => server.stats())
    }

    /// How often anybody has waited for the database; never, in a folder.
    pub(crate) fn round_trips(&self) -> u64 {
        with!(self, _folder => 0, server => server.round_trips())
    }

    /// Ends the threads once everything is done and safe.
    ///
    /// # Errors
    /// Those of the disk: what is committed is then in the journal.
    pub(crate) fn close(&self) -> Result<()> {
        with!(self, folder => folder.close(), server => { server.close(); Ok(()) })
    }
}
