//! Prisma's client over the store: the engine behind `quilltap-store/prisma`.
//!
//! A request is the text of Prisma 6.19's own JSON protocol, as its client sends it to its engine:
//! `{ modelName, action, query: { arguments, selection } }`. `src/prisma/calls.rs` declares the
//! calls that take one: `read` for what only reads, `write` for what may change something,
//! `batch` for several, all or none; `explain` tells how one that reads finds its rows. An answer is
//! `{"data": …}`, with times in milliseconds since 1970 (in aggregates as ISO text) and JSON values as
//! they are (a long list stands behind it, in pieces: `answer_text.rs`), or `{"error": { kind, code, message, meta, index }}`, where `kind` is
//! `known`, `validation` or `unknown`, and `index` says which request of a batch failed. An error
//! of the store itself (a file that cannot be read, a full disk) is thrown as any call throws it.
//! The front (`lib/prisma/`) makes requests of calls and objects of answers.
//!
//! The executor reads a *description* of tables (`description.rs`) and knows none of them:
//! `schema` reads arguments by the types that follow from it, `filter` tests rows, `rows` finds
//! them in the store, `read` and `write` answer. What the app's own tables are is said in
//! `tables.rs` alone, over the catalogue. This module must not know files, nor JavaScript.

mod answer_text;
mod calls;
mod declare;
mod description;
mod error;
mod filter;
mod ids;
mod read;
mod request;
mod rows;
mod schema;
mod tables;
mod time;
pub(crate) mod types;
mod value;
mod write;

use std::sync::OnceLock;

use crate::catalogue::Catalogue;
pub(crate) use calls::CALLS;
pub use description::{
    Column, Default, Description, Enumeration, FieldRef, ForeignKey, Place, Relation, Scalar,
    Source, Table,
};
pub(crate) use rows::Row;
pub(crate) use time::{format as time_text, stored as cell_time};
pub(crate) use value::Cell;
pub(crate) use write::{
    Existing, Given, Line, LineCheck, Put, check_owners, check_places, copy_rows, find_row, homes,
    put_lines, put_rows, rows_at,
};

/// The tables of the app's Prisma schema.
pub fn description() -> &'static Description {
    static DESCRIPTION: OnceLock<Description> = OnceLock::new();
    DESCRIPTION.get_or_init(|| {
        declare::describe(&Catalogue::builtin(), &tables::enums(), &tables::tables())
    })
}

#[cfg(test)]
mod tests;
