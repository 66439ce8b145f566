//! An edit of a record that was changed meanwhile: what becomes of each field.

use serde_json::{Map, Value};

type Object = Map<String, Value>;

/// An edited record and the store's, brought together.
#[derive(Debug, PartialEq)]
pub(super) struct Merged {
    pub(super) map: Object,
    /// The fields that both have changed, each to a value of its own: they have the store's.
    pub(super) lost: Vec<String>,
}

/// Gives each field the value of whoever has changed it since the file showed `shown`.
pub(super) fn merge(shown: &Object, edited: &Object, ours: &Object) -> Merged {
    let mut merged = Merged { map: ours.clone(), lost: Vec::new() };
    let new = edited.keys().filter(|key| !shown.contains_key(*key));
    for key in shown.keys().chain(new) {
        let (was, theirs, now) = (shown.get(key), edited.get(key), ours.get(key));
        if theirs == was || theirs == now {
            continue;
        }
        if now != was {
            merged.lost.push(key.clone());
            continue;
        }
        match theirs {
            Some(value) => drop(merged.map.insert(key.clone(), value.clone())),
            None => drop(merged.map.shift_remove(key)),
        }
    }
    // The store's time of the last change is the later one, and nobody's work.
    merged.lost.retain(|key| key != "updatedAt");
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(value: &Value) -> Object {
        value.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn each_field_has_the_value_of_who_changed_it() {
        let was = json!({"id": "x", "a": 1, "b": 1});
        // The file, the store, what becomes of them, which fields of the edit are lost.
        let table = [
            (json!({"id": "x", "a": 2, "b": 1}), was.clone(), json!({"a": 2, "b": 1}), vec![]),
            (was.clone(), json!({"id": "x", "a": 2, "b": 1}), json!({"a": 2, "b": 1}), vec![]),
            (
                json!({"id": "x", "a": 2, "b": 1}),
                json!({"id": "x", "a": 1, "b": 3}),
                json!({"a": 2, "b": 3}),
                vec![],
            ),
            (
                json!({"id": "x", "a": 2, "b": 2}),
                json!({"id": "x", "a": 3, "b": 1}),
                json!({"a": 3, "b": 2}),
                vec!["a"],
            ),
            (
                json!({"id": "x", "a": 2, "b": 1}),
                json!({"id": "x", "a": 2, "b": 1}),
                json!({"a": 2, "b": 1}),
                vec![],
            ),
            (json!({"id": "x", "a": 1}), was.clone(), json!({"a": 1}), vec![]),
            (
                json!({"id": "x", "a": 1}),
                json!({"id": "x", "a": 1, "b": 2}),
                json!({"a": 1, "b": 2}),
                vec!["b"],
            ),
            (
                json!({"id": "x", "a": 1, "b": 1, "c": 1}),
                json!({"id": "x", "a": 1, "b": 1, "d": 1}),
                json!({"a": 1, "b": 1, "c": 1, "d": 1}),
                vec![],
            ),
        ];
        for (edited, ours, wanted, lost) in table {
            let merged = merge(&object(&was), &object(&edited), &object(&ours));
            let mut wanted = object(&wanted);
            wanted.insert("id".into(), "x".into());
            let wanted = Merged { map: wanted, lost: lost.into_iter().map(Into::into).collect() };
            assert_eq!(merged, wanted, "{edited} over {ours}");
        }
    }
}
