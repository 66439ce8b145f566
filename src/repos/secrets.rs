//! The calls on the keys of the store.

use serde_json::{Value, json};

use crate::calls::{
    Args, Call, Keys, Others, Reply, Step, Type, ZeroizingValue, keys, param, read, slow, text,
};
use crate::catalogue::ModelId;
use crate::crypto::{Costs, Envelope, Keyring, LegacyKey, RecoveryKey, Secret, SlotId, SlotKey};
use crate::engine::{Tx, View};
use crate::error::{Code, Error, Result};
use crate::secrets::{Rotation, any_sealed, envelope, held, to_seal, unlocked, write};

const LEGACY_SECRET: Keys = Keys {
    name: Some(Type::Named("LegacySecret")),
    keys: &[text("userId"), text("ciphertext"), text("iv"), text("authTag"), text("pepper")],
    others: Others::Refused,
};

pub(crate) const CALLS: &[Call] = &[
    slow(
"unlock",
&[param("passphrase", Type::Passphrase).optional()],
Type::Named("void"),
        "Unlocks the secrets, with the passphrase of `createStore` or of the environment unless one is given; the first one ever becomes the store's.",
        unlock,
    )
    // By a call that needs the keys: it takes those that are held, and in a transaction makes none.
    .how(&["lazy", "existing"]),
    read(
"lock",
&[],
Type::Named("void"), "Forgets every key until `unlock` is called.", lock).secret(),
    read(
"status",
&[],
Type::Named("SecretsStatus"),
        "Whether there are keys, and whether they are here.",
        status,
    )
    .secret(),
    slow(
"changePassphrase",
&[param("next", Type::Passphrase)],
Type::Named("void"),
        "Puts another passphrase in place of the one there is; no record changes.",
        change_passphrase,
    ),
    slow(
"createRecoveryKey",
&[],
Type::Text,
        "Makes a recovery key, in place of the one before, and gives it this once: to be kept on paper.",
        create_recovery_key,
    ),
    slow(
"recover",
&[text("recoveryKey"), param("nextPassphrase", Type::Passphrase)],
Type::Named("void"),
        "Unlocks the secrets with the recovery key, and sets another passphrase.",
        recover,
    ),
    slow(
"rotateKey",
&[],
Type::Named("KeyRotation"),
        "Seals everything anew under a new data key, or goes on where that was interrupted.",
        rotate,
    ),
    slow(
"openLegacy",
&[keys("secret", &LEGACY_SECRET)],
Type::Text,
        "Opens what the app encrypted itself before it had this store.",
        open_legacy,
    ),
];

fn nothing() -> Reply {
    Reply::Value(Value::Null)
}

fn unlock(view: &View<'_>, _model: ModelId, args: &Args) -> Result<Step> {
    if args.how("lazy") {
        if view.keys().is_locked() {
            // Whoever locks it on purpose does not want the next call to unlock it.
            to_seal(view)?;
        }
        if held(view)?.is_some() {
            return Step::done(nothing());
        }
    }
    let (passphrase, costs) = (args.passphrase()?, view.keys().costs());
    match envelope(view)? {
        Some(envelope) => open_slot(envelope, SlotId::Passphrase, passphrase),
        None if args.how("existing") => Err(Error::new(
            Code::Locked,
            "the first secret of a store makes its keys, which would wait for the transaction that \
             this call is made in; call secrets.unlock() before it",
        )),
        None => Step::slow(move || {
            let slot_key = SlotKey::derive(SlotId::Passphrase, &passphrase, costs)?;
            Step::commit(move |tx| create(tx, &slot_key, &passphrase))
        }),
    }
}

/// Makes the keys of a store, unless another process has done so meanwhile.
fn create(tx: &mut Tx<'_>, slot_key: &SlotKey, passphrase: &Secret) -> Result<Step> {
    if let Some(envelope) = envelope(&tx.view())? {
        return open_slot(envelope, SlotId::Passphrase, passphrase.clone());
    }
    if any_sealed(&tx.view())? {
        let message = "there are sealed secrets, and settings/general.json has lost the keys that open \
                       them; restore its `encryption` from a backup";
        return Err(Error::new(Code::Corrupt, message).path("settings/general.json"));
    }
    let keyring = Keyring::create(slot_key, tx.now())?;
    write(tx, keyring)?;
    Step::done(nothing())
}

/// Opens the keys with what opens one of their slots.
fn open_slot(envelope: Envelope, slot: SlotId, secret: Secret) -> Result<Step> {
    Step::slow(move || {
        let slot_key = envelope.slot_key(slot, &secret)?;
        // A wrong one is told at once; what is held must fit the settings as they are by then.
        envelope.unlock(&slot_key)?;
        Step::look(move |view| {
            unlocked(view, &slot_key)?;
            Step::done(nothing())
        })
    })
}

fn lock(view: &View<'_>, _model: ModelId, _args: &Args) -> Result<Reply> {
    view.keys().lock();
    Ok(nothing())
}

fn status(view: &View<'_>, _model: ModelId, _args: &Args) -> Result<Reply> {
    let Some(envelope) = envelope(view)? else {
        return Ok(Reply::Value(json!({ "initialized": false, "unlocked": false })));
    };
    let since = |slot| envelope.slot(slot).map(|slot| slot.created_at());
    let kdf = envelope.slot(SlotId::Passphrase).map(|slot| described(slot.costs()));
    Ok(Reply::Value(json!({
        "initialized": true,
        "unlocked": held(view)?.is_some(),
        "storeId": envelope.store_id(),
        "keyId": envelope.current_key_id(),
        "rotating": envelope.rotating_from().is_some(),
        "passphraseSince": since(SlotId::Passphrase),
        "recoveryKeySince": since(SlotId::Recovery),
        "kdf": kdf,
    })))
}

fn described(costs: Costs) -> Value {
    match costs {
        Costs::Argon2id { memory_kib, passes, lanes } => json!({
            "kdf": "argon2id", "memoryKib": memory_kib, "passes": passes, "lanes": lanes,
        }),
        Costs::Pbkdf2Sha256 { iterations } => {
            json!({ "kdf": "pbkdf2-sha256", "iterations": iterations })
        }
    }
}

fn change_passphrase(view: &View<'_>, _model: ModelId, args: &Args) -> Result<Step> {
    to_seal(view)?;
    let (next, costs) = (args.passphrase()?, view.keys().costs());
    Step::slow(move || {
        let slot_key = SlotKey::derive(SlotId::Passphrase, &next, costs)?;
        set_slot(slot_key, || Ok(nothing()))
    })
}

fn create_recovery_key(view: &View<'_>, _model: ModelId, _args: &Args) -> Result<Step> {
    to_seal(view)?;
    let costs = view.keys().costs();
    Step::slow(move || {
        let key = RecoveryKey::random()?;
        let slot_key = SlotKey::derive(SlotId::Recovery, key.secret(), costs)?;
        set_slot(slot_key, move || Reply::secret(&key.text()))
    })
}

/// Puts a slot in place of the one before, and answers.
fn set_slot(
    slot_key: SlotKey,
    answer: impl Fn() -> Result<Reply> + Send + 'static,
) -> Result<Step> {
    Step::commit(move |tx| {
        let keyring = to_seal(&tx.view())?.with_slot(&slot_key, tx.now())?;
        write(tx, keyring)?;
        Step::done(answer()?)
    })
}

fn recover(view: &View<'_>, _model: ModelId, args: &Args) -> Result<Step> {
    let key = RecoveryKey::read(args.text("recoveryKey")?)?;
    let (next, costs) = (args.passphrase()?, view.keys().costs());
    let envelope = envelope(view)?.ok_or_else(|| {
        Error::new(Code::WrongPassphrase, "this store has no keys yet, and so no recovery key")
    })?;
    Step::slow(move || {
        let recovery = envelope.slot_key(SlotId::Recovery, key.secret())?;
        envelope.unlock(&recovery)?;
        let passphrase = SlotKey::derive(SlotId::Passphrase, &next, costs)?;
        Step::commit(move |tx| {
            let keyring = unlocked(&tx.view(), &recovery)?.with_slot(&passphrase, tx.now())?;
            write(tx, keyring)?;
            Step::done(nothing())
        })
    })
}

fn rotate(view: &View<'_>, _model: ModelId, _args: &Args) -> Result<Step> {
    to_seal(view)?;
    go_on(Rotation::default())
}

fn go_on(rotation: Rotation) -> Result<Step> {
    Step::commit(move |tx| {
        let mut next = rotation.clone();
        if next.step(tx)? {
            return Step::done(Reply::Value(next.report()));
        }
        go_on(next)
    })
}

fn open_legacy(_view: &View<'_>, _model: ModelId, args: &Args) -> Result<Step> {
    let secret = args.object("secret")?;
    let mut secret = ZeroizingValue(Value::Object(secret));
    let mut part = |name: &str| match secret.0.get_mut(name).map(Value::take) {
        Some(Value::String(text)) => Secret::from(text),
        _ => Secret::copy_of(b""),
    };
    let [user, pepper, ciphertext, iv, tag] =
        ["userId", "pepper", "ciphertext", "iv", "authTag"].map(&mut part);
    Step::slow(move || {
        let key = LegacyKey::derive(user.expose_text()?, &pepper)?;
        let clear = key.open(ciphertext.expose_text()?, iv.expose_text()?, tag.expose_text()?)?;
        Step::done(Reply::secret(&clear)?)
    })
}
