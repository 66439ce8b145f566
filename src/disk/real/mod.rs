//! The disk of the machine.
//!
//! Links are never followed beneath the data folder, and nothing but regular files is opened.
//! Files are made with mode 0600 and folders with 0700, so from their first byte on nobody else
//! can read them.

mod file;
mod words;

#[cfg(target_os = "linux")]
#[path = "beneath_linux.rs"]
mod beneath;
#[cfg(not(target_os = "linux"))]
#[path = "beneath_portable.rs"]
mod beneath;

#[cfg(unix)]
#[path = "system_unix.rs"]
mod system;
#[cfg(windows)]
#[path = "system_windows.rs"]
mod system;

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::{
    Access, Disk, DiskFile, Entry, EntryKind, Lock, LockKind, SafePath, SharedWords, Stamp,
};
use crate::error::{Error, Result};
use file::RealFile;
use words::MappedWords;

/// A folder on the machine's disk.
pub struct RealDisk {
    root: PathBuf,
    folder: beneath::Root,
}

impl RealDisk {
    /// Opens a folder, which is made (mode 0700) when it is not there.
    ///
    /// # Errors
    /// `READ_ONLY`, `NO_SPACE` or `IO`.
    pub fn open(root: &Path) -> Result<RealDisk> {
        let shown = root.display().to_string();
        let context = |error| Error::io("open the data folder", &shown, &error);
        if !root.exists() {
            system::make_folders(root).map_err(context)?;
        }
        let root = root.canonicalize().map_err(context)?;
        let folder = beneath::Root::at(&root).map_err(context)?;
        Ok(RealDisk { root, folder })
    }

    /// The folder's absolute path, without links.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What tells this folder from every other: its device and number, where there are such.
    pub fn identity(&self) -> (u64, u64) {
        system::identity(&self.root).unwrap_or_default()
    }

    fn full(&self, path: &SafePath) -> PathBuf {
        if *path == SafePath::root() { self.root.clone() } else { self.root.join(path.as_str()) }
    }

    fn open_file(&self, path: &SafePath, access: Access) -> io::Result<File> {
        let file = self.folder.open(path, access)?;
        let about = file.metadata()?;
        if !about.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        if access != Access::Read {
            system::check_owner(&about)?;
        }
        if access == Access::Replace {
            file.set_len(0)?;
        }
        Ok(file)
    }
}

impl Disk for RealDisk {
    fn open(&self, path: &SafePath, access: Access) -> Result<Box<dyn DiskFile>> {
        let file =
            self.open_file(path, access).map_err(|e| Error::io("open", path.as_str(), &e))?;
        Ok(Box::new(RealFile::new(file, path.clone())))
    }

    fn stamp(&self, path: &SafePath) -> Result<Option<Stamp>> {
        match fs::symlink_metadata(self.full(path)) {
            Ok(about) if about.is_file() => Ok(Some(system::stamp(&about))),
            Ok(_) => {
                let error = io::Error::other("it is a link, a folder or a device, not a file");
                Err(Error::io("use", path.as_str(), &error))
            }
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(Error::io("look at", path.as_str(), &error)),
        }
    }

    fn list(&self, dir: &SafePath) -> Result<Vec<Entry>> {
        let context = |error| Error::io("list", dir.as_str(), &error);
        let entries = match self.folder.read_dir(dir) {
            Ok(entries) => entries,
            Err(error) if is_missing(&error) => return Ok(Vec::new()),
            Err(error) => return Err(context(error)),
        };
        let mut found = Vec::new();
        for entry in entries {
            found.push(entry_of(&entry.map_err(context)?).map_err(context)?);
        }
        found.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(found)
    }

    fn create_dir(&self, dir: &SafePath) -> Result<()> {
        let full = self.full(dir);
        if full.is_dir() {
            return Ok(());
        }
        if let Some(above) = dir.parent() {
            self.create_dir(&above)?;
        }
        match system::make_folder(&full) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                Err(Error::io("make the folder", dir.as_str(), &error))
            }
            _ => Ok(()),
        }
    }

    fn rename(&self, from: &SafePath, to: &SafePath) -> Result<()> {
        system::rename(&self.full(from), &self.full(to))
            .map_err(|e| Error::io("put in place", to.as_str(), &e))
    }

    fn remove(&self, path: &SafePath) -> Result<bool> {
        match fs::remove_file(self.full(path)) {
            Ok(()) => Ok(true),
            Err(error) if is_missing(&error) => Ok(false),
            Err(error) => Err(Error::io("remove", path.as_str(), &error)),
        }
    }

    fn remove_dir(&self, dir: &SafePath) -> Result<bool> {
        match fs::remove_dir(self.full(dir)) {
            Ok(()) => Ok(true),
            Err(error) if is_missing(&error) => Ok(false),
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(false),
            Err(error) => Err(Error::io("remove the folder", dir.as_str(), &error)),
        }
    }

    fn sync_dir(&self, dir: &SafePath) -> Result<()> {
        match system::sync_folder(&self.full(dir)) {
            Err(error) if !is_missing(&error) => {
                Err(Error::io("make durable", dir.as_str(), &error))
            }
            _ => Ok(()),
        }
    }

    fn try_lock(&self, path: &SafePath, kind: LockKind) -> Result<Option<Box<dyn Lock>>> {
        let context = |error| Error::io("lock", path.as_str(), &error);
        let file = self.open_file(path, Access::Create).map_err(context)?;
        let locked = match kind {
            LockKind::Exclusive => file.try_lock(),
            LockKind::Shared => file.try_lock_shared(),
        };
        match locked {
            Ok(()) => Ok(Some(Box::new(HeldLock { _file: file }))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(context(error)),
        }
    }

    fn shared(&self, path: &SafePath) -> Result<Box<dyn SharedWords>> {
        let context = |error| Error::io("map", path.as_str(), &error);
        let file = self.open_file(path, Access::Create).map_err(context)?;
        Ok(Box::new(MappedWords::new(&file).map_err(context)?))
    }

    fn network_file_system(&self) -> Option<String> {
        system::network_file_system(&self.root)
    }
}

/// A lock that lasts as long as its file is open.
struct HeldLock {
    _file: File,
}

impl Lock for HeldLock {}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn entry_of(entry: &fs::DirEntry) -> io::Result<Entry> {
    let kind = entry.file_type()?;
    let name = entry.file_name();
    let kind = match name.to_str() {
        None => EntryKind::Other,
        Some(_) if kind.is_file() => EntryKind::File,
        Some(_) if kind.is_dir() => EntryKind::Folder,
        Some(_) => EntryKind::Other,
    };
    Ok(Entry { name: name.to_string_lossy().into_owned(), kind })
}
