//! Which rows of a log a reader wants.

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
    /// Only rows before this one.
    pub before: Option<LogBound>,
    /// Only rows behind this one.
    pub after: Option<LogBound>,
}
