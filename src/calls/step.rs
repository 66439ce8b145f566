//! A call that takes long, cut into steps that run where they hold nobody up.

use super::reply::Reply;
use crate::engine::{Tx, View};
use crate::error::Result;

/// What a call that takes long does next.
pub(crate) enum Step {
    /// Nothing: this is its answer.
    Done(Reply),
    /// Something slow that needs nothing of the store.
    Slow(Box<dyn FnOnce() -> Result<Step> + Send>),
    /// A look at the store, which waits for no transaction.
    Look(LookStep),
    /// A change. What was looked at before may be another one by now.
    Commit(ChangeStep),
}

/// A step that looks at the store, perhaps more than once.
pub(crate) type LookStep = Box<dyn Fn(&View<'_>) -> Result<Step> + Send>;

/// A step that changes something, perhaps more than once, until it collides with nobody.
pub(crate) type ChangeStep = Box<dyn FnMut(&mut Tx<'_>) -> Result<Step> + Send>;

impl Step {
    pub(crate) fn slow(work: impl FnOnce() -> Result<Step> + Send + 'static) -> Result<Step> {
        Ok(Step::Slow(Box::new(work)))
    }

    pub(crate) fn look(look: impl Fn(&View<'_>) -> Result<Step> + Send + 'static) -> Result<Step> {
        Ok(Step::Look(Box::new(look)))
    }

    pub(crate) fn commit(
        change: impl FnMut(&mut Tx<'_>) -> Result<Step> + Send + 'static,
    ) -> Result<Step> {
        Ok(Step::Commit(Box::new(change)))
    }

    pub(crate) fn done(reply: Reply) -> Result<Step> {
        Ok(Step::Done(reply))
    }
}
