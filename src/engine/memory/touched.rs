//! What a commit touched, as listeners are told it.

use crate::catalogue::ModelId;

use crate::engine::journal::{Effect, LogLines};
use crate::engine::logs::{HEADER, Head};

/// One record that a commit touched.
#[derive(Debug, Clone)]
pub(crate) struct Touched {
    pub(crate) model: ModelId,
    /// Its key; empty when a whole log was cleared.
    pub(crate) key: Box<str>,
    pub(crate) effect: Effect,
    /// For a log: whose.
    pub(crate) owner: Option<Box<str>>,
}

/// Adds what the lines did to the rows that they name.
pub(super) fn of_lines(lines: &LogLines, touched: &mut Vec<Touched>) {
    let mut push = |key: &str| {
        touched.push(Touched {
            model: lines.model,
            key: key.into(),
            effect: lines.effect,
            owner: Some(lines.owner.clone()),
        });
    };
    if lines.fresh && lines.effect == Effect::Delete {
        return push("");
    }
    for line in lines.bytes.lines() {
        let Ok(head) = Head::of(line) else { continue };
        if head.kind.as_deref() != Some(HEADER) {
            push(head.id.as_deref().unwrap_or_default());
        }
    }
}
