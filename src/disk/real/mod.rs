//! The disk of the machine.
//!
//! Links are never followed beneath the data folder, and nothing but regular files is opened.
//! Files are made with mode 0600 and folders with 0700, so from their first byte on nobody else
//! can read them. The module may use the operating system; it must not know what is in a file.

mod file;
mod kept_locks;
mod owners;
mod shared_memory;

#[cfg(unix)]
#[path = "bus_error_unix.rs"]
mod bus_error;
#[cfg(windows)]
#[path = "bus_error_windows.rs"]
mod bus_error;

#[cfg(unix)]
#[path = "beneath_unix.rs"]
mod beneath;
#[cfg(windows)]
#[path = "beneath_windows.rs"]
mod beneath;

#[cfg(unix)]
#[path = "outside_unix.rs"]
mod outside;
#[cfg(windows)]
#[path = "outside_windows.rs"]
mod outside;

#[cfg(unix)]
#[path = "rights_unix.rs"]
mod rights;
#[cfg(windows)]
#[path = "rights_windows.rs"]
mod rights;

#[cfg(target_os = "linux")]
#[path = "open_linux.rs"]
mod open;
#[cfg(all(unix, not(target_os = "linux")))]
#[path = "open_portable.rs"]
mod open;
#[cfg(unix)]
mod walk;

#[cfg(target_os = "linux")]
#[path = "holders_linux.rs"]
mod holders;
#[cfg(not(target_os = "linux"))]
#[path = "holders_portable.rs"]
mod holders;

#[cfg(target_os = "linux")]
#[path = "space_linux.rs"]
mod space;
#[cfg(not(target_os = "linux"))]
#[path = "space_portable.rs"]
mod space;

#[cfg(unix)]
#[path = "system_unix.rs"]
mod system;
#[cfg(windows)]
#[path = "system_windows.rs"]
mod system;

#[cfg(target_os = "linux")]
#[path = "watch_linux.rs"]
mod watch;
#[cfg(not(target_os = "linux"))]
#[path = "watch_portable.rs"]
mod watch;

#[cfg(all(test, unix))]
mod tests;

pub(super) use space::is_made_by_the_kernel;
pub(super) use system::{is_in_one_file_system, real_path};

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::{
    Access, Disk, DiskFile, Entry, EntryKind, Holder, Lock, LockKind, SafePath, SharedWords, Stamp,
    Watch,
};
use crate::error::{Error, Result};
use file::RealFile;
use kept_locks::KeptLocks;
pub(in crate::disk) use outside::Outside;
use rights::Rights;
use shared_memory::MappedWords;

/// What the system tells of a file or folder.
struct About {
    kind: EntryKind,
    stamp: Stamp,
    rights: Rights,
}

/// A folder on the machine's disk.
pub struct RealDisk {
    root: PathBuf,
    folder: beneath::Root,
    /// What is refused where others could have written it: see [`RealDisk::guarding`].
    guarded: &'static [&'static str],
    kept_locks: KeptLocks,
}

impl RealDisk {
    /// Opens a folder, which is made (mode 0700) and durable when it is not there.
    ///
    /// # Errors
    /// `READ_ONLY`, `NO_SPACE` or `IO`, also when something else has this name.
    pub fn open(root: &Path) -> Result<RealDisk> {
        let shown = root.display().to_string();
        let context = |error| Error::io("open the data folder", &shown, &error);
        if !root.exists() {
            system::make_folders(root)
                .map_err(|error| context(owners::name_owner_above(root, error)))?;
        }
        let root = system::real_path(root).map_err(context)?;
        let folder = beneath::Root::at(&root)
            .map_err(|error| context(owners::name_owner_of_root(&root, error)))?;
        Ok(RealDisk::new(root, folder))
    }

    fn new(root: PathBuf, folder: beneath::Root) -> RealDisk {
        RealDisk { root, folder, guarded: &[], kept_locks: KeptLocks::default() }
    }

    /// Removes everything in the folder but one name.
    pub(in crate::disk) fn clear(&self, keep: &str) -> Result<()> {
        let shown = self.root.display().to_string();
        self.folder.clear(keep).map_err(|error| Error::io("empty", &shown, &error))
    }

    /// The folder's absolute path, without links.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The path by which other programs find a file.
    pub fn absolute(&self, path: &SafePath) -> PathBuf {
        let root = self.root.clone();
        system::plain(path.as_str().split('/').fold(root, |above, name| above.join(name)))
    }

    /// What tells this folder from every other: its device and number, where there are such.
    pub fn identity(&self) -> (u64, u64) {
        system::identity(&self.root).unwrap_or_default()
    }

    /// Copies a file into another folder.
    pub(in crate::disk) fn copy_into(&self, path: &SafePath, to: &RealDisk) -> Result<()> {
        let mut from = context("open", path, self.open_file(path, Access::Read))?;
        let mut copy = context("make", path, to.open_file(path, Access::Replace))?;
        if space::clone_file(&from, &copy) {
            return Ok(());
        }
        // On Linux the kernel copies by itself.
        context("copy", path, io::copy(&mut from, &mut copy)).map(|_| ())
    }

    /// Gives a file a second name in another folder; `false` where that cannot be.
    pub(in crate::disk) fn share_into(&self, path: &SafePath, to: &RealDisk) -> bool {
        self.is_file(path).unwrap_or(false) && self.folder.link_into(path, &to.folder).is_ok()
    }

    /// Makes everything durable in the folder's file system, where there is one call for that.
    pub(in crate::disk) fn sync_file_system(&self) -> Result<bool> {
        let shown = self.root.display().to_string();
        self.folder.sync_file_system().map_err(|error| Error::io("make durable", &shown, &error))
    }

    fn open_file(&self, path: &SafePath, access: Access) -> io::Result<File> {
        let opened = self.folder.open(path, access);
        if access == Access::Read {
            let file = opened?;
            expect_file(&system::about(&file)?)?;
            return Ok(file);
        }
        let file = opened.map_err(|error| self.name_owner(path, error));
        if access == Access::New {
            // What stands there may be no file at all, which is another error.
            return file.or_else(|error| self.is_file(path).and(Err(error)));
        }
        let file = file?;
        let about = system::about(&file)?;
        expect_file(&about)?;
        self.check_owner(path, &about)?;
        if access == Access::Replace {
            file.set_len(0)?;
        }
        Ok(file)
    }

    /// Tells an outcome, with the owner of what the system did not let us write or look into.
    fn changed<T>(&self, operation: &str, path: &SafePath, result: io::Result<T>) -> Result<T> {
        context(operation, path, result.map_err(|error| self.name_owner(path, error)))
    }

    fn is_file(&self, path: &SafePath) -> io::Result<bool> {
        found_file(self.folder.about(path))
    }

    /// The same for a name whose folder is about to be opened, which finds links on the way to it.
    fn is_file_by_name(&self, path: &SafePath) -> io::Result<bool> {
        found_file(self.folder.look(path.as_str()))
    }

    fn make_one_folder(&self, dir: &SafePath) -> io::Result<()> {
        match self.folder.make_folder(dir) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                expect_folder(&self.folder.about(dir)?)
            }
            other => other,
        }
    }

    fn make_folders(&self, dir: &SafePath) -> io::Result<()> {
        match self.folder.about(dir) {
            Ok(about) => return expect_folder(&about),
            Err(error) if is_missing(&error) => {}
            Err(error) => return Err(error),
        }
        if let Some(above) = dir.parent() {
            self.make_folders(&above)?;
        }
        self.make_one_folder(dir)
    }

    fn rename_file(&self, from: &SafePath, to: &SafePath) -> io::Result<()> {
        self.expect_named(from)?;
        self.is_file_by_name(to)?;
        self.folder.rename(from, to)
    }

    /// Looks at what was in the place after the rename as well, and puts it back where it is no longer
    /// what was known: so an editor may write at any time.
    #[cfg(unix)]
    fn replace_file(
        &self,
        from: &SafePath,
        to: &SafePath,
        known: Option<&Stamp>,
    ) -> io::Result<bool> {
        self.expect_named(from)?;
        // Where nothing is to be, the rename itself finds whether that is so.
        if let Some(known) = known
            && (!self.is_file_by_name(to)? || self.folder.look(to.as_str())?.stamp != *known)
        {
            return Ok(false);
        }
        match self.folder.exchange(from, to, known.is_some()) {
            Ok(true) => {}
            Ok(false) if known.is_none() && self.is_file(to)? => return Ok(false),
            Ok(false) => return self.folder.rename(from, to).map(|()| true),
            Err(error) if is_missing(&error) => return Ok(false),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return self.is_file(to).map(|_| false);
            }
            Err(error) => return Err(error),
        }
        let Some(known) = known else { return Ok(true) };
        if self.folder.look(from.as_str())?.stamp == *known {
            return self.folder.remove_file(from).map(|()| true);
        }
        self.folder.exchange(from, to, true).map(|_| false)
    }

    fn expect_named(&self, path: &SafePath) -> io::Result<()> {
        match self.is_file_by_name(path)? {
            true => Ok(()),
            false => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn remove_file(&self, path: &SafePath) -> io::Result<bool> {
        if !self.is_file(path)? {
            return Ok(false);
        }
        match self.folder.remove_file(path) {
            Err(error) if is_missing(&error) => Ok(false),
            other => other.map(|()| true),
        }
    }
}

impl RealDisk {
    /// The processes, besides this one, that hold a lock on a file; `None` where the system does not tell.
    pub fn holders(&self, path: &SafePath) -> Option<Vec<Holder>> {
        holders::holders(&self.absolute(path))
    }

    /// When a file was last written, in milliseconds since 1970; `None` where there is none.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn written_at(&self, path: &SafePath) -> Result<Option<i64>> {
        let nanoseconds = self.stamp(path)?.map(|stamp| stamp.modified_ns);
        Ok(nanoseconds.and_then(|time| i64::try_from(time / 1_000_000).ok()))
    }

    /// May this process write in the folder?
    pub fn is_writable(&self) -> bool {
        system::is_writable(&self.root)
    }
}

impl Disk for RealDisk {
    fn open(&self, path: &SafePath, access: Access) -> Result<Box<dyn DiskFile>> {
        let opened = self.open_file(path, access).map_err(|error| match error.kind() {
            io::ErrorKind::PermissionDenied if access == Access::Read => {
                not_a_file("it may not be read by the user that this process runs as")
            }
            _ => error,
        });
        let file = context("open", path, opened)?;
        self.check_guarded(path, &file)?;
        Ok(Box::new(RealFile::new(file, path.clone())))
    }

    fn stamp(&self, path: &SafePath) -> Result<Option<Stamp>> {
        match self.folder.about(path) {
            Ok(about) => {
                context("use", path, expect_file(&about))?;
                Ok(Some(about.stamp))
            }
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => self.changed("look at", path, Err(error)),
        }
    }

    fn is_in_state(&self, path: &SafePath, stamp: &Stamp) -> Result<bool> {
        match self.folder.look(path.as_str()) {
            Ok(about) => Ok(about.kind == EntryKind::File && about.stamp == *stamp),
            Err(error) if is_missing(&error) => Ok(false),
            Err(error) => Err(Error::io("look at", path.as_str(), &error)),
        }
    }

    fn list(&self, dir: &SafePath) -> Result<Vec<Entry>> {
        let mut found = match self.folder.entries(dir) {
            Err(error) if is_missing(&error) => return Ok(Vec::new()),
            other => self.changed("list", dir, other)?,
        };
        found.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(found)
    }

    fn create_dir(&self, dir: &SafePath) -> Result<()> {
        self.changed("make the folder", dir, self.make_folders(dir))
    }

    fn rename(&self, from: &SafePath, to: &SafePath) -> Result<()> {
        self.changed("put in place", to, self.rename_file(from, to))
    }

    #[cfg(unix)]
    fn replace(&self, from: &SafePath, to: &SafePath, known: Option<&Stamp>) -> Result<bool> {
        self.changed("put in place", to, self.replace_file(from, to, known))
    }

    fn remove(&self, path: &SafePath) -> Result<bool> {
        self.changed("remove", path, self.remove_file(path))
    }

    fn remove_dir(&self, dir: &SafePath) -> Result<bool> {
        match self.folder.remove_folder(dir) {
            Ok(()) => Ok(true),
            Err(error) if is_missing(&error) => Ok(false),
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(false),
            Err(error) => Err(Error::io("remove the folder", dir.as_str(), &error)),
        }
    }

    fn sync_dir(&self, dir: &SafePath) -> Result<()> {
        match self.folder.sync_folder(dir) {
            Err(error) if is_missing(&error) => Ok(()),
            other => context("make durable", dir, other),
        }
    }

    /// The lock belongs to the open file (`flock`, `LockFileEx`), and each call opens its own:
    /// so two holders in one process exclude each other as two processes do, and closing
    /// another handle of the same file releases nothing. The file is never removed: a third
    /// holder would lock a new file of that name beside the second.
    fn try_lock(&self, path: &SafePath, kind: LockKind) -> Result<Option<Box<dyn Lock>>> {
        let file = context("lock", path, self.open_file(path, Access::Create))?;
        let locked = match kind {
            LockKind::Exclusive => file.try_lock(),
            LockKind::Shared => file.try_lock_shared(),
        };
        held(path, locked, HeldLock { _file: file })
    }

    fn try_lock_again(&self, path: &SafePath) -> Result<Option<Box<dyn Lock>>> {
        let open = || self.open_file(path, Access::Create);
        let file = context("lock", path, self.kept_locks.file(path, open))?;
        held(path, file.try_lock(), file)
    }

    fn shared(&self, path: &SafePath) -> Result<Box<dyn SharedWords>> {
        let file = context("map", path, self.open_file(path, Access::Create))?;
        let file = RealFile::new(file, path.clone());
        Ok(Box::new(context("make room for", path, MappedWords::new(file))?))
    }

    fn network_file_system(&self) -> Option<String> {
        system::network_file_system(&self.root)
    }

    fn watch(&self) -> Option<Box<dyn Watch>> {
        // A change that another machine, or the host of a container, makes is not told.
        if self.network_file_system().is_some() {
            return None;
        }
        #[cfg(target_os = "linux")]
        let watch = self.folder.again().and_then(watch::InotifyWatch::new);
        #[cfg(not(target_os = "linux"))]
        let watch = watch::NotifyWatch::new(&self.root);
        // Without one the files are looked at instead.
        watch.ok().map(|watch| Box::new(watch) as Box<dyn Watch>)
    }

    fn as_real(&self) -> Option<&RealDisk> {
        Some(self)
    }
}

/// A lock that lasts as long as its file is open.
struct HeldLock {
    _file: File,
}

impl Lock for HeldLock {}

fn held(
    path: &SafePath,
    locked: std::result::Result<(), TryLockError>,
    lock: impl Lock + 'static,
) -> Result<Option<Box<dyn Lock>>> {
    match locked {
        Ok(()) => Ok(Some(Box::new(lock))),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(Error::io("lock", path.as_str(), &error)),
    }
}

fn context<T>(operation: &str, path: &SafePath, result: io::Result<T>) -> Result<T> {
    result.map_err(|error| Error::io(operation, path.as_str(), &error))
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Was a file found, or nothing? Anything else is an error.
fn found_file(found: io::Result<About>) -> io::Result<bool> {
    match found {
        Ok(about) => expect_file(&about).map(|()| true),
        Err(error) if is_missing(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

fn expect_file(about: &About) -> io::Result<()> {
    match about.kind {
        EntryKind::File => Ok(()),
        EntryKind::Folder => Err(not_a_file("it is a folder, not a file")),
        EntryKind::Other => Err(not_a_file("it is a link or a device, not a file")),
    }
}

/// What is wrong with this one file, whatever becomes of the others.
fn not_a_file(problem: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, problem)
}

fn expect_folder(about: &About) -> io::Result<()> {
    match about.kind {
        EntryKind::Folder => Ok(()),
        EntryKind::File => Err(io::Error::other("it is a file, not a folder")),
        EntryKind::Other => Err(io::Error::other("it is a link or a device, not a folder")),
    }
}

/// The refusal of a path that leads over a link.
fn link_refused() -> io::Error {
    not_a_file("a link stands in its path")
}
