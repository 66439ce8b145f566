//! An open file of the real disk.

use std::fs::File;
use std::io::{
    self,
    ErrorKind::{Interrupted, Unsupported},
};

use super::super::{DiskFile, SafePath, Stamp};
use super::{context, system};
use crate::error::Result;

static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];

/// An open file, and the path under which errors name it.
pub(super) struct RealFile {
    file: File,
    path: SafePath,
}

impl RealFile {
    pub(super) fn new(file: File, path: SafePath) -> RealFile {
        RealFile { file, path }
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    fn read_all(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut done = 0;
        while done < buffer.len() {
            match system::read_at(&self.file, &mut buffer[done..], offset + done as u64) {
                Ok(0) => break,
                Ok(read) => done += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    fn write_all(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut done = 0;
        while done < bytes.len() {
            match system::write_at(&self.file, &bytes[done..], offset + done as u64) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => done += written,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl DiskFile for RealFile {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        context("read", &self.path, self.read_all(offset, buffer))
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        context("write", &self.path, self.write_all(offset, bytes))
    }

    fn len(&self) -> Result<u64> {
        Ok(self.stamp()?.len)
    }

    fn set_len(&self, len: u64) -> Result<()> {
        context("resize", &self.path, self.file.set_len(len))
    }

    fn allocate(&self, len: u64) -> Result<()> {
        let reserve = || {
            // A file that is open for reading only is refused, also where it has the room already.
            system::write_at(&self.file, &[], 0)?;
            let from = self.file.metadata()?.len();
            // Where that cannot be, the zeros below take the room as well, only less in one piece.
            reserve(&self.file, len)?;
            // Room that was never written to is noted as such by the file system, and every sync of
            // the first bytes in it would have to make that note durable too.
            for at in (from..len).step_by(ZEROS.len()) {
                let rest = usize::try_from(len - at).unwrap_or(usize::MAX).min(ZEROS.len());
                self.write_all(at, &ZEROS[..rest])?;
            }
            Ok(())
        };
        context("reserve room for", &self.path, reserve())
    }

    fn sync(&self) -> Result<()> {
        // On macOS this is F_FULLFSYNC, on Linux fdatasync.
        context("make durable", &self.path, self.file.sync_data())
    }

    fn stamp(&self) -> Result<Stamp> {
        Ok(context("look at", &self.path, system::about(&self.file))?.stamp)
    }
}

/// Makes a file longer, and never shorter.
pub(super) fn extend(file: &File, len: u64) -> io::Result<()> {
    if file.metadata()?.len() < len { file.set_len(len) } else { Ok(()) }
}

/// Takes room for a file that is to have so many bytes, where the file system can.
pub(super) fn reserve(file: &File, len: u64) -> io::Result<()> {
    match fs4::FileExt::allocate(file, len) {
        Err(error) if matches!(error.kind(), Unsupported | Interrupted) => Ok(()),
        reserved => reserved,
    }
}
