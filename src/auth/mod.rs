//! The calls behind `QuilltapAdapter`, for NextAuth 4 and Auth.js 5.
//!
//! `users` holds the rule by which a first sign-in that was cut off can be taken up again,
//! `sessions` what a browser holds, `authenticators` WebAuthn. What a caller gets is what an
//! adapter's user, account or session has, key for key as it was given: never a password hash,
//! a sealed secret, or the store's own times and marks.

mod accounts;
mod authenticators;
mod provided;
mod sessions;
mod tokens;
mod users;

use serde_json::Value;

use crate::calls::{
    Call, Hidden, Keys, Narrows, Others, Reply, Type, keys, number, object, param, read, text,
    write,
};
use crate::catalogue::ModelId;
use crate::engine::{Record, View};
use crate::error::{Code, Error, Issue, Result};
use crate::json::Object;

pub(crate) use sessions::{expired, sweep};
pub(crate) use users::refuse_contested;

/// The option under which accounts hold their tokens sealed.
const ENCRYPT_TOKENS: &str = "encryptTokens";
/// The option under which sessions are known by the hashes of their tokens only.
const HASH_SESSION_TOKENS: &str = "hashSessionTokens";

const ACCOUNT_NAME: Keys = Keys {
    name: None,
    keys: &[text("provider"), param("providerAccountId", Type::TextOrNumber)],
    others: Others::Ignored,
};
const USER_CHANGE: Keys = Keys { name: None, keys: &[text("id")], others: Others::Any };
const SESSION_CHANGE: Keys = Keys {
    name: Some(Type::Named("Partial<AdapterSession> & { sessionToken: string }")),
    keys: &[text("sessionToken").private()],
    others: Others::Ignored,
};
const ONE_TIME_TOKEN: Keys = Keys {
    name: None,
    keys: &[text("identifier").optional().narrows(Narrows::Whole), text("token").private()],
    others: Others::Ignored,
};

/// What an answer holds that is a time, where a user, a session or a token is the answer.
const VERIFIED: &[&str] = &["emailVerified"];
const EXPIRES: &[&str] = &["expires"];

pub(crate) const CALLS: &[Call] = &[
    write(
        "createUser",
        &[object("user", "any")],
        Type::Named("AdapterUser"),
        "Makes a user; takes one up whose first sign-in was cut off.",
        users::create,
    )
    .dates(VERIFIED),
    read(
        "getUser",
        &[text("id")],
        Type::OrNull(&Type::Named("AdapterUser")),
        "The user with this id.",
        users::get,
    )
    .dates(VERIFIED),
    read(
        "getUserByEmail",
        &[text("email")],
        Type::OrNull(&Type::Named("AdapterUser")),
        "The user with this address, unless nobody could ever have signed in as it.",
        users::get_by_email,
    )
    .dates(VERIFIED),
    read(
        "getUserByAccount",
        &[keys("account", &ACCOUNT_NAME).narrows(Narrows::Whole)],
        Type::OrNull(&Type::Named("AdapterUser")),
        "The user to whom an account belongs.",
        accounts::get_user,
    )
    .dates(VERIFIED),
    write(
        "updateUser",
        &[keys("user", &USER_CHANGE)],
        Type::Named("AdapterUser"),
        "Changes a user; throws when there is none.",
        users::update,
    )
    .dates(VERIFIED),
    write(
        "deleteUser",
        &[text("userId")],
        Type::OrNull(&Type::Named("AdapterUser")),
        "Deletes a user and everything that is theirs.",
        users::delete,
    )
    .dates(VERIFIED),
    write(
        "linkAccount",
        &[object("account", "any")],
        Type::Named("any"),
        "Links an account to its user; a second time it changes nothing.",
        accounts::link,
    )
    .how(&[ENCRYPT_TOKENS])
    .secret(),
    write(
        "unlinkAccount",
        &[keys("account", &ACCOUNT_NAME).narrows(Narrows::Whole)],
        Type::Named("any"),
        "Unlinks an account.",
        accounts::unlink,
    )
    .secret(),
    write(
        "createSession",
        &[object("session", "AdapterSession")],
        Type::Named("AdapterSession"),
        "Signs a browser in.",
        sessions::create,
    )
    .dates(EXPIRES)
    .how(&[HASH_SESSION_TOKENS]),
    read(
        "getSessionAndUser",
        &[text("sessionToken").private()],
        Type::OrNull(&Type::Named("{ session: AdapterSession; user: AdapterUser }")),
        "A browser's session and its user; the caller looks at `expires`.",
        sessions::get,
    )
    .dates(&["session.expires", "user.emailVerified"])
    .how(&[HASH_SESSION_TOKENS]),
    write(
        "updateSession",
        &[keys("session", &SESSION_CHANGE)],
        Type::OrNull(&Type::Named("AdapterSession")),
        "Changes a session.",
        sessions::update,
    )
    .dates(EXPIRES)
    .how(&[HASH_SESSION_TOKENS]),
    write(
        "deleteSession",
        &[text("sessionToken").private()],
        Type::OrNull(&Type::Named("AdapterSession")),
        "Signs a browser out; null when it was already.",
        sessions::delete,
    )
    .dates(EXPIRES)
    .how(&[HASH_SESSION_TOKENS]),
    write(
        "createVerificationToken",
        &[object("token", "AdapterVerificationToken")],
        Type::Named("AdapterVerificationToken"),
        "Keeps a one-time token.",
        tokens::create,
    )
    .dates(EXPIRES),
    write(
        "useVerificationToken",
        &[keys("params", &ONE_TIME_TOKEN).narrows(Narrows::Whole)],
        Type::OrNull(&Type::Named("AdapterVerificationToken")),
        "Gives a one-time token once.",
        tokens::take,
    )
    .dates(EXPIRES),
    read(
        "getAccount",
        &[param("providerAccountId", Type::TextOrNumber), text("provider")],
        Type::Named("any"),
        "An account.",
        accounts::get,
    )
    .secret(),
    write(
        "createAuthenticator",
        &[object("authenticator", "AdapterAuthenticator")],
        Type::Named("AdapterAuthenticator"),
        "Keeps a WebAuthn credential.",
        authenticators::create,
    ),
    read(
        "getAuthenticator",
        &[text("credentialID")],
        Type::OrNull(&Type::Named("AdapterAuthenticator")),
        "A WebAuthn credential.",
        authenticators::get,
    ),
    read(
        "listAuthenticatorsByUserId",
        &[text("userId")],
        Type::List(&Type::Named("AdapterAuthenticator")),
        "A user's WebAuthn credentials.",
        authenticators::list,
    ),
    write(
        "updateAuthenticatorCounter",
        &[text("credentialID"), number("counter")],
        Type::Named("AdapterAuthenticator"),
        "Notes a credential's use; throws when there is none.",
        authenticators::update_counter,
    ),
];

/// The one record with these values in the fields of a unique.
fn one(
    view: &View<'_>,
    model: ModelId,
    fields: &[&str],
    values: &[&str],
) -> Result<Option<std::sync::Arc<Record>>> {
    Ok(view.find(model, fields, values)?.into_iter().next())
}

/// What an adapter's account, session or credential has no word for: the store's own key.
const KEY: &[&str] = &["id"];

/// What the adapter's caller gets of a record.
fn shown(record: &Record, hidden: &Hidden) -> Value {
    let mut map = record.map();
    map.retain(|key, _| !hidden.has(key));
    Value::Object(map)
}

/// The same of a record that is the caller's own: all but some fields.
fn shown_without(record: &Record, names: &'static [&'static str]) -> Value {
    shown(record, &Hidden { names, ..Hidden::default() })
}

fn reply(value: Option<Value>) -> Reply {
    Reply::Value(value.unwrap_or(Value::Null))
}

fn field<'m>(map: &'m Object, field: &str) -> &'m str {
    map.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn missing(model: &str, what: &str) -> Error {
    Error::new(Code::Validation, format!("there is no {model} {what}")).model(model)
}

/// Refuses what would let in whoever sends nothing.
///
/// # Errors
/// `VALIDATION`.
fn refuse_empty(data: &Object, fields: &[&str]) -> Result<()> {
    let empty = fields.iter().filter(|field| data.get(**field).is_some_and(|value| value == ""));
    let issue = |field: &&str| Issue::new(*field, "a string that is not empty", "an empty one");
    let issues: Vec<Issue> = empty.map(issue).collect();
    if issues.is_empty() { Ok(()) } else { Err(Error::validation("Arguments", issues)) }
}
