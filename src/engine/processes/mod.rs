//! What the processes that have a folder open at once share: locks, the news of each other, and the
//! collections that one of them declares.

mod catch_up;
mod declared;
pub(crate) mod locks;
pub(crate) mod shared_memory;

pub(crate) use catch_up::replay;
