//! One engine for each folder in a process, however often it is opened.
//!
//! Hot reload, two bundles, worker threads and a test runner's module reset all end up here.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use crate::engine::Runtime;
use crate::error::Result;
use crate::sync::locked;

/// What tells a folder from every other: its path without links, its device and number.
type Folder = (PathBuf, (u64, u64));

/// An engine, and how many handles use it.
struct Shared {
    engine: Arc<Runtime>,
    handles: usize,
}

fn engines() -> MutexGuard<'static, HashMap<Folder, Shared>> {
    static ENGINES: OnceLock<Mutex<HashMap<Folder, Shared>>> = OnceLock::new();
    locked(ENGINES.get_or_init(Mutex::default))
}

/// The engine of a folder, opened when this process has not yet; `join` is done with one that is
/// open already.
///
/// # Errors
/// Those of opening or joining.
pub(crate) fn enter(
    folder: &Folder,
    open: impl FnOnce() -> Result<Runtime>,
    join: impl FnOnce(&Runtime) -> Result<()>,
) -> Result<Arc<Runtime>> {
    let mut engines = engines();
    if let Some(shared) = engines.get_mut(folder) {
        join(&shared.engine)?;
        shared.handles += 1;
        return Ok(Arc::clone(&shared.engine));
    }
    let engine = Arc::new(open()?);
    let shared = Shared { engine: Arc::clone(&engine), handles: 1 };
    engines.insert(folder.clone(), shared);
    Ok(engine)
}

/// Gives a handle back; with the last one the engine closes.
///
/// # Errors
/// Those of closing.
pub(crate) fn leave(folder: &Folder) -> Result<()> {
    // Closing under the lock, so that a call that opens the folder meanwhile finds it at rest.
    let mut engines = engines();
    let Some(shared) = engines.get_mut(folder) else { return Ok(()) };
    shared.handles -= 1;
    if shared.handles > 0 {
        return Ok(());
    }
    let Some(shared) = engines.remove(folder) else { return Ok(()) };
    shared.engine.close()
}
