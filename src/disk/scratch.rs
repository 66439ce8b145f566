//! A file for a moment: it has no name, and goes with its handle or with the process.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, Write};

use crate::error::{Code, Error, Result};

/// So much is read or written at a time, in bytes.
const BUFFER: usize = 256 << 10;

enum Side {
    Written(BufWriter<File>),
    Read(BufReader<File>),
}

/// A temporary file that is written from start to end, and then read so.
pub struct Scratch(Side);

impl Scratch {
    /// Makes one where the system keeps such files.
    ///
    /// # Errors
    /// `IO`.
    pub fn new() -> Result<Scratch> {
        let file = tempfile::tempfile().map_err(|error| failed(&error))?;
        Ok(Scratch(Side::Written(BufWriter::with_capacity(BUFFER, file))))
    }

    /// Adds bytes.
    ///
    /// # Errors
    /// `IO`, also for a file that is being read.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        match &mut self.0 {
            Side::Written(file) => file.write_all(bytes).map_err(|error| failed(&error)),
            Side::Read(_) => Err(failed(&std::io::Error::other("it is being read"))),
        }
    }

    /// From here on it is read, from its start.
    ///
    /// # Errors
    /// `IO`.
    pub fn rewind(&mut self) -> Result<()> {
        let file = match &mut self.0 {
            Side::Written(file) => {
                file.flush().map_err(|error| failed(&error))?;
                file.get_ref().try_clone()
            }
            Side::Read(file) => file.get_ref().try_clone(),
        };
        let mut file = file.map_err(|error| failed(&error))?;
        file.rewind().map_err(|error| failed(&error))?;
        self.0 = Side::Read(BufReader::with_capacity(BUFFER, file));
        Ok(())
    }

    /// Fills the buffer as far as the file goes; gives how much it read.
    ///
    /// # Errors
    /// `IO`, also for a file that is being written.
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let Side::Read(file) = &mut self.0 else {
            return Err(failed(&std::io::Error::other("it is being written")));
        };
        let mut done = 0;
        while done < buffer.len() {
            match file.read(&mut buffer[done..]) {
                Ok(0) => break,
                Ok(read) => done += read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(failed(&error)),
            }
        }
        Ok(done)
    }
}

fn failed(error: &std::io::Error) -> Error {
    let message = format!(
        "a temporary file failed: {error}; see that {} has room (TMPDIR names another folder)",
        std::env::temp_dir().display()
    );
    Error::new(Code::Io, message)
}
