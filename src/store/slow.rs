//! Calls that take long: their steps run where they hold nobody up.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use super::{Ended, Handle, Settle, Settled, Store, Ticket};
use crate::calls::{ChangeStep, Reply, Step};
use crate::crypto::Secret;
use crate::engine::{Runtime, Tx, View, closed, settle};
use crate::error::{Code, Error, Result};
use crate::sync::locked;

/// Where a call's changes are made.
#[derive(Clone)]
struct Way {
    engine: Arc<Runtime>,
    /// In this transaction, where it is one's.
    transaction: Option<u64>,
}

impl Store {
    pub(super) fn slow(
        &self,
        transaction: Option<u64>,
        call: usize,
        args: String,
        passphrase: Option<Secret>,
        ticket: Ticket,
    ) {
        let Handle { engine, calls, .. } = &*self.0;
        let way = Way { engine: Arc::clone(engine), transaction };
        let (calls, args) = (Arc::clone(calls), calls.guarded(call, args));
        let first = move |view: &View<'_>| calls.first_step(call, view, &args, passphrase.clone());
        way.look(first, ticket);
    }

    /// Makes a call from bytes to bytes; `None` where memory does not have what it takes.
    pub fn bytes(&self, call: usize, args: &str, data: &[u8]) -> Option<Result<Vec<u8>>> {
        if self.0.closed.load(Ordering::Acquire) {
            return Some(Err(closed()));
        }
        self.0.engine.read(|view| self.0.calls.bytes(call, view, args, data))
    }

    /// The same on a thread that may wait; `take` gets what was made before the answer.
    pub fn bytes_later(
        &self,
        call: usize,
        args: String,
        data: Secret,
        take: impl Fn(Vec<u8>) + Send + 'static,
        ticket: Ticket,
    ) {
        let Some((engine, ticket)) = self.open_engine(ticket) else { return };
        let (calls, args) = (Arc::clone(&self.0.calls), self.0.calls.guarded(call, args));
        let make = move |view: &View<'_>| {
            take(calls.bytes(call, view, &args, data.expose())?);
            Ok(Settled::Nothing)
        };
        engine.read_later(make, ticket);
    }
}

impl Way {
    /// Finds the next step, and goes on with it.
    fn look(self, first: impl Fn(&View<'_>) -> Result<Step> + Send + 'static, ticket: Ticket) {
        let (next, way) = (Next::new(&self, ticket), self.clone());
        let found = Arc::clone(&next.step);
        match self.transaction {
            None => way.engine.read_later(
                move |view| first(view).map(|step| found.put(step)),
                Ticket::new(Arc::new(next), 0),
            ),
            Some(number) => way.engine.inside(
                number,
                Box::new(move |tx: &mut Tx<'_>| first(&tx.view()).map(|step| found.put(step))),
                Ticket::new(Arc::new(next), 0),
            ),
        }
    }

    fn go(self, step: Step, ticket: Ticket) {
        match step {
            Step::Done(reply) => settle(vec![(ticket, Ok(Settled::Text(Reply::into_text(reply))))]),
            Step::Slow(work) => {
                let way = self.clone();
                self.engine.slowly(ticket, move |ticket| match work() {
                    Ok(step) => way.go(step, ticket),
                    Err(error) => settle(vec![(ticket, Err(error))]),
                });
            }
            Step::Look(look) => self.look(look, ticket),
            Step::Commit(change) => self.commit(change, ticket),
        }
    }

    fn commit(self, mut change: ChangeStep, ticket: Ticket) {
        let next = Next::new(&self, ticket);
        let found = Arc::clone(&next.step);
        let change = Box::new(move |tx: &mut Tx<'_>| change(tx).map(|step| found.put(step)));
        let ticket = Ticket::new(Arc::new(next), 0);
        match self.transaction {
            None => self.engine.write(change, 0, ticket),
            Some(number) => self.engine.inside(number, change, ticket),
        }
    }
}

/// A step that was found on another thread.
#[derive(Default)]
struct Found(Mutex<Option<Step>>);

impl Found {
    fn put(&self, step: Step) -> Settled {
        *locked(&self.0) = Some(step);
        Settled::Nothing
    }

    fn take(&self) -> Option<Step> {
        locked(&self.0).take()
    }
}

/// Goes on when a step is done.
struct Next {
    way: Way,
    step: Arc<Found>,
    ticket: Mutex<Option<Ticket>>,
}

impl Next {
    fn new(way: &Way, ticket: Ticket) -> Next {
        Next { way: way.clone(), step: Arc::default(), ticket: Mutex::new(Some(ticket)) }
    }
}

impl Settle for Next {
    fn settle(&self, ended: Vec<Ended>) {
        let ticket = locked(&self.ticket).take();
        let Some(ticket) = ticket else { return };
        let done = ended.into_iter().next().map_or(Ok(()), |(_, answer)| answer.map(drop));
        let lost = || Error::new(Code::Io, "a call has lost its next step; please report it");
        match done.and_then(|()| self.step.take().ok_or_else(lost)) {
            Ok(step) => self.way.clone().go(step, ticket),
            Err(error) => settle(vec![(ticket, Err(error))]),
        }
    }
}
