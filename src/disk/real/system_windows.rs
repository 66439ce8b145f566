//! What differs between systems: Windows.

use std::fs::{File, FileType, OpenOptions};
use std::io;
use std::os::windows::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
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
                if !make_replaceable(to) {
                    std::thread::sleep(Duration::from_millis(wait));
                }
            }
            other => return other,
        }
    }
    std::fs::rename(from, to).map_err(|error| match error.kind() {
        io::ErrorKind::PermissionDenied => {
            io::Error::new(error.kind(), format!("{error}; another program may have it open"))
        }
        _ => error,
    })
}

/// Does something with a file, and once more without the mark "read-only" where that stood in the way.
pub(super) fn despite_mark<T>(path: &Path, act: impl Fn() -> io::Result<T>) -> io::Result<T> {
    match act() {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied && make_replaceable(path) => {
            act()
        }
        other => other,
    }
}

/// Takes the mark "read-only" from a file; `false` where there is no such. As on Unix, who may write in a
/// folder may put another file in the place of one in it.
fn make_replaceable(path: &Path) -> bool {
    let Ok(about) = std::fs::symlink_metadata(path) else { return false };
    let mut permissions = about.permissions();
    if !about.is_file() || !permissions.readonly() {
        return false;
    }
    #[allow(
        clippy::permissions_set_readonly_false,
        reason = "everybody may write it on Unix alone"
    )]
    permissions.set_readonly(false);
    std::fs::set_permissions(path, permissions).is_ok()
}

pub(super) fn about(file: &File) -> io::Result<About> {
    let metadata = file.metadata()?;
    let modified_ns = i128::from(metadata.last_write_time()) * 100;
    // Not the time of making: Windows gives a file that of the one which had its name a moment ago.
    let file_number = winapi_util::file::information(file)?.file_index();
    let stamp = Stamp { len: metadata.file_size(), modified_ns, file_number };
    Ok(About { kind: kind_of(metadata.file_type()), stamp, rights: Rights })
}

/// Has an open file a name still? Its name stays as long as it is open.
pub(super) fn has_name(_file: &File) -> bool {
    true
}

/// Looks at whatever a path leads to.
pub(super) fn look(path: &Path) -> io::Result<About> {
    about(&open_to_look(path, 0)?)
}

/// Looks at what has this name, be it a link.
pub(super) fn look_at_name(path: &Path) -> io::Result<About> {
    about(&open_to_look(path, FILE_FLAG_OPEN_REPARSE_POINT)?)
}

const FILE_FLAG_OPEN_REPARSE_POINT: u32 = 0x0020_0000;
/// Without it no folder can be opened.
const FILE_FLAG_BACKUP_SEMANTICS: u32 = 0x0200_0000;

/// Opens a file or folder for a look at its state alone, which nobody who has it open can refuse.
fn open_to_look(path: &Path, flags: u32) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.access_mode(0).custom_flags(FILE_FLAG_BACKUP_SEMANTICS | flags).open(path)
}

pub(super) fn kind_of(kind: FileType) -> EntryKind {
    match () {
        () if kind.is_file() => EntryKind::File,
        () if kind.is_dir() => EntryKind::Folder,
        () => EntryKind::Other,
    }
}

/// Does the system let this process write in a folder? It would have to be tried: the mark "read-only" of a
/// folder says that it looks special in the Explorer.
pub(super) fn is_writable(folder: &Path) -> bool {
    folder.is_dir()
}

/// The path without links. A drive in memory, and wine with a long path, cannot tell it: then it is the one that was
/// given, and links in it are as good as folders.
pub(in super::super) fn real_path(path: &Path) -> io::Result<PathBuf> {
    path.canonicalize().or_else(|error| match path.is_dir() {
        true => std::path::absolute(path),
        false => Err(error),
    })
}

/// The path as other programs take it: without the `\\?\` in front that only long ones need.
pub(super) fn plain(path: PathBuf) -> PathBuf {
    dunce::simplified(&path).to_owned()
}

/// Are two folders on one drive?
pub(in super::super) fn is_in_one_file_system(one: &Path, other: &Path) -> bool {
    one.components().next() == other.components().next()
}

pub(super) fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let about = winapi_util::file::information(&open_to_look(path, 0)?)?;
    Ok((about.volume_serial_number(), about.file_index()))
}

/// The command that keeps a folder to this process's user.
pub(super) fn to_own(folder: &str) -> String {
    format!("icacls \"{folder}\" /inheritance:r /grant:r \"%USERNAME%\":(OI)(CI)F")
}
