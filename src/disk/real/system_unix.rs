//! What differs between systems: Unix.

use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, Stat};

use super::super::{EntryKind, Stamp};
use super::About;
use super::rights::Rights;
pub(super) use super::space::network_file_system;

const NANOSECONDS: i128 = 1_000_000_000;

pub(super) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    file.read_at(buffer, offset)
}

pub(super) fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
    file.write_at(bytes, offset)
}

/// Makes the data folder and those above it, and their names durable: else the whole store
/// could be lost with the name of its folder.
pub(super) fn make_folders(path: &Path) -> io::Result<()> {
    let path = std::path::absolute(path)?;
    let missing: Vec<&Path> = path.ancestors().take_while(|folder| !folder.exists()).collect();
    if let Some(above) = path.parent() {
        std::fs::create_dir_all(above)?;
    }
    match DirBuilder::new().mode(0o700).create(&path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    missing.iter().filter_map(|folder| folder.parent()).for_each(sync_if_allowed);
    Ok(())
}

/// A folder that we may not read (`/home`) or sync is not ours to care for.
fn sync_if_allowed(folder: &Path) {
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
}

pub(super) fn about(file: &File) -> io::Result<About> {
    Ok(about_of(&rustix::fs::fstat(file)?))
}

/// Has an open file a name still?
pub(super) fn has_name(file: &File) -> bool {
    rustix::fs::fstat(file).is_ok_and(|stat| stat.st_nlink > 0)
}

pub(super) fn look(path: &Path) -> io::Result<About> {
    Ok(about_of(&rustix::fs::stat(path)?))
}

pub(super) fn about_of(stat: &Stat) -> About {
    let nanoseconds = i128::from(stat.st_mtime_nsec);
    let modified_ns = i128::from(stat.st_mtime) * NANOSECONDS + nanoseconds;
    let len = u64::try_from(stat.st_size).unwrap_or(0);
    About {
        kind: kind_of(FileType::from_raw_mode(stat.st_mode)),
        stamp: Stamp { len, modified_ns, file_number: stat.st_ino },
        rights: Rights::of(stat),
    }
}

pub(super) fn kind_of(kind: FileType) -> EntryKind {
    match kind {
        FileType::RegularFile => EntryKind::File,
        FileType::Directory => EntryKind::Folder,
        _ => EntryKind::Other,
    }
}

pub(super) fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let about = std::fs::metadata(path)?;
    Ok((about.dev(), about.ino()))
}

/// Does the system let this process write in a folder? Root may write anywhere but in what is mounted
/// for reading only.
pub(super) fn is_writable(folder: &Path) -> bool {
    rustix::fs::access(folder, rustix::fs::Access::WRITE_OK).is_ok()
}

/// The path without links.
pub(in super::super) fn real_path(path: &Path) -> io::Result<PathBuf> {
    path.canonicalize()
}

/// The path as other programs take it.
pub(super) fn plain(path: PathBuf) -> PathBuf {
    path
}

/// Are two folders in one file system, as far as one can tell?
pub(in super::super) fn is_in_one_file_system(one: &Path, other: &Path) -> bool {
    let device = |path: &Path| identity(path).ok().map(|(device, _)| device);
    device(one) == device(other)
}

/// The commands that keep a folder to this process's user.
pub(super) fn to_own(folder: &str) -> String {
    let me = rustix::process::geteuid().as_raw();
    format!("chown -R {me} '{folder}' && chmod -R go-w '{folder}'")
}
