//! What fuzzing promises: each target is a plain function of bytes that panics when a promise is
//! broken. libFuzzer's binaries call it, and `tests/replay.rs` does with every kept input.

mod adapter;
mod calls;
mod encryption;
mod files;
mod journal;
mod json;
mod operations;
mod paths;
mod query;
mod words;
mod world;

pub use adapter::adapter;
pub use calls::arguments;
pub use encryption::encryption;
pub use files::{documents, logs};
pub use journal::journal;
pub use json::json;
pub use operations::operations;
pub use paths::paths;
pub use query::query;
pub use words::words_of_others as words;

/// A target's name, and what it does with an input.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: &[Target] = &[
    ("json", json),
    ("journal", journal),
    ("documents", documents),
    ("logs", logs),
    ("paths", paths),
    ("query", query),
    ("arguments", arguments),
    ("adapter", adapter),
    ("encryption", encryption),
    ("words", words),
    ("operations", operations),
];
