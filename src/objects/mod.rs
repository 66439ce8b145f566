//! Object storage that speaks S3's protocol: how it is reached, and the objects in it.
//!
//! An object is written whole or not at all, and never changed: who writes gives it a name that nothing else has. This
//! module must not know what is in an object.

mod address;
#[cfg_attr(not(feature = "objects"), path = "absent.rs")]
mod bucket;
#[cfg(feature = "objects")]
mod http;
mod object;

pub(crate) use address::Address;
pub(crate) use bucket::Bucket;
pub(crate) use object::Object;
