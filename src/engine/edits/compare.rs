//! What an edited file says that the store does not: the changes that it amounts to.
//!
//! The file is compared with what the store last wrote to it, which is not what the store has now
//! where a change is still on its way into the file. What only the edit has changed is taken; what
//! both have changed is brought together field by field.

use std::sync::Arc;

use hashbrown::HashMap;

use super::merge::merge;
use crate::catalogue::{self, ModelId};
use crate::engine::files::{Before, ShownFile, Target};
use crate::engine::journal::Change;
use crate::engine::memory::{Record, State};
use crate::json;

/// What the edit of a file amounts to.
#[derive(Default)]
pub(super) struct Found {
    pub(super) changes: Vec<Change>,
    /// For each change what the file shows now, so that a further edit is compared with that.
    pub(super) shown: Vec<(ModelId, Box<str>, Option<Arc<Record>>)>,
    /// What of the edit is lost, for the owner of the folder.
    pub(super) warnings: Vec<String>,
}

/// A file as it was read, beside the state.
pub(super) struct Comparison<'a> {
    state: &'a State,
    /// What stands in the file.
    file: &'a State,
    which: &'a ShownFile,
    path: &'a str,
    /// The changes that the store has not written yet.
    unshown: Vec<&'a Before>,
    /// What the store last wrote of the records that these are of.
    shown: HashMap<(ModelId, &'a str), Option<&'a Arc<Record>>>,
    /// May a record that is missing be one that was removed by hand?
    is_whole: bool,
}

impl<'a> Comparison<'a> {
    pub(super) fn of(
        state: &'a State,
        file: &'a State,
        (which, path): (&'a ShownFile, &'a str),
        unshown: Vec<&'a Before>,
        is_whole: bool,
    ) -> Comparison<'a> {
        let mut shown = HashMap::new();
        for before in &unshown {
            shown.entry((before.model, before.key())).or_insert(before.old.as_ref());
        }
        Comparison { state, file, which, path, unshown, shown, is_whole }
    }

    /// The changes that the edit amounts to.
    pub(super) fn found(&self) -> Found {
        let mut found = Found::default();
        // Of a file that cannot be read nothing is new.
        if self.by_whole_file() && self.file.cannot_be_read(self.which) {
            return found;
        }
        for model in self.state.layout.models_in(self.which) {
            // What is declared is read at open only.
            if model == self.state.catalogue.declaring() {
                continue;
            }
            for (_, record) in self.file.collection(model).iter() {
                self.edited(model, record, &mut found);
            }
            if self.is_whole && self.file.collection(model).faults.is_empty() {
                self.removed(model, &mut found);
            }
        }
        found
    }

    fn by_whole_file(&self) -> bool {
        !matches!(self.which, ShownFile::Rows(_))
    }

    /// What the store last wrote of a record.
    fn shown(&self, model: ModelId, key: &str) -> Option<&'a Arc<Record>> {
        let changed = self.shown.get(&(model, key)).copied();
        changed.unwrap_or_else(|| self.state.collection(model).get(key))
    }

    /// Has the store itself made the record what the file says, at some time since the file was
    /// last known to be written? A process that died while it wrote the files leaves such.
    fn is_ours(&self, model: ModelId, key: &str, record: Option<&Record>) -> bool {
        let unshown = self.unshown.iter();
        let mut of_it = unshown.filter(|before| before.model == model && before.key() == key);
        of_it.any(|before| before.old.as_deref() == record || before.new.as_deref() == record)
    }

    fn edited(&self, model: ModelId, record: &Arc<Record>, found: &mut Found) {
        let key = record.key();
        let (shown, ours) = (self.shown(model, key), self.state.collection(model).get(key));
        let record = self.with_counts_of(model, record, shown);
        if shown == Some(&record) || self.is_ours(model, key, Some(&record)) {
            return;
        }
        let put = match (shown, ours) {
            (shown, ours) if shown == ours => Some(Arc::clone(&record)),
            (Some(shown), Some(ours)) => self.merged(model, (shown, &record, ours), found),
            (_, ours) => {
                let what = if ours.is_some() { "made it too" } else { "has removed it meanwhile" };
                found.warnings.push(self.warning(model, key, what, "the edit is lost"));
                None
            }
        };
        let Some(put) = put else { return };
        found.shown.push((model, key.into(), Some(record)));
        found.changes.push(Change::Put { model, record: put, new: ours.is_none() });
    }

    fn merged(
        &self,
        model: ModelId,
        (shown, edited, ours): (&Arc<Record>, &Arc<Record>, &Arc<Record>),
        found: &mut Found,
    ) -> Option<Arc<Record>> {
        let declared = self.state.catalogue.model(model);
        let merged = merge(&shown.map(), &edited.map(), &ours.map());
        if !merged.lost.is_empty() {
            let fields = format!("has changed {} too", merged.lost.join(", "));
            found.warnings.push(self.warning(model, ours.key(), &fields, "that stays"));
        }
        let Ok(map) = catalogue::validate_stored(declared, merged.map) else {
            let what = "has changed it too, and both together are not valid";
            found.warnings.push(self.warning(model, ours.key(), what, "the edit is lost"));
            return None;
        };
        let record = Record::from_map(declared, ours.key(), &map);
        (record != **ours).then(|| Arc::new(record))
    }

    /// The record with what the store says of its logs: that is not the editor's to say.
    fn with_counts_of(
        &self,
        model: ModelId,
        record: &Arc<Record>,
        shown: Option<&Arc<Record>>,
    ) -> Arc<Record> {
        let Some(shown) = shown else { return Arc::clone(record) };
        let catalogue = &self.state.catalogue;
        self.state.layout.logs_of(model).fold(Arc::clone(record), |record, log| {
            match catalogue.counted(log) {
                Some((_, counted)) if record.counts(counted) != shown.counts(counted) => {
                    let (count, last) = shown.counts(counted);
                    let declared = catalogue.model(model);
                    Arc::new(record.with_counts(declared, counted, count, last.as_deref()))
                }
                _ => record,
            }
        })
    }

    fn removed(&self, model: ModelId, found: &mut Found) {
        let in_file = self.file.collection(model);
        for key in self.known_keys(model) {
            let Some(shown) = self.shown(model, key) else { continue };
            let is_there = in_file.get(key).is_some() || in_file.broken.contains_key(key);
            if is_there || !self.stands_here(model, shown) || self.is_ours(model, key, None) {
                continue;
            }
            match self.state.collection(model).get(key) {
                Some(ours) if ours == shown => {
                    found.shown.push((model, key.into(), None));
                    found.changes.push(Change::Remove { model, key: key.into() });
                }
                Some(_) => {
                    let what = "has changed it meanwhile";
                    found.warnings.push(self.warning(model, key, what, "it comes back"));
                }
                None => {}
            }
        }
    }

    /// The keys of the records that may stand in the file, as far as the store knows.
    fn known_keys(&self, model: ModelId) -> Vec<&'a str> {
        // Not all of a folder's for the file of one.
        if let ShownFile::Whole(Target::Record(_, key)) = self.which {
            return vec![key];
        }
        let ours = self.state.collection(model);
        let gone = self.shown.keys().filter(|(of, key)| *of == model && ours.get(key).is_none());
        let now = ours.iter().map(|(_, record)| record.key());
        now.chain(gone.map(|(_, key)| *key)).collect()
    }

    /// Does a record stand in this file, and no other one of its model?
    fn stands_here(&self, model: ModelId, record: &Record) -> bool {
        let Some(owner) = self.state.layout.owner() else { return true };
        let first = self.state.collection(owner.model).first();
        let beside = owner.beside.iter().find(|(of, ..)| *of == model);
        let user = match beside {
            Some((_, by, _)) => json::text_field(record.text(), by).unwrap_or_default(),
            None => record.key().into(),
        };
        match self.which {
            ShownFile::Whole(Target::Record(_, key)) => **key == *record.key(),
            ShownFile::Whole(Target::First) => owner.single == Some(model) || first == Some(&*user),
            ShownFile::Whole(Target::Further(key)) => **key == *user && first != Some(&*user),
            _ => true,
        }
    }

    fn warning(&self, model: ModelId, key: &str, what: &str, so: &str) -> String {
        let declared = self.state.catalogue.model(model);
        // A key that is a secret in itself is not told.
        let which = if declared.key == "id" { format!(" {key}") } else { String::new() };
        format!(
            "{} was edited by hand: the store {what} ({}{which}), so {so}",
            self.path, declared.name
        )
    }
}
