//! Everything that is done beneath the data folder: Unix.
//!
//! All of it starts from the open folder, never from its path, so neither a link that is put
//! there meanwhile nor a renamed data folder leads anywhere else.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::{Arc, Mutex};

use rustix::fs::{AtFlags, Dir, DirEntry, FileType, Mode, OFlags, RenameFlags, Stat};
use rustix::io::Errno;

use super::super::{Access, Entry, EntryKind, SafePath};
use super::{About, link_refused, open, system};
use crate::sync::locked;

/// So many folders stay open.
const KEPT: usize = 4;

/// The data folder.
pub(super) struct Root {
    folder: Arc<OwnedFd>,
    /// Folders directly in it in which something was renamed or removed lately: a flush does so for
    /// thousands of files in turn, and a look at a folder's name is cheaper than opening it.
    kept: Mutex<Vec<KeptFolder>>,
}

/// A folder that stays open. While it does, no other one can have its number.
struct KeptFolder {
    dir: SafePath,
    folder: Arc<OwnedFd>,
    stat: Stat,
}

impl Root {
    pub(super) fn at(path: &Path) -> io::Result<Root> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Root::of(rustix::fs::open(path, flags, Mode::empty())?))
    }

    pub(super) fn of(folder: OwnedFd) -> Root {
        Root { folder: Arc::new(folder), kept: Mutex::default() }
    }

    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        self.folder.as_fd()
    }

    /// Removes everything in it but one name.
    pub(super) fn clear(&self, keep: &str) -> io::Result<()> {
        super::outside::clear(&self.folder, keep)
    }

    /// The same folder, for somebody who outlives this one.
    #[cfg(target_os = "linux")]
    pub(super) fn again(&self) -> io::Result<Root> {
        Ok(Root::of(self.folder.try_clone()?))
    }

    /// Opens whatever is there; only what it makes is sure to be a regular file.
    pub(super) fn open(&self, path: &SafePath, access: Access) -> io::Result<File> {
        let flags = match access {
            Access::Read => OFlags::RDONLY,
            Access::Write => OFlags::RDWR,
            Access::Create | Access::Replace => OFlags::RDWR | OFlags::CREATE,
            Access::New => OFlags::RDWR | OFlags::CREATE | OFlags::EXCL,
        };
        // Without NONBLOCK, opening a pipe would wait for its other end.
        let fd = open::beneath(&self.folder, path, flags | OFlags::NONBLOCK)?;
        Ok(File::from(fd))
    }

    pub(super) fn folder(&self, dir: &SafePath) -> io::Result<OwnedFd> {
        open::beneath(&self.folder, dir, OFlags::RDONLY | OFlags::DIRECTORY)
    }

    fn folder_of(&self, path: &SafePath) -> io::Result<Arc<OwnedFd>> {
        match path.parent().filter(|dir| *dir != SafePath::root()) {
            None => Ok(Arc::clone(&self.folder)),
            // A look refuses a link at the end of a path only.
            Some(dir) if dir.parent() != Some(SafePath::root()) => Ok(Arc::new(self.folder(&dir)?)),
            Some(dir) => self.kept_folder(&dir),
        }
    }

    /// A folder directly in the data folder: the one that stayed open, as long as its name is still its own.
    fn kept_folder(&self, dir: &SafePath) -> io::Result<Arc<OwnedFd>> {
        let now = rustix::fs::statat(&self.folder, dir.as_str(), AtFlags::SYMLINK_NOFOLLOW)?;
        let mut kept = locked(&self.kept);
        let is_now = |known: &&KeptFolder| is_same(&known.stat, &now);
        if let Some(known) = kept.iter().find(is_now) {
            return Ok(Arc::clone(&known.folder));
        }
        let folder = Arc::new(self.folder(dir)?);
        let stat = rustix::fs::fstat(&folder)?;
        kept.retain(|known| known.dir != *dir);
        kept.truncate(KEPT - 1);
        kept.insert(0, KeptFolder { dir: dir.clone(), folder: Arc::clone(&folder), stat });
        Ok(folder)
    }

    /// Looks at each part of the path; on this way, which every read of a record takes, that is
    /// cheaper than opening the folder.
    pub(super) fn about(&self, path: &SafePath) -> io::Result<About> {
        for folder in path.folders() {
            if self.look(folder)?.kind == EntryKind::Other {
                return Err(link_refused());
            }
        }
        self.look(path.as_str())
    }

    /// Looks at a file without a look at the folders above it.
    pub(super) fn look(&self, path: &str) -> io::Result<About> {
        let stat = rustix::fs::statat(&self.folder, path, AtFlags::SYMLINK_NOFOLLOW)?;
        Ok(system::about_of(&stat))
    }

    pub(super) fn entries(&self, dir: &SafePath) -> io::Result<Vec<Entry>> {
        let folder = Dir::new(self.folder(dir)?)?;
        let named = folder.filter(|entry| !entry.as_ref().is_ok_and(is_dots));
        named.map(|entry| self.entry_of(dir, &entry?)).collect()
    }

    fn entry_of(&self, dir: &SafePath, entry: &DirEntry) -> io::Result<Entry> {
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_name().to_str().is_err() {
            return Ok(Entry { name, kind: EntryKind::Other });
        }
        let kind = match entry.file_type() {
            // Some file systems tell the kind only when asked for it.
            FileType::Unknown => self.look(&format!("{dir}/{name}"))?.kind,
            known => system::kind_of(known),
        };
        Ok(Entry { name, kind })
    }

    pub(super) fn make_folder(&self, dir: &SafePath) -> io::Result<()> {
        let above = self.folder_of(dir)?;
        let mode = Mode::from_raw_mode(0o700);
        Ok(rustix::fs::mkdirat(above, dir.file_name(), mode)?)
    }

    pub(super) fn rename(&self, from: &SafePath, to: &SafePath) -> io::Result<()> {
        let (old, new) = (self.folder_of(from)?, self.folder_of(to)?);
        Ok(rustix::fs::renameat(old, from.file_name(), new, to.file_name())?)
    }

    /// Lets two files change places, or renames one to where there is none; `false` where the file
    /// system cannot do that in one step.
    pub(super) fn exchange(&self, from: &SafePath, to: &SafePath, both: bool) -> io::Result<bool> {
        let (old, new) = (self.folder_of(from)?, self.folder_of(to)?);
        let flags = if both { RenameFlags::EXCHANGE } else { RenameFlags::NOREPLACE };
        match rustix::fs::renameat_with(old, from.file_name(), new, to.file_name(), flags) {
            Ok(()) => Ok(true),
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn remove_file(&self, path: &SafePath) -> io::Result<()> {
        self.unlink(path, AtFlags::empty())
    }

    pub(super) fn remove_folder(&self, dir: &SafePath) -> io::Result<()> {
        // Some systems say that a full folder "exists".
        match self.unlink(dir, AtFlags::REMOVEDIR) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(io::ErrorKind::DirectoryNotEmpty.into())
            }
            other => other,
        }
    }

    fn unlink(&self, path: &SafePath, flags: AtFlags) -> io::Result<()> {
        let above = self.folder_of(path)?;
        Ok(rustix::fs::unlinkat(above, path.file_name(), flags)?)
    }

    /// Gives a file a second name, the same in another folder.
    pub(super) fn link_into(&self, path: &SafePath, other: &Root) -> io::Result<()> {
        let (here, there) = (self.folder_of(path)?, other.folder_of(path)?);
        let name = path.file_name();
        Ok(rustix::fs::linkat(here, name, there, name, AtFlags::empty())?)
    }

    pub(super) fn sync_file_system(&self) -> io::Result<bool> {
        super::space::sync_file_system(&self.folder)
    }

    pub(super) fn sync_folder(&self, dir: &SafePath) -> io::Result<()> {
        sync(File::from(self.folder(dir)?))
    }
}

fn is_same(one: &Stat, other: &Stat) -> bool {
    (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)
}

/// Makes the names in an open folder durable.
pub(super) fn sync(folder: File) -> io::Result<()> {
    match folder.sync_all() {
        // A file system that has no such call for folders keeps their names in its own way.
        Err(error) if Errno::from_io_error(&error) == Some(Errno::INVAL) => Ok(()),
        other => other,
    }
}

fn is_dots(entry: &DirEntry) -> bool {
    matches!(entry.file_name().to_bytes(), b"." | b"..")
}
