//! A change under way: what a writing call may do.
//!
//! Every check runs here, inside the commit, where the truth is. A call that fails leaves the
//! transaction as it was before.

use std::sync::Arc;

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::catalogue::{self, Catalogue, Model, ModelId, Place};
use crate::error::{Code, Error, Issue, Result};
use crate::jsonl;

use super::base::Base;
use super::overlay::Overlay;
use super::relations;
use super::view::{Context, View};
use crate::engine::committed::Committed;
use crate::engine::journal::Change;
use crate::engine::memory::{Order, Record, SINGLE_KEY};

/// A change under way; nothing of it is seen by others before it is committed.
pub struct Tx<'a> {
    /// Where it may not wait, whatever needs the disk or changes much fails with `IO`: the call is then made
    /// again by the committing thread.
    pub(crate) base: Base<'a>,
    pub(crate) overlay: &'a mut Overlay,
    pub(crate) context: Context<'a>,
}

/// So many changes are made on the caller's thread, which takes less than a millisecond.
const MOST_CHANGES: usize = 16;

/// A new id.
pub(crate) fn new_id() -> String {
    Uuid::new_v4().to_string()
}

impl Tx<'_> {
    /// The state with the changes of this transaction.
    pub fn view(&self) -> View<'_> {
        View::new(self.base, Some(&*self.overlay), self.context)
    }

    /// The time of this call, as records hold it.
    pub fn now(&self) -> &str {
        self.context.now
    }

    /// What a change was given, for good where it is made only once: a folder's changes wait for each other,
    /// those of a database may collide and are then made again.
    pub(crate) fn take_or_keep<T: Clone + Default>(&self, given: &mut T) -> T {
        if self.base.may_repeat() { given.clone() } else { std::mem::take(given) }
    }

    pub(crate) fn catalogue(&self) -> &Catalogue {
        self.base.catalogue()
    }

    /// Does something whole, or leaves everything as it was.
    pub(crate) fn whole<T, E>(
        &mut self,
        change: impl FnOnce(&mut Self) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        let mark = self.overlay.mark();
        let done = change(self);
        if done.is_err() {
            self.overlay.roll_back(mark);
        }
        done
    }

    /// Creates a record.
    ///
    /// # Errors
    /// `VALIDATION` with every fault, `UNIQUE`, `FOREIGN_KEY`, `TOO_LARGE`.
    pub fn create(&mut self, model: ModelId, mut input: Map<String, Value>) -> Result<Arc<Record>> {
        self.whole(|tx| {
            let declared = tx.base.catalogue().model(model);
            tx.check_place(model)?;
            let names_key = input.get("id").is_some_and(|id| !id.is_null());
            catalogue::fill(declared, &mut input, tx.context.now, &mut new_id);
            let map = catalogue::validate_new(declared, input, tx.context.now, &mut new_id)
                .map_err(|issues| Error::validation(&declared.name, issues))?;
            let key = map.get(&declared.key).and_then(Value::as_str).unwrap_or_default().to_owned();
            let record = Record::from_map(declared, &key, &map);
            relations::foresee(tx, model, &record, None);
            tx.check_key(model, &key)?;
            if declared.key == "id" && names_key {
                tx.check_nameless(model)?;
            }
            relations::check_uniques(tx, model, &record, &key)?;
            relations::check_references(tx, model, &map, record.index_keys(), None)?;
            let record = tx.put_record(model, record)?;
            relations::sync_mirrors(tx, model, &key, None, Some(&map))?;
            Ok(record)
        })
    }

    /// Changes a record; `None` when there is none.
    ///
    /// # Errors
    /// As for [`Tx::create`].
    pub fn update(
        &mut self,
        model: ModelId,
        key: &str,
        mut patch: Map<String, Value>,
    ) -> Result<Option<Arc<Record>>> {
        let Some(old) = self.current(model, key)? else { return Ok(None) };
        let old_map = old.map();
        self.whole(|tx| {
            let declared = tx.base.catalogue().model(model);
            tx.check_place(model)?;
            catalogue::fill(declared, &mut patch, tx.context.now, &mut new_id);
            let map = catalogue::validate_patch(declared, &old_map, patch, tx.context.now)
                .map_err(|issues| Error::validation(&declared.name, issues))?;
            tx.exchange(model, &old, &map).map(Some)
        })
    }

    /// Puts other content into a record, as it is given: what is absent goes, the times too are the
    /// caller's; `None` when there is none.
    ///
    /// # Errors
    /// As for [`Tx::create`].
    pub(crate) fn replace(
        &mut self,
        model: ModelId,
        key: &str,
        map: Map<String, Value>,
    ) -> Result<Option<Arc<Record>>> {
        let Some(old) = self.current(model, key)? else { return Ok(None) };
        self.whole(|tx| {
            let declared = tx.base.catalogue().model(model);
            tx.check_place(model)?;
            let map = catalogue::validate_stored(declared, map)
                .map_err(|issues| Error::validation(&declared.name, issues))?;
            tx.exchange(model, &old, &map).map(Some)
        })
    }

    /// Puts checked content into the place of a record.
    fn exchange(
        &mut self,
        model: ModelId,
        old: &Record,
        map: &Map<String, Value>,
    ) -> Result<Arc<Record>> {
        let key = old.key();
        let record = Record::from_map(self.base.catalogue().model(model), key, map);
        relations::foresee(self, model, &record, Some(old));
        relations::check_uniques(self, model, &record, key)?;
        let (after, before) = (record.index_keys(), old.index_keys());
        relations::check_references(self, model, map, after, Some(before))?;
        relations::check_referred(self, model, old, &record)?;
        let record = self.put_record(model, record)?;
        relations::sync_mirrors(self, model, key, Some(&old.map()), Some(map))?;
        Ok(record)
    }

    /// The record to be changed; the one of a place `Single` is there from the first write on.
    fn current(&mut self, model: ModelId, key: &str) -> Result<Option<Arc<Record>>> {
        let single = matches!(self.catalogue().model(model).place, Place::Single { .. });
        match self.view().get(model, key)? {
            None if single && key == SINGLE_KEY => self.create_single(model).map(Some),
            found => Ok(found),
        }
    }

    fn create_single(&mut self, model: ModelId) -> Result<Arc<Record>> {
        let input = Map::from_iter([("id".to_owned(), Value::from(SINGLE_KEY))]);
        self.create(model, input)
    }

    /// The one record of a place `Single` comes with the first change of a store.
    ///
    /// # Errors
    /// As for [`Tx::create`].
    pub(crate) fn make_single(&mut self) -> Result<()> {
        let single = self.base.single().filter(|_| !self.overlay.is_empty());
        let Some(model) = single else { return Ok(()) };
        if self.base.check_place(model).is_ok() && self.view().get(model, SINGLE_KEY)?.is_none() {
            self.create_single(model)?;
        }
        Ok(())
    }

    /// Deletes a record and what follows from it; `false` when there is none.
    ///
    /// # Errors
    /// `FOREIGN_KEY` when something that stays refers to what would go.
    pub fn delete(&mut self, model: ModelId, key: &str) -> Result<bool> {
        if self.view().get(model, key)?.is_none() {
            return Ok(false);
        }
        self.delete_all(model, &[key])?;
        Ok(true)
    }

    /// Deletes records that are there, and what follows from it, all or none.
    ///
    /// # Errors
    /// As for [`Tx::delete`].
    pub(crate) fn delete_all(&mut self, model: ModelId, keys: &[&str]) -> Result<()> {
        let may_follow = !self.catalogue().referrers(model).is_empty();
        self.may_take(if may_follow { usize::MAX } else { keys.len() })?;
        self.whole(|tx| {
            tx.check_place(model)?;
            relations::delete(tx, model, keys)
        })
    }

    /// What would refuse to let records go: the model that refers to what would go, and the path
    /// by which it does.
    ///
    /// # Errors
    /// `CORRUPT` where what would go cannot be read.
    pub(crate) fn restriction(
        &self,
        model: ModelId,
        keys: &[&str],
    ) -> Result<Option<(ModelId, String)>> {
        relations::restriction(self, model, keys)
    }

    /// Gives up what the caller's thread may not do: so many changes more, or what needs the disk.
    ///
    /// # Errors
    /// `IO`, for the committing thread to do it.
    fn may_take(&self, changes: usize) -> Result<()> {
        let all = self.overlay.len().saturating_add(changes);
        if !self.base.may_wait() && all > MOST_CHANGES { Err(self.base.give_up()) } else { Ok(()) }
    }

    /// Refuses to change what stands in a file that cannot be read.
    pub(super) fn check_place(&self, model: ModelId) -> Result<()> {
        let rows = matches!(self.catalogue().model(model).place, Place::Rows { .. });
        if rows { Ok(()) } else { self.base.check_place(model) }
    }

    /// Refuses a key that the caller chose where a line cannot be told to a record: it may have the
    /// same one. Nobody has a key that was made just now, or that is a secret in itself.
    fn check_nameless(&self, model: ModelId) -> Result<()> {
        self.base.check_place(model)
    }

    pub(super) fn check_key(&self, model: ModelId, key: &str) -> Result<()> {
        let declared = self.catalogue().model(model);
        let name = &declared.name;
        self.base.check_readable(model, key, true)?;
        if self.view().exists(model, key, None)? {
            let message = format!("there is a {name} with {} already", declared.named(key));
            return Err(Error::new(Code::Unique, message).model(name));
        }
        self.check_case(model, key)
    }

    /// Refuses a key that differs in case only from another one. From one that has just gone too, where a
    /// file has the key's name: a disk that knows no case would take both for one, and lose the new one when the
    /// old one is removed.
    fn check_case(&self, model: ModelId, key: &str) -> Result<()> {
        let name = &self.catalogue().model(model).name;
        let refuse = |other: &str, which: &str, advice: &str| {
            let message = format!(
                "the key {key} differs from {other} of {which} {name} only in case{advice}"
            );
            Err(Error::new(Code::Unique, message).model(name))
        };
        let committed = self.base.same_but_case(model, key)?;
        let committed = committed.as_deref();
        let changed = self.overlay.same_but_case(model, key);
        let is_there = |other: &&str| !matches!(self.overlay.get(model, other), Some(None));
        if let Some(other) = committed.into_iter().chain(changed).find(is_there) {
            return refuse(other, "another", "");
        }
        let gone = committed.or(changed).or(self.base.gone_in_other_case(model, key));
        match gone.filter(|_| self.base.names_files(model)) {
            Some(other) => {
                refuse(other, "a just deleted", ": use another key, or wait some seconds")
            }
            None => Ok(()),
        }
    }

    /// Sets a record that passed the checks.
    pub(crate) fn put(
        &mut self,
        model: ModelId,
        key: &str,
        map: &Map<String, Value>,
    ) -> Result<Arc<Record>> {
        self.put_record(model, Record::from_map(self.catalogue().model(model), key, map))
    }

    pub(super) fn put_record(&mut self, model: ModelId, record: Record) -> Result<Arc<Record>> {
        self.may_take(1)?;
        let record = Arc::new(record);
        self.check_size(model, record.text())?;
        self.check_is_row(model, &record)?;
        let new = self.order_of(model, record.key())?.is_none();
        self.set(model, &record)?;
        self.overlay.note(Change::Put { model, record: Arc::clone(&record), new });
        Ok(record)
    }

    /// Refuses a record that would be read as the removal of itself: its key, the type `deleted`, and
    /// nothing else.
    fn check_is_row(&self, model: ModelId, record: &Record) -> Result<()> {
        let declared = self.catalogue().model(model);
        let is_row = !matches!(declared.place, Place::Rows { .. })
            || !jsonl::is_removal(record.text(), &declared.key);
        if is_row {
            return Ok(());
        }
        let issue = Issue::new("type", "another word, or another field beside it", jsonl::DELETED);
        Err(Error::validation(&declared.name, vec![issue]))
    }

    /// Sets a record whose new content follows from another change in the journal.
    ///
    /// # Errors
    /// Those of reading.
    pub(crate) fn set(&mut self, model: ModelId, record: &Arc<Record>) -> Result<()> {
        let order = self.order_of(model, record.key())?.unwrap_or_else(|| {
            let next = self.base.next_sequence(model);
            Order::of(record, self.overlay.next_sequence(model, next))
        });
        self.overlay.set(model, record.key(), Some((order, Arc::clone(record))));
        Ok(())
    }

    fn order_of(&self, model: ModelId, key: &str) -> Result<Option<Order>> {
        match self.overlay.get(model, key) {
            Some(slot) => Ok(slot.map(|(order, _)| *order)),
            None => self.base.order_of(model, key),
        }
    }

    /// Removes a record, without what follows from it.
    pub(crate) fn remove(&mut self, model: ModelId, key: &str) {
        self.overlay.set(model, key, None);
        self.overlay.note(Change::Remove { model, key: key.into() });
    }

    pub(crate) fn check_size(&self, model: ModelId, text: &str) -> Result<()> {
        check_size(self.catalogue().model(model), text, self.context.max_record_bytes)
    }
}

/// Refuses a record that is longer than the store takes.
pub(super) fn check_size(model: &Model, text: &str, limit: usize) -> Result<()> {
    if text.len() <= limit {
        return Ok(());
    }
    let message = format!(
        "this {} takes {} bytes, the limit is {limit}; make it smaller or raise maxRecordBytes",
        model.name,
        text.len()
    );
    Err(Error::new(Code::TooLarge, message).model(&model.name))
}
