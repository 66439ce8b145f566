//! What follows from creating or changing a record, besides what the catalogue declares: a
//! user's settings come with the user, a user to whom something belongs is claimed by that, and a
//! user has one default of a kind.

use std::sync::Arc;

use serde_json::Value;

use crate::catalogue::{Field, ModelId, models};
use crate::engine::{Record, Tx, View, new_id, time_ms};
use crate::error::{Code, Error, Issue, Result};
use crate::json::{Object, raw_field, text_field};
use crate::secrets;

/// The mark of a user that nobody owns yet, `{ at, contestedAt?, owned? }`; `auth/users.rs` tells
/// what for.
pub(crate) const SIGN_UP: &str = "signUp";
/// How long after it was taken up a user accepts no second account, in milliseconds.
const CONTESTED_MS: i64 = 10 * 60 * 1000;
/// What a user has who can sign in without an account or a credential.
const WAYS_IN: &[&str] = &["emailVerified", "passwordHash", "totp", "backupCodes"];

/// Creates a record and what comes with it. A mark of the store's own is not taken from the data, nor
/// bytes that the user has never put, nor what would let in whoever sends nothing.
///
/// # Errors
/// Those of creating.
pub(crate) fn create(tx: &mut Tx<'_>, model: ModelId, mut data: Object) -> Result<Arc<Record>> {
    drop_mark(model, &mut data);
    refuse_empty(tx, model, &data)?;
    check_content(tx, model, &data, None)?;
    create_vouched(tx, model, data)
}

/// The same, where the store itself has put its mark into the data, or was shown the bytes.
///
/// # Errors
/// Those of creating.
pub(crate) fn create_vouched(
    tx: &mut Tx<'_>,
    model: ModelId,
    mut data: Object,
) -> Result<Arc<Record>> {
    if tx.view().catalogue().model(model).has_secrets() {
        let id = id_of(tx, model, &mut data);
        secrets::seal_declared(tx, model, &id, &mut data, None)?;
    }
    let record = tx.create(model, data)?;
    if model == models::USER {
        // One for each user, so the user's id does for it; the same calls give the same bytes.
        let mut settings = patch("userId", record.key());
        settings.insert("id".into(), record.key().into());
        tx.create(models::CHAT_SETTINGS, settings)?;
    } else if let Some(user) = text_field(record.text(), "userId") {
        claim(tx, &user)?;
    }
    keep_one_default(tx, model, &record)?;
    Ok(record)
}

/// Whoever could set the mark could make a user of somebody's into nobody's, and sign in as it.
fn drop_mark(model: ModelId, data: &mut Object) {
    if model == models::USER {
        data.shift_remove(SIGN_UP);
    }
}

/// Refuses an empty token, or an empty name of somebody at a provider. Prisma's client takes them as
/// Prisma does, and files may hold them: they let nobody in.
fn refuse_empty(tx: &Tx<'_>, model: ModelId, data: &Object) -> Result<()> {
    let view = tx.view();
    let declared = view.catalogue().model(model);
    let empty = declared
        .fields
        .iter()
        .filter(|field| field.lets_in && data.get(&field.name).is_some_and(|value| value == ""));
    let issue =
        |field: &Field| Issue::new(&*field.name, "a string that is not empty", "an empty one");
    let issues: Vec<Issue> = empty.map(issue).collect();
    if issues.is_empty() { Ok(()) } else { Err(Error::validation(&declared.name, issues)) }
}

/// The id of a record that is to be made: what is sealed in it is bound to that.
pub(crate) fn id_of(tx: &Tx<'_>, model: ModelId, data: &mut Object) -> String {
    let key = tx.view().catalogue().model(model).key.clone();
    let given = data.get(&key).filter(|id| !id.is_null());
    let id = given.cloned().unwrap_or_else(|| new_id().into());
    data.insert(key, id.clone());
    id.as_str().unwrap_or_default().to_owned()
}

/// Changes a record, and what must change with it. A mark of the store's own is not taken from the
/// change.
///
/// # Errors
/// Those of changing.
pub(crate) fn update(
    tx: &mut Tx<'_>,
    model: ModelId,
    key: &str,
    mut change: Object,
) -> Result<Option<Arc<Record>>> {
    drop_mark(model, &mut change);
    refuse_empty(tx, model, &change)?;
    let has_sealed = !tx.view().catalogue().model(model).sealed.is_empty();
    if (has_sealed || model == models::BINARY)
        && let Some(old) = tx.view().get(model, key)?
    {
        let old = old.map();
        check_content(tx, model, &change, Some(&old))?;
        secrets::seal_declared(tx, model, key, &mut change, Some(&old))?;
        secrets::rebind(tx, model, key, &old, &mut change)?;
    }
    let record = tx.update(model, key, change)?;
    if let Some(record) = &record {
        keep_one_default(tx, model, record)?;
    }
    match record {
        Some(user) if model == models::USER && can_sign_in(&user.map()) => {
            claim(tx, key)?;
            tx.view().get(model, key)
        }
        record => Ok(record),
    }
}

/// Puts other content with another key into the place of a record, and whatever refers to it follows.
///
/// # Errors
/// Those of changing; `VALIDATION` where the store has sealed something in it, which is bound to its key.
pub(crate) fn rename(
    tx: &mut Tx<'_>,
    model: ModelId,
    key: &str,
    map: Object,
) -> Result<Option<Arc<Record>>> {
    let old = tx.view().get(model, key)?;
    if old.is_some_and(|old| secrets::holds_sealed(&tx.view(), model, &old)) {
        let name = &tx.view().catalogue().model(model).name.clone();
        let message = format!(
            "this {name} holds what the store has sealed under its id, so that cannot be changed: create \
             another one and delete this"
        );
        return Err(Error::new(Code::Validation, message).model(name));
    }
    tx.rename(model, key, map)
}

/// Refuses a row for bytes that are in the store and that its user has never put: whoever has learnt
/// what they hash to, from an `etag` say, would get them.
fn check_content(tx: &Tx<'_>, model: ModelId, change: &Object, old: Option<&Object>) -> Result<()> {
    if model != models::BINARY {
        return Ok(());
    }
    let text = |map: &Object, field: &str| Some(map.get(field)?.as_str()?.to_owned());
    let Some(sha256) = text(change, "sha256") else { return Ok(()) };
    if old.is_some_and(|old| text(old, "sha256").as_ref() == Some(&sha256)) {
        return Ok(());
    }
    let user = text(change, "userId").or_else(|| text(old?, "userId"));
    let rows = tx.view().find(models::BINARY, &["sha256"], &[&sha256])?;
    let of_user =
        rows.iter().any(|row| text_field(row.text(), "userId").as_deref() == user.as_deref());
    if of_user || rows.is_empty() || !tx.view().has_payload(&sha256)? {
        return Ok(());
    }
    let expected = "content that this user has put (images.put with the bytes)";
    let issue = Issue::new("sha256", expected, "what only others have put");
    Err(Error::validation("Binary", vec![issue]))
}

/// Of a user's profiles of one kind at most one is the default: the last one that became it.
fn keep_one_default(tx: &mut Tx<'_>, model: ModelId, record: &Record) -> Result<()> {
    let has_default = tx.view().catalogue().model(model).field("isDefault").is_some();
    if !has_default || !is_default(record) {
        return Ok(());
    }
    let Some(user) = text_field(record.text(), "userId") else { return Ok(()) };
    for other in defaults_of(&tx.view(), model, &user)? {
        if other.key() != record.key() {
            tx.update(model, other.key(), patch("isDefault", false))?;
        }
    }
    Ok(())
}

fn is_default(record: &Record) -> bool {
    raw_field(record.text(), "isDefault") == Some("true")
}

/// A user's records that are marked as the default.
///
/// # Errors
/// `CORRUPT` when their file cannot be read.
pub(super) fn defaults_of(view: &View<'_>, model: ModelId, user: &str) -> Result<Vec<Arc<Record>>> {
    let mut records = view.find(model, &["userId"], &[user])?;
    records.retain(|record| is_default(record));
    Ok(records)
}

/// Can somebody sign in as this user without an account or a credential?
pub(crate) fn can_sign_in(user: &Object) -> bool {
    WAYS_IN.iter().any(|field| user.get(*field).is_some_and(|value| !value.is_null()))
}

/// Claims the user to whom a new or changed record belongs, or who can sign in by it.
///
/// # Errors
/// Those of changing the user.
pub(crate) fn claim_by(tx: &mut Tx<'_>, model: ModelId, record: &Record) -> Result<()> {
    if model != models::USER {
        return text_field(record.text(), "userId").map_or(Ok(()), |user| claim(tx, &user));
    }
    if can_sign_in(&record.map()) { claim(tx, record.key()) } else { Ok(()) }
}

/// Somebody owns the user now. While two sign-ins contest it, the mark stays to tell so.
fn claim(tx: &mut Tx<'_>, user: &str) -> Result<()> {
    let Some(record) = tx.view().get(models::USER, user)? else { return Ok(()) };
    if !record.text().contains(SIGN_UP) {
        return Ok(());
    }
    let map = record.map();
    let Some(Value::Object(mark)) = map.get(SIGN_UP) else { return Ok(()) };
    let left = if is_contested(tx, mark) {
        let mut mark = mark.clone();
        mark.insert("owned".into(), true.into());
        Value::Object(mark)
    } else {
        Value::Null
    };
    tx.update(models::USER, user, patch(SIGN_UP, left)).map(|_| ())
}

/// Was the user taken up again so recently that two sign-ins may have met at it?
pub(crate) fn is_contested(tx: &Tx<'_>, mark: &Object) -> bool {
    let at = mark.get("contestedAt").and_then(Value::as_str).and_then(time_ms);
    at.zip(time_ms(tx.now())).is_some_and(|(at, now)| now - at < CONTESTED_MS)
}

/// A patch of one field.
pub(super) fn patch(field: &str, value: impl Into<Value>) -> Object {
    Object::from_iter([(field.to_owned(), value.into())])
}
