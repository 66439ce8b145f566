//! What every call stands on: its declaration, its parameters, its arguments, its answer, and
//! the steps of one that takes long.
//!
//! This module must not know which calls there are, nor of files or JavaScript.

mod args;
mod call;
mod param;
mod reply;
mod step;
mod types;

pub(crate) use args::{Args, ZeroizingValue};
pub(crate) use call::{Call, Run, bytes, payload, read, slow, write};
pub(crate) use param::{
    Narrows, Param, came, flag, keys, new, number, object, owner, param, patch, text,
};
pub use reply::Answer;
pub(crate) use reply::{Hidden, MaskedRecord, Reply};
pub(crate) use step::{ChangeStep, Step};
pub(crate) use types::{
    Form, Keys, Others, RECORD, RECORD_OR_NULL, RECORDS, TEXT_OR_NULL, Type, Whose,
};
