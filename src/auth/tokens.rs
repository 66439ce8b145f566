//! One-time tokens of sign-in links.

use serde_json::Value;

use super::{reply, shown, text};
use crate::calls::{Args, Reply};
use crate::catalogue::{ModelId, models::VERIFICATION_TOKEN};
use crate::engine::Tx;
use crate::error::Result;
use crate::repos::rules;

pub(super) fn create(tx: &mut Tx<'_>, _model: ModelId, args: &Args<'_>) -> Result<Reply> {
    let token = rules::create(tx, VERIFICATION_TOKEN, args.object(0)?)?;
    Ok(reply(Some(shown(&token, &[]))))
}

pub(super) fn take(tx: &mut Tx<'_>, _model: ModelId, args: &Args<'_>) -> Result<Reply> {
    let params = args.object(0)?;
    let key = text(&params, "token").to_owned();
    let Some(token) = tx.view().get(VERIFICATION_TOKEN, &key)? else { return Ok(reply(None)) };
    // The identifier may be left out: the token alone is a secret.
    let identifier = params.get("identifier").and_then(Value::as_str);
    if identifier.is_some_and(|given| given != text(&token.map(), "identifier")) {
        return Ok(reply(None));
    }
    tx.delete(VERIFICATION_TOKEN, &key)?;
    Ok(reply(Some(shown(&token, &[]))))
}
