//! Payloads on their way into a database.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::chunks::{CHUNK, Chunks};
use super::server::Server;
use crate::engine::payload::{Arriving, Berth, Harbour, ReadAt};
use crate::engine::txn::new_id;
use crate::error::Result;

/// An upload, of which less than a chunk is not written yet.
struct Upload {
    chunks: Chunks,
    written: u64,
    rest: Vec<u8>,
    is_handed_over: AtomicBool,
}

impl Harbour for Arc<Server> {
    fn begin(&self) -> Result<Arriving> {
        let chunks = Chunks::new(Arc::clone(&self.pool), new_id());
        Ok(Arriving::at(Box::new(Upload {
            chunks,
            written: 0,
            rest: Vec::new(),
            is_handed_over: AtomicBool::new(false),
        })))
    }
}

impl Upload {
    fn write(&mut self, len: usize) -> Result<()> {
        self.chunks.write(self.written, &self.rest[..len])?;
        self.rest.drain(..len);
        self.written += 1;
        Ok(())
    }
}

impl Berth for Upload {
    fn append(&mut self, _: u64, bytes: &[u8]) -> Result<()> {
        self.rest.extend_from_slice(bytes);
        while self.rest.len() >= CHUNK {
            self.write(CHUNK)?;
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<()> {
        // Even an empty one has a name.
        if self.rest.is_empty() && self.written > 0 {
            return Ok(());
        }
        self.write(self.rest.len())
    }

    fn hand_over(&self) -> &str {
        self.is_handed_over.store(true, Ordering::Relaxed);
        self.chunks.upload()
    }
}

impl ReadAt for Upload {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        self.chunks.read(offset, buffer)
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        // A transaction that has them may be under way still.
        if self.written > 0 && !self.is_handed_over.load(Ordering::Relaxed) {
            // What cannot be removed now is swept later.
            let _ = self.chunks.remove();
        }
    }
}
