//! What a handle is asked to do and answers later.

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::Store;
use super::waiting::Compaction;
use crate::backup::{self, Schedule};
use crate::better_auth;
use crate::crypto::Secret;
use crate::engine::{Settled, Ticket, Tx, View, WriteCall, closed, settle};
use crate::progress::Progress;

/// What a handle is asked to do. A call is named by its number.
pub enum Command {
    /// Nothing but that the store be open.
    Open,
    /// Answers on a thread that may use the disk; `marked` as for [`Answer::into_marked`].
    Read { call: usize, args: String, marked: bool },
    /// Commits what a writing call changes.
    Write { call: usize, args: String },
    /// Makes a call that takes long, alone or in a transaction; a passphrase is given apart.
    Slow { transaction: Option<u64>, call: usize, args: String, passphrase: Option<Secret> },
    /// Begins a transaction, which may take this long or the store's own time; settles with its
    /// number.
    Begin { timeout: Option<Duration> },
    /// Makes a call, reading or writing, in a transaction.
    Inside { transaction: u64, call: usize, args: String },
    /// Ends a transaction.
    Finish { transaction: u64, commit: bool },
    /// Declares the tables of Better Auth's schema, which is JSON text.
    DeclareBetterAuth(String),
    /// Brings every change so far into the files.
    Flush,
    /// Removes what has expired, drops dead lines, and starts the journal anew.
    Compact,
    /// Makes a consistent copy of the folder, with every change so far, in a new or empty folder.
    Snapshot(PathBuf),
    /// Writes everything up to now into a new file, or one in a folder of backups of which a schedule
    /// keeps some; settles with what it holds.
    Backup { place: PathBuf, keep: Option<Schedule>, progress: Arc<dyn Progress> },
    /// Reads everything that the folder holds; settles with what was looked at and every fault.
    Check,
    /// Settles with what the store holds.
    Stats,
}

impl Store {
    /// Does what it is asked to; the ticket is settled with the answer, at once or by another thread.
    pub fn run(&self, command: Command, ticket: Ticket) {
        let engine = &self.0.engine;
        // A transaction ends on a closed handle too: it would hold up the others until it expires.
        let ends = matches!(command, Command::Finish { .. });
        if self.0.closed.load(Ordering::Acquire) && !ends {
            return settle(vec![(ticket, Err(closed()))]);
        }
        match command {
            Command::Open => settle(vec![(ticket, Ok(Settled::Nothing))]),
            Command::Read { call, args, marked } => self.read_later(call, args, marked, ticket),
            Command::Write { call, args } => {
                let bytes = args.len();
                engine.write(self.body(call, args), bytes, ticket);
            }
            Command::Slow { transaction, call, args, passphrase } => {
                self.slow(transaction, call, args, passphrase, ticket);
            }
            Command::Begin { timeout } => engine.begin(timeout, ticket),
            Command::Inside { transaction, call, args } => {
                engine.inside(transaction, self.body(call, args), ticket);
            }
            Command::Finish { transaction, commit } => engine.finish(transaction, commit, ticket),
            Command::DeclareBetterAuth(schema) => match better_auth::declaration(&schema) {
                Ok(declaration) => engine.declare_in_addition(declaration, ticket),
                Err(error) => settle(vec![(ticket, Err(error))]),
            },
            Command::Flush => engine.flush(ticket),
            Command::Compact => {
                let (engine, ticket) = (Arc::clone(engine), Mutex::new(Some(ticket)));
                self.sweep(Arc::new(Compaction { engine, ticket }));
            }
            Command::Snapshot(place) => engine.snapshot(place, ticket),
            Command::Backup { place, keep, progress } => {
                engine.apart(ticket, "backup", move |engine| {
                    let made = backup::back_up(engine, &place, keep.as_ref(), &*progress)?;
                    Ok(Settled::Text(made.json()))
                });
            }
            Command::Check => engine.audit(ticket),
            Command::Stats => engine.tell_stats(ticket),
        }
    }

    /// Commits what a call changes before this returns, where nothing is in the way; `None`, with nothing
    /// changed, where there is, or the call fails: then [`Command::Write`].
    pub fn write_here(&self, call: usize, args: String) -> Option<Settled> {
        if self.0.closed.load(Ordering::Acquire) {
            return None;
        }
        let (calls, bytes) = (&self.0.calls, args.len());
        let args = calls.guarded(call, args);
        let change = |tx: &mut Tx<'_>| calls.any(call, tx, &args).map(Settled::Text);
        self.0.engine.write_here(&change, bytes)
    }

    fn read_later(&self, call: usize, args: String, marked: bool, ticket: Ticket) {
        let (calls, args) = (Arc::clone(&self.0.calls), self.0.calls.guarded(call, args));
        let read = move |view: &View<'_>| {
            let answer = calls.read(call, view, &args, None)?;
            Ok(Settled::Text(answer.into_marked(marked)))
        };
        self.0.engine.read_later(read, ticket);
    }

    /// What a call does within a commit.
    fn body(&self, call: usize, args: String) -> WriteCall {
        let (calls, args) = (Arc::clone(&self.0.calls), self.0.calls.guarded(call, args));
        Box::new(move |tx: &mut Tx<'_>| calls.any(call, tx, &args).map(Settled::Text))
    }
}
