//! The JSON and JSONL files that people see, made from the state and read back into it.
//!
//! `layout` tells which record stands in which file, `compose` makes a file's bytes, `dirty`
//! remembers what must be written, `write` writes it, `load` reads everything at open. This
//! module follows the places that the catalogue declares; it must not know which models exist.

mod blocked;
mod checkpoint;
mod compose;
mod dirty;
mod flush;
mod keeper;
mod layout;
mod load;
mod load_rows;
pub(crate) mod order;
mod round;
mod row_owners;
mod write;

pub(crate) use compose::{all_rows, len_of_rows};
pub(crate) use dirty::{Before, Dirty, NeedsCompaction};
pub(crate) use flush::run;
pub(crate) use keeper::Keeper;
pub(crate) use layout::{Layout, ShownFile, Target};
pub(crate) use load::{Loader, load, load_file, load_short};
pub(crate) use write::{Pieces, Writer};
