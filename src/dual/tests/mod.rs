//! Tests of what has no way of its own to the outside.

mod fold;
mod touched;
