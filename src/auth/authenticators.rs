//! WebAuthn credentials.

use super::{missing, one, provided, reply, shown};
use crate::calls::{Args, Reply};
use crate::catalogue::{ModelId, models::AUTHENTICATOR};
use crate::engine::{Tx, View};
use crate::error::Result;
use crate::json::Object;
use crate::repos::rules;

const HIDDEN: &[&str] = &["id"];
const CREDENTIAL: &[&str] = &["credentialID"];

pub(super) fn create(tx: &mut Tx<'_>, _model: ModelId, args: &Args<'_>) -> Result<Reply> {
    let mut data = args.object(0)?;
    provided::arrange(&mut data);
    let made = rules::create(tx, AUTHENTICATOR, data)?;
    Ok(reply(Some(shown(&made, HIDDEN))))
}

pub(super) fn get(view: &View<'_>, _model: ModelId, args: &Args<'_>) -> Result<Reply> {
    let found = one(view, AUTHENTICATOR, CREDENTIAL, &[args.text(0)?])?;
    Ok(reply(found.map(|found| shown(&found, HIDDEN))))
}

pub(super) fn list(view: &View<'_>, _model: ModelId, args: &Args<'_>) -> Result<Reply> {
    let found = view.find(AUTHENTICATOR, &["userId"], &[args.text(0)?])?;
    Ok(Reply::Value(found.iter().map(|one| shown(one, HIDDEN)).collect()))
}

pub(super) fn update_counter(tx: &mut Tx<'_>, _model: ModelId, args: &Args<'_>) -> Result<Reply> {
    let id = args.text(0)?;
    let found = one(&tx.view(), AUTHENTICATOR, CREDENTIAL, &[id])?;
    let found = found.ok_or_else(|| missing("Authenticator", id))?;
    let patch: Object = Object::from_iter([("counter".to_owned(), args.value(1).clone())]);
    let changed = tx.update(AUTHENTICATOR, found.key(), patch)?;
    Ok(reply(changed.map(|changed| shown(&changed, HIDDEN))))
}
