//! What a commit touched, as listeners are told it.

use std::sync::Arc;

use crate::catalogue::ModelId;

#[cfg(feature = "database")]
use crate::engine::journal::Change;
use crate::engine::journal::{Effect, LogEdit, LogLines};
use crate::engine::logs::KEY;
use crate::json;

/// One record that a commit touched.
#[derive(Debug, Clone)]
pub(crate) struct Touched {
    pub(crate) model: ModelId,
    /// Its key; empty when a whole log was cleared, or was edited by hand and nobody knows where.
    pub(crate) key: Box<str>,
    pub(crate) effect: Effect,
    /// For a log: whose.
    pub(crate) owner: Option<Arc<str>>,
}

/// Adds what a change did, where what was before is not at hand.
#[cfg(feature = "database")]
pub(crate) fn touched_by(change: &Change, touched: &mut Vec<Touched>) {
    let of = |model: ModelId, key: &str, effect| {
        let (key, owner) = (key.into(), None);
        Touched { model, key, effect, owner }
    };
    match change {
        Change::Put { model, record, new } => {
            let effect = if *new { Effect::Create } else { Effect::Update };
            touched.push(of(*model, record.key(), effect));
        }
        Change::Remove { model, key } => touched.push(of(*model, key, Effect::Delete)),
        Change::Lines(lines) => of_lines(lines, touched),
        Change::Edited(edit) => touched.extend(of_edit(edit)),
    }
}

/// Adds what the lines did to the rows that they name.
pub(super) fn of_lines(lines: &LogLines, touched: &mut Vec<Touched>) {
    let owner: Arc<str> = lines.owner.as_ref().into();
    let touch = |key: &str| {
        let (model, effect, owner) = (lines.model, lines.effect, Some(Arc::clone(&owner)));
        Touched { model, key: key.into(), effect, owner }
    };
    if lines.fresh && lines.effect == Effect::Delete {
        return touched.push(touch(""));
    }
    // A header has no id.
    let ids = lines.bytes.lines().filter_map(|line| json::text_field(line, KEY));
    touched.extend(ids.map(|id| touch(&id)));
}

/// What an edit by hand did to the rows of a log.
pub(super) fn of_edit(edit: &LogEdit) -> Vec<Touched> {
    let owner: Arc<str> = edit.owner.as_ref().into();
    let of = |key: &str, effect| {
        let (key, owner) = (key.into(), Some(Arc::clone(&owner)));
        Touched { model: edit.model, key, effect, owner }
    };
    if edit.rows.is_empty() {
        return vec![of("", Effect::Update)];
    }
    edit.rows.iter().map(|(key, effect)| of(key, *effect)).collect()
}
