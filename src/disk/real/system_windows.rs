//! What differs between systems: Windows.

use std::fs::{File, FileType, Metadata};
use std::io;
use std::os::windows::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::time::Duration;

use super::super::{EntryKind, Stamp};
use super::About;
use super::rights::Rights;
pub(super) use super::space::network_file_system;

/// Virus scanners hold a new file for a moment: the waits between the tries of a rename, 1.0 s
/// in all.
const RENAME_WAITS_MS: [u64; 9] = [2, 4, 8, 16, 32, 64, 128, 256, 490];

pub(super) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    match file.seek_read(buffer, offset) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(0),
        other => other,
    }
}

pub(super) fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
    file.seek_write(bytes, offset)
}

/// Who may read what is in it follows from the folder's access list.
pub(super) fn make_folders(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path)
}

pub(super) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    for wait in RENAME_WAITS_MS {
        match std::fs::rename(from, to) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                std::thread::sleep(Duration::from_millis(wait));
            }
            other => return other,
        }
    }
    std::fs::rename(from, to)
}

pub(super) fn about(file: &File) -> io::Result<About> {
    Ok(about_of(&file.metadata()?))
}

pub(super) fn look(path: &Path) -> io::Result<About> {
    Ok(about_of(&std::fs::metadata(path)?))
}

pub(super) fn about_of(metadata: &Metadata) -> About {
    let modified_ns = i128::from(metadata.last_write_time()) * 100;
    // The true number is not in stable Rust; the time of making tells a replaced file as well.
    let file_number = metadata.creation_time();
    let stamp = Stamp { len: metadata.file_size(), modified_ns, file_number };
    About { kind: kind_of(metadata.file_type()), stamp, rights: Rights }
}

pub(super) fn kind_of(kind: FileType) -> EntryKind {
    match () {
        () if kind.is_file() => EntryKind::File,
        () if kind.is_dir() => EntryKind::Folder,
        () => EntryKind::Other,
    }
}

/// Does the system let this process write in a folder? It would have to be tried.
pub(super) fn is_writable(folder: &Path) -> bool {
    folder.metadata().is_ok_and(|about| !about.permissions().readonly())
}

/// Are two folders on one drive?
pub(in super::super) fn is_in_one_file_system(one: &Path, other: &Path) -> bool {
    one.components().next() == other.components().next()
}

pub(super) fn identity(_path: &Path) -> io::Result<(u64, u64)> {
    Ok((0, 0))
}

/// The command that keeps a folder to this process's user.
pub(super) fn to_own(folder: &str) -> String {
    format!("icacls \"{folder}\" /inheritance:r /grant:r \"%USERNAME%\":(OI)(CI)F")
}
