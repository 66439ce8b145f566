//! Much at a time, for what moves whole tables: changes that are under way while the next ones are
//! prepared, and reading on the caller's own thread.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use super::payloads::{Bytes, Stream, arrive};
use super::waiting::{Waiter, wait};
use super::{Command, Store};
use crate::engine::{Arrived, Settled, Ticket, Tx, View, closed, settle};
use crate::error::{Code, Error, Result};
use crate::sync::locked;

/// An answer that is under way.
pub(crate) struct Waiting<T> {
    ended: mpsc::Receiver<Result<Settled>>,
    value: Arc<Mutex<Option<T>>>,
}

impl<T> Waiting<T> {
    fn new() -> (Ticket, Waiting<T>) {
        let (sender, ended) = mpsc::channel();
        (Ticket::new(Arc::new(Waiter::new(sender)), 0), Waiting { ended, value: Arc::default() })
    }

    /// Waits until it is committed, or refused.
    ///
    /// # Errors
    /// Those of the change.
    pub(crate) fn wait(self) -> Result<T> {
        self.ended.recv().unwrap_or_else(|_| Err(closed()))?;
        locked(&self.value).take().ok_or_else(closed)
    }
}

impl Store {
    /// Commits what `change` does, within a transaction where one is given. It may be done more than once; see
    /// [`Tx::take_or_keep`].
    pub(crate) fn change<T: Send + 'static>(
        &self,
        within: Option<u64>,
        mut change: impl FnMut(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Waiting<T> {
        let (ticket, waiting) = Waiting::new();
        let value = Arc::clone(&waiting.value);
        let Some((engine, ticket)) = self.open_engine(ticket) else { return waiting };
        let change = Box::new(move |tx: &mut Tx<'_>| {
            *locked(&value) = Some(change(tx)?);
            Ok(Settled::Nothing)
        });
        match within {
            Some(transaction) => engine.inside(transaction, change, ticket),
            None => engine.write(change, 0, ticket),
        }
        waiting
    }

    /// Begins a transaction that may take this long; gives its number.
    ///
    /// # Errors
    /// As for any change.
    pub(crate) fn begin(&self, timeout: Duration) -> Result<u64> {
        match wait(|ticket| self.run(Command::Begin { timeout: Some(timeout) }, ticket))? {
            Settled::Number(number) => Ok(number),
            _ => Err(Error::new(Code::Io, "a transaction without a number")),
        }
    }

    /// Gives up a transaction.
    ///
    /// # Errors
    /// `CLOSED` when it has ended already.
    pub(crate) fn give_up(&self, transaction: u64) -> Result<()> {
        wait(|ticket| self.run(Command::Finish { transaction, commit: false }, ticket)).map(drop)
    }

    /// Reads on this thread, which may then wait for the disk.
    ///
    /// # Errors
    /// Those of reading.
    pub(crate) fn look<T>(&self, look: impl Fn(&View<'_>) -> Result<T>) -> Result<T> {
        if self.0.closed.load(std::sync::atomic::Ordering::Acquire) {
            return Err(closed());
        }
        self.0.engine.read_here(look)
    }

    /// Are changes that nobody has waited for made in the order in which they were given?
    pub(crate) fn keeps_order(&self) -> bool {
        !self.0.engine.is_in_database()
    }

    /// How many bytes are committed and not in the files yet.
    pub(crate) fn unwritten(&self) -> u64 {
        self.0.engine.journal_len()
    }

    /// Waits for the files where what is committed and not in them yet takes more bytes than that.
    ///
    /// # Errors
    /// Those of the disk.
    pub(crate) fn await_files(&self, most: u64) -> Result<()> {
        self.0.engine.shorten_journal(most)
    }

    /// What is committed, as a number: another one tells that something was committed meanwhile.
    ///
    /// # Errors
    /// Those of reading.
    pub(crate) fn committed(&self) -> Result<u64> {
        self.0.engine.committed()
    }

    /// Takes in the bytes of a file that lies in a folder, for a change to put them in their place.
    pub(crate) fn take_in(&self, file: &Path, within: &Path) -> Waiting<Arrived> {
        self.take(Bytes::File(file.to_owned()), Some(PathBuf::from(within)))
    }

    /// Takes in the bytes of a stream, for a change to put them in their place.
    pub(crate) fn take_stream(&self, stream: Stream) -> Waiting<Arrived> {
        self.take(Bytes::Stream(stream), None)
    }

    fn take(&self, bytes: Bytes, within: Option<PathBuf>) -> Waiting<Arrived> {
        let (ticket, waiting) = Waiting::new();
        let value = Arc::clone(&waiting.value);
        if let Some((engine, ticket)) = self.open_engine(ticket) {
            engine.with_payloads(ticket, move |harbour, ticket| {
                let arrived = arrive(harbour, bytes, within.as_ref().map(std::slice::from_ref));
                let answer = arrived.map(|arrived| *locked(&value) = Some(arrived));
                settle(vec![(ticket, answer.map(Settled::from))]);
            });
        }
        waiting
    }
}
