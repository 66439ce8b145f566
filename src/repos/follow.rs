//! What follows from creating or changing a record, besides what the catalogue declares: a
//! user's settings come with the user, a user to whom something belongs is somebody's, and a
//! user has one default of a kind.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::generic::patch;
use crate::auth;
use crate::catalogue::{ModelId, models};
use crate::engine::{Record, Tx, View};
use crate::error::Result;
use crate::json::{raw_field, text_field};

/// Creates a record and what comes with it.
///
/// # Errors
/// Those of creating.
pub(crate) fn create(
    tx: &mut Tx<'_>,
    model: ModelId,
    data: Map<String, Value>,
) -> Result<Arc<Record>> {
    let record = tx.create(model, data)?;
    if model == models::USER {
        // One for each user, so the user's id does for it; the same calls give the same bytes.
        let mut settings = patch("userId", record.key());
        settings.insert("id".into(), record.key().into());
        tx.create(models::CHAT_SETTINGS, settings)?;
    } else if let Some(user) = text_field(record.text(), "userId") {
        auth::own(tx, &user)?;
    }
    keep_one_default(tx, model, &record)?;
    Ok(record)
}

/// Changes a record, and what must change with it.
///
/// # Errors
/// Those of changing.
pub(crate) fn update(
    tx: &mut Tx<'_>,
    model: ModelId,
    key: &str,
    change: Map<String, Value>,
) -> Result<Option<Arc<Record>>> {
    let record = tx.update(model, key, change)?;
    if let Some(record) = &record {
        keep_one_default(tx, model, record)?;
    }
    match record {
        Some(user) if model == models::USER && auth::can_sign_in(&user.map()) => {
            auth::own(tx, key)?;
            tx.view().get(model, key)
        }
        record => Ok(record),
    }
}

/// Of a user's profiles of one kind at most one is the default: the last one that became it.
fn keep_one_default(tx: &mut Tx<'_>, model: ModelId, record: &Record) -> Result<()> {
    let has_default = tx.view().catalogue().model(model).field("isDefault").is_some();
    if !has_default || !is_default(record) {
        return Ok(());
    }
    let Some(user) = text_field(record.text(), "userId") else { return Ok(()) };
    for other in defaults_of(&tx.view(), model, &user)? {
        if other.key() != record.key() {
            tx.update(model, other.key(), patch("isDefault", false))?;
        }
    }
    Ok(())
}

fn is_default(record: &Record) -> bool {
    raw_field(record.text(), "isDefault") == Some("true")
}

/// A user's records that are marked as the default.
///
/// # Errors
/// `CORRUPT` when their file cannot be read.
pub(super) fn defaults_of(view: &View<'_>, model: ModelId, user: &str) -> Result<Vec<Arc<Record>>> {
    let mut records = view.find(model, &["userId"], &[user])?;
    records.retain(|record| is_default(record));
    Ok(records)
}
