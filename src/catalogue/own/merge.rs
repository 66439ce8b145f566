//! What several processes declare, joined.

use serde_json::Value;

use super::{Declaration, Object, is_collection, path_of};
use crate::error::Issue;
use crate::json;

impl Declaration {
    /// This declaration with one that comes as an addition: an entry that is kept stays as it is, and
    /// gets the fields and the uniques that it lacks.
    #[must_use]
    pub fn with_addition(&self, own: &Declaration) -> Declaration {
        let mut joined = self.clone();
        for (name, entry) in &own.entries {
            match joined.entries.get_mut(name) {
                None => drop(joined.entries.insert(name.clone(), entry.clone())),
                Some(kept) => {
                    add(kept, entry, false);
                    add_uniques(kept, entry);
                }
            }
        }
        joined
    }

    /// What holds for a folder that keeps this declaration when a process comes with its own.
    ///
    /// A process that is `alone` declares its collections anew; beside others it may add fields
    /// and collections, but not change what they work with. What it does not name stays, fields
    /// of built-in models too: their relations hold for whoever does not know them.
    ///
    /// # Errors
    /// What cannot be joined.
    pub fn joined(&self, own: &Declaration, alone: bool) -> Result<Declaration, Vec<Issue>> {
        let mut joined = self.clone();
        let mut issues = Vec::new();
        for (name, entry) in &own.entries {
            let path = path_of(name, entry);
            let Some(kept) = joined.entries.get_mut(name) else {
                joined.entries.insert(name.clone(), entry.clone());
                continue;
            };
            check_place(&path, kept, entry, &mut issues);
            if alone && is_collection(entry) {
                check_new_fields(&path, kept, entry, &mut issues);
                *kept = entry.clone();
                continue;
            }
            if !alone {
                check_same(&path, kept, entry, &mut issues);
            }
            add(kept, entry, alone);
        }
        if issues.is_empty() { Ok(joined) } else { Err(issues) }
    }
}

/// Records are not moved: a collection stays where it was declared first.
fn check_place(path: &str, kept: &Object, own: &Object, issues: &mut Vec<Issue>) {
    for key in ["file", "key"] {
        if let Some(there) = kept.get(key).filter(|there| own.get(key) != Some(there)) {
            let expected = format!(
                "{}, where its records are (to move it: close the store, move the file, and change settings/collections.json)",
                json::compact(there)
            );
            let came = own.get(key).map_or("nothing".to_owned(), json::describe);
            issues.push(Issue::new(format!("{path}.{key}"), expected, came));
        }
    }
}

fn fields_of(entry: &Object) -> impl Iterator<Item = (&String, &Value)> {
    entry.get("fields").and_then(Value::as_object).into_iter().flatten()
}

fn field<'a>(entry: &'a Object, name: &str) -> Option<&'a Value> {
    entry.get("fields").and_then(|fields| fields.get(name))
}

/// A field that comes later must let the records be that are there already.
fn check_new_fields(path: &str, kept: &Object, own: &Object, issues: &mut Vec<Issue>) {
    for (name, new) in fields_of(own).filter(|(name, _)| field(kept, name).is_none()) {
        let optional = new.get("optional") == Some(&Value::Bool(true));
        if !optional && new.get("default").is_none() {
            let expected =
                "optional: true, or a default: it is new, and there are records without it";
            issues.push(Issue::new(format!("{path}.fields.{name}"), expected, "neither"));
        }
    }
}

/// Others work with what is kept: only what is said otherwise is a fault.
fn check_same(path: &str, kept: &Object, own: &Object, issues: &mut Vec<Issue>) {
    let fields = if is_collection(own) { format!("{path}.fields") } else { path.to_owned() };
    for (name, new) in fields_of(own) {
        let Some(there) = field(kept, name) else { continue };
        if essence(there) != essence(new) {
            let expected = format!(
                "{}, as another process that has the store open declares it (declare the same in both, or close that one)",
                json::compact(there)
            );
            issues.push(Issue::new(format!("{fields}.{name}"), expected, json::compact(new)));
        }
    }
    check_new_fields(path, kept, own, issues);
    for key in ["model", "type", "timestamps", "unique"] {
        if let Some(new) = own.get(key).filter(|new| kept.get(key) != Some(new)) {
            let there = kept.get(key).map_or("nothing".to_owned(), json::compact);
            let expected =
                format!("{there}, as another process that has the store open declares it");
            issues.push(Issue::new(format!("{path}.{key}"), expected, json::compact(new)));
        }
    }
}

/// A declaration without what makes no difference: keys in any order, no words for people.
fn essence(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let flags = ["optional", "unique", "index"];
            let said = map.iter().filter(|(key, value)| {
                let says_no = flags.contains(&key.as_str()) && **value == Value::Bool(false);
                key.as_str() != "description" && !says_no
            });
            let mut map: Object = said.map(|(key, value)| (key.clone(), essence(value))).collect();
            map.sort_keys();
            Value::Object(map)
        }
        Value::Array(items) => Value::Array(items.iter().map(essence).collect()),
        other => other.clone(),
    }
}

/// Adds the fields that are not there; with `over`, the others as they are declared now.
fn add(kept: &mut Object, own: &Object, over: bool) {
    let Some(Value::Object(fields)) = kept.get_mut("fields") else { return };
    for (name, new) in fields_of(own) {
        if over || !fields.contains_key(name) {
            fields.insert(name.clone(), new.clone());
        }
    }
}

/// What is unique in one declaration becomes so in the other; nothing ceases to be.
fn add_uniques(kept: &mut Object, own: &Object) {
    let is_unique = |field: &Value| field.get("unique") == Some(&Value::Bool(true));
    for (name, _) in fields_of(own).filter(|(_, field)| is_unique(field)) {
        if let Some(field) = kept.get_mut("fields").and_then(|fields| fields.get_mut(name)) {
            field["unique"] = true.into();
        }
    }
    let lists = own.get("unique").and_then(Value::as_array).into_iter().flatten();
    for unique in lists {
        let known = kept.entry("unique").or_insert_with(|| Value::Array(Vec::new()));
        if let Some(known) = known.as_array_mut().filter(|known| !known.contains(unique)) {
            known.push(unique.clone());
        }
    }
}
