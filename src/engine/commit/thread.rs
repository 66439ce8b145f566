//! The committing thread: one batch after another, each with one sync.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use crate::error::{Code, Error, Result};

use super::queue::{Inside, Turn, WriteCall};
use super::ticket::{Settled, Ticket, internal, settle};
use crate::engine::core::Engine;
use crate::engine::folder::Folder;
use crate::engine::journal::Commit;
use crate::engine::journal::{self, Appended, Header, Tail};
use crate::engine::logs::Source;
use crate::engine::memory::State;
use crate::engine::processes::locks::CommitLock;
use crate::engine::processes::shared_memory::{busy, word};
use crate::engine::txn::Overlay;
use crate::engine::txn::{Base, Tx};

/// One answer of a batch: whose, what, and whether it waits for the journal.
type Answer = (Ticket, Result<Settled>, bool);

/// Commits until the store is closed.
pub(crate) fn run(engine: &Engine) {
    let mut transactions = 0;
    // After a panic nobody knows what was applied: nothing is written until a new opening.
    while catch_unwind(AssertUnwindSafe(|| commit_all(engine, &mut transactions))).is_err() {
        engine.poison(&internal());
    }
}

fn commit_all(engine: &Engine, transactions: &mut u64) {
    while let Some(work) = engine.queue.take() {
        match work {
            Turn::Writes(batch) => engine.commit_batch(batch),
            Turn::Transaction(timeout, ticket) => {
                *transactions += 1;
                let timeout = timeout.unwrap_or(engine.settings.transaction_timeout);
                engine.run_transaction(*transactions, timeout, ticket);
            }
        }
    }
}

impl Engine {
    /// Commits changes that do not know of each other with one sync.
    #[inline(never)] // bench/instructions.mjs counts it by its name.
    fn commit_batch(&self, batch: Vec<(WriteCall, Ticket)>) {
        let lock = match self
            .check_health()
            .and_then(|()| self.convert_older())
            .and_then(|()| self.lock_commit())
        {
            Ok(lock) => lock,
            Err(error) => return refuse(batch.into_iter().map(|(_, ticket)| ticket), &error),
        };
        let answers = match self.catch_up_locked(&lock) {
            Err(error) => {
                drop(lock);
                return refuse(batch.into_iter().map(|(_, ticket)| ticket), &error);
            }
            Ok(()) => self.run_batch(&lock, batch),
        };
        // Other processes need not wait for our callers.
        drop(lock);
        settle(answers);
    }

    fn run_batch(
        &self,
        lock: &CommitLock<'_>,
        mut batch: Vec<(WriteCall, Ticket)>,
    ) -> Vec<(Ticket, Result<Settled>)> {
        let now = self.clock.now();
        let mut overlay = Overlay::default();
        let mut commits = Vec::new();
        let mut answers: Vec<Answer> = Vec::with_capacity(batch.len());
        // Calls that are made at once come one after the other, and a sync is for all that are there.
        while !batch.is_empty() {
            for (change, ticket) in batch {
                let answer = self.run_change(&mut overlay, &now, change);
                let changes = overlay.take_changes();
                if !changes.is_empty() {
                    commits.push(Commit { at: now.clone(), changes });
                }
                // A call that changed nothing may have answered from the unsynced changes before it in
                // the batch, so its answer waits for the sync too.
                answers.push((ticket, answer, !commits.is_empty()));
            }
            batch =
                if self.settings.strict { self.queue.take_more(answers.len()) } else { Vec::new() };
        }
        let persisted = self.persist(lock, commits);
        answers
            .into_iter()
            .map(|(ticket, answer, waits)| match &persisted {
                Err(error) if waits => (ticket, Err(error.clone())),
                _ => (ticket, answer),
            })
            .collect()
    }

    /// Runs one change over the uncommitted ones; nothing of it stays when it fails.
    fn run_change(
        &self,
        overlay: &mut Overlay,
        now: &str,
        mut change: WriteCall,
    ) -> Result<Settled> {
        let state = self.state();
        let mark = overlay.mark();
        let folder = Folder::to_change(&state, self.files(), Source::Disk);
        let mut tx = Tx { base: Base::from(&folder), overlay, context: self.context(now) };
        let done = catch_unwind(AssertUnwindSafe(|| {
            let reply = change(&mut tx)?;
            tx.make_single()?;
            Ok(reply)
        }));
        let done = done.unwrap_or_else(|_| Err(internal()));
        if done.is_err() {
            overlay.roll_back(mark);
        }
        done
    }

    /// Makes commits durable, as the store's mode asks, and then visible.
    pub(crate) fn persist(&self, _: &CommitLock<'_>, commits: Vec<Commit>) -> Result<()> {
        if commits.is_empty() {
            return Ok(());
        }
        let catalogue = Arc::clone(&self.state().catalogue);
        let texts: Vec<String> = commits.iter().map(|commit| commit.encode(&catalogue)).collect();
        let mut guard = self.tail();
        let tail = self.current_tail(&mut guard)?;
        // From here on another process that finds us dead must look behind the committed end.
        self.words.store(word::BUSY, busy::APPENDING);
        // What a failed write leaves behind the end is overwritten by the next one, and nobody
        // may take it for the work of a holder who died.
        let idle = |error| {
            self.words.store(word::BUSY, busy::IDLE);
            error
        };
        let appended = tail.append(&texts).map_err(idle)?;
        let file = tail.file();
        // Readers need the tail to catch up; they need not wait for the disk. Nobody else appends, for
        // this thread holds the commit lock.
        drop(guard);
        if self.settings.strict {
            file.sync().map_err(|error| idle(self.poison(&error)))?;
        }
        let tail = self.tail();
        self.publish(tail, self.state_mut(), &appended, &commits);
        Ok(())
    }

    /// Makes appended commits visible, to this process and then to the others.
    pub(super) fn publish(
        &self,
        mut guard: MutexGuard<'_, Option<Tail>>,
        mut state: RwLockWriteGuard<'_, State>,
        appended: &Appended,
        commits: &[Commit],
    ) {
        let Some(tail) = guard.as_mut() else { return };
        // Only now: a reader that followed the tail before the sync would have shown what the sync
        // might still lose.
        tail.advance(appended);
        let position = tail.position();
        if self.settings.strict {
            self.words.raise(word::DURABLE, position);
        }
        let mut touched = Vec::new();
        commits.iter().for_each(|commit| touched.extend(state.apply(commit, position)));
        let catalogue = Arc::clone(&state.catalogue);
        drop(state);
        // The state first, then the word: a process that sees the word may ask us, and a thread of
        // ours that sees it must find the state there already.
        self.position.store(position, Ordering::Release);
        self.words.raise(word::COMMITTED, position);
        self.words.store(word::BUSY, busy::IDLE);
        drop(guard);
        self.keeper.wake();
        self.listeners.tell(&catalogue, &touched);
    }

    /// The tail, of a segment that is started when there is none.
    fn current_tail<'t>(&self, tail: &'t mut Option<Tail>) -> Result<&'t mut Tail> {
        if tail.is_none() {
            self.words.store(word::BUSY, busy::SWITCHING);
            let mut rows = Vec::new();
            for place in self.state().layout.rows() {
                let len = match self.disk.stamp(&place.path) {
                    // Nothing of what will stand there when it is put right is ours to cut off.
                    Err(error) if error.is_of_content() => u64::MAX,
                    stamp => stamp?.map_or(0, |stamp| stamp.len),
                };
                rows.push((place.path.as_str().to_owned(), len));
            }
            let base = self.position();
            let version = self.settings.migrations.version();
            let segment = journal::start(&*self.disk, Header::new(version, base, rows))?;
            self.words.store(word::BASE, base + 1);
            self.known_base.store(base + 1, Ordering::Release);
            *tail = Some(Tail::at_start(segment)?);
        }
        let tail = tail.as_mut();
        let tail = tail.ok_or_else(|| Error::new(Code::Io, "the journal has no segment"))?;
        if tail.version() != self.settings.migrations.version() {
            let message = "another version of quilltap-store has changed the folder, and its journal is not \
                           in the files yet: let all processes use one version, and see that the disk is not full";
            return Err(Error::new(Code::UnsupportedVersion, message).path("journal"));
        }
        Ok(tail)
    }

    /// Runs a transaction of several calls, alone, until it is finished or takes too long.
    fn run_transaction(&self, number: u64, timeout: Duration, ticket: Ticket) {
        let begun = self.check_health().and_then(|()| {
            self.convert_older()?;
            let lock = self.lock_commit()?;
            self.catch_up_locked(&lock)?;
            Ok(lock)
        });
        let lock = match begun {
            Ok(lock) => lock,
            Err(error) => return settle(vec![(ticket, Err(error))]),
        };
        lock.begin_transaction(timeout);
        self.queue.begin(number);
        // From here on: what it waited for others is not its own time.
        let until = Instant::now() + timeout;
        settle(vec![(ticket, Ok(Settled::Number(number)))]);
        let now = self.clock.now();
        let mut overlay = Overlay::default();
        let mut changes = Vec::new();
        let finish = loop {
            match self.queue.next_inside(until) {
                None => break None,
                Some(Inside::Finish(commit, ticket)) => break Some((commit, ticket)),
                Some(Inside::Call(call, ticket)) => {
                    let answer = self.run_change(&mut overlay, &now, call);
                    changes.extend(overlay.take_changes());
                    settle(vec![(ticket, answer)]);
                }
            }
        };
        self.queue.end(number, finish.is_none());
        let commit = matches!(finish, Some((true, _))) && !changes.is_empty();
        let done =
            if commit { self.persist(&lock, vec![Commit { at: now, changes }]) } else { Ok(()) };
        drop(lock);
        if let Some((_, ticket)) = finish {
            settle(vec![(ticket, done.map(Settled::from))]);
        }
    }
}

fn refuse(tickets: impl Iterator<Item = Ticket>, error: &Error) {
    settle(tickets.map(|ticket| (ticket, Err(error.clone()))).collect());
}
