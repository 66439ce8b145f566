//! Everything as it is on the primary, whatever the log says: beside an app that goes on, too.
//!
//! What the app changes meanwhile may be newer than what was read, so its rows are marked at the end, and
//! the app copies them once more.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Serialize;
use serde_json::{Map, Value};

use super::line::What;
use super::log::{self, Log};
use super::scope::Scope;
use crate::error::Result;
use crate::prisma::{Cell, Scalar, copy_rows, description};
use crate::progress::Progress;
use crate::store::Store;
use crate::transfer::{Import, Imported, Kind, Meeting, Source, Verified, import, verify_with};

/// So often it is tried: what the app changes in between may stand in the way of another row.
const ROUNDS: usize = 3;
/// So many rows are removed in one change.
const AT_ONCE: usize = 500;

/// What is looked at while the app goes on: which rows it has changed since.
struct Watch {
    log: Log,
    from: u64,
}

impl Watch {
    /// Begins to watch; none where nothing was ever written to both sides.
    ///
    /// # Errors
    /// Those of the disk.
    fn begin(data_dir: &Path) -> Result<Option<Watch>> {
        if log::look(data_dir)?.is_none() {
            return Ok(None);
        }
        let log = Log::open(data_dir)?;
        let from = log.state.position;
        Ok(Some(Watch { log, from }))
    }

    /// Tells the log that everything was compared, `differences` of them rows that nobody has changed
    /// meanwhile.
    ///
    /// # Errors
    /// Those of the disk.
    fn verified(mut self, differences: u64) -> Result<()> {
        let from = self.from;
        self.log.append(What::Verified { from, differences })?;
        self.log.unsynced().map_or(Ok(()), |unsynced| unsynced.sync())
    }

    fn repaired(mut self, differences: u64) -> Result<()> {
        let from = self.from;
        let scopes: Vec<Scope> = self.touched()?.into_iter().collect();
        self.log.append(What::Repaired { from })?;
        if !scopes.is_empty() {
            self.log.append(What::Mark { scopes })?;
        }
        self.verified(differences)
    }

    fn touched(&mut self) -> Result<BTreeSet<Scope>> {
        self.log.catch_up()?;
        if self.log.state.remembers(self.from) {
            return Ok(self.log.state.touched_since(self.from));
        }
        Ok(description().tables.iter().map(|table| Scope::whole(&table.name)).collect())
    }

    /// Compares a source with the store, without the rows that are being changed meanwhile; gives how many
    /// of the others differ, too.
    ///
    /// # Errors
    /// Those of reading; `CLOSED` when it is given up.
    fn verify(
        &mut self,
        source: &Source,
        store: &Store,
        progress: &dyn Progress,
    ) -> Result<(Verified, u64)> {
        self.compare(source, store, progress, &mut |_, _, _| {})
    }

    fn compare(
        &mut self,
        source: &Source,
        store: &Store,
        progress: &dyn Progress,
        each: &mut dyn FnMut(usize, &[Cell], Kind),
    ) -> Result<(Verified, u64)> {
        let mut found: Vec<(Scope, usize, Vec<Cell>, Kind)> = Vec::new();
        let verified = verify_with(source, store, progress, &mut |table, cells, kind| {
            found.push((row_scope(table, cells), table, cells.to_vec(), kind));
        })?;
        let touched = self.touched()?;
        found.retain(|(scope, ..)| !touched.iter().any(|other| other.meets(scope)));
        found.iter().for_each(|(_, table, cells, kind)| each(*table, cells, *kind));
        Ok((verified, found.len() as u64))
    }
}

/// A row as the scope of all its texts.
fn row_scope(table: usize, cells: &[Cell]) -> Scope {
    let of = &description().tables[table];
    let columns =
        of.columns.iter().zip(cells).filter(|(column, _)| column.scalar == Scalar::String);
    let texts =
        columns.filter_map(|(column, cell)| Some((column.name.clone(), cell.text()?.to_owned())));
    Scope { model: of.name.clone(), equals: texts.collect() }
}

/// Compares a source with the store, and notes what came of it where something is written to both sides: rows
/// that the app changes meanwhile are left out of the answer's `clean`, and are counted beside it.
///
/// # Errors
/// Those of reading; `CLOSED` when it is given up.
pub fn verify_recorded(
    data_dir: &Path,
    source: &Source,
    store: &Store,
    progress: &dyn Progress,
) -> Result<(Verified, u64)> {
    let Some(mut watch) = Watch::begin(data_dir)? else {
        return Ok((verify_with(source, store, progress, &mut |_, _, _| {})?, 0));
    };
    let (mut verified, differences) = watch.verify(source, store, progress)?;
    watch.verified(differences + verified.problems.len())?;
    verified.clean = differences == 0 && verified.problems.is_empty();
    let changing = verified.differences.len() - differences;
    Ok((verified, changing))
}

/// What a repair has done.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Repaired {
    /// Is every row that the app does not change just now the same on both sides?
    pub clean: bool,
    /// What came over, and what could not.
    pub imported: Imported,
    /// How many rows were removed that the primary has not.
    pub removed: u64,
    /// How many rows still differ.
    pub differences: u64,
}

/// Makes everything as it is on the primary.
///
/// # Errors
/// Those of an import and of a verification.
pub fn repair(asked: &Import, progress: &dyn Progress) -> Result<Repaired> {
    let mut watch = Watch::begin(&asked.options.data_dir)?;
    let asked = Import { existing: Meeting::Replace, dry_run: false, ..asked.clone() };
    let mut removed = 0;
    let mut round = 0;
    loop {
        round += 1;
        let imported = import(&asked, progress)?;
        let store = Store::open(asked.options.clone())?;
        let mut extra: Vec<(usize, Vec<Cell>)> = Vec::new();
        let mut keep = |table: usize, cells: &[Cell], kind| {
            if kind == Kind::Extra {
                extra.push((table, cells.to_vec()));
            }
        };
        let differences = match &mut watch {
            Some(watch) => watch.compare(&asked.source, &store, progress, &mut keep)?.1,
            None => verify_with(&asked.source, &store, progress, &mut keep)?.differences.len(),
        };
        let blocked = !imported.problems.is_empty();
        removed += remove(&store, &extra)?;
        store.close()?;
        if blocked || differences == 0 || round == ROUNDS {
            let clean = differences == 0 && !blocked;
            if let Some(watch) = watch {
                let left = if clean { 0 } else { differences.max(1) };
                if clean { watch.repaired(left)? } else { watch.verified(left)? }
            }
            return Ok(Repaired { clean, imported, removed, differences });
        }
    }
}

/// Removes rows, those first that refer to others.
fn remove(store: &Store, rows: &[(usize, Vec<Cell>)]) -> Result<u64> {
    let mut gone = 0;
    for table in crate::transfer::tables_in_order().into_iter().rev() {
        let keys: Vec<Value> = rows
            .iter()
            .filter(|(of, _)| *of == table)
            .map(|(_, cells)| key_of(table, cells))
            .collect();
        for keys in keys.chunks(AT_ONCE) {
            let given = Value::from_iter([("gone", Value::from(keys))]);
            gone += keys.len() as u64;
            let failed = store.change(None, move |tx| copy_rows(tx, table, &given)).wait()?;
            gone -= failed["failed"].as_array().map_or(0, Vec::len) as u64;
        }
    }
    Ok(gone)
}

fn key_of(table: usize, cells: &[Cell]) -> Value {
    let of = &description().tables[table];
    let key = of.keys().next().unwrap_or_default();
    let part = |at: &usize| (of.columns[*at].name.clone(), cells[*at].to_value());
    key.iter().map(part).collect::<Map<_, _>>().into()
}
