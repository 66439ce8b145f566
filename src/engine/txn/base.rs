//! Which engine a view asks: the only place above the engines that names one.

use crate::engine::folder::Folder;

/// Whom a view asks for what is committed.
pub(crate) type Base<'a> = &'a Folder<'a>;
