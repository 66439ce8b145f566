//! Locks whose data stays whole even when a holder panicked.
//!
//! A panic in one call must not make every later call fail, so poisoning is ignored: whatever is
//! changed under these locks is changed in one step, or is looked at anew by the next holder.

use std::sync::{
    Condvar, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
    TryLockError, TryLockResult,
};
use std::time::{Duration, Instant};

/// Locks a mutex.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Locks for reading.
pub(crate) fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

/// Locks for writing.
pub(crate) fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

/// Waits to be woken.
pub(crate) fn wait<'a, T>(bell: &Condvar, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
    bell.wait(guard).unwrap_or_else(PoisonError::into_inner)
}

/// Waits to be woken, at most so long.
pub(crate) fn wait_for<'a, T>(
    bell: &Condvar,
    guard: MutexGuard<'a, T>,
    most: Duration,
) -> MutexGuard<'a, T> {
    bell.wait_timeout(guard, most).unwrap_or_else(PoisonError::into_inner).0
}

/// So long the JavaScript thread waits for a lock: most are held for less, and to go on on another
/// thread takes about a tenth of it.
const PATIENCE: Duration = Duration::from_micros(500);

/// Locks a mutex, unless somebody holds it for long.
pub(crate) fn locked_soon<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    soon(|| mutex.try_lock())
}

/// Locks for reading, unless somebody changes it for long, or waits to.
pub(crate) fn read_soon<T>(lock: &RwLock<T>) -> Option<RwLockReadGuard<'_, T>> {
    soon(|| lock.try_read())
}

/// Locks for writing, unless somebody reads for long.
pub(crate) fn write_soon<T>(lock: &RwLock<T>) -> Option<RwLockWriteGuard<'_, T>> {
    soon(|| lock.try_write())
}

fn soon<G>(attempt: impl Fn() -> TryLockResult<G>) -> Option<G> {
    let mut start = None;
    loop {
        match attempt() {
            Ok(guard) => return Some(guard),
            Err(TryLockError::Poisoned(error)) => return Some(error.into_inner()),
            Err(TryLockError::WouldBlock) => {}
        }
        if start.get_or_insert_with(Instant::now).elapsed() >= PATIENCE {
            return None;
        }
        std::thread::yield_now();
    }
}
