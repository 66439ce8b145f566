// NOTE FROM THE LEAD: this room is written already; see /work/main/NOTE-FROM-LEAD.md before touching it.
//! Every model, once: fields, types, defaults, uniques, relations and file places.
//!
//! Checks, defaults, index keys, JSON Schema and TypeScript types follow from the declarations
//! in `models.rs`. This room may use `json` and `error`; it must not know how or where records
//! are kept, nor which calls exist.

mod check;
mod declare;
mod id;
mod index;
pub mod models;
mod schema;
mod times;
mod types;
mod typescript;

pub use check::{admit, complete, merge};
pub use id::is_id;
pub use index::{index_keys, key_of};
pub use schema::schemas;
pub use times::normalise_time;
pub use types::{
    Counted, Field, Index, Kind, Link, Mirror, Model, ModelId, OnDelete, Place, Times, Unique,
};
pub use typescript::types as typescript_types;

/// All models that a store knows.
#[derive(Debug, Clone)]
pub struct Catalogue {
    models: Vec<Model>,
    /// For each model, who refers to it: the model, and the number of its link.
    referrers: Vec<Vec<(ModelId, usize)>>,
}

impl Catalogue {
    /// The built-in models.
    pub fn builtin() -> Catalogue {
        let mut catalogue = Catalogue { models: Vec::new(), referrers: Vec::new() };
        catalogue.models = models::all();
        catalogue.models.iter_mut().for_each(index::derive);
        catalogue.find_referrers();
        catalogue
    }

    fn find_referrers(&mut self) {
        self.referrers = vec![Vec::new(); self.models.len()];
        for (id, model) in (0..).map(ModelId).zip(&self.models) {
            for (number, link) in model.links.iter().enumerate() {
                self.referrers[usize::from(link.to.0)].push((id, number));
            }
        }
    }

    /// A model by its number.
    pub fn model(&self, id: ModelId) -> &Model {
        &self.models[usize::from(id.0)]
    }

    /// The numbers of all models.
    pub fn ids(&self) -> impl Iterator<Item = ModelId> + use<> {
        (0..u16::try_from(self.models.len()).unwrap_or(u16::MAX)).map(ModelId)
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
        let mut faults: Vec<String> = self.models.iter().flat_map(faults_of).collect();
        for (number, model) in self.models.iter().enumerate() {
            if self.models[..number].iter().any(|other| other.collection == model.collection) {
                faults.push(format!("two models have the collection {}", model.collection));
            }
        }
        faults
    }
}

fn faults_of(model: &Model) -> Vec<String> {
    let mut faults = Vec::new();
    let mut fault = |text: String| faults.push(format!("{}: {text}", model.name));
    if model.field(&model.key).is_none() {
        fault(format!("the key {} is no field", model.key));
    }
    for field in model.uniques.iter().flat_map(|unique| &unique.fields) {
        if model.field(field).is_none() {
            fault(format!("a unique over {field}, which is no field"));
        }
    }
    for field in &model.fields {
        let default = field.default.as_deref().map(crate::json::parse);
        if matches!(default, Some(Err(_))) {
            fault(format!("the default of {} is no JSON", field.name));
        }
        if matches!(field.kind, Kind::Link(_, OnDelete::SetNull)) && !field.optional {
            fault(format!("{} is set to null but cannot be null", field.name));
        }
    }
    faults
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
    }
}
