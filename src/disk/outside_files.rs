//! Small questions about what lies outside of a data folder, or is not one yet. Every path is the
//! caller's own, so links are followed.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::SourceFile;
use crate::error::{Error, Result};

/// Is there a folder with something in it?
///
/// # Errors
/// Those of the disk; also when something else has this name.
pub fn holds_anything(folder: &Path) -> Result<bool> {
    match fs::read_dir(folder) {
        Ok(mut entries) => Ok(entries.next().is_some()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Error::io("look into", &folder.display().to_string(), &error)),
    }
}

/// The names of the plain files in a folder, as far as they are UTF-8.
///
/// # Errors
/// Those of the disk.
pub fn file_names(folder: &Path) -> Result<Vec<String>> {
    let shown = folder.display().to_string();
    let failed = |error: io::Error| Error::io("look into", &shown, &error);
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.file_type().map_err(failed)?.is_file() {
            names.extend(entry.file_name().into_string());
        }
    }
    Ok(names)
}

/// The names in a folder, as far as they are UTF-8; none where there is no folder.
pub fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(io::Result::ok);
    let mut names: Vec<String> =
        entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}

/// The path that links lead to; the same one where there is nothing.
pub fn without_links(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// May other users read a file, as far as the system tells by its mode?
pub fn others_may_read(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        fs::metadata(path).is_ok_and(|about| about.is_file() && about.mode() & 0o077 != 0)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}

/// Makes a folder when it is not there.
///
/// # Errors
/// Those of the disk.
pub fn make_folder(folder: &Path) -> Result<()> {
    let shown = folder.display().to_string();
    fs::create_dir_all(folder).map_err(|error| Error::io("make", &shown, &error))
}

/// Removes a file.
///
/// # Errors
/// Those of the disk.
pub fn remove_outside(path: &Path) -> Result<()> {
    let shown = path.display().to_string();
    fs::remove_file(path).map_err(|error| Error::io("remove", &shown, &error))
}

/// The whole of a file, device or pipe, of at most so many bytes.
///
/// # Errors
/// Those of the disk; `FileTooLarge` when there are more.
pub fn read_outside(path: &Path, longest: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(longest + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > longest { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
}

/// The same of a regular file: whoever put a pipe there would have us wait.
///
/// # Errors
/// Those of the disk, and `FileTooLarge`.
pub fn read_regular(path: &Path, longest: u64) -> Result<Vec<u8>> {
    let mut file = SourceFile::open(path, None)?;
    let size = file.size()?;
    if size > longest {
        let error = io::ErrorKind::FileTooLarge.into();
        return Err(Error::io("read", &path.display().to_string(), &error));
    }
    let mut bytes = vec![0; usize::try_from(size).unwrap_or(usize::MAX)];
    let read = file.read(&mut bytes)?;
    bytes.truncate(read);
    Ok(bytes)
}

/// A name that nothing beside a path has: `data.before-restore`, `data.before-restore-2`.
///
/// # Errors
/// Those of the disk.
pub fn free_name_beside(path: &Path, what: &str) -> Result<OsString> {
    let shown = path.display().to_string();
    let path = fs::canonicalize(path).map_err(|error| Error::io("look at", &shown, &error))?;
    let numbers =
        std::iter::once(String::new()).chain((2..).map(|number: u32| format!("-{number}")));
    let names = numbers.map(|number| {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{what}{number}"));
        name
    });
    let mut free = names.filter(|name| path.with_file_name(name).symlink_metadata().is_err());
    Ok(free.next().unwrap_or_default())
}

/// How many bytes this process may still write in the file system of a folder, or of the nearest one above
/// it that is there.
///
/// # Errors
/// Those of the disk.
pub fn free_room(folder: &Path) -> Result<u64> {
    let shown = folder.display().to_string();
    let failed = |error| Error::io("look at the file system of", &shown, &error);
    let folder = std::path::absolute(folder).map_err(failed)?;
    let there = folder.ancestors().find(|path| path.is_dir()).unwrap_or(&folder);
    fs4::available_space(there).map_err(failed)
}

/// Is it a folder, or a link to one?
#[must_use]
pub fn is_folder(path: &Path) -> bool {
    path.is_dir()
}
