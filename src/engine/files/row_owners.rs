//! Reads the logs of a model to learn which rows they have, and keeps that in the cache.

use crate::catalogue::ModelId;
use crate::disk::{SafePath, read_all};

use super::write::Writer;
use crate::engine::core::Engine;
use crate::engine::folder::Folder;
use crate::engine::logs::{Saved, SavedLog, Source};
use crate::engine::processes::locks::cache_folder;

/// So many logs are read while nobody can commit.
const AT_ONCE: usize = 64;

fn path() -> SafePath {
    cache_folder().join("rows").expect("a constant that is a safe path")
}

impl Engine {
    /// Learns which rows the logs of a model have: from the cache, or by reading them.
    pub(crate) fn learn_logs(&self, model: ModelId) {
        let _alone = crate::sync::locked(&self.learning);
        if self.state().row_owners.takes_new(model)
            && let Some(logs) = self.saved_logs(model)
        {
            logs.chunks(AT_ONCE).for_each(|some| self.recall_logs(model, some));
        }
        loop {
            let state = self.state();
            let folder = Folder::to_read(&state, self.files(), Source::Disk);
            if folder.learn_logs(model, AT_ONCE) < AT_ONCE {
                return;
            }
        }
    }

    /// What the cache says of the logs of a model.
    fn saved_logs(&self, model: ModelId) -> Option<Vec<SavedLog>> {
        // Where the folder is only read, nobody has made sure that there was no crash.
        self.check_health().ok()?;
        let bytes = read_all(&*self.disk, &path()).ok()??;
        let saved = Saved::decode(&bytes)?;
        let state = self.state();
        let collection = &state.catalogue.model(model).collection;
        let logs = saved.collections.into_iter().find(|(name, _)| name == collection);
        logs.filter(|_| state.row_owners.takes_key(&saved.key)).map(|(_, logs)| logs)
    }

    fn recall_logs(&self, model: ModelId, logs: &[SavedLog]) {
        let state = self.state();
        for log in logs {
            // Lines in the journal are on their way into the file.
            let key = (model, log.owner.clone());
            let is_at_rest = !state.logs.contains_key(&key) && !state.is_leftover(&key);
            let Ok(path) = state.layout.log_path(model, &log.owner) else { continue };
            if is_at_rest && self.disk.stamp(&path).is_ok_and(|now| now == log.stamp) {
                state.row_owners.recall(model, log);
            }
        }
    }

    /// Writes down which rows the logs have. The cache may be lost, so a failure is not told.
    pub(crate) fn save_row_owners(&self, closing: bool) {
        let state = self.state();
        if !state.row_owners.is_time_to_save(closing) {
            return;
        }
        let rows = state.row_owners.to_save();
        let of_model = |model: ModelId, (owner, rows): (Box<str>, Vec<u32>)| {
            let path = state.layout.log_path(model, &owner).ok()?;
            let is_at_rest = !state.logs.contains_key(&(model, owner.clone()));
            let stamp = self.stamps.known(&path);
            is_at_rest.then_some(SavedLog { owner, stamp, rows })
        };
        let models = rows.models.into_iter().map(|(model, logs)| {
            let logs = logs.into_iter().filter_map(|log| of_model(model, log));
            (state.catalogue.model(model).collection.clone(), logs.collect())
        });
        let saved = Saved { key: rows.key, collections: models.collect() };
        drop(state);
        let _ = Writer::on(&*self.disk).replace(&path(), &saved.encode(), false);
    }

    /// Forgets what the cache says: after a crash a file may have the state that it had and other bytes.
    pub(crate) fn drop_saved_row_owners(&self) {
        let _ = self.disk.remove(&path());
    }
}
