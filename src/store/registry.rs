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

/// The engine of one place; none while it is not open. Whoever opens or closes it holds this alone, so those who
/// are after another place do not wait for a disk or a server.
type Cell = Arc<Mutex<Option<Shared>>>;

fn cells() -> MutexGuard<'static, HashMap<Home, Cell>> {
    static CELLS: OnceLock<Mutex<HashMap<Home, Cell>>> = OnceLock::new();
    locked(CELLS.get_or_init(Mutex::default))
}

/// Forgets the place of an engine that is closed, unless somebody is about to open it.
fn forget(home: &Home, cell: &Cell) {
    let mut cells = cells();
    // The map has one, and so has the caller; others are only given out under its lock.
    if Arc::strong_count(cell) == 2 && locked(cell).is_none() {
        cells.remove(home);
    }
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
    let cell = Arc::clone(cells().entry(home.clone()).or_default());
    let entered = enter_cell(&cell, open, join);
    if entered.is_err() {
        forget(home, &cell);
    }
    entered
}

fn enter_cell(
    cell: &Cell,
    open: impl FnOnce() -> Result<Runtime>,
    join: impl FnOnce(&Runtime) -> Result<()>,
) -> Result<Arc<Runtime>> {
    let mut held = locked(cell);
    if let Some(shared) = &mut *held {
        join(&shared.engine)?;
        shared.handles += 1;
        return Ok(Arc::clone(&shared.engine));
    }
    let engine = Arc::new(open()?);
    *held = Some(Shared { engine: Arc::clone(&engine), handles: 1 });
    Ok(engine)
}

/// Gives a handle back; with the last one the engine closes.
///
/// # Errors
/// Those of closing.
pub(crate) fn leave(home: &Home) -> Result<()> {
    let Some(cell) = cells().get(home).map(Arc::clone) else { return Ok(()) };
    let closed = leave_cell(&cell);
    forget(home, &cell);
    closed
}

fn leave_cell(cell: &Cell) -> Result<()> {
    // Closing under the lock, so that a call that opens the folder meanwhile finds it at rest.
    let mut held = locked(cell);
    let Some(shared) = &mut *held else { return Ok(()) };
    shared.handles -= 1;
    if shared.handles > 0 {
        return Ok(());
    }
    held.take().map_or(Ok(()), |shared| shared.engine.close())
}
