//! The uncommitted rows of one log.

use std::sync::Arc;

use hashbrown::HashMap;

/// An uncommitted row; without a text it removes one.
#[derive(Debug, Clone)]
struct Row {
    id: Arc<str>,
    text: Option<Arc<str>>,
    /// The number of the row with this id before it.
    before: Option<usize>,
}

/// The uncommitted lines of one log. They can be taken back to an earlier length.
#[derive(Debug, Clone, Default)]
pub(crate) struct LogChanges {
    /// Does the log start anew?
    pub(crate) fresh: bool,
    /// In the order in which they were written.
    rows: Vec<Row>,
    /// The number of the last row with each id.
    latest: HashMap<Arc<str>, usize>,
    /// Offset behind the last byte.
    pub(crate) end: u64,
}

impl LogChanges {
    /// Those of a log of which nothing is changed yet; `fresh` where it starts anew.
    pub(crate) fn new(fresh: bool) -> LogChanges {
        LogChanges { fresh, ..LogChanges::default() }
    }

    /// The uncommitted row with this id, or `Some(None)` when it is being removed.
    pub(crate) fn row(&self, id: &str) -> Option<Option<Arc<str>>> {
        Some(self.rows[*self.latest.get(id)?].text.clone())
    }

    /// Says any of the lines something of this row?
    pub(crate) fn names(&self, id: &str) -> bool {
        self.latest.contains_key(id)
    }

    /// The uncommitted rows by id, in the order in which they were written.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.rows.iter().map(|row| (&*row.id, row.text.as_deref()))
    }

    /// How many rows were written.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Writes a row; `None` removes it.
    pub(crate) fn push(&mut self, id: &Arc<str>, text: Option<Arc<str>>) {
        let before = self.latest.insert(Arc::clone(id), self.rows.len());
        self.rows.push(Row { id: Arc::clone(id), text, before });
    }

    /// Takes back all but the first `len` rows.
    pub(crate) fn truncate(&mut self, len: usize) {
        for row in self.rows.drain(len.min(self.rows.len())..).rev() {
            match row.before {
                Some(before) => drop(self.latest.insert(row.id, before)),
                None => drop(self.latest.remove(&row.id)),
            }
        }
    }
}
