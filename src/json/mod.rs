//! JSON text: strict reading, and writing so that the same content gives the same bytes.
//!
//! Values are `serde_json`'s, whose reader this module makes stricter (duplicate keys, depth) and
//! whose writer it makes to agree with JavaScript's `JSON.stringify`. It knows nothing of
//! records.

mod field;
mod glance;
mod parse;
mod surrogates;
mod write;

pub use field::{
    pick, push_without, raw_field, raw_fields, text_field, text_value, with_fields, without,
};
pub use glance::{Glance, glance};
pub use parse::{Fault, MAX_DEPTH, parse, parse_bytes, parse_object};
pub use surrogates::without_lone_surrogates;
pub use write::{
    compact, compact_object, describe, indent, kind, pretty, push_text, push_value, quote,
};

/// An object: its keys in their order.
pub type Object = serde_json::Map<String, serde_json::Value>;
