//! Every model, once: fields, types, defaults, uniques, relations and file places.
//!
//! Checks, defaults, index keys, JSON Schema and TypeScript types follow from the declarations
//! in `models.rs`. This module may use `json` and `error`; it must not know how or where records
//! are kept, nor which calls exist.

mod access;
mod check;
mod declare;
mod id;
mod index;
mod index_keys;
mod migrations;
pub mod models;
mod own;
mod schema;
mod sort;
mod soundness;
mod times;
mod types;
mod typescript;

use crate::error::{Code, Error};

pub use access::{Access, By};
pub use check::{fill, validate_new, validate_patch, validate_stored, validate_values};
pub use id::is_id;
pub use index::key_of;
pub(crate) use index::not_unique;
pub use index_keys::{IndexKey, IndexKeys, OwnedIndexKey};
pub use migrations::{Migration, Migrations};
pub use own::Declaration;
pub use schema::{schema, schemas};
pub use sort::{SortKey, has_order, sort_keys};
pub(crate) use times::written;
pub use times::{normalise_time, time_ms, time_text};
pub use types::{
    Counted, Field, Index, Kind, Link, Mirror, Model, ModelId, OnDelete, Payload, Place, Reference,
    Sealed, Sealing, SortField, Sorting, Times, Unique, is_content,
};
pub use typescript::types as typescript_types;

/// All models that a store knows.
#[derive(Debug, Clone)]
pub struct Catalogue {
    models: Vec<Model>,
    /// For each model, who refers to it: the model, and the number of its link.
    referrers: Vec<Vec<(ModelId, usize)>>,
    /// What brings records of older versions to the newest.
    pub migrations: Migrations,
}

impl Catalogue {
    /// The built-in models.
    pub fn builtin() -> Catalogue {
        let mut models = models::all();
        models.iter_mut().for_each(index::derive);
        Catalogue { referrers: referrers(&models), models, migrations: Migrations::default() }
    }

    /// The same models with other migrations, for tests.
    #[must_use]
    pub fn with_migrations(self, migrations: Migrations) -> Catalogue {
        Catalogue { migrations, ..self }
    }

    /// Adds a model: an app's own collection. Its key and times are added where it does not
    /// declare them, its indexes and links are derived.
    ///
    /// # Errors
    /// What is wrong with the declaration; the catalogue is then as it was.
    pub fn extend(&mut self, model: Model) -> Result<ModelId, Vec<String>> {
        let id = u16::try_from(self.models.len()).map(ModelId);
        let id = id.map_err(|_| vec![format!("{}: one model too many", model.name)])?;
        let mut model = model.finished();
        index::derive(&mut model);
        self.models.push(model);
        let faults = self.faults();
        if !faults.is_empty() {
            self.models.pop();
            return Err(faults);
        }
        self.referrers = referrers(&self.models);
        Ok(id)
    }

    /// The model whose records declare further models.
    pub fn declaring(&self) -> ModelId {
        models::DECLARATION
    }

    /// A model by its number.
    pub fn model(&self, id: ModelId) -> &Model {
        &self.models[usize::from(id.0)]
    }

    /// The numbers of all models.
    pub fn ids(&self) -> impl Iterator<Item = ModelId> + use<> {
        (0..u16::try_from(self.models.len()).unwrap_or(u16::MAX)).map(ModelId)
    }

    /// The model whose records stand for bytes in files of their own.
    pub fn payload(&self) -> Option<(ModelId, &Payload)> {
        self.ids().find_map(|id| Some((id, self.model(id).payload.as_ref()?)))
    }

    /// The number of the model that is called so: `Character`.
    pub fn by_name(&self, name: &str) -> Option<ModelId> {
        self.ids().find(|id| self.model(*id).name == name)
    }

    /// The number of the model whose collection is called so: `characters`.
    pub fn by_collection(&self, collection: &str) -> Option<ModelId> {
        self.ids().find(|id| self.model(*id).collection == collection)
    }

    /// Who refers to a model: the referring model, and the number of its link.
    pub fn referrers(&self, id: ModelId) -> &[(ModelId, usize)] {
        &self.referrers[usize::from(id.0)]
    }

    /// The models whose records are the lines of the logs that `owner` owns.
    pub fn logs_of(&self, owner: ModelId) -> impl Iterator<Item = ModelId> {
        self.ids().filter(move |id| matches!(&self.model(*id).place, Place::Log { owner: of, .. } if *of == owner))
    }

    /// For a log model: the model that owns the logs.
    ///
    /// # Errors
    /// `IO` when the model has no logs, which is a fault of the caller.
    pub fn owner_of_log(&self, id: ModelId) -> crate::error::Result<ModelId> {
        match &self.model(id).place {
            Place::Log { owner, .. } => Ok(*owner),
            _ => Err(Error::new(Code::Io, "this model is not kept in logs")),
        }
    }

    /// For a log model: the model that owns the logs, and what it counts.
    pub fn counted(&self, id: ModelId) -> Option<(ModelId, &Counted)> {
        let model = self.model(id);
        match (&model.place, &model.counted) {
            (Place::Log { owner, .. }, Some(counted)) => Some((*owner, counted)),
            _ => None,
        }
    }

    /// What is wrong with the declarations; nothing, for the built-in ones.
    pub fn faults(&self) -> Vec<String> {
        let each = self.models.iter().flat_map(|model| soundness::faults_of(model, &self.models));
        each.chain(soundness::clashes(&self.models)).collect()
    }
}

/// For each model, who refers to it. (A link to a model that there is not is a fault of the
/// declaration, which [`Catalogue::faults`] tells.)
fn referrers(models: &[Model]) -> Vec<Vec<(ModelId, usize)>> {
    let mut referrers = vec![Vec::new(); models.len()];
    for (id, model) in (0..).map(ModelId).zip(models) {
        for (number, link) in model.links.iter().enumerate() {
            if let Some(of) = referrers.get_mut(usize::from(link.to.0)) {
                of.push((id, number));
            }
        }
    }
    referrers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_declarations_are_sound() {
        assert_eq!(Catalogue::builtin().faults(), Vec::<String>::new());
    }

    #[test]
    fn the_numbers_are_those_of_the_order() {
        let catalogue = Catalogue::builtin();
        assert_eq!(catalogue.by_name("User"), Some(models::USER));
        assert_eq!(catalogue.by_name("Settings"), Some(models::SETTINGS));
        assert_eq!(catalogue.by_collection("images"), Some(models::BINARY));
        assert_eq!(catalogue.by_name("Nobody"), None);
    }

    #[test]
    fn everyone_who_refers_to_a_model_is_known() {
        let catalogue = Catalogue::builtin();
        let of = |id: ModelId| {
            let link = |(model, number): &(ModelId, usize)| {
                let model = catalogue.model(*model);
                format!("{}.{}", model.name, model.links[*number].path.join("."))
            };
            catalogue.referrers(id).iter().map(link).collect::<Vec<_>>()
        };
        assert_eq!(of(models::API_KEY), ["ConnectionProfile.apiKeyId", "ImageProfile.apiKeyId"]);
        assert_eq!(of(models::CONNECTION_PROFILE), ["Chat.connectionProfileId"]);
        let chat = ["Character.avatarOverrides.chatId", "Binary.chatId"];
        assert_eq!(of(models::CHAT), chat);
        assert!(of(models::SETTINGS).is_empty());
    }

    #[test]
    fn a_collection_of_the_apps_own_is_a_model_like_any_other() {
        use declare::{directory, link, model, text};
        let mut catalogue = Catalogue::builtin();
        let fields = vec![
            link("characterId", models::CHARACTER, OnDelete::Cascade),
            text("content"),
            text("kind").indexed(),
        ];
        let memory =
            model("Memory", "memories", directory("memories"), fields).unique(&["content"]);
        let id = catalogue.extend(memory.clone()).expect("sound");
        assert_eq!(catalogue.by_collection("memories"), Some(id));
        assert_eq!(catalogue.referrers(models::CHARACTER).last(), Some(&(id, 0)));
        let declared = catalogue.model(id);
        let names: Vec<&str> = declared.fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names, ["id", "characterId", "content", "kind", "createdAt", "updatedAt"]);
        for fields in ["content", "characterId", "kind"] {
            assert!(declared.index_over(&[fields]).is_some(), "{fields}");
        }
        let before = catalogue.ids().count();
        assert!(catalogue.extend(memory).is_err());
        assert_eq!(catalogue.ids().count(), before);
    }
}
