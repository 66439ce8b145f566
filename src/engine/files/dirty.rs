//! What the files do not show yet, and what they show but may lose with the power.

use std::collections::BTreeSet;
use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use indexmap::IndexMap;

use crate::catalogue::ModelId;

use super::blocked::Blocked;
use super::layout::{ShownFile, Target};
use crate::engine::logs::LogKey;
use crate::engine::memory::Record;

/// A change of a record that the files may not show yet.
#[derive(Debug)]
pub(crate) struct Before {
    /// The position of its commit.
    pub(crate) at: u64,
    pub(crate) model: ModelId,
    pub(crate) old: Option<Arc<Record>>,
    pub(crate) new: Option<Arc<Record>>,
}

impl Before {
    /// The key of the record.
    pub(crate) fn key(&self) -> &str {
        let record = self.new.as_ref().or(self.old.as_ref());
        record.map_or("", |record| record.key())
    }
}

/// What must be written to the files, each with the position of the commit that last changed it.
#[derive(Debug, Default)]
pub(crate) struct Dirty {
    pub(crate) targets: HashMap<Target, u64>,
    /// Rows by model, in the order in which they were first changed.
    pub(crate) rows: HashMap<ModelId, IndexMap<Box<str>, u64>>,
    pub(crate) logs: HashMap<LogKey, u64>,
    /// The files that could not be written; what they lack stays above, and in the journal.
    pub(crate) blocked: Blocked,
    /// Up to where this process has brought the files but for some, and up to where it has brought
    /// each of those. The word `FLUSHED` stays behind while there are such, for others try them too.
    written: u64,
    lagging: HashMap<ShownFile, u64>,
    /// What was changed since the last checkpoint, written or not.
    pub(crate) unsynced: Unsynced,
    /// What else was, and is durable, as long as whoever makes a checkpoint holds the files.
    synced: Unsynced,
    /// The records whose keys are names of files and that went since the last checkpoint: model and key in
    /// lower case, and the key.
    gone: HashMap<(ModelId, Box<str>), Box<str>>,
    /// What records were before they were changed, oldest change first: the files still show the
    /// first of them, and an edit of such a file is one of that.
    pub(crate) before: Vec<Before>,
    /// What may hold dead lines, or lines that are not in the order of creation.
    pub(crate) needs_compaction: NeedsCompaction,
}

/// What is brought into its final form when the last process leaves: the same calls then leave
/// the same bytes, however they were grouped.
#[derive(Debug, Default, Clone)]
pub(crate) struct NeedsCompaction {
    pub(crate) rows: BTreeSet<ModelId>,
    pub(crate) logs: BTreeSet<LogKey>,
}

/// What a checkpoint must make durable.
#[derive(Debug, Default, Clone)]
pub(crate) struct Unsynced {
    pub(crate) targets: BTreeSet<Target>,
    pub(crate) rows: BTreeSet<ModelId>,
    pub(crate) logs: BTreeSet<LogKey>,
}

impl Unsynced {
    fn take(&mut self, mut other: Unsynced) {
        self.targets.append(&mut other.targets);
        self.rows.append(&mut other.rows);
        self.logs.append(&mut other.logs);
    }
}

impl Dirty {
    /// What is written is durable too: nobody else writes files, for the caller holds their lock.
    pub(crate) fn note_synced(&mut self) {
        let all = std::mem::take(&mut self.unsynced);
        let (targets, unwritten): (BTreeSet<_>, BTreeSet<_>) =
            all.targets.into_iter().partition(|target| !self.targets.contains_key(target));
        self.unsynced.targets = unwritten;
        let (rows, unwritten): (BTreeSet<_>, BTreeSet<_>) =
            all.rows.into_iter().partition(|model| !self.rows.contains_key(model));
        self.unsynced.rows = unwritten;
        let (logs, unwritten): (BTreeSet<_>, BTreeSet<_>) =
            all.logs.into_iter().partition(|key| !self.logs.contains_key(key));
        self.unsynced.logs = unwritten;
        self.synced.take(Unsynced { targets, rows, logs });
    }

    /// The file of a log was put in place anew.
    pub(crate) fn replaced_log(&mut self, key: &LogKey) {
        self.unsynced.logs.insert(key.clone());
        self.needs_compaction.logs.insert(key.clone());
    }

    /// Other processes may have written the files since they were synced.
    pub(crate) fn doubt_synced(&mut self) {
        let synced = std::mem::take(&mut self.synced);
        self.unsynced.take(synced);
    }

    /// The journal goes: nothing was changed since.
    pub(crate) fn forget_changed(&mut self) {
        self.unsynced = Unsynced::default();
        self.synced = Unsynced::default();
        self.gone.clear();
    }

    /// A record went whose key is the name of a file.
    pub(crate) fn gone(&mut self, model: ModelId, key: &str) {
        self.gone.insert((model, key.to_ascii_lowercase().into()), key.into());
    }

    /// The key of a record that went since the last checkpoint, when it differs from `key` in case only.
    pub(crate) fn gone_in_other_case(&self, model: ModelId, key: &str) -> Option<&str> {
        if self.gone.is_empty() {
            return None;
        }
        let gone = self.gone.get(&(model, key.to_ascii_lowercase().into()))?;
        (**gone != *key).then_some(gone)
    }

    /// The files written whole that were changed since the last checkpoint.
    pub(crate) fn changed_targets(&self) -> impl Iterator<Item = &Target> {
        self.unsynced.targets.iter().chain(&self.synced.targets)
    }

    /// The logs that were changed since the last checkpoint.
    pub(crate) fn changed_logs(&self) -> impl Iterator<Item = &LogKey> {
        self.unsynced.logs.iter().chain(&self.synced.logs)
    }

    /// Was a row of a model changed since the last checkpoint?
    pub(crate) fn has_changed_rows(&self, model: ModelId) -> bool {
        self.unsynced.rows.contains(&model) || self.synced.rows.contains(&model)
    }

    /// A file that is written whole has changed.
    pub(crate) fn target(&mut self, target: Target, position: u64) {
        self.unsynced.targets.insert(target.clone());
        self.targets.insert(target, position);
    }

    /// A row has changed.
    pub(crate) fn row(&mut self, model: ModelId, key: &str, position: u64) {
        self.unsynced.rows.insert(model);
        self.needs_compaction.rows.insert(model);
        self.rows.entry(model).or_default().insert(key.into(), position);
    }

    /// A log has grown, has started anew or is gone.
    pub(crate) fn log(&mut self, key: LogKey, position: u64) {
        self.unsynced.logs.insert(key.clone());
        self.logs.insert(key, position);
    }

    /// Up to where a file shows what was committed, when all of them do up to `flushed`.
    pub(crate) fn shown_upto(&self, file: &ShownFile, flushed: u64) -> u64 {
        self.lagging.get(file).map_or(self.written, |upto| *upto).max(flushed)
    }

    /// Is a change of a file still on its way into it?
    pub(crate) fn has(&self, file: &ShownFile) -> bool {
        match file {
            ShownFile::Whole(target) => self.targets.contains_key(target),
            ShownFile::Rows(model) => self.rows.contains_key(model),
            ShownFile::Log(model, owner) => self.logs.contains_key(&(*model, owner.clone())),
        }
    }

    /// Forgets what the files show: all of them show everything up to `position`.
    pub(crate) fn note_flushed(&mut self, position: u64) {
        self.forget(position, &HashSet::new());
        let mut lagging = std::mem::take(&mut self.lagging);
        lagging.retain(|file, _| self.has(file));
        self.lagging = lagging;
        self.written = self.written.max(position);
        self.forget_before();
    }

    /// Another process has brought everything up to `position` safely into the files.
    pub(crate) fn note_checkpoint(&mut self, position: u64) {
        self.note_flushed(position);
        self.forget_changed();
        self.blocked = Blocked::default();
    }

    /// Forgets what the files show: those of `unwritten` no more than they did, when all files showed
    /// everything up to `flushed`; the others everything up to `position`.
    pub(crate) fn note_written(
        &mut self,
        position: u64,
        flushed: u64,
        unwritten: &HashSet<ShownFile>,
    ) {
        let lag = |file: &ShownFile| (file.clone(), self.shown_upto(file, flushed));
        self.lagging = unwritten.iter().map(lag).collect();
        self.forget(position, unwritten);
        self.written = self.written.max(position);
        self.forget_before();
    }

    fn forget(&mut self, position: u64, unwritten: &HashSet<ShownFile>) {
        let lags = |at: &u64, file: &dyn Fn() -> ShownFile| {
            *at > position || (!unwritten.is_empty() && unwritten.contains(&file()))
        };
        self.targets.retain(|target, at| lags(at, &|| ShownFile::Whole(target.clone())));
        self.logs.retain(|key, at| lags(at, &|| ShownFile::Log(key.0, key.1.clone())));
        self.rows.retain(|model, rows| {
            rows.retain(|_, at| lags(at, &|| ShownFile::Rows(*model)));
            !rows.is_empty()
        });
    }

    /// What could not be written still stands in its file as it was.
    fn forget_before(&mut self) {
        let shown = self.lagging.values().fold(self.written, |least, upto| least.min(*upto));
        self.before.drain(..self.before.partition_point(|before| before.at <= shown));
    }

    /// The changes that a file may not show yet, when all files show everything up to `flushed`.
    pub(crate) fn unshown(&self, file: &ShownFile, flushed: u64) -> impl Iterator<Item = &Before> {
        let upto = self.shown_upto(file, flushed);
        self.before.iter().filter(move |before| before.at > upto)
    }

    /// Is there something to be written now? What could not be a moment ago is left alone.
    pub(crate) fn has_work(&self) -> bool {
        let all = self.targets.len() + self.rows.len() + self.logs.len();
        if self.blocked.rest() { all > self.lagging.len() } else { all > 0 }
    }

    /// Do the files show everything?
    pub(crate) fn is_clean(&self) -> bool {
        self.targets.is_empty() && self.rows.is_empty() && self.logs.is_empty()
    }
}
