//! The calls on the records of the built-in models, a file a model, and on declared collections.
//!
//! Each is a function over a view or a transaction. `rules` holds what follows from a change
//! besides what the catalogue declares. This module must not know of files, nor of JavaScript, nor
//! of the adapter.

pub(crate) mod characters;
pub(crate) mod chats;
pub(crate) mod connections;
pub(crate) mod find;
pub(crate) mod generic;
pub(crate) mod image_profiles;
pub(crate) mod images;
pub(crate) mod legacy_secrets;
pub(crate) mod logs;
mod payloads;
pub(crate) mod personas;
pub(crate) mod rules;
pub(crate) mod sealing;
mod second_factor;
pub(crate) mod secrets;
pub(crate) mod settings;
pub(crate) mod tags;
pub(crate) mod users;

pub(crate) use payloads::{derive, locate, put};
