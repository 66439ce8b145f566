//! quilltap-store: an embedded data layer that keeps every record in plain JSON files.
//!
//! The rooms, in the order in which a call passes them, each knowing only those below it:
//! `node` (the border to JavaScript, a Cargo feature), `repos` and `auth` (the calls), `query`,
//! `engine` (journal, commit, state, files), `crypto` (keys and sealing), `catalogue` (every model,
//! once), `disk` (the one door to the file system), `json`, `error`. `ARCHITECTURE.md` tells the whole.

pub mod catalogue;
pub mod crypto;
pub mod disk;
pub mod engine;
pub mod error;
pub mod generated;
pub mod json;
pub mod query;
pub mod repos;
pub mod store;

mod auth;
mod older;
mod registry;
mod secrets;

#[cfg(feature = "node")]
mod node;
