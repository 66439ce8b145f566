//! A file of the caller's own, outside of the data folder, that is read from start to end.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

use crate::error::{Code, Error, Result};

/// A file to be read from start to end. Links are followed: the path is the caller's own.
pub struct SourceFile {
    file: File,
    shown: String,
}

impl SourceFile {
    /// Opens a regular file for reading.
    ///
    /// # Errors
    /// `IO` when it cannot be read, or is no regular file.
    pub fn open(path: &Path) -> Result<SourceFile> {
        let shown = path.display().to_string();
        let mut options = OpenOptions::new();
        options.read(true);
        // Opening a pipe would wait for its other end.
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::CLOEXEC;
            options.custom_flags(flags.bits().cast_signed());
        }
        let file = options.open(path).map_err(|error| unreadable(&shown, &error))?;
        let about = file.metadata().map_err(|error| unreadable(&shown, &error))?;
        if !about.is_file() {
            return Err(unreadable(&shown, &io::Error::other("it is no regular file")));
        }
        Ok(SourceFile { file, shown })
    }

    /// Fills the buffer as far as the file goes; gives how much it read.
    ///
    /// # Errors
    /// `IO`.
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let mut done = 0;
        while done < buffer.len() {
            match self.file.read(&mut buffer[done..]) {
                Ok(0) => break,
                Ok(read) => done += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(unreadable(&self.shown, &error)),
            }
        }
        Ok(done)
    }
}

/// Not by the advice for the data folder: this file is another's.
fn unreadable(path: &str, error: &io::Error) -> Error {
    let message = format!("cannot read {path}: {error}; check the path that was given");
    Error::new(Code::Io, message).path(path)
}
