//! The keyring of a store: what stands of it in the settings, and what is in memory.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::rotation::is_all_foreign;
use crate::catalogue::models::SETTINGS;
use crate::crypto::{Envelope, Keyring, SlotKey};
use crate::engine::{Record, SINGLE_KEY, Tx, View};
use crate::error::{Code, Error, Result};

const FIELD: &str = "encryption";
const FILE: &str = "settings/general.json";

/// What stands in the settings.
fn written(view: &View<'_>) -> Result<Option<(Arc<Record>, Value)>> {
    let Some(settings) = view.get(SETTINGS, SINGLE_KEY)? else { return Ok(None) };
    let value = settings.map().shift_remove(FIELD).filter(|value| !value.is_null());
    Ok(value.map(|value| (settings, value)))
}

fn read(value: &Value) -> Result<Envelope> {
    Envelope::from_value(value).map_err(|error| error.path(FILE))
}

/// What there is to know of the keys; `None` before the first passphrase.
///
/// # Errors
/// `CORRUPT`, `UNSUPPORTED_VERSION`.
pub(crate) fn envelope(view: &View<'_>) -> Result<Option<Envelope>> {
    written(view)?.map(|(_, value)| read(&value)).transpose()
}

/// The keyring in memory, where it fits what stands in the settings.
///
/// # Errors
/// `CORRUPT`, `UNSUPPORTED_VERSION`, `TAMPERED`.
pub(crate) fn held(view: &View<'_>) -> Result<Option<Arc<Keyring>>> {
    let Some((settings, value)) = written(view)? else { return Ok(None) };
    let committed = !view.has_changed(SETTINGS, SINGLE_KEY);
    view.keys().fitting(settings.version(), committed, || read(&value))
}

/// The keyring to seal with.
///
/// # Errors
/// `NO_PASSPHRASE` while the store is locked, and before its first passphrase.
pub(crate) fn to_seal(view: &View<'_>) -> Result<Arc<Keyring>> {
    held(view)?.ok_or_else(|| locked(view))
}

/// The keyring to open something with.
///
/// # Errors
/// `NO_PASSPHRASE` while the store is locked; `TAMPERED` where it has never had a key.
pub(crate) fn to_open(view: &View<'_>) -> Result<Arc<Keyring>> {
    if let Some(keyring) = held(view)? {
        return Ok(keyring);
    }
    if written(view)?.is_some() {
        return Err(locked(view));
    }
    let message = format!(
        "this is sealed, and the store has no keys: it is from another store, or {FILE} has lost its \
         {FIELD}; restore that from a backup"
    );
    Err(Error::new(Code::Tampered, message))
}

fn locked(view: &View<'_>) -> Error {
    let message = if view.keys().is_locked() {
        "the secrets were locked; unlock them with secrets.unlock(passphrase)"
    } else {
        "the secrets need a passphrase: give one to createStore, or in QUILLTAP_PASSPHRASE_FILE or \
         QUILLTAP_PASSPHRASE, or call secrets.unlock(passphrase)"
    };
    Error::new(Code::NoPassphrase, message)
}

/// Holds the keys that a passphrase or a recovery key has opened. They may be of settings that have
/// changed meanwhile: then they follow.
///
/// # Errors
/// `WRONG_PASSPHRASE`, `TAMPERED`.
pub(crate) fn unlocked(view: &View<'_>, slot_key: &SlotKey) -> Result<Arc<Keyring>> {
    let Some((settings, value)) = written(view)? else {
        return Err(Error::new(
            Code::NoPassphrase,
            "the store has no keys any more; unlock it anew",
        ));
    };
    let keyring = read(&value)?.unlock(slot_key)?;
    if is_all_foreign(view, keyring.envelope())? {
        let message = format!(
            "the {FIELD} of {FILE} has older keys than those under which everything in this store is \
             sealed; put the newest one back, from a backup of the whole folder, or remove what was \
             sealed elsewhere"
        );
        return Err(Error::new(Code::Tampered, message).path(FILE));
    }
    view.keys().hold_committed(settings.version(), keyring)
}

/// Writes what there is to know of a keyring, and holds it.
///
/// # Errors
/// Those of a change.
pub(crate) fn write(tx: &mut Tx<'_>, keyring: Keyring) -> Result<Arc<Keyring>> {
    let value = keyring.envelope().to_value();
    let patch = Map::from_iter([(FIELD.to_owned(), value)]);
    let settings = tx.update(SETTINGS, SINGLE_KEY, patch)?;
    let version = settings.map_or(0, |settings| settings.version());
    Ok(tx.view().keys().hold(version, keyring))
}
