//! Is a log's file what the journal takes it for?
//!
//! The journal names the lines of a log by their offsets. They fit a file that only the store has
//! written; one that was edited by hand since the journal began has its own ends, and may lack lines
//! that are committed. Nothing here depends on what a process remembers, so whoever comes after a
//! crash finds the same.

use hashbrown::HashMap;
use indexmap::IndexMap;

use crate::disk::{DiskFile, visit_lines};
use crate::error::Result;
use crate::jsonl::{self, Line};

use crate::engine::logs::{KEY, PendingLog, Piece};

/// How a log's file and the lines that the journal holds of it go together.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    /// The lines belong at their offsets.
    Whole,
    /// Somebody else has written the file. At its end go these lines: what is committed and it does
    /// not say.
    Edited { missing: String },
}

impl Fit {
    /// Compares a file with the pending lines. At least the first `flushed` bytes of those were
    /// written to it; after a crash (`may_be_torn`) there may be anything in their place.
    ///
    /// # Errors
    /// Those of the disk.
    pub(crate) fn of(
        file: Option<&dyn DiskFile>,
        pending: &PendingLog,
        flushed: u64,
        may_be_torn: bool,
    ) -> Result<Fit> {
        let len = file.map_or(Ok(0), DiskFile::len)?;
        let committed: String = pending.pieces.iter().map(|piece| &*piece.bytes).collect();
        let read = |from: u64| -> Result<Vec<u8>> {
            let mut bytes = vec![0; usize::try_from(len - from).unwrap_or_default()];
            let read = file.map_or(Ok(0), |file| file.read_at(from, &mut bytes))?;
            bytes.truncate(read);
            Ok(bytes)
        };
        if (pending.start..=pending.end).contains(&len) {
            let bytes = read(pending.start.saturating_sub(1))?;
            let (before, tail) = bytes.split_at(bytes.len().min(usize::from(pending.start > 0)));
            // The first of the lines brings the line feed that the one before it lacks.
            let joins = (before == [b'\n'] || before.is_empty()) != committed.starts_with('\n');
            let written = committed.as_bytes().starts_with(tail) && tail.len() as u64 >= flushed;
            // A torn write harms nothing before it; an edit leaves lines.
            if joins && (written || (may_be_torn && !are_lines(tail))) {
                return Ok(Fit::Whole);
            }
        }
        missing(file, &pending.pieces).map(|missing| Fit::Edited { missing })
    }
}

/// The texts of the lines that say something.
fn texts(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let texts = bytes.split(|byte| *byte == b'\n').map(|line| jsonl::trimmed(line).1);
    texts.filter(|text| !text.is_empty())
}

fn are_lines(bytes: &[u8]) -> bool {
    texts(bytes).all(|text| jsonl::look(text, KEY).is_ok())
}

/// For each row that the committed lines are about, the last of these, unless the file has it, or
/// has another one of a row that came with that line: then the line is what was edited.
fn missing(file: Option<&dyn DiskFile>, committed: &[Piece]) -> Result<String> {
    let mut wanted: IndexMap<String, (&str, bool)> = IndexMap::new();
    let mut header = None;
    for piece in committed {
        for line in piece.bytes.lines() {
            let Some(id) = id_of(line) else {
                header = Some(line).filter(|line| !line.is_empty()).or(header);
                continue;
            };
            let is_new = piece.adds && !wanted.contains_key(&id);
            wanted.insert(id, (line, is_new));
        }
    }
    // Whether the last line about a row is the committed one, and the version of what follows.
    let (mut found, mut version): (HashMap<String, bool>, u64) = (HashMap::new(), 1);
    if let Some(file) = file {
        visit_lines(file, |line| {
            let text = jsonl::trimmed(line).1;
            match jsonl::look(text, KEY) {
                Ok(Line::Header { version: of_rest }) => version = of_rest,
                Ok(Line::Row(id, _) | Line::Deleted(id)) => {
                    if let Some((line, _)) = wanted.get(&*id) {
                        found.insert(id.into_owned(), line.as_bytes() == text);
                    }
                }
                Err(_) => {}
            }
        })?;
    }
    let lacks = |id: &String, is_new: bool| found.get(id).is_none_or(|is_same| !is_same && !is_new);
    let missing = wanted.iter().filter(|(id, (_, is_new))| lacks(id, *is_new));
    let missing: String = missing.map(|(_, (line, _))| format!("{line}\n")).collect();
    // Of which version they are, where the file is of an older one.
    let is_empty = file.map_or(Ok(true), DiskFile::is_empty)?;
    let header = header.filter(|_| !missing.is_empty() && !is_empty);
    Ok(match header.filter(|header| jsonl::first_version(header.as_bytes()) > version) {
        Some(header) => format!("{header}\n{missing}"),
        None => missing,
    })
}

fn id_of(line: &str) -> Option<String> {
    match jsonl::look(line.as_bytes(), KEY).ok()? {
        Line::Row(id, _) | Line::Deleted(id) => Some(id.into_owned()),
        Line::Header { .. } => None,
    }
}
