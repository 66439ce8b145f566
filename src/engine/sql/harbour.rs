//! Payloads on their way into a database, or into object storage beside it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::chunks::{CHUNK, Chunks};
use super::server::Server;
use super::uploads::Uploads;
use crate::disk::Scratch;
use crate::engine::payload::{Arriving, Berth, Harbour, ReadAt};
use crate::engine::txn::new_id;
use crate::error::Result;
use crate::objects::{Address, Object};

/// An object is written in parts of so many bytes, where it has more.
const PART: usize = 8 << 20;

/// The name of an upload, which goes with it unless it was handed over.
struct Upload {
    uploads: Arc<Uploads>,
    name: String,
    /// Does the database speak of it?
    is_known: bool,
    is_handed_over: AtomicBool,
}

/// An upload into the database, of which less than a chunk is not written yet.
struct ChunkUpload {
    upload: Upload,
    chunks: Chunks,
    written: u64,
    rest: Vec<u8>,
}

/// An upload that becomes an object once all of it is here: only then it is known how the object is called, and whether
/// it is there already.
struct ObjectUpload {
    upload: Upload,
    target: Address,
    len: u64,
    head: Vec<u8>,
    /// What is behind the head.
    rest: Option<Scratch>,
    object: Option<Object>,
}

impl Harbour for Arc<Server> {
    fn begin(&self) -> Result<Arriving> {
        let (uploads, name) = (Arc::clone(&self.uploads), new_id());
        let pool = Arc::clone(&uploads.pool);
        let target = uploads.target().cloned();
        let chunks = Chunks::new(pool, name.clone());
        let upload =
            Upload { uploads, name, is_known: false, is_handed_over: AtomicBool::default() };
        Ok(Arriving::at(match target {
            None => Box::new(ChunkUpload { upload, chunks, written: 0, rest: Vec::new() }),
            Some(target) => {
                let head = Vec::new();
                Box::new(ObjectUpload { upload, target, len: 0, head, rest: None, object: None })
            }
        }))
    }
}

impl Upload {
    fn hand_over(&self) -> &str {
        self.is_handed_over.store(true, Ordering::Relaxed);
        &self.name
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        // A transaction that has it may be under way still.
        if self.is_known && !self.is_handed_over.load(Ordering::Relaxed) {
            // What cannot be removed now is swept later.
            let _ = self.uploads.remove(&self.name);
        }
    }
}

impl ChunkUpload {
    fn write(&mut self, len: usize) -> Result<()> {
        self.upload.is_known = true;
        self.chunks.write(self.written, &self.rest[..len])?;
        self.rest.drain(..len);
        self.written += 1;
        Ok(())
    }
}

impl Berth for ChunkUpload {
    fn append(&mut self, _: u64, bytes: &[u8]) -> Result<()> {
        self.rest.extend_from_slice(bytes);
        while self.rest.len() >= CHUNK {
            self.write(CHUNK)?;
        }
        Ok(())
    }

    fn finish(&mut self, _: &str) -> Result<()> {
        // Even an empty one has a name.
        if self.rest.is_empty() && self.written > 0 {
            return Ok(());
        }
        self.write(self.rest.len())
    }

    fn hand_over(&self) -> &str {
        self.upload.hand_over()
    }
}

impl ReadAt for ChunkUpload {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        self.chunks.read(offset, buffer)
    }
}

impl ObjectUpload {
    fn write(&mut self, object: &Object) -> Result<()> {
        let Some(rest) = &mut self.rest else { return object.put(self.head.clone()) };
        rest.rewind()?;
        let mut head = Some(&self.head);
        object.put_parts(&mut || match head.take() {
            Some(head) => Ok(head.clone()),
            None => {
                let mut part = vec![0; PART];
                let read = rest.read(&mut part)?;
                part.truncate(read);
                Ok(part)
            }
        })
    }
}

impl Berth for ObjectUpload {
    fn append(&mut self, _: u64, bytes: &[u8]) -> Result<()> {
        self.len += bytes.len() as u64;
        let (here, behind) = bytes.split_at(bytes.len().min(PART - self.head.len()));
        self.head.extend_from_slice(here);
        if behind.is_empty() {
            return Ok(());
        }
        let rest = match self.rest.take() {
            Some(rest) => rest,
            None => Scratch::new()?,
        };
        self.rest.insert(rest).write(behind)
    }

    fn finish(&mut self, sha256: &str) -> Result<()> {
        let uploads = Arc::clone(&self.upload.uploads);
        if let Some((name, object)) = uploads.find(sha256, self.len)? {
            (self.upload.name, self.object) = (name, Some(object));
            return Ok(());
        }
        // Named by its content, and by the upload: who removes an old one never removes this.
        let address = self.target.join(&format!("{sha256}/{}", self.upload.name));
        uploads.announce(&self.upload.name, &address)?;
        self.upload.is_known = true;
        let object = uploads.object(address, self.len)?;
        self.write(&object)?;
        self.object = Some(object);
        uploads.arrived(&self.upload.name)
    }

    fn hand_over(&self) -> &str {
        self.upload.hand_over()
    }
}

impl ReadAt for ObjectUpload {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        let head = usize::try_from(offset).ok().and_then(|offset| self.head.get(offset..));
        let head = head.unwrap_or_default();
        match &self.object {
            Some(object) if self.rest.is_some() && head.len() < buffer.len() => {
                Ok(object.read(offset, buffer)?.unwrap_or_default())
            }
            _ => {
                let len = head.len().min(buffer.len());
                buffer[..len].copy_from_slice(&head[..len]);
                Ok(len)
            }
        }
    }
}
