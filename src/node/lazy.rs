//! A store that opens with its first call, on a thread of its own.
//!
//! Calls made meanwhile wait in their order. Whatever happens, every ticket is settled once.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

use super::transactions::Transactions;
use crate::engine::{closed, settle};
use crate::error::{Code, Error, Result};
use crate::store::{
    Answer, Command, EarlyStore, Fingerprint, Listener, Models, Options, Settle, Settled, Store,
    Ticket,
};
use crate::sync::locked;

/// The number under which no call waits, but a warning is told.
const WARNING: u64 = 0;

/// A read, as [`Command::Read`] has it.
pub(super) struct Read {
    pub(super) call: usize,
    pub(super) args: String,
    pub(super) marked: bool,
}

impl Read {
    fn early(&self, early: &EarlyStore) -> Option<Settled> {
        let answer = early.read(self.call, &self.args, None)?;
        Some(Settled::Text(answer.into_marked(self.marked)))
    }
}

/// What is done with the store; it settles the ticket.
type Work = Box<dyn FnOnce(&Store, Ticket) + Send>;

/// What waits until the store is open.
enum Deferred {
    /// May be answered before that.
    Read(Read),
    Other(Work),
}

impl Deferred {
    fn run(self, store: &Store, ticket: Ticket) {
        match self {
            Deferred::Read(Read { call, args, marked }) => {
                store.run(Command::Read { call, args, marked }, ticket);
            }
            Deferred::Other(work) => work(store, ticket),
        }
    }

    fn early(&self, early: &EarlyStore) -> Option<Settled> {
        match self {
            Deferred::Read(read) => read.early(early),
            Deferred::Other(_) => None,
        }
    }
}

/// What waits until the store is open.
#[derive(Default)]
struct Waiting {
    calls: Vec<(Deferred, Ticket)>,
    /// What can be asked meanwhile.
    early: Option<EarlyStore>,
    /// The callers that wait for it to be closed again behind those calls; `None` when nobody closes
    /// it.
    closing: Option<Vec<Ticket>>,
}

enum Phase {
    Unopened,
    Opening(Waiting),
    Open(Store),
    Closed,
}

/// Whether somebody hears of changes.
enum Listening {
    Nobody,
    /// From the opening on.
    Soon(Listener),
    /// Under this number.
    Now(u64),
}

/// A store that opens with its first call.
pub(super) struct Lazy {
    options: Options,
    settler: Arc<dyn Settle>,
    phase: Mutex<Phase>,
    /// Taken after `phase` where both are held.
    listening: Mutex<Listening>,
    transactions: Arc<Transactions>,
}

fn internal(what: &str) -> Error {
    Error::new(Code::Io, format!("internal error in quilltap-store: {what}; please report it"))
}

/// Does something; a panic is an error that asks for a report.
pub(super) fn without_panic<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(internal(what)))
}

fn settle_all(tickets: Vec<Ticket>, answer: &Result<Settled>) {
    settle(tickets.into_iter().map(|ticket| (ticket, answer.clone())).collect());
}

impl Lazy {
    /// A store that opens with its first call, and answers to `settler`.
    pub(super) fn new(options: Options, settler: Arc<dyn Settle>) -> Arc<Lazy> {
        let (phase, listening) = (Mutex::new(Phase::Unopened), Mutex::new(Listening::Nobody));
        Arc::new(Lazy { options, settler, phase, listening, transactions: Arc::default() })
    }

    /// The transactions of this handle.
    pub(super) fn transactions(&self) -> &Arc<Transactions> {
        &self.transactions
    }

    fn ticket(&self, id: u64) -> Ticket {
        Ticket::new(Arc::clone(&self.settler), id)
    }

    /// Answers from memory, or from what is known while it opens; `None` when the answer needs more.
    pub(super) fn read(
        &self,
        call: usize,
        args: &str,
        known: Option<Fingerprint>,
    ) -> Option<Result<Answer>> {
        let store = match &*locked(&self.phase) {
            Phase::Open(store) => Some(store.clone()),
            Phase::Closed => return Some(Err(closed())),
            _ => None,
        };
        match store {
            Some(store) => store.read(call, args, known),
            None => self.early()?.read(call, args, known).map(Ok),
        }
    }

    /// What can be asked while the store opens.
    fn early(&self) -> Option<EarlyStore> {
        match &*locked(&self.phase) {
            Phase::Opening(Waiting { early, closing: None, .. }) => early.clone(),
            _ => None,
        }
    }

    /// Answers a read on another thread; while the store opens, as soon as the answer is known.
    pub(super) fn read_later(self: &Arc<Self>, id: u64, read: Read) {
        // What it needs may have come since the caller asked for it in vain.
        match self.early().and_then(|early| read.early(&early)) {
            Some(answer) => settle(vec![(self.ticket(id), Ok(answer))]),
            None => self.defer(id, Deferred::Read(read)),
        }
    }

    /// Answers what waits and can be answered before everything is read; nothing can be any more with `None`.
    fn answer_early(&self, early: Option<EarlyStore>) {
        let mut answered = Vec::new();
        let Phase::Opening(waiting) = &mut *locked(&self.phase) else { return };
        waiting.early = early;
        let Some(early) = &waiting.early else { return };
        for (call, ticket) in mem::take(&mut waiting.calls) {
            match call.early(early) {
                Some(answer) => answered.push((ticket, Ok(answer))),
                None => waiting.calls.push((call, ticket)),
            }
        }
        settle(answered);
    }

    /// Are all records and logs of these models as they were, as far as memory knows?
    pub(super) fn is_same(&self, models: Models, print: Fingerprint) -> bool {
        let store = match &*locked(&self.phase) {
            Phase::Open(store) => store.clone(),
            _ => return false,
        };
        store.is_same(models, print)
    }

    /// Commits a change at once; `None` when it is not open, or the committing thread must do it.
    pub(super) fn write_here(&self, call: usize, args: String) -> Option<Settled> {
        let store = match &*locked(&self.phase) {
            Phase::Open(store) => store.clone(),
            _ => return None,
        };
        store.write_here(call, args)
    }

    /// Makes a call from bytes to bytes; `None` when it is not open, or memory does not have what it takes.
    pub(super) fn bytes(&self, call: usize, args: &str, data: &[u8]) -> Option<Result<Vec<u8>>> {
        let store = match &*locked(&self.phase) {
            Phase::Open(store) => store.clone(),
            Phase::Closed => return Some(Err(closed())),
            _ => return None,
        };
        store.bytes(call, args, data)
    }

    /// Does something with the open store, which settles the call with this number.
    pub(super) fn with(
        self: &Arc<Self>,
        id: u64,
        work: impl FnOnce(&Store, Ticket) + Send + 'static,
    ) {
        self.defer(id, Deferred::Other(Box::new(work)));
    }

    fn defer(self: &Arc<Self>, id: u64, call: Deferred) {
        let ticket = self.ticket(id);
        let mut phase = locked(&self.phase);
        match &mut *phase {
            Phase::Open(store) => {
                let store = store.clone();
                drop(phase);
                call.run(&store, ticket);
            }
            Phase::Opening(waiting) if waiting.closing.is_none() => {
                waiting.calls.push((call, ticket));
            }
            Phase::Opening(_) | Phase::Closed => {
                drop(phase);
                settle(vec![(ticket, Err(closed()))]);
            }
            Phase::Unopened => {
                let calls = vec![(call, ticket)];
                self.start(phase, Waiting { calls, ..Waiting::default() });
            }
        }
    }

    /// Starts to open the store on a thread of its own.
    fn start(self: &Arc<Self>, mut phase: MutexGuard<'_, Phase>, waiting: Waiting) {
        *phase = Phase::Opening(waiting);
        let lazy = Arc::clone(self);
        let started =
            thread::Builder::new().name("quilltap-open".into()).spawn(move || lazy.open());
        drop(phase);
        if let Err(error) = started {
            let error = Error::new(Code::Io, format!("cannot start a thread: {error}"));
            self.refuse(&error);
        }
    }

    fn open(&self) {
        let tell = |early| self.answer_early(early);
        let open = || Store::open_telling(self.options.clone(), &tell);
        match without_panic("while it opened", open) {
            Ok(store) => {
                // Before the first call, so that its own change is heard of too.
                self.attach(&store);
                self.warn(&store);
                self.drain(&store);
            }
            Err(error) => self.refuse(&error),
        }
    }

    /// Tells all who wait that it cannot be opened. The next call tries again, also one that is made as
    /// soon as the first of them has heard of it: so the phase changes before.
    fn refuse(&self, error: &Error) {
        let mut phase = locked(&self.phase);
        let Phase::Opening(waiting) = mem::replace(&mut *phase, Phase::Unopened) else { return };
        if waiting.closing.is_some() {
            *phase = Phase::Closed;
        }
        drop(phase);
        settle(waiting.calls.into_iter().map(|(_, ticket)| (ticket, Err(error.clone()))).collect());
        settle_all(waiting.closing.unwrap_or_default(), &Ok(Settled::from(())));
    }

    /// Tells what the folder's owner should know, under the number of no call.
    fn warn(&self, store: &Store) {
        for warning in store.warnings() {
            settle(vec![(self.ticket(WARNING), Ok(Settled::Text(crate::json::quote(warning))))]);
        }
        // The engine may outlive this handle.
        let settler = Arc::downgrade(&self.settler);
        store.on_warning(Box::new(move |warnings| {
            for warning in warnings {
                let Some(settler) = settler.upgrade() else { return };
                let ticket = Ticket::new(settler, WARNING);
                settle(vec![(ticket, Ok(Settled::Text(crate::json::quote(warning))))]);
            }
        }));
    }

    /// Does what waits, in its order, until nothing does.
    fn drain(&self, store: &Store) {
        while let Some(calls) = self.next_calls(store) {
            for (call, ticket) in calls {
                // A panic drops the ticket, and so tells the caller.
                drop(without_panic("in a call", || {
                    call.run(store, ticket);
                    Ok(())
                }));
            }
        }
    }

    /// The calls that wait; `None` once there are none, and calls no longer wait.
    fn next_calls(&self, store: &Store) -> Option<Vec<(Deferred, Ticket)>> {
        let mut phase = locked(&self.phase);
        let Phase::Opening(waiting) = &mut *phase else { return None };
        let calls = mem::take(&mut waiting.calls);
        if !calls.is_empty() {
            return Some(calls);
        }
        if let Some(tickets) = waiting.closing.take() {
            *phase = Phase::Closed;
            drop(phase);
            settle_all(tickets, &self.end(store).map(Settled::from));
            return None;
        }
        *phase = Phase::Open(store.clone());
        None
    }

    /// Calls a listener with the events of every commit, and opens the store for it.
    pub(super) fn listen(self: &Arc<Self>, listener: Listener) {
        let phase = locked(&self.phase);
        *locked(&self.listening) = Listening::Soon(listener);
        match &*phase {
            Phase::Open(store) => self.attach(store),
            // A failure to open is told to the next call.
            Phase::Unopened => self.start(phase, Waiting::default()),
            Phase::Opening(_) | Phase::Closed => {}
        }
    }

    fn attach(&self, store: &Store) {
        let mut listening = locked(&self.listening);
        match mem::replace(&mut *listening, Listening::Nobody) {
            Listening::Soon(listener) => *listening = Listening::Now(store.subscribe(listener)),
            other => *listening = other,
        }
    }

    /// Ends what `listen` began.
    pub(super) fn unlisten(&self) {
        let phase = locked(&self.phase);
        let listening = mem::replace(&mut *locked(&self.listening), Listening::Nobody);
        if let (Listening::Now(number), Phase::Open(store)) = (listening, &*phase) {
            store.unsubscribe(number);
        }
    }

    /// Closes the handle behind the calls that wait; a second time it settles at once.
    pub(super) fn close(self: &Arc<Self>, id: u64) {
        let ticket = self.ticket(id);
        if let Some((store, ticket)) = self.leave(Some(ticket)) {
            self.end_later(store, ticket);
        }
    }

    /// Gives the handle back when JavaScript has forgotten it, or its thread has ended.
    pub(super) fn abandon(self: &Arc<Self>) {
        if let Some((store, ticket)) = self.leave(None) {
            self.end_later(store, ticket);
        }
    }

    /// Takes no more calls; gives the store when it is open and its end is now the caller's.
    fn leave(&self, ticket: Option<Ticket>) -> Option<(Store, Option<Ticket>)> {
        let mut phase = locked(&self.phase);
        if let Phase::Opening(waiting) = &mut *phase {
            waiting.closing.get_or_insert_default().extend(ticket);
            return None;
        }
        match mem::replace(&mut *phase, Phase::Closed) {
            Phase::Open(store) => Some((store, ticket)),
            _ => {
                drop(phase);
                settle_all(ticket.into_iter().collect(), &Ok(Settled::Nothing));
                None
            }
        }
    }

    /// Closes an open store on a thread of its own, for it waits for the disk.
    fn end_later(self: &Arc<Self>, store: Store, ticket: Option<Ticket>) {
        let lazy = Arc::clone(self);
        let end = move || {
            let closed = lazy.end(&store).map(Settled::from);
            // Where nobody waits nobody hears of a failure; what is committed is in the journal.
            settle_all(ticket.into_iter().collect(), &closed);
        };
        // Without a thread the ticket is dropped, which tells the caller.
        let _ = thread::Builder::new().name("quilltap-close".into()).spawn(end);
    }

    fn end(&self, store: &Store) -> Result<()> {
        if let Listening::Now(number) =
            mem::replace(&mut *locked(&self.listening), Listening::Nobody)
        {
            store.unsubscribe(number);
        }
        // Before the closing, which waits for the transaction that is under way.
        self.transactions.end(store);
        without_panic("while it closed", || store.close())
    }
}
