//! How a PostgreSQL server is reached: its address, and TLS as strict as that asks.

mod address;
mod failed;
mod tls;

pub(crate) use address::Address;
pub(crate) use failed::failed;
pub(crate) use tls::connector;
