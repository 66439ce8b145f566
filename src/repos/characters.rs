//! The calls on characters.

use serde_json::{Value, json};

use super::rules::patch;
use crate::calls::{Args, Call, RECORD_OR_NULL, Reply, flag, text, write};
use crate::catalogue::ModelId;
use crate::engine::{Tx, new_id};
use crate::error::Result;
use crate::json::Object;

pub(crate) const CALLS: &[Call] = &[
    write(
        "addPersona",
        &[text("id"), text("personaId"), flag("isDefault").optional()],
        RECORD_OR_NULL,
        "Links a persona; as the default, in place of the one before.",
        add_persona,
    ),
    write(
        "removePersona",
        &[text("id"), text("personaId")],
        RECORD_OR_NULL,
        "Unlinks a persona.",
        remove_persona,
    ),
    write(
        "setFavorite",
        &[text("id"), flag("isFavorite")],
        RECORD_OR_NULL,
        "Marks a favourite, or no longer.",
        set_favorite,
    ),
    write(
        "setAvatarOverride",
        &[text("id"), text("chatId"), text("imageId")],
        RECORD_OR_NULL,
        "Gives the character another avatar in one chat.",
        set_avatar,
    ),
    write(
        "clearAvatarOverride",
        &[text("id"), text("chatId")],
        RECORD_OR_NULL,
        "Takes that avatar away again.",
        clear_avatar,
    ),
];

type Entries = Vec<Object>;

/// Changes a list of objects of a record; when `change` says so, nothing.
fn edit(
    tx: &mut Tx<'_>,
    model: ModelId,
    id: &str,
    field: &str,
    change: impl FnOnce(&mut Entries) -> bool,
) -> Result<Reply> {
    let Some(record) = tx.view().get(model, id)? else { return Ok(Reply::Record(None)) };
    let map = record.map();
    let entries = map.get(field).and_then(Value::as_array).cloned().unwrap_or_default();
    let mut entries: Entries = entries.iter().filter_map(|e| e.as_object().cloned()).collect();
    if !change(&mut entries) {
        return Ok(Reply::Record(Some(record)));
    }
    let list: Value = entries.into_iter().map(Value::Object).collect();
    Ok(Reply::Record(tx.update(model, id, patch(field, list))?))
}

fn position(entries: &Entries, field: &str, id: &str) -> Option<usize> {
    entries.iter().position(|entry| entry.get(field).is_some_and(|value| value == id))
}

fn add_persona(tx: &mut Tx<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    let (id, persona) = (args.text("id")?, args.text("personaId")?);
    let wanted = args.optional_flag("isDefault")?;
    edit(tx, model, id, "personaLinks", |links| {
        let there = position(links, "personaId", persona);
        let is_default = |link: &Object| link.get("isDefault") == Some(&json!(true));
        if there.is_some_and(|at| wanted.is_none_or(|flag| flag == is_default(&links[at]))) {
            return false;
        }
        let flag = wanted.unwrap_or(false);
        if flag {
            links.iter_mut().for_each(|link| drop(link.insert("isDefault".into(), false.into())));
        }
        match there {
            Some(at) => drop(links[at].insert("isDefault".into(), flag.into())),
            None => {
                let mut link = patch("personaId", persona);
                link.insert("isDefault".into(), flag.into());
                links.push(link);
            }
        }
        true
    })
}

fn remove_entry(
    tx: &mut Tx<'_>,
    model: ModelId,
    args: &Args,
    list: &str,
    field: &str,
) -> Result<Reply> {
    let (id, other) = (args.text("id")?, args.text(field)?);
    edit(tx, model, id, list, |entries| {
        let there = position(entries, field, other);
        there.map(|at| entries.remove(at)).is_some()
    })
}

fn remove_persona(tx: &mut Tx<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    remove_entry(tx, model, args, "personaLinks", "personaId")
}

fn set_favorite(tx: &mut Tx<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    let change = patch("isFavorite", args.value("isFavorite").clone());
    Ok(Reply::Record(tx.update(model, args.text("id")?, change)?))
}

fn set_avatar(tx: &mut Tx<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    let (id, chat, image) = (args.text("id")?, args.text("chatId")?, args.text("imageId")?);
    let entry = json!({ "id": new_id(), "chatId": chat, "imageId": image, "createdAt": tx.now() });
    edit(tx, model, id, "avatarOverrides", |entries| {
        match position(entries, "chatId", chat) {
            Some(at) if entries[at].get("imageId").is_some_and(|now| now == image) => return false,
            Some(at) => drop(entries[at].insert("imageId".into(), image.into())),
            None => entries.extend(entry.as_object().cloned()),
        }
        true
    })
}

fn clear_avatar(tx: &mut Tx<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    remove_entry(tx, model, args, "avatarOverrides", "chatId")
}
