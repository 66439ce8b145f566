//! The promises of the store, seen through its public API; each file is named after one.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests look at the files themselves"
)]

mod auth;
mod backup;
mod basics;
mod binaries;
mod calls;
mod check;
mod checkpoints;
mod collections;
mod commit_here;
mod crash;
mod determinism;
mod early;
mod edited_meanwhile;
mod edits;
mod faults;
mod hand_edits;
mod hooked_disk;
mod image_tags;
mod key_case;
mod legacy;
mod log_edits;
mod log_laws;
mod migrations;
mod model;
mod odd_lines;
mod owner_file;
mod pending;
mod plans;
#[cfg(target_os = "linux")]
mod power_cut;
mod prisma;
mod relations;
mod repositories;
mod row_owners;
mod secrets;
mod snapshot;
mod spoilt_places;
mod stand_still;

mod support;
mod times;
mod unfinished_row;
