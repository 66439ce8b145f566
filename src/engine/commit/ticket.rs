//! The way back to whoever waits for a call.

use std::sync::Arc;

use crate::error::{Code, Error, Result};

/// Told when calls have ended; called once a batch, from any thread.
pub trait Settle: Send + Sync {
    /// The calls that ended, by the numbers under which their callers wait.
    fn settle(&self, ended: Vec<Ended>);
}

/// A call that ended, by the number under which its caller waits, and its answer.
pub type Ended = (u64, Result<Settled>);

/// An answer. It becomes text at the border.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// It is done, and there is nothing to say of it.
    Nothing,
    /// Is there what was asked for?
    Flag(bool),
    /// A transaction's number, or how many there were.
    Number(u64),
    /// The JSON text of an answer.
    Text(String),
}

impl Settled {
    /// As JSON text.
    pub fn into_json(self) -> String {
        match self {
            Settled::Nothing => "null".to_owned(),
            Settled::Flag(flag) => flag.to_string(),
            Settled::Number(number) => number.to_string(),
            Settled::Text(text) => text,
        }
    }
}

impl From<()> for Settled {
    fn from((): ()) -> Settled {
        Settled::Nothing
    }
}

/// A call's way back.
pub struct Ticket {
    settler: Option<Arc<dyn Settle>>,
    id: u64,
}

impl Ticket {
    /// The way back to the caller who waits under the number `id`.
    pub fn new(settler: Arc<dyn Settle>, id: u64) -> Ticket {
        Ticket { settler: Some(settler), id }
    }

    /// The one to tell, and the number; the caller of this sees to it from now on.
    pub fn into_parts(mut self) -> (Arc<dyn Settle>, u64) {
        let settler = self.settler.take().expect("a ticket is taken apart once, by value");
        (settler, self.id)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        // A thread that panicked has dropped what it was working on: nobody must wait for ever.
        if let Some(settler) = self.settler.take() {
            settler.settle(vec![(self.id, Err(internal()))]);
        }
    }
}

/// The error of a call that a fault of our own has stopped.
pub(crate) fn internal() -> Error {
    let message =
        "an internal error stopped this call, and nothing of it was kept; please report it";
    Error::new(Code::Io, message)
}

/// The error of a call on a store that is closed.
pub(crate) fn closed() -> Error {
    Error::new(Code::Closed, "the store is closed; open it anew with createStore")
}

/// Tells each settler once about all its calls that ended.
pub(crate) fn settle(ended: Vec<(Ticket, Result<Settled>)>) {
    let mut by_settler: Vec<(Arc<dyn Settle>, Vec<Ended>)> = Vec::new();
    for (ticket, result) in ended {
        let (settler, id) = ticket.into_parts();
        match by_settler.iter_mut().find(|(other, _)| Arc::ptr_eq(other, &settler)) {
            Some((_, his)) => his.push((id, result)),
            None => by_settler.push((settler, vec![(id, result)])),
        }
    }
    by_settler.into_iter().for_each(|(settler, ended)| settler.settle(ended));
}
