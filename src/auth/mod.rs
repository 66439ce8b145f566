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

use crate::calls::{Call, Reply, read, write};
use crate::catalogue::ModelId;
use crate::engine::{Record, View};
use crate::error::{Code, Error, Issue, Result};
use crate::json::Object;

pub(crate) use sessions::{expired, sweep};

pub(crate) const CALLS: &[Call] = &[
    write(
        "createUser",
        "user: any",
        "AdapterUser",
        "Makes a user; takes one up whose first sign-in was cut off.",
        users::create,
    ),
    read("getUser", "id: string", "AdapterUser | null", "The user with this id.", users::get),
    read(
        "getUserByEmail",
        "email: string",
        "AdapterUser | null",
        "The user with this address, unless nobody could ever have signed in as it.",
        users::get_by_email,
    ),
    read(
        "getUserByAccount",
        "account: { provider: string; providerAccountId: string | number }",
        "AdapterUser | null",
        "The user to whom an account belongs.",
        accounts::get_user,
    ),
    write(
        "updateUser",
        "user: { id: string; [field: string]: any }",
        "AdapterUser",
        "Changes a user; throws when there is none.",
        users::update,
    ),
    write(
        "deleteUser",
        "userId: string",
        "AdapterUser | null",
        "Deletes a user and everything that is theirs.",
        users::delete,
    ),
    write(
        "linkAccount",
        "account: any",
        "any",
        "Links an account to its user; a second time it changes nothing.",
        accounts::link,
    )
    .secret(),
    write(
        "unlinkAccount",
        "account: { provider: string; providerAccountId: string | number }",
        "any",
        "Unlinks an account.",
        accounts::unlink,
    )
    .secret(),
    write(
        "createSession",
        "session: AdapterSession",
        "AdapterSession",
        "Signs a browser in.",
        sessions::create,
    ),
    read(
        "getSessionAndUser",
        "sessionToken: string",
        "{ session: AdapterSession; user: AdapterUser } | null",
        "A browser's session and its user; the caller looks at `expires`.",
        sessions::get,
    ),
    write(
        "updateSession",
        "session: Partial<AdapterSession> & { sessionToken: string }",
        "AdapterSession | null",
        "Changes a session.",
        sessions::update,
    ),
    write(
        "deleteSession",
        "sessionToken: string",
        "AdapterSession | null",
        "Signs a browser out; null when it was already.",
        sessions::delete,
    ),
    write(
        "createVerificationToken",
        "token: AdapterVerificationToken",
        "AdapterVerificationToken",
        "Keeps a one-time token.",
        tokens::create,
    ),
    write(
        "useVerificationToken",
        "params: { identifier?: string; token: string }",
        "AdapterVerificationToken | null",
        "Gives a one-time token once.",
        tokens::take,
    ),
    read(
        "getAccount",
        "providerAccountId: unknown, provider: string",
        "any",
        "An account.",
        accounts::get,
    )
    .secret(),
    write(
        "createAuthenticator",
        "authenticator: AdapterAuthenticator",
        "AdapterAuthenticator",
        "Keeps a WebAuthn credential.",
        authenticators::create,
    ),
    read(
        "getAuthenticator",
        "credentialID: string",
        "AdapterAuthenticator | null",
        "A WebAuthn credential.",
        authenticators::get,
    ),
    read(
        "listAuthenticatorsByUserId",
        "userId: string",
        "AdapterAuthenticator[]",
        "A user's WebAuthn credentials.",
        authenticators::list,
    ),
    write(
        "updateAuthenticatorCounter",
        "credentialID: string, counter: number",
        "AdapterAuthenticator",
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

/// What the adapter's caller gets of a record.
fn shown(record: &Record, hidden: &[&str]) -> Value {
    let mut map = record.map();
    map.retain(|key, _| !hidden.contains(&key.as_str()));
    Value::Object(map)
}

fn reply(value: Option<Value>) -> Reply {
    Reply::Value(value.unwrap_or(Value::Null))
}

fn text<'m>(map: &'m Object, field: &str) -> &'m str {
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
    let issue = |field: &&str| Issue::new(*field, "a text that is not empty", "an empty text");
    let issues: Vec<Issue> = empty.map(issue).collect();
    if issues.is_empty() { Ok(()) } else { Err(Error::validation("Arguments", issues)) }
}
