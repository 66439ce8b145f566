//! A store that is still opening, for reads that short files can answer.

use std::sync::Arc;

use crate::api::Calls;
use crate::calls::Answer;
use crate::engine::{Early, Fingerprint};

/// What a store can answer while it opens. Clones are the same.
#[derive(Clone)]
pub struct EarlyStore {
    early: Arc<Early>,
    calls: Arc<Calls>,
}

impl EarlyStore {
    pub(super) fn of(early: Option<Early>, calls: &Arc<Calls>) -> Option<EarlyStore> {
        early.map(|early| EarlyStore { early: Arc::new(early), calls: Arc::clone(calls) })
    }

    /// The answer that a read will have once the store is open, for a caller who may have the one with the
    /// fingerprint `known`; `None` when that needs what was not read yet, or is a fault.
    pub fn read(&self, call: usize, args: &str, known: Option<Fingerprint>) -> Option<Answer> {
        self.early.read(|view| self.calls.read(call, view, args, known))
    }
}
