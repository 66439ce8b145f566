//! Opens files beneath the data folder so that the kernel refuses links and `..` on the way
//! (`openat2`, Linux 5.6); a sandbox without that call gets each part checked instead.

use std::fs::{self, File, ReadDir};
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, ResolveFlags, openat2};
use rustix::io::Errno;

use super::super::{Access, SafePath};

/// The data folder.
pub(super) struct Root {
    folder: OwnedFd,
    path: PathBuf,
}

impl Root {
    pub(super) fn at(path: &Path) -> io::Result<Root> {
        let folder = rustix::fs::open(path, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        Ok(Root { folder, path: path.to_owned() })
    }

    fn open_file(&self, path: &SafePath, flags: OFlags) -> io::Result<File> {
        let flags = flags | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOFOLLOW;
        let making = flags.contains(OFlags::CREATE);
        let mode = if making { Mode::from_raw_mode(0o600) } else { Mode::empty() };
        let resolve =
            ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        match openat2(&self.folder, path.as_str(), flags, mode, resolve) {
            Ok(file) => Ok(File::from(file)),
            Err(Errno::NOSYS | Errno::PERM) => self.open_checked(path, flags, mode),
            Err(error) => Err(error.into()),
        }
    }

    fn open_checked(&self, path: &SafePath, flags: OFlags, mode: Mode) -> io::Result<File> {
        let mut above = self.path.clone();
        for part in path.parent().iter().flat_map(|folder| folder.as_str().split('/')) {
            above.push(part);
            if fs::symlink_metadata(&above)?.is_symlink() {
                return Err(Errno::LOOP.into());
            }
        }
        let file = rustix::fs::openat(&self.folder, path.as_str(), flags, mode)?;
        Ok(File::from(file))
    }

    pub(super) fn open(&self, path: &SafePath, access: Access) -> io::Result<File> {
        let flags = match access {
            Access::Read => OFlags::RDONLY,
            Access::Write => OFlags::RDWR,
            Access::Create | Access::Replace => OFlags::RDWR | OFlags::CREATE,
        };
        self.open_file(path, flags)
    }

    pub(super) fn read_dir(&self, dir: &SafePath) -> io::Result<ReadDir> {
        let full = self.path.join(dir.as_str());
        if fs::symlink_metadata(&full)?.is_symlink() {
            return Err(Errno::LOOP.into());
        }
        fs::read_dir(full)
    }
}
