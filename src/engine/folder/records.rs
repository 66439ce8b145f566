//! The records of a folder.

use std::borrow::Cow;
use std::sync::Arc;

use super::Folder;
use crate::catalogue::{Access, Catalogue, Counted, IndexKey, ModelId, Place};
use crate::disk::SafePath;
use crate::engine::committed::{Committed, Listed, LogEnd, Models, RowCount, Which};
use crate::engine::files::{ShownFile, Target};
use crate::engine::fingerprint::Fingerprint;
use crate::engine::logs::{LogChanges, LogKey, LogQuery, Source};
use crate::engine::memory::{Order, Record};
use crate::error::{Error, Result};

impl Committed for Folder<'_> {
    fn catalogue(&self) -> &Arc<Catalogue> {
        &self.state.catalogue
    }

    fn may_wait(&self) -> bool {
        self.source == Source::Disk
    }

    fn give_up(&self) -> Error {
        self.needs()
    }

    fn single(&self) -> Option<ModelId> {
        self.state.layout.owner().and_then(|place| place.single)
    }

    fn fingerprint_of(&self, models: Models) -> Option<Fingerprint> {
        if !self.may_suspect() {
            return None;
        }
        let folders = models.iter().flat_map(|model| self.folders_like(model));
        let stillness = self.files.lookout.stillness(folders, self.asks())?;
        let versions = models.iter().map(|model| self.state.version(model));
        Some(Fingerprint::of(versions.chain([stillness])))
    }

    fn path_of(&self, model: ModelId, key: &str, log_owner: Option<&str>) -> Option<String> {
        let layout = &self.state.layout;
        let path = match log_owner {
            Some(owner) => layout.log_path(model, owner),
            None => layout.path_of(&self.state.file_of(model, key)?),
        };
        path.ok().map(|path| path.as_str().to_owned())
    }

    fn get(&self, model: ModelId, key: &str) -> Result<Option<Arc<Record>>> {
        self.check_hand_edit(model, key)?;
        let collection = self.state.collection(model);
        if let Some(error) = collection.broken.get(key) {
            return Err(error.clone());
        }
        match (collection.get(key), collection.faults.first()) {
            (_, Some(fault)) if self.stands_in_unreadable(model, key) => Err(fault.clone()),
            (Some(record), _) => Ok(Some(Arc::clone(record))),
            (None, Some(fault)) => Err(fault.clone()),
            (None, None) => Ok(None),
        }
    }

    fn order_of(&self, model: ModelId, key: &str) -> Result<Option<Order>> {
        Ok(self.state.collection(model).order_of(key))
    }

    fn next_sequence(&self, model: ModelId) -> u64 {
        self.state.collection(model).next_sequence()
    }

    fn same_but_case(&self, model: ModelId, key: &str) -> Result<Option<Cow<'_, str>>> {
        Ok(self.state.collection(model).same_but_case(key).map(Cow::Borrowed))
    }

    fn names_files(&self, model: ModelId) -> bool {
        self.state.layout.is_named_by_key(model)
    }

    fn gone_in_other_case(&self, model: ModelId, key: &str) -> Option<&str> {
        self.state.dirty.gone_in_other_case(model, key)
    }

    /// The one that stands in the shared file of a place `Owner`: the owner of the store.
    fn first(&self, model: ModelId) -> Result<Option<Cow<'_, str>>> {
        Ok(self.state.collection(model).first().map(Cow::Borrowed))
    }

    fn records(&self, model: ModelId, which: Which<'_>) -> Result<Vec<Arc<Record>>> {
        Ok(self.gathered(model, which, |(_, record)| Arc::clone(record)))
    }

    fn ordered(&self, model: ModelId, which: Which<'_>) -> Result<Vec<(Order, Arc<Record>)>> {
        Ok(self.gathered(model, which, |(order, record)| (order, Arc::clone(record))))
    }

    fn walk<'v>(
        &'v self,
        model: ModelId,
        access: &'v Access,
        _wanted: Option<usize>,
    ) -> Result<Box<dyn Iterator<Item = Arc<Record>> + 'v>> {
        let collection = self.state.collection(model);
        let all = collection.walk(access).map(|(_, record)| Arc::clone(record));
        if collection.broken.is_empty() {
            return Ok(Box::new(all));
        }
        Ok(Box::new(all.filter(|record| !collection.broken.contains_key(record.key()))))
    }

    fn len(&self, model: ModelId) -> usize {
        self.state.collection(model).len()
    }

    fn count(&self, model: ModelId) -> usize {
        let collection = self.state.collection(model);
        collection.len() - collection.unreadable().count()
    }

    fn count_under(&self, model: ModelId, index: usize, key: &str) -> usize {
        self.state.collection(model).count_under(index, key)
    }

    fn log(
        &self,
        key: &LogKey,
        query: &LogQuery,
        changes: Option<&LogChanges>,
        may_look: impl Fn(usize) -> Result<()>,
    ) -> Result<Vec<Arc<str>>> {
        self.select(key, query, changes, may_look)
    }

    fn readable_rows(&self, key: &LogKey) -> Result<(Vec<Arc<str>>, Vec<Error>)> {
        self.readable(key)
    }

    fn log_count(
        &self,
        key: &LogKey,
        query: &LogQuery,
        changes: Option<&LogChanges>,
    ) -> Result<usize> {
        self.count_selected(key, query, changes)
    }

    fn log_list(
        &self,
        key: &LogKey,
        query: &LogQuery,
        changes: Option<&LogChanges>,
        known: Option<Fingerprint>,
        may_answer: impl Fn(usize) -> Result<()>,
    ) -> Result<Listed> {
        self.select_list(key, query, changes, known, may_answer)
    }

    fn log_row(&self, key: &LogKey, id: &str) -> Result<Option<Arc<str>>> {
        self.row(key, id)
    }

    fn has_row(&self, key: &LogKey, id: &str) -> Result<bool> {
        self.contains(key, id)
    }

    fn log_len(&self, key: &LogKey) -> Result<u64> {
        let path = self.state.layout.log_path(key.0, &key.1)?;
        Ok(self.files.disk.stamp(&path)?.map_or(0, |stamp| stamp.len))
    }

    fn log_end(&self, key: &LogKey) -> Result<LogEnd> {
        self.end(key)
    }

    fn counts_of(
        &self,
        key: &LogKey,
        owner: &Record,
        counted: &Counted,
    ) -> Result<Option<(u64, Option<String>)>> {
        Ok(self.is_counted(key, counted)?.then(|| owner.counts(counted)))
    }

    fn count_rows(
        &self,
        key: &LogKey,
        changes: Option<&LogChanges>,
        without: &[String],
    ) -> Result<RowCount> {
        self.count_all(key, changes, without)
    }

    fn owners_of_row(&self, model: ModelId, id: &str) -> Result<Vec<Box<str>>> {
        self.know_logs(model)?;
        Ok(self.state.row_owners.of(model, id))
    }

    fn unsure_owners(&self, model: ModelId, id: &str) -> Result<Vec<Box<str>>> {
        self.unsure(model, id)
    }

    fn is_whole(&self, model: ModelId) -> bool {
        let collection = self.state.collection(model);
        collection.broken.is_empty() && collection.faults.is_empty()
    }

    fn unreadable(&self, model: ModelId) -> usize {
        let collection = self.state.collection(model);
        collection.broken.len() + collection.faults.len()
    }

    fn leave_out_unreadable(&self, model: ModelId, records: &mut Vec<Arc<Record>>) {
        let broken = &self.state.collection(model).broken;
        if !broken.is_empty() {
            records.retain(|record| !broken.contains_key(record.key()));
        }
    }

    fn check_list(&self, model: ModelId) -> Result<()> {
        let place = &self.state.catalogue.model(model).place;
        let apart = matches!(place, Place::Rows { .. } | Place::Directory { .. });
        let collection = self.state.collection(model);
        match collection.faults.first() {
            Some(fault) if !apart || collection.is_unreadable => Err(fault.clone()),
            _ => Ok(()),
        }
    }

    fn check_whole(&self, model: ModelId) -> Result<()> {
        let collection = self.state.collection(model);
        let broken = collection.faults.first().or_else(|| collection.broken.values().next());
        broken.map_or(Ok(()), |fault| Err(fault.clone()))
    }

    fn check_place(&self, model: ModelId) -> Result<()> {
        self.state.collection(model).faults.first().cloned().map_or(Ok(()), Err)
    }

    fn check_readable(&self, model: ModelId, key: &str, exists: bool) -> Result<()> {
        let collection = self.state.collection(model);
        let fault = || collection.faults.first().filter(|_| !exists);
        collection.broken.get(key).or_else(fault).map_or(Ok(()), |error| Err(error.clone()))
    }

    fn check_free(
        &self,
        model: ModelId,
        index: usize,
        key: IndexKey<'_>,
        except: &str,
    ) -> Result<()> {
        let may_have = self.state.collection(model).may_have(index, key, except);
        may_have.map_or(Ok(()), |error| Err(error.clone()))
    }
}

impl Folder<'_> {
    /// What `of` makes of each of some records.
    fn gathered<T>(
        &self,
        model: ModelId,
        which: Which<'_>,
        of: impl Fn((Order, &Arc<Record>)) -> T,
    ) -> Vec<T> {
        let collection = self.state.collection(model);
        match which {
            Which::All => collection.iter().map(of).collect(),
            Which::Under(index, key) => collection.lookup(index, key).into_iter().map(of).collect(),
            Which::On(access) => collection.walk(access).map(of).collect(),
        }
    }

    /// The folders in which records, or logs, of a model stand. Where there is no record yet, there is
    /// none to be edited, and maybe no folder.
    fn folders_like(&self, model: ModelId) -> impl Iterator<Item = &SafePath> {
        let state = self.state;
        let place = &state.catalogue.model(model).place;
        let there = match (place, state.layout.owner()) {
            (Place::Owner { .. } | Place::Beside { .. } | Place::Single { .. }, Some(owner)) => {
                // The first owner's file stands in the first folder, those of others in the second.
                let owners = state.collection(owner.model);
                let is_alone = owners.len() <= 1
                    && owners.iter().all(|(_, record)| owners.first() == Some(record.key()));
                if is_alone { 1 } else { usize::MAX }
            }
            _ => state.collection(model).len(),
        };
        let logs = state.layout.logs().iter().filter(move |logs| logs.model == model);
        let folders = state.layout.folders_of(model).iter().take(there);
        folders.chain(logs.map(|logs| &logs.dir))
    }

    /// Where a place has faults: is the whole file one in which a record stands?
    fn stands_in_unreadable(&self, model: ModelId, key: &str) -> bool {
        let file = self.state.file_of(model, key);
        matches!(file, Some(ShownFile::Whole(Target::First | Target::Shared(_))))
    }

    /// Gives up, for the caller to look at the file first, when it changed behind our back.
    fn check_hand_edit(&self, model: ModelId, key: &str) -> Result<()> {
        if !self.may_suspect() {
            return Ok(());
        }
        // Where the system tells of every change, there is no need to look; nor, most of the time, to
        // work out which file it is.
        if self.files.lookout.is_untouched(self.state.layout.folders_of(model), self.asks()) {
            return Ok(());
        }
        let Some(file) = self.state.file_of(model, key) else { return Ok(()) };
        let path = self.state.layout.path_of(&file)?;
        let is_told = self.files.lookout.is_suspect(&path) == Some(false);
        if !is_told && !self.files.stamps.are_of(self.files.disk, &path)? {
            self.suspect(path);
            return Err(self.needs());
        }
        self.check_log_edits(model, key)
    }

    /// The same for what a record says about its logs. A log of which the journal holds lines is brought
    /// together with its edit by the next checkpoint; of one that nobody watches, one looks from time to
    /// time.
    fn check_log_edits(&self, model: ModelId, key: &str) -> Result<()> {
        for log in self.state.layout.logs_of(model) {
            if self.state.logs.contains_key(&(log, key.into())) {
                continue;
            }
            let path = self.state.layout.log_path(log, key)?;
            let is_told_of = self.files.lookout.is_suspect(&path) == Some(true);
            if is_told_of && !self.files.stamps.are_of(self.files.disk, &path)? {
                self.suspect(path);
                return Err(self.needs());
            }
        }
        Ok(())
    }
}
