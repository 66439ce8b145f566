//! A folder outside of the data folder, in which one is made: Windows, where a link takes a right of
//! its own, so names are looked at before they are used.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{RealDisk, beneath, link_refused};

/// The folder in which others stand.
pub(in crate::disk) struct Outside {
    path: PathBuf,
}

impl Outside {
    pub(in crate::disk) fn at(path: &Path) -> io::Result<Outside> {
        fs::read_dir(path)?;
        Ok(Outside { path: path.to_owned() })
    }

    /// Is there nothing of this name, or an empty folder?
    pub(in crate::disk) fn is_free(&self, name: &OsStr) -> io::Result<bool> {
        let path = self.path.join(name);
        match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
            Err(error) => Err(error),
            Ok(about) => Ok(about.is_dir() && fs::read_dir(path)?.next().is_none()),
        }
    }

    /// The folder of this name, which is made when it is not there.
    ///
    /// # Errors
    /// Those of the disk; also where the name is a link's.
    pub(in crate::disk) fn folder(&self, name: &OsStr) -> io::Result<RealDisk> {
        let path = self.path.join(name);
        match fs::create_dir(&path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        if fs::symlink_metadata(&path)?.is_symlink() {
            return Err(link_refused());
        }
        let root = beneath::Root::at(&path)?;
        Ok(RealDisk::new(path, root))
    }

    /// Renames a folder to a name where there is nothing, or an empty folder.
    ///
    /// # Errors
    /// Those of the disk.
    pub(in crate::disk) fn put_in_place(
        &self,
        _disk: &RealDisk,
        from: &OsStr,
        to: &OsStr,
    ) -> io::Result<()> {
        self.remove_empty(to)?;
        fs::rename(self.path.join(from), self.path.join(to))
    }

    /// Renames a folder to another one's name, which gets the name `aside`.
    ///
    /// # Errors
    /// Those of the disk; also where something has the name `aside`.
    pub(in crate::disk) fn replace(
        &self,
        _disk: &RealDisk,
        from: &OsStr,
        to: &OsStr,
        aside: &OsStr,
    ) -> io::Result<()> {
        if !self.is_free(aside)? {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        fs::rename(self.path.join(to), self.path.join(aside))?;
        fs::rename(self.path.join(from), self.path.join(to))
    }

    /// Removes a folder of this name when it is empty.
    pub(in crate::disk) fn remove_empty(&self, name: &OsStr) -> io::Result<()> {
        match fs::remove_dir(self.path.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// NTFS keeps names in its own journal.
    pub(in crate::disk) fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

/// Removes everything in a folder but one name.
pub(super) fn clear(folder: &Path, keep: &str) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name() == keep {
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
