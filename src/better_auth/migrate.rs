//! From Auth.js to Better Auth, and back: the little that is not simply read under another name.
//!
//! Users, accounts, tokens and sessions are the same records for both. What must be made is a
//! credential account for a password, a row of Better Auth's for a passkey, another name for a
//! provider. A dry run makes all of it, tells what it was, and takes it back.

use std::sync::Arc;

use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde_json::{Value, json};

use super::request::fault;
use super::tables::collection_of;
use crate::calls::{Args, Call, Keys, Others, Reply, Type, flag, keys, object, text, write};
use crate::catalogue::{ModelId, models};
use crate::engine::{Record, Tx};
use crate::error::{Error, Result};
use crate::json::{Object, text_field};
use crate::repos::rules;

const OPTIONS: Keys = Keys {
    name: Some(Type::Named("AuthMigrationOptions")),
    keys: &[
        text("to"),
        flag("dryRun").optional(),
        object("providers", "Record<string, string>").optional(),
    ],
    others: Others::Refused,
};

pub(crate) const CALLS: &[Call] = &[write(
    "migrateAuth",
    &[keys("options", &OPTIONS)],
    Type::Named("AuthMigration"),
    "Makes what Better Auth needs of what Auth.js has (`to: 'better-auth'`), or the other way round \
     (`to: 'auth.js'`), whole or not at all; tells what that is.",
    migrate,
)];

/// The provider of an account that is a password.
const CREDENTIAL: &str = "credential";
/// The provider under which Auth.js has passkeys.
const PASSKEY: &str = "passkey";
/// Names of Auth.js's that Better Auth has another word for.
const RENAMED: &[(&str, &str)] = &[("azure-ad", "microsoft"), ("microsoft-entra-id", "microsoft")];

/// What is done, and what the reader must see to.
#[derive(Default)]
struct Report {
    done: Vec<Value>,
    attention: Vec<Value>,
}

impl Report {
    fn done(&mut self, what: &str, records: usize, how: &str) {
        self.done.push(json!({ "what": what, "records": records, "how": how }));
    }

    fn attention(&mut self, what: &str, records: usize, how: &str) {
        if records > 0 {
            self.attention.push(json!({ "what": what, "records": records, "how": how }));
        }
    }
}

/// Why what was made is taken back.
enum Undone {
    Failed(Error),
    OnlyTried(Report),
}

impl From<Error> for Undone {
    fn from(error: Error) -> Undone {
        Undone::Failed(error)
    }
}

fn migrate(tx: &mut Tx<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    let options = args.options("options")?;
    let forwards = match options.get("to").and_then(Value::as_str) {
        Some("better-auth") => true,
        Some("auth.js") => false,
        _ => return Err(fault("to", "'better-auth' or 'auth.js'", &options["to"])),
    };
    let is_dry = options.get("dryRun") == Some(&Value::Bool(true));
    let names = names(&options, forwards)?;
    let made = tx.whole(|tx| {
        let report = if forwards { to_better_auth(tx, &names)? } else { to_auth_js(tx, &names)? };
        if is_dry { Err(Undone::OnlyTried(report)) } else { Ok(report) }
    });
    let report = match made {
        Ok(report) | Err(Undone::OnlyTried(report)) => report,
        Err(Undone::Failed(error)) => return Err(error),
    };
    let Report { done, attention } = report;
    let told =
        json!({ "to": options["to"], "dryRun": is_dry, "done": done, "attention": attention });
    Ok(Reply::Value(told))
}

/// The providers that get another name: what it is, and what it becomes.
fn names(options: &Object, forwards: bool) -> Result<Vec<(String, String)>> {
    let given = options.get("providers").and_then(Value::as_object);
    let pair = |(ours, theirs): (&String, &Value)| match theirs.as_str() {
        Some(theirs) if forwards => Ok((ours.clone(), theirs.to_owned())),
        Some(theirs) => Ok((theirs.to_owned(), ours.clone())),
        None => Err(fault(&format!("providers.{ours}"), "Better Auth's name for it", theirs)),
    };
    given.into_iter().flatten().map(pair).collect()
}

fn to_better_auth(tx: &mut Tx<'_>, names: &[(String, String)]) -> Result<Report> {
    let mut report = Report::default();
    let sessions = tx.view().count(models::SESSION);
    report.done(
        "users",
        tx.view().count(models::USER),
        "read as they are: a time in emailVerified is true",
    );
    report.done("sessions", sessions, "read as they are: nobody is signed out");
    report.done(
        "accounts",
        tx.view().count(models::ACCOUNT),
        "read as they are, with their tokens",
    );
    let passwords = passwords_to_accounts(tx)?;
    report.done(
        "passwords",
        passwords,
        "a user's passwordHash is copied into a credential account",
    );
    report.done(
        "providers",
        rename(tx, names)?,
        "accounts get Better Auth's name for their provider",
    );
    let credentials = tx.view().all(models::AUTHENTICATOR)?;
    match tx.view().catalogue().by_collection(&collection_of(PASSKEY)) {
        Some(passkeys) => {
            let made = authenticators_to_passkeys(tx, passkeys, &credentials)?;
            report.done(
                "passkeys",
                made,
                "WebAuthn credentials are copied into Better Auth's table",
            );
        }
        None => report.attention(
            "passkeys",
            credentials.len(),
            "add Better Auth's passkey plugin, let it be asked once, and migrate again",
        ),
    }
    report.attention(
        "second factors",
        with_second_factor(tx)?,
        "these users have a TOTP secret of the app's, which Better Auth does not ask for: make them set \
         up a second factor again, or refuse them until they have",
    );
    for (ours, theirs) in RENAMED {
        let how = format!(
            "Better Auth calls this provider {theirs}: providers: {{ '{ours}': '{theirs}' }}"
        );
        report.attention(ours, of_provider(tx, ours)?.len(), &how);
    }
    report.attention(
        "one-time tokens",
        tx.view().count(models::VERIFICATION_TOKEN),
        "links that Auth.js has sent work at Auth.js only",
    );
    Ok(report)
}

fn to_auth_js(tx: &mut Tx<'_>, names: &[(String, String)]) -> Result<Report> {
    let mut report = Report::default();
    report.done("users", tx.view().count(models::USER), "read as they are");
    report.done(
        "sessions",
        tx.view().count(models::SESSION),
        "read as they are: nobody is signed out",
    );
    let moved = accounts_to_passwords(tx)?;
    report.done("passwords", moved, "a credential account becomes its user's passwordHash");
    report.done("providers", rename(tx, names)?, "accounts get Auth.js's name for their provider");
    if let Some(passkeys) = tx.view().catalogue().by_collection(&collection_of(PASSKEY)) {
        let made = passkeys_to_authenticators(tx, passkeys)?;
        report.done(
            "passkeys",
            made,
            "Better Auth's passkeys are copied into WebAuthn credentials",
        );
    }
    if let Some(factors) = tx.view().catalogue().by_collection(&collection_of("twoFactor")) {
        let how =
            "these users have a second factor of Better Auth's, which Auth.js does not ask for";
        report.attention("second factors", tx.view().count(factors), how);
    }
    Ok(report)
}

fn object_of(pairs: impl IntoIterator<Item = (&'static str, Value)>) -> Object {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn of_provider(tx: &Tx<'_>, provider: &str) -> Result<Vec<Arc<Record>>> {
    let mut accounts = tx.view().all(models::ACCOUNT)?;
    accounts.retain(|account| text_field(account.text(), "provider").as_deref() == Some(provider));
    Ok(accounts)
}

/// A password that the app has changed since is the newer one: Better Auth's own change clears it.
fn passwords_to_accounts(tx: &mut Tx<'_>) -> Result<usize> {
    let mut made = 0;
    for user in tx.view().all(models::USER)? {
        let map = user.map();
        let Some(hash) = map.get("passwordHash").filter(|hash| hash.is_string()) else { continue };
        let names = ["provider", "providerAccountId"];
        let known = tx.view().find(models::ACCOUNT, &names, &[CREDENTIAL, user.key()])?;
        let change = object_of([("password", hash.clone())]);
        match known.first() {
            Some(account) if account.map().get("password") == Some(hash) => continue,
            Some(account) => drop(rules::update(tx, models::ACCOUNT, account.key(), change)?),
            None => {
                let mut account = change;
                account.extend(object_of([
                    ("userId", user.key().into()),
                    ("type", "credentials".into()),
                    ("provider", CREDENTIAL.into()),
                    ("providerAccountId", user.key().into()),
                ]));
                rules::create(tx, models::ACCOUNT, account)?;
            }
        }
        made += 1;
    }
    Ok(made)
}

fn accounts_to_passwords(tx: &mut Tx<'_>) -> Result<usize> {
    let accounts = of_provider(tx, CREDENTIAL)?;
    for account in &accounts {
        let map = account.map();
        if let (Some(Value::String(user)), Some(hash)) = (map.get("userId"), map.get("password")) {
            let change = object_of([("passwordHash", hash.clone())]);
            rules::update(tx, models::USER, user, change)?;
        }
        tx.delete(models::ACCOUNT, account.key())?;
    }
    Ok(accounts.len())
}

fn rename(tx: &mut Tx<'_>, names: &[(String, String)]) -> Result<usize> {
    let mut renamed = 0;
    for (from, to) in names {
        for account in of_provider(tx, from)? {
            let change = object_of([("provider", to.as_str().into())]);
            rules::update(tx, models::ACCOUNT, account.key(), change)?;
            renamed += 1;
        }
    }
    Ok(renamed)
}

fn with_second_factor(tx: &Tx<'_>) -> Result<usize> {
    let has = |user: &Arc<Record>| {
        user.map().get("totp").and_then(|totp| totp.get("enabled")) == Some(&Value::Bool(true))
    };
    Ok(tx.view().all(models::USER)?.iter().filter(|user| has(user)).count())
}

/// The fields that only change their names: Auth.js's and Better Auth's.
const CREDENTIAL_FIELDS: &[(&str, &str)] = &[
    ("userId", "userId"),
    ("credentialPublicKey", "publicKey"),
    ("counter", "counter"),
    ("credentialDeviceType", "deviceType"),
    ("credentialBackedUp", "backedUp"),
    ("transports", "transports"),
];

fn authenticators_to_passkeys(
    tx: &mut Tx<'_>,
    passkeys: ModelId,
    credentials: &[Arc<Record>],
) -> Result<usize> {
    let mut made = 0;
    for credential in credentials {
        let map = credential.map();
        let id = map.get("credentialID").and_then(Value::as_str).unwrap_or_default();
        let id = recoded(id, |id| BASE64.decode(id).ok().map(|id| BASE64URL_NOPAD.encode(&id)));
        if has(tx, passkeys, &id)? {
            continue;
        }
        let named = CREDENTIAL_FIELDS.iter().map(|(from, to)| (*to, map.get(*from)));
        let mut passkey: Object =
            named.filter_map(|(to, value)| Some((to.to_owned(), value?.clone()))).collect();
        passkey.extend(object_of([("credentialID", id.into()), ("createdAt", tx.now().into())]));
        tx.create(passkeys, passkey)?;
        made += 1;
    }
    Ok(made)
}

fn passkeys_to_authenticators(tx: &mut Tx<'_>, passkeys: ModelId) -> Result<usize> {
    let mut made = 0;
    for passkey in tx.view().all(passkeys)? {
        let map = passkey.map();
        let id = map.get("credentialID").and_then(Value::as_str).unwrap_or_default();
        let id = recoded(id, |id| BASE64URL_NOPAD.decode(id).ok().map(|id| BASE64.encode(&id)));
        if has(tx, models::AUTHENTICATOR, &id)? {
            continue;
        }
        let named = CREDENTIAL_FIELDS.iter().map(|(to, from)| (*to, map.get(*from)));
        let mut credential: Object =
            named.filter_map(|(to, value)| Some((to.to_owned(), value?.clone()))).collect();
        let both = object_of([("providerAccountId", id.as_str().into())]);
        credential.extend(both.clone());
        credential.insert("credentialID".into(), id.into());
        rules::create(tx, models::AUTHENTICATOR, credential)?;
        let mut account: Object = both;
        account.extend(object_of([
            ("userId", map.get("userId").cloned().unwrap_or_default()),
            ("type", "webauthn".into()),
            ("provider", PASSKEY.into()),
        ]));
        rules::create(tx, models::ACCOUNT, account)?;
        made += 1;
    }
    Ok(made)
}

/// An id in the other library's alphabet; one that is not in this one's stays.
fn recoded(id: &str, recode: impl Fn(&[u8]) -> Option<String>) -> String {
    recode(id.as_bytes()).unwrap_or_else(|| id.to_owned())
}

fn has(tx: &Tx<'_>, model: ModelId, credential: &str) -> Result<bool> {
    let records = tx.view().all(model)?;
    let id = |record: &Record| text_field(record.text(), "credentialID").map(|id| id.into_owned());
    Ok(records.iter().any(|record| id(record).as_deref() == Some(credential)))
}
