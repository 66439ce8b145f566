//! What every call stands on: its declaration, its parameters, its arguments, its answer, and
//! the steps of one that takes long.
//!
//! This module must not know which calls there are, nor of files or JavaScript.

mod args;
mod call;
mod param;
mod reply;
mod step;

pub(crate) use args::Args;
pub(crate) use args::ZeroizingValue;
pub(crate) use call::{Call, Run, bytes, payload, read, slow, write};
pub(crate) use param::{Param, came};
pub use reply::Answer;
pub(crate) use reply::{MaskedRecord, Reply};
pub(crate) use step::{ChangeStep, Step};
