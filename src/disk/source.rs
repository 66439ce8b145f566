//! A file of the caller's own, outside of the data folder, that is read from start to end.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::real::is_made_by_the_kernel;
use crate::error::{Code, Error, Issue, Result};

/// A file to be read from start to end. Links are followed, for the path is the caller's own, unless
/// only certain folders are allowed.
pub struct SourceFile {
    file: File,
    shown: String,
}

impl SourceFile {
    /// Opens a regular file for reading; where folders are given, one that lies in one of them.
    ///
    /// # Errors
    /// `IO` when it cannot be read, or is no regular file; `VALIDATION` when it is in none of the
    /// folders.
    pub fn open(path: &Path, within: Option<&[PathBuf]>) -> Result<SourceFile> {
        let shown = path.display().to_string();
        let failed = |error: io::Error| unreadable(&shown, &error);
        let file = match within {
            None => open(path).map_err(failed)?,
            Some(folders) => {
                let real = fs::canonicalize(path).map_err(failed)?;
                let real_folders =
                    folders.iter().filter_map(|folder| fs::canonicalize(folder).ok());
                let mut holding = real_folders.filter_map(|folder| {
                    let inside = real.strip_prefix(&folder).ok()?.to_owned();
                    Some((folder, inside))
                });
                let (folder, inside) = holding.next().ok_or_else(|| outside(&shown))?;
                open_inside(&folder, &inside).map_err(failed)?
            }
        };
        let about = file.metadata().map_err(failed)?;
        // What the kernel makes up (`/proc/self/environ`) calls itself a regular file.
        if !about.is_file() || is_made_by_the_kernel(&file) {
            return Err(failed(io::Error::other("it is no regular file")));
        }
        Ok(SourceFile { file, shown })
    }

    /// The same file, to be read from an offset on. Of the two only one may be read at a time.
    ///
    /// # Errors
    /// `IO`.
    pub fn again(&self, offset: u64) -> Result<SourceFile> {
        let failed = |error: io::Error| unreadable(&self.shown, &error);
        let mut file = self.file.try_clone().map_err(failed)?;
        file.seek(SeekFrom::Start(offset)).map_err(failed)?;
        Ok(SourceFile { file, shown: self.shown.clone() })
    }

    /// Its length in bytes.
    ///
    /// # Errors
    /// `IO`.
    pub fn size(&self) -> Result<u64> {
        let about = self.file.metadata();
        about.map(|about| about.len()).map_err(|error| unreadable(&self.shown, &error))
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

/// Opens whatever is there. Opening a pipe would wait for its other end without `NONBLOCK`.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::CLOEXEC;
        options.custom_flags(flags.bits().cast_signed());
    }
    options.open(path)
}

/// Opens each part of the path from the one above it, so that a link that is put there after the
/// path was resolved is not followed.
#[cfg(unix)]
fn open_inside(folder: &Path, inside: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags, openat};
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let mut at = open(folder)?;
    for part in inside.components() {
        at = File::from(openat(&at, part.as_os_str(), flags, Mode::empty())?);
    }
    Ok(at)
}

/// Making a link takes a right of its own on this system.
#[cfg(windows)]
fn open_inside(folder: &Path, inside: &Path) -> io::Result<File> {
    open(&folder.join(inside))
}

fn outside(path: &str) -> Error {
    let issue = Issue::new("source.path", "a file in one of the folders of pathsWithin", "another");
    Error::validation("Arguments", vec![issue]).path(path)
}

/// Not by the advice for the data folder: this file is another's.
fn unreadable(path: &str, error: &io::Error) -> Error {
    let message = format!("cannot read {path}: {error}; check the path that was given");
    Error::new(Code::Io, message).path(path)
}
