//! Writes files so that a reader, and a crash, find the old or the new content.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use hashbrown::HashSet;

use crate::catalogue::ModelId;
use crate::disk::{Access, Disk, DiskFile, SafePath, Stamp};
use crate::error::{Error, Result};
use crate::jsonl;

use super::compose::{self, Content};
use super::dirty::Unsynced;
use super::layout::{ShownFile, Target};
use crate::engine::journal;
use crate::engine::logs::LogKey;
use crate::engine::memory::State;

/// One piece of work on the files, made from the state and done without it.
pub(crate) enum FileWrite {
    /// The file has exactly this content, or is not there. With `shared`, it holds records that
    /// the journal does not repeat, so the new bytes must be durable before the old ones go.
    Whole { path: SafePath, content: Option<Content>, shared: bool },
    /// These lines are added to a rows file.
    /// What stands behind `ours_from` was written by the store since the last checkpoint.
    Rows { path: SafePath, header: String, lines: String, ours_from: u64 },
    /// These bytes stand at these offsets of a log; with `fresh`, and nothing before them.
    Log { key: LogKey, path: SafePath, fresh: bool, pieces: Vec<(u64, Arc<str>)> },
}

impl FileWrite {
    /// The file.
    pub(crate) fn path(&self) -> &SafePath {
        match self {
            FileWrite::Whole { path, .. }
            | FileWrite::Rows { path, .. }
            | FileWrite::Log { path, .. } => path,
        }
    }

    /// Does a file go whose records may stand in another one now?
    pub(crate) fn removes_shared(&self) -> bool {
        matches!(self, FileWrite::Whole { content: None, shared: true, .. })
    }
}

/// What came of a piece of work.
pub(crate) enum Performed {
    /// The file has this state now.
    Written(Stamp),
    Removed,
    /// Somebody has edited the file since it was looked at: it is read first.
    Refused,
}

/// Everything that the files do not show yet and that may be written, each with its file; the rows
/// files of `anew` are written whole, and those of `lengths` were so long at the last checkpoint.
pub(crate) fn plan(
    state: &State,
    flushed: u64,
    anew: &HashSet<ModelId>,
    lengths: &[(String, u64)],
) -> Result<Vec<(ShownFile, FileWrite)>> {
    let dirty = &state.dirty;
    let mut work = Vec::new();
    for target in dirty.targets.keys().filter(|target| state.is_writable(target)) {
        work.push((ShownFile::Whole(target.clone()), plan_whole(state, target)?));
    }
    for place in state.layout.rows() {
        let file = ShownFile::Rows(place.model);
        if anew.contains(&place.model) {
            let rows = Content::Bytes(compose::all_rows(state, place));
            let (path, content) = (place.path.clone(), Some(rows));
            work.push((file, FileWrite::Whole { path, content, shared: true }));
        } else if let Some(rows) = dirty.rows.get(&place.model) {
            let keys = rows.keys().map(AsRef::as_ref);
            let lines = compose::changed_rows(state, place.model, keys);
            let path = place.path.clone();
            let header = jsonl::header(&place.schema, state.catalogue.migrations.version());
            let known = lengths.iter().find(|(known, _)| *known == path.as_str());
            let ours_from = known.map_or(0, |(_, len)| *len);
            work.push((file, FileWrite::Rows { path, header, lines, ours_from }));
        }
    }
    for key in dirty.logs.keys() {
        let file = ShownFile::Log(key.0, key.1.clone());
        let shown_upto = dirty.shown_upto(&file, flushed);
        work.push((file, plan_log(state, key, shown_upto)?));
    }
    Ok(work)
}

fn plan_whole(state: &State, target: &Target) -> Result<FileWrite> {
    let (path, shared) = (state.layout.path(target)?, !matches!(target, Target::Record(..)));
    Ok(FileWrite::Whole { path, content: compose::target(state, target), shared })
}

fn plan_log(state: &State, key: &LogKey, shown_upto: u64) -> Result<FileWrite> {
    let path = state.layout.log_path(key.0, &key.1)?;
    let Some(pending) = state.logs.get(key) else {
        return Ok(FileWrite::Whole { path, content: None, shared: false });
    };
    let unseen = pending.pieces.first().is_some_and(|piece| piece.at > shown_upto);
    let fresh = pending.fresh && unseen;
    let mut pieces = Vec::new();
    let mut offset = pending.start;
    for piece in &pending.pieces {
        if fresh || piece.at > shown_upto {
            pieces.push((offset, Arc::clone(&piece.bytes)));
        }
        offset += piece.bytes.len() as u64;
    }
    Ok(FileWrite::Log { key: key.clone(), path, fresh, pieces })
}

/// Bytes are gathered up to so many before they are written.
const PIECE: usize = 1 << 20;

/// A file that is being filled from its start.
pub(crate) struct Pieces<'a> {
    file: &'a dyn DiskFile,
    waiting: Vec<u8>,
    written: u64,
    failed: Option<Error>,
}

impl Pieces<'_> {
    fn add_all(&mut self, bytes: &[u8]) -> Result<()> {
        self.add(bytes);
        Ok(())
    }

    /// Adds bytes to the end; `finish` tells when they could not be written.
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        if self.waiting.is_empty() && bytes.len() >= PIECE {
            return self.write(bytes);
        }
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= PIECE {
            let waiting = std::mem::take(&mut self.waiting);
            self.write(&waiting);
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        if self.failed.is_none() {
            self.failed = self.file.write_at(self.written, bytes).err();
        }
        self.written += bytes.len() as u64;
    }

    fn finish(mut self) -> Result<()> {
        let waiting = std::mem::take(&mut self.waiting);
        if !waiting.is_empty() || self.written == 0 {
            self.write(&waiting);
        }
        self.failed.map_or(Ok(()), Err)
    }
}

/// Does the work on the files.
pub(crate) struct Writer<'a> {
    disk: &'a dyn Disk,
    /// Folders that are sure to have been there: not one look at them for each of a thousand files. When
    /// somebody removes one meanwhile, nothing can be put into it, and the next writer makes it anew.
    made: RefCell<HashSet<SafePath>>,
}

impl<'a> Writer<'a> {
    /// A writer for a moment's work.
    pub(crate) fn on(disk: &'a dyn Disk) -> Writer<'a> {
        Writer { disk, made: RefCell::default() }
    }

    /// Does one piece of work on a file that is in the state `known`, or is not there.
    ///
    /// # Errors
    /// Those of the disk; doing the work again mends what was half done.
    pub(crate) fn perform(&self, work: &FileWrite, known: Option<&Stamp>) -> Result<Performed> {
        let stamp = match work {
            FileWrite::Whole { path, content: Some(content), shared } => {
                self.replace_known(path, content.text().as_bytes(), *shared, known)?
            }
            FileWrite::Whole { path, content: None, .. } => {
                self.disk.remove(path)?;
                return Ok(Performed::Removed);
            }
            FileWrite::Rows { path, header, lines, ours_from } => {
                self.add_rows(path, (header, lines), *ours_from, known)?
            }
            FileWrite::Log { path, fresh, pieces, .. } => Some(self.add_log(path, *fresh, pieces)?),
        };
        Ok(stamp.map_or(Performed::Refused, Performed::Written))
    }

    /// Puts new bytes in the place of a file by a rename; gives its state.
    ///
    /// # Errors
    /// Those of the disk.
    pub(crate) fn replace(&self, path: &SafePath, bytes: &[u8], durable: bool) -> Result<Stamp> {
        let add = |pieces: &mut Pieces<'_>| pieces.add_all(bytes);
        let (draft, stamp) = self.draft(path, durable, add)?;
        self.disk.rename(&draft, path).map(|()| stamp)
    }

    /// The same for a file that is in the state `known`, or is not there; `None`, with nothing changed,
    /// when somebody has edited it since.
    ///
    /// # Errors
    /// Those of the disk.
    pub(crate) fn replace_known(
        &self,
        path: &SafePath,
        bytes: &[u8],
        durable: bool,
        known: Option<&Stamp>,
    ) -> Result<Option<Stamp>> {
        self.replace_in_pieces(path, durable, known, |pieces| pieces.add_all(bytes))
    }

    /// The same with bytes that come piece by piece, of which no more than one is in memory.
    ///
    /// # Errors
    /// Those of the disk and of `fill`.
    pub(crate) fn replace_in_pieces(
        &self,
        path: &SafePath,
        durable: bool,
        known: Option<&Stamp>,
        fill: impl FnOnce(&mut Pieces<'_>) -> Result<()>,
    ) -> Result<Option<Stamp>> {
        let (draft, stamp) = self.draft(path, durable, fill)?;
        Ok(self.disk.replace(&draft, path, known)?.then_some(stamp))
    }

    /// Writes new bytes of a file beside it; gives their place, and the state that the file will have.
    fn draft(
        &self,
        path: &SafePath,
        durable: bool,
        fill: impl FnOnce(&mut Pieces<'_>) -> Result<()>,
    ) -> Result<(SafePath, Stamp)> {
        self.make_folder(journal::folder())?;
        let draft = draft_of(path)?;
        let file = match self.disk.open(&draft, Access::New) {
            // A draft that a crash left may be a second name of the file in place: a new one is made,
            // the old one never written to.
            Err(_) if self.disk.remove(&draft)? => self.disk.open(&draft, Access::New)?,
            opened => opened?,
        };
        let mut pieces = Pieces { file: &*file, waiting: Vec::new(), written: 0, failed: None };
        fill(&mut pieces)?;
        pieces.finish()?;
        if durable {
            file.sync()?;
        }
        // Of the file itself: its name may be that of an edited one in a moment.
        let stamp = file.stamp()?;
        self.make_folder_of(path)?;
        Ok((draft, stamp))
    }

    fn make_folder_of(&self, path: &SafePath) -> Result<()> {
        path.parent().map_or(Ok(()), |folder| self.make_folder(folder))
    }

    fn make_folder(&self, folder: SafePath) -> Result<()> {
        if !self.made.borrow().contains(&folder) {
            self.disk.create_dir(&folder)?;
            self.made.borrow_mut().insert(folder);
        }
        Ok(())
    }

    fn add_rows(
        &self,
        path: &SafePath,
        (header, lines): (&str, &str),
        ours_from: u64,
        known: Option<&Stamp>,
    ) -> Result<Option<Stamp>> {
        self.make_folder_of(path)?;
        let file = self.disk.open(path, Access::Create)?;
        let now = file.stamp()?;
        if known.map_or(now.len != 0, |known| *known != now) {
            return Ok(None);
        }
        let mut len = now.len;
        let mut bytes = String::new();
        if len == 0 {
            bytes = format!("{header}\n");
        } else if let Some(start) = unfinished_line(&*file, len)? {
            // A line that a killed process left half written is in the journal and comes again;
            // one that an editor left without its line feed stays, whatever it is.
            if start < ours_from || ends_whole(&*file, start, len)? {
                bytes.push('\n');
            } else {
                len = start;
                file.set_len(len)?;
            }
        }
        bytes += lines;
        file.write_at(len, bytes.as_bytes())?;
        let stamp = file.stamp()?;
        // An editor may have put another file in the place of the one that is open.
        Ok(self.disk.is_in_state(path, &stamp)?.then_some(stamp))
    }

    fn add_log(&self, path: &SafePath, fresh: bool, pieces: &[(u64, Arc<str>)]) -> Result<Stamp> {
        if fresh {
            let bytes: String = pieces.iter().map(|(_, bytes)| &**bytes).collect();
            return self.replace(path, bytes.as_bytes(), false);
        }
        self.make_folder_of(path)?;
        let file = self.disk.open(path, Access::Create)?;
        let mut at = 0;
        while at < pieces.len() {
            let (offset, mut bytes) = (pieces[at].0, String::new());
            while let Some((_, piece)) =
                pieces.get(at).filter(|p| p.0 == offset + bytes.len() as u64)
            {
                bytes += piece;
                at += 1;
            }
            file.write_at(offset, bytes.as_bytes())?;
        }
        file.stamp()
    }

    /// Makes the names of files durable, and those of the folders above them.
    ///
    /// # Errors
    /// Those of the disk.
    pub(crate) fn sync_names(&self, paths: &[SafePath]) -> Result<()> {
        let above = |path: &SafePath| std::iter::successors(path.parent(), SafePath::parent);
        let folders: BTreeSet<SafePath> = paths.iter().flat_map(above).collect();
        folders.iter().try_for_each(|folder| self.disk.sync_dir(folder))
    }
}

/// The paths of everything that was changed since the last checkpoint.
pub(crate) fn paths_of(state: &State, unsynced: &Unsynced) -> Result<Vec<SafePath>> {
    let mut paths = Vec::new();
    for target in &unsynced.targets {
        paths.push(state.layout.path(target)?);
    }
    let changed = |model: &ModelId| unsynced.rows.contains(model);
    paths.extend(state.layout.rows().iter().filter(|p| changed(&p.model)).map(|p| p.path.clone()));
    for key in &unsynced.logs {
        paths.push(state.layout.log_path(key.0, &key.1)?);
    }
    Ok(paths)
}

/// The name under which a file is written before it takes its place.
fn draft_of(path: &SafePath) -> Result<SafePath> {
    journal::folder().join(&format!("{}.draft", path.as_str().replace('/', "~")))
}

/// Where the last line starts when it has no line feed.
fn unfinished_line(file: &dyn crate::disk::DiskFile, len: u64) -> Result<Option<u64>> {
    let mut last = [0];
    file.read_at(len - 1, &mut last)?;
    if last == [b'\n'] {
        return Ok(None);
    }
    let mut end = len;
    while end > 0 {
        let start = end.saturating_sub(64 * 1024);
        let mut bytes = vec![0; usize::try_from(end - start).unwrap_or_default()];
        file.read_at(start, &mut bytes)?;
        if let Some(at) = memchr::memrchr(b'\n', &bytes) {
            return Ok(Some(start + at as u64 + 1));
        }
        end = start;
    }
    Ok(Some(0))
}

fn ends_whole(file: &dyn crate::disk::DiskFile, start: u64, len: u64) -> Result<bool> {
    let mut bytes = vec![0; usize::try_from(len - start).unwrap_or_default()];
    file.read_at(start, &mut bytes)?;
    Ok(crate::json::parse_bytes(&bytes).is_ok())
}
