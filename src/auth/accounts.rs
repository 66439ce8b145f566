//! Accounts at OAuth and OpenID providers. Whatever a provider says of an account is kept.

use serde_json::Value;

use super::users::{refuse_contested, shown_user};
use super::{one, reply, shown, text};
use crate::catalogue::{ModelId, models::ACCOUNT};
use crate::engine::{Record, Tx, View};
use crate::error::Result;
use crate::repos::{Args, Reply, follow};
use std::sync::Arc;

const PAIR: &[&str] = &["provider", "providerAccountId"];
const HIDDEN: &[&str] = &["id"];

fn find(view: &View<'_>, provider: &str, account: &str) -> Result<Option<Arc<Record>>> {
    one(view, ACCOUNT, PAIR, &[provider, account])
}

pub(super) fn get_user(view: &View<'_>, model: ModelId, args: &Args<'_>) -> Result<Reply> {
    let pair = args.object(0)?;
    let Some(account) = find(view, text(&pair, PAIR[0]), text(&pair, PAIR[1]))? else {
        return Ok(reply(None));
    };
    let user = view.get(model, text(&account.map(), "userId"))?;
    Ok(reply(user.as_deref().map(shown_user)))
}

pub(super) fn get(view: &View<'_>, _model: ModelId, args: &Args<'_>) -> Result<Reply> {
    let account = find(view, args.text(1)?, args.text(0)?)?;
    Ok(reply(account.map(|account| shown(&account, HIDDEN))))
}

pub(super) fn link(tx: &mut Tx<'_>, _model: ModelId, args: &Args<'_>) -> Result<Reply> {
    let data = args.object(0)?;
    let same = find(&tx.view(), text(&data, PAIR[0]), text(&data, PAIR[1]))?;
    let user = data.get("userId").cloned().unwrap_or(Value::Null);
    if let Some(account) = same.filter(|account| account.map().get("userId") == Some(&user)) {
        return Ok(reply(Some(shown(&account, HIDDEN))));
    }
    refuse_contested(tx, user.as_str().unwrap_or_default())?;
    let account = follow::create(tx, ACCOUNT, data)?;
    Ok(reply(Some(shown(&account, HIDDEN))))
}

pub(super) fn unlink(tx: &mut Tx<'_>, _model: ModelId, args: &Args<'_>) -> Result<Reply> {
    let pair = args.object(0)?;
    let account = find(&tx.view(), text(&pair, PAIR[0]), text(&pair, PAIR[1]))?;
    if let Some(account) = &account {
        tx.delete(ACCOUNT, account.key())?;
    }
    Ok(reply(account.map(|account| shown(&account, HIDDEN))))
}
