//! Small questions about what lies outside of a data folder, or is not one yet. Every path is the
//! caller's own, so links are followed.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use crate::error::{Error, Result};

/// Is there a folder with something in it?
///
/// # Errors
/// Those of the disk; also when something else has this name.
pub fn holds_anything(folder: &Path) -> Result<bool> {
    match fs::read_dir(folder) {
        Ok(mut entries) => Ok(entries.next().is_some()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Error::io("look into", &folder.display().to_string(), &error)),
    }
}

/// The whole of a file, device or pipe, of at most so many bytes.
///
/// # Errors
/// Those of the disk; `FileTooLarge` when there are more.
pub fn read_outside(path: &Path, longest: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(longest + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > longest { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
}
