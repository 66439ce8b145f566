//! The calls on connection profiles and API keys.

use serde_json::{Map, Value};

use super::args::Args;
use super::follow::defaults_of;
use super::generic::patch;
use super::reply::Reply;
use super::{Call, follow, read, write};
use crate::catalogue::{ModelId, models};
use crate::engine::{Tx, View};
use crate::error::{Error, Issue, Result};
use crate::json;

pub(super) const CALLS: &[Call] = &[
    read(
        "findDefault",
        "userId: string",
        "ConnectionProfile | null",
        "A user's default profile.",
        find_default,
    ),
    write(
        "setDefault",
        "id: string",
        "ConnectionProfile | null",
        "Makes a profile its user's default, in place of the one before.",
        set_default,
    ),
    read(
        "getAllApiKeys",
        "userId?: string",
        "ApiKey[]",
        "All keys, or a user's; sealed.",
        all_keys,
    ),
    read(
        "findApiKeyById",
        "id: string, userId?: string",
        "ApiKey | null",
        "A key, where it is that user's; sealed.",
        find_key,
    ),
    write(
        "createApiKey",
        "data: ApiKeyCreate",
        "ApiKey",
        "Keeps a key that is sealed already.",
        create_key,
    ),
    write(
        "updateApiKey",
        "id: string, data: ApiKeyUpdate",
        "ApiKey | null",
        "Changes a key.",
        update_key,
    ),
    write(
        "deleteApiKey",
        "id: string",
        "boolean",
        "Deletes a key; profiles that used it stay without.",
        delete_key,
    ),
    write(
        "recordApiKeyUsage",
        "id: string",
        "ApiKey | null",
        "Notes that a key was used now.",
        record_usage,
    ),
];

/// A user's default, the same for every kind of profile.
pub(super) fn find_default(view: &View<'_>, model: ModelId, args: &Args<'_>) -> Result<Reply> {
    Ok(Reply::Record(defaults_of(view, model, args.text(0)?)?.into_iter().next()))
}

/// Makes a profile its user's default, the same for every kind.
pub(super) fn set_default(tx: &mut Tx<'_>, model: ModelId, args: &Args<'_>) -> Result<Reply> {
    Ok(Reply::Record(follow::update(tx, model, args.text(0)?, patch("isDefault", true))?))
}

fn all_keys(view: &View<'_>, _model: ModelId, args: &Args<'_>) -> Result<Reply> {
    Ok(Reply::Records(match args.optional_text(0)? {
        Some(user) => view.find(models::API_KEY, &["userId"], &[user])?,
        None => view.all(models::API_KEY)?,
    }))
}

fn find_key(view: &View<'_>, _model: ModelId, args: &Args<'_>) -> Result<Reply> {
    let (key, user) = (view.get(models::API_KEY, args.text(0)?)?, args.optional_text(1)?);
    Ok(Reply::Record(key.filter(|key| {
        user.is_none_or(|user| json::text_field(key.text(), "userId").as_deref() == Some(user))
    })))
}

fn create_key(tx: &mut Tx<'_>, _model: ModelId, args: &Args<'_>) -> Result<Reply> {
    let data = args.object(0)?;
    refuse_clear_text(&data)?;
    Ok(Reply::Record(Some(follow::create(tx, models::API_KEY, data)?)))
}

/// Kept as an unknown field, a key in clear text would stand in the file.
fn refuse_clear_text(data: &Map<String, Value>) -> Result<()> {
    if !data.contains_key("key") {
        return Ok(());
    }
    let sealed = "a key that is sealed already, as ciphertext, iv and authTag";
    let issue = Issue::new("key", sealed, "one in clear text");
    Err(Error::validation("ApiKey", vec![issue]))
}

fn update_key(tx: &mut Tx<'_>, _model: ModelId, args: &Args<'_>) -> Result<Reply> {
    let data = args.object(1)?;
    refuse_clear_text(&data)?;
    Ok(Reply::Record(tx.update(models::API_KEY, args.text(0)?, data)?))
}

fn delete_key(tx: &mut Tx<'_>, _model: ModelId, args: &Args<'_>) -> Result<Reply> {
    Ok(Reply::Flag(tx.delete(models::API_KEY, args.text(0)?)?))
}

fn record_usage(tx: &mut Tx<'_>, _model: ModelId, args: &Args<'_>) -> Result<Reply> {
    let used = patch("lastUsed", tx.now());
    Ok(Reply::Record(tx.update(models::API_KEY, args.text(0)?, used)?))
}
