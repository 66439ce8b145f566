//! The border to JavaScript, by Node-API.
//!
//! - A call crosses as its number and the JSON text of its arguments, its answer as JSON text
//!   that V8 parses in the caller's realm. An error is an answer too: `!` and its JSON text.
//! - A read that memory can answer is answered at once, on the JavaScript thread.
//! - Everything else is settled by one wake-up of that thread for a whole batch; promises are
//!   made, kept and settled in JavaScript.
//! - Nothing here keeps a process alive but calls under way, and a worker thread may end with
//!   calls under way: no future ever borrows a handle.
//!
//! This module must not know what a call means.

#![allow(unsafe_code, reason = "the exports that napi makes, and what it has no safe call for")]

mod apart;
mod command_line;
mod dual;
mod handle;
mod lazy;
mod payloads;
mod studio;
mod transactions;
mod transfer;
mod wake;

use napi_derive::napi;

use crate::api::{self, Calls};
use crate::store::Declaration;
use wake::answer_text;

/// The table of all calls on a store with this declaration, as the text of an answer; a call's
/// number is its place.
#[napi(catch_unwind)]
pub(crate) fn calls(declaration: String) -> String {
    let declared = Declaration::parse(&declaration);
    answer_text(declared.and_then(|declaration| Ok(Calls::of(&declaration)?.json())))
}

/// The collections that Better Auth's schema brings, each with the names of its calls, as the text of
/// an answer.
#[napi(catch_unwind)]
pub(crate) fn better_auth_collections(schema: String) -> String {
    answer_text(api::better_auth_collections(&schema))
}

/// Prisma's `datamodel`, as the text of an answer.
#[napi(catch_unwind)]
pub(crate) fn prisma_datamodel() -> String {
    answer_text(Ok(api::prisma_datamodel()))
}
