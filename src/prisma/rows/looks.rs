//! How rows were found, for whoever wants to know: by what, how often, and how many had to be looked at.

use std::cell::RefCell;

use serde_json::{Value, json};

/// What was looked up by one way.
struct Look {
    table: usize,
    by: String,
    times: usize,
    rows: usize,
}

/// The looks of one request, by their ways in the order of their first; noted only where that is asked.
#[derive(Default)]
pub(super) struct Looks(Option<RefCell<Vec<Look>>>);

impl Looks {
    /// They are noted from now on.
    pub(super) fn begin(&mut self) {
        self.0 = Some(RefCell::default());
    }

    /// Rows of a table were looked at, found by this.
    pub(super) fn note(&self, table: usize, by: impl FnOnce() -> String, rows: usize) {
        let Some(looks) = &self.0 else { return };
        let (mut looks, by) = (looks.borrow_mut(), by());
        match looks.iter_mut().find(|look| look.table == table && look.by == by) {
            Some(look) => {
                look.times += 1;
                look.rows += rows;
            }
            None => looks.push(Look { table, by, times: 1, rows }),
        }
    }

    /// `[{ table, by, times, rows }]`, with the names of the tables.
    pub(super) fn told<'n>(&self, name: impl Fn(usize) -> &'n str) -> Value {
        let looks = self.0.iter().flat_map(|looks| looks.take());
        let told = looks.map(|look| {
            json!({ "table": name(look.table), "by": look.by, "times": look.times, "rows": look.rows })
        });
        told.collect()
    }
}
