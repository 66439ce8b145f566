//! quilltap-store: an embedded data layer that keeps every record in plain JSON files.
//!
//! The modules, in the order in which a call passes them, each knowing only those below it:
//! `node` (the border to JavaScript, a Cargo feature), `cli` (the command line, another one),
//! `doctor`, `api` (the table of calls), `auth` and `repos` (the calls), `calls` (what a call is),
//! `backup`, `query`,
//! `engine` (journal, commit, state, files), `crypto` (keys and sealing), `catalogue` (every model,
//! once), `disk` (the one door to the file system), `json`, `error`. `ARCHITECTURE.md` tells the whole.

pub mod api;
pub mod backup;
pub mod catalogue;
pub mod crypto;
pub mod disk;
pub mod doctor;
pub mod dual;
pub mod engine;
pub mod error;
pub mod json;
pub mod prisma;
pub mod progress;
pub mod query;
pub mod store;
pub mod transfer;

mod auth;
mod better_auth;
mod calls;
mod jsonl;
mod legacy;
#[cfg(feature = "database")]
mod objects;
mod postgres;
mod repos;
mod secrets;
mod studio;
mod sync;
#[cfg(feature = "postgres")]
mod trusted;

#[cfg(feature = "cli")]
mod cli;
#[cfg(feature = "node")]
mod node;
