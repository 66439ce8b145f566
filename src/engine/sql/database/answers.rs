//! The answers to a view's questions, each from what was found already or by one question.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::{Begin, Database, Placed};
use crate::catalogue::{Access, Catalogue, Counted, ModelId, Place};
use crate::engine::committed::{Committed, Listed, LogEnd, Question, RowCount, SOME, Which};
use crate::engine::fingerprint::Fingerprint;
use crate::engine::logs::{LogChanges, LogKey, LogQuery};
use crate::engine::memory::{Order, Record};
use crate::engine::sql::failure::Failure;
use crate::engine::sql::tables::{Table, kept, name_of_index};
use crate::error::{Code, Error, Result};
use crate::sync::locked;

/// A number behind all that the database gives.
const BEHIND_ALL: u64 = u64::MAX / 2;

/// How many records have a key is asked again after this, and counted up to so many.
const SIZES_HOLD: Duration = Duration::from_secs(60);
const MOST_COUNTED: usize = 1000;
/// The sizes of so many keys are in memory.
const MOST_SIZES: usize = 10_000;

impl Committed for Database<'_> {
    fn catalogue(&self) -> &Arc<Catalogue> {
        &self.catalogue
    }

    fn may_repeat(&self) -> bool {
        true
    }

    fn give_up(&self) -> Error {
        self.fail(Failure::Refused(Error::new(Code::Io, "this call cannot wait for the database")))
    }

    fn single(&self) -> Option<ModelId> {
        if self.known.has_single.load(Ordering::Relaxed) {
            return None;
        }
        let is_single = |id: &ModelId| matches!(self.model(*id).place, Place::Single { .. });
        self.catalogue.ids().find(is_single)
    }

    fn get(&self, model: ModelId, key: &str) -> Result<Option<Arc<Record>>> {
        Ok(self.placed(model, key)?.map(|(_, record)| record))
    }

    fn order_of(&self, model: ModelId, key: &str) -> Result<Option<Order>> {
        Ok(self.placed(model, key)?.map(|(order, _)| order))
    }

    fn next_sequence(&self, _: ModelId) -> u64 {
        BEHIND_ALL
    }

    fn foresees(&self) -> bool {
        true
    }

    fn foresee(&self, questions: &[Question<'_>]) {
        self.ask_ahead(questions);
    }

    fn same_but_case(&self, model: ModelId, key: &str) -> Result<Option<Cow<'_, str>>> {
        let place = (model, Box::from(key));
        if self.has_rows(model) && !self.other_case.borrow().contains_key(&place) {
            self.answer(Question::Case(model, key))?;
        }
        let known = self.other_case.borrow().get(&place).cloned().flatten();
        Ok(known.map(|other| Cow::Owned(other.into_string())))
    }

    fn first(&self, model: ModelId) -> Result<Option<Cow<'_, str>>> {
        let Table { records, .. } = Table::of(self.model(model));
        let question =
            format!("SELECT seq, created_ms, text FROM {records} ORDER BY created_ms, seq LIMIT 1");
        let found = self.ask_records(model, &question, &[])?.into_iter().next();
        Ok(found.map(|(_, record)| Cow::Owned(record.key().to_owned())))
    }

    fn records(&self, model: ModelId, which: Which<'_>) -> Result<Vec<Arc<Record>>> {
        Ok(self.ordered(model, which)?.into_iter().map(|(_, record)| record).collect())
    }

    fn ordered(&self, model: ModelId, which: Which<'_>) -> Result<Vec<Placed>> {
        match which {
            Which::All => self.all(model),
            Which::Under(index, key) => self.under(model, index, &key.text()),
            Which::On(access) => self.on(model, access),
        }
    }

    fn walk<'v>(
        &'v self,
        model: ModelId,
        access: &'v Access,
        wanted: Option<usize>,
    ) -> Result<Box<dyn Iterator<Item = Arc<Record>> + 'v>> {
        let is_unique = |index: &usize| self.model(model).indexes[*index].unique;
        match access {
            Access::Walk { under, .. }
                if self.has_rows(model)
                    && !under.as_ref().is_some_and(|(index, _)| is_unique(index)) =>
            {
                Ok(Box::new(self.pages(model, access, wanted)))
            }
            _ => Ok(Box::new(self.on(model, access)?.into_iter().map(|(_, record)| record))),
        }
    }

    fn has_counts(&self) -> bool {
        false
    }

    fn len(&self, model: ModelId) -> usize {
        let Table { records, .. } = Table::of(self.model(model));
        self.count_records(model, &format!("SELECT count(*) FROM {records}"), &[])
    }

    fn count(&self, model: ModelId) -> usize {
        self.len(model)
    }

    fn count_under(&self, model: ModelId, index: usize, key: &str) -> usize {
        let place = (model, index, kept(key));
        if self.has_rows(model) && !self.counts.borrow().contains_key(&place) {
            // The failure is noted, so what comes of this number does not count.
            let _ = self.answer(Question::Count(model, index, key));
        }
        let count = self.counts.borrow().get(&place).copied().unwrap_or_default();
        usize::try_from(count).unwrap_or_default()
    }

    fn about_under(&self, model: ModelId, index: usize, key: &str) -> usize {
        let place = (model, index, kept(key));
        let known = locked(&self.known.sizes).get(&place).copied();
        match known {
            Some((at, size)) if at.elapsed() < SIZES_HOLD => return size,
            // Whoever changes something would collide with those who change what is only counted here.
            _ if self.begin != Begin::Read || !self.has_rows(model) => return SOME,
            _ => {}
        }
        let Table { keys, .. } = Table::of(self.model(model));
        let question = format!(
            "SELECT count(*) FROM (
               SELECT 1 FROM {keys} WHERE index = $1 AND value = $2 LIMIT {MOST_COUNTED}) c"
        );
        let name = name_of_index(self.model(model), index);
        // A failure is noted, so whatever is chosen by this does not count; and it is not known for later.
        let Ok(rows) = self.ask(&question, &[&name, &place.2]) else { return SOME };
        let size: i64 = rows.first().map_or(0, |row| row.get(0));
        let size = usize::try_from(size).unwrap_or_default();
        let mut sizes = locked(&self.known.sizes);
        if sizes.len() >= MOST_SIZES {
            sizes.clear();
        }
        sizes.insert(place, (Instant::now(), size));
        size
    }

    fn log(
        &self,
        key: &LogKey,
        query: &LogQuery,
        changes: Option<&LogChanges>,
        may_look: impl Fn(usize) -> Result<()>,
    ) -> Result<Vec<Arc<str>>> {
        let rows = self.select(key, query, changes)?;
        may_look(rows.iter().map(|row| row.len()).sum())?;
        Ok(rows)
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
        _known: Option<Fingerprint>,
        _may_answer: impl Fn(usize) -> Result<()>,
    ) -> Result<Listed> {
        let rows = self.select(key, query, changes)?;
        Ok(Listed { print: None, text: Some(format!("[{}]", rows.join(","))) })
    }

    fn log_row(&self, key: &LogKey, id: &str) -> Result<Option<Arc<str>>> {
        self.row(key, id)
    }

    fn has_row(&self, key: &LogKey, id: &str) -> Result<bool> {
        Ok(self.row(key, id)?.is_some())
    }

    fn log_len(&self, key: &LogKey) -> Result<u64> {
        self.bytes_of_log(key)
    }

    /// Rows are not lines of a file: only what they are is looked at, wherever they would stand.
    fn log_end(&self, _: &LogKey) -> Result<LogEnd> {
        Ok(LogEnd::whole(0))
    }

    fn counts_of(
        &self,
        _: &LogKey,
        owner: &Record,
        counted: &Counted,
    ) -> Result<Option<(u64, Option<String>)>> {
        Ok(Some(owner.counts(counted)))
    }

    fn count_rows(
        &self,
        key: &LogKey,
        changes: Option<&LogChanges>,
        without: &[String],
    ) -> Result<RowCount> {
        self.count_log(key, changes, without)
    }

    fn owners_of_row(&self, model: ModelId, id: &str) -> Result<Vec<Box<str>>> {
        self.owners_with(model, id)
    }
}
