//! The documents of an older folder. The older store had one of a kind for each user; here those of
//! all users are one.

use serde_json::Value;

use crate::catalogue::{ModelId, Place};
use crate::disk::{SafePath, read_all};
use crate::error::Result;
use crate::json;

use super::owners::Owner;
use super::records::{self, Object};
use super::translate::{Translator, VERSION, checked_object, corrupt, is_unread};

/// Where else the older store had a document of ours.
const MOVED: [(&str, &str); 1] =
    [("settings/image-profiles.json", "image-profiles/image-profiles.json")];

/// A document of the older store that is none of ours, and that an app may declare.
const EMBEDDING_PROFILES: &str = "settings/embedding-profiles.json";

impl Translator<'_> {
    pub(super) fn take_documents(&mut self, owner: &Owner) -> Result<()> {
        let ours = self.places(|place| match place {
            Place::Document { file, .. } => Some(file.clone()),
            _ => None,
        });
        let mut pairs: Vec<(String, String)> =
            ours.into_iter().map(|file| (file.clone(), file)).collect();
        pairs.dedup();
        pairs.extend(MOVED.map(|(from, to)| (from.to_owned(), to.to_owned())));
        if !owner.prefix.is_empty() && !pairs.iter().any(|(from, _)| from == EMBEDDING_PROFILES) {
            pairs.push((EMBEDDING_PROFILES.to_owned(), EMBEDDING_PROFILES.to_owned()));
        }
        for (from, to) in pairs {
            let path = SafePath::new(&format!("{}{from}", owner.prefix))?;
            match self.document(&path, &to) {
                Ok(Some(file)) => {
                    self.made.originals.insert(path);
                    self.merge(to, file, &owner.user);
                }
                Ok(None) => {}
                Err(error) if is_unread(&error) => self.note_unread(to, path, error),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// An object of arrays; a bare array is the first one of its place.
    fn document(&self, path: &SafePath, to: &str) -> Result<Option<Object>> {
        let Some(bytes) = read_all(self.disk, path)? else { return Ok(None) };
        match json::parse_bytes(&bytes) {
            Ok(Value::Array(items)) => {
                let key = self.arrays_of(to).into_iter().next().map(|(key, _)| key);
                Ok(Some(Object::from_iter([(key.unwrap_or_default(), Value::Array(items))])))
            }
            read => checked_object(path, read.map_err(|fault| corrupt(path, &fault))?).map(Some),
        }
    }

    fn merge(&mut self, to: String, file: Object, user: &Object) {
        let into = self.documents.entry(to).or_default();
        for (key, value) in file {
            let Value::Array(items) = value else {
                into.entry(key).or_insert(value);
                continue;
            };
            let items = items.into_iter().map(|item| records::owned(&key, item, user));
            let list = into.entry(key.as_str()).or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(list) = list {
                list.extend(items);
            }
        }
    }

    /// The arrays of a document of ours, and whose records they hold.
    fn arrays_of(&self, document: &str) -> Vec<(String, ModelId)> {
        let array = |id| match &self.catalogue.model(id).place {
            Place::Document { file, key } if file == document => Some((key.clone(), id)),
            _ => None,
        };
        self.catalogue.ids().filter_map(array).collect()
    }

    /// Puts a line among the entries of a document that tells what of it could not be read: the loader
    /// cannot read the line either, and so tells of it, and of values that might be taken.
    pub(super) fn tell_in_document(&mut self, to: &str, told: &str) {
        for (key, _) in self.arrays_of(to) {
            let document = self.documents.entry(to.to_owned()).or_default();
            let list = document.entry(key).or_insert_with(|| Value::Array(Vec::new()));
            if let Some(list) = list.as_array_mut() {
                list.push(told.into());
            }
        }
    }

    pub(super) fn document_text(&self, path: &str, mut document: Object) -> String {
        let mut file = Object::from_iter([("version".to_owned(), VERSION.into())]);
        document.shift_remove("version");
        for (key, model) in self.arrays_of(path) {
            let items = document.shift_remove(&key).unwrap_or_else(|| Value::Array(Vec::new()));
            let items = items.as_array().cloned().unwrap_or_default().into_iter();
            let items = items.map(|item| match item {
                Value::Object(map) => Value::Object(self.canonical(model, map)),
                other => other,
            });
            file.insert(key, items.collect());
        }
        for key in ["createdAt", "updatedAt"] {
            file.extend(document.shift_remove(key).map(|time| (key.to_owned(), time)));
        }
        document.sort_keys();
        file.extend(document);
        json::pretty(&Value::Object(file))
    }
}
