//! What is committed in a database, as one transaction of it sees that.
//!
//! Nothing changes within the transaction, so no question is asked twice.

mod answers;

use std::cell::{Cell, RefCell};
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Instant;

use hashbrown::{DefaultHashBuilder, HashMap, HashSet};
use tokio_postgres::Row;

use super::failure::Failure;
use super::link::{Bound, Link as Connection, Param};
use super::tables::{Table, kept, name_of_index};
use super::uploads::Uploads;
use super::walk::Way;
use crate::catalogue::{Access, By, Catalogue, IndexKey, Model, ModelId, Place};
use crate::engine::committed::Question;
use crate::engine::logs::{LogKey, LogQuery};
use crate::engine::memory::{Order, Record};
use crate::error::{Code, Error, Result};
use crate::sync::locked;

/// How a transaction of the database begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begin {
    /// To read: all of it sees one moment.
    Read,
    /// To change what follows from what was read.
    Write,
    /// The same, while nobody else changes anything.
    WriteAlone,
}

impl Begin {
    pub(super) fn text(self) -> &'static str {
        match self {
            Begin::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            // A lock of a table, unlike any other, is taken before the moment that the transaction sees, so who
            // has waited for it sees what it waited for.
            Begin::Write => {
                "BEGIN ISOLATION LEVEL SERIALIZABLE; LOCK TABLE \".turns\" IN ROW SHARE MODE"
            }
            Begin::WriteAlone => {
                "BEGIN ISOLATION LEVEL SERIALIZABLE; LOCK TABLE \".turns\" IN EXCLUSIVE MODE"
            }
        }
    }
}

/// A record with its place in creation order.
pub(super) type Placed = (Order, Arc<Record>);

/// What was found by its key; none where there is no such record.
type Found = HashMap<(ModelId, Box<str>), Option<Placed>>;

/// What was found under the key of an index of this number.
type Under<T> = HashMap<(ModelId, usize, String), T>;

/// What was found of a log, by what was asked.
type Rows = HashMap<LogKey, Vec<(LogQuery, Vec<Arc<str>>)>>;

/// What a process knows of a database without asking.
#[derive(Default)]
pub(super) struct Known {
    /// Was the one record of a place `Single` seen? It never goes.
    has_single: AtomicBool,
    /// The statements with which reads begin that ask more than once.
    openings: Mutex<HashSet<Box<str>>>,
    sizes: Mutex<Under<(Instant, usize)>>,
}

/// Which key differs in case only from another one; none where no key does.
type OtherCase = HashMap<(ModelId, Box<str>), Option<Box<str>>>;

/// What is committed in a database.
pub(crate) struct Database<'a> {
    pub(super) link: &'a Connection,
    /// Where payloads that were found here are read.
    pub(super) uploads: &'a Uploads,
    catalogue: Arc<Catalogue>,
    pub(super) begin: Begin,
    has_begun: Cell<bool>,
    /// The statement of a read that has asked only one thing so far, outside of any transaction.
    alone: RefCell<Option<Box<str>>>,
    known: &'a Known,
    pub(super) found: RefCell<Found>,
    pub(super) under: RefCell<Under<Vec<Placed>>>,
    pub(super) counts: RefCell<Under<i64>>,
    pub(super) rows: RefCell<Rows>,
    pub(super) other_case: RefCell<OtherCase>,
    /// The first thing that has failed.
    failure: RefCell<Option<Failure>>,
}

/// A number that is the same for the same text only, in this process.
fn version_of(text: &str) -> u64 {
    static HASHER: LazyLock<DefaultHashBuilder> = LazyLock::new(DefaultHashBuilder::default);
    // Other versions count up from 0.
    HASHER.hash_one(text) | 1 << 63
}

fn again() -> Error {
    Error::new(
        Code::Locked,
        "this read asks more than one thing, and is made again in a transaction",
    )
}

fn no_record(model: &Model) -> Error {
    let message = format!("a row of {} in the database is no record; restore it", model.name);
    Error::new(Code::Corrupt, message).model(&model.name)
}

impl<'a> Database<'a> {
    pub(super) fn new(
        (link, uploads): (&'a Connection, &'a Uploads),
        catalogue: Arc<Catalogue>,
        begin: Begin,
        known: &'a Known,
    ) -> Database<'a> {
        Database {
            link,
            uploads,
            catalogue,
            begin,
            known,
            has_begun: Cell::new(false),
            alone: RefCell::default(),
            found: RefCell::default(),
            under: RefCell::default(),
            counts: RefCell::default(),
            rows: RefCell::default(),
            other_case: RefCell::default(),
            failure: RefCell::default(),
        }
    }

    /// How the transaction begins, where nothing was asked yet.
    pub(super) fn to_begin(&self) -> Option<&'static str> {
        (!self.has_begun.get()).then(|| self.begin.text())
    }

    /// How what is asked first begins; nothing behind that. One statement sees one moment by itself, so a read that
    /// is expected to ask no more does without a transaction. Where it asks more all the same, it is made again in one,
    /// and those that begin like it too.
    ///
    /// # Errors
    /// `Collided`, for the read to be made again.
    pub(super) fn opening(&self, text: Option<&str>) -> Result<Option<&'static str>> {
        if let Some(first) = self.alone.take() {
            locked(&self.known.openings).insert(first);
            return Err(self.fail(Failure::Collided(again())));
        }
        let is_alone = |text: &&str| {
            self.begin == Begin::Read
                && !self.has_begun.get()
                && !locked(&self.known.openings).contains(*text)
        };
        if let Some(text) = text.filter(is_alone) {
            *self.alone.borrow_mut() = Some(text.into());
            return Ok(None);
        }
        let begin = self.to_begin();
        self.has_begun.set(true);
        Ok(begin)
    }

    /// Begins the transaction before anything is asked; `settings` hold for it.
    pub(super) fn begin(&self, settings: &str) -> std::result::Result<(), Failure> {
        self.link.begin(&format!("{}; {settings}", self.begin.text()))?;
        self.has_begun.set(true);
        Ok(())
    }

    /// What has failed.
    pub(super) fn take_failure(&self) -> Option<Failure> {
        self.failure.take()
    }

    /// Notes that something has failed, with which nothing of the call counts.
    pub(super) fn fail(&self, failure: Failure) -> Error {
        let mut first = self.failure.borrow_mut();
        let failure = first.get_or_insert(failure);
        match failure {
            Failure::Collided(error) | Failure::Lost(error) | Failure::Refused(error) => {
                error.clone()
            }
        }
    }

    pub(super) fn ask(&self, text: &str, params: &[Param<'_>]) -> Result<Vec<Row>> {
        if let Some(failure) = self.failure.take() {
            return Err(self.fail(failure));
        }
        let begin = self.opening(Some(text))?;
        self.link.ask(begin, text, params).map_err(|failure| self.fail(failure))
    }

    pub(super) fn ask_bound(&self, bound: &Bound) -> Result<Vec<Row>> {
        self.ask(&bound.text, &bound.params())
    }

    fn ask_one_number(&self, text: &str, params: &[Param<'_>]) -> usize {
        // The failure is noted, so what comes of this number does not count.
        let rows = self.ask(text, params).unwrap_or_default();
        let number: i64 = rows.first().map_or(0, |row| row.get(0));
        usize::try_from(number).unwrap_or_default()
    }

    /// Asks for records of a model; the rows of logs are none.
    fn ask_records(&self, model: ModelId, text: &str, params: &[Param<'_>]) -> Result<Vec<Placed>> {
        if !self.has_rows(model) {
            return Ok(Vec::new());
        }
        self.take(model, &self.ask(text, params)?)
    }

    fn count_records(&self, model: ModelId, text: &str, params: &[Param<'_>]) -> usize {
        if self.has_rows(model) { self.ask_one_number(text, params) } else { 0 }
    }

    /// A record as it was found here.
    pub(super) fn seen(&self, model: ModelId, key: &str) -> Option<Placed> {
        self.found.borrow().get(&(model, key.into())).cloned().flatten()
    }

    pub(super) fn model(&self, model: ModelId) -> &Model {
        self.catalogue.model(model)
    }

    /// The record that a row holds: its text, and its place in creation order. The text was checked when it was
    /// written, so who only reads need not parse it.
    fn of_row(&self, model: &Model, row: &Row) -> Result<Placed> {
        let (text, seq): (&str, i64) = (row.get("text"), row.get("seq"));
        let key = crate::json::text_field(text, &model.key).ok_or_else(|| no_record(model))?;
        let record = match self.begin {
            Begin::Read => {
                Some(Record::to_read(&key, text, version_of(text), row.get("created_ms")))
            }
            Begin::Write | Begin::WriteAlone => {
                Record::from_stored(model, &key, text, version_of(text))
            }
        };
        let record = record.ok_or_else(|| no_record(model))?;
        Ok((Order::of(&record, seq.cast_unsigned()), Arc::new(record)))
    }

    /// The records that rows hold.
    pub(super) fn records_of(&self, model: ModelId, rows: &[Row]) -> Result<Vec<Placed>> {
        let declared = self.model(model);
        rows.iter().map(|row| self.of_row(declared, row)).collect()
    }

    /// The same, which need not be asked for any more.
    pub(super) fn take(&self, model: ModelId, rows: &[Row]) -> Result<Vec<Placed>> {
        let records = self.records_of(model, rows)?;
        let mut found = self.found.borrow_mut();
        for (order, record) in &records {
            found.insert((model, record.key().into()), Some((*order, Arc::clone(record))));
        }
        Ok(records)
    }

    fn placed(&self, model: ModelId, key: &str) -> Result<Option<Placed>> {
        let place = (model, Box::from(key));
        if let Some(known) = self.found.borrow().get(&place) {
            return Ok(known.clone());
        }
        if !self.has_rows(model) {
            return Ok(None);
        }
        self.answer(Question::Key(model, key))?;
        Ok(self.found.borrow().get(&place).cloned().flatten())
    }

    /// Are its records rows of a table of its own?
    pub(super) fn has_rows(&self, model: ModelId) -> bool {
        !matches!(self.model(model).place, Place::Log { .. })
    }

    /// Notes that the one record of a place `Single` is there.
    pub(super) fn note_single(&self, model: ModelId) {
        if matches!(self.model(model).place, Place::Single { .. }) {
            self.known.has_single.store(true, Ordering::Relaxed);
        }
    }

    fn all(&self, model: ModelId) -> Result<Vec<Placed>> {
        let all = Access::by_creation_of(None);
        self.on(model, &all)
    }

    /// The records under a key of an index, in creation order.
    fn under(&self, model: ModelId, index: usize, key: &str) -> Result<Vec<Placed>> {
        let declared = &self.model(model).indexes[index];
        if declared.paths.is_empty() || !self.has_rows(model) {
            return Ok(Vec::new());
        }
        let place = (model, index, kept(key));
        if !self.under.borrow().contains_key(&place) {
            self.answer(Question::Under(model, index, IndexKey::of(key)))?;
        }
        Ok(self.under.borrow().get(&place).cloned().unwrap_or_default())
    }

    /// The records under any of some keys of an index, each once, in creation order.
    fn under_any(&self, model: ModelId, index: usize, keys: &[String]) -> Result<Vec<Placed>> {
        if let [key] = keys {
            return self.under(model, index, key);
        }
        let declared = self.model(model);
        let Table { records, keys: table } = Table::of(declared);
        let question = format!(
            "SELECT r.seq, r.created_ms, r.text FROM {records} r WHERE r.key IN
               (SELECT k.record FROM {table} k WHERE k.index = $1 AND k.value = ANY($2))
             ORDER BY r.created_ms, r.seq"
        );
        let keys: Vec<String> = keys.iter().map(|key| kept(key)).collect();
        self.ask_records(model, &question, &[&name_of_index(declared, index), &keys])
    }

    fn on(&self, model: ModelId, access: &Access) -> Result<Vec<Placed>> {
        match access {
            Access::Key(key) => Ok(self.placed(model, key)?.into_iter().collect()),
            Access::AnyOf { index, keys } => self.under_any(model, *index, keys),
            Access::Walk { under: Some((index, key)), by: By::Creation, .. }
                if self.model(model).indexes[*index].unique =>
            {
                self.under(model, *index, key)
            }
            Access::Walk { .. } if !self.has_rows(model) => Ok(Vec::new()),
            Access::Walk { .. } => {
                let declared = self.model(model);
                self.take(model, &self.ask_bound(&Way::of(declared, access).ask(declared, None))?)
            }
        }
    }
}
