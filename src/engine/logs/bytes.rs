//! The bytes of a log: in its file, in memory, or in both.

use std::sync::Arc;

use crate::disk::DiskFile;
use crate::error::Result;

/// Logs up to this length, in bytes, are kept whole beside their index.
pub(super) const KEEP_TEXT: u64 = 16 << 20;

/// On Windows few programs can put another file in the place of one that is open; for editors it is
/// open only as long as not all of its bytes are in memory.
const MAY_STAY_OPEN: bool = cfg!(not(windows));

/// The bytes of one log.
#[derive(Default)]
pub(super) struct Bytes {
    /// The file whose offsets these are; it stays readable when its name becomes another's.
    file: Option<Arc<dyn DiskFile>>,
    /// All bytes from the start, where they are kept.
    text: Option<Vec<u8>>,
    /// The bytes from `recent_from` on, which the file may not have yet.
    recent: Vec<u8>,
    pub(super) recent_from: u64,
}

impl Bytes {
    /// The bytes of a log that has no file yet.
    pub(super) fn of_none() -> Bytes {
        Bytes { text: Some(Vec::new()), ..Bytes::default() }
    }

    /// Those of a file, with all of them where they are kept.
    pub(super) fn of_file(file: Arc<dyn DiskFile>, text: Option<Vec<u8>>) -> Bytes {
        let file = (MAY_STAY_OPEN || text.is_none()).then_some(file);
        Bytes { file, text, ..Bytes::default() }
    }

    /// Adds bytes to the end.
    pub(super) fn extend(&mut self, bytes: &[u8]) {
        match &mut self.text {
            Some(text) => text.extend_from_slice(bytes),
            None => self.recent.extend_from_slice(bytes),
        }
    }

    /// This file has all the bytes now, up to `end`.
    pub(super) fn settle(&mut self, file: Option<Arc<dyn DiskFile>>, end: u64) {
        let file = file.or(self.file.take());
        self.file = file.filter(|_| MAY_STAY_OPEN || self.text.is_none());
        self.recent = Vec::new();
        self.recent_from = end;
    }

    /// Are all of them in memory?
    pub(super) fn are_kept(&self) -> bool {
        self.text.is_some()
    }

    /// Closes the file where all bytes are in memory; `false` where they are not.
    pub(super) fn close(&mut self) -> bool {
        if self.text.is_some() {
            self.file = None;
        }
        self.text.is_some()
    }

    /// Lets go of the bytes that the file has.
    pub(super) fn forget(&mut self) {
        if self.file.is_some()
            && let Some(text) = self.text.take()
        {
            let from = usize::try_from(self.recent_from).unwrap_or(usize::MAX);
            self.recent = text.get(from..).unwrap_or_default().to_vec();
        }
    }

    /// Bytes of memory that the kept text takes, and what else is kept.
    pub(super) fn weights(&self) -> (usize, usize) {
        (self.text.as_ref().map_or(0, Vec::capacity), self.recent.capacity())
    }

    /// Can one read give the bytes at both offsets?
    pub(super) fn hold_together(&self, one: u64, other: u64) -> bool {
        (one < self.recent_from) == (other < self.recent_from)
    }

    /// Calls `take` with `len` bytes from `offset` on, or with fewer where there are not as many.
    pub(super) fn with<T>(
        &self,
        offset: u64,
        len: usize,
        take: impl FnOnce(&[u8]) -> T,
    ) -> Result<T> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        if let Some(kept) = &self.text {
            return Ok(take(part(kept, start, len)));
        }
        if offset >= self.recent_from {
            let start = usize::try_from(offset - self.recent_from).unwrap_or(usize::MAX);
            return Ok(take(part(&self.recent, start, len)));
        }
        let mut bytes = vec![0; len];
        let read = self.file.as_ref().map_or(Ok(0), |file| file.read_at(offset, &mut bytes))?;
        bytes.truncate(read);
        Ok(take(&bytes))
    }
}

fn part(bytes: &[u8], start: usize, len: usize) -> &[u8] {
    bytes.get(start..start.saturating_add(len)).unwrap_or_default()
}
