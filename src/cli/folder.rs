//! Which folder is meant, and the store in it.

use std::path::PathBuf;

use super::arguments::Shared;
use super::exit::Ended;
use super::output::Output;
use crate::disk;
use crate::error::{Code, Error};
use crate::store::{DatabaseOptions, Options, Store, is_address};

/// The folder that is meant, as `createStore` would have it.
pub(super) fn data_dir(shared: &Shared) -> PathBuf {
    let given = shared.data_dir.clone();
    let usual = || std::env::var_os("DATA_DIR").filter(|name| !name.is_empty()).map(PathBuf::from);
    given.or_else(usual).unwrap_or_else(|| PathBuf::from("data"))
}

/// The folder that is meant, which must have a store: nothing is made where there is none.
pub(super) fn existing(shared: &Shared) -> Ended<PathBuf> {
    let folder = data_dir(shared);
    if !disk::holds_anything(&folder)? {
        let shown = std::path::absolute(&folder).unwrap_or(folder);
        let message = format!(
            "there is no store in {}; name its folder by --data-dir, or by DATA_DIR",
            shown.display()
        );
        return Err(Error::new(Code::Validation, message).into());
    }
    Ok(folder)
}

/// Refuses a command that is of folders where a database is meant.
pub(super) fn refuse_database(shared: &Shared) -> Ended<()> {
    if database(shared).is_none() {
        return Ok(());
    }
    let message = "this command is for stores in a folder, which --data-dir names; those in a database are looked \
                   after by the database's own tools, see docs/scaling.md";
    Err(Error::new(Code::OnlyInFolder, message).into())
}

/// Opens the store in a folder that has one.
pub(super) fn open(shared: &Shared, output: &Output) -> Ended<Store> {
    if database(shared).is_none() {
        existing(shared)?;
    }
    open_or_make(shared, output)
}

/// Opens the store in a folder that has one, with the calls of the collections that its apps declare.
pub(super) fn open_declared(shared: &Shared, output: &Output) -> Ended<Store> {
    let store = open(shared, output)?;
    let declaration = store.declaration();
    if declaration.is_empty() {
        return Ok(store);
    }
    Ok(Store::open(Options { declaration, ..options(shared) })?)
}

pub(super) fn options(shared: &Shared) -> Options {
    Options {
        trust_shared_folder: shared.trust_shared_folder,
        database: database(shared).map(in_database),
        ..Options::new(data_dir(shared))
    }
}

/// The options of a store by its folder, or by the address of its database.
pub(super) fn options_of(shared: &Shared, store: &str) -> Options {
    let database = is_address(store).then(|| in_database(store));
    Options { database, data_dir: PathBuf::from(store), ..options(shared) }
}

/// A store in a database, with its payloads where `createStore` would have them.
fn in_database(url: impl Into<String>) -> DatabaseOptions {
    let payloads = std::env::var("QUILLTAP_PAYLOADS").ok().filter(|place| !place.is_empty());
    DatabaseOptions { payloads, ..DatabaseOptions::new(url) }
}

/// The address of the database that is meant, if one is, as `createStore` would have it.
pub(super) fn database(shared: &Shared) -> Option<String> {
    let usual = || std::env::var("QUILLTAP_DATABASE_URL").ok().filter(|url| !url.is_empty());
    let given = shared.database.clone();
    given.or_else(|| if shared.data_dir.is_none() { usual() } else { None })
}

/// Opens the store in the folder, which is made when it is not there.
pub(super) fn open_or_make(shared: &Shared, output: &Output) -> Ended<Store> {
    let store = Store::open(options(shared))?;
    for warning in store.warnings() {
        output.warn(warning);
    }
    Ok(store)
}
