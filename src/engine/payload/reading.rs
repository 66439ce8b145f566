//! An open payload, which stays readable when its last record goes meanwhile.

use std::path::PathBuf;
use std::sync::Mutex;

use sha2::{Digest, Sha256};

use crate::disk::{Access, EntryKind, SafePath};
use crate::error::{Code, Error, Result};
use crate::sync::locked;

use super::berth::ReadAt;
use super::hashing::hex;
use super::place::missing;
use super::{check_derived_name, place_of};
use crate::catalogue::{Catalogue, is_content};
use crate::engine::commit::Settled;
use crate::engine::core::Engine;
use crate::engine::logs::Source;
#[cfg(feature = "database")]
use crate::engine::sql::Stored;
use crate::engine::txn::{Base, View};

/// An open payload, or a file derived from one.
pub struct OpenPayload {
    bytes: Box<dyn ReadAt>,
    /// Where it is, for whoever must mend it.
    place: String,
    absolute: Option<PathBuf>,
    size: u64,
    /// What its content must be; none for a derived file.
    content: Option<String>,
    /// The hash of what was read from the start on without a gap, and how much that is.
    read: Mutex<(Sha256, u64)>,
}

impl View<'_> {
    /// Are the bytes of this content in the store?
    ///
    /// # Errors
    /// Those of the disk.
    pub(crate) fn has_payload(&self, content: &str) -> Result<bool> {
        if !is_content(content) {
            return Ok(false);
        }
        match self.base {
            Base::Folder(folder) => {
                let path = place_of(self.catalogue(), content)?.0;
                Ok(folder.files.disk.stamp(&path)?.is_some())
            }
            #[cfg(feature = "database")]
            Base::Database(database) => Ok(database.payload(content, "")?.is_some()),
        }
    }

    /// The names of what was made from the payload with a content, sorted.
    ///
    /// # Errors
    /// Those of reading.
    pub(crate) fn derived_names(&self, content: &str) -> Result<Vec<String>> {
        let mut names: Vec<String> = match self.base {
            Base::Folder(folder) => {
                let (_, beside) = place_of(self.catalogue(), content)?;
                let entries = folder.files.disk.list(&beside)?.into_iter();
                entries
                    .filter(|entry| entry.kind == EntryKind::File)
                    .map(|entry| entry.name)
                    .collect()
            }
            #[cfg(feature = "database")]
            Base::Database(database) => database.derived_names(content)?,
        };
        names.retain(|name| check_derived_name(name).is_ok());
        names.sort_unstable();
        Ok(names)
    }

    /// Opens the payload with a content and length, or a file derived from it; `None` where
    /// there is no such derived file.
    ///
    /// # Errors
    /// `CORRUPT` when the payload is missing or of another length, those of the disk.
    pub(crate) fn open_payload(
        &self,
        content: &str,
        size: Option<u64>,
        derived: Option<&str>,
    ) -> Result<Option<OpenPayload>> {
        if !is_content(content) {
            let message = "the record has no SHA-256 as sha256, and so no payload; put the bytes";
            return Err(Error::new(Code::Corrupt, message));
        }
        let (raw, folder) = place_of(self.catalogue(), content)?;
        derived.map_or(Ok(()), check_derived_name)?;
        let path = derived.map_or(Ok(raw), |name| folder.join(name))?;
        let Some(Opened { bytes, len, absolute, place }) =
            self.open_bytes(content, derived, &path)?
        else {
            return if derived.is_some() { Ok(None) } else { Err(missing(&path)) };
        };
        if derived.is_none() && size.is_some_and(|size| size != len) {
            return Err(changed(&place));
        }
        let content = derived.is_none().then(|| content.to_owned());
        let read = Mutex::default();
        Ok(Some(OpenPayload { bytes, place, absolute, size: len, content, read }))
    }

    /// What is at a path; in a database, what has this content and name.
    #[cfg_attr(
        not(feature = "database"),
        expect(unused_variables, reason = "a folder goes by the path alone")
    )]
    fn open_bytes(
        &self,
        content: &str,
        derived: Option<&str>,
        path: &SafePath,
    ) -> Result<Option<Opened>> {
        match self.base {
            Base::Folder(folder) => {
                let disk = folder.files.disk;
                if disk.stamp(path)?.is_none() {
                    return Ok(None);
                }
                let file = disk.open(path, Access::Read)?;
                let len = file.len()?;
                let absolute = disk.as_real().map(|real| real.absolute(path));
                let place = path.as_str().to_owned();
                Ok(Some(Opened { bytes: Box::new(file), len, absolute, place }))
            }
            #[cfg(feature = "database")]
            Base::Database(database) => {
                let found = database.payload(content, derived.unwrap_or_default())?;
                Ok(found.map(|stored| Opened {
                    place: stored.object().map_or(path.as_str().to_owned(), ToString::to_string),
                    len: stored.size,
                    bytes: Box::new(stored),
                    absolute: None,
                }))
            }
        }
    }
}

/// Bytes that were found.
struct Opened {
    bytes: Box<dyn ReadAt>,
    len: u64,
    absolute: Option<PathBuf>,
    place: String,
}

#[cfg(feature = "database")]
impl ReadAt for Stored {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        self.read(offset, buffer)
    }
}

impl Engine {
    /// Answers from the state and the payloads.
    pub(crate) fn read_payload(
        &self,
        read: impl Fn(&View<'_>) -> Result<Settled>,
    ) -> Option<Result<Settled>> {
        loop {
            let before = self.position();
            let answer = self.read(Source::Disk, &read);
            let missing = matches!(&answer, Some(Err(error)) if error.code() == Code::Corrupt);
            // Another process may have removed the record and then the payload meanwhile: then
            // there is news of it.
            if !missing || !(self.has_news() || self.position() != before) {
                return answer;
            }
        }
    }
}

impl OpenPayload {
    /// Its length in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Where other programs find it.
    pub fn absolute(&self) -> Option<&PathBuf> {
        self.absolute.as_ref()
    }

    /// The bytes from an offset on; fewer than asked for only at the end. Who reads it from the
    /// start to the end is told when it is not what it was.
    ///
    /// # Errors
    /// `CORRUPT` when it was changed, those of the disk.
    pub fn read(&self, offset: u64, len: usize) -> Result<Vec<u8>> {
        let left = usize::try_from(self.size.saturating_sub(offset)).unwrap_or(usize::MAX);
        let mut bytes = vec![0; len.min(left)];
        if self.bytes.read_at(offset, &mut bytes)? < bytes.len() {
            return Err(changed(&self.place));
        }
        self.check(offset, &bytes)?;
        Ok(bytes)
    }

    fn check(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        let Some(content) = &self.content else { return Ok(()) };
        let mut read = locked(&self.read);
        if read.1 != offset {
            return Ok(());
        }
        read.0.update(bytes);
        read.1 += bytes.len() as u64;
        if read.1 == self.size && hex(read.0.clone()) != *content {
            return Err(changed(&self.place));
        }
        Ok(())
    }
}

/// Fails where a file's checksum is not that of the payload which its path says it is.
///
/// # Errors
/// `CORRUPT` for such a payload.
pub(crate) fn check_payload(path: &SafePath, sha256: &str) -> Result<()> {
    let catalogue = Catalogue::builtin();
    let payload = catalogue.payload().map(|(_, payload)| payload);
    let content = payload.and_then(|payload| {
        let content = payload.content_of(path.as_str())?;
        (payload.file_of(content) == path.as_str()).then_some(content)
    });
    if content.is_some_and(|content| content != sha256) {
        Err(changed(path.as_str()))
    } else {
        Ok(())
    }
}

fn changed(place: &str) -> Error {
    let message = format!(
        "{place} is not what was stored: its bytes are changed, cut or gone; restore it from a backup, or put them again"
    );
    Error::new(Code::Corrupt, message).path(place)
}
