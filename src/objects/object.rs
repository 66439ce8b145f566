//! One object of a bucket.

use std::sync::{Arc, Mutex};

use super::address::Address;
use super::bucket::Bucket;
use crate::error::Result;
use crate::sync::locked;

/// So much is read at once, for whoever asks for less goes on behind it.
const AHEAD: usize = 4 << 20;

/// One object.
pub(crate) struct Object {
    bucket: Arc<Bucket>,
    address: Address,
    /// How many bytes it should have.
    size: u64,
    /// What was read last, and its offset.
    ahead: Mutex<(u64, Vec<u8>)>,
}

impl Object {
    pub(crate) fn new(bucket: Arc<Bucket>, address: Address, size: u64) -> Object {
        Object { bucket, address, size, ahead: Mutex::default() }
    }

    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    /// Writes it.
    ///
    /// # Errors
    /// `IO`.
    pub(crate) fn put(&self, bytes: Vec<u8>) -> Result<()> {
        self.bucket.put(&self.address.key, bytes)
    }

    /// Writes it in parts; see [`Bucket::put_parts`].
    ///
    /// # Errors
    /// `IO`; those of `next`.
    pub(crate) fn put_parts(&self, next: &mut dyn FnMut() -> Result<Vec<u8>>) -> Result<()> {
        self.bucket.put_parts(&self.address.key, next)
    }

    /// Is it there, as long as it should be?
    ///
    /// # Errors
    /// `IO`.
    pub(crate) fn is_whole(&self) -> Result<bool> {
        Ok(self.bucket.size(&self.address.key)? == Some(self.size))
    }

    /// Reads at an offset, as many bytes as there are and fit; none where it is not there as it should be.
    ///
    /// # Errors
    /// `IO`.
    pub(crate) fn read(&self, offset: u64, buffer: &mut [u8]) -> Result<Option<usize>> {
        let left = usize::try_from(self.size.saturating_sub(offset)).unwrap_or(usize::MAX);
        let len = left.min(buffer.len());
        if len == 0 {
            return Ok(Some(0));
        }
        let mut ahead = locked(&self.ahead);
        if behind(&ahead, offset).is_none_or(|bytes| bytes.len() < len) {
            let Some(bytes) = self.read_anew(offset, left.min(AHEAD.max(len)))? else {
                return Ok(None);
            };
            *ahead = (offset, bytes);
        }
        let bytes = behind(&ahead, offset).unwrap_or_default();
        let len = len.min(bytes.len());
        buffer[..len].copy_from_slice(&bytes[..len]);
        Ok(Some(len))
    }

    /// What fails because the object is another one is no failure of the way.
    fn read_anew(&self, offset: u64, len: usize) -> Result<Option<Vec<u8>>> {
        match self.bucket.read(&self.address.key, offset, len) {
            Err(_) if self.is_whole().is_ok_and(|whole| !whole) => Ok(None),
            read => read,
        }
    }

    /// Removes it, if it is there.
    ///
    /// # Errors
    /// `IO`.
    pub(crate) fn remove(&self) -> Result<()> {
        self.bucket.remove(&self.address.key)
    }
}

/// The bytes from an offset on.
fn behind((start, bytes): &(u64, Vec<u8>), offset: u64) -> Option<&[u8]> {
    bytes.get(usize::try_from(offset.checked_sub(*start)?).ok()?..)
}
