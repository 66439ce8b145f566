//! The one door to the file system.
//!
//! The rest of the store sees files only through [`Disk`], which has a real implementation and
//! a simulated one that can lose, reorder and tear what was not synced. This module must not
//! know what is in a file.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this is the one door to the file system"
)]

mod copy;
mod new_file;
mod new_folder;
mod outside_files;
mod pieces;
mod placement;
mod real;
mod safe_path;
mod scratch;
mod shared_log;
mod simulated;
mod source;
#[cfg(test)]
mod tests;

use crate::error::{Code, Error, Result};

pub use copy::{copy, make_durable, share};
pub use new_file::NewFile;
pub use new_folder::{NewFolder, UNFINISHED};
pub use outside_files::{
    file_names, free_name_beside, free_room, holds_anything, is_folder, make_folder, names_in,
    others_may_read, read_outside, read_regular, remove_outside, without_links,
};
pub use pieces::{visit_lines, visit_pieces};
pub(crate) use placement::is_standalone;
pub use placement::misplaced;
pub use real::RealDisk;
pub use safe_path::SafePath;
pub use scratch::Scratch;
pub use shared_log::{Alive, SharedLog, Unsynced};
pub use simulated::{Fault, Outcome, SimulatedDisk};
pub use source::SourceFile;

/// What identifies the state of a file without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Stamp {
    /// Length in bytes.
    pub len: u64,
    /// Time of the last change, in nanoseconds since 1970.
    pub modified_ns: i128,
    /// The file's number in its file system (0 where there is none).
    pub file_number: u64,
}

/// What an entry of a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A link, device, socket or pipe: never followed, never opened.
    Other,
}

/// One entry of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name, without the folder. Names that are not UTF-8 come with replacement characters
    /// and kind `Other`.
    pub name: String,
    /// What it is.
    pub kind: EntryKind,
}

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// It must exist; reading only.
    Read,
    /// It must exist; reading and writing.
    Write,
    /// Made (mode 0600) when it is not there; reading and writing.
    Create,
    /// Made anew (mode 0600), emptied when it is there.
    Replace,
    /// Made (mode 0600); an error when anything has its name. Cheaper than [`Access::Replace`], for what
    /// was made a moment ago need not be looked at.
    New,
}

/// How a lock is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockKind {
    /// With others who share it.
    Shared,
    /// Alone.
    Exclusive,
}

/// A folder as the store's engine sees it. Every path is relative to the data folder.
///
/// Nothing is durable before it is synced: bytes of a file by [`DiskFile::sync`], a new,
/// renamed or removed name by [`Disk::sync_dir`] of its folder.
///
/// # Errors
/// Every call gives an [`Error`](crate::error::Error) that names the operation and the path.
pub trait Disk: Send + Sync {
    /// Opens a file. A link, a device or a folder at `path` is refused.
    fn open(&self, path: &SafePath, access: Access) -> Result<Box<dyn DiskFile>>;
    /// The state of a file, or `None` where there is none (a folder or link is an error).
    fn stamp(&self, path: &SafePath) -> Result<Option<Stamp>>;
    /// Is a file in this state? It may look at the file alone, where a link in its path leads too:
    /// what is read is another question, and [`Disk::open`] answers it.
    fn is_in_state(&self, path: &SafePath, stamp: &Stamp) -> Result<bool> {
        Ok(self.stamp(path)?.as_ref() == Some(stamp))
    }
    /// The entries of a folder, sorted by name; none when the folder is not there.
    fn list(&self, dir: &SafePath) -> Result<Vec<Entry>>;
    /// Makes a folder and those above it (mode 0700), and nothing when it is there.
    fn create_dir(&self, dir: &SafePath) -> Result<()>;
    /// Renames a file over whatever file has the new name; a folder or link is refused. From
    /// one folder to another it is durable when both are synced.
    fn rename(&self, from: &SafePath, to: &SafePath) -> Result<()>;
    /// Renames a file over one that is in the state `known`, or to where none is; `false`, with nothing
    /// changed, when somebody else has written there since. Where the system cannot look and rename in
    /// one step, what is written in between is lost.
    fn replace(&self, from: &SafePath, to: &SafePath, known: Option<&Stamp>) -> Result<bool> {
        if self.stamp(to)?.as_ref() != known {
            return Ok(false);
        }
        self.rename(from, to).map(|()| true)
    }
    /// Removes a file; `false` when there was none, an error for a folder or link.
    fn remove(&self, path: &SafePath) -> Result<bool>;
    /// Removes a folder if it is there and empty; `false` otherwise.
    fn remove_dir(&self, dir: &SafePath) -> Result<bool>;
    /// Makes the names in a folder durable; nothing when the folder is not there.
    fn sync_dir(&self, dir: &SafePath) -> Result<()>;
    /// Takes an advisory lock on a file (made when absent), or gives `None` when another
    /// holder has it. It is released when the value is dropped or the process dies.
    fn try_lock(&self, path: &SafePath, kind: LockKind) -> Result<Option<Box<dyn Lock>>>;
    /// The same, exclusive, for a lock that is taken again and again: its file may stay open meanwhile.
    ///
    /// # Errors
    /// As for [`Disk::try_lock`].
    fn try_lock_again(&self, path: &SafePath) -> Result<Option<Box<dyn Lock>>> {
        self.try_lock(path, LockKind::Exclusive)
    }
    /// Words of memory that every process with this folder open shares, kept in a small file.
    fn shared(&self, path: &SafePath) -> Result<Box<dyn SharedWords>>;
    /// The name of the file system when it is one over a network, where locks and shared
    /// memory do not hold.
    fn network_file_system(&self) -> Option<String>;
    /// Watches folders, where the system tells of every change in them, whoever makes it.
    fn watch(&self) -> Option<Box<dyn Watch>> {
        None
    }
    /// Is the file on the machine's disk the one that is shown?
    fn shows_as_it_is(&self, _path: &SafePath) -> bool {
        true
    }

    /// The folder on the machine's disk, where it is one: copies between two such are cheap.
    fn as_real(&self) -> Option<&RealDisk> {
        None
    }
}

/// An open file. Closed when dropped.
pub trait DiskFile: Send + Sync {
    /// Reads up to `buffer.len()` bytes at `offset`; fewer only at the end of the file.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize>;
    /// Writes all of `bytes` at `offset`; a gap before it reads as zeros.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()>;
    /// Its length in bytes.
    fn len(&self) -> Result<u64>;
    /// Is it empty?
    fn is_empty(&self) -> Result<bool> {
        Ok(self.len()? == 0)
    }
    /// Cuts or extends it (with zeros).
    fn set_len(&self, len: u64) -> Result<()>;
    /// Reserves room for `len` bytes in all, read as zeros, so that writing them cannot fail
    /// for want of room and need not change the file's length or where it stands on the disk: they
    /// are durable sooner.
    fn allocate(&self, len: u64) -> Result<()>;
    /// Makes the bytes (and the length) durable.
    fn sync(&self) -> Result<()>;
    /// The state of the open file, even after its name is gone or is another's.
    fn stamp(&self) -> Result<Stamp>;
}

/// A process that holds a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its number.
    pub process: u32,
    /// How it was started, as far as one sees it.
    pub command: String,
    /// Was it stopped (Ctrl-Z, a debugger), so that it lets nothing go?
    pub is_stopped: bool,
}

/// A held lock; dropping it releases it.
pub trait Lock: Send + Sync {}

/// What a watched folder tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    /// A file was written, put in place or removed.
    File(SafePath),
    /// A folder was removed or moved away: it is watched no more.
    Folder(SafePath),
    /// More has changed than could be remembered: anything may have.
    Anything,
}

/// Tells which files change in some folders.
///
/// # Errors
/// Those of the system, which may allow only so many watches.
pub trait Watch: Send + Sync {
    /// Watches the files of a folder, not those of the folders in it; `false` when there is none.
    fn add(&self, dir: &SafePath) -> Result<bool>;
    /// What has changed since the last time, without waiting; several changes of a file may be one.
    fn changes(&self) -> Result<Vec<Changed>>;
    /// Is a change told as soon as it is made, so that whoever writes a file and then asks hears of it?
    fn is_prompt(&self) -> bool {
        true
    }
}

/// How many words of memory processes share.
pub const WORDS: usize = 128;

/// Words of 64 bits that all processes share. Never the truth, only a hint: they may be zeroed
/// whenever nobody has the store open. When somebody cuts their file while it is in use, the last
/// of them is zero from then on, until the next [`SharedWords::reset`].
pub trait SharedWords: Send + Sync {
    /// The word at `index` (below [`WORDS`]), with acquire ordering.
    fn load(&self, index: usize) -> u64;
    /// Stores with release ordering.
    fn store(&self, index: usize, value: u64);
    /// Raises the word to `value` unless it is higher already.
    fn raise(&self, index: usize, value: u64);
    /// Adds one and gives the new value.
    fn increment(&self, index: usize) -> u64;
    /// Makes all words zero, and sure that writing to them finds room. For whoever knows that
    /// nobody else uses them.
    ///
    /// # Errors
    /// Those of the disk.
    fn reset(&self) -> Result<()>;
}

/// No file is read whole that is longer, in bytes. (A record of the usual limit, written in lines, is
/// shorter whatever it holds.)
pub const LONGEST_FILE: u64 = 2 << 30;

/// The whole of a file, or `None` when there is none.
///
/// # Errors
/// Those of the disk; `TOO_LARGE` beyond [`LONGEST_FILE`].
pub fn read_all(disk: &dyn Disk, path: &SafePath) -> Result<Option<Vec<u8>>> {
    Ok(read_stamped(disk, path)?.map(|(bytes, _)| bytes))
}

/// The whole of a file and its state, or `None` when there is none.
///
/// # Errors
/// As for [`read_all`].
pub fn read_stamped(disk: &dyn Disk, path: &SafePath) -> Result<Option<(Vec<u8>, Stamp)>> {
    let file = match disk.open(path, Access::Read) {
        Ok(file) => file,
        Err(error) => return if disk.stamp(path)?.is_none() { Ok(None) } else { Err(error) },
    };
    let stamp = file.stamp()?;
    if stamp.len > LONGEST_FILE {
        let message = format!(
            "{path} has {} bytes, and no file of the store has more than {LONGEST_FILE}; restore it, or move it away",
            stamp.len
        );
        return Err(Error::new(Code::TooLarge, message).path(path.as_str()));
    }
    let mut bytes = vec![0; usize::try_from(stamp.len).unwrap_or(usize::MAX)];
    let read = file.read_at(0, &mut bytes)?;
    bytes.truncate(read);
    Ok(Some((bytes, stamp)))
}
