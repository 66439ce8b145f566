//! A payload on its way in: written to a file of its own and hashed meanwhile, never in place.

use std::sync::Arc;

use crate::disk::{Access, DiskFile, SafePath, SourceFile};
use crate::error::Result;

use super::hashing::Hashing;
use super::sniff::{self, Sniffed};
use super::{INCOMING, home};
use crate::engine::core::Engine;
use crate::engine::txn::new_id;

/// A source is read in pieces of this many bytes.
const PIECE: usize = 1 << 20;

/// A file in `.incoming`; it goes with this value, unless it has been put in its place.
pub(super) struct Temporary {
    engine: Arc<Engine>,
    pub(super) path: SafePath,
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // What cannot be removed is swept at the next opening.
        let _ = self.engine.disk.remove(&self.path);
    }
}

/// A payload on its way in.
pub struct Arriving {
    file: Box<dyn DiskFile>,
    temporary: Temporary,
    hashing: Hashing,
    len: u64,
}

/// A payload that is whole and durable, and waits for its first record.
pub struct Arrived {
    pub(super) temporary: Temporary,
    /// Its SHA-256, in hexadecimal digits.
    pub sha256: String,
    /// Its length in bytes.
    pub size: u64,
    /// What its bytes say that it is; `None` when they say nothing.
    pub mime_type: Option<&'static str>,
    /// Do its bytes look like text?
    pub is_text: bool,
    /// Width and height of an image, in pixels.
    pub dimensions: Option<(u64, u64)>,
}

impl Arriving {
    /// Begins a payload.
    ///
    /// # Errors
    /// Those of the disk; `READ_ONLY` and the like before anything is written.
    pub(crate) fn begin(engine: &Arc<Engine>) -> Result<Arriving> {
        engine.check_health()?;
        let catalogue = Arc::clone(&engine.state().catalogue);
        let dir = home(&catalogue)?.join(INCOMING)?;
        engine.disk.create_dir(&dir)?;
        let temporary = Temporary { engine: Arc::clone(engine), path: dir.join(&new_id())? };
        let file = engine.disk.open(&temporary.path, Access::Replace)?;
        Ok(Arriving { file, temporary, hashing: Hashing::new(), len: 0 })
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// Those of the disk; the payload is then to be dropped.
    pub(crate) fn append(&mut self, bytes: &Arc<[u8]>) -> Result<()> {
        self.hashing.update(bytes, self.len)?;
        self.file.write_at(self.len, bytes)?;
        self.len += bytes.len() as u64;
        Ok(())
    }

    /// Takes bytes that are all there already.
    ///
    /// # Errors
    /// As for [`Arriving::append`].
    pub(crate) fn append_all(&mut self, bytes: &[u8]) -> Result<()> {
        bytes.chunks(PIECE).try_for_each(|piece| self.append(&Arc::from(piece)))
    }

    /// Takes all of a file.
    ///
    /// # Errors
    /// Those of reading it, and those of the disk.
    pub(crate) fn append_file(&mut self, mut source: SourceFile) -> Result<()> {
        loop {
            let mut piece: Arc<[u8]> = Arc::from(vec![0; PIECE]);
            let buffer = Arc::get_mut(&mut piece).unwrap_or_default();
            let read = source.read(buffer)?;
            if read < PIECE {
                return self.append(&Arc::from(&piece[..read]));
            }
            self.append(&piece)?;
        }
    }

    /// The payload is whole: it becomes durable where it is.
    ///
    /// # Errors
    /// Those of the disk.
    pub(crate) fn finish(self) -> Result<Arrived> {
        let Arriving { file, temporary, hashing, len } = self;
        file.sync()?;
        let Sniffed { mime_type, is_text, dimensions } = sniff::look(&*file, len)?;
        let sha256 = hashing.finish()?;
        // The folder's name is what tells after a crash that there may be orphans.
        let disk = &*temporary.engine.disk;
        if let Some(home) = temporary.path.parent().and_then(|incoming| incoming.parent()) {
            disk.sync_dir(&home)?;
            disk.sync_dir(&SafePath::root())?;
        }
        Ok(Arrived { temporary, sha256, size: len, mime_type, is_text, dimensions })
    }
}
