//! The files that could not be written: why, and when they are tried again.
//!
//! One of them costs what is on its way into it, and no other: that stays in the journal, which cannot
//! start anew before it is put right.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::disk::SafePath;
use crate::error::Error;

/// What could not be written is tried again after so long, or when somebody asks for it.
const RETRY: Duration = Duration::from_millis(500);

/// The files that could not be written.
#[derive(Debug, Default)]
pub(crate) struct Blocked {
    faults: BTreeMap<SafePath, Error>,
    tried: Option<Instant>,
}

impl Blocked {
    /// These files could not be written just now, and all others could.
    pub(crate) fn since_now(faults: BTreeMap<SafePath, Error>) -> Blocked {
        Blocked { faults, tried: Some(Instant::now()) }
    }

    /// One more could not.
    pub(crate) fn add(&mut self, path: SafePath, error: Error) {
        self.faults.insert(path, error);
        self.tried = Some(Instant::now());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.faults.is_empty()
    }

    /// Are they to be left alone for a moment?
    pub(crate) fn rest(&self) -> bool {
        !self.is_empty() && self.tried.is_some_and(|tried| tried.elapsed() < RETRY)
    }

    /// Is this file to be left alone for a moment?
    pub(crate) fn rests(&self, path: &SafePath) -> bool {
        self.rest() && self.holds(path)
    }

    /// Is this file one of them?
    pub(crate) fn holds(&self, path: &SafePath) -> bool {
        self.faults.contains_key(path)
    }

    /// What whoever wants the files to show everything is told.
    ///
    /// # Errors
    /// What is wrong with the first of them, and how many more there are.
    pub(crate) fn check(&self) -> crate::error::Result<()> {
        let Some((path, error)) = self.faults.first_key_value() else { return Ok(()) };
        let others = match self.faults.len() - 1 {
            0 => String::new(),
            1 => " (and another file)".to_owned(),
            more => format!(" (and {more} other files)"),
        };
        let message = format!(
            "{path}{others} could not be written: {}. Until that is put right, what was changed of it is in the \
             journal, which is kept",
            error.message()
        );
        Err(Error::new(error.code(), message).path(path.as_str()))
    }
}
