//! A folder that comes into being whole: it is filled under another name, which says so, and
//! takes its place when it is finished.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::real::{RealDisk, sync_folder, take_place};
use super::{Access, Disk, Lock, LockKind, SafePath};
use crate::error::{Code, Error, Result};

/// The file that says that a folder is not finished; it is locked by who fills it.
pub const UNFINISHED: &str = "unfinished-snapshot";
const NOTE: &[u8] = b"This copy of a quilltap-store folder was not finished. Remove the folder.\n";

/// A folder that is being filled.
pub struct NewFolder {
    place: PathBuf,
    partial: PathBuf,
    disk: RealDisk,
    finished: bool,
    lock: Option<Box<dyn Lock>>,
}

impl NewFolder {
    /// Begins a folder that will stand at `place`, which is not there yet or empty, and not
    /// within the folder `outside`. What an earlier attempt left unfinished is removed.
    ///
    /// # Errors
    /// `VALIDATION` for another place, `LOCKED` when somebody fills it just now; those of the disk.
    pub fn begin(place: &Path, outside: &RealDisk) -> Result<NewFolder> {
        let place = real_place(place)?;
        let shown = place.display().to_string();
        if place.starts_with(outside.root()) || outside.root().starts_with(&place) {
            let message =
                format!("{shown} and the data folder are within each other; take a place outside");
            return Err(Error::new(Code::Validation, message));
        }
        if !is_free(&place).map_err(|error| Error::io("look at", &shown, &error))? {
            let message =
                format!("{shown} is there and not empty; take a new folder, or an empty one");
            return Err(Error::new(Code::Validation, message));
        }
        let mut name = place.file_name().unwrap_or_default().to_owned();
        name.push(".partial");
        let partial = place.with_file_name(name);
        let shown = partial.display().to_string();
        let context = |error| Error::io("make", &shown, &error);
        if !is_free(&partial).map_err(context)? && !is_unfinished(&partial) {
            let message =
                format!("{shown} is in the way, and no unfinished snapshot; move or remove it");
            return Err(Error::new(Code::Validation, message));
        }
        let disk = RealDisk::open(&partial)?;
        let mark = SafePath::new(UNFINISHED)?;
        let Some(lock) = disk.try_lock(&mark, LockKind::Exclusive)? else {
            let message = format!("another snapshot is being made in {shown}; wait for it");
            return Err(Error::new(Code::Locked, message));
        };
        clear(&partial).map_err(context)?;
        disk.open(&mark, Access::Write)?.write_at(0, NOTE)?;
        Ok(NewFolder { place, partial, disk, finished: false, lock: Some(lock) })
    }

    /// The folder to be filled.
    pub fn disk(&self) -> &RealDisk {
        &self.disk
    }

    /// Puts the folder, whose files are durable, in its place.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn finish(mut self) -> Result<()> {
        self.disk.remove(&SafePath::new(UNFINISHED)?)?;
        self.disk.sync_dir(&SafePath::root())?;
        // Windows renames no folder in which a file is open.
        drop(self.lock.take());
        let shown = self.place.display().to_string();
        take_place(&self.partial, &self.place)
            .map_err(|error| Error::io("put in place", &shown, &error))?;
        self.finished = true;
        self.place.parent().map_or(Ok(()), |above| {
            sync_folder(above).map_err(|error| Error::io("make durable", &shown, &error))
        })
    }
}

impl Drop for NewFolder {
    fn drop(&mut self) {
        if !self.finished {
            // What is left says itself that it is not finished.
            let _ = clear(&self.partial);
            let _ = fs::remove_dir_all(&self.partial);
        }
    }
}

/// The absolute path, without links above its last name.
fn real_place(place: &Path) -> Result<PathBuf> {
    let shown = place.display().to_string();
    let context = |error| Error::io("find a place for", &shown, &error);
    let place = std::path::absolute(place).map_err(context)?;
    let (Some(above), Some(name)) = (place.parent(), place.file_name()) else {
        return Err(Error::new(Code::Validation, format!("{shown} cannot be a new folder")));
    };
    fs::create_dir_all(above).map_err(context)?;
    Ok(above.canonicalize().map_err(context)?.join(name))
}

/// Is there nothing, or an empty folder?
fn is_free(path: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
        Ok(about) => Ok(about.is_dir() && fs::read_dir(path)?.next().is_none()),
    }
}

/// Is it a folder with the mark in it, and no link to one?
fn is_unfinished(path: &Path) -> bool {
    let mark = path.join(UNFINISHED);
    [(path, true), (&mark, false)].iter().all(|(path, folder)| {
        fs::symlink_metadata(path)
            .is_ok_and(|about| about.is_dir() == *folder && !about.is_symlink())
    })
}

/// Removes everything but the mark.
fn clear(partial: &Path) -> io::Result<()> {
    for entry in fs::read_dir(partial)? {
        let entry = entry?;
        if entry.file_name() == UNFINISHED {
            continue;
        }
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
