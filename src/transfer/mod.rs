//! Moving in and out: an import of the app's database, its verification, and the way back.
//!
//! Rows come in COPY's text format, whether from a server or from a dump (`copy`, `dump`, `server`),
//! become cells of the tables that Prisma's client sees (`origin`, `values`), are tried whole in a store
//! that is thrown away (`plan`), and then put in commits of bounded size (`import`). The lines of logs are read
//! once: what the trial has checked waits in a temporary file (`lines`). A row that is there
//! already is left alone, so an import that was killed goes on where it was, and a second one changes
//! nothing. `verify` compares with what the client's tables read back; `export` writes it out. `whole` brings a store of any kind into another one. This module
//! must not know how the store keeps anything, nor who asks.

mod attachments;
mod copy;
mod dump;
mod export;
mod folder;
mod import;
mod lines;
mod origin;
mod payloads;
mod plan;
mod portions;
mod report;
mod sealed;
#[cfg(feature = "postgres")]
mod server;
mod sort;
mod source;
mod values;
mod verify;
mod whole;

pub use export::{Exported, Format, export, export_to};
pub use import::{Import, Imported, Meeting, Reseal, Rows, import};
pub(crate) use origin::in_order as tables_in_order;
pub use payloads::Missing;
pub use report::{Problem, Told};
pub use source::Source;
pub(crate) use values::cell_of_text;
pub(crate) use verify::verify_with;
pub use verify::{Compared, Difference, Kind, Verified, verify};
pub use whole::{Copied, Copy, copy};
