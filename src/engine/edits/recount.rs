//! Whether the logs are as they were when they were last counted, kept in the cache.
//!
//! A chat's count of messages follows from its log. At open, and when it is read or added to, a log
//! whose length or time is not the one remembered (an edit by hand, a restored backup, a lost cache)
//! is counted anew.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::catalogue::ModelId;
use crate::disk::{Access, SafePath, Stamp};
use crate::error::Result;

use super::marks::{Marks, load, mark, path as marks_path};
use crate::engine::clock;
use crate::engine::core::Engine;
use crate::engine::files::Writer;
use crate::engine::journal::Change;
use crate::engine::logs::{LogIndex, LogKey};
use crate::engine::memory::Record;
use crate::engine::memory::State;

/// Counts the logs that are not as they are remembered (the journal tells of those it changed);
/// gives the owners whose counts were wrong, as they must be.
pub(crate) fn check(engine: &Engine, state: &mut State) -> Result<Vec<Change>> {
    let (mut wrong, mut needs_compaction) = (Vec::new(), Vec::new());
    let known = load(&*engine.disk);
    let layout = Arc::clone(&state.layout);
    let mut now = Marks::new();
    for place in layout.logs() {
        let owners: Vec<Arc<Record>> =
            state.collection(place.owner).iter().map(|(_, record)| Arc::clone(record)).collect();
        for owner in owners {
            let path = layout.log_path(place.model, owner.key())?;
            // Its lines, or that the log of an earlier owner of this key is gone.
            let journaled = state.dirty.logs.contains_key(&(place.model, owner.key().into()));
            let remembered = known.get(path.as_str()).copied();
            let looked = look(engine, state, (place.model, &owner), &path, (remembered, journaled));
            // A link or folder in the place of a log fails the reads of that log only.
            let Ok((stamp, change, dead_lines)) = looked else { continue };
            wrong.extend(change);
            if !journaled {
                engine.stamps.know(path.clone(), stamp);
            }
            if dead_lines {
                needs_compaction.push((place.model, owner.key().into()));
            }
            let counted = stamp.filter(|_| !journaled);
            now.extend(counted.map(|s| (path.as_str().to_owned(), (mark(s), dead_lines))));
        }
    }
    state.dirty.needs_compaction.logs.extend(needs_compaction);
    engine.counted.replace(now);
    Ok(wrong)
}

/// The mark of a log as it was counted, and may it hold dead lines?
type Remembered = ((u64, i128), bool);

/// The state of a log, what its owner's record must be where that is wrong, and may it hold dead lines?
fn look(
    engine: &Engine,
    state: &State,
    (model, owner): (ModelId, &Record),
    path: &SafePath,
    (remembered, journaled): (Option<Remembered>, bool),
) -> Result<(Option<Stamp>, Option<Change>, bool)> {
    let stamp = engine.disk.stamp(path)?;
    if stamp.map(mark) == remembered.map(|(mark, _)| mark) {
        return Ok((stamp, None, remembered.is_some_and(|(_, dead_lines)| dead_lines)));
    }
    if journaled {
        return Ok((stamp, None, false));
    }
    let (change, dead) = count(engine, state, model, owner, path, stamp)?;
    Ok((stamp, change, dead > 0))
}

/// What the owner's record must be where its counts are wrong, and the number of dead lines.
///
/// # Errors
/// Those of the disk.
pub(crate) fn count(
    engine: &Engine,
    state: &State,
    model: ModelId,
    owner: &Record,
    path: &SafePath,
    stamp: Option<Stamp>,
) -> Result<(Option<Change>, usize)> {
    let catalogue = &state.catalogue;
    let Some((owner_model, counted)) = catalogue.counted(model) else { return Ok((None, 0)) };
    if counted.fields.is_none() {
        return Ok((None, 0));
    }
    let index = index(engine, state, model, path, stamp)?;
    let rows = index.committed();
    if !rows.are_whole() {
        // Unreadable lines cannot be counted, so the last known counts stay.
        return Ok((None, 0));
    }
    let ((number, last), dead) = (rows.count(&[]), index.dead());
    let last = last.map(clock::format_ms);
    let declared = catalogue.model(owner_model);
    let wrong = owner.counts(counted) != (number, last.clone());
    let record = owner.with_counts(declared, counted, number, last.as_deref());
    let put = Change::Put { model: owner_model, record: Arc::new(record), new: false };
    Ok((wrong.then_some(put), dead))
}

/// The index of a log's file as it is now.
///
/// # Errors
/// Those of the disk.
pub(super) fn index(
    engine: &Engine,
    state: &State,
    model: ModelId,
    path: &SafePath,
    stamp: Option<Stamp>,
) -> Result<LogIndex> {
    let rows = engine.logs.rows(&state.catalogue, model);
    let Some(stamp) = stamp else { return Ok(LogIndex::empty(path.as_str(), 0, rows)) };
    let file = Arc::from(engine.disk.open(path, Access::Read)?);
    LogIndex::of_file(path.as_str(), file, stamp.len, rows)
}

/// Writes down the state of logs that have changed. The cache may be lost, so a failure is
/// not told.
pub(crate) fn save(engine: &Engine, changed: &BTreeSet<LogKey>) {
    let state = engine.state();
    let paths = changed.iter().filter_map(|key| {
        let path = state.layout.log_path(key.0, &key.1).ok()?;
        Some((path, state.dirty.needs_compaction.logs.contains(key)))
    });
    let paths: Vec<(SafePath, bool)> = paths.collect();
    // Who commits, and then who reads, would wait for the disk.
    drop(state);
    for (path, has_dead_lines) in paths {
        let stamp = engine.disk.stamp(&path).ok().flatten();
        engine.counted.note(&path, stamp, has_dead_lines);
    }
    let _ =
        Writer::on(&*engine.disk).replace(&marks_path(), engine.counted.text().as_bytes(), false);
}
