//! Which source is meant.

use std::path::PathBuf;

use super::dump::Dump;
use super::folder::Folder;
use super::origin::Origin;
use crate::disk::is_folder;
use crate::error::Result;
use crate::store::is_address;

/// Where rows come from.
#[derive(Clone, PartialEq, Eq)]
pub enum Source {
    /// A plain file of `pg_dump`.
    Dump(PathBuf),
    /// Another store's folder, or one of the app's earlier store.
    Folder(PathBuf),
    /// A server, by its address.
    Server(String),
}

impl std::fmt::Debug for Source {
    /// Without the address, which may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Source::Dump(path) => write!(f, "Dump({})", path.display()),
            Source::Folder(path) => write!(f, "Folder({})", path.display()),
            Source::Server(_) => write!(f, "Server"),
        }
    }
}

impl Source {
    /// The source that a word of the command line means.
    pub fn of(word: &str) -> Source {
        if is_address(word) {
            Source::Server(word.to_owned())
        } else if is_folder(word.as_ref()) {
            Source::Folder(word.into())
        } else {
            Source::Dump(word.into())
        }
    }

    pub(super) fn open(&self) -> Result<Origin> {
        match self {
            Source::Dump(path) => Ok(Origin::new(Box::new(Dump::open(path)?))),
            Source::Folder(path) => Ok(Origin::new(Box::new(Folder::open(path)?))),
            Source::Server(address) => server(address),
        }
    }
}

#[cfg(feature = "postgres")]
fn server(address: &str) -> Result<Origin> {
    Ok(Origin::new(Box::new(super::server::Server::open(address)?)))
}

#[cfg(not(feature = "postgres"))]
fn server(_address: &str) -> Result<Origin> {
    use crate::error::{Code, Error};
    let message = "this build cannot ask a database server: import a dump of it (pg_dump)";
    Err(Error::new(Code::Validation, message))
}
