//! A whole store, own collections and bytes included, into another one: from a folder into a database, or back.
//!
//! Every record, row and payload comes over as it is, in commits of bounded size. What is there already and the
//! same is left alone, so a copy that was interrupted goes on where it was. Whoever follows makes it again and again,
//! while the source is written to: each time of what has changed, and a last time of all. At the end both are read
//! once more, and their digests compared.

use std::collections::HashSet;
use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use hashbrown::HashMap;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::import::Meeting;
use crate::catalogue::{Catalogue, Model, ModelId, Place};
use crate::engine::{CheckedRow, LogQuery, Record, Tx, View};
use crate::error::{Code, Error, Result};
use crate::json;
use crate::progress::{Progress, Unit};
use crate::store::{Options, Store, Stream};

/// So many records, or rows of a log, are put in one commit.
const PORTION: usize = 200;
/// Bytes are moved in pieces of this length.
const PIECE: usize = 1 << 20;
/// Where nothing has changed, one looks again after this.
const LOOK_AGAIN: Duration = Duration::from_millis(300);

/// What came of a copy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Copied {
    /// Records and rows of the source.
    pub records: u64,
    /// Those of them that were put, for they were not there.
    pub put: u64,
    /// Payloads that came over.
    pub payloads: u64,
    /// SHA-256 over all that the source holds, in hexadecimal digits.
    pub digest: String,
    /// Does the target hold the same and nothing else?
    pub same: bool,
}

/// What is to be copied where.
#[derive(Debug, Clone)]
pub struct Copy {
    /// The store that is copied.
    pub from: Options,
    /// The other one, which is made when it is not there.
    pub to: Options,
    /// What becomes of what that has already, with other content. Whoever follows has it replaced, or removed
    /// where the source has nothing, but for what is there before the first time.
    pub existing: Meeting,
}

/// Copies a store into another one; goes on with what changes meanwhile until `follow`, if given, says that it is enough.
///
/// # Errors
/// Those of opening both, and of reading and writing; `VALIDATION` where `existing` refuses what the target
/// has already; `CLOSED` when it is given up.
pub fn copy(
    asked: Copy,
    follow: Option<&dyn Fn() -> bool>,
    progress: &dyn Progress,
) -> Result<Copied> {
    let source = Store::open(asked.from)?;
    let declaration = source.declaration();
    let target = Store::open(Options { declaration, ..asked.to })?;
    let mut copying = Copying {
        source: &source,
        target: &target,
        existing: asked.existing,
        follows: follow.is_some(),
        copied: Copied::default(),
    };
    copying.pass(true, progress)?;
    if let Some(is_enough) = follow {
        copying.existing = Meeting::Replace;
        progress.begin("Following", Unit::Things, None);
        while !is_enough() {
            if copying.pass(false, progress)? == 0 {
                sleep(LOOK_AGAIN);
            }
        }
        copying.pass(true, progress)?;
    }
    let mut copied = copying.copied;
    progress.begin("Comparing", Unit::Things, None);
    let digest = source.look(digest_of)?;
    copied.same = target.look(digest_of)? == digest;
    copied.digest = digest;
    target.close()?;
    source.close()?;
    Ok(copied)
}

struct Copying<'c> {
    source: &'c Store,
    target: &'c Store,
    existing: Meeting,
    /// Is the target to become what the source is?
    follows: bool,
    copied: Copied,
}

/// The records of a model at one moment.
type Kept = (Model, Vec<Arc<Record>>);

/// The models whose records come over one by one. What is declared came with the opening.
fn moved(catalogue: &Catalogue) -> impl Iterator<Item = (ModelId, &Model)> {
    let all = catalogue.ids().map(|id| (id, catalogue.model(id)));
    all.filter(|(id, model)| {
        *id != catalogue.declaring() && !matches!(model.place, Place::Log { .. })
    })
}

/// The same model in another store.
fn same_model(view: &View<'_>, model: &Model) -> Result<ModelId> {
    let none = || Error::new(Code::Io, format!("the target has no {}", model.name));
    view.catalogue().by_collection(&model.collection).ok_or_else(none)
}

impl Copying<'_> {
    /// Copies all, or what follows from records that have changed; gives how many of these there were.
    fn pass(&mut self, is_whole: bool, progress: &dyn Progress) -> Result<usize> {
        if is_whole {
            self.copied.records = 0;
            progress.begin("Copying records", Unit::Things, None);
        }
        // At one moment, so that nothing refers to what comes later.
        let kept: Vec<Kept> = self.source.look(|view| {
            let models = moved(view.catalogue());
            let read = models.map(|(id, model)| {
                view.check_whole(id)?;
                Ok((model.clone(), view.all(id)?))
            });
            read.collect()
        })?;
        let mut changes = 0;
        let mut touched = Vec::with_capacity(kept.len());
        for (model, records) in kept {
            let changed = self.records(&model, &records, progress)?;
            changes += changed.len();
            touched.push((model, if is_whole { records } else { changed }));
        }
        for (model, records) in &touched {
            self.logs(model, records, progress)?;
        }
        if is_whole {
            progress.begin("Copying bytes", Unit::Bytes, None);
        }
        touched.iter().try_for_each(|(model, records)| self.payloads(model, records, progress))?;
        Ok(changes)
    }

    /// Puts those of all records of a model that are new or others, which it gives, and removes what is too much.
    fn records(
        &mut self,
        model: &Model,
        records: &[Arc<Record>],
        progress: &dyn Progress,
    ) -> Result<Vec<Arc<Record>>> {
        let there = self.target.look(|view| view.all(same_model(view, model)?))?;
        let mut there: HashMap<&str, &Record> =
            there.iter().map(|record| (record.key(), &**record)).collect();
        let is_new = |record: &&Arc<Record>| {
            there.remove(record.key()).is_none_or(|there| there.text() != record.text())
        };
        let new: Vec<Arc<Record>> = records.iter().filter(is_new).cloned().collect();
        if self.follows {
            let beyond: Vec<String> = there.into_keys().map(str::to_owned).collect();
            self.remove(model, &beyond)?;
        }
        self.copied.records += records.len() as u64;
        progress.advance((records.len() - new.len()) as u64)?;
        for portion in new.chunks(PORTION) {
            self.put_portion(model, portion.to_vec())?;
            progress.advance(portion.len() as u64)?;
        }
        Ok(new)
    }

    /// Removes what the source does not have.
    fn remove(&self, model: &Model, keys: &[String]) -> Result<()> {
        match keys.first() {
            Some(key) if self.existing != Meeting::Replace => return Err(unlike(model, key)),
            _ => {}
        }
        for portion in keys.chunks(PORTION) {
            let (model, portion) = (model.clone(), portion.to_vec());
            let remove = move |tx: &mut Tx<'_>| {
                let id = same_model(&tx.view(), &model)?;
                for key in &portion {
                    // Seen first: what it stood for may go with it.
                    if tx.view().get(id, key)?.is_some() {
                        tx.remove(id, key);
                    }
                }
                Ok(())
            };
            self.target.change(None, remove).wait()?;
        }
        Ok(())
    }

    fn put_portion(&mut self, model: &Model, portion: Vec<Arc<Record>>) -> Result<()> {
        let (model, existing) = (model.clone(), self.existing);
        let put = move |tx: &mut Tx<'_>| {
            let id = same_model(&tx.view(), &model)?;
            portion.iter().try_fold(0, |put, record| {
                Ok(put + u64::from(put_one(tx, (id, &model), record, existing)?))
            })
        };
        self.copied.put += self.target.change(None, put).wait()?;
        Ok(())
    }

    /// The rows of the logs of some records.
    fn logs(
        &mut self,
        owner: &Model,
        records: &[Arc<Record>],
        progress: &dyn Progress,
    ) -> Result<()> {
        let logs: Vec<Model> = self.source.look(|view| {
            let id = same_model(view, owner)?;
            Ok(view.logs_of(id).map(|log| view.catalogue().model(log).clone()).collect())
        })?;
        for log in &logs {
            for record in records {
                let rows = rows_of(self.source, log, record.key())?;
                self.copied.records += rows.len() as u64;
                for portion in self.new_rows(log, record, rows)?.chunks(PORTION) {
                    self.append(owner, log, record, portion.to_vec())?;
                    progress.advance(portion.len() as u64)?;
                }
            }
        }
        Ok(())
    }

    /// The rows that must still come into a log; it is emptied before where it is to become another one.
    fn new_rows(&self, log: &Model, owner: &Record, rows: Vec<Row>) -> Result<Vec<Row>> {
        let there = rows_of(self.target, log, owner.key())?;
        if rows.starts_with(&there) {
            return Ok(rows[there.len()..].to_vec());
        }
        if self.existing == Meeting::Replace {
            let (log, key) = (log.clone(), owner.key().to_owned());
            let clear = move |tx: &mut Tx<'_>| {
                tx.log_rewrite(same_model(&tx.view(), &log)?, &key, Vec::new())
            };
            self.target.change(None, clear).wait()?;
            return Ok(rows);
        }
        let there: HashSet<Row> = there.into_iter().collect();
        Ok(rows.into_iter().filter(|row| !there.contains(row)).collect())
    }

    /// Appends rows to the log of a record, which says afterwards of them what it says in the source.
    fn append(
        &mut self,
        owner: &Model,
        log: &Model,
        record: &Arc<Record>,
        rows: Vec<Row>,
    ) -> Result<()> {
        self.copied.put += rows.len() as u64;
        let (owner, log, record) = (owner.clone(), log.clone(), Arc::clone(record));
        let put = move |tx: &mut Tx<'_>| {
            let (owner, model) = (same_model(&tx.view(), &owner)?, same_model(&tx.view(), &log)?);
            let check = tx.view().row_check(model);
            let rows: Vec<CheckedRow> =
                rows.iter().map(|row| check.kept(row)).collect::<Result<_>>()?;
            tx.log_append_checked(model, record.key(), &rows.iter().collect::<Vec<_>>())?;
            tx.put(owner, record.key(), &record.map()).map(drop)
        };
        self.target.change(None, put).wait()
    }

    /// The bytes that records stand for.
    fn payloads(
        &mut self,
        model: &Model,
        records: &[Arc<Record>],
        progress: &dyn Progress,
    ) -> Result<()> {
        let Some(payload) = &model.payload else { return Ok(()) };
        let mut seen = HashSet::new();
        for record in records {
            let content = json::text_field(record.text(), &payload.field);
            let Some(content) = content.map(|content| content.into_owned()) else { continue };
            if seen.insert(content.clone())
                && self.source.look(|view| view.has_payload(&content))?
            {
                self.bytes(&content, record.key(), progress)?;
            }
        }
        Ok(())
    }

    /// The bytes of a content, and what was made from them, which the row with this key stands for.
    fn bytes(&mut self, content: &str, row: &str, progress: &dyn Progress) -> Result<()> {
        let names = self.source.look(|view| view.derived_names(content))?;
        if !self.target.look(|view| view.has_payload(content))? {
            self.one(content, row, None, progress)?;
            self.copied.payloads += 1;
        }
        let there = self.target.look(|view| view.derived_names(content))?;
        for name in names.iter().filter(|name| !there.contains(name)) {
            self.one(content, row, Some(name), progress)?;
        }
        Ok(())
    }

    fn one(
        &self,
        content: &str,
        row: &str,
        name: Option<&str>,
        progress: &dyn Progress,
    ) -> Result<()> {
        let Some(open) = self.source.open_now(row, name)? else { return Ok(()) };
        let (stream, mut at) = (Stream::default(), 0);
        while at < open.size() {
            let piece = open.read(at, PIECE)?;
            at += piece.len() as u64;
            progress.advance(piece.len() as u64)?;
            self.target.append_now(&stream, &piece)?;
        }
        let arrived = self.target.take_stream(stream).wait()?;
        let (content, name) = (content.to_owned(), name.map(str::to_owned));
        let place = move |tx: &mut Tx<'_>| match &name {
            None => tx.place_payload(&arrived),
            Some(name) => tx.place_derived(&content, name, &arrived),
        };
        self.target.change(None, place).wait()
    }
}

/// A row of a log, as JSON text.
type Row = Arc<str>;

fn rows_of(store: &Store, log: &Model, owner: &str) -> Result<Vec<Row>> {
    store.look(|view| view.log(same_model(view, log)?, owner, &LogQuery::default()))
}

/// Puts a record as it is; false where it is there already.
fn put_one(
    tx: &mut Tx<'_>,
    (id, model): (ModelId, &Model),
    record: &Record,
    existing: Meeting,
) -> Result<bool> {
    let is_made_by_itself = matches!(model.place, Place::Single { .. });
    if let Some(there) = tx.view().get(id, record.key())? {
        if there.text() == record.text() || (existing == Meeting::Keep && !is_made_by_itself) {
            return Ok(false);
        }
        if existing == Meeting::Refuse && !is_made_by_itself {
            return Err(unlike(model, record.key()));
        }
    }
    tx.put(id, record.key(), &record.map())?;
    Ok(true)
}

/// The error of a record that the source has not, or not so.
fn unlike(model: &Model, key: &str) -> Error {
    let message = format!(
        "the target has another {} with {}; copy into a new store, or say which one stays (--existing)",
        model.name,
        model.named(key)
    );
    Error::new(Code::Validation, message).model(&model.name)
}

/// What tells a store from one that holds anything else: every record by its key, every row in its order, and
/// which bytes there are.
fn digest_of(view: &View<'_>) -> Result<String> {
    let mut hash = Sha256::new();
    let mut add = |part: &str| {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    };
    let mut models: Vec<(ModelId, &Model)> = moved(view.catalogue()).collect();
    models.sort_by(|(_, one), (_, other)| one.collection.cmp(&other.collection));
    for (id, model) in models {
        let mut records = view.all(id)?;
        records.sort_by(|one, other| one.key().cmp(other.key()));
        add(&model.collection);
        for record in records {
            add(record.text());
            for log in view.logs_of(id) {
                let rows = view.log(log, record.key(), &LogQuery::default())?;
                rows.iter().for_each(|row| add(row));
            }
            let Some(payload) = &model.payload else { continue };
            let content = json::text_field(record.text(), &payload.field).unwrap_or_default();
            if view.has_payload(&content)? {
                add(&content);
                view.derived_names(&content)?.iter().for_each(|name| add(name));
            }
        }
    }
    Ok(data_encoding::HEXLOWER.encode(&hash.finalize()))
}
