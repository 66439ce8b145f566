//! A line of the log that all processes append to. What a line means is said in `fold`.

use serde::{Deserialize, Serialize};

use super::compare::Unclear;
use super::scope::Scope;

/// A line, and who wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Line {
    /// The writer: a client in one process.
    #[serde(rename = "w")]
    pub(super) writer: String,
    /// How many lines the writer had written before, so that it finds its own again.
    #[serde(rename = "q")]
    pub(super) number: u64,
    /// When, in milliseconds since 1970; for people, nothing depends on it.
    #[serde(rename = "t")]
    pub(super) time: i64,
    #[serde(flatten)]
    pub(super) what: What,
}

/// What a line says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "lowercase")]
pub(super) enum What {
    /// An operation begins: the primary has not been asked yet.
    Begin {
        op: u64,
        kind: Kind,
        scopes: Vec<Scope>,
        tables: u64,
        /// Operations of the same writer that the primary has not answered yet.
        with: Vec<u64>,
    },
    /// An operation that has begun touches more.
    More { op: u64, scopes: Vec<Scope>, tables: u64 },
    /// An operation has ended: the primary has answered, and the store is done with it.
    End {
        op: u64,
        how: Ended,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        difference: Option<Found>,
    },
    /// A copy has ended; those of its scopes that could not be copied, each with why.
    Copied { op: u64, failed: Vec<(Scope, String)> },
    /// Shadow reads that were judged.
    Reads { agreed: u64, unclear: Vec<(Unclear, u64)> },
    /// A shadow read differed.
    Differed { found: Found },
    /// The writer of this name is no more.
    Gone { who: String },
    /// Rows that are to be copied whatever the log knows: a repair has been at work beside the app.
    Mark { scopes: Vec<Scope> },
    /// Everything has been compared with the primary.
    Verified { from: u64, differences: u64 },
    /// Everything has been made as it is on the primary; what was found before counts no more.
    Repaired { from: u64 },
    /// So many operations could not be logged.
    Lost { count: u64 },
    /// Whatever follows stands in the next segment.
    Next,
}

/// What kind of operation it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    /// A call of the app.
    Write,
    /// Rows are copied from the primary.
    Copy,
}

/// How a write ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Ended {
    /// Both did it, with the same answer.
    Agreed,
    /// Both did it, and answered otherwise.
    Differed,
    /// Both did it, and answered otherwise, where other writes were under way or rows wait to be copied.
    Behind,
    /// The primary did it, and the store did not.
    Failed,
    /// The primary did it; too many waited for the store.
    Overflowed,
    /// The primary did it; it is nothing that can be repeated (SQL).
    Unrepeated,
    /// The primary may have done it: its answer is lost.
    Unknown,
    /// The primary refused it.
    Refused,
}

impl Ended {
    /// Are the rows to be copied?
    pub(super) fn leaves_marks(self) -> bool {
        !matches!(self, Ended::Agreed | Ended::Refused)
    }
}

/// A difference, without a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Found {
    pub(super) model: String,
    pub(super) action: String,
    /// `Chat.title`, `Message (rows)`.
    pub(super) fields: Vec<String>,
    pub(super) ids: Vec<String>,
}
