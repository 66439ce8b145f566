//! One-time tokens of sign-in links, and codes of a few digits.
//!
//! A record is known by its token. Codes are short, so two people may be sent the same one: that of
//! the second is kept with their identifier behind it, and whoever uses a code without saying whose
//! it is gets it only where it is one person's.

use std::sync::Arc;

use serde_json::Value;

use super::sessions::has_expired;
use super::{field, refuse_empty, reply, shown_without};
use crate::calls::{Args, Reply};
use crate::catalogue::{ModelId, models::VERIFICATION_TOKEN};
use crate::engine::{Record, Tx, View};
use crate::error::Result;
use crate::json::text_field;
use crate::repos::rules;

const TOKEN: &str = "token";
const IDENTIFIER: &str = "identifier";

/// How the token is kept of somebody whose code another one was sent before.
fn with_identifier(token: &str, identifier: &str) -> String {
    format!("{token} for {identifier}")
}

fn whose(record: &Record) -> String {
    text_field(record.text(), IDENTIFIER).unwrap_or_default().into_owned()
}

/// The record of a token that was sent to an identifier.
fn find(view: &View<'_>, token: &str, identifier: &str) -> Result<Option<Arc<Record>>> {
    for key in [token, &with_identifier(token, identifier)] {
        let found = view.get(VERIFICATION_TOKEN, key)?;
        if let Some(record) = found.filter(|record| whose(record) == identifier) {
            return Ok(Some(record));
        }
    }
    Ok(None)
}

/// The record of a token, when it is one person's only.
fn find_only(view: &View<'_>, token: &str) -> Result<Option<Arc<Record>>> {
    let is_same = |record: &Arc<Record>| {
        record.key() == token || record.key() == with_identifier(token, &whose(record))
    };
    let mut same = view.all(VERIFICATION_TOKEN)?.into_iter().filter(is_same);
    Ok(same.next().filter(|_| same.next().is_none()))
}

pub(super) fn create(tx: &mut Tx<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    let mut data = args.object("token")?;
    refuse_empty(&data, &[IDENTIFIER, TOKEN])?;
    let (token, identifier) = (field(&data, TOKEN).to_owned(), field(&data, IDENTIFIER).to_owned());
    // The same person's newer one counts, and one that has expired is nobody's.
    let own = find(&tx.view(), &token, &identifier)?;
    let held = tx.view().get(VERIFICATION_TOKEN, &token)?;
    let expired = held.filter(|record| has_expired(record, tx.now()));
    for record in own.iter().chain(expired.iter()) {
        tx.delete(VERIFICATION_TOKEN, record.key())?;
    }
    if tx.view().get(VERIFICATION_TOKEN, &token)?.is_some() {
        data.insert(TOKEN.into(), with_identifier(&token, &identifier).into());
    }
    let record = rules::create(tx, VERIFICATION_TOKEN, data)?;
    Ok(given(&record, &token))
}

pub(super) fn take(tx: &mut Tx<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    let params = args.object("params")?;
    let token = field(&params, TOKEN);
    if token.is_empty() {
        return Ok(reply(None));
    }
    // The identifier may be left out: the token alone is a secret.
    let found = match params.get(IDENTIFIER).and_then(Value::as_str) {
        Some(identifier) => find(&tx.view(), token, identifier)?,
        None => find_only(&tx.view(), token)?,
    };
    let Some(record) = found else { return Ok(reply(None)) };
    tx.delete(VERIFICATION_TOKEN, record.key())?;
    Ok(given(&record, token))
}

/// What the caller gets: with the token as it was sent, however it is kept.
fn given(record: &Record, token: &str) -> Reply {
    let mut value = shown_without(record, &[]);
    value[TOKEN] = token.into();
    reply(Some(value))
}
