//! What the older store's records lack, filled in.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::catalogue::normalise_time;
use crate::disk::{DiskFile, visit_lines};
use crate::error::Result;
use crate::json;
use crate::jsonl::{self, Line};

pub(super) type Object = Map<String, Value>;

/// An id that is always the same for the same thing.
fn derived_id(kind: &str, parts: [&str; 2]) -> String {
    let digest = Sha256::digest(json::compact(&Value::from([kind, parts[0], parts[1]].to_vec())));
    format!("{kind}-{}", &HEXLOWER.encode(&digest)[..32])
}

fn text<'a>(object: &'a Object, key: &str) -> &'a str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn is_absent(object: &Object, key: &str) -> bool {
    object.get(key).is_none_or(Value::is_null)
}

/// Its times, where it has none, are those of the file.
pub(super) fn with_times(mut object: Object, file: &Object) -> Object {
    for key in ["createdAt", "updatedAt"] {
        if is_absent(&object, key)
            && let Some(time) = file.get(key)
        {
            object.insert(key.into(), time.clone());
        }
    }
    object
}

/// The settings beside a user, who need not be named in them.
pub(super) fn chat_settings(mut settings: Object, user: &Object, file: &Object) -> Object {
    if is_absent(&settings, "userId") {
        settings.insert("userId".into(), text(user, "id").into());
    }
    if is_absent(&settings, "id") {
        let id = derived_id("chat-settings", [text(user, "id"), ""]);
        settings.insert("id".into(), id.into());
    }
    with_times(settings, file)
}

/// An entry of a document: API keys belong to the one user, accounts may lack an id.
pub(super) fn owned(key: &str, item: Value, user: &Object) -> Value {
    let Value::Object(mut map) = item else { return item };
    if key == "apiKeys" && is_absent(&map, "userId") {
        map.insert("userId".into(), text(user, "id").into());
    }
    if key == "accounts" && is_absent(&map, "id") {
        let parts = [text(&map, "provider"), text(&map, "providerAccountId")];
        map.insert("id".into(), derived_id("account", parts).into());
    }
    Value::Object(map)
}

/// The texts of a character that became optional, empty where there is none.
pub(super) fn with_texts(mut map: Object) -> Object {
    for key in ["description", "personality", "scenario", "firstMessage"] {
        if is_absent(&map, key) {
            map.insert(key.into(), "".into());
        }
    }
    map
}

/// A row of a chat that names its participants also names the first of each kind.
pub(super) fn without_participants(mut map: Object) -> Object {
    let mut participants = match map.get("participants") {
        Some(Value::Array(participants)) => participants.clone(),
        _ => return map,
    };
    participants.sort_by_key(|one| one["displayOrder"].as_i64().unwrap_or(0));
    let keys = [
        ("CHARACTER", "characterId"),
        ("CHARACTER", "connectionProfileId"),
        ("CHARACTER", "imageProfileId"),
        ("PERSONA", "personaId"),
    ];
    for (kind, key) in keys {
        let of_kind = participants.iter().filter(|one| one["type"] == kind);
        let mut values = of_kind.filter_map(|one| one[key].as_str());
        if is_absent(&map, key)
            && let Some(value) = values.next()
        {
            map.insert(key.into(), value.into());
        }
    }
    map
}

/// The lines of a file behind the header that says what they are.
pub(super) fn with_header(schema: &str, lines: String) -> String {
    if jsonl::has_header(lines.as_bytes()) {
        lines
    } else {
        jsonl::header(schema, 1) + "\n" + &lines
    }
}

/// The number of messages in a log, and the latest of their times.
///
/// # Errors
/// Those of the disk.
pub(super) fn count_messages(log: &dyn DiskFile) -> Result<(u64, Option<String>)> {
    let mut messages = BTreeMap::new();
    visit_lines(log, |line| match jsonl::read(jsonl::trimmed(line).1, "id") {
        Ok(Line::Row(id, row)) if is_absent(&row, "type") || text(&row, "type") == "message" => {
            messages.insert(id, normalise_time(text(&row, "createdAt")));
        }
        Ok(Line::Row(id, _) | Line::Deleted(id)) => drop(messages.remove(&id)),
        Ok(Line::Header { .. }) | Err(_) => {}
    })?;
    Ok((messages.len() as u64, messages.into_values().flatten().max()))
}
