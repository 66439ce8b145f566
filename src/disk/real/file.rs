//! An open file of the real disk.

use std::fs::File;
use std::io;

use super::super::{DiskFile, SafePath, Stamp};
use super::system;
use crate::error::{Error, Result};

/// An open file, and the path under which errors name it.
pub(super) struct RealFile {
    file: File,
    path: SafePath,
}

impl RealFile {
    pub(super) fn new(file: File, path: SafePath) -> RealFile {
        RealFile { file, path }
    }

    fn context(&self, operation: &str, error: &io::Error) -> Error {
        Error::io(operation, self.path.as_str(), error)
    }
}

impl DiskFile for RealFile {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        let mut done = 0;
        while done < buffer.len() {
            match system::read_at(&self.file, &mut buffer[done..], offset + done as u64) {
                Ok(0) => break,
                Ok(read) => done += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.context("read", &error)),
            }
        }
        Ok(done)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        let mut done = 0;
        while done < bytes.len() {
            match system::write_at(&self.file, &bytes[done..], offset + done as u64) {
                Ok(0) => return Err(self.context("write", &io::ErrorKind::WriteZero.into())),
                Ok(written) => done += written,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.context("write", &error)),
            }
        }
        Ok(())
    }

    fn len(&self) -> Result<u64> {
        let about = self.file.metadata().map_err(|e| self.context("look at", &e))?;
        Ok(about.len())
    }

    fn set_len(&self, len: u64) -> Result<()> {
        self.file.set_len(len).map_err(|e| self.context("resize", &e))
    }

    fn allocate(&self, len: u64) -> Result<()> {
        system::allocate(&self.file, len).map_err(|e| self.context("reserve room for", &e))
    }

    fn sync(&self) -> Result<()> {
        // On macOS this is F_FULLFSYNC, on Linux fdatasync.
        self.file.sync_data().map_err(|e| self.context("make durable", &e))
    }

    fn stamp(&self) -> Result<Stamp> {
        let about = self.file.metadata().map_err(|e| self.context("look at", &e))?;
        Ok(system::stamp(&about))
    }
}
