//! The lines of a log that the journal still holds.

use std::sync::Arc;

use crate::catalogue::ModelId;

/// A log by its model and its owner's key.
pub(crate) type LogKey = (ModelId, Box<str>);

/// The lines of a log that the journal still holds.
#[derive(Debug, Clone)]
pub(crate) struct PendingLog {
    /// Counts up when the log starts anew, so that an index of the old one is seen to be stale.
    pub(crate) generation: u64,
    /// Does the log start anew with these lines?
    pub(crate) fresh: bool,
    /// Offset of the first of these bytes.
    pub(crate) start: u64,
    /// The lines, one piece a change.
    pub(crate) pieces: Vec<Piece>,
    /// Offset behind the last of them: the length of the log.
    pub(crate) end: u64,
}

/// The lines that one change adds to a log.
#[derive(Debug, Clone)]
pub(crate) struct Piece {
    /// The position of its commit.
    pub(crate) at: u64,
    /// Are all its rows new?
    pub(crate) adds: bool,
    pub(crate) bytes: Arc<str>,
}

impl PendingLog {
    /// The part that the commits up to a position have written.
    pub(crate) fn upto(&self, position: u64) -> PendingLog {
        let pieces: Vec<Piece> =
            self.pieces.iter().filter(|piece| piece.at <= position).cloned().collect();
        let end = self.start + pieces.iter().map(|piece| piece.bytes.len() as u64).sum::<u64>();
        PendingLog { pieces, end, ..*self }
    }
}
