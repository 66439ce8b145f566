//! The import: a trial first, then rows in commits of bounded size, then the bytes that they stand for.

use std::collections::{HashMap, VecDeque};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::thread::{Scope, ScopedJoinHandle, scope};

use serde::Serialize;

use super::lines::Lines;
use super::origin::{Origin, in_order, key_of};
use super::payloads::{Missing, Taking, each_file};
use super::plan::{Asked, Plan, plan};
use super::portions::each_portion;
use super::report::{Problem, Told};
use super::sealed::{Opening, keep_seals, triples};
use super::source::Source;
use crate::error::{Code, Error, Result};
use crate::json::Object;
use crate::prisma::{Cell, Existing, Given, Line, Put, description, put_lines, put_rows};
use crate::progress::{Progress, Unit};
use crate::store::{Durability, Options, Secret, Store, Waiting};

/// So many portions are on their way to the disk while the next one is read.
const AT_ONCE: usize = 3;
/// So many bytes may be committed and not in the files yet: they are in memory.
const MOST_UNWRITTEN: u64 = 64 << 20;
/// From so many on they are brought into the files, while more is committed.
const MANY_UNWRITTEN: u64 = MOST_UNWRITTEN / 2;

/// An import that is asked for.
#[derive(Debug, Clone)]
pub struct Import {
    /// Where the rows come from.
    pub source: Source,
    /// The store's options, its folder among them.
    pub options: Options,
    /// The app's `public` folder, below which the files of images and chats lie; none are taken in
    /// without it.
    pub public_dir: Option<PathBuf>,
    /// What becomes of a row whose key the store has already, with other content.
    pub existing: Meeting,
    /// How secrets that the app encrypted itself become the store's; they stay as they are without it.
    pub reseal: Option<Reseal>,
    /// Only look, and write nothing.
    pub dry_run: bool,
}

/// What secrets are opened and sealed with.
#[derive(Debug, Clone)]
pub struct Reseal {
    /// The app's `ENCRYPTION_MASTER_PEPPER`.
    pub pepper: Secret,
    /// The store's passphrase; where it has none yet, this becomes it.
    pub passphrase: Secret,
}

/// What becomes of a row whose key the store has already, with other content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Meeting {
    /// Nothing is imported, and each of these is told.
    #[default]
    Refuse,
    /// The store's row stays: it is newer, by dual writing.
    Keep,
    /// The store's row becomes the source's.
    Replace,
}

impl From<Meeting> for Existing {
    fn from(meeting: Meeting) -> Existing {
        match meeting {
            Meeting::Refuse => Existing::Refuse,
            Meeting::Keep => Existing::Keep,
            Meeting::Replace => Existing::Replace,
        }
    }
}

/// What became of the rows of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Rows {
    /// The table in the database.
    pub table: String,
    /// Rows that the source has.
    pub rows: u64,
    /// Sessions and tokens that have expired, and do not come over.
    pub expired: u64,
    /// Rows that are new in the store.
    pub made: u64,
    /// Rows that were there already.
    pub same: u64,
    /// Rows that were there with other content, which stays.
    pub kept: u64,
    /// Rows that were there with other content, which is gone.
    pub replaced: u64,
}

/// What came of an import.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Imported {
    /// Was anything written? Not for a dry run, nor where there are problems.
    pub written: bool,
    /// What cannot come over; where there is something, nothing was written.
    pub problems: Told<Problem>,
    /// Rows that cannot come over only because what they refer to cannot.
    pub following: u64,
    /// Every table that the source has.
    pub tables: Vec<Rows>,
    /// Tables of the source that are none of the app's, and hold rows.
    pub left_out: Vec<String>,
    /// Files below the public folder that are, or would be, taken in.
    pub files: u64,
    /// The bytes of those.
    pub file_bytes: u64,
    /// Rows whose file is not taken in.
    pub missing: Told<Missing>,
    /// Secrets that were sealed anew.
    pub resealed: u64,
}

/// Imports a source into a store, whose folder is made when it is not there.
///
/// # Errors
/// Those of reading the source and of the disk; `CLOSED` when it is given up. What was written by
/// then stays, and the same import goes on from there.
pub fn import(asked: &Import, progress: &dyn Progress) -> Result<Imported> {
    let mut origin = asked.source.open()?;
    let is_in_database = asked.options.database.is_some();
    if let Source::Folder(folder) = &asked.source {
        if is_in_database {
            let message = "a folder comes into a database by the command copy: quilltap-store copy --from FOLDER \
                           --to postgresql://…";
            return Err(Error::new(Code::Validation, message));
        }
        return import_folder(asked, folder, &mut origin, progress);
    }
    let options = Options { durability: Durability::Batched, ..asked.options.clone() };
    let there = if is_in_database || crate::disk::holds_anything(&options.data_dir)? {
        Some(Store::open(options.clone())?)
    } else {
        None
    };
    let existing = asked.existing.into();
    let public = asked.public_dir.as_deref();
    let pepper = asked.reseal.as_ref().map(|reseal| &reseal.pepper);
    let trial = Asked { existing, public, pepper, options: &options };
    let mut plan = plan(&mut origin, there.as_ref(), trial, progress)?;
    let mut imported = told(&origin, &plan);
    if !plan.problems.is_empty() || asked.dry_run {
        imported.problems = plan.problems;
        imported.missing = plan.missing;
        return Ok(imported);
    }
    let store = there.map_or_else(|| Store::open(options), Ok)?;
    if let Some(reseal) = &asked.reseal {
        // A wrong passphrase is told before a row is written.
        store.call_with("secrets.unlock", "[]", Some(reseal.passphrase.clone()))?;
    }
    write(&mut origin, &store, existing, &mut plan.lines, &mut imported, progress)?;
    imported.missing = plan.missing;
    if let Some(public) = public {
        take_files(&mut origin, &store, public, &imported, progress)?;
    }
    if let Some(reseal) = &asked.reseal {
        imported.resealed = reseal_all(&mut origin, &store, reseal, progress)?;
    }
    imported.written = true;
    progress.begin("Finishing", Unit::Things, None);
    store.close()?;
    Ok(imported)
}

/// A store is copied as a whole, for it holds more than the app's old tables did.
fn import_folder(
    asked: &Import,
    folder: &Path,
    origin: &mut Origin,
    progress: &dyn Progress,
) -> Result<Imported> {
    let mut imported = told(origin, &Plan::of_whole());
    let target = &asked.options.data_dir;
    let is_there = crate::disk::holds_anything(target)?;
    if is_there {
        let store = Store::open(asked.options.clone())?;
        let verified = super::verify::verify_origin(origin, &store, progress, &mut |_, _, _| {})?;
        store.close()?;
        if !verified.clean {
            let message = format!(
                "{} holds another store's records; import a folder into a new one",
                target.display()
            );
            return Err(Error::new(Code::Validation, message));
        }
    }
    let mut files = Vec::new();
    if let Some(public) = &asked.public_dir {
        each_file(origin, public, &mut imported.missing, &mut |file| {
            (imported.files, imported.file_bytes) =
                (imported.files + 1, imported.file_bytes + file.bytes);
            files.push(file);
            Ok(())
        })?;
    }
    if asked.dry_run {
        return Ok(imported);
    }
    for table in &mut imported.tables {
        *(if is_there { &mut table.same } else { &mut table.made }) = table.rows;
    }
    if !is_there {
        progress.begin("Copying", Unit::Things, None);
        let source = Store::open(Options::new(folder))?;
        source.snapshot_now(target)?;
        source.close()?;
    }
    let store = Store::open(asked.options.clone())?;
    if let Some(public) = &asked.public_dir {
        progress.begin("Taking files in", Unit::Bytes, Some(imported.file_bytes));
        let mut taking = Taking::new(&store, public);
        for file in files {
            progress.advance(file.bytes)?;
            taking.take(file)?;
        }
        taking.finish()?;
    }
    store.close()?;
    imported.written = true;
    Ok(imported)
}

fn told(origin: &Origin, plan: &Plan) -> Imported {
    let tables = description().tables.iter().map(|table| {
        let (rows, _) = origin.size(table);
        Rows { table: table.db_name.clone(), rows, ..Rows::default() }
    });
    Imported {
        written: false,
        problems: Told::new(),
        following: plan.following,
        tables: tables.collect(),
        left_out: origin.left_out(),
        files: plan.files.0,
        file_bytes: plan.files.1,
        missing: Told::new(),
        resealed: 0,
    }
}

/// Portions on their way to the disk.
struct Writing<'w, 'scope> {
    store: &'w Store,
    existing: Existing,
    under_way: VecDeque<(usize, Waiting<Vec<Put>>)>,
    tables: &'w mut [Rows],
    files: FilesFollowing<'scope, 'w>,
}

/// Brings what is committed into the files, on a thread of its own: it waits for the disk.
struct FilesFollowing<'scope, 'env> {
    threads: &'scope Scope<'scope, 'env>,
    store: &'env Store,
    following: Option<ScopedJoinHandle<'scope, Result<()>>>,
}

impl FilesFollowing<'_, '_> {
    /// Sees to it that the files are not too far behind.
    fn follow(&mut self) -> Result<()> {
        let unwritten = self.store.unwritten();
        if unwritten > MOST_UNWRITTEN
            || self.following.as_ref().is_some_and(|one| one.is_finished())
        {
            self.wait()?;
        }
        if unwritten > MANY_UNWRITTEN && self.following.is_none() {
            let store = self.store;
            self.following = Some(self.threads.spawn(move || store.await_files(MANY_UNWRITTEN)));
        }
        Ok(())
    }

    fn wait(&mut self) -> Result<()> {
        let Some(following) = self.following.take() else { return Ok(()) };
        following.join().unwrap_or_else(|panic| resume_unwind(panic))
    }
}

fn write(
    origin: &mut Origin,
    store: &Store,
    existing: Existing,
    lines: &mut HashMap<usize, Lines>,
    imported: &mut Imported,
    progress: &dyn Progress,
) -> Result<()> {
    let total = imported.tables.iter().map(|table| table.rows).sum();
    progress.begin("Importing", Unit::Things, Some(total));
    scope(|threads| {
        let (under_way, tables) = (VecDeque::new(), &mut imported.tables);
        let files = FilesFollowing { threads, store, following: None };
        let mut writing = Writing { store, existing, under_way, tables, files };
        for table in in_order() {
            match lines.remove(&table) {
                Some(mut lines) => {
                    lines.each_portion(progress, |lines| writing.put_lines(table, lines))?;
                }
                None => each_portion(origin, table, progress, |portion| {
                    writing.put(table, portion.rows)
                })?,
            }
        }
        while !writing.under_way.is_empty() {
            writing.settle()?;
        }
        writing.files.wait()
    })?;
    for table in &mut imported.tables {
        table.expired = table.rows - table.made - table.same - table.kept - table.replaced;
    }
    Ok(())
}

impl Writing<'_, '_> {
    fn put(&mut self, table: usize, mut rows: Vec<Vec<Cell>>) -> Result<()> {
        let existing = self.existing;
        let next = self.store.change(None, move |tx| {
            let of = &description().tables[table];
            let rows = tx.take_or_keep(&mut rows);
            let keys: Vec<String> = rows.iter().map(|row| key_of(of, row)).collect();
            let given = |cells| Given { cells, beside: Object::new(), without: Vec::new() };
            let mut rows: Vec<Given> = rows.into_iter().map(given).collect();
            keep_seals(&tx.view(), table, &mut rows)?;
            let put = put_rows(tx, table, rows, existing);
            put.into_iter().zip(keys).map(|(put, key)| named(table, &key, put)).collect()
        });
        self.await_later(table, next)
    }

    fn put_lines(&mut self, table: usize, lines: Vec<Line>) -> Result<()> {
        let existing = self.existing;
        let next = self.store.change(None, move |tx| {
            let put = put_lines(tx, table, &lines, existing);
            put.into_iter().zip(&lines).map(|(put, line)| named(table, &line.key(), put)).collect()
        });
        self.await_later(table, next)
    }

    fn await_later(&mut self, table: usize, next: Waiting<Vec<Put>>) -> Result<()> {
        self.under_way.push_back((table, next));
        // What comes later refers to it.
        let most = if self.store.keeps_order() { AT_ONCE } else { 0 };
        if self.under_way.len() > most { self.settle() } else { Ok(()) }
    }

    /// Waits for the oldest portion that is under way.
    fn settle(&mut self) -> Result<()> {
        let Some((table, waiting)) = self.under_way.pop_front() else { return Ok(()) };
        let counts = &mut self.tables[table];
        for put in waiting.wait()? {
            *match put {
                Put::Made => &mut counts.made,
                Put::Same => &mut counts.same,
                Put::Kept => &mut counts.kept,
                Put::Replaced => &mut counts.replaced,
            } += 1;
        }
        self.files.follow()
    }
}

/// What became of a row; a refusal says of which.
fn named(table: usize, key: &str, put: Result<Put>) -> Result<Put> {
    let of = &description().tables[table];
    put.map_err(|error| {
        let message = format!("{} {key}: {}", of.db_name, error.message());
        Error::new(error.code(), message).model(&of.name)
    })
}

fn reseal_all(
    origin: &mut Origin,
    store: &Store,
    reseal: &Reseal,
    progress: &dyn Progress,
) -> Result<u64> {
    progress.begin("Sealing", Unit::Things, None);
    let (mut opening, mut resealed) = (Opening::new(&reseal.pepper), 0);
    for (number, table) in description().tables.iter().enumerate() {
        if triples(table).is_empty() {
            continue;
        }
        each_portion(origin, number, progress, |portion| {
            let mut under_way = Vec::new();
            for row in &portion.rows {
                under_way.extend(opening.reseal(store, table, row)?);
            }
            for waiting in under_way {
                resealed += u64::from(waiting.wait()?);
            }
            Ok(())
        })?;
    }
    Ok(resealed)
}

fn take_files(
    origin: &mut Origin,
    store: &Store,
    public: &Path,
    imported: &Imported,
    progress: &dyn Progress,
) -> Result<()> {
    progress.begin("Taking files in", Unit::Bytes, Some(imported.file_bytes));
    let mut taking = Taking::new(store, public);
    // Those that are missing were told by the trial.
    let mut missing = Told::new();
    each_file(origin, public, &mut missing, &mut |file| {
        progress.advance(file.bytes)?;
        taking.take(file)
    })?;
    taking.finish().map(drop)
}
