//! Values that the app encrypted itself, sealed as this store seals them.

use serde_json::Value;

use crate::catalogue::ModelId;
use crate::crypto::{BackupCodes, Costs, Secret, is_sealed};
use crate::engine::Tx;
use crate::error::{Code, Error, Result};
use crate::json::{self, Object};
use crate::secrets::{seal_parts, to_seal};

/// The field whose value is a list of codes, of which the store keeps hashes.
const CODES: &str = "backupCodes";

/// What is sealed for a clear value of the app's. Slow for backup codes.
///
/// # Errors
/// `VALIDATION` for backup codes that are no list of texts.
pub(crate) fn prepared(field: &str, clear: Secret) -> Result<Secret> {
    if field != CODES {
        return Ok(clear);
    }
    let none = || Error::new(Code::Validation, "the backup codes are no list of strings");
    let list = json::parse(clear.expose_text()?).map_err(|_| none())?;
    let Value::Array(list) = list else { return Err(none()) };
    let code = |code: Value| match code {
        Value::String(code) => Ok(Secret::from(code)),
        _ => Err(none()),
    };
    let codes: Vec<Secret> = list.into_iter().map(code).collect::<Result<_>>()?;
    // They are random, and sealed on top: OWASP's costs are enough for each of ten.
    Ok(Secret::from(json::compact(&BackupCodes::of(&codes, Costs::LOWEST)?.to_value())))
}

/// Seals a prepared value in the place of the app's own; the record's times stay. `false` where it is
/// sealed already, or there is no such record.
///
/// # Errors
/// `NO_PASSPHRASE`; those of changing the record.
pub(crate) fn reseal(
    tx: &mut Tx<'_>,
    model: ModelId,
    id: &str,
    field: &str,
    clear: &Secret,
) -> Result<bool> {
    let view = tx.view();
    let Some(record) = view.get(model, id)? else { return Ok(false) };
    let mut map = record.map();
    let stands_in = |map: &Object| map.get(field).and_then(Value::as_object).cloned();
    let inner = stands_in(&map);
    let mut place = inner.clone().unwrap_or_else(|| map.clone());
    if place.get("ciphertext").and_then(Value::as_str).is_some_and(is_sealed) {
        return Ok(false);
    }
    let parts =
        seal_parts(&*to_seal(&view)?, view.catalogue().model(model), (id, &map), field, clear)?;
    place.extend(parts);
    if field == CODES {
        let made = map.get("updatedAt").cloned().unwrap_or_else(|| tx.now().into());
        place.entry("createdAt").or_insert(made);
    }
    match inner {
        Some(_) => drop(map.insert(field.to_owned(), place.into())),
        None => map = place,
    }
    tx.replace(model, id, map).map(|put| put.is_some())
}
