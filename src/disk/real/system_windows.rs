//! What differs between systems: Windows.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::windows::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::time::Duration;

use super::super::Stamp;

/// Virus scanners hold a new file for a moment: how often a rename is tried again.
const RENAME_TRIES: u32 = 10;

pub(super) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    match file.seek_read(buffer, offset) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(0),
        other => other,
    }
}

pub(super) fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
    file.seek_write(bytes, offset)
}

pub(super) fn make_folder(path: &Path) -> io::Result<()> {
    std::fs::create_dir(path)
}

pub(super) fn make_folders(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path)
}

/// Who may read a file follows from the folder's access list.
pub(super) fn private(_options: &mut OpenOptions) {}

pub(super) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    let mut wait = Duration::from_millis(2);
    for _ in 0..RENAME_TRIES {
        match std::fs::rename(from, to) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                std::thread::sleep(wait);
                wait *= 2;
            }
            other => return other,
        }
    }
    std::fs::rename(from, to)
}

/// NTFS keeps names in its own journal; a folder cannot be synced.
pub(super) fn sync_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}

pub(super) fn stamp(about: &Metadata) -> Stamp {
    let modified_ns = i128::from(about.last_write_time()) * 100;
    Stamp { len: about.file_size(), modified_ns, file_number: about.creation_time() }
}

pub(super) fn identity(_path: &Path) -> io::Result<(u64, u64)> {
    Ok((0, 0))
}

pub(super) fn check_owner(_about: &Metadata) -> io::Result<()> {
    Ok(())
}

pub(super) fn allocate(file: &File, len: u64) -> io::Result<()> {
    if file.metadata()?.len() < len { file.set_len(len) } else { Ok(()) }
}

pub(super) fn network_file_system(path: &Path) -> Option<String> {
    let text = path.to_string_lossy();
    let unc =
        text.starts_with(r"\\?\UNC\") || (text.starts_with(r"\\") && !text.starts_with(r"\\?\"));
    unc.then(|| "SMB".to_owned())
}
