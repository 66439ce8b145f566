//! The store as a Rust program uses it, and as the border to JavaScript does.
//!
//! It joins the engine, which knows no calls, and the table of calls, which knows no files.

mod bulk;
mod commands;
mod early;
mod options;
mod payloads;
mod registry;
mod slow;
mod waiting;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

#[cfg(feature = "database")]
use sha2::{Digest, Sha256};

use crate::api::Calls;
use crate::auth;
use crate::backup::Schedule;
use crate::catalogue::Catalogue;
pub use crate::catalogue::{Declaration, Migration, Migrations, ModelId, models};
pub use crate::crypto::{Costs, Secret};
use crate::disk::{Disk, RealDisk, misplaced};
#[cfg(feature = "database")]
use crate::engine::Site;
use crate::engine::{Runtime, Tx, closed, settle};
use crate::error::{Code, Error, Result};
use crate::progress::Progress;
use crate::repos;
use registry::Home;
use waiting::{Nobody, wait};

pub use crate::calls::Answer;
pub use crate::engine::{Ended, Fingerprint, Listener, Models, Settle, Settled, Ticket};
pub(crate) use bulk::Waiting;
pub use commands::Command;
pub use early::EarlyStore;
pub(crate) use options::is_address;
pub use options::{DatabaseOptions, Durability, Options};
pub use payloads::{Bytes, Reading, Stream, Use};

/// Sessions, accounts and users, also those of the app's older store, and what is about to become
/// some: whoever could write there could sign in as anybody.
const DECIDE_WHO_IS_WHO: &[&str] =
    &["auth", "settings", "journal", "users/*/auth", "users/*/settings.json"];

fn warnings(disk: &RealDisk, options: &Options) -> Vec<String> {
    let shown = disk.root().display();
    let network = disk.network_file_system().filter(|_| !options.allow_network_fs).map(|name| {
        format!(
            "{shown} is on a network file system ({name}), where locks and shared memory do not \
             hold: let one process at a time use it, or move it to a local disk (allowNetworkFs: \
             true silences this)"
        )
    });
    let shared = disk.shared_with().filter(|_| !options.trust_shared_folder).map(|why| {
        format!(
            "the data folder {shown} is not this process's alone: {why}. Whoever may write there can \
             change or remove what the app keeps; see docs/folder.md (trustSharedFolder: true \
             silences this)"
        )
    });
    let misplaced = misplaced(disk.root(), &options.meant_dirs);
    network.into_iter().chain(misplaced).chain(shared).collect()
}

struct Handle {
    engine: Arc<Runtime>,
    calls: Arc<Calls>,
    /// Where it is kept; none for a disk of its own.
    home: Option<Home>,
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
        match &self.home {
            Some(home) => registry::leave(home),
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
        Store::open_telling(options, &|_| {})
    }

    /// The same; `tell_early` is told what can be answered before everything is read, where something can, and
    /// `None` when that may no longer be asked.
    ///
    /// # Errors
    /// As for [`Store::open`].
    pub fn open_telling(
        options: Options,
        tell_early: &dyn Fn(Option<EarlyStore>),
    ) -> Result<Store> {
        if let Some(database) = &options.database {
            return Store::open_database(database, &options);
        }
        let mut disk = RealDisk::open(&options.data_dir)?;
        if !options.trust_shared_folder {
            disk = disk.guarding(DECIDE_WHO_IS_WHO);
        }
        let home = Home::Folder(disk.root().to_owned(), disk.identity());
        let warnings = warnings(&disk, &options);
        let calls = Calls::of(&options.declaration)?;
        let settings = options.settings();
        let Options { declaration, paths_within, .. } = options;
        let engine = registry::enter(
            &home,
            || {
                let tell = |early| tell_early(EarlyStore::of(early, &calls));
                Runtime::open(Arc::new(disk), declaration.clone(), settings, &tell)
            },
            |running| running.declare(&declaration),
        )?;
        let (home, closed) = (Some(home), AtomicBool::new(false));
        let store = Store(Arc::new(Handle { engine, calls, home, closed, paths_within, warnings }));
        store.sweep(Arc::new(Nobody));
        Ok(store)
    }

    #[cfg(feature = "database")]
    fn open_database(database: &DatabaseOptions, options: &Options) -> Result<Store> {
        let calls = Calls::of(&options.declaration)?;
        let (settings, declared) = (options.settings(), options.declaration.clone());
        let DatabaseOptions { url, connections, payloads } = database;
        let site = Site { url, connections: *connections, payloads: payloads.as_deref() };
        let home = Home::Database(Sha256::digest(format!("{url} {payloads:?}")).into());
        let engine = registry::enter(
            &home,
            || Runtime::open_database(site, declared.clone(), settings),
            |running| running.declare(&declared),
        )?;
        Ok(Store(Arc::new(Handle {
            engine,
            calls,
            home: Some(home),
            closed: AtomicBool::new(false),
            paths_within: options.paths_within.clone(),
            warnings: Vec::new(),
        })))
    }

    #[cfg(not(feature = "database"))]
    fn open_database(_: &DatabaseOptions, _: &Options) -> Result<Store> {
        let message =
            "this build keeps everything in a folder: it was made without the feature database";
        Err(Error::new(Code::Validation, message))
    }

    /// How often anybody has waited for the database; never, in a folder.
    pub fn round_trips(&self) -> u64 {
        self.0.engine.round_trips()
    }

    /// Opens a store on any disk, for tests; not shared with other handles.
    ///
    /// # Errors
    /// As for [`Store::open`].
    pub fn open_on(disk: Arc<dyn Disk>, options: &Options) -> Result<Store> {
        Store::open_on_telling(disk, options, &|_| {})
    }

    /// The same; `tell_early` as for [`Store::open_telling`].
    ///
    /// # Errors
    /// As for [`Store::open`].
    pub fn open_on_telling(
        disk: Arc<dyn Disk>,
        options: &Options,
        tell_early: &dyn Fn(Option<EarlyStore>),
    ) -> Result<Store> {
        let calls = Calls::of(&options.declaration)?;
        let (settings, declaration) = (options.settings(), options.declaration.clone());
        let tell = |early| tell_early(EarlyStore::of(early, &calls));
        let engine = Arc::new(Runtime::open(disk, declaration, settings, &tell)?);
        let closed = AtomicBool::new(false);
        let paths_within = options.paths_within.clone();
        Ok(Store(Arc::new(Handle {
            engine,
            calls,
            home: None,
            closed,
            paths_within,
            warnings: Vec::new(),
        })))
    }

    /// What the owner should know about the folder.
    pub fn warnings(&self) -> &[String] {
        &self.0.warnings
    }

    /// Removes sessions and tokens that have expired, behind everything that waits already. In a database that is done
    /// when it is asked for, by one of many servers.
    fn sweep(&self, settler: Arc<dyn Settle>) {
        let expired = self.0.engine.read(|view| Ok(!auth::expired(view)?.is_empty()));
        let ticket = Ticket::new(settler, 0);
        // Who only reads an older folder leaves it as it is.
        let is_due = expired.map_or(self.0.engine.is_in_database(), |any| matches!(any, Ok(true)));
        if is_due && !self.0.engine.shows_older() {
            let sweep = |tx: &mut Tx<'_>| Ok(Settled::Number(auth::sweep(tx)? as u64));
            self.0.engine.write(Box::new(sweep), 0, ticket);
        } else {
            settle(vec![(ticket, Ok(Settled::Nothing))]);
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
    /// when the answer needs the disk: then [`Command::Read`].
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

    /// Are all records and logs of these models as they were when they had this fingerprint, as far as
    /// memory knows without waiting?
    pub fn is_same(&self, models: Models, print: Fingerprint) -> bool {
        let is_open = !self.0.closed.load(Ordering::Acquire);
        is_open && self.0.engine.fingerprint_of(models) == Some(print)
    }

    /// Reads everything that the folder holds, and waits; gives what was looked at and every fault,
    /// as JSON text.
    ///
    /// # Errors
    /// Those of the disk; what a file says is a fault in the answer.
    pub fn check_now(&self) -> Result<String> {
        wait(|ticket| self.run(Command::Check, ticket)).map(Settled::into_json)
    }

    /// Makes such a copy and waits for it.
    ///
    /// # Errors
    /// `VALIDATION` for a folder that is not new or empty, or within the data folder; those of
    /// the disk.
    pub fn snapshot_now(&self, place: impl Into<PathBuf>) -> Result<()> {
        wait(|ticket| self.run(Command::Snapshot(place.into()), ticket)).map(drop)
    }

    /// Writes everything that is committed into a new file, or with a schedule into one in the folder
    /// `place`; gives what it holds, as JSON text.
    ///
    /// # Errors
    /// `VALIDATION` when the file is there already or within the data folder; those of the disk.
    pub fn backup_now(
        &self,
        place: impl Into<PathBuf>,
        keep: Option<Schedule>,
        progress: Arc<dyn Progress>,
    ) -> Result<String> {
        let place = place.into();
        wait(|ticket| self.run(Command::Backup { place, keep, progress }, ticket))
            .map(Settled::into_json)
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

    /// The records, lines and files that are known to be unreadable, of one repository or in all: what lists leave
    /// out. [`Store::check_now`] reads everything.
    pub fn known_faults(&self, repository: Option<&str>) -> Vec<Error> {
        self.0.engine.known_faults(repository)
    }

    /// The messages of a chat that can be read, oldest first, and what is wrong with the other lines of its log.
    ///
    /// # Errors
    /// `CORRUPT` when nobody knows whether the chat is there; `UNSUPPORTED_VERSION` for a log of a newer version;
    /// those of the disk.
    pub fn readable_messages(&self, chat: &str) -> Result<(Vec<Arc<str>>, Vec<Error>)> {
        self.look(|view| repos::chats::readable_messages(view, chat))
    }

    /// Calls `listener` with the JSON texts of the events of every commit.
    pub fn subscribe(&self, listener: Listener) -> u64 {
        self.0.engine.subscribe(listener)
    }

    /// Calls `listener` with what the owner of the folder should know, a sentence each.
    pub fn on_warning(&self, listener: Listener) {
        self.0.engine.on_warning(listener);
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

    /// What the folder's apps have declared besides the built-in models, as far as it is known here.
    pub fn declaration(&self) -> Declaration {
        self.0.engine.declaration()
    }

    /// The repositories of this handle that can be asked for records, each with its model's name where
    /// that is built in.
    pub fn repositories(&self) -> Vec<(String, Option<String>)> {
        let builtin = Catalogue::builtin();
        let named = |model| builtin.model(model).name.clone();
        let all = self.0.calls.repositories();
        all.map(|(name, model)| (name.to_owned(), model.map(named))).collect()
    }

    /// Makes a call by name and waits for its answer: `characters.findById`, `["id"]`.
    ///
    /// # Errors
    /// Those of the call; `VALIDATION` when there is no such call.
    pub fn call(&self, name: &str, args: &str) -> Result<String> {
        self.call_with(name, args, None)
    }

    /// Makes a call by name, with the passphrase that it takes apart from its other arguments.
    ///
    /// # Errors
    /// As for [`Store::call`].
    pub fn call_with(&self, name: &str, args: &str, passphrase: Option<Secret>) -> Result<String> {
        let call = self.number_of(name)?;
        let is_write = self.0.calls.is_write(call);
        let is_slow = self.0.calls.is_slow(call);
        if !is_slow
            && !is_write
            && let Some(answer) = self.read(call, args, None)
        {
            return answer.map(Answer::into_text);
        }
        if is_write
            && !is_slow
            && let Some(answer) = self.write_here(call, args.to_owned())
        {
            return Ok(answer.into_json());
        }
        let args = args.to_owned();
        let command = if is_slow {
            Command::Slow { transaction: None, call, args, passphrase }
        } else if is_write {
            Command::Write { call, args }
        } else {
            Command::Read { call, args, marked: false }
        };
        wait(|ticket| self.run(command, ticket)).map(Settled::into_json)
    }

    /// Makes several calls one atomic change, and waits for it; nothing stays when `calls`
    /// fails.
    ///
    /// # Errors
    /// Those of the calls.
    pub fn transaction<T>(&self, calls: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        let Settled::Number(number) =
            wait(|ticket| self.run(Command::Begin { timeout: None }, ticket))?
        else {
            return Err(Error::new(Code::Io, "a transaction without a number"));
        };
        let done = calls(&Transaction { store: self, number });
        let finish = Command::Finish { transaction: number, commit: done.is_ok() };
        let ended = wait(|ticket| self.run(finish, ticket));
        done.and_then(|value| ended.map(|_| value))
    }

    /// Waits until the files show every change so far.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn flush_now(&self) -> Result<()> {
        wait(|ticket| self.run(Command::Flush, ticket)).map(drop)
    }

    /// Waits until the journal is empty and no dead line is left.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn compact_now(&self) -> Result<()> {
        wait(|ticket| self.run(Command::Compact, ticket)).map(drop)
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
        let args = args.to_owned();
        let command = if self.store.0.calls.is_slow(call) {
            Command::Slow { transaction: Some(self.number), call, args, passphrase: None }
        } else {
            Command::Inside { transaction: self.number, call, args }
        };
        wait(|ticket| self.store.run(command, ticket)).map(Settled::into_json)
    }
}
