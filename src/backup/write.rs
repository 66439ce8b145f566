//! Makes a backup.

use std::io::{self, BufReader, Read, Write};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::thread::available_parallelism;

use serde::Serialize;
use tar::{Builder, EntryType, Header};
use zstd::stream::write::Encoder;

use super::keep::{Schedule, keep, place_in};
use super::last::take_note;
use super::manifest::{CHECKSUM_NAME, Hashing, Listed, Manifest, NAME};
use crate::disk::{
    self, Access, Disk, DiskFile, EntryKind, NewFile, NewFolder, RealDisk, SafePath, UNFINISHED,
};
use crate::engine::{Engine, check_payload, par_map};
use crate::error::{Code, Error, Result};
use crate::progress::{Progress, Unit};

/// zstd's own default: a higher one takes much longer for little.
const LEVEL: i32 = 3;
/// More threads would take the processors from the app.
const MOST_THREADS: usize = 4;
/// So many bytes are read at a time.
const PIECE: usize = 1 << 18;

/// What a backup holds.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Backup {
    /// Where it is.
    pub file: PathBuf,
    /// When it was made, as records hold times.
    pub created_at: String,
    /// How many files it holds.
    pub files: usize,
    /// Their length in bytes.
    pub bytes: u64,
    /// The length of the backup in bytes.
    pub backup_bytes: u64,
    /// Older backups beside it that a schedule does not keep, and that are no longer there.
    pub removed: Vec<PathBuf>,
    /// What is in it as it was in the folder, and cannot be read or is not what was stored.
    pub faults: Vec<String>,
}

impl Backup {
    /// As JSON text.
    #[must_use]
    pub fn json(&self) -> String {
        serde_json::to_string(self).expect("it is always written")
    }
}

/// Writes everything that is committed into a new file: `place`, or with a schedule one in that folder,
/// from which those are then removed that the schedule does not keep.
///
/// # Errors
/// As for [`back_up_into`].
pub(crate) fn back_up(
    engine: &Engine,
    place: &Path,
    schedule: Option<&Schedule>,
    progress: &dyn Progress,
) -> Result<Backup> {
    let Some(schedule) = schedule else { return back_up_into(engine, place, progress) };
    disk::make_folder(place)?;
    let file = place_in(place, engine.clock.now_ms());
    let made = back_up_into(engine, &file, progress)?;
    Ok(Backup { removed: keep(place, schedule)?, ..made })
}

/// Writes everything that is committed into a new file.
///
/// The folder is copied first, with a second name for every payload, so that writers are not held up
/// while the archive is made.
///
/// # Errors
/// `VALIDATION` when the file is there already or within the data folder; `LOCKED` when somebody makes
/// it just now; those of the disk; `CLOSED` when it was given up.
fn back_up_into(engine: &Engine, file: &Path, progress: &dyn Progress) -> Result<Backup> {
    let data = engine
        .disk
        .as_real()
        .ok_or_else(|| Error::new(Code::Io, "only a folder of the machine can be backed up"))?;
    let copy = NewFolder::for_a_while(file, data)?;
    let archive = NewFile::begin(file)?;
    progress.begin("Copying", Unit::Things, None);
    engine.copy_into(copy.disk())?;
    let created_at = engine.clock.now();
    let paths = files_of(copy.disk())?;
    let manifest = Manifest::new(created_at, listed(copy.disk(), paths, progress)?);
    let faults = faults(engine, &manifest);
    let archive = pack(archive, &manifest, copy.disk(), progress)?;
    let made = Backup {
        file: file.to_owned(),
        files: manifest.files.len(),
        bytes: manifest.bytes(),
        created_at: manifest.created_at,
        backup_bytes: archive.finish()?,
        removed: Vec::new(),
        faults,
    };
    // Where nothing can be written into the folder, there is a backup all the same.
    let _ = take_note(data, &made);
    Ok(made)
}

/// What is known to be wrong with what a backup holds: its payloads were all read for their checksums.
fn faults(engine: &Engine, manifest: &Manifest) -> Vec<String> {
    let mut faults = engine.known_faults(None);
    for file in &manifest.files {
        let path = SafePath::new(&file.path);
        faults.extend(path.and_then(|path| check_payload(&path, &file.sha256)).err());
    }
    faults.iter().map(|fault| fault.message().to_owned()).collect()
}

/// Every file in a folder, in ascending order of their paths.
fn files_of(disk: &RealDisk) -> Result<Vec<SafePath>> {
    let mut files = Vec::new();
    let mut folders = vec![SafePath::root()];
    while let Some(folder) = folders.pop() {
        for entry in disk.list(&folder)? {
            let path = folder.join(&entry.name)?;
            match entry.kind {
                EntryKind::Folder => folders.push(path),
                EntryKind::File if path.as_str() != UNFINISHED => files.push(path),
                EntryKind::File | EntryKind::Other => {}
            }
        }
    }
    files.sort();
    Ok(files)
}

fn listed(disk: &RealDisk, paths: Vec<SafePath>, progress: &dyn Progress) -> Result<Vec<Listed>> {
    progress.begin("Checksums", Unit::Things, Some(paths.len() as u64));
    let files = par_map(paths, |path| {
        let mut source = Hashing::over(Reading::of(disk, &path)?);
        let failed = |error| Error::io("read", path.as_str(), &error);
        let bytes = io::copy(&mut BufReader::with_capacity(PIECE, &mut source), &mut io::sink());
        let (bytes, sha256) = (bytes.map_err(failed)?, source.checksum());
        progress.advance(1)?;
        Ok(Listed { path: path.as_str().to_owned(), bytes, sha256 })
    });
    files.into_iter().collect()
}

fn pack(
    archive: NewFile,
    manifest: &Manifest,
    disk: &RealDisk,
    progress: &dyn Progress,
) -> Result<NewFile> {
    let failed = |error| Error::io("write", "the backup", &error);
    let mut archive = Builder::new(compressing(archive).map_err(failed)?);
    let (text, checksum) = manifest.written();
    append(&mut archive, NAME, text.len() as u64, &*text).map_err(failed)?;
    append(&mut archive, CHECKSUM_NAME, checksum.len() as u64, checksum.as_bytes())
        .map_err(failed)?;
    progress.begin("Packing", Unit::Bytes, Some(manifest.bytes()));
    for file in &manifest.files {
        let source = Reading::of(disk, &SafePath::new(&file.path)?)?;
        let source = BufReader::with_capacity(PIECE, source).take(file.bytes);
        append(&mut archive, &file.path, file.bytes, source).map_err(failed)?;
        progress.advance(file.bytes)?;
    }
    archive.into_inner().and_then(Encoder::finish).map_err(failed)
}

fn compressing(archive: NewFile) -> io::Result<Encoder<'static, NewFile>> {
    let mut encoder = Encoder::new(archive, LEVEL)?;
    encoder.include_checksum(true)?;
    let threads = available_parallelism().map_or(1, NonZero::get).min(MOST_THREADS);
    encoder.multithread(u32::try_from(threads).unwrap_or(1))?;
    Ok(encoder)
}

/// Appends a file, of which nothing but its name and bytes is told: the same content gives the same bytes.
fn append(
    archive: &mut Builder<impl Write>,
    name: &str,
    bytes: u64,
    source: impl Read,
) -> io::Result<()> {
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Regular);
    header.set_mode(0o600);
    header.set_size(bytes);
    archive.append_data(&mut header, name, source)
}

/// A file that is read from its beginning.
struct Reading {
    file: Box<dyn DiskFile>,
    at: u64,
}

impl Reading {
    fn of(disk: &RealDisk, path: &SafePath) -> Result<Reading> {
        Ok(Reading { file: disk.open(path, Access::Read)?, at: 0 })
    }
}

impl Read for Reading {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(self.at, buffer);
        let read = read.map_err(|error| io::Error::other(error.message().to_owned()))?;
        self.at += read as u64;
        Ok(read)
    }
}
