//! Dual writing: every change goes to another database first and then to the store, until nobody doubts
//! that the store answers the same.
//!
//! The other database, the *primary*, is asked by whoever uses this (`lib/dual/`). Here it is told what is
//! asked (`log`), which rows that may change (`touched`), whether the answers are the same (`compare`), which
//! rows are to be copied from the primary (`fold`), how these are read there (`rows`), and what all
//! of it comes to (`status`). `repair` makes everything as it is on the primary. This module must not know
//! who asks the primary, nor how the store keeps anything.

mod answer;
mod compare;
mod fold;
mod line;
mod log;
mod repair;
mod rows;
mod scope;
mod status;
#[cfg(test)]
mod tests;
mod touched;

pub use answer::{Dual, tables};
pub use repair::{Repaired, repair, verify_recorded};
pub use scope::Scope;
pub use status::{Status, Waiting, status};
