//! A segment file of the journal: its name and its first line.
//!
//! Positions in the journal count bytes over all segments. A segment's name is the position of
//! its first byte. Its first line is a [`Header`]: everything before it is safely in the files.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::disk::{Access, Disk, DiskFile, EntryKind, SafePath, read_all};
use crate::error::{Code, Error, Result};

use super::line;

/// The version of the journal's own form.
const VERSION: u32 = 1;

/// How much room a segment reserves at first, in bytes.
const FIRST_RESERVED: u64 = 1 << 16;
/// And at most at a time.
pub(super) const MOST_RESERVED: u64 = 1 << 20;

/// How long a segment's file is made that is to hold so many bytes.
pub(super) fn room(needed: u64) -> u64 {
    if needed > MOST_RESERVED {
        return needed.div_ceil(MOST_RESERVED) * MOST_RESERVED;
    }
    needed.max(FIRST_RESERVED).next_power_of_two()
}

/// The first line of a segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Header {
    /// The version of the journal's form.
    pub(crate) journal: u32,
    /// The version of the records in it.
    #[serde(default = "first_version")]
    pub(crate) version: u64,
    /// The position of the segment's first byte.
    pub(crate) base: u64,
    /// Length of each rows file as of this segment: what stands behind it came later.
    pub(crate) rows: Vec<(String, u64)>,
}

impl Header {
    /// The header of a segment for records of a version that starts at `base`, when the rows files
    /// have these lengths.
    pub(crate) fn new(version: u64, base: u64, rows: Vec<(String, u64)>) -> Header {
        Header { journal: VERSION, version, base, rows }
    }
}

fn first_version() -> u64 {
    1
}

/// An open segment, and where its lines start.
pub(crate) struct Segment {
    pub(crate) header: Header,
    pub(crate) file: Arc<dyn DiskFile>,
    /// Offset of the first line behind the header.
    pub(crate) lines_from: u64,
    /// The checksum from which the first line goes on.
    pub(crate) checksum: u32,
}

/// The folder of the journal.
pub(crate) fn folder() -> SafePath {
    SafePath::new("journal").expect("a constant that is a safe path")
}

/// The file of the segment at `base`.
///
/// # Errors
/// None: it is a safe path.
pub(crate) fn path_of(base: u64) -> Result<SafePath> {
    folder().join(&format!("{base:016}.log"))
}

/// The bases of the segments in the folder, oldest first.
///
/// # Errors
/// Those of the disk.
pub(crate) fn list(disk: &dyn Disk) -> Result<Vec<u64>> {
    let entries = disk.list(&folder())?;
    let bases = entries.iter().filter(|e| e.kind == EntryKind::File).filter_map(|entry| {
        let digits = entry.name.strip_suffix(".log").filter(|d| d.len() == 16)?;
        digits.parse().ok()
    });
    Ok(bases.collect())
}

/// Makes a segment that starts with `header`, durable in itself and in its name.
///
/// # Errors
/// Those of the disk.
pub(crate) fn start(disk: &dyn Disk, header: Header) -> Result<Segment> {
    disk.create_dir(&folder())?;
    // The folder itself may be new: without its name, the segment would be lost with it.
    disk.sync_dir(&SafePath::root())?;
    let file: Arc<dyn DiskFile> = Arc::from(disk.open(&path_of(header.base)?, Access::Replace)?);
    let text = serde_json::to_string(&header).expect("numbers and texts");
    let (first, checksum) = line::encode(0, &text);
    file.allocate(room(first.len() as u64))?;
    file.write_at(0, first.as_bytes())?;
    file.sync()?;
    disk.sync_dir(&folder())?;
    Ok(Segment { header, file, lines_from: first.len() as u64, checksum })
}

impl Segment {
    /// Opens the segment at `base`; `None` when its header never became durable.
    ///
    /// # Errors
    /// Those of the disk, and `UNSUPPORTED_VERSION` for a journal of a newer version.
    pub(crate) fn open(disk: &dyn Disk, base: u64, access: Access) -> Result<Option<Segment>> {
        let path = path_of(base)?;
        if disk.stamp(&path)?.is_none() {
            return Ok(None);
        }
        let file: Arc<dyn DiskFile> = Arc::from(disk.open(&path, access)?);
        let mut bytes = vec![0; 64 * 1024];
        let read = file.read_at(0, &mut bytes)?;
        let Some(first) = line::decode(0, &bytes[..read]) else { return Ok(None) };
        let (lines_from, checksum) = (first.len as u64, first.checksum);
        let header: Header = serde_json::from_str(first.text).map_err(|_| unsupported(&path))?;
        if header.journal != VERSION || header.base != base {
            return Err(unsupported(&path));
        }
        Ok(Some(Segment { header, file, lines_from, checksum }))
    }

    /// Puts a copy in this segment's place, durable in itself and in its name.
    ///
    /// # Errors
    /// Those of the disk; the segment is then as it was, or the copy is in its place.
    pub(crate) fn copy(&self, disk: &dyn Disk) -> Result<Segment> {
        let path = path_of(self.header.base)?;
        let draft = folder().join("segment.draft")?;
        let bytes = read_all(disk, &path)?.unwrap_or_default();
        disk.remove(&draft)?;
        let file: Arc<dyn DiskFile> = Arc::from(disk.open(&draft, Access::Replace)?);
        file.write_at(0, &bytes)?;
        file.sync()?;
        disk.rename(&draft, &path)?;
        disk.sync_dir(&folder())?;
        let (header, lines_from, checksum) = (self.header.clone(), self.lines_from, self.checksum);
        Ok(Segment { header, file, lines_from, checksum })
    }

    /// Removes the segment at `base`.
    ///
    /// # Errors
    /// Those of the disk.
    pub(crate) fn remove(disk: &dyn Disk, base: u64) -> Result<()> {
        disk.remove(&path_of(base)?).map(|_| ())
    }
}

fn unsupported(path: &SafePath) -> Error {
    let text = format!("{path} was written by a newer version of quilltap-store; use that version");
    Error::new(Code::UnsupportedVersion, text).path(path.as_str())
}
