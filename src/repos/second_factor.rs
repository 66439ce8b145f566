//! The calls on a user's second factor: the secret of one-time passwords, and backup codes.
//!
//! Backup codes are only ever compared, so what is sealed are their hashes: nobody, the store
//! included, can tell a code again, and each is good once.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::rules;
use super::rules::patch;
use crate::calls::{Args, Keys, Others, Reply, Step, Type, flag, text};
use crate::catalogue::{ModelId, models::USER};
use crate::crypto::{BackupCodes, Costs, Secret};
use crate::engine::{Tx, View, time_ms};
use crate::error::{Code, Error, Issue, Result};
use crate::json::{self as text, Object};
use crate::secrets::{open_parts, seal_parts, to_seal};

/// What stands beside the sealed secret of one-time passwords.
pub(super) const TOTP_OPTIONS: Keys = Keys {
    name: Some(Type::Named("TotpOptions")),
    keys: &[flag("enabled").optional(), text("verifiedAt").optional()],
    others: Others::Refused,
};

const TOTP: &str = "totp";
const CODES: &str = "backupCodes";

pub(super) fn set_totp(tx: &mut Tx<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    let (user, secret, options) =
        (args.text("userId")?, args.secret("secret")?, args.options("options")?);
    if secret.expose().is_empty() {
        let issue = Issue::new("secret", "a string of one character or more", "an empty one");
        return Err(Error::validation("Arguments", vec![issue]));
    }
    if tx.view().get(model, user)?.is_none() {
        return Ok(Reply::Record(None));
    }
    let mut totp = sealed(tx, user, TOTP, &secret)?;
    totp.extend(options);
    Ok(Reply::Record(rules::update(tx, model, user, patch(TOTP, totp))?))
}

fn sealed(tx: &Tx<'_>, user: &str, field: &str, clear: &Secret) -> Result<Object> {
    let view = tx.view();
    seal_parts(&*to_seal(&view)?, view.catalogue().model(USER), of(user), field, clear)
}

/// What is sealed in a user's record is bound to its id, which says whose it is.
fn of(user: &str) -> (&str, &'static Object) {
    static NOTHING_ELSE: LazyLock<Object> = LazyLock::new(Object::new);
    (user, &NOTHING_ELSE)
}

/// The object of a user's field, where there is one.
fn object(view: &View<'_>, user: &str, field: &str) -> Result<Option<Object>> {
    let user = view.get(USER, user)?.map(|user| user.map());
    Ok(user.and_then(|user| user.get(field).and_then(Value::as_object).cloned()))
}

pub(super) fn get_totp(view: &View<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    let user = args.text("userId")?;
    let Some(parts) = object(view, user, TOTP)? else { return Ok(Reply::Record(None)) };
    Reply::secret(&open_parts(view, model, of(user), TOTP, &parts)?)
}

pub(super) fn clear_totp(tx: &mut Tx<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    Ok(Reply::Record(rules::update(tx, model, args.text("userId")?, patch(TOTP, Value::Null))?))
}

pub(super) fn set_codes(view: &View<'_>, _model: ModelId, args: &Args) -> Result<Step> {
    let user = args.text("userId")?.to_owned();
    let codes = args.secrets("codes")?;
    if view.get(USER, &user)?.is_none() {
        return Step::done(Reply::Record(None));
    }
    to_seal(view)?;
    Step::slow(move || {
        // They are random, and sealed on top: OWASP's costs are enough for each of ten.
        let codes = BackupCodes::of(&codes, Costs::LOWEST)?;
        Step::commit(move |tx| {
            let Some(left) = write_codes(tx, &user, &codes, None)? else {
                return Step::done(Reply::Record(None));
            };
            Step::done(left)
        })
    })
}

/// Writes a set of codes; `None` when the user is gone.
fn write_codes(
    tx: &mut Tx<'_>,
    user: &str,
    codes: &BackupCodes,
    made: Option<Value>,
) -> Result<Option<Reply>> {
    if tx.view().get(USER, user)?.is_none() {
        return Ok(None);
    }
    let kept = Secret::from(text::compact(&codes.to_value()));
    let made = made.unwrap_or_else(|| tx.now().into());
    let mut parts = sealed(tx, user, CODES, &kept)?;
    parts.insert("createdAt".into(), made.clone());
    rules::update(tx, USER, user, patch(CODES, parts))?;
    Ok(Some(left(codes, &made)))
}

fn left(codes: &BackupCodes, made: &Value) -> Reply {
    Reply::Value(json!({ "remaining": codes.remaining(), "createdAt": made }))
}

/// A user's codes, and when they were made.
fn codes_of(view: &View<'_>, user: &str) -> Result<Option<(BackupCodes, Value)>> {
    let Some(parts) = object(view, user, CODES)? else { return Ok(None) };
    let kept = open_parts(view, USER, of(user), CODES, &parts)?;
    let value = text::parse(kept.expose_text()?).map_err(|_| {
        Error::new(Code::Corrupt, "the backup codes are not as a store writes them; set them anew")
    })?;
    let made = parts.get("createdAt").cloned().unwrap_or_default();
    Ok(Some((BackupCodes::from_value(&value)?, made)))
}

pub(super) fn get_codes(view: &View<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    let codes = codes_of(view, args.text("userId")?)?;
    Ok(codes.map_or(Reply::Record(None), |(codes, made)| left(&codes, &made)))
}

pub(super) fn consume_code(view: &View<'_>, _model: ModelId, args: &Args) -> Result<Step> {
    let (user, typed) = (args.text("userId")?.to_owned(), args.secret("code")?);
    let Some((codes, _)) = codes_of(view, &user)? else {
        return Step::done(Reply::Flag(false));
    };
    let now = time_ms(view.now()).unwrap_or_default();
    // A hash takes long, and all of them share a thread: who guesses must not hold up the others.
    view.keys().attempts().begin(&user, now)?;
    Step::slow(move || {
        let typed = match codes.hash(&typed) {
            Err(error) if error.code() == Code::Validation => {
                return Step::done(Reply::Flag(false));
            }
            hashed => hashed?,
        };
        Step::commit(move |tx| {
            // Whoever used it meanwhile was first.
            let Some((mut codes, made)) = codes_of(&tx.view(), &user)? else {
                return Step::done(Reply::Flag(false));
            };
            let is_good = codes.consume(&typed);
            if is_good {
                tx.view().keys().attempts().right(&user);
                write_codes(tx, &user, &codes, Some(made))?;
            }
            Step::done(Reply::Flag(is_good))
        })
    })
}
