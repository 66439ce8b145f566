//! Restores a backup.
//!
//! Everything is unpacked into a folder of its own and compared with the manifest; only what is whole
//! takes the place of the data folder, at one moment.

use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;
use tar::{Archive, Entries, Entry, EntryType};
use zstd::stream::read::Decoder;

use super::manifest::{self, CHECKSUM_NAME, Hashing, Listed, Manifest, NAME, corrupt};
use crate::disk::{self, Access, Disk, NewFolder, RealDisk, SafePath, SourceFile};
use crate::engine;
use crate::error::{Code, Error, Result};
use crate::progress::{Progress, Unit};

/// The largest window of zstd that is allowed for, as a power of two: 128 MiB of memory.
const LARGEST_WINDOW: u32 = 27;
/// So many bytes are written at a time.
const PIECE: usize = 1 << 18;
/// So much room is left in the file system, in bytes.
const LEFT_FREE: u64 = 64 << 20;
/// A longer path, in bytes, has no store.
const LONGEST_NAME: u64 = 4096;
/// So many zeros may follow the last entry.
const MOST_PADDING: u64 = 1 << 20;

/// How a backup is restored.
#[derive(Debug, Clone, Copy, Default)]
pub struct Restore {
    /// Over a folder that is not empty, which is kept beside the new one, and may be open.
    pub force: bool,
    /// Only look whether the backup is whole; the folder may be anything.
    pub dry_run: bool,
}

/// What was restored.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Restored {
    /// When the backup was made, as records hold times.
    pub created_at: String,
    /// The version of the package that made it.
    pub store_version: String,
    /// How many files it holds.
    pub files: usize,
    /// Their length in bytes.
    pub bytes: u64,
    /// Where the folder is that was there before.
    pub replaced: Option<PathBuf>,
    /// Did a process have that folder open, and so goes on with it?
    pub was_open: bool,
}

impl Restored {
    /// As a JSON value.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::to_value(self).expect("it is always written")
    }
}

/// Restores a backup into a data folder.
///
/// # Errors
/// `CORRUPT` for a file that is not a whole backup, `UNSUPPORTED_VERSION` for one of a newer version,
/// `VALIDATION` when the folder is not empty, `LOCKED` when it is open, `NO_SPACE`; those of the disk;
/// `CLOSED` when it was given up. Whatever it is, the data folder is as it was.
pub fn restore(
    file: &Path,
    data_dir: &Path,
    how: Restore,
    progress: &dyn Progress,
) -> Result<Restored> {
    let before = if how.dry_run { Before::Free } else { Before::look(data_dir, how.force)? };
    let mut unpacked = None;
    let manifest = unpack(file, progress, |manifest| {
        if !how.dry_run {
            unpacked = Some(begin(data_dir, before, manifest)?);
        }
        Ok(unpacked.as_ref().map(NewFolder::disk))
    })?;
    let replaced = match unpacked {
        Some(folder) => put_in_place(folder, data_dir, before, &manifest)?,
        None => None,
    };
    let (files, bytes) = (manifest.files.len(), manifest.bytes());
    let was_open = before == Before::Open;
    let Manifest { created_at, store_version, .. } = manifest;
    Ok(Restored { created_at, store_version, files, bytes, replaced, was_open })
}

/// What is where a backup is to be restored.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Free,
    Filled,
    Open,
}

impl Before {
    fn look(data_dir: &Path, force: bool) -> Result<Before> {
        if !disk::holds_anything(data_dir)? || NewFolder::was_left_unfinished(data_dir) {
            return Ok(Before::Free);
        }
        let shown = data_dir.display();
        if engine::is_open(&RealDisk::open(data_dir)?)? {
            if force {
                return Ok(Before::Open);
            }
            let message = format!(
                "a process has the store in {shown} open; end it, or give --force (`force: true`): \
                 the folder is then kept beside the restored one, and that process goes on with it"
            );
            return Err(Error::new(Code::Locked, message));
        }
        if force {
            return Ok(Before::Filled);
        }
        let message = format!(
            "{shown} is not empty; restore into a new folder, or give --force (`force: true`), which \
             keeps it beside the restored one"
        );
        Err(Error::new(Code::Validation, message))
    }
}

fn begin(data_dir: &Path, before: Before, manifest: &Manifest) -> Result<NewFolder> {
    let (room, wanted) = (disk::free_room(data_dir)?, manifest.bytes());
    if room < wanted.saturating_add(LEFT_FREE) {
        let message = format!(
            "the backup holds {wanted} bytes, and there is room for {room} where {} is; make room, or \
             restore it elsewhere",
            data_dir.display()
        );
        return Err(Error::new(Code::NoSpace, message));
    }
    if before == Before::Free {
        NewFolder::begin_free(data_dir)
    } else {
        NewFolder::begin_over(data_dir)
    }
}

fn put_in_place(
    folder: NewFolder,
    data_dir: &Path,
    before: Before,
    manifest: &Manifest,
) -> Result<Option<PathBuf>> {
    let paths = manifest.files.iter().map(|file| SafePath::new(&file.path));
    disk::make_durable(folder.disk(), &paths.collect::<Result<Vec<_>>>()?)?;
    if before == Before::Free {
        return folder.finish().map(|()| None);
    }
    let aside = disk::free_name_beside(data_dir, "before-restore")?;
    folder.replace(&aside).map(Some)
}

/// Reads a whole backup and compares everything with its manifest. `target` is told what is to come, and
/// says where it goes, if anywhere.
fn unpack<'a>(
    file: &Path,
    progress: &dyn Progress,
    target: impl FnOnce(&Manifest) -> Result<Option<&'a RealDisk>>,
) -> Result<Manifest> {
    let source = BufReader::with_capacity(PIECE, Source(SourceFile::open(file, None)?));
    let mut decoder = Decoder::with_buffer(source).map_err(unreadable)?;
    decoder.window_log_max(LARGEST_WINDOW).map_err(unreadable)?;
    let mut archive = Archive::new(decoder);
    let mut entries = archive.entries().map_err(unreadable)?.raw(true);
    let manifest = read_manifest(&mut entries)?;
    let disk = target(&manifest)?;
    progress.begin("Unpacking", Unit::Bytes, Some(manifest.bytes()));
    for listed in &manifest.files {
        unpack_file(next(&mut entries)?, listed, disk)?;
        progress.advance(listed.bytes)?;
    }
    if entries.next().is_some() {
        return Err(corrupt("there is more in it than it lists".to_owned()));
    }
    expect_nothing_more(archive.into_inner())?;
    Ok(manifest)
}

/// An entry, with its name.
struct Named<'a, R: Read> {
    name: Vec<u8>,
    entry: Entry<'a, R>,
}

/// The next entry, which must be a plain file. Names that are too long for a header stand in an entry of
/// their own before it; whatever else tar can say is refused.
fn next<'a, R: Read>(entries: &mut Entries<'a, R>) -> Result<Named<'a, R>> {
    let mut one = || {
        let entry = entries.next().ok_or_else(|| corrupt("it ends too early".to_owned()))?;
        entry.map_err(unreadable)
    };
    let mut entry = one()?;
    let mut long = None;
    if entry.header().entry_type() == EntryType::GNULongName {
        let mut name = Vec::new();
        entry.by_ref().take(LONGEST_NAME).read_to_end(&mut name).map_err(unreadable)?;
        name.pop_if(|last| *last == 0);
        long = Some(name);
        entry = one()?;
    }
    if entry.header().entry_type() != EntryType::Regular {
        return Err(corrupt("it holds a link, a folder or a device".to_owned()));
    }
    let name = long.unwrap_or_else(|| entry.path_bytes().into_owned());
    Ok(Named { name, entry })
}

fn read_manifest<R: Read>(entries: &mut Entries<'_, R>) -> Result<Manifest> {
    let first = next(entries)?;
    if first.name != NAME.as_bytes() || first.entry.size() > manifest::LONGEST {
        return Err(corrupt("it has no manifest".to_owned()));
    }
    let (manifest, found) = Manifest::read(first.entry)?;
    let mut second = next(entries)?;
    let mut told = String::new();
    let read = second.entry.by_ref().take(found.len() as u64 + 1).read_to_string(&mut told);
    read.map_err(unreadable)?;
    if second.name != CHECKSUM_NAME.as_bytes() || told != found {
        return Err(corrupt("its manifest was changed".to_owned()));
    }
    Ok(manifest)
}

fn unpack_file<R: Read>(
    Named { name, entry }: Named<'_, R>,
    listed: &Listed,
    disk: Option<&RealDisk>,
) -> Result<()> {
    if name != listed.path.as_bytes() || entry.size() != listed.bytes {
        return Err(corrupt(format!("{} is not what it lists there", listed.path)));
    }
    let mut source = Hashing::over(entry);
    match disk {
        Some(disk) => write(disk, &SafePath::new(&listed.path)?, &mut source)?,
        None => drop(io::copy(&mut source, &mut io::sink()).map_err(unreadable)?),
    }
    if source.checksum() != listed.sha256 {
        return Err(corrupt(format!("{} was changed", listed.path)));
    }
    Ok(())
}

fn write(disk: &RealDisk, path: &SafePath, source: &mut impl Read) -> Result<()> {
    path.parent().map_or(Ok(()), |folder| disk.create_dir(&folder))?;
    let file = disk.open(path, Access::Replace)?;
    let mut piece = vec![0; PIECE];
    let mut offset = 0;
    loop {
        let read = source.read(&mut piece).map_err(unreadable)?;
        if read == 0 {
            return Ok(());
        }
        file.write_at(offset, &piece[..read])?;
        offset += read as u64;
    }
}

/// Behind the last entry tar has some zeros, and zstd its checksum.
fn expect_nothing_more(mut rest: impl Read) -> Result<()> {
    let mut bytes = Vec::new();
    rest.by_ref().take(MOST_PADDING + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MOST_PADDING || bytes.iter().any(|byte| *byte != 0) {
        return Err(corrupt("there is more in it than it lists".to_owned()));
    }
    Ok(())
}

fn unreadable(error: io::Error) -> Error {
    corrupt(error.to_string())
}

/// The backup's own file.
struct Source(SourceFile);

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| io::Error::other(error.message().to_owned()))
    }
}
