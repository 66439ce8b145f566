//! Files that may be long, read in pieces.

use super::DiskFile;
use crate::error::Result;

/// Bytes of a file that are in memory at once.
const PIECE: usize = 1 << 20;
/// A longer line is none of the store's: the rest of the file is looked at without it.
const LONGEST_LINE: usize = 64 << 20;

/// Calls `take` with the bytes of a file from an offset on, piece by piece.
///
/// # Errors
/// Those of the disk and of `take`.
pub fn visit_pieces(
    file: &dyn DiskFile,
    from: u64,
    mut take: impl FnMut(&[u8]) -> Result<()>,
) -> Result<()> {
    let (mut bytes, mut offset) = (vec![0; PIECE], from);
    loop {
        let read = file.read_at(offset, &mut bytes)?;
        if read == 0 {
            return Ok(());
        }
        take(&bytes[..read])?;
        offset += read as u64;
    }
}

/// Calls `take` with the lines of a file, without their line feeds.
///
/// # Errors
/// Those of the disk.
pub fn visit_lines(file: &dyn DiskFile, mut take: impl FnMut(&[u8])) -> Result<()> {
    let mut rest = Vec::new();
    visit_pieces(file, 0, |piece| {
        rest.extend_from_slice(piece);
        if let Some(end) = memchr::memrchr(b'\n', piece) {
            let whole = rest.len() - piece.len() + end;
            rest[..whole].split(|byte| *byte == b'\n').for_each(&mut take);
            rest.drain(..=whole);
        } else if rest.len() > LONGEST_LINE {
            rest.clear();
        }
        Ok(())
    })?;
    take(&rest);
    Ok(())
}
