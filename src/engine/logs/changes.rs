//! The uncommitted rows of one log.

use std::sync::Arc;

use hashbrown::HashMap;

/// The uncommitted lines of one log. They can be taken back to an earlier length.
#[derive(Debug, Clone, Default)]
pub(crate) struct LogChanges {
    /// Does the log start anew?
    pub(crate) fresh: bool,
    /// Rows by id in the order in which they were written; `None` removes one.
    rows: Vec<(Box<str>, Option<Arc<str>>)>,
    latest: HashMap<Box<str>, Vec<usize>>,
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
        let last = *self.latest.get(id)?.last()?;
        Some(self.rows[last].1.clone())
    }

    /// Says any of the lines something of this row?
    pub(crate) fn names(&self, id: &str) -> bool {
        self.latest.contains_key(id)
    }

    /// The uncommitted rows by id, in the order in which they were written.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.rows.iter().map(|(id, row)| (&**id, row.as_deref()))
    }

    /// How many rows were written.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Writes a row; `None` removes it.
    pub(crate) fn push(&mut self, id: &str, row: Option<Arc<str>>) {
        self.latest.entry(id.into()).or_default().push(self.rows.len());
        self.rows.push((id.into(), row));
    }

    /// Takes back all but the first `len` rows.
    pub(crate) fn truncate(&mut self, len: usize) {
        while self.rows.len() > len {
            if let Some((id, _)) = self.rows.pop() {
                self.latest.get_mut(&id).map(Vec::pop);
            }
        }
    }
}
