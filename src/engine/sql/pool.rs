//! The connections of a store: made when they are needed, used again, and never more than so many.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use super::failure::Failure;
use super::link::{Link, Patience};
use crate::error::{Code, Error};
use crate::postgres::Address;
use crate::sync::{locked, wait_for};

/// Whoever waits for a connection looks again this often.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// The connections of a store.
pub(super) struct Pool {
    address: Address,
    schema: String,
    patience: Patience,
    most: usize,
    /// Those that nobody uses, and how many there are in all.
    held: Mutex<(Vec<Link>, usize)>,
    freed: Condvar,
    trips: Arc<AtomicU64>,
}

/// A connection that goes back once nobody uses it.
pub(super) struct Lent<'p> {
    pool: &'p Pool,
    link: Option<Link>,
}

impl Pool {
    pub(super) fn new(address: Address, schema: String, patience: Patience, most: usize) -> Pool {
        let (held, freed, trips) = (Mutex::default(), Condvar::new(), Arc::default());
        Pool { address, schema, patience, most, held, freed, trips }
    }

    pub(super) fn trips(&self) -> &AtomicU64 {
        &self.trips
    }

    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    pub(super) fn schema(&self) -> &str {
        &self.schema
    }

    pub(super) fn patience(&self) -> Patience {
        self.patience
    }

    /// A new connection that is nobody else's.
    ///
    /// # Errors
    /// As for [`Link::open`].
    pub(super) fn apart(&self) -> Result<Link, Failure> {
        Link::open(&self.address, &self.schema, self.patience, Arc::clone(&self.trips))
    }

    /// A connection, once there is one to be had.
    ///
    /// # Errors
    /// `LOCKED` where all are in use for too long; as for [`Link::open`].
    pub(super) fn take(&self) -> Result<Lent<'_>, Failure> {
        let until = Instant::now() + self.patience.to_answer;
        let mut held = locked(&self.held);
        loop {
            if let Some(link) = held.0.pop() {
                return Ok(Lent { pool: self, link: Some(link) });
            }
            if held.1 < self.most {
                held.1 += 1;
                break;
            }
            if Instant::now() > until {
                return Err(Failure::Refused(all_in_use(self.most)));
            }
            held = wait_for(&self.freed, held, LOOK_AGAIN);
        }
        drop(held);
        let mut lent = Lent { pool: self, link: None };
        lent.link = Some(self.apart()?);
        Ok(lent)
    }

    /// Does something with a connection.
    ///
    /// # Errors
    /// As for [`Pool::take`]; those of the work.
    pub(super) fn with<T>(
        &self,
        work: impl FnOnce(&Link) -> Result<T, Failure>,
    ) -> crate::error::Result<T> {
        let lent = self.take().map_err(Failure::into_error)?;
        lent.link().and_then(work).map_err(Failure::into_error)
    }
}

impl Lent<'_> {
    pub(super) fn link(&self) -> Result<&Link, Failure> {
        self.link.as_ref().ok_or_else(|| super::failure::unreachable("the connection is gone"))
    }

    /// Sees to it that the server answers, over another connection where this one is gone.
    ///
    /// # Errors
    /// As for [`Link::open`].
    pub(super) fn alive(&mut self) -> Result<(), Failure> {
        match self.link()?.batch("") {
            Err(Failure::Lost(_)) => self.renew(),
            answered => answered,
        }
    }

    /// Gives up the connection and makes another one.
    ///
    /// # Errors
    /// As for [`Link::open`].
    pub(super) fn renew(&mut self) -> Result<(), Failure> {
        self.link = None;
        self.link = Some(self.pool.apart()?);
        Ok(())
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let mut held = locked(&self.pool.held);
        match self.link.take().filter(Link::is_usable) {
            Some(link) => {
                // What it was in the middle of is nobody's any more.
                link.let_go("ROLLBACK");
                held.0.push(link);
            }
            None => held.1 -= 1,
        }
        drop(held);
        self.pool.freed.notify_one();
    }
}

fn all_in_use(most: usize) -> Error {
    let message = format!(
        "all {most} connections to the database are in use for too long: let transactions end sooner, or give the store more \
         (database: {{ url, connections }})"
    );
    Error::new(Code::Locked, message)
}
