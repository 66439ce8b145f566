//! The transactions of one handle, so that none outlives it and holds up everybody else.

use std::sync::{Arc, Mutex};

use crate::engine::closed;
use crate::error::Result;
use crate::store::{Command, Ended, Settle, Settled, Store, Ticket};
use crate::sync::locked;

#[derive(Default)]
struct Known {
    under_way: Vec<u64>,
    /// The handle has ended; what begins now is rolled back at once.
    ended: bool,
}

/// The transactions of one handle that are under way.
#[derive(Default)]
pub(super) struct Transactions(Mutex<Known>);

impl Transactions {
    fn known<T>(&self, change: impl FnOnce(&mut Known) -> T) -> T {
        change(&mut locked(&self.0))
    }

    /// A ticket for `begin`, which takes note of the transaction before the caller hears of it.
    pub(super) fn noting(self: &Arc<Self>, store: &Store, ticket: Ticket) -> Ticket {
        let (settler, id) = ticket.into_parts();
        let (transactions, store) = (Arc::clone(self), store.clone());
        Ticket::new(Arc::new(Noting { settler, transactions, store }), id)
    }

    /// Takes note of a transaction; one that has begun too late is rolled back.
    fn begun(&self, answer: Result<Settled>, store: &Store) -> Result<Settled> {
        let Ok(Settled::Number(number)) = answer else { return answer };
        let too_late = self.known(|known| {
            if !known.ended {
                known.under_way.push(number);
            }
            known.ended
        });
        if too_late {
            roll_back(number, store);
            return Err(closed());
        }
        answer
    }

    /// Forgets a transaction that its caller ends.
    pub(super) fn finished(&self, number: u64) {
        self.known(|known| known.under_way.retain(|other| *other != number));
    }

    /// Rolls back all that are under way, and all that begin from now on.
    pub(super) fn end(&self, store: &Store) {
        let left = self.known(|known| {
            known.ended = true;
            std::mem::take(&mut known.under_way)
        });
        left.into_iter().for_each(|number| roll_back(number, store));
    }
}

/// Nobody hears of it: it ends in the same way if this comes too late.
fn roll_back(number: u64, store: &Store) {
    let rollback = Command::Finish { transaction: number, commit: false };
    store.run(rollback, Ticket::new(Arc::new(Nobody), 0));
}

/// Takes note of what has begun on the way to its caller.
struct Noting {
    settler: Arc<dyn Settle>,
    transactions: Arc<Transactions>,
    store: Store,
}

impl Settle for Noting {
    fn settle(&self, ended: Vec<Ended>) {
        let noted = |answer| self.transactions.begun(answer, &self.store);
        self.settler.settle(ended.into_iter().map(|(id, answer)| (id, noted(answer))).collect());
    }
}

struct Nobody;

impl Settle for Nobody {
    fn settle(&self, _ended: Vec<Ended>) {}
}
