//! A store that opens with its first call, on a thread of its own.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::engine::{closed, settle};
use crate::error::Result;
use crate::store::{Options, Settle, Store, Ticket};

/// What is done with the store once it is open.
type Work = Box<dyn FnOnce(&Store, Ticket) + Send>;

enum Phase {
    Unopened,
    /// What waits until it is open.
    Opening(Vec<(Work, Ticket)>),
    Open(Store),
    Closed,
}

/// Called with the events of every commit.
pub(super) type Listener = Box<dyn Fn(&[String]) + Send + Sync>;

/// A store that opens with its first call.
pub(super) struct Lazy {
    options: Options,
    settler: Arc<dyn Settle>,
    phase: Mutex<Phase>,
    listener: Mutex<Option<Listener>>,
    subscription: Mutex<Option<u64>>,
}

impl Lazy {
    pub(super) fn new(options: Options, settler: Arc<dyn Settle>) -> Arc<Lazy> {
        let phase = Mutex::new(Phase::Unopened);
        let (listener, subscription) = (Mutex::new(None), Mutex::new(None));
        Arc::new(Lazy { options, settler, phase, listener, subscription })
    }

    fn phase(&self) -> MutexGuard<'_, Phase> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ticket(&self, id: u64) -> Ticket {
        Ticket { settler: Arc::clone(&self.settler), id }
    }

    /// Answers from memory; `None` when it is not open, or the answer needs the disk.
    pub(super) fn read(&self, call: usize, args: &str) -> Option<Result<String>> {
        let store = match &*self.phase() {
            Phase::Open(store) => store.clone(),
            Phase::Closed => return Some(Err(closed())),
            _ => return None,
        };
        store.read(call, args)
    }

    /// Does something with the open store, which settles the call with this number.
    pub(super) fn with(self: &Arc<Self>, id: u64, work: impl FnOnce(&Store, Ticket) + Send + 'static) {
        let ticket = self.ticket(id);
        let mut phase = self.phase();
        match &mut *phase {
            Phase::Open(store) => {
                let store = store.clone();
                drop(phase);
                work(&store, ticket);
            }
            Phase::Opening(waiting) => waiting.push((Box::new(work), ticket)),
            Phase::Closed => {
                drop(phase);
                settle(vec![(ticket, Err(closed()))]);
            }
            Phase::Unopened => {
                *phase = Phase::Opening(vec![(Box::new(work), ticket)]);
                drop(phase);
                let lazy = Arc::clone(self);
                thread::spawn(move || lazy.open());
            }
        }
    }

    fn open(&self) {
        let opened = Store::open(self.options.clone());
        if let Ok(store) = &opened {
            self.attach(store);
        }
        loop {
            let mut phase = self.phase();
            let Phase::Opening(waiting) = &mut *phase else { return };
            let waiting = std::mem::take(waiting);
            if waiting.is_empty() {
                *phase = match opened {
                    Ok(store) => Phase::Open(store),
                    Err(_) => Phase::Unopened,
                };
                return;
            }
            drop(phase);
            for (work, ticket) in waiting {
                match &opened {
                    Ok(store) => work(store, ticket),
                    Err(error) => settle(vec![(ticket, Err(error.clone()))]),
                }
            }
        }
    }

    fn attach(&self, store: &Store) {
        let listener = self.listener.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(listener) = listener {
            let number = store.subscribe(listener);
            *self.subscription.lock().unwrap_or_else(PoisonError::into_inner) = Some(number);
        }
    }

    fn detach(&self, store: &Store) {
        let number = self.subscription.lock().unwrap_or_else(PoisonError::into_inner).take();
        number.into_iter().for_each(|number| store.unsubscribe(number));
    }

    /// Calls a listener with the events of every commit, from now on or from the opening on.
    pub(super) fn listen(&self, listener: Listener) {
        *self.listener.lock().unwrap_or_else(PoisonError::into_inner) = Some(listener);
        let store = match &*self.phase() {
            Phase::Open(store) => store.clone(),
            _ => return,
        };
        self.attach(&store);
    }

    /// Closes the handle; a second time it settles at once.
    pub(super) fn close(self: &Arc<Self>, id: u64) {
        let ticket = self.ticket(id);
        let mut phase = self.phase();
        match std::mem::replace(&mut *phase, Phase::Closed) {
            Phase::Unopened | Phase::Closed => {
                drop(phase);
                settle(vec![(ticket, Ok("null".to_owned()))]);
            }
            Phase::Open(store) => {
                drop(phase);
                self.detach(&store);
                thread::spawn(move || settle(vec![(ticket, store.close().map(|()| "null".to_owned()))]));
            }
            Phase::Opening(mut waiting) => {
                let lazy = Arc::clone(self);
                waiting.push((Box::new(move |_, ticket| lazy.close(ticket.id)), ticket));
                *phase = Phase::Opening(waiting);
            }
        }
    }

    /// Gives the handle back when JavaScript has forgotten it, or its thread has ended.
    pub(super) fn abandon(&self) {
        let phase = std::mem::replace(&mut *self.phase(), Phase::Closed);
        if let Phase::Open(store) = phase {
            self.detach(&store);
            // Nobody is left to hear of a failure, and what is committed is in the journal.
            thread::spawn(move || drop(store.close()));
        }
    }
}
