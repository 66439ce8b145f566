//! Which part of a log a reader wants, and the only place that works it out: for a log in its file,
//! in the journal, or under way in a transaction.

use crate::error::{Error, Issue, Result};

use super::table::{Entry, Standing, Table};
use crate::engine::clock;

/// An end of the wanted part of a log; the row itself is not part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogBound {
    /// The row with this id.
    Id(String),
    /// A time, as records hold it.
    Time(String),
}

/// Which rows of a log a reader wants; all by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogQuery {
    /// Only rows of these types.
    pub types: Option<Vec<String>>,
    /// At most so many: the newest, or with `after` the first.
    pub limit: Option<usize>,
    /// The latest so many by their times are enough: a log whose times do not rise gives all.
    pub latest: Option<usize>,
    /// Only rows before this one, or of an earlier time.
    pub before: Option<LogBound>,
    /// Only rows behind this one, or of a later time.
    pub after: Option<LogBound>,
}

/// The bounds of a query: entries from one number up to another, and of these the ones whose times
/// lie between two.
struct Bounds {
    from: usize,
    to: usize,
    after_ms: Option<i64>,
    before_ms: Option<i64>,
}

impl Bounds {
    fn of(table: &Table, query: &LogQuery) -> Result<Bounds> {
        let (mut from, mut to) = (0, table.entries.len());
        let (mut after_ms, mut before_ms) = (None, None);
        match &query.after {
            Some(LogBound::Id(id)) => from = place_of(table, id)? + 1,
            Some(LogBound::Time(time)) => after_ms = Some(ms_of(time, "after")?),
            None => {}
        }
        match &query.before {
            Some(LogBound::Id(id)) => to = place_of(table, id)?,
            Some(LogBound::Time(time)) => before_ms = Some(ms_of(time, "before")?),
            None => {}
        }
        let mut bounds = Bounds { from, to, after_ms, before_ms };
        if table.is_rising() {
            bounds.narrow(&table.entries);
        }
        bounds.to = bounds.to.max(bounds.from);
        Ok(bounds)
    }

    /// Leaves out what stands before and behind the times, so that not every row is looked at.
    fn narrow(&mut self, entries: &[Entry]) {
        if let Some(after) = self.after_ms {
            let mut first = entries.partition_point(|entry| entry.time() <= Some(after));
            // What cannot be read here may be of a later time.
            while first > 0 && entries[first - 1].standing == Standing::Unreadable {
                first -= 1;
            }
            self.from = self.from.max(first);
        }
        if let Some(before) = self.before_ms {
            self.to = self.to.min(entries.partition_point(|entry| entry.time() < Some(before)));
        }
    }

    /// Does a row lie between the times? One that says no time lies nowhere.
    fn hold(&self, entry: &Entry) -> bool {
        self.after_ms.is_none_or(|after| entry.time().is_some_and(|time| time > after))
            && self.before_ms.is_none_or(|before| entry.time().is_some_and(|time| time < before))
    }
}

/// The numbers of the entries that a query selects, oldest first.
///
/// # Errors
/// `VALIDATION` for a bound that names no row; what is wrong with a line that may be selected.
pub(super) fn choose(table: &Table, query: &LogQuery) -> Result<Vec<usize>> {
    table.refuse_newer()?;
    let bounds = Bounds::of(table, query)?;
    let is_of_kinds = table.of_kinds(query.types.as_deref());
    let latest = query.latest.filter(|_| table.is_rising());
    let limit = query.limit.or(latest).unwrap_or(usize::MAX);
    let forwards = query.after.is_some();
    let mut chosen = Vec::new();
    for step in bounds.from..bounds.to {
        if chosen.len() == limit {
            break;
        }
        let at = if forwards { step } else { bounds.from + bounds.to - 1 - step };
        let entry = &table.entries[at];
        match entry.standing {
            Standing::Live if is_of_kinds(entry) && bounds.hold(entry) => chosen.push(at),
            Standing::Unreadable => return Err(table.fault_at(at)),
            Standing::Live | Standing::Removed => {}
        }
    }
    if !forwards {
        chosen.reverse();
    }
    Ok(chosen)
}

fn place_of(table: &Table, id: &str) -> Result<usize> {
    table.find(id)?.ok_or_else(|| {
        let wanted = "the id of a row that is in this log, or a time";
        let issue = Issue::new("before or after", wanted, id);
        Error::validation("LogOptions", vec![issue])
    })
}

fn ms_of(time: &str, name: &str) -> Result<i64> {
    clock::parse_ms(time)
        .ok_or_else(|| Error::validation("LogOptions", vec![Issue::new(name, "a time", time)]))
}
