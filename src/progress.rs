//! How far long work has come, and whether it is to go on.
//!
//! Whoever does such work tells it here; who listens (a terminal, nobody) it must not know.

use crate::error::{Code, Error, Result};

/// Hears how far some work has come.
pub trait Progress: Send + Sync {
    /// A part of the work begins: what it is ("reading"), and how many steps it will take, where that
    /// is known. Steps are bytes or records, as `unit` says.
    fn begin(&self, what: &str, unit: Unit, total: Option<u64>);

    /// So many more steps are done.
    ///
    /// # Errors
    /// `CLOSED` when the work is to be given up: undo it, and give the error on.
    fn advance(&self, steps: u64) -> Result<()>;
}

/// What the steps of some work are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Records, rows, files: whatever is counted.
    Things,
}

/// Nobody who listens.
pub struct Unheard;

impl Progress for Unheard {
    fn begin(&self, _what: &str, _unit: Unit, _total: Option<u64>) {}

    fn advance(&self, _steps: u64) -> Result<()> {
        Ok(())
    }
}

/// The error of work that was given up.
#[must_use]
pub fn given_up() -> Error {
    Error::new(Code::Closed, "interrupted; nothing of it was kept")
}
