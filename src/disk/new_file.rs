//! A file outside of the data folder that comes into being whole: it is written under another name, and
//! takes its place when it is finished.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::error::{Code, Error, Result};

/// A file that is being written; mode 0600.
pub struct NewFile {
    place: PathBuf,
    partial: PathBuf,
    file: File,
    finished: bool,
}

impl NewFile {
    /// Begins a file that will stand at `place`, where there is none yet. What an earlier attempt left
    /// unfinished is removed.
    ///
    /// # Errors
    /// `VALIDATION` when something is at `place`, `LOCKED` when somebody writes it just now; those of
    /// the disk.
    pub fn begin(place: &Path) -> Result<NewFile> {
        let shown = place.display().to_string();
        let failed = |error| Error::io("make", &shown, &error);
        let place = std::path::absolute(place).map_err(failed)?;
        refuse_taken(&place)?;
        let mut partial = place.clone().into_os_string();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        let file = match create(&partial) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                remove_left_over(&partial)?;
                create(&partial)
            }
            other => other,
        };
        let file = file.map_err(failed)?;
        if file.try_lock().is_err() {
            return Err(written_now(&partial));
        }
        Ok(NewFile { place, partial, file, finished: false })
    }

    /// Puts the file in its place, durably; gives its length in bytes.
    ///
    /// # Errors
    /// `VALIDATION` when something has got its place meanwhile; those of the disk.
    pub fn finish(mut self) -> Result<u64> {
        refuse_taken(&self.place)?;
        let shown = self.place.display().to_string();
        let failed = |error| Error::io("put in place", &shown, &error);
        self.file.sync_all().map_err(failed)?;
        let length = self.file.metadata().map_err(failed)?.len();
        fs::rename(&self.partial, &self.place).map_err(failed)?;
        self.finished = true;
        self.place.parent().map_or(Ok(()), sync_names).map_err(failed)?;
        Ok(length)
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.finished {
            // What is left has a name that says what it is.
            let _ = fs::remove_file(&self.partial);
        }
    }
}

fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn refuse_taken(place: &Path) -> Result<()> {
    if place.symlink_metadata().is_err() {
        return Ok(());
    }
    let message = format!("{} is there already; take another name, or remove it", place.display());
    Err(Error::new(Code::Validation, message))
}

/// Removes what a process left that died while it wrote. It is never written to: whoever holds its lock
/// may be about to put it in its place.
fn remove_left_over(partial: &Path) -> Result<()> {
    let shown = partial.display().to_string();
    let failed = |error| Error::io("look at", &shown, &error);
    let file = OpenOptions::new().write(true).open(partial).map_err(failed)?;
    if file.try_lock().is_err() {
        return Err(written_now(partial));
    }
    match fs::remove_file(partial) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(error)),
        _ => Ok(()),
    }
}

fn written_now(partial: &Path) -> Error {
    let message = format!("somebody writes {} just now; wait for it", partial.display());
    Error::new(Code::Locked, message)
}

#[cfg(unix)]
fn sync_names(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// NTFS keeps names in its own journal.
#[cfg(not(unix))]
fn sync_names(_folder: &Path) -> io::Result<()> {
    Ok(())
}
