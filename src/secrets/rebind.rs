//! What is sealed goes with its record: when that changes its owner or its use by a call, it is sealed
//! anew for them, and what was sealed before these were bound in is bound with the next change.

use super::fields::{bindings, place};
use super::keyring::{held, to_seal};
use super::rotation::{resealed, sealed_text};
use crate::catalogue::{ModelId, Sealed};
use crate::crypto::is_unbound;
use crate::engine::Tx;
use crate::error::Result;
use crate::json::Object;

/// Adds to the change of a record what of it must be sealed anew.
///
/// # Errors
/// `NO_PASSPHRASE` and `TAMPERED` when the owner or the use changes.
pub(crate) fn rebind(
    tx: &Tx<'_>,
    model: ModelId,
    id: &str,
    old: &Object,
    change: &mut Object,
) -> Result<()> {
    let view = tx.view();
    let declared = view.catalogue().model(model);
    let to_be = bindings(declared, Some(old), change);
    let moved = place(declared, id, "", old) != place(declared, id, "", &to_be);
    for sealed in &declared.sealed {
        let Some(text) = sealed_text(sealed, old) else { continue };
        if is_replaced(sealed, old, change) || !(moved || is_unbound(text)) {
            continue;
        }
        let keyring = if moved { Some(to_seal(&view)?) } else { held(&view)? };
        let Some(keyring) = keyring else { continue };
        match resealed(&keyring, declared, id, sealed, (old, &to_be)) {
            Ok(fields) => change.extend(fields),
            Err(error) if moved => return Err(error),
            // It is told when it is opened; this change has nothing to do with it.
            Err(_) => {}
        }
    }
    Ok(())
}

/// Does the change put another value in the place of this one?
fn is_replaced(sealed: &Sealed, old: &Object, change: &Object) -> bool {
    let name = if sealed.at_top { "ciphertext" } else { sealed.field.as_str() };
    change.get(name).is_some_and(|new| Some(new) != old.get(name))
}
