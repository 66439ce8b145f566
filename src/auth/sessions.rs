//! Sessions of signed-in browsers, and what has expired.

use std::sync::Arc;

use super::users::HIDDEN as HIDDEN_OF_USER;
use super::{one, reply, shown, text};
use crate::catalogue::{ModelId, models};
use crate::engine::{Record, Tx, View};
use crate::error::Result;
use crate::json::text_field;
use crate::repos::{Args, Reply, Shown, follow};

const HIDDEN: &[&str] = &["id"];

fn find(view: &View<'_>, token: &str) -> Result<Option<Arc<Record>>> {
    one(view, models::SESSION, &["sessionToken"], &[token])
}

pub(super) fn create(tx: &mut Tx<'_>, _model: ModelId, args: &Args<'_>) -> Result<Reply> {
    let session = follow::create(tx, models::SESSION, args.object(0)?)?;
    Ok(reply(Some(shown(&session, HIDDEN))))
}

pub(super) fn get(view: &View<'_>, model: ModelId, args: &Args<'_>) -> Result<Reply> {
    let Some(session) = find(view, args.text(0)?)? else { return Ok(reply(None)) };
    let owner = text_field(session.text(), "userId").unwrap_or_default();
    let user = view.get(model, &owner)?;
    let Some(user) = user else { return Ok(reply(None)) };
    let session = Shown { name: "session", record: session, hidden: HIDDEN };
    Ok(Reply::Object(vec![session, Shown { name: "user", record: user, hidden: HIDDEN_OF_USER }]))
}

pub(super) fn update(tx: &mut Tx<'_>, _model: ModelId, args: &Args<'_>) -> Result<Reply> {
    let data = args.object(0)?;
    let Some(session) = find(&tx.view(), text(&data, "sessionToken"))? else {
        return Ok(reply(None));
    };
    let now = session.map();
    // Many requests at once all want the same new expiry: one of them writes it.
    if data.iter().all(|(key, value)| now.get(key) == Some(value)) {
        return Ok(reply(Some(shown(&session, HIDDEN))));
    }
    let session = tx.update(models::SESSION, session.key(), data)?;
    Ok(reply(session.map(|session| shown(&session, HIDDEN))))
}

pub(super) fn delete(tx: &mut Tx<'_>, _model: ModelId, args: &Args<'_>) -> Result<Reply> {
    let Some(session) = find(&tx.view(), args.text(0)?)? else { return Ok(reply(None)) };
    tx.delete(models::SESSION, session.key())?;
    Ok(reply(Some(shown(&session, HIDDEN))))
}

/// The sessions and one-time tokens that have expired: model and key.
///
/// # Errors
/// `CORRUPT` when their file cannot be read.
pub(crate) fn expired(view: &View<'_>) -> Result<Vec<(ModelId, String)>> {
    let mut expired = Vec::new();
    for model in [models::SESSION, models::VERIFICATION_TOKEN] {
        let records = view.all(model)?;
        let past = records.iter().filter(|record| {
            text_field(record.text(), "expires").is_some_and(|expires| &*expires < view.now())
        });
        expired.extend(past.map(|record| (model, record.key().to_owned())));
    }
    Ok(expired)
}

/// Removes what has expired; gives how many there were.
///
/// # Errors
/// `CORRUPT` when their file cannot be read.
pub(crate) fn sweep(tx: &mut Tx<'_>) -> Result<usize> {
    let expired = expired(&tx.view())?;
    for (model, key) in &expired {
        tx.delete(*model, key)?;
    }
    Ok(expired.len())
}
