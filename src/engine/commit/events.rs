//! Tells listeners what was changed, by whichever process.

use std::sync::Mutex;

use serde_json::{Map, Value};

use crate::catalogue::{Catalogue, Place};
use crate::json;
use crate::sync::locked;

use crate::engine::memory::Touched;

/// Called with the JSON texts of the events of one or more commits.
pub type Listener = Box<dyn Fn(&[String]) + Send + Sync>;

/// The listeners, each with its number.
#[derive(Default)]
pub(crate) struct Listeners(Mutex<(u64, Vec<(u64, Listener)>)>);

impl Listeners {
    /// Adds a listener; gives the number under which it is removed.
    pub(crate) fn add(&self, listener: Listener) -> u64 {
        let mut all = locked(&self.0);
        all.0 += 1;
        let number = all.0;
        all.1.push((number, listener));
        number
    }

    /// Removes a listener.
    pub(crate) fn remove(&self, number: u64) {
        locked(&self.0).1.retain(|(other, _)| *other != number);
    }

    /// Tells everybody.
    pub(crate) fn tell(&self, catalogue: &Catalogue, touched: &[Touched]) {
        let all = locked(&self.0);
        if all.1.is_empty() || touched.is_empty() {
            return;
        }
        let events: Vec<String> = touched.iter().map(|one| event(catalogue, one)).collect();
        all.1.iter().for_each(|(_, listener)| listener(&events));
    }

    /// Tells everybody some sentences.
    pub(crate) fn say(&self, sentences: &[String]) {
        let all = locked(&self.0);
        if !sentences.is_empty() {
            all.1.iter().for_each(|(_, listener)| listener(sentences));
        }
    }
}

/// `{"model":"Character","collection":"characters","id":"…","type":"create"}`; for a row of a log
/// also its owner, and no id when the whole log was cleared.
fn event(catalogue: &Catalogue, touched: &Touched) -> String {
    let model = catalogue.model(touched.model);
    let mut event = Map::new();
    event.insert("model".into(), model.name.as_str().into());
    event.insert("collection".into(), model.collection.as_str().into());
    let id = (!touched.key.is_empty()).then_some(&*touched.key);
    // A key that is a secret in itself is not told.
    event.insert("id".into(), if model.key == "id" { id.into() } else { Value::Null });
    event.insert("type".into(), touched.effect.name().into());
    if let (Some(owner), Place::Log { owner_field, .. }) = (&touched.owner, &model.place) {
        event.insert(owner_field.clone(), owner.as_ref().into());
    }
    json::compact_object(&event)
}
