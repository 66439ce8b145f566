//! The store as a Rust program uses it, and as the border to JavaScript does.
//!
//! It joins the engine, which knows no calls, and the table of calls, which knows no files.

mod payloads;
mod registry;
mod slow;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::Deserialize;

use crate::api::Calls;
use crate::auth;
pub use crate::catalogue::{Declaration, Migration, Migrations, ModelId, models};
pub use crate::crypto::{Costs, Secret};
use crate::disk::{Disk, RealDisk, misplaced};
use crate::engine::{Runtime, Settings, View, closed, settle};
use crate::error::{Code, Error, Result};
use crate::sync::locked;

pub use crate::calls::Answer;
pub use crate::engine::{Ended, Fingerprint, Listener, Settle, Ticket};
pub use payloads::{Bytes, Reading, Stream, Use};

/// What is safe when a call resolves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    /// The change survives power loss.
    Strict,
    /// The change survives the death of the process, and power loss 50 ms later.
    Batched,
}

/// How a store is opened.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder; made when it is not there.
    pub data_dir: PathBuf,
    /// What is safe when a call resolves.
    pub durability: Durability,
    /// Largest record, in bytes of its JSON text.
    pub max_record_bytes: usize,
    /// How long a call waits for other processes before it gives up with `LOCKED`.
    pub lock_timeout: Duration,
    /// How long a transaction may take.
    pub transaction_timeout: Duration,
    /// What a relative name of the folder stood for where the process was started.
    pub meant_dirs: Vec<PathBuf>,
    /// The folders from which bytes are taken by their path, and those below them; any unless given.
    pub paths_within: Option<Vec<PathBuf>>,
    /// Is a folder on a network file system opened without a warning?
    pub allow_network_fs: bool,
    /// Where the clock is held from the opening on, in milliseconds since 1970, for the same calls
    /// to give the same bytes.
    pub held_clock: Option<i64>,
    /// What brings records of older versions to the newest: what there is, but for tests.
    pub migrations: Migrations,
    /// The app's own collections, and fields that it adds to built-in models.
    pub declaration: Declaration,
    /// What new passphrases are derived with.
    pub costs: Costs,
}

impl Options {
    /// The usual options for a folder.
    pub fn new(data_dir: impl Into<PathBuf>) -> Options {
        Options {
            data_dir: data_dir.into(),
            durability: Durability::Strict,
            max_record_bytes: 16 << 20,
            lock_timeout: Duration::from_secs(30),
            transaction_timeout: Duration::from_secs(5),
            meant_dirs: Vec::new(),
            paths_within: None,
            allow_network_fs: false,
            held_clock: None,
            migrations: Migrations::default(),
            declaration: Declaration::default(),
            costs: Costs::default(),
        }
    }

    fn settings(&self) -> Settings {
        Settings {
            strict: self.durability == Durability::Strict,
            max_record_bytes: self.max_record_bytes,
            lock_timeout: self.lock_timeout,
            transaction_timeout: self.transaction_timeout,
            costs: self.costs,
            held_clock: self.held_clock,
            migrations: self.migrations,
        }
    }
}

/// Which folder a handle counts for; none for a disk of its own.
type Folder = Option<(PathBuf, (u64, u64))>;

struct Handle {
    engine: Arc<Runtime>,
    calls: Arc<Calls>,
    folder: Folder,
    closed: AtomicBool,
    paths_within: Option<Vec<PathBuf>>,
    warnings: Vec<String>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        if !self.closed.swap(true, Ordering::AcqRel) {
            // Nobody is left to hear of a failure, and what is committed is in the journal.
            let _ = self.leave();
        }
    }
}

impl Handle {
    fn leave(&self) -> Result<()> {
        match &self.folder {
            Some(folder) => registry::leave(folder),
            None => self.engine.close(),
        }
    }
}

/// A handle on an open store. Clones are the same handle; `open` on the same folder gives
/// another handle on the same engine. Dropping the last clone closes it.
#[derive(Clone)]
pub struct Store(Arc<Handle>);

impl Store {
    /// Opens a folder; after a crash this brings it back to what was committed.
    ///
    /// # Errors
    /// Those of the disk, `LOCKED`, `UNSUPPORTED_VERSION`.
    pub fn open(options: Options) -> Result<Store> {
        let disk = RealDisk::open(&options.data_dir)?;
        let folder = (disk.root().to_owned(), disk.identity());
        let network = disk.network_file_system().filter(|_| !options.allow_network_fs);
        let network = network.map(|name| format!(
            "{} is on a network file system ({name}), where locks and shared memory do not hold: \
             let one process at a time use it, or move it to a local disk (allowNetworkFs: true \
             silences this)",
            folder.0.display()
        ));
        let misplaced = misplaced(&folder.0, &options.meant_dirs);
        let warnings = network.into_iter().chain(misplaced).collect();
        let calls = Calls::of(&options.declaration)?;
        let settings = options.settings();
        let Options { declaration, paths_within, .. } = options;
        let engine = registry::enter(
            &folder,
            || Runtime::open(Arc::new(disk), declaration.clone(), settings),
            |running| running.declare(&declaration),
        )?;
        let (folder, closed) = (Some(folder), AtomicBool::new(false));
        let store =
            Store(Arc::new(Handle { engine, calls, folder, closed, paths_within, warnings }));
        store.sweep(Arc::new(Nobody));
        Ok(store)
    }

    /// Opens a store on any disk, for tests; not shared with other handles.
    ///
    /// # Errors
    /// As for [`Store::open`].
    pub fn open_on(disk: Arc<dyn Disk>, options: &Options) -> Result<Store> {
        let calls = Calls::of(&options.declaration)?;
        let (settings, declaration) = (options.settings(), options.declaration.clone());
        let engine = Arc::new(Runtime::open(disk, declaration, settings)?);
        let closed = AtomicBool::new(false);
        let paths_within = options.paths_within.clone();
        Ok(Store(Arc::new(Handle {
            engine,
            calls,
            folder: None,
            closed,
            paths_within,
            warnings: Vec::new(),
        })))
    }

    /// What the owner should know about the folder.
    pub fn warnings(&self) -> &[String] {
        &self.0.warnings
    }

    /// Removes sessions and tokens that have expired, behind everything that waits already.
    fn sweep(&self, settler: Arc<dyn Settle>) {
        let none_expired =
            self.0.engine.read(|view| Ok(auth::expired(view)?.is_empty().to_string()));
        let ticket = Ticket::new(settler, 0);
        if matches!(none_expired, Some(Ok(none)) if none == "false") {
            let sweep = Box::new(|tx: &mut crate::engine::Tx<'_>| {
                auth::sweep(tx).map(|gone| gone.to_string())
            });
            self.0.engine.write(sweep, ticket);
        } else {
            settle(vec![(ticket, Ok(String::new()))]);
        }
    }

    fn number_of(&self, name: &str) -> Result<usize> {
        let none =
            || Error::new(Code::Validation, format!("there is no call {name}; see docs/api.md"));
        self.0.calls.number_of(name).ok_or_else(none)
    }

    fn open_engine(&self, ticket: Ticket) -> Option<(&Runtime, Ticket)> {
        if self.0.closed.load(Ordering::Acquire) {
            settle(vec![(ticket, Err(closed()))]);
            return None;
        }
        Some((&self.0.engine, ticket))
    }

    /// Answers from memory a caller who may have the answer with the fingerprint `known`; `None`
    /// when the answer needs the disk: then [`Store::read_later`].
    pub fn read(
        &self,
        call: usize,
        args: &str,
        known: Option<Fingerprint>,
    ) -> Option<Result<Answer>> {
        if self.0.closed.load(Ordering::Acquire) {
            return Some(Err(closed()));
        }
        self.0.engine.read(|view| self.0.calls.read(call, view, args, known))
    }

    /// Answers on a thread that may use the disk.
    pub fn read_later(&self, call: usize, args: String, ticket: Ticket) {
        if let Some((engine, ticket)) = self.open_engine(ticket) {
            let (calls, args) = (Arc::clone(&self.0.calls), self.0.calls.guarded(call, args));
            let read =
                move |view: &View<'_>| calls.read(call, view, &args, None).map(Answer::into_text);
            engine.read_later(read, ticket);
        }
    }

    /// Commits what a writing call changes.
    pub fn write(&self, call: usize, args: String, ticket: Ticket) {
        if let Some((engine, ticket)) = self.open_engine(ticket) {
            let calls = Arc::clone(&self.0.calls);
            let args = self.0.calls.guarded(call, args);
            engine.write(Box::new(move |tx| calls.any(call, tx, &args)), ticket);
        }
    }

    /// Begins a transaction; settles with its number.
    pub fn begin(&self, timeout: Option<Duration>, ticket: Ticket) {
        if let Some((engine, ticket)) = self.open_engine(ticket) {
            engine.begin(timeout, ticket);
        }
    }

    /// Makes a call, reading or writing, in a transaction.
    pub fn inside(&self, transaction: u64, call: usize, args: String, ticket: Ticket) {
        if let Some((engine, ticket)) = self.open_engine(ticket) {
            let calls = Arc::clone(&self.0.calls);
            let args = self.0.calls.guarded(call, args);
            let change = Box::new(move |tx: &mut crate::engine::Tx<'_>| calls.any(call, tx, &args));
            engine.inside(transaction, change, ticket);
        }
    }

    /// Ends a transaction, on a closed handle too: it would hold up the others until it expires.
    pub fn finish(&self, transaction: u64, commit: bool, ticket: Ticket) {
        self.0.engine.finish(transaction, commit, ticket);
    }

    /// Settles when the files show every change so far.
    pub fn flush(&self, ticket: Ticket) {
        if let Some((engine, ticket)) = self.open_engine(ticket) {
            engine.flush(ticket);
        }
    }

    /// Removes what has expired, drops dead lines, and starts the journal anew.
    pub fn compact(&self, ticket: Ticket) {
        if let Some((_, ticket)) = self.open_engine(ticket) {
            let engine = Arc::clone(&self.0.engine);
            self.sweep(Arc::new(Compaction { engine, ticket: Mutex::new(Some(ticket)) }));
        }
    }

    /// Makes a consistent copy of the folder, with every change so far, in a new or empty folder.
    pub fn snapshot(&self, place: PathBuf, ticket: Ticket) {
        if let Some((engine, ticket)) = self.open_engine(ticket) {
            engine.snapshot(place, ticket);
        }
    }

    /// Reads everything that the folder holds; settles with what was looked at and every fault,
    /// as JSON text.
    pub fn check(&self, ticket: Ticket) {
        if let Some((engine, ticket)) = self.open_engine(ticket) {
            engine.audit(ticket);
        }
    }

    /// Reads everything that the folder holds, and waits; gives what was looked at and every fault,
    /// as JSON text.
    ///
    /// # Errors
    /// Those of the disk; what a file says is a fault in the answer.
    pub fn check_now(&self) -> Result<String> {
        wait(|ticket| self.check(ticket))
    }

    /// Makes such a copy and waits for it.
    ///
    /// # Errors
    /// `VALIDATION` for a folder that is not new or empty, or within the data folder; those of
    /// the disk.
    pub fn snapshot_now(&self, place: impl Into<PathBuf>) -> Result<()> {
        wait(|ticket| self.snapshot(place.into(), ticket)).map(|_| ())
    }

    /// Makes such a copy on any disk, for tests.
    ///
    /// # Errors
    /// Those of both disks.
    pub fn snapshot_on(&self, target: &dyn Disk) -> Result<()> {
        self.0.engine.snapshot_on(target)
    }

    /// What the store holds, as JSON text.
    pub fn stats(&self) -> String {
        self.0.engine.stats()
    }

    /// Calls `listener` with the JSON texts of the events of every commit.
    pub fn subscribe(&self, listener: Listener) -> u64 {
        self.0.engine.subscribe(listener)
    }

    /// Removes a listener.
    pub fn unsubscribe(&self, number: u64) {
        self.0.engine.unsubscribe(number);
    }

    /// Holds the store's clock at a time, in milliseconds since 1970: the same calls then give
    /// the same bytes.
    pub fn hold_clock(&self, ms: i64) {
        self.0.engine.hold_clock(ms);
    }

    /// Lets the files follow only `flush`, `compact` and `close` from now on: the same calls then
    /// give the same operations of the disk.
    pub fn hold_files(&self) {
        self.0.engine.hold_files();
    }

    /// Closes this handle; with the last one of its folder the engine ends, and the folder is
    /// at rest. Closing twice is no error.
    ///
    /// # Errors
    /// Those of the disk; what is committed is then in the journal.
    pub fn close(&self) -> Result<()> {
        if self.0.closed.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        self.0.leave()
    }

    /// Makes a call by name and waits for its answer: `characters.findById`, `["id"]`.
    ///
    /// # Errors
    /// Those of the call; `VALIDATION` when there is no such call.
    pub fn call(&self, name: &str, args: &str) -> Result<String> {
        let call = self.number_of(name)?;
        if self.0.calls.is_slow(call) {
            return wait(|ticket| self.slow(None, call, args.to_owned(), None, ticket));
        }
        if !self.0.calls.is_write(call) {
            if let Some(answer) = self.read(call, args, None) {
                return answer.map(Answer::into_text);
            }
            return wait(|ticket| self.read_later(call, args.to_owned(), ticket));
        }
        wait(|ticket| self.write(call, args.to_owned(), ticket))
    }

    /// Makes several calls one atomic change, and waits for it; nothing stays when `calls`
    /// fails.
    ///
    /// # Errors
    /// Those of the calls.
    pub fn transaction<T>(&self, calls: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        let number = wait(|ticket| self.begin(None, ticket))?;
        let number =
            number.parse().map_err(|_| Error::new(Code::Io, "a transaction without a number"))?;
        let transaction = Transaction { store: self, number };
        let done = calls(&transaction);
        let ended = wait(|ticket| self.finish(number, done.is_ok(), ticket));
        done.and_then(|value| ended.map(|_| value))
    }

    /// Waits until the files show every change so far.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn flush_now(&self) -> Result<()> {
        wait(|ticket| self.flush(ticket)).map(|_| ())
    }

    /// Waits until the journal is empty and no dead line is left.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn compact_now(&self) -> Result<()> {
        wait(|ticket| self.compact(ticket)).map(|_| ())
    }
}

/// Several calls that are one atomic change.
pub struct Transaction<'a> {
    store: &'a Store,
    number: u64,
}

impl Transaction<'_> {
    /// Makes a call in the transaction.
    ///
    /// # Errors
    /// Those of the call.
    pub fn call(&self, name: &str, args: &str) -> Result<String> {
        let call = self.store.number_of(name)?;
        if self.store.0.calls.is_slow(call) {
            let number = Some(self.number);
            return wait(|ticket| self.store.slow(number, call, args.to_owned(), None, ticket));
        }
        wait(|ticket| self.store.inside(self.number, call, args.to_owned(), ticket))
    }
}

/// Nobody waits for the answer.
struct Nobody;

impl Settle for Nobody {
    fn settle(&self, _ended: Vec<(u64, Result<String>)>) {}
}

/// A compaction that waits for the sweep before it, for what is swept to be dropped as well.
struct Compaction {
    engine: Arc<Runtime>,
    ticket: Mutex<Option<Ticket>>,
}

impl Settle for Compaction {
    fn settle(&self, _ended: Vec<(u64, Result<String>)>) {
        let ticket = locked(&self.ticket).take();
        if let Some(ticket) = ticket {
            self.engine.compact(ticket);
        }
    }
}

/// A thread that waits for one answer.
struct Waiter(Mutex<mpsc::Sender<Result<String>>>);

impl Settle for Waiter {
    fn settle(&self, ended: Vec<(u64, Result<String>)>) {
        let sender = locked(&self.0);
        for (_, answer) in ended {
            // Who no longer waits needs no answer.
            let _ = sender.send(answer);
        }
    }
}

fn wait(start: impl FnOnce(Ticket)) -> Result<String> {
    let (sender, receiver) = mpsc::channel();
    start(Ticket::new(Arc::new(Waiter(Mutex::new(sender))), 0));
    receiver.recv().unwrap_or_else(|_| Err(closed()))
}
