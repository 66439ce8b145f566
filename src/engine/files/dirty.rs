//! What the files do not show yet, and what they show but may lose with the power.

use std::collections::BTreeSet;
use std::sync::Arc;

use hashbrown::HashMap;
use indexmap::IndexMap;

use crate::catalogue::ModelId;

use super::layout::Target;
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
    /// What could not be written, for the file cannot be read; the journal stays until it is.
    pub(crate) blocked: BTreeSet<Target>,
    /// What was changed since the last checkpoint, written or not.
    pub(crate) unsynced: Unsynced,
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

impl Dirty {
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

    /// Forgets what the files show already, up to `position`.
    pub(crate) fn note_flushed(&mut self, position: u64) {
        self.targets.retain(|_, at| *at > position);
        self.logs.retain(|_, at| *at > position);
        self.rows.retain(|_, rows| {
            rows.retain(|_, at| *at > position);
            !rows.is_empty()
        });
        // What could not be written still stands in its file as it was.
        if self.blocked.is_empty() {
            self.before.drain(..self.before.partition_point(|before| before.at <= position));
        }
    }

    /// What the files show of the records that were changed since: those that were changed after a
    /// position, or with `blocked` all.
    pub(crate) fn shown_records(
        &self,
        position: u64,
        blocked: bool,
    ) -> HashMap<(ModelId, &str), Option<&Arc<Record>>> {
        let mut shown = HashMap::new();
        for before in self.before.iter().filter(|before| blocked || before.at > position) {
            shown.entry((before.model, before.key())).or_insert(before.old.as_ref());
        }
        shown
    }

    /// Do the files show everything?
    pub(crate) fn is_clean(&self) -> bool {
        self.targets.is_empty() && self.rows.is_empty() && self.logs.is_empty()
    }
}
