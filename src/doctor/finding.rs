//! What was found.

use serde::Serialize;
use serde_json::Value;

use crate::error::Error;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// As it should be.
    Good,
    /// Worth knowing; nothing has to be done.
    Note,
    /// It works, and will not always.
    Warning,
    /// It does not work.
    Fault,
}

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at: `folder`, `owner`, `room` …
    pub check: &'static str,
    /// How bad it is.
    pub level: Level,
    /// What was found, in a sentence.
    pub message: String,
    /// What to do about it.
    pub advice: Option<String>,
}

/// All that was found, in the order in which it was looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Each look has one finding at least.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Is there a warning or a fault?
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.findings.iter().all(|finding| matches!(finding.level, Level::Good | Level::Note))
    }

    /// As a JSON value.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::to_value(self).expect("it is always written")
    }

    pub(super) fn good(&mut self, check: &'static str, message: impl Into<String>) {
        self.add(check, Level::Good, message, None);
    }

    pub(super) fn note(&mut self, check: &'static str, message: impl Into<String>) {
        self.add(check, Level::Note, message, None);
    }

    pub(super) fn warning(
        &mut self,
        check: &'static str,
        message: impl Into<String>,
        advice: impl Into<String>,
    ) {
        self.add(check, Level::Warning, message, Some(advice.into()));
    }

    pub(super) fn fault(
        &mut self,
        check: &'static str,
        message: impl Into<String>,
        advice: impl Into<String>,
    ) {
        self.add(check, Level::Fault, message, Some(advice.into()));
    }

    /// A failure, whose sentence says what to do.
    pub(super) fn failure(&mut self, check: &'static str, error: &Error) {
        let message = error.message();
        let (what, advice) = message.split_once("; ").unwrap_or((message, "see docs/cli.md"));
        self.fault(check, what, advice);
    }

    fn add(
        &mut self,
        check: &'static str,
        level: Level,
        message: impl Into<String>,
        advice: Option<String>,
    ) {
        self.findings.push(Finding { check, level, message: message.into(), advice });
    }
}
