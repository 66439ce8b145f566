//! How a PostgreSQL server is reached: its address, and TLS as strict as that asks; and how its SQL quotes names.

#[cfg(feature = "postgres")]
mod address;
#[cfg(feature = "postgres")]
mod failed;
#[cfg(feature = "postgres")]
mod tls;

#[cfg(feature = "postgres")]
pub(crate) use address::Address;
#[cfg(feature = "postgres")]
pub(crate) use failed::failed;
#[cfg(feature = "postgres")]
pub(crate) use tls::connector;

/// A name as SQL quotes it.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
