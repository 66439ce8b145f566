//! What is sealed, where, and under which keys.
//!
//! The keys are those of `crypto`; what there is to know of them stands in the settings, and goes
//! the way of every change: into the journal, to other processes. Which places hold sealed values
//! follows from the catalogue. This module may use the engine; it must not know of calls, nor of
//! where a passphrase comes from.

mod fields;
mod keyring;
mod rebind;
mod rotation;

pub(crate) use fields::{open_parts, open_with, reveal, seal_asked, seal_declared, seal_parts};
pub(crate) use keyring::{envelope, held, to_open, to_seal, unlocked, write};
pub(crate) use rebind::rebind;
pub(crate) use rotation::{Rotation, any_sealed, holds_sealed};
