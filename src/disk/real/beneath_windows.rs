//! Everything that is done beneath the data folder: Windows.
//!
//! Each part of a path is looked at before it is used. Somebody who may write in the data
//! folder can put a link there in between; on this system that takes a right of its own.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::super::{Access, Entry, EntryKind, SafePath};
use super::{About, link_refused, system};

/// The data folder.
pub(super) struct Root {
    path: PathBuf,
}

impl Root {
    pub(super) fn at(path: &Path) -> io::Result<Root> {
        fs::read_dir(path)?;
        Ok(Root { path: path.to_owned() })
    }

    /// Removes everything in it but one name.
    pub(super) fn clear(&self, keep: &str) -> io::Result<()> {
        super::outside::clear(&self.path, keep)
    }

    /// The full path, when no part above the last is a link.
    fn checked(&self, path: &SafePath) -> io::Result<PathBuf> {
        for folder in path.folders() {
            if fs::symlink_metadata(self.path.join(folder))?.is_symlink() {
                return Err(link_refused());
            }
        }
        match path.parent() {
            None => Ok(self.path.clone()),
            Some(_) => Ok(self.path.join(path.as_str())),
        }
    }

    /// The full path, when no part at all is a link.
    fn whole(&self, path: &SafePath) -> io::Result<PathBuf> {
        let full = self.checked(path)?;
        match fs::symlink_metadata(&full) {
            Ok(about) if about.is_symlink() => Err(link_refused()),
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(full),
        }
    }

    pub(super) fn open(&self, path: &SafePath, access: Access) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).write(access != Access::Read);
        options.create(matches!(access, Access::Create | Access::Replace));
        options.create_new(access == Access::New);
        let full = self.whole(path)?;
        system::despite_mark(&full, || options.open(&full))
    }

    /// Gives a file a second name, the same in another folder.
    pub(super) fn link_into(&self, path: &SafePath, other: &Root) -> io::Result<()> {
        fs::hard_link(self.whole(path)?, other.whole(path)?)
    }

    pub(super) fn sync_file_system(&self) -> io::Result<bool> {
        Ok(false)
    }

    pub(super) fn about(&self, path: &SafePath) -> io::Result<About> {
        system::look_at_name(&self.checked(path)?)
    }

    /// Looks at a file without a look at the folders above it.
    pub(super) fn look(&self, path: &str) -> io::Result<About> {
        system::look_at_name(&self.path.join(path))
    }

    pub(super) fn entries(&self, dir: &SafePath) -> io::Result<Vec<Entry>> {
        fs::read_dir(self.whole(dir)?)?.map(|entry| entry_of(&entry?)).collect()
    }

    pub(super) fn make_folder(&self, dir: &SafePath) -> io::Result<()> {
        fs::create_dir(self.checked(dir)?)
    }

    pub(super) fn rename(&self, from: &SafePath, to: &SafePath) -> io::Result<()> {
        system::rename(&self.checked(from)?, &self.checked(to)?)
    }

    pub(super) fn remove_file(&self, path: &SafePath) -> io::Result<()> {
        let full = self.checked(path)?;
        system::despite_mark(&full, || fs::remove_file(&full))
    }

    pub(super) fn remove_folder(&self, dir: &SafePath) -> io::Result<()> {
        fs::remove_dir(self.whole(dir)?)
    }

    /// NTFS keeps names in its own journal; a folder cannot be synced.
    pub(super) fn sync_folder(&self, _dir: &SafePath) -> io::Result<()> {
        Ok(())
    }
}

fn entry_of(entry: &fs::DirEntry) -> io::Result<Entry> {
    let name = entry.file_name();
    let kind = match name.to_str() {
        None => EntryKind::Other,
        Some(_) => system::kind_of(entry.file_type()?),
    };
    Ok(Entry { name: name.to_string_lossy().into_owned(), kind })
}
