//! WebAuthn credentials.

use super::{KEY, missing, one, provided, reply, shown_without};
use crate::calls::{Args, Reply};
use crate::catalogue::{ModelId, models::AUTHENTICATOR};
use crate::engine::{Tx, View};
use crate::error::Result;
use crate::json::Object;
use crate::repos::rules;

const CREDENTIAL: &[&str] = &["credentialID"];

pub(super) fn create(tx: &mut Tx<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    let mut data = args.object("authenticator")?;
    provided::arrange(&mut data);
    let made = rules::create(tx, AUTHENTICATOR, data)?;
    Ok(reply(Some(shown_without(&made, KEY))))
}

pub(super) fn get(view: &View<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    let found = one(view, AUTHENTICATOR, CREDENTIAL, &[args.text("credentialID")?])?;
    Ok(reply(found.map(|found| shown_without(&found, KEY))))
}

pub(super) fn list(view: &View<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    let found = view.find(AUTHENTICATOR, &["userId"], &[args.text("userId")?])?;
    Ok(Reply::Value(found.iter().map(|one| shown_without(one, KEY)).collect()))
}

pub(super) fn update_counter(tx: &mut Tx<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    let id = args.text("credentialID")?;
    let found = one(&tx.view(), AUTHENTICATOR, CREDENTIAL, &[id])?;
    let found = found.ok_or_else(|| missing("Authenticator", id))?;
    let patch: Object = Object::from_iter([("counter".to_owned(), args.value("counter").clone())]);
    let changed = tx.update(AUTHENTICATOR, found.key(), patch)?;
    Ok(reply(changed.map(|changed| shown_without(&changed, KEY))))
}
