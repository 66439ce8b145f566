//! What waits for the committing thread.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock};
use std::time::{Duration, Instant};

use crate::error::{Code, Error, Result};
use crate::sync::{self, locked};

use super::ticket::{Settled, Ticket, closed, settle};
use crate::engine::txn::Tx;

/// What a writing call does, and what it answers.
/// A database may have it done more than once, until it collides with nobody.
pub(crate) type WriteCall = Box<dyn FnMut(&mut Tx<'_>) -> Result<Settled> + Send>;

/// At most so many changes share one sync, which bounds what a batch holds in memory.
const MAX_BATCH: usize = 256;
/// It takes no more once it holds so many bytes of arguments: their answers come all at once, too.
const FULL_BATCH: usize = 16 << 20;

/// Something for the committing thread to do.
pub(crate) enum Job {
    /// One change of its own, and the bytes of its arguments.
    Write(WriteCall, Ticket, usize),
    /// A transaction of several calls begins.
    Begin(Option<Duration>, Ticket),
}

impl Job {
    fn size(&self) -> usize {
        let held = if let Job::Write(_, _, bytes) = self { *bytes } else { 0 };
        held.saturating_add(OVERHEAD)
    }

    fn into_ticket(self) -> Ticket {
        let (Job::Write(_, ticket, _) | Job::Begin(_, ticket)) = self;
        ticket
    }
}

/// So many bytes of what waits are held; who writes faster than the disk takes it is told so.
const MOST_WAITING: usize = 256 << 20;
/// What a job takes besides its arguments, about.
const OVERHEAD: usize = 512;

/// What the committing thread does next.
pub(crate) enum Turn {
    /// Changes that can share one sync.
    Writes(Vec<(WriteCall, Ticket)>),
    /// A transaction of several calls.
    Transaction(Option<Duration>, Ticket),
}

/// Something for the transaction that is under way.
pub(crate) enum Inside {
    Call(WriteCall, Ticket),
    Finish(bool, Ticket),
}

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    /// The bytes that they hold.
    size: usize,
    /// The bytes of the batch that was taken last.
    taken: usize,
    inside: VecDeque<Inside>,
    /// The transaction that is under way.
    running: Option<u64>,
    /// The last transaction that took too long.
    expired: Option<u64>,
    closed: bool,
    /// Must the committing thread be woken?
    asleep: bool,
    /// Is the committing thread at work on what it has taken?
    at_work: bool,
    /// Does a caller commit on its own thread?
    here: bool,
}

impl Waiting {
    /// May a caller commit on its own thread? What came before goes first.
    fn is_free(&self) -> bool {
        self.jobs.is_empty() && !(self.at_work || self.here || self.closed)
    }

    /// Does the committing thread wait for a caller who commits on its own thread?
    fn is_waited_for(&self) -> bool {
        !self.jobs.is_empty() || self.closed
    }

    /// Is there nothing to do, and more to be expected?
    fn is_idle(&self) -> bool {
        let nothing = self.jobs.is_empty() || self.running.is_some();
        nothing && self.inside.is_empty() && !self.closed
    }

    /// Is there room for what takes so many bytes? One alone always has.
    fn has_room(&self, size: usize) -> bool {
        self.jobs.is_empty() || self.size.saturating_add(size) <= MOST_WAITING
    }

    fn add(&mut self, job: Job) {
        self.size += job.size();
        self.jobs.push_back(job);
    }

    fn next(&mut self) -> Option<Job> {
        let job = self.jobs.pop_front()?;
        self.size -= job.size();
        self.taken += job.size();
        Some(job)
    }

    /// Adds the changes that wait, up to the next transaction, to others.
    fn changes(&mut self, mut batch: Vec<(WriteCall, Ticket)>) -> Vec<(WriteCall, Ticket)> {
        while batch.len() < MAX_BATCH && self.taken < FULL_BATCH {
            if !matches!(self.jobs.front(), Some(Job::Write(..))) {
                break;
            }
            if let Some(Job::Write(change, ticket, _)) = self.next() {
                batch.push((change, ticket));
            }
        }
        batch
    }
}

/// For so long the committing thread looks out for more before it falls asleep.
const LOOK_OUT: Duration = Duration::from_micros(100);

/// Looking out on the only processor would keep the others from what is looked out for.
fn several_processors() -> bool {
    static SEVERAL: OnceLock<bool> = OnceLock::new();
    *SEVERAL.get_or_init(|| std::thread::available_parallelism().is_ok_and(|n| n.get() > 1))
}

/// What waits for the committing thread.
#[derive(Default)]
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    bell: Condvar,
    /// Rung when a caller has committed on its own thread.
    left: Condvar,
    /// Counts up with everything that is added, for the committing thread to see without the lock.
    added: AtomicU64,
}

/// The turn of a caller who commits on its own thread; the next one begins when this is dropped.
pub(super) struct TurnHere<'a>(&'a Queue);

impl Drop for TurnHere<'_> {
    fn drop(&mut self) {
        let mut waiting = locked(&self.0.waiting);
        waiting.here = false;
        let is_waited_for = waiting.is_waited_for();
        drop(waiting);
        if is_waited_for {
            self.0.left.notify_all();
        }
    }
}

impl Queue {
    /// Adds a job, or answers at once that the store is closed, or that too much waits.
    pub(crate) fn push(&self, job: Job) {
        let mut waiting = locked(&self.waiting);
        if waiting.closed || !waiting.has_room(job.size()) {
            let error = if waiting.closed { closed() } else { too_much() };
            drop(waiting);
            return settle(vec![(job.into_ticket(), Err(error))]);
        }
        waiting.add(job);
        self.ring(waiting);
    }

    /// Tells the committing thread that there is something new.
    fn ring(&self, waiting: MutexGuard<'_, Waiting>) {
        self.added.fetch_add(1, Ordering::Release);
        let asleep = waiting.asleep;
        drop(waiting);
        if asleep {
            self.bell.notify_one();
        }
    }

    /// A caller that writes one change after another is soon back: looking out for it for a moment spares
    /// both the time of falling asleep and of being woken, which is as long as a sync.
    fn look_out(&self) {
        let seen = self.added.load(Ordering::Acquire);
        if !locked(&self.waiting).is_idle() || !several_processors() {
            return;
        }
        let start = Instant::now();
        while self.added.load(Ordering::Acquire) == seen && start.elapsed() < LOOK_OUT {
            std::hint::spin_loop();
        }
    }

    /// Adds something to a transaction, or answers at once that it has ended.
    pub(crate) fn push_inside(&self, transaction: u64, inside: Inside) {
        let mut waiting = locked(&self.waiting);
        if waiting.running == Some(transaction) {
            waiting.inside.push_back(inside);
            return self.ring(waiting);
        }
        let expired = waiting.expired == Some(transaction);
        drop(waiting);
        let (Inside::Call(_, ticket) | Inside::Finish(_, ticket)) = inside;
        settle(vec![(ticket, Err(ended(expired)))]);
    }

    /// Begins a turn of the caller's own thread; `None` when somebody else's is under way or waits.
    pub(super) fn begin_here(&self) -> Option<TurnHere<'_>> {
        let mut waiting = locked(&self.waiting);
        if !waiting.is_free() {
            return None;
        }
        waiting.here = true;
        Some(TurnHere(self))
    }

    /// Waits for something to do; `None` when the store is closed and nothing waits.
    pub(crate) fn take(&self) -> Option<Turn> {
        locked(&self.waiting).at_work = false;
        self.look_out();
        let mut waiting = locked(&self.waiting);
        waiting.taken = 0;
        loop {
            if waiting.here && waiting.is_waited_for() {
                waiting = sync::wait(&self.left, waiting);
                continue;
            }
            let job = waiting.next();
            waiting.at_work = job.is_some();
            match job {
                Some(Job::Begin(timeout, ticket)) => {
                    return Some(Turn::Transaction(timeout, ticket));
                }
                Some(Job::Write(change, ticket, _)) => {
                    return Some(Turn::Writes(waiting.changes(vec![(change, ticket)])));
                }
                None if waiting.closed => return None,
                None => {}
            }
            waiting.asleep = true;
            waiting = sync::wait(&self.bell, waiting);
            waiting.asleep = false;
        }
    }

    /// The changes that have come since, for a batch that has so many: they can share its sync.
    pub(crate) fn take_more(&self, taken: usize) -> Vec<(WriteCall, Ticket)> {
        if taken >= MAX_BATCH { Vec::new() } else { locked(&self.waiting).changes(Vec::new()) }
    }

    /// Begins a transaction.
    pub(crate) fn begin(&self, transaction: u64) {
        locked(&self.waiting).running = Some(transaction);
    }

    /// Waits for the transaction's next call; `None` when it took too long.
    pub(crate) fn next_inside(&self, until: Instant) -> Option<Inside> {
        self.look_out();
        let mut waiting = locked(&self.waiting);
        loop {
            if let Some(inside) = waiting.inside.pop_front() {
                return Some(inside);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            waiting.asleep = true;
            waiting = sync::wait_for(&self.bell, waiting, left);
            waiting.asleep = false;
        }
    }

    /// Ends the transaction; answers what still waits for it.
    pub(crate) fn end(&self, transaction: u64, expired: bool) {
        let mut waiting = locked(&self.waiting);
        waiting.running = None;
        if expired {
            waiting.expired = Some(transaction);
        }
        let rest: Vec<Inside> = waiting.inside.drain(..).collect();
        drop(waiting);
        settle(
            rest.into_iter()
                .map(|inside| {
                    let (Inside::Call(_, ticket) | Inside::Finish(_, ticket)) = inside;
                    (ticket, Err(ended(expired)))
                })
                .collect(),
        );
    }

    /// Takes no more jobs.
    pub(crate) fn close(&self) {
        let mut waiting = locked(&self.waiting);
        waiting.closed = true;
        self.ring(waiting);
    }
}

fn too_much() -> Error {
    let message = format!(
        "more than {} MB of changes wait to be written; await earlier ones before making further ones",
        MOST_WAITING >> 20
    );
    Error::new(Code::Locked, message)
}

/// The error of a call in a transaction that has ended.
pub(crate) fn ended(expired: bool) -> Error {
    if expired {
        let message = "the transaction took too long and was rolled back; do less in it, or give it a longer timeout";
        return Error::new(Code::Locked, message);
    }
    Error::new(Code::Closed, "the transaction has ended; use the store, or begin another one")
}
