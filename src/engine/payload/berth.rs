//! Where the bytes of a payload arrive and are read from, whichever engine keeps them.

use std::sync::Arc;

use super::arriving::Arriving;
use crate::disk::{DiskFile, SafePath};
use crate::engine::core::Engine;
use crate::error::Result;

/// Bytes that can be read.
pub(crate) trait ReadAt: Send + Sync {
    /// Reads up to `buffer.len()` bytes at `offset`; fewer only at the end.
    ///
    /// # Errors
    /// Those of reading.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize>;
}

/// The bytes of one payload on their way in. They go with this value, unless they were handed over.
pub(crate) trait Berth: ReadAt {
    /// Takes the next bytes; `offset` is how many came before them.
    ///
    /// # Errors
    /// Those of writing.
    fn append(&mut self, offset: u64, bytes: &[u8]) -> Result<()>;

    /// They are all there, with this SHA-256: makes them durable where they are.
    ///
    /// # Errors
    /// Those of writing.
    fn finish(&mut self, sha256: &str) -> Result<()>;

    /// Hands them over to a transaction, which puts them in their place by this name.
    fn hand_over(&self) -> &str;
}

/// Where payloads can arrive.
pub(crate) trait Harbour {
    /// Begins a payload.
    ///
    /// # Errors
    /// Those of writing; `READ_ONLY` and the like before anything is written.
    fn begin(&self) -> Result<Arriving>;
}

impl ReadAt for Box<dyn DiskFile> {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        (**self).read_at(offset, buffer)
    }
}

/// A file in the folder where payloads arrive.
pub(super) struct Temporary {
    pub(super) engine: Arc<Engine>,
    pub(super) path: SafePath,
    pub(super) file: Box<dyn DiskFile>,
}

impl ReadAt for Temporary {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        self.file.read_at(offset, buffer)
    }
}

impl Berth for Temporary {
    fn append(&mut self, offset: u64, bytes: &[u8]) -> Result<()> {
        self.file.write_at(offset, bytes)
    }

    fn finish(&mut self, _: &str) -> Result<()> {
        self.file.sync()?;
        // The folder's name is what tells after a crash that there may be orphans.
        let disk = &*self.engine.disk;
        if let Some(home) = self.path.parent().and_then(|incoming| incoming.parent()) {
            disk.sync_dir(&home)?;
            disk.sync_dir(&SafePath::root())?;
        }
        Ok(())
    }

    fn hand_over(&self) -> &str {
        self.path.as_str()
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // What cannot be removed is swept at the next opening.
        let _ = self.engine.disk.remove(&self.path);
    }
}
