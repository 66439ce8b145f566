//! One engine for each folder, or database, in a process, however often it is opened.
//!
//! Hot reload, two bundles, worker threads and a test runner's module reset all end up here.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use crate::engine::Runtime;
use crate::error::Result;
use crate::sync::locked;

/// What tells where a store is kept from every other place.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Home {
    /// A folder: its path without links, its device and number.
    Folder(PathBuf, (u64, u64)),
    /// A database: SHA-256 of its address, which holds a password. Who comes with another one gets an engine of
    /// their own, or none.
    #[cfg(feature = "database")]
    Database([u8; 32]),
}

/// An engine, and how many handles use it.
struct Shared {
    engine: Arc<Runtime>,
    handles: usize,
}

fn engines() -> MutexGuard<'static, HashMap<Home, Shared>> {
    static ENGINES: OnceLock<Mutex<HashMap<Home, Shared>>> = OnceLock::new();
    locked(ENGINES.get_or_init(Mutex::default))
}

/// The engine of a folder or database, opened when this process has not yet; `join` is done with one that is
/// open already.
///
/// # Errors
/// Those of opening or joining.
pub(crate) fn enter(
    home: &Home,
    open: impl FnOnce() -> Result<Runtime>,
    join: impl FnOnce(&Runtime) -> Result<()>,
) -> Result<Arc<Runtime>> {
    let mut engines = engines();
    if let Some(shared) = engines.get_mut(home) {
        join(&shared.engine)?;
        shared.handles += 1;
        return Ok(Arc::clone(&shared.engine));
    }
    let engine = Arc::new(open()?);
    let shared = Shared { engine: Arc::clone(&engine), handles: 1 };
    engines.insert(home.clone(), shared);
    Ok(engine)
}

/// Gives a handle back; with the last one the engine closes.
///
/// # Errors
/// Those of closing.
pub(crate) fn leave(home: &Home) -> Result<()> {
    // Closing under the lock, so that a call that opens the folder meanwhile finds it at rest.
    let mut engines = engines();
    let Some(shared) = engines.get_mut(home) else { return Ok(()) };
    shared.handles -= 1;
    if shared.handles > 0 {
        return Ok(());
    }
    let Some(shared) = engines.remove(home) else { return Ok(()) };
    shared.engine.close()
}
