//! What a commit touched, as listeners are told it.

use crate::catalogue::ModelId;

use crate::engine::journal::{Effect, LogLines};
use crate::engine::logs::KEY;
use crate::json;

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
    let touch = |key: &str| {
        let (model, effect, owner) = (lines.model, lines.effect, Some(lines.owner.clone()));
        Touched { model, key: key.into(), effect, owner }
    };
    if lines.fresh && lines.effect == Effect::Delete {
        return touched.push(touch(""));
    }
    // A header has no id.
    let ids = lines.bytes.lines().filter_map(|line| json::text_field(line, KEY));
    touched.extend(ids.map(|id| touch(&id)));
}
