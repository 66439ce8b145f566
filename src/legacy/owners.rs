//! The users of an older folder: their settings, and where the rest of theirs is.

use serde_json::Value;

use crate::catalogue::{self, models};
use crate::disk::{EntryKind, SafePath};
use crate::error::{Error, Result};
use crate::json;

use super::records::{self, Object};
use super::translate::{Translator, VERSION, is_unread, read_object, text_of};

/// One user of the older folder, and where their files are.
#[derive(Clone)]
pub(super) struct Owner {
    /// What is before each path: nothing, or `users/<id>/`.
    pub(super) prefix: String,
    pub(super) user: Object,
    chat_settings: Option<Object>,
    /// What else is in the file.
    rest: Object,
    /// The file and what is wrong with it, where it cannot be read.
    unread: Option<(SafePath, Error)>,
}

impl Owner {
    fn unread(prefix: &str, id: &str, path: SafePath, error: Error) -> Owner {
        Owner {
            prefix: prefix.to_owned(),
            user: Object::from_iter([("id".to_owned(), id.into())]),
            chat_settings: None,
            rest: Object::new(),
            unread: Some((path, error)),
        }
    }

    /// The same user, of whom files are at the top too.
    fn at_top(&self) -> Owner {
        Owner { prefix: String::new(), ..self.clone() }
    }

    pub(super) fn id(&self) -> &str {
        text_of(&self.user, "id")
    }
}

impl Translator<'_> {
    /// The users, the owner of the store first: of `settings/general.json`, else the eldest.
    pub(super) fn owners(&mut self, general: Result<Option<Object>>) -> Result<Vec<Owner>> {
        let mut owners = self.moved_owners()?;
        let first = match general {
            Ok(Some(file)) => self.owner("", "settings/general.json", file)?,
            Err(error) if is_unread(&error) && !owners.is_empty() => {
                let path = SafePath::new("settings/general.json")?;
                Some(Owner::unread("", "", path, error))
            }
            // A file that says nothing, alone, does not make a folder an older one.
            _ => None,
        };
        let Some(first) = first else {
            // What was not moved to anybody's folder is still at the top.
            let eldest = owners.first().map(Owner::at_top);
            owners.splice(0..0, eldest);
            return Ok(owners);
        };
        // The folder of a user who was moved is the younger.
        match owners.iter().position(|owner| owner.user.get("id") == first.user.get("id")) {
            Some(moved) => {
                let moved = owners.remove(moved);
                owners.splice(0..0, [moved.at_top(), moved]);
            }
            None => owners.insert(0, first),
        }
        Ok(owners)
    }

    /// Those who have a folder of their own, the eldest first; of whom nothing is known come last.
    fn moved_owners(&mut self) -> Result<Vec<Owner>> {
        let mut owners = Vec::new();
        for entry in self.disk.list(&SafePath::new("users")?)? {
            if entry.kind != EntryKind::Folder || !catalogue::is_id(&entry.name) {
                continue;
            }
            let prefix = format!("users/{}/", entry.name);
            let path = SafePath::new(&format!("{prefix}settings.json"))?;
            match read_object(self.disk, &path) {
                Ok(Some(file)) => owners.extend(self.owner(&prefix, "settings.json", file)?),
                Ok(None) => {}
                Err(error) if is_unread(&error) => {
                    owners.push(Owner::unread(&prefix, &entry.name, path, error));
                }
                Err(error) => return Err(error),
            }
        }
        owners.sort_by_cached_key(|owner| {
            let created = text_of(&owner.user, "createdAt").to_owned();
            (owner.unread.is_some(), created, owner.id().to_owned())
        });
        Ok(owners)
    }

    fn owner(&mut self, prefix: &str, name: &str, mut file: Object) -> Result<Option<Owner>> {
        let Some(Value::Object(user)) = file.shift_remove("user") else { return Ok(None) };
        self.made.originals.insert(SafePath::new(&format!("{prefix}{name}"))?);
        let chat_settings = match file.shift_remove("chatSettings") {
            Some(Value::Object(settings)) => Some(settings),
            _ => None,
        };
        let user = records::with_times(user, &file);
        let chat_settings =
            chat_settings.map(|settings| records::chat_settings(settings, &user, &file));
        file.shift_remove("version");
        let prefix = prefix.to_owned();
        Ok(Some(Owner { prefix, user, chat_settings, rest: file, unread: None }))
    }

    /// Puts a user's file into its place; `first` is the owner of the store.
    pub(super) fn put_owner(&mut self, first: bool, owner: Owner) -> Result<()> {
        let to = match first {
            true => SafePath::new("settings/general.json")?,
            false => SafePath::new(&format!("settings/users/{}.json", owner.id()))?,
        };
        if let Some((path, error)) = owner.unread {
            return self.stand_in(path, to, &error);
        }
        let text = self.owner_file(first, owner);
        self.made.make(to, text);
        Ok(())
    }

    fn owner_file(&self, first: bool, owner: Owner) -> String {
        let mut file = Object::from_iter([("version".to_owned(), VERSION.into())]);
        let user = self.canonical(models::USER, owner.user);
        file.insert("user".into(), Value::Object(user.clone()));
        let settings = owner.chat_settings.map_or(Value::Null, |settings| {
            Value::Object(self.canonical(models::CHAT_SETTINGS, settings))
        });
        file.insert("chatSettings".into(), settings);
        let mut rest = owner.rest;
        if first {
            rest = records::with_times(rest, &user);
            rest.insert("id".into(), "settings".into());
            let mut rest = self.canonical(models::SETTINGS, rest);
            rest.shift_remove("id");
            file.extend(rest);
        } else {
            for key in ["createdAt", "updatedAt"] {
                rest.shift_remove(key);
                file.extend(user.get(key).map(|time| (key.to_owned(), time.clone())));
            }
            rest.sort_keys();
            file.extend(rest);
        }
        json::pretty(&Value::Object(file))
    }
}
