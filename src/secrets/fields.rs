//! Sealed values in records: a text, or three parts.

use serde_json::{Map, Value};

use super::keyring::{held, to_open, to_seal};
use crate::catalogue::{Model, ModelId, Sealed, Sealing};
use crate::crypto::{Keyring, Place, Secret, is_sealed};
use crate::engine::{Tx, View};
use crate::error::{Code, Error, Issue, Result};

type Object = Map<String, Value>;

/// What a sealed value of a record is bound to. The collection's name never changes, which a model's
/// may. Of the fields that bind, those count that have a value: one that is declared later changes
/// nothing.
pub(super) fn place<'a>(
    model: &'a Model,
    id: &'a str,
    field: &'a str,
    map: &'a Object,
) -> Place<'a> {
    let value = |name: &'a String| Some((name.as_str(), map.get(name)?.as_str()?));
    Place {
        model: &model.collection,
        id,
        field,
        bound: model.binding.iter().filter_map(value).collect(),
    }
}

/// The values that bind in a record after a change of it, and nothing else: the change may hold clear
/// texts, of which no copy is made.
pub(super) fn bindings(model: &Model, old: Option<&Object>, change: &Object) -> Object {
    let value = |name: &String| change.get(name).or_else(|| old?.get(name)).cloned();
    model.binding.iter().filter_map(|name| Some((name.clone(), value(name)?))).collect()
}

fn texts(model: &Model, sealing: Sealing) -> impl Iterator<Item = &Sealed> {
    model.sealed.iter().filter(move |sealed| sealed.sealing == sealing)
}

/// Seals what is declared secret in the input of a record, before it becomes part of any change.
/// What is sealed already, and belongs there, stays; what was sealed once is never kept clear again.
///
/// # Errors
/// `NO_PASSPHRASE`; `TAMPERED` for a text that was sealed elsewhere.
pub(crate) fn seal_declared(
    tx: &Tx<'_>,
    model: ModelId,
    id: &str,
    input: &mut Object,
    old: Option<&Object>,
) -> Result<()> {
    let view = tx.view();
    let declared = view.catalogue().model(model);
    let was = |sealed: &Sealed| old.and_then(|old| old.get(&sealed.field)).and_then(Value::as_str);
    let bound = bindings(declared, old, input);
    let asked = texts(declared, Sealing::Asked).any(|sealed| was(sealed).is_some_and(is_sealed));
    for sealed in &declared.sealed {
        let wanted = match sealed.sealing {
            Sealing::Always => true,
            Sealing::Asked => asked,
            Sealing::Parts => false,
        };
        if !wanted {
            continue;
        }
        if input.get(&sealed.field).is_none() {
            seal_leftover(&view, declared, id, sealed, (was(sealed), &bound), input)?;
            continue;
        }
        let Some(Value::String(text)) = input.get_mut(&sealed.field) else { continue };
        if is_sealed(text) && was(sealed) == Some(text.as_str()) {
            continue;
        }
        let (keyring, place) = (to_seal(&view)?, place(declared, id, &sealed.field, &bound));
        if is_sealed(text) {
            keyring.open_text(&place, text)?;
        } else {
            let clear = Secret::from(std::mem::take(text));
            *text = keyring.seal_text(&place, clear.expose())?;
        }
    }
    Ok(())
}

/// A clear text that is there already, from a hand edit or from before it was declared secret, is
/// sealed with the next change of its record, where that can be done.
fn seal_leftover(
    view: &View<'_>,
    declared: &Model,
    id: &str,
    sealed: &Sealed,
    (was, bound): (Option<&str>, &Object),
    input: &mut Object,
) -> Result<()> {
    let Some(clear) = was.filter(|text| !is_sealed(text)) else { return Ok(()) };
    if let Some(keyring) = held(view)? {
        let text =
            keyring.seal_text(&place(declared, id, &sealed.field, bound), clear.as_bytes())?;
        input.insert(sealed.field.clone(), text.into());
    }
    Ok(())
}

/// Seals the texts of a record that are sealed only where their writer asks for it; `old` is what the
/// record is, of which `input` is a change.
///
/// # Errors
/// `NO_PASSPHRASE`.
pub(crate) fn seal_asked(
    tx: &Tx<'_>,
    model: ModelId,
    id: &str,
    input: &mut Object,
    old: Option<&Object>,
) -> Result<()> {
    let view = tx.view();
    let declared = view.catalogue().model(model);
    let bound = bindings(declared, old, input);
    for sealed in texts(declared, Sealing::Asked) {
        if let Some(Value::String(text)) = input.get_mut(&sealed.field) {
            let clear = Secret::from(std::mem::take(text));
            let place = place(declared, id, &sealed.field, &bound);
            *text = to_seal(&view)?.seal_text(&place, clear.expose())?;
        }
    }
    Ok(())
}

/// The clear text of a field that is one text; what stands there clear is given as it is.
fn open_text(
    view: &View<'_>,
    model: ModelId,
    id: &str,
    field: &str,
    map: &Object,
) -> Result<Secret> {
    let text = map.get(field).and_then(Value::as_str).unwrap_or_default();
    if !is_sealed(text) {
        return Ok(Secret::copy_of(text.as_bytes()));
    }
    to_open(view)?.open_text(&place(view.catalogue().model(model), id, field, map), text)
}

/// The clear text of a secret field; `None` when there is no such record, or nothing in the field.
///
/// # Errors
/// `VALIDATION` for a field that is not secret, `NO_PASSPHRASE`, `TAMPERED`.
pub(crate) fn reveal(
    view: &View<'_>,
    model: ModelId,
    id: &str,
    field: &str,
) -> Result<Option<Secret>> {
    let declared = view.catalogue().model(model);
    let secret = declared.sealed.iter().filter(|sealed| sealed.sealing != Sealing::Parts);
    let names: Vec<&str> = secret.map(|sealed| sealed.field.as_str()).collect();
    if !names.contains(&field) {
        let issue = Issue::new("field", format!("one of {}", names.join(", ")), "another one");
        return Err(Error::validation("Arguments", vec![issue]));
    }
    let Some(record) = view.get(model, id)? else { return Ok(None) };
    let map = record.map();
    let has_text = map.get(field).is_some_and(Value::is_string);
    has_text.then(|| open_text(view, model, id, field, &map)).transpose()
}

/// The clear text of a sealed value of a record, by keys that are for this one look; `None` where there is
/// nothing in the field.
///
/// # Errors
/// `VALIDATION` for a field that is not sealed, `TAMPERED`.
pub(crate) fn open_with(
    keyring: &Keyring,
    declared: &Model,
    (id, map): (&str, &Object),
    field: &str,
) -> Result<Option<Secret>> {
    let Some(sealed) = declared.sealed.iter().find(|sealed| sealed.field == field) else {
        let names: Vec<&str> = declared.sealed.iter().map(|one| one.field.as_str()).collect();
        let issue = Issue::new("field", format!("one of {}", names.join(", ")), "another one");
        return Err(Error::validation("Arguments", vec![issue]));
    };
    let place = place(declared, id, field, map);
    if sealed.sealing != Sealing::Parts {
        let Some(text) = map.get(field).and_then(Value::as_str) else { return Ok(None) };
        let clear = || Ok(Secret::copy_of(text.as_bytes()));
        return if is_sealed(text) { keyring.open_text(&place, text) } else { clear() }.map(Some);
    }
    let parts = if sealed.at_top { Some(map) } else { map.get(field).and_then(Value::as_object) };
    let part = |name| parts?.get(name)?.as_str();
    let Some(ciphertext) = part("ciphertext") else { return Ok(None) };
    if !is_sealed(ciphertext) {
        return Err(sealed_elsewhere(declared, field));
    }
    let [iv, tag] = ["iv", "authTag"].map(|name| part(name).unwrap_or_default());
    keyring.open_field(&place, ciphertext, iv, tag).map(Some)
}

fn sealed_elsewhere(declared: &Model, field: &str) -> Error {
    let message = format!(
        "{field} of this {} was not sealed by this store; what the app encrypted itself is opened \
         with its pepper: secrets.openLegacy, connections.resealLegacyApiKey",
        declared.name
    );
    Error::new(Code::Tampered, message).model(&declared.name)
}

/// A clear text as the three parts that are kept, in the record `map`.
///
/// # Errors
/// Those of sealing.
pub(crate) fn seal_parts(
    keyring: &Keyring,
    model: &Model,
    (id, map): (&str, &Object),
    field: &str,
    clear: &Secret,
) -> Result<Object> {
    let sealed = keyring.seal_field(&place(model, id, field, map), clear.expose())?;
    let parts =
        [("ciphertext", sealed.ciphertext), ("iv", sealed.iv), ("authTag", sealed.auth_tag)];
    Ok(parts.into_iter().map(|(name, text)| (name.to_owned(), text.into())).collect())
}

/// The clear text of three parts, which stand in the record `map`.
///
/// # Errors
/// `NO_PASSPHRASE`, `TAMPERED`.
pub(crate) fn open_parts(
    view: &View<'_>,
    model: ModelId,
    (id, map): (&str, &Object),
    field: &str,
    parts: &Object,
) -> Result<Secret> {
    let declared = view.catalogue().model(model);
    let part = |name| parts.get(name).and_then(Value::as_str).unwrap_or_default();
    let ciphertext = part("ciphertext");
    if !is_sealed(ciphertext) {
        return Err(sealed_elsewhere(declared, field));
    }
    let place = place(declared, id, field, map);
    to_open(view)?.open_field(&place, ciphertext, part("iv"), part("authTag"))
}
