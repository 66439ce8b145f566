//! A folder outside of the data folder, in which one is made: Unix.
//!
//! Others may be allowed to write in it (`/tmp`, a folder of backups), and may swap a name at any
//! moment. So everything starts from the open folder, a link is never followed, and what is emptied,
//! filled or put in place is what was opened and looked at, whatever has its name by then.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use super::{RealDisk, beneath, system};

const FOLDER: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// The folder in which others stand.
pub(in crate::disk) struct Outside {
    path: PathBuf,
    folder: OwnedFd,
}

impl Outside {
    pub(in crate::disk) fn at(path: &Path) -> io::Result<Outside> {
        let folder = rustix::fs::open(path, FOLDER, Mode::empty())?;
        Ok(Outside { path: path.to_owned(), folder })
    }

    /// Is there nothing of this name, or an empty folder?
    pub(in crate::disk) fn is_free(&self, name: &OsStr) -> io::Result<bool> {
        match self.look(name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
            Err(error) => Err(error),
            Ok(stat) if !is_folder(&stat) => Ok(false),
            Ok(_) => is_empty(&self.enter(name)?),
        }
    }

    /// The folder of this name, which is made (mode 0700) when it is not there.
    ///
    /// # Errors
    /// Those of the disk; also where the name is a link's, or somebody else may write in the folder.
    pub(in crate::disk) fn folder(&self, name: &OsStr) -> io::Result<RealDisk> {
        match rustix::fs::mkdirat(&self.folder, name, Mode::from_raw_mode(0o700)) {
            Err(Errno::EXIST) => {}
            other => other?,
        }
        let folder = self.enter(name)?;
        let about = system::about_of(&rustix::fs::fstat(&folder)?);
        if let Some(why) = about.rights.not_ours_alone() {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
        }
        Ok(RealDisk::new(self.path.join(name), beneath::Root::of(folder)))
    }

    /// Renames an opened folder to a name where there is nothing, or an empty folder.
    ///
    /// # Errors
    /// Those of the disk; also where another folder has, or got, one of the names.
    pub(in crate::disk) fn put_in_place(
        &self,
        disk: &RealDisk,
        from: &OsStr,
        to: &OsStr,
    ) -> io::Result<()> {
        self.refuse_swapped(disk, from)?;
        self.remove_empty(to)?;
        rustix::fs::renameat(&self.folder, from, &self.folder, to)?;
        self.refuse_swapped(disk, to)
    }

    /// Renames an opened folder to another one's name, which gets the name `aside`: at one moment, where
    /// the file system can exchange names.
    ///
    /// # Errors
    /// Those of the disk; also where something has the name `aside`, or another folder has, or got,
    /// one of the names.
    pub(in crate::disk) fn replace(
        &self,
        disk: &RealDisk,
        from: &OsStr,
        to: &OsStr,
        aside: &OsStr,
    ) -> io::Result<()> {
        if !self.is_free(aside)? {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.refuse_swapped(disk, from)?;
        if self.exchange(from, to)? {
            rustix::fs::renameat(&self.folder, from, &self.folder, aside)?;
        } else {
            rustix::fs::renameat(&self.folder, to, &self.folder, aside)?;
            rustix::fs::renameat(&self.folder, from, &self.folder, to)?;
        }
        self.refuse_swapped(disk, to)
    }

    #[cfg(any(target_os = "linux", target_vendor = "apple"))]
    fn exchange(&self, one: &OsStr, other: &OsStr) -> io::Result<bool> {
        use rustix::fs::{RenameFlags, renameat_with};
        let flags = RenameFlags::EXCHANGE;
        match renameat_with(&self.folder, one, &self.folder, other, flags) {
            Ok(()) => Ok(true),
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    #[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
    fn exchange(&self, _one: &OsStr, _other: &OsStr) -> io::Result<bool> {
        Ok(false)
    }

    /// Refuses a name by which another folder than the opened one is found.
    fn refuse_swapped(&self, disk: &RealDisk, name: &OsStr) -> io::Result<()> {
        let ours = identity(&rustix::fs::fstat(disk.folder.as_fd())?);
        if identity(&self.look(name)?) == ours { Ok(()) } else { Err(swapped()) }
    }

    /// Removes a folder of this name when it is empty.
    pub(in crate::disk) fn remove_empty(&self, name: &OsStr) -> io::Result<()> {
        match rustix::fs::unlinkat(&self.folder, name, AtFlags::REMOVEDIR) {
            Err(Errno::NOENT) => Ok(()),
            other => Ok(other?),
        }
    }

    /// Makes its names durable.
    pub(in crate::disk) fn sync(&self) -> io::Result<()> {
        beneath::sync(File::from(self.folder.try_clone()?))
    }

    fn look(&self, name: &OsStr) -> io::Result<Stat> {
        Ok(rustix::fs::statat(&self.folder, name, AtFlags::SYMLINK_NOFOLLOW)?)
    }

    fn enter(&self, name: &OsStr) -> io::Result<OwnedFd> {
        Ok(rustix::fs::openat(&self.folder, name, FOLDER, Mode::empty())?)
    }
}

/// Removes everything in a folder but one name.
pub(super) fn clear(folder: impl AsFd, keep: &str) -> io::Result<()> {
    let folder = folder.as_fd();
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") || name.to_bytes() == keep.as_bytes() {
            continue;
        }
        // Not by the kind that the listing tells: it may be another one by now.
        match rustix::fs::unlinkat(folder, name, AtFlags::empty()) {
            Err(Errno::ISDIR | Errno::PERM) => {
                let inner = rustix::fs::openat(folder, name, FOLDER, Mode::empty())?;
                clear(&inner, "")?;
                rustix::fs::unlinkat(folder, name, AtFlags::REMOVEDIR)?;
            }
            other => other?,
        }
    }
    Ok(())
}

fn is_empty(folder: &OwnedFd) -> io::Result<bool> {
    for entry in Dir::read_from(folder)? {
        if !matches!(entry?.file_name().to_bytes(), b"." | b"..") {
            return Ok(false);
        }
    }
    Ok(true)
}

fn is_folder(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::Directory
}

#[allow(clippy::useless_conversion, reason = "the numbers have other types on other systems")]
fn identity(stat: &Stat) -> (i128, i128) {
    (i128::from(stat.st_dev), i128::from(stat.st_ino))
}

fn swapped() -> io::Error {
    io::Error::other("somebody has put another folder in its place")
}
