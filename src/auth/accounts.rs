//! Accounts at OAuth and OpenID providers. Whatever a provider says of an account is kept.

use serde_json::Value;

use super::users::{refuse_contested, shown_user};
use super::{ENCRYPT_TOKENS, Object, field, one, provided, reply};
use crate::calls::{Args, Reply, ZeroizingValue};
use crate::catalogue::{ModelId, models::ACCOUNT};
use crate::crypto::is_sealed;
use crate::engine::{Record, Tx, View};
use crate::error::Result;
use crate::repos::rules;
use crate::secrets;
use std::sync::Arc;

/// What an account of Auth.js's has no word for: the store's key, and what Better Auth notes.
const OTHERS: &[&str] =
    &["id", "password", "accessTokenExpiresAt", "refreshTokenExpiresAt", "createdAt", "updatedAt"];
const PAIR: &[&str] = &[provided::PROVIDER, provided::ACCOUNT_ID];

/// The account that the provider and the id in an object name.
fn find(view: &View<'_>, named: &Object) -> Result<Option<Arc<Record>>> {
    let (provider, id) = provided::pair(named)?;
    one(view, ACCOUNT, PAIR, &[&provider, &id])
}

pub(super) fn get_user(view: &View<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    let pair = args.object("account")?;
    let Some(account) = find(view, &pair)? else { return Ok(reply(None)) };
    let user = view.get(model, field(&account.map(), "userId"))?;
    Ok(reply(user.map(|user| shown_user(view, &user))))
}

pub(super) fn get(view: &View<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    let pair = [(PAIR[1], args.value("providerAccountId")), (PAIR[0], args.value("provider"))];
    let pair = pair.map(|(field, value)| (field.to_owned(), value.clone()));
    let account = find(view, &Object::from_iter(pair))?;
    opened(view, account)
}

/// The account with its tokens in clear, as the caller gave them.
fn opened(view: &View<'_>, account: Option<Arc<Record>>) -> Result<Reply> {
    let Some(account) = account else { return Ok(reply(None)) };
    let mut tokens = Object::new();
    for field in sealed_tokens(view, &account) {
        let clear = secrets::reveal(view, ACCOUNT, account.key(), &field)?;
        let clear = clear.map_or(Ok(Value::Null), |clear| clear.expose_text().map(Value::from));
        tokens.insert(field, clear?);
    }
    let mut map = account.map();
    map.extend(tokens);
    map.retain(|key, _| !OTHERS.contains(&key.as_str()));
    Ok(Reply::clear(Value::Object(map)))
}

/// The fields of an account that are sealed.
fn sealed_tokens(view: &View<'_>, account: &Record) -> Vec<String> {
    let map = account.map();
    let is_sealed = |field: &String| map.get(field).and_then(Value::as_str).is_some_and(is_sealed);
    let sealed = &view.catalogue().model(ACCOUNT).sealed;
    sealed.iter().map(|sealed| sealed.field.clone()).filter(is_sealed).collect()
}

pub(super) fn link(tx: &mut Tx<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    let mut data = args.object("account")?;
    provided::arrange(&mut data);
    let same = find(&tx.view(), &data)?;
    let user = data.get("userId").cloned().unwrap_or(Value::Null);
    if let Some(account) = same.filter(|account| account.map().get("userId") == Some(&user)) {
        drop(ZeroizingValue(Value::Object(data)));
        let account = if encrypts(args) { seal_older(tx, account)? } else { account };
        return opened(&tx.view(), Some(account));
    }
    refuse_contested(tx, user.as_str().unwrap_or_default())?;
    if encrypts(args) {
        let id = rules::id_of(tx, ACCOUNT, &mut data);
        secrets::seal_asked(tx, ACCOUNT, &id, &mut data, None)?;
    }
    let account = rules::create(tx, ACCOUNT, data)?;
    opened(&tx.view(), Some(account))
}

/// Does the adapter seal what would let its finder act for the user?
fn encrypts(args: &Args) -> bool {
    args.how(ENCRYPT_TOKENS)
}

/// Seals the tokens that an account has from before they were.
fn seal_older(tx: &mut Tx<'_>, account: Arc<Record>) -> Result<Arc<Record>> {
    let mut patch = account.map();
    let declared = tx.view().catalogue().model(ACCOUNT).sealed.clone();
    patch.retain(|key, value| {
        let is_clear = value.as_str().is_some_and(|text| !is_sealed(text));
        is_clear && declared.iter().any(|sealed| sealed.field == *key)
    });
    if patch.is_empty() {
        return Ok(account);
    }
    secrets::seal_asked(tx, ACCOUNT, account.key(), &mut patch, Some(&account.map()))?;
    Ok(tx.update(ACCOUNT, account.key(), patch)?.unwrap_or(account))
}

pub(super) fn unlink(tx: &mut Tx<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    let pair = args.object("account")?;
    let account = find(&tx.view(), &pair)?;
    let Some(account) = account else { return Ok(reply(None)) };
    let tokens = sealed_tokens(&tx.view(), &account);
    let last = opened(&tx.view(), Some(Arc::clone(&account)));
    tx.delete(ACCOUNT, account.key())?;
    // To let go of an account one needs no key: its tokens are then not told.
    last.or_else(|_| {
        let mut map = account.map();
        map.retain(|key, _| !OTHERS.contains(&key.as_str()) && !tokens.contains(key));
        Ok(reply(Some(Value::Object(map))))
    })
}
