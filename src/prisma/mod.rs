//! Prisma's client over the store: the engine behind `quilltap-store/prisma`.

mod declare;
mod description;
mod tables;

use std::sync::OnceLock;

use crate::catalogue::Catalogue;
pub use description::{
    Column, Default, Description, Enumeration, FieldRef, ForeignKey, Place, Relation, Scalar, Source,
    Table,
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
