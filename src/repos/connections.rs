//! The calls on connection profiles and API keys.

use std::sync::Arc;

use serde_json::Value;

use super::rules;
use super::rules::defaults_of;
use super::rules::patch;
use crate::calls::{
    Args, Call, RECORD_OR_NULL, Reply, Step, TEXT_OR_NULL, Type, object, owner, param, read, slow,
    text, write,
};
use crate::catalogue::{ModelId, models::API_KEY};
use crate::crypto::{LegacyKey, Secret, is_sealed};
use crate::engine::{Record, Tx, View};
use crate::error::{Error, Issue, Result};
use crate::json::{self, Object};
use crate::secrets;

pub(crate) const CALLS: &[Call] = &[
    read(
"findDefault",
&[text("userId")],
RECORD_OR_NULL,
        "A user's default profile.",
        find_default,
    ),
    write(
"setDefault",
&[text("id")],
RECORD_OR_NULL,
        "Makes a profile its user's default, in place of the one before.",
        set_default,
    ),
    read(
"getAllApiKeys",
&[owner()],
Type::List(&Type::of(API_KEY)),
        "All keys, or a user's; sealed.",
        all_keys,
    ),
    read(
"findApiKeyById",
&[text("id"), owner()],
Type::OrNull(&Type::of(API_KEY)),
        "A key, where it is that user's; sealed.",
        find_key,
    ),
    write(
"createApiKey",
&[object("data", "ApiKeyInput")],
Type::of(API_KEY),
        "Keeps a key: `key` is clear, and is sealed; or it is sealed already, as ciphertext, iv and authTag.",
        create_key,
    )
    .secret(),
    write(
"updateApiKey",
&[text("id"), param("data", Type::Generic("WithClearKey", &[Type::patch_of(API_KEY)]))],
Type::OrNull(&Type::of(API_KEY)),
        "Changes a key; a clear `key` is sealed.",
        update_key,
    )
    .secret(),
    read(
"revealApiKey",
&[text("id"), owner()],
TEXT_OR_NULL,
        "A key in clear text, where it is that user's.",
        reveal_key,
    )
    .secret(),
    slow(
"resealLegacyApiKey",
&[text("id"), text("pepper")],
Type::OrNull(&Type::of(API_KEY)),
        "Seals a key that the app encrypted itself, with the app's pepper, as this store does.",
        reseal_key,
    ),
    write(
"deleteApiKey",
&[text("id")],
Type::Flag,
        "Deletes a key; profiles that used it stay without.",
        delete_key,
    ),
    write(
"recordApiKeyUsage",
&[text("id")],
Type::OrNull(&Type::of(API_KEY)),
        "Notes that a key was used now.",
        record_usage,
    ),
];

/// A user's default, the same for every kind of profile.
pub(super) fn find_default(view: &View<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    Ok(Reply::Record(defaults_of(view, model, args.text("userId")?)?.into_iter().next()))
}

/// Makes a profile its user's default, the same for every kind.
pub(super) fn set_default(tx: &mut Tx<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    Ok(Reply::Record(rules::update(tx, model, args.text("id")?, patch("isDefault", true))?))
}

fn all_keys(view: &View<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    Ok(Reply::Records(match args.optional_text("userId")? {
        Some(user) => view.find(API_KEY, &["userId"], &[user])?,
        None => view.all(API_KEY)?,
    }))
}

fn find_key(view: &View<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    Ok(Reply::Record(own_key(view, args)?))
}

/// The key that is asked for, where it is that user's.
fn own_key(view: &View<'_>, args: &Args) -> Result<Option<Arc<Record>>> {
    let (key, user) = (view.get(API_KEY, args.text("id")?)?, args.optional_text("userId")?);
    Ok(key.filter(|key| {
        user.is_none_or(|user| json::text_field(key.text(), "userId").as_deref() == Some(user))
    }))
}

/// What `create` and `update` take for a key in clear text.
const CLEAR: &str = "key";

fn create_key(tx: &mut Tx<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    Ok(Reply::Record(Some(create_api_key(tx, args.object("data")?)?)))
}

/// Creates an API key; a clear one among the data is sealed.
///
/// # Errors
/// Those of creating, and `NO_PASSPHRASE`.
pub(crate) fn create_api_key(tx: &mut Tx<'_>, mut data: Object) -> Result<Arc<Record>> {
    if let Some(clear) = clear_key(&mut data)? {
        let id = rules::id_of(tx, API_KEY, &mut data);
        let sealed = sealed_key(tx, (&id, &data), &clear)?;
        data.extend(sealed);
    }
    rules::create(tx, API_KEY, data)
}

/// Takes a clear key out of the input, where it would stand in the file as an unknown field.
fn clear_key(data: &mut Object) -> Result<Option<Secret>> {
    let fault = |expected: &str, received: &str| {
        Err(Error::validation("ApiKey", vec![Issue::new(CLEAR, expected, received)]))
    };
    let clear = match data.shift_remove(CLEAR) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) if !text.is_empty() => Secret::from(text),
        Some(_) => return fault("a string of one character or more", "something else"),
    };
    if ["ciphertext", "iv", "authTag"].iter().any(|part| data.contains_key(*part)) {
        return fault("either a clear key or a sealed one", "both");
    }
    Ok(Some(clear))
}

/// The parts of a key that is to stand in the record of this id.
fn sealed_key(tx: &Tx<'_>, record: (&str, &Object), clear: &Secret) -> Result<Object> {
    let view = tx.view();
    let model = view.catalogue().model(API_KEY);
    secrets::seal_parts(&*secrets::to_seal(&view)?, model, record, CLEAR, clear)
}

fn update_key(tx: &mut Tx<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    Ok(Reply::Record(update_api_key(tx, args.text("id")?, args.object("data")?)?))
}

/// Changes an API key; a clear one among the data is sealed.
///
/// # Errors
/// Those of changing, and `NO_PASSPHRASE`.
pub(crate) fn update_api_key(
    tx: &mut Tx<'_>,
    id: &str,
    mut data: Object,
) -> Result<Option<Arc<Record>>> {
    if let Some(clear) = clear_key(&mut data)? {
        let Some(old) = tx.view().get(API_KEY, id)? else { return Ok(None) };
        let mut to_be = old.map();
        to_be.extend(data.clone());
        data.extend(sealed_key(tx, (id, &to_be), &clear)?);
    }
    rules::update(tx, API_KEY, id, data)
}

fn reveal_key(view: &View<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    let Some(key) = own_key(view, args)? else { return Ok(Reply::Record(None)) };
    let map = key.map();
    let clear = secrets::open_parts(view, API_KEY, (key.key(), &map), CLEAR, &map)?;
    Reply::secret(&clear)
}

fn reseal_key(view: &View<'_>, _model: ModelId, args: &Args) -> Result<Step> {
    let (id, pepper) = (args.text("id")?.to_owned(), args.secret("pepper")?);
    let Some(key) = view.get(API_KEY, &id)? else { return Step::done(Reply::Record(None)) };
    let map = key.map();
    let part = |name| map.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let [user, ciphertext, iv, tag] = ["userId", "ciphertext", "iv", "authTag"].map(part);
    if is_sealed(&ciphertext) {
        return Step::done(Reply::Record(Some(key)));
    }
    secrets::to_seal(view)?;
    Step::slow(move || {
        let clear = LegacyKey::derive(&user, &pepper)?.open(&ciphertext, &iv, &tag)?;
        Step::commit(move |tx| {
            let now = tx.view().get(API_KEY, &id)?;
            // Whoever has changed it meanwhile knows better what it is.
            if now.as_ref().is_none_or(|now| now.text() != key.text()) {
                return Step::done(Reply::Record(now));
            }
            let parts = sealed_key(tx, (&id, &key.map()), &clear)?;
            Step::done(Reply::Record(rules::update(tx, API_KEY, &id, parts)?))
        })
    })
}

fn delete_key(tx: &mut Tx<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    Ok(Reply::Flag(tx.delete(API_KEY, args.text("id")?)?))
}

fn record_usage(tx: &mut Tx<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    let used = patch("lastUsed", tx.now());
    Ok(Reply::Record(rules::update(tx, API_KEY, args.text("id")?, used)?))
}
