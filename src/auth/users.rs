//! Users, and the first sign-in that was cut off.
//!
//! NextAuth makes a user and links the account in two calls. When the process dies between
//! them, or two first sign-ins of one person meet, the user stands there without an account:
//! every later sign-in finds the address taken and is refused (next-auth #876, cal.diy #28300).
//! So a user that the adapter made carries the mark `signUp` until somebody owns it: the address
//! is verified, a password is set, or anything at all is made that belongs to it (an account, a
//! credential, a session, a character). A marked user is nobody's: `getUserByEmail` does not see
//! it, and `createUser` for its address takes it up again, with what the second one tells of
//! themselves in place of what the first one told. Rows of an importer or an administrator are
//! never marked, and a user that was owned once is never marked again.
//!
//! Could an attacker use this to get into a victim's account before it exists? They would have
//! to be in a first sign-in, with the victim's address from a provider that does not verify it,
//! at the very moment of the victim's own, so that both get the same user and both link an
//! account to it. That is refused: taking a user up notes the time in the mark, which then
//! outlives the first link, and while it is fresh only the first account, and the same one
//! again, can be linked. Who comes second is told so and then meets the usual refusal, as if
//! the two had signed in one after the other.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Object, field, missing, one, reply, shown};
use crate::calls::{Args, Hidden, Reply};
use crate::catalogue::{ModelId, models};
use crate::engine::{Record, Tx, View};
use crate::error::{Code, Error, Result};
use crate::repos::rules::{self, SIGN_UP, can_sign_in, is_contested};
use crate::secrets;

/// What a user keeps when it is taken up.
const KEPT: &[&str] = &["id", "email", "createdAt", "updatedAt"];
/// What an adapter's user has no word for: the store's times, and its mark.
const STORES_OWN: &[&str] = &["createdAt", "updatedAt", SIGN_UP];

/// What the adapter's caller does not get of a user.
pub(super) fn hidden(view: &View<'_>) -> Hidden {
    let private = Arc::clone(&view.catalogue().model(models::USER).private);
    Hidden { names: STORES_OWN, private }
}

/// What the adapter's caller gets of a user.
pub(super) fn shown_user(view: &View<'_>, record: &Record) -> Value {
    shown(record, &hidden(view))
}

pub(super) fn create(tx: &mut Tx<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    let mut data = args.object("user")?;
    data.shift_remove(SIGN_UP);
    if let Some(same) = one(&tx.view(), model, &["email"], &[field(&data, "email")])?
        && is_orphan(&tx.view(), &same)?
    {
        return take_up(tx, model, &same, data);
    }
    if !can_sign_in(&data) {
        data.insert(SIGN_UP.into(), json!({ "at": tx.now() }));
    }
    let record = rules::create_vouched(tx, model, data)?;
    Ok(reply(Some(shown_user(&tx.view(), &record))))
}

fn take_up(tx: &mut Tx<'_>, model: ModelId, orphan: &Record, mut data: Object) -> Result<Reply> {
    let before = orphan.map();
    let at = before.get(SIGN_UP).and_then(|mark| mark.get("at").cloned()).unwrap_or_default();
    let mark = json!({ "at": at, "contestedAt": tx.now(), "owned": can_sign_in(&data) });
    for kept in KEPT {
        data.shift_remove(*kept);
    }
    // What the first one told of themselves need not be true of the second.
    for other in before.keys().filter(|key| !KEPT.contains(&key.as_str())) {
        data.entry(other).or_insert(Value::Null);
    }
    data.insert(SIGN_UP.into(), mark);
    secrets::seal_declared(tx, model, orphan.key(), &mut data, Some(&before))?;
    let record = tx.update(model, orphan.key(), data)?;
    Ok(reply(record.map(|user| shown_user(&tx.view(), &user))))
}

/// Could nobody ever have signed in as this user?
fn is_orphan(view: &View<'_>, user: &Record) -> Result<bool> {
    let map = user.map();
    let marked =
        map.get(SIGN_UP).is_some_and(|m| m.is_object() && m.get("owned") != Some(&json!(true)));
    if !marked || can_sign_in(&map) {
        return Ok(false);
    }
    // Nothing may refer to it but the settings that were made with it.
    let catalogue = view.catalogue();
    for &(model, link) in catalogue.referrers(models::USER) {
        let path = &catalogue.model(model).links[link].path;
        let fields = path.join(".");
        if model != models::CHAT_SETTINGS
            && !view.find(model, &[&fields], &[user.key()])?.is_empty()
        {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Refuses a further account for a user that two sign-ins have met at.
pub(crate) fn refuse_contested(tx: &Tx<'_>, user: &str) -> Result<()> {
    let Some(record) = tx.view().get(models::USER, user)? else { return Ok(()) };
    let map = record.map();
    let Some(mark) = map.get(SIGN_UP).and_then(Value::as_object) else { return Ok(()) };
    if mark.get("owned") == Some(&json!(true)) && is_contested(tx, mark) {
        let message = "another sign-in with this address has just come first; sign in again";
        return Err(Error::new(Code::Unique, message).model("Account"));
    }
    Ok(())
}

pub(super) fn get(view: &View<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    Ok(reply(view.get(model, args.text("id")?)?.map(|user| shown_user(view, &user))))
}

pub(super) fn get_by_email(view: &View<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    let Some(user) = one(view, model, &["email"], &[args.text("email")?])? else {
        return Ok(reply(None));
    };
    let owned = !is_orphan(view, &user)?;
    Ok(reply(owned.then(|| shown_user(view, &user))))
}

pub(super) fn update(tx: &mut Tx<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    let data = args.object("user")?;
    let id = field(&data, "id").to_owned();
    let record = rules::update(tx, model, &id, data)?.ok_or_else(|| missing("User", &id))?;
    Ok(reply(Some(shown_user(&tx.view(), &record))))
}

pub(super) fn delete(tx: &mut Tx<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    let id = args.text("userId")?;
    let user = tx.view().get(model, id)?;
    tx.delete(model, id)?;
    Ok(reply(user.map(|user| shown_user(&tx.view(), &user))))
}
