//! Files below the app's `public` folder, and the rows that name them.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use super::report::{Problem, Told};
use crate::catalogue::ModelId;
use crate::disk::SourceFile;
use crate::engine::{Arrived, Tx, View};
use crate::error::{Code, Result};
use crate::json::Object;
use crate::prisma::{Cell, Source, Table, description};
use crate::store::{Store, Waiting};

/// So many files are on their way at once.
const AT_ONCE: usize = 8;

/// A row whose file is not taken in: the row is kept, and says that the store has no bytes of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// The table in the database.
    pub table: String,
    /// The row's id.
    pub key: String,
    /// The path below the public folder.
    pub path: String,
    /// Why it is not taken in.
    pub reason: String,
}

/// Where a table's rows say where their file is, and how long it is.
struct Columns {
    path: usize,
    size: usize,
}

fn columns(table: &Table) -> Option<Columns> {
    let at = |field: &str| table.column_at(&[field.to_owned()]);
    let is_rows = matches!(table.source, Source::Records { .. });
    let found = at("relativePath").zip(at("size")).filter(|_| is_rows);
    found.map(|(path, size)| Columns { path, size })
}

/// Has this table files?
pub(super) fn has_files(table: &Table) -> bool {
    columns(table).is_some()
}

/// A row's file.
#[derive(Debug, Clone)]
pub(super) struct File {
    pub(super) model: ModelId,
    /// The record's key.
    pub(super) key: String,
    pub(super) path: PathBuf,
    pub(super) bytes: u64,
}

/// What there is to know of the file of a row.
pub(super) enum Looked {
    /// It can be taken in.
    There(File),
    Missing(Missing),
    /// Its path leads out of the folder.
    Outside(Problem),
}

/// Looks for the file of a row.
pub(super) fn look(public: &Path, table: &Table, cells: &[Cell]) -> Option<Looked> {
    let columns = columns(table)?;
    let path = cells[columns.path].text().unwrap_or_default();
    let key = super::origin::key_of(table, cells);
    let missing = |reason: String| {
        let (table, key, path) = (table.db_name.clone(), key.clone(), path.to_owned());
        Some(Looked::Missing(Missing { table, key, path, reason }))
    };
    let outside = || {
        let mend = "set the column to a path below the public folder, or leave the row out";
        let problem = Problem::of_table(table, "leads out of the public folder", mend);
        let column = &table.columns[columns.path].name;
        Some(Looked::Outside(problem.of_key(&key).of_column(column)))
    };
    // The app's own paths begin without one; those that it serves begin with one.
    let below = Path::new(path.trim_start_matches('/'));
    let climbs = |part| !matches!(part, std::path::Component::Normal(_));
    if below.components().any(climbs) {
        return outside();
    }
    if path.is_empty() || path.contains('\0') {
        return missing("the row names no file".to_owned());
    }
    let full = public.join(below);
    let file = match SourceFile::open(&full, Some(&[public.to_owned()])) {
        Ok(file) => file,
        Err(error) if error.code() == Code::Validation => return outside(),
        Err(_) => return missing("there is no such file that can be read".to_owned()),
    };
    let bytes = file.size().unwrap_or_default();
    match &cells[columns.size] {
        Cell::Int(size) if u64::try_from(*size) == Ok(bytes) => {
            let id = table.id.first().copied().unwrap_or_default();
            let key = cells[id].kept(&table.columns[id]).into_owned();
            Some(Looked::There(File { model: table.source.model(), key, path: full, bytes }))
        }
        _ => missing(format!("the file has {bytes} bytes, the row says otherwise")),
    }
}

/// Takes files in, and tells rows of their bytes.
pub(super) struct Taking<'s> {
    store: &'s Store,
    public: PathBuf,
    under_way: Vec<(File, Waiting<Arrived>)>,
    pub(super) taken: u64,
}

impl Taking<'_> {
    pub(super) fn new<'s>(store: &'s Store, public: &Path) -> Taking<'s> {
        Taking { store, public: public.to_owned(), under_way: Vec::new(), taken: 0 }
    }

    /// Takes a file in, unless its row has bytes already.
    ///
    /// # Errors
    /// Those of reading it, and those of the disk.
    pub(super) fn take(&mut self, file: File) -> Result<()> {
        let has = self.store.look(|view| {
            let record = view.get(file.model, &file.key)?;
            record.map_or(Ok(true), |record| has_content(view, &record.map()))
        })?;
        if has {
            return Ok(());
        }
        if self.under_way.len() >= AT_ONCE {
            self.finish_first()?;
        }
        let arriving = self.store.take_in(&file.path, &self.public);
        self.under_way.push((file, arriving));
        Ok(())
    }

    fn finish_first(&mut self) -> Result<()> {
        let (file, arriving) = self.under_way.remove(0);
        let arrived = arriving.wait()?;
        self.store.change(None, move |tx| tell(tx, &file, &arrived)).wait()?;
        self.taken += 1;
        Ok(())
    }

    /// Waits for those that are under way.
    ///
    /// # Errors
    /// As for [`Taking::take`].
    pub(super) fn finish(mut self) -> Result<u64> {
        while !self.under_way.is_empty() {
            self.finish_first()?;
        }
        Ok(self.taken)
    }
}

/// An older folder's rows say what their bytes are, and have none.
fn has_content(view: &View<'_>, record: &Object) -> Result<bool> {
    let content = record.get("sha256").and_then(Value::as_str);
    content.map_or(Ok(false), |content| view.has_payload(content))
}

/// Writes into a record what its bytes are; its times stay.
fn tell(tx: &mut Tx<'_>, file: &File, arrived: &Arrived) -> Result<()> {
    let Some(record) = tx.view().get(file.model, &file.key)? else { return Ok(()) };
    let mut map = record.map();
    map.insert("sha256".to_owned(), arrived.sha256.as_str().into());
    tx.replace(file.model, &file.key, map)?;
    tx.place_payload(arrived)
}

/// The files of all rows of a source, as they are found.
pub(super) fn each_file(
    origin: &mut super::origin::Origin,
    public: &Path,
    missing: &mut Told<Missing>,
    each: &mut dyn FnMut(File) -> Result<()>,
) -> Result<()> {
    for (number, table) in description().tables.iter().enumerate() {
        if !has_files(table) {
            continue;
        }
        origin.each(number, &mut |found| {
            let super::origin::Found::Row(cells, _) = found else { return Ok(()) };
            match look(public, table, &cells) {
                Some(Looked::There(file)) => each(file),
                Some(Looked::Missing(one)) => {
                    missing.add(one);
                    Ok(())
                }
                _ => Ok(()),
            }
        })?;
    }
    Ok(())
}
