//! The moving end of the journal: reads what others appended, appends what we commit.

use std::sync::Arc;

use crate::disk::DiskFile;
use crate::error::Result;

use super::line;
use super::segment::{MOST_RESERVED, Segment, room};

/// A segment and the place up to which it has been read.
pub(crate) struct Tail {
    segment: Segment,
    /// Offset in the segment's file behind the last valid line that was read or written.
    offset: u64,
    /// The checksum from which the next line goes on.
    checksum: u32,
    /// Length up to which room is reserved.
    reserved: u64,
}

/// Where an append ended; the tail moves there only when the lines are committed.
#[derive(Debug)]
pub(crate) struct Appended {
    offset: u64,
    checksum: u32,
}

/// Bytes that lines take at most, with their checksums.
fn room_for(texts: &[String]) -> usize {
    texts.iter().map(|text| text.len() + 16).sum()
}

impl Tail {
    /// The tail at the first line of a segment.
    pub(crate) fn at_start(segment: Segment) -> Result<Tail> {
        let (offset, checksum) = (segment.lines_from, segment.checksum);
        let reserved = segment.file.len()?;
        Ok(Tail { segment, offset, checksum, reserved })
    }

    /// The position in the journal, over all segments.
    pub(crate) fn position(&self) -> u64 {
        self.segment.header.base + self.offset
    }

    /// The position at which this segment starts.
    pub(crate) fn base(&self) -> u64 {
        self.segment.header.base
    }

    /// The version of the records in this segment.
    pub(crate) fn version(&self) -> u64 {
        self.segment.header.version
    }

    /// Bytes of the segment that are in use.
    pub(crate) fn used(&self) -> u64 {
        self.offset
    }

    /// Reads the valid lines from here on, up to the position `upto` where one is given, and
    /// hands each to `take`.
    ///
    /// # Errors
    /// Those of the disk and of `take`.
    pub(crate) fn read(
        &mut self,
        upto: Option<u64>,
        take: &mut dyn FnMut(&str) -> Result<()>,
    ) -> Result<()> {
        let end = upto.map_or(u64::MAX, |position| position.saturating_sub(self.base()));
        let mut window = 64 * 1024;
        while self.offset < end {
            let mut bytes = vec![0; window];
            let read = self.segment.file.read_at(self.offset, &mut bytes)?;
            let used = self.read_lines(&bytes[..read], end, take)?;
            if used > 0 {
                continue;
            }
            // A line longer than the window, or the end.
            let unfinished = read == window && !bytes.contains(&b'\n') && !bytes.contains(&0);
            if !unfinished {
                break;
            }
            window *= 4;
        }
        Ok(())
    }

    fn read_lines(
        &mut self,
        bytes: &[u8],
        end: u64,
        take: &mut dyn FnMut(&str) -> Result<()>,
    ) -> Result<usize> {
        let mut used = 0;
        while self.offset < end {
            let Some(found) = line::decode(self.checksum, &bytes[used..]) else { break };
            take(found.text)?;
            used += found.len;
            self.offset += found.len as u64;
            self.checksum = found.checksum;
        }
        Ok(used)
    }

    /// Is there room for these lines, so that the file need not grow?
    pub(crate) fn has_room(&self, texts: &[String]) -> bool {
        self.offset + room_for(texts) as u64 <= self.reserved
    }

    /// Writes lines behind the end, without making them durable or moving the tail.
    ///
    /// # Errors
    /// Those of the disk; what was written in part is overwritten by the next append.
    pub(crate) fn append(&mut self, texts: &[String]) -> Result<Appended> {
        let mut bytes = String::with_capacity(room_for(texts));
        let mut checksum = self.checksum;
        for text in texts {
            checksum = line::append(&mut bytes, checksum, text);
        }
        let offset = self.offset + bytes.len() as u64;
        let is_long = bytes.len() as u64 > MOST_RESERVED;
        if !is_long {
            self.reserve(offset)?;
        }
        self.segment.file.write_at(self.offset, bytes.as_bytes())?;
        if is_long {
            // Before it, zeros would have been written only to be written over.
            self.reserve(offset)?;
        }
        Ok(Appended { offset, checksum })
    }

    fn reserve(&mut self, needed: u64) -> Result<()> {
        if needed <= self.reserved {
            return Ok(());
        }
        let room = room(needed);
        self.segment.file.allocate(room)?;
        self.reserved = room;
        Ok(())
    }

    /// The segment's file, to be synced without holding the tail.
    pub(crate) fn file(&self) -> Arc<dyn DiskFile> {
        Arc::clone(&self.segment.file)
    }

    /// Moves behind lines that are committed now.
    pub(crate) fn advance(&mut self, appended: &Appended) {
        self.offset = appended.offset;
        self.checksum = appended.checksum;
    }

    /// Length of each rows file when the segment was started.
    pub(crate) fn rows(&self) -> &[(String, u64)] {
        &self.segment.header.rows
    }
}
