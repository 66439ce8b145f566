//! Sessions of signed-in browsers, and what has expired.

use std::sync::Arc;

use serde_json::Value;

use super::users;
use super::{HASH_SESSION_TOKENS, field, one, refuse_empty, reply, shown_without};
use crate::calls::{Args, Hidden, MaskedRecord, Reply};
use crate::catalogue::{ModelId, models};
use crate::crypto::{is_session_token_hash, session_token_hash};
use crate::engine::{Record, Tx, View, time_ms};
use crate::error::Result;
use crate::json::text_field;
use crate::repos::rules;

const TOKEN: &str = "sessionToken";
/// What a session of Auth.js's has no word for: the store's key, and what Better Auth notes.
const OTHERS: &[&str] = &["id", "ipAddress", "userAgent", "createdAt", "updatedAt"];
const OTHERS_AND_TOKEN: &[&str] =
    &["id", "ipAddress", "userAgent", "createdAt", "updatedAt", TOKEN];

/// Does the adapter keep tokens as hashes, which let nobody in?
fn hashes(args: &Args) -> bool {
    args.how(HASH_SESSION_TOKENS)
}

/// The session of a token, however it is kept. Who presents a hash has read it in a file, and a
/// session without a token, as older files may have one, is nobody's.
fn find(view: &View<'_>, token: &str, hashed_first: bool) -> Result<Option<Arc<Record>>> {
    if token.is_empty() || is_session_token_hash(token) {
        return Ok(None);
    }
    let clear = || one(view, models::SESSION, &[TOKEN], &[token]);
    let hashed = || one(view, models::SESSION, &[TOKEN], &[&session_token_hash(token)]);
    let first = if hashed_first { hashed()? } else { clear()? };
    match first {
        Some(session) => Ok(Some(session)),
        None if hashed_first => clear(),
        None => hashed(),
    }
}

/// What the caller gets: with its own token, whatever is kept of that.
fn with_token(session: &Record, token: &str) -> Reply {
    let mut value = shown_without(session, OTHERS);
    if value.get(TOKEN).and_then(Value::as_str) != Some(token) {
        value[TOKEN] = token.into();
    }
    reply(Some(value))
}

pub(super) fn create(tx: &mut Tx<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    let mut data = args.object("session")?;
    let token = field(&data, TOKEN).to_owned();
    refuse_empty(&data, &[TOKEN])?;
    if hashes(args) && !token.is_empty() {
        data.insert(TOKEN.into(), session_token_hash(&token).into());
    }
    let session = rules::create(tx, models::SESSION, data)?;
    Ok(if hashes(args) {
        with_token(&session, &token)
    } else {
        reply(Some(shown_without(&session, OTHERS)))
    })
}

pub(super) fn get(view: &View<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    let token = args.text("sessionToken")?;
    let Some(session) = find(view, token, hashes(args))? else { return Ok(reply(None)) };
    let owner = text_field(session.text(), "userId").unwrap_or_default();
    let user = view.get(model, &owner)?;
    let Some(user) = user else { return Ok(reply(None)) };
    let kept = text_field(session.text(), TOKEN).is_some_and(|kept| kept == token);
    let own = (!kept).then(|| (TOKEN, token.to_owned()));
    let names = if kept { OTHERS } else { OTHERS_AND_TOKEN };
    let hidden = Hidden { names, ..Hidden::default() };
    let session = MaskedRecord { name: "session", record: session, hidden, own };
    let hidden = users::hidden(view);
    Ok(Reply::Object(vec![session, MaskedRecord { name: "user", record: user, hidden, own: None }]))
}

pub(super) fn update(tx: &mut Tx<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    let mut data = args.object("session")?;
    let token = field(&data, TOKEN).to_owned();
    let Some(session) = find(&tx.view(), &token, hashes(args))? else { return Ok(reply(None)) };
    let now = session.map();
    let kept = field(&now, TOKEN);
    // A clear token from before they were hashed is hashed with the first change.
    let keep = if hashes(args) { session_token_hash(&token) } else { kept.to_owned() };
    data.insert(TOKEN.into(), keep.into());
    // Many requests at once all want the same new expiry: one of them writes it.
    if data.iter().all(|(key, value)| now.get(key) == Some(value)) {
        return Ok(with_token(&session, &token));
    }
    let session = rules::update(tx, models::SESSION, session.key(), data)?;
    Ok(session.map_or(reply(None), |session| with_token(&session, &token)))
}

pub(super) fn delete(tx: &mut Tx<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    let token = args.text("sessionToken")?;
    let Some(session) = find(&tx.view(), token, hashes(args))? else { return Ok(reply(None)) };
    tx.delete(models::SESSION, session.key())?;
    Ok(with_token(&session, token))
}

/// Has a session or one-time token expired at this time? Beyond the year 9999 the texts of times do
/// not sort as the times do.
pub(super) fn has_expired(record: &Record, now: &str) -> bool {
    let expires = text_field(record.text(), "expires");
    let expires = expires.or_else(|| text_field(record.text(), "expiresAt"));
    let expires = expires.and_then(|expires| time_ms(&expires));
    expires.zip(time_ms(now)).is_some_and(|(expires, now)| expires < now)
}

/// The sessions and one-time tokens that have expired: model and key.
///
/// # Errors
/// `CORRUPT` when their file cannot be read.
pub(crate) fn expired(view: &View<'_>) -> Result<Vec<(ModelId, String)>> {
    let mut expired = Vec::new();
    for model in [models::SESSION, models::VERIFICATION_TOKEN, models::VERIFICATION] {
        let records = view.all(model)?;
        let past = records.iter().filter(|record| has_expired(record, view.now()));
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
