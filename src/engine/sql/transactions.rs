//! Transactions of several calls: each has a thread and a connection of its own until it ends.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hashbrown::{HashMap, HashSet};

use super::server::{Server, Transaction};
use crate::engine::commit::{Inside, Settled, Ticket, ended, settle};
use crate::error::Result;
use crate::sync::locked;

/// The transactions that are under way.
#[derive(Default)]
pub(super) struct Transactions {
    last: AtomicU64,
    open: Mutex<HashMap<u64, Sender<Inside>>>,
    /// Those that took too long.
    expired: Mutex<HashSet<u64>>,
}

impl Transactions {
    /// Hands something over to a transaction.
    pub(super) fn push(&self, number: u64, inside: Inside) {
        let sender = locked(&self.open).get(&number).cloned();
        let unsent = match sender {
            Some(sender) => sender.send(inside).err().map(|unsent| unsent.0),
            None => Some(inside),
        };
        if let Some(Inside::Call(_, ticket) | Inside::Finish(_, ticket)) = unsent {
            let expired = locked(&self.expired).contains(&number);
            settle(vec![(ticket, Err(ended(expired)))]);
        }
    }

    /// Runs a transaction until it ends or takes too long.
    pub(super) fn run(&self, server: &Arc<Server>, timeout: Duration, ticket: Ticket) {
        let mut lent = match server.pool.take() {
            Ok(lent) => lent,
            Err(failure) => return settle(vec![(ticket, Err(failure.into_error()))]),
        };
        // Looked at anew: the server may have been started again since somebody last had the connection.
        if let Err(failure) = lent.alive() {
            return settle(vec![(ticket, Err(failure.into_error()))]);
        }
        let begun = lent.link().and_then(|link| Transaction::begin(server, link, timeout));
        let mut transaction = match begun {
            Ok(transaction) => transaction,
            Err(failure) => return settle(vec![(ticket, Err(failure.into_error()))]),
        };
        let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let (sender, inside) = channel();
        locked(&self.open).insert(number, sender);
        settle(vec![(ticket, Ok(Settled::Number(number)))]);
        let finish = until_finished(&mut transaction, &inside);
        locked(&self.open).remove(&number);
        let done = match finish {
            Some((true, ticket)) => Some((ticket, transaction.commit())),
            Some((false, ticket)) => Some((ticket, Ok(()))),
            None => {
                locked(&self.expired).insert(number);
                None
            }
        };
        // The connection first: whoever hears of the end may want it.
        drop(lent);
        if let Some((ticket, done)) = done {
            settle(vec![(ticket, done.map(Settled::from))]);
        }
        for Inside::Call(_, ticket) | Inside::Finish(_, ticket) in inside.try_iter() {
            settle(vec![(ticket, Err(ended(locked(&self.expired).contains(&number))))]);
        }
    }

    /// Gives up all of them.
    pub(super) fn close(&self) {
        locked(&self.open).clear();
    }
}

/// Makes its calls; gives how it is to end, none where it took too long.
fn until_finished(
    transaction: &mut Transaction<'_>,
    inside: &Receiver<Inside>,
) -> Option<(bool, Ticket)> {
    loop {
        let left = transaction.until.saturating_duration_since(Instant::now());
        match inside.recv_timeout(left) {
            Ok(Inside::Call(mut call, ticket)) => {
                let answer: Result<Settled> = transaction.call(&mut *call);
                settle(vec![(ticket, answer)]);
            }
            Ok(Inside::Finish(commit, ticket)) => return Some((commit, ticket)),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return None,
        }
    }
}
