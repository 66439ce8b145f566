//! The indexes of the logs that were used last, within bounds.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use hashbrown::HashMap;

use crate::catalogue::{Catalogue, ModelId};
use crate::disk::{Access, Disk, DiskFile, SafePath, Stamp};
use crate::error::{Error, Result};
use crate::sync::{locked, locked_soon};

use super::index::{LogIndex, Rows};
use crate::engine::edits::Fit;
use crate::engine::fingerprint::Fingerprint;
use crate::engine::logs::{LogKey, PendingLog};

/// At most so many indexes are kept,
const MAX_LOGS: usize = 4096;
/// of which so many keep their file open; the others have their text in memory.
const MAX_FILES: usize = 128;
/// The indexes together take at most about so many bytes, and the texts beside them as many.
const MAX_BYTES: usize = 64 << 20;

/// May an answer come from the disk, or from memory only?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Memory,
    Disk,
}

/// What a caller needs of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// Whether a row is there, which the index tells without any text.
    Presence,
    /// Which rows there are.
    Ids,
    /// What they say.
    Texts,
}

/// A log, and what there is to know of it before it is read.
#[derive(Clone, Copy)]
pub(crate) struct LogSite<'a> {
    pub(crate) disk: &'a dyn Disk,
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) key: &'a LogKey,
    pub(crate) path: &'a SafePath,
    /// Its lines in the journal.
    pub(crate) pending: Option<&'a PendingLog>,
}

/// One kept index and when it was used last.
struct Kept {
    index: Arc<Mutex<LogIndex>>,
    used: u64,
}

/// Room is made once so many logs, or so many bytes of text, have come since the last time: to find what
/// was used last takes a look at all of them.
const UNSWEPT_LOGS: usize = 32;
const UNSWEPT_BYTES: usize = MAX_BYTES / 8;

#[derive(Default)]
struct Shelf {
    logs: HashMap<LogKey, Kept>,
    /// How often a log was used.
    uses: u64,
    /// Logs, and bytes of their texts, that have come since room was made.
    unswept: (usize, usize),
}

/// The indexes of the logs that were used last.
pub(crate) struct LogCache {
    kept: Mutex<Shelf>,
    /// May the files hold what a crash has torn? Until the journal has been brought into them.
    torn: AtomicBool,
    max_record_bytes: usize,
}

impl LogCache {
    /// An empty cache.
    pub(crate) fn new(max_record_bytes: usize) -> LogCache {
        LogCache { kept: Mutex::default(), torn: AtomicBool::new(false), max_record_bytes }
    }

    /// What there is to know of the rows of a model.
    pub(crate) fn rows(&self, catalogue: &Catalogue, model: ModelId) -> Rows {
        Rows::of(catalogue, model, self.max_record_bytes)
    }

    /// There was a crash, and the journal has what the files lack.
    pub(crate) fn after_crash(&self) {
        self.torn.store(true, Ordering::Release);
    }

    /// The files hold everything.
    pub(crate) fn not_torn(&self) {
        self.torn.store(false, Ordering::Release);
    }

    /// May the files hold what a crash has torn?
    pub(crate) fn may_be_torn(&self) -> bool {
        self.torn.load(Ordering::Acquire)
    }

    /// Calls `read` with the index of a log brought up to date; `None` when that needs the disk
    /// and `source` does not allow it.
    pub(crate) fn with<T>(
        &self,
        site: LogSite<'_>,
        (source, need): (Source, Need),
        read: impl FnOnce(&LogIndex) -> Result<T>,
    ) -> Result<Option<T>> {
        if let Some(index) = self.find(site.key, source) {
            let Some(mut index) = lock_for(source, &index) else { return Ok(None) };
            if bring_up_to_date(&mut index, site, source)? {
                match source {
                    Source::Memory if need != Need::Presence && !index.holds_text() => {
                        return Ok(None);
                    }
                    // Its text made room for others, and is wanted again.
                    Source::Disk if need == Need::Texts && index.lacks_text() => {}
                    _ => return read(&index).map(Some),
                }
            }
        }
        if source == Source::Memory {
            return Ok(None);
        }
        let rows = self.rows(site.catalogue, site.key.0);
        let (index, fit) = build(site, rows, self.may_be_torn())?;
        let answer = read(&index);
        if fit == Fit::Whole {
            self.keep(site.key, index);
        }
        let answer = answer?;
        Ok(Some(answer))
    }

    /// The fingerprint of a log whose index is kept and up to date.
    pub(crate) fn fingerprint(
        &self,
        site: LogSite<'_>,
        source: Source,
    ) -> Result<Option<Fingerprint>> {
        let Some(index) = self.find(site.key, source) else { return Ok(None) };
        let Some(mut index) = lock_for(source, &index) else { return Ok(None) };
        let current = bring_up_to_date(&mut index, site, source)?;
        Ok(current.then(|| index.fingerprint()))
    }

    /// Takes the pending lines of logs that are about to be forgotten: with them an index is that of
    /// the file, and without them it would have to be built anew.
    pub(crate) fn absorb(&self, logs: &HashMap<LogKey, PendingLog>) {
        let mut kept = locked(&self.kept);
        for (key, kept) in &kept.logs {
            let Some(pending) = logs.get(key) else { continue };
            let mut index = locked(&kept.index);
            let continues = if pending.fresh {
                index.generation == pending.generation
            } else {
                index.stamp.is_some() && index.end >= pending.start
            };
            if continues {
                extend(&mut index, pending);
            }
        }
        make_room(&mut kept);
    }

    /// The rows of a log as it was last read, where its text is still in memory.
    pub(crate) fn kept_rows(&self, key: &LogKey) -> Option<Vec<Arc<str>>> {
        let index = self.find(key, Source::Disk)?;
        let index = locked(&index);
        let mut rows = Vec::new();
        let read = index.holds_text().then(|| index.committed().visit(|row| rows.push(row.into())));
        read?.ok().map(|()| rows)
    }

    /// What is wrong with the logs that are in memory.
    pub(crate) fn faults(&self) -> Vec<Error> {
        let kept = locked(&self.kept);
        let of_log = |kept: &Kept| locked(&kept.index).faults().cloned().collect::<Vec<_>>();
        kept.logs.values().flat_map(of_log).collect()
    }

    /// Forgets a log.
    pub(crate) fn forget(&self, key: &LogKey) {
        locked(&self.kept).logs.remove(key);
    }

    /// The keys of the logs whose dead lines outweigh the live ones, or with `all`, that have any.
    pub(crate) fn wasteful(&self, all: bool) -> Vec<LogKey> {
        let kept = locked(&self.kept);
        let wasteful = kept.logs.iter().filter(|(_, kept)| {
            let index = locked(&kept.index);
            index.dead() > if all { 0 } else { index.live() + 1000 }
        });
        wasteful.map(|(key, _)| key.clone()).collect()
    }

    fn find(&self, key: &LogKey, source: Source) -> Option<Arc<Mutex<LogIndex>>> {
        let mut guard = match source {
            Source::Memory => locked_soon(&self.kept)?,
            Source::Disk => locked(&self.kept),
        };
        guard.uses += 1;
        let now = guard.uses;
        let kept = guard.logs.get_mut(key)?;
        kept.used = now;
        Some(Arc::clone(&kept.index))
    }

    fn keep(&self, key: &LogKey, index: LogIndex) {
        let mut guard = locked(&self.kept);
        guard.uses += 1;
        guard.unswept.0 += 1;
        guard.unswept.1 += index.text_weight();
        let used = guard.uses;
        guard.logs.insert(key.clone(), Kept { index: Arc::new(Mutex::new(index)), used });
        if guard.unswept.0 >= UNSWEPT_LOGS || guard.unswept.1 >= UNSWEPT_BYTES {
            make_room(&mut guard);
        }
    }
}

/// Keeps what was used last, and the one that was used last in any case.
fn make_room(shelf: &mut Shelf) {
    shelf.unswept = (0, 0);
    let mut by_use: Vec<(u64, LogKey)> =
        shelf.logs.iter().map(|(key, kept)| (kept.used, key.clone())).collect();
    by_use.sort_unstable_by_key(|(used, _)| std::cmp::Reverse(*used));
    let (mut texts, mut indexes) = (0, 0);
    for (place, (_, key)) in by_use.into_iter().enumerate() {
        let Some(one) = shelf.logs.get(&key) else { continue };
        let mut index = locked(&one.index);
        texts += index.text_weight();
        indexes += index.weight();
        if place == 0 {
            continue;
        }
        let is_too_much = texts > MAX_BYTES;
        if is_too_much {
            texts -= index.text_weight();
            index.forget_text();
        }
        // Without its file, a text cannot be let go of alone.
        let is_lost = is_too_much && index.holds_text();
        let is_apart = place >= MAX_FILES && !index.close_file();
        drop(index);
        if is_lost || is_apart || place >= MAX_LOGS || indexes > MAX_BYTES {
            shelf.logs.remove(&key);
        }
    }
}

/// A thread that reads from the disk may hold an index: the JavaScript thread must not wait.
fn lock_for(source: Source, index: &Mutex<LogIndex>) -> Option<MutexGuard<'_, LogIndex>> {
    match source {
        Source::Memory => index.try_lock().ok(),
        Source::Disk => Some(locked(index)),
    }
}

/// Brings an index up to date; `false` when it is stale and must be built anew.
fn bring_up_to_date(index: &mut LogIndex, site: LogSite<'_>, source: Source) -> Result<bool> {
    let LogSite { disk, path, pending, .. } = site;
    if let Some(pending) = pending.filter(|pending| pending.fresh) {
        let same = index.generation == pending.generation;
        if same {
            extend(index, pending);
        }
        return Ok(same);
    }
    let Some(stamp) = disk.stamp(path)? else { return Ok(index.end == 0 && pending.is_none()) };
    let Some(known) = index.stamp else {
        return find_file(index, site, stamp, source);
    };
    if known.file_number != stamp.file_number {
        return Ok(false);
    }
    match pending {
        Some(pending) if index.may_go_on_at(pending.start) => {
            extend(index, pending);
        }
        None if known == stamp => {}
        // Only our own lines were added since: the file has them now.
        None if index.has_grown() && stamp.len == index.end => index.restamp(Some(stamp)),
        _ => return Ok(false),
    }
    Ok(true)
}

/// For an index that was built from the journal alone: the file that has its bytes now.
fn find_file(
    index: &mut LogIndex,
    LogSite { disk, path, pending, .. }: LogSite<'_>,
    stamp: Stamp,
    source: Source,
) -> Result<bool> {
    let start = pending.map_or(stamp.len, |pending| pending.start);
    if source == Source::Memory || index.end != start || index.end == 0 {
        return Ok(false);
    }
    index.settle(Arc::from(disk.open(path, Access::Read)?), Some(stamp));
    if let Some(pending) = pending {
        extend(index, pending);
    }
    Ok(true)
}

/// Takes what the index does not have yet; a long log has many pieces that it has.
fn extend(index: &mut LogIndex, pending: &PendingLog) {
    let mut offset = pending.end;
    let mut new = Vec::new();
    for piece in pending.pieces.iter().rev() {
        offset -= piece.bytes.len() as u64;
        if offset < index.end {
            break;
        }
        new.push(piece);
    }
    new.iter().rev().for_each(|piece| index.extend(piece.bytes.as_bytes()));
}

/// The index of a log as it will be once the journal is in its file.
fn build(site: LogSite<'_>, rows: Rows, may_be_torn: bool) -> Result<(LogIndex, Fit)> {
    let LogSite { disk, path, pending, .. } = site;
    let mut fit = Fit::Whole;
    let generation = pending.map_or(0, |pending| pending.generation);
    let stamp = match pending {
        Some(pending) if pending.fresh => None,
        _ => disk.stamp(path)?,
    };
    let mut index = match stamp {
        None => LogIndex::empty(path.as_str(), generation, rows),
        Some(stamp) => {
            let file: Arc<dyn DiskFile> = Arc::from(disk.open(path, Access::Read)?);
            if let Some(pending) = pending {
                fit = Fit::of(Some(&*file), pending, 0, may_be_torn)?;
            }
            let as_written = pending.filter(|_| fit == Fit::Whole);
            let len = as_written.map_or(stamp.len, |pending| pending.start);
            let mut index = LogIndex::of_file(path.as_str(), file, len, rows)?;
            index.refuse_newer()?;
            index.restamp(Some(stamp));
            index
        }
    };
    match (&fit, pending) {
        (Fit::Edited { missing }, _) => index.extend_edited(missing),
        (Fit::Whole, Some(pending)) => extend(&mut index, pending),
        (Fit::Whole, None) => {}
    }
    Ok((index, fit))
}
