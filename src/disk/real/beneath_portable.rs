//! Opens files beneath the data folder, each part of the path checked not to be a link.

use std::fs::{self, File, OpenOptions, ReadDir};
use std::io;
use std::path::{Path, PathBuf};

use super::super::{Access, SafePath};
use super::system;

/// The data folder.
pub(super) struct Root {
    path: PathBuf,
}

impl Root {
    pub(super) fn at(path: &Path) -> io::Result<Root> {
        Ok(Root { path: path.to_owned() })
    }

    fn checked(&self, path: &SafePath) -> io::Result<PathBuf> {
        let mut full = self.path.clone();
        for part in path.as_str().split('/') {
            full.push(part);
            match fs::symlink_metadata(&full) {
                Ok(about) if about.is_symlink() => {
                    return Err(io::Error::other("a link stands in its path"));
                }
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(full)
    }

    pub(super) fn open(&self, path: &SafePath, access: Access) -> io::Result<File> {
        let full = self.checked(path)?;
        let mut options = OpenOptions::new();
        options.read(true).write(access != Access::Read);
        options.create(matches!(access, Access::Create | Access::Replace));
        system::private(&mut options);
        options.open(full)
    }

    pub(super) fn read_dir(&self, dir: &SafePath) -> io::Result<ReadDir> {
        fs::read_dir(self.checked(dir)?)
    }
}
