//! Sealing everything anew under another data key.
//!
//! The old key and the new one both stand in the settings until all is done, and every process seals
//! with the new one meanwhile. So the work can be cut into commits of a bounded size, and whoever
//! comes after a crash goes on with it.

use serde_json::{Map, Value, json};

use super::fields::place;
use super::keyring::{to_seal, write};
use crate::catalogue::{Model, ModelId, Sealed, Sealing};
use crate::crypto::{Envelope, Keyring, is_sealed, key_id_of};
use crate::engine::{Record, Tx, View};
use crate::error::Result;

type Object = Map<String, Value>;

/// So many records are sealed anew in one commit.
const BATCH: usize = 256;

/// Sealing everything anew, as far as it has come.
#[derive(Default, Clone)]
pub(crate) struct Rotation {
    resealed: usize,
    /// Values that do not open, and stay as they are.
    unreadable: Vec<Value>,
    /// The records in which they stand.
    passed: Vec<(ModelId, String)>,
}

impl Rotation {
    /// Does a part of the work; `false` when there is more.
    ///
    /// # Errors
    /// `NO_PASSPHRASE`; those of a change.
    pub(crate) fn step(&mut self, tx: &mut Tx<'_>) -> Result<bool> {
        let mut keyring = to_seal(&tx.view())?;
        if keyring.envelope().rotating_from().is_none() {
            let rotating = keyring.with_new_key(tx.now())?;
            keyring = write(tx, rotating)?;
        }
        let mut left = self.left(&tx.view(), &keyring)?;
        let more = left.len() > BATCH;
        for (model, key) in left.drain(..).take(BATCH) {
            self.reseal(tx, &keyring, model, key)?;
        }
        if !more {
            write(tx, keyring.rotation_done())?;
        }
        Ok(!more)
    }

    /// What was done.
    pub(crate) fn report(&self) -> Value {
        json!({ "resealed": self.resealed, "unreadable": self.unreadable })
    }

    /// The records with something that is sealed under another key.
    fn left(&self, view: &View<'_>, keyring: &Keyring) -> Result<Vec<(ModelId, String)>> {
        let current = keyring.envelope().current_key_id();
        let mut left = Vec::new();
        for (model, record) in with_sealed(view)? {
            let declared = view.catalogue().model(model);
            let old = |text: &str| is_sealed(text) && key_id_of(text) != Some(current);
            let is_old = |map: &Object| {
                declared.sealed.iter().any(|sealed| sealed_text(sealed, map).is_some_and(old))
            };
            let key = (model, record.key().to_owned());
            if is_old(&record.map()) && !self.passed.contains(&key) {
                left.push(key);
            }
        }
        Ok(left)
    }

    fn reseal(
        &mut self,
        tx: &mut Tx<'_>,
        keyring: &Keyring,
        model: ModelId,
        key: String,
    ) -> Result<()> {
        let Some(record) = tx.view().get(model, &key)? else { return Ok(()) };
        let map = record.map();
        let mut patch = Object::new();
        let mut passed = false;
        {
            let view = tx.view();
            let declared = view.catalogue().model(model);
            for sealed in &declared.sealed {
                let Some(text) = sealed_text(sealed, &map) else { continue };
                if key_id_of(text) == Some(keyring.envelope().current_key_id()) {
                    continue;
                }
                match resealed(keyring, declared, &key, sealed, (&map, &map)) {
                    Ok(fields) => {
                        self.resealed += 1;
                        patch.extend(fields);
                    }
                    Err(_) => {
                        passed = true;
                        let model = declared.name.as_str();
                        let field = sealed.field.as_str();
                        self.unreadable.push(json!({ "model": model, "id": key, "field": field }));
                    }
                }
            }
        }
        if let Some(time) = map.get("updatedAt").filter(|_| !patch.is_empty()) {
            // Nothing has changed that anybody sees.
            patch.insert("updatedAt".into(), time.clone());
        }
        if !patch.is_empty() {
            tx.update(model, &key, patch)?;
        }
        if passed {
            self.passed.push((model, key));
        }
        Ok(())
    }
}

/// Is anything sealed in this store?
///
/// # Errors
/// `CORRUPT` when a file cannot be read.
pub(crate) fn any_sealed(view: &View<'_>) -> Result<bool> {
    let mut all = with_sealed(view)?.into_iter();
    Ok(all.any(|(model, record)| holds_sealed(view, model, &record)))
}

/// Is anything in a record sealed by this store?
pub(crate) fn holds_sealed(view: &View<'_>, model: ModelId, record: &Record) -> bool {
    let map = record.map();
    let declared = view.catalogue().model(model);
    declared.sealed.iter().any(|sealed| sealed_text(sealed, &map).is_some())
}

/// The records that may hold something sealed, of every model that declares it.
fn with_sealed(view: &View<'_>) -> Result<Vec<(ModelId, std::sync::Arc<Record>)>> {
    let mut found = Vec::new();
    let catalogue = view.catalogue();
    for model in catalogue.ids().filter(|model| !catalogue.model(*model).sealed.is_empty()) {
        let records = view.all(model)?.into_iter();
        let sealed = records.filter(|record| record.text().contains("\"qts"));
        found.extend(sealed.map(|record| (model, record)));
    }
    Ok(found)
}

/// The object in which the parts of a value stand, or the field that is its text.
fn parts<'m>(sealed: &Sealed, map: &'m Object) -> Option<&'m Object> {
    if sealed.at_top { Some(map) } else { map.get(&sealed.field)?.as_object() }
}

/// Is something sealed in this store, and nothing of it under these keys? They are then older than it.
///
/// # Errors
/// `CORRUPT` when a file cannot be read.
pub(super) fn is_all_foreign(view: &View<'_>, keys: &Envelope) -> Result<bool> {
    let mut any = false;
    for (model, record) in with_sealed(view)? {
        let map = record.map();
        let declared = view.catalogue().model(model);
        for text in declared.sealed.iter().filter_map(|sealed| sealed_text(sealed, &map)) {
            if keys.key_ids().any(|id| key_id_of(text) == Some(id)) {
                return Ok(false);
            }
            any = true;
        }
    }
    Ok(any)
}

/// What tells under which key a value is sealed; `None` for what this store has not sealed.
pub(super) fn sealed_text<'m>(sealed: &Sealed, map: &'m Object) -> Option<&'m str> {
    let text = match sealed.sealing {
        Sealing::Parts => parts(sealed, map)?.get("ciphertext"),
        Sealing::Always | Sealing::Asked => map.get(&sealed.field),
    };
    text.and_then(Value::as_str).filter(|text| is_sealed(text))
}

/// The fields of a record with one value sealed anew, for the record as it is to be.
pub(super) fn resealed(
    keyring: &Keyring,
    declared: &Model,
    id: &str,
    sealed: &Sealed,
    (map, to_be): (&Object, &Object),
) -> Result<Object> {
    let place_in = |map| place(declared, id, &sealed.field, map);
    if sealed.sealing != Sealing::Parts {
        let text = map.get(&sealed.field).and_then(Value::as_str).unwrap_or_default();
        let clear = keyring.open_text(&place_in(map), text)?;
        let text = keyring.seal_text(&place_in(to_be), clear.expose())?;
        return Ok(Object::from_iter([(sealed.field.clone(), text.into())]));
    }
    let old = parts(sealed, map).cloned().unwrap_or_default();
    let part = |name| old.get(name).and_then(Value::as_str).unwrap_or_default();
    let place = place_in(map);
    let clear = keyring.open_field(&place, part("ciphertext"), part("iv"), part("authTag"))?;
    let new = super::fields::seal_parts(keyring, declared, (id, to_be), &sealed.field, &clear)?;
    if sealed.at_top {
        return Ok(new);
    }
    let mut object = old;
    object.extend(new);
    Ok(Object::from_iter([(sealed.field.clone(), Value::Object(object))]))
}
