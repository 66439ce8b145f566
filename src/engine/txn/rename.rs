//! A record gets another key, and whatever refers to it goes on doing so: SQL's `ON UPDATE CASCADE`.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::relations::{self, edit};
use super::tx::Tx;
use crate::catalogue::{self, IndexKey, Link, ModelId};
use crate::engine::memory::Record;
use crate::error::{Error, Result};

type Object = Map<String, Value>;

impl Tx<'_> {
    /// Puts other content with another key into the place of a record, as [`Tx::replace`] puts it; its
    /// logs go with it. A list in a log's rows that names it stays as it is, as when it is deleted.
    /// `None` when there is no such record.
    ///
    /// # Errors
    /// As for [`Tx::create`]; `CORRUPT` when one of its logs cannot be read whole.
    pub(crate) fn rename(
        &mut self,
        model: ModelId,
        key: &str,
        map: Object,
    ) -> Result<Option<Arc<Record>>> {
        let Some(old) = self.view().get(model, key)? else { return Ok(None) };
        self.whole(|tx| {
            let declared = tx.catalogue().model(model);
            tx.check_place(model)?;
            let map = catalogue::validate_stored(declared, map)
                .map_err(|issues| Error::validation(&declared.name, issues))?;
            let new = map.get(&declared.key).and_then(Value::as_str).unwrap_or_default().to_owned();
            tx.check_key(model, &new)?;
            let record = Record::from_map(declared, &new, &map);
            relations::check_uniques(tx, model, &record, key)?;
            let (after, before) = (record.index_keys(), old.index_keys());
            relations::check_references(tx, model, &map, after, Some(before))?;
            let record = tx.put_record(model, record)?;
            tx.repoint(model, key, &new)?;
            tx.move_logs(model, &old, &record)?;
            // Only now: whoever holds the place of the first record hands it over.
            tx.remove(model, key);
            tx.view().get(model, &new)
        })
    }

    /// Lets whatever refers to a key refer to another one.
    fn repoint(&mut self, model: ModelId, old: &str, new: &str) -> Result<()> {
        for (referring, number) in self.catalogue().referrers(model).to_vec() {
            let link = self.catalogue().model(referring).links[number].clone();
            // What nobody checks may be the id of something else, and what refers by a field has no id.
            if link.unchecked || link.by.is_some() {
                continue;
            }
            for record in self.view().lookup(referring, link.index, IndexKey::of(old))? {
                edit(self, referring, record.key(), |map| put_in_place(map, &link, old, new))?;
            }
        }
        Ok(())
    }
}

/// Puts another key into the place of one, wherever a link of a record names it.
fn put_in_place(map: &mut Object, link: &Link, old: &str, new: &str) -> bool {
    let Some((first, rest)) = link.path.split_first() else { return false };
    map.get_mut(first).is_some_and(|value| exchange(value, rest, old, new))
}

fn exchange(value: &mut Value, path: &[String], old: &str, new: &str) -> bool {
    match (value, path.split_first()) {
        (Value::Array(items), _) => {
            // All of them: a list may name it twice.
            let changed = items.iter_mut().map(|item| exchange(item, path, old, new));
            changed.filter(|changed| *changed).count() > 0
        }
        (Value::Object(map), Some((first, rest))) => {
            map.get_mut(first).is_some_and(|value| exchange(value, rest, old, new))
        }
        (Value::String(text), None) if text == old => {
            new.clone_into(text);
            true
        }
        _ => false,
    }
}
