//! What is shown in place of an older folder's files.
//!
//! Records are made anew, and in memory anyway once they are read. Logs may be long: they are shown
//! from where they stand.

use std::sync::Arc;

use crate::disk::{Access, Disk, DiskFile, SafePath, Stamp};
use crate::error::{Code, Error, Result};
use crate::jsonl;

/// What stands for one file.
#[derive(Clone)]
pub(super) enum Shown {
    /// These bytes.
    Made(Arc<[u8]>),
    /// A file as it is, behind what it lacks at its start.
    AsItIs { original: SafePath, head: Arc<str> },
}

impl Shown {
    /// A file as it is.
    pub(super) fn as_it_is(original: SafePath) -> Shown {
        Shown::AsItIs { original, head: "".into() }
    }

    /// A log behind the header that says what it is.
    ///
    /// # Errors
    /// Those of the disk.
    pub(super) fn log(disk: &dyn Disk, original: SafePath, schema: &str) -> Result<Shown> {
        let mut first = [0; jsonl::LONGEST_HEADER];
        let read = disk.open(&original, Access::Read)?.read_at(0, &mut first)?;
        let head = match jsonl::has_header(&first[..read]) {
            true => String::new(),
            false => jsonl::header(schema, 1) + "\n",
        };
        Ok(Shown::AsItIs { original, head: head.into() })
    }

    pub(super) fn open(&self, disk: &dyn Disk) -> Result<Box<dyn DiskFile>> {
        Ok(match self {
            Shown::Made(bytes) => Box::new(Memory(Arc::clone(bytes))),
            Shown::AsItIs { original, head } => {
                let file = disk.open(original, Access::Read)?;
                Box::new(Behind { head: Arc::clone(head), file })
            }
        })
    }

    pub(super) fn stamp(&self, disk: &dyn Disk) -> Result<Option<Stamp>> {
        Ok(match self {
            Shown::Made(bytes) => Some(stamp_of(bytes)),
            Shown::AsItIs { original, head } => {
                disk.stamp(original)?.map(|stamp| longer(stamp, head))
            }
        })
    }
}

fn stamp_of(bytes: &[u8]) -> Stamp {
    Stamp { len: bytes.len() as u64, modified_ns: 0, file_number: 0 }
}

fn longer(stamp: Stamp, head: &str) -> Stamp {
    Stamp { len: stamp.len + head.len() as u64, ..stamp }
}

/// Nothing writes to a folder that is not converted: a fault of the caller.
pub(super) fn not_yet(path: &SafePath) -> Error {
    let message = format!("{path} is of an older folder that is not converted yet");
    Error::new(Code::ReadOnly, message).path(path.as_str())
}

/// What of `bytes` is read at an offset.
fn read_from(bytes: &[u8], offset: u64, buffer: &mut [u8]) -> usize {
    let from = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
    let count = buffer.len().min(bytes.len() - from);
    buffer[..count].copy_from_slice(&bytes[from..from + count]);
    count
}

/// A file that is in memory only.
struct Memory(Arc<[u8]>);

/// A file behind a text.
struct Behind {
    head: Arc<str>,
    file: Box<dyn DiskFile>,
}

/// What nothing does to a file that is only shown.
macro_rules! read_only {
    () => {
        fn write_at(&self, _offset: u64, _bytes: &[u8]) -> Result<()> {
            Err(not_yet(&SafePath::root()))
        }

        fn set_len(&self, _len: u64) -> Result<()> {
            Err(not_yet(&SafePath::root()))
        }

        fn allocate(&self, _len: u64) -> Result<()> {
            Err(not_yet(&SafePath::root()))
        }

        fn sync(&self) -> Result<()> {
            Ok(())
        }

        fn len(&self) -> Result<u64> {
            Ok(self.stamp()?.len)
        }
    };
}

impl DiskFile for Memory {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        Ok(read_from(&self.0, offset, buffer))
    }

    fn stamp(&self) -> Result<Stamp> {
        Ok(stamp_of(&self.0))
    }

    read_only!();
}

impl DiskFile for Behind {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        let read = read_from(self.head.as_bytes(), offset, buffer);
        let offset = (offset + read as u64).saturating_sub(self.head.len() as u64);
        Ok(read + self.file.read_at(offset, &mut buffer[read..])?)
    }

    fn stamp(&self) -> Result<Stamp> {
        self.file.stamp().map(|stamp| longer(stamp, &self.head))
    }

    read_only!();
}
