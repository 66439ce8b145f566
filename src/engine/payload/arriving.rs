//! A payload on its way in: written to a place of its own and hashed meanwhile, never where it will be.

use std::sync::Arc;

use crate::disk::{Access, SourceFile};
use crate::error::Result;

use super::berth::{Berth, Harbour, Temporary};
use super::hashing::Hashing;
use super::sniff::{self, Sniffed};
use super::{INCOMING, home};
use crate::engine::core::Engine;
use crate::engine::txn::new_id;

/// A source is read in pieces of this many bytes.
const PIECE: usize = 1 << 20;

/// A payload on its way in.
pub struct Arriving {
    berth: Box<dyn Berth>,
    hashing: Hashing,
    len: u64,
}

/// A payload that is whole and durable, and waits for its first record.
pub struct Arrived {
    /// Where it is until then.
    pub(super) berth: Box<dyn Berth>,
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

impl Harbour for Arc<Engine> {
    fn begin(&self) -> Result<Arriving> {
        self.check_health()?;
        let catalogue = Arc::clone(&self.state().catalogue);
        let dir = home(&catalogue)?.join(INCOMING)?;
        self.disk.create_dir(&dir)?;
        let path = dir.join(&new_id())?;
        let file = self.disk.open(&path, Access::Replace)?;
        Ok(Arriving::at(Box::new(Temporary { engine: Arc::clone(self), path, file })))
    }
}

impl Arriving {
    /// Nothing of a payload yet.
    pub(crate) fn at(berth: Box<dyn Berth>) -> Arriving {
        Arriving { berth, hashing: Hashing::new(), len: 0 }
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// Those of writing; the payload is then to be dropped.
    pub(crate) fn append(&mut self, bytes: &Arc<[u8]>) -> Result<()> {
        self.hashing.update(bytes, self.len)?;
        self.berth.append(self.len, bytes)?;
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
    /// Those of writing.
    pub(crate) fn finish(self) -> Result<Arrived> {
        let Arriving { mut berth, hashing, len } = self;
        let sha256 = hashing.finish()?;
        berth.finish(&sha256)?;
        let Sniffed { mime_type, is_text, dimensions } = sniff::look(&*berth, len)?;
        Ok(Arrived { berth, sha256, size: len, mime_type, is_text, dimensions })
    }
}
