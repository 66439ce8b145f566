//! The verification: every row of a source beside what the client's tables read back.

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::folder::{each_row, has_place};
use super::origin::{Now, Origin, in_order, key_of};
use super::portions::each_portion;
use super::report::{Problem, Told};
use super::sealed::triples;
use super::source::Source;
use super::values;
use crate::error::Result;
use crate::prisma::{Cell, Table, description, find_row};
use crate::progress::{Progress, Unit};
use crate::store::Store;

/// A row that is not the same on both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The table in the database.
    pub table: String,
    /// The row's key.
    pub key: String,
    /// What is with it.
    pub kind: Kind,
    /// The columns that differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
}

/// How a row differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The store lacks it.
    Missing,
    /// The source lacks it.
    Extra,
    /// They hold different values.
    Differs,
}

/// A table on both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Compared {
    /// The table in the database.
    pub table: String,
    /// How many rows the source has.
    pub source_rows: u64,
    /// How many rows the store has.
    pub store_rows: u64,
    /// The digest of the source's rows, whatever their order.
    pub source_digest: String,
    /// The digest of the store's rows.
    pub store_digest: String,
    /// Are both the same?
    pub same: bool,
}

/// What came of a verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verified {
    /// Is every row of every table the same on both sides?
    pub clean: bool,
    /// Each table.
    pub tables: Vec<Compared>,
    /// The rows that differ.
    pub differences: Told<Difference>,
    /// What of the source cannot be compared at all.
    pub problems: Told<Problem>,
    /// Values that were sealed anew on import, and are not compared, by column.
    pub resealed: BTreeMap<String, u64>,
}

/// Compares a source with a store.
///
/// # Errors
/// Those of reading either; `CLOSED` when it is given up.
pub fn verify(source: &Source, store: &Store, progress: &dyn Progress) -> Result<Verified> {
    verify_with(source, store, progress, &mut |_, _, _| {})
}

/// The same, telling each row that differs, of whichever side has it.
///
/// # Errors
/// As for [`verify`].
pub(crate) fn verify_with(
    source: &Source,
    store: &Store,
    progress: &dyn Progress,
    each: Each<'_>,
) -> Result<Verified> {
    verify_origin(&mut source.open()?, store, progress, each)
}

/// Hears of a row that differs: its table, its cells, how it differs.
pub(crate) type Each<'e> = &'e mut dyn FnMut(usize, &[Cell], Kind);

pub(super) fn verify_origin(
    origin: &mut Origin,
    store: &Store,
    progress: &dyn Progress,
    each: Each<'_>,
) -> Result<Verified> {
    let total = description().tables.iter().map(|table| origin.size(table).0).sum();
    progress.begin("Comparing", Unit::Things, Some(total));
    let mut verified = Verified {
        clean: false,
        tables: Vec::new(),
        differences: Told::new(),
        problems: Told::new(),
        resealed: BTreeMap::new(),
    };
    origin.gaps().into_iter().for_each(|gap| verified.problems.add(gap));
    for table in in_order() {
        compare(origin, store, table, (&mut verified, &mut *each), progress)?;
    }
    verified.clean = verified.differences.is_empty() && verified.problems.is_empty();
    Ok(verified)
}

fn compare(
    origin: &mut Origin,
    store: &Store,
    table: usize,
    (verified, each): (&mut Verified, Each<'_>),
    progress: &dyn Progress,
) -> Result<()> {
    let of = &description().tables[table];
    let (mut ours, mut theirs) = (Sum::default(), Sum::default());
    let mut seen: HashSet<[u8; 16]> = HashSet::new();
    each_portion(origin, table, progress, |portion| {
        portion.faults.into_iter().for_each(|fault| verified.problems.add(fault));
        let rows = &portion.rows;
        let found = store.look(|view| {
            rows.iter()
                .map(|row| Ok(find_row(view, table, row)?.map(|row| row.cells.clone())))
                .collect::<Result<Vec<Option<Vec<Cell>>>>>()
        })?;
        for (row, found) in portion.rows.iter().zip(found) {
            let theirs_is = digest(row);
            theirs.add(theirs_is);
            seen.insert(key_digest(of, row));
            let Some(found) = found else {
                each(table, row, Kind::Missing);
                verified.differences.add(difference(of, row, Kind::Missing, Vec::new()));
                continue;
            };
            let found = without_resealed(of, row, found, &mut verified.resealed);
            ours.add(digest(&found));
            let columns = differing(of, row, &found);
            if !columns.is_empty() {
                each(table, row, Kind::Differs);
                verified.differences.add(difference(of, row, Kind::Differs, columns));
            }
        }
        Ok(())
    })?;
    let now = Now::read();
    each_row(store, table, &mut |row| {
        let is_comparable = has_place(of, &row.cells) && !now.has_expired(of, &row.cells);
        if is_comparable && !seen.contains(&key_digest(of, &row.cells)) {
            ours.add(digest(&row.cells));
            each(table, &row.cells, Kind::Extra);
            verified.differences.add(difference(of, &row.cells, Kind::Extra, Vec::new()));
        }
        Ok(())
    })?;
    verified.tables.push(Compared {
        table: of.db_name.clone(),
        source_rows: theirs.rows,
        store_rows: ours.rows,
        same: theirs == ours,
        source_digest: theirs.text(),
        store_digest: ours.text(),
    });
    Ok(())
}

fn difference(of: &Table, row: &[Cell], kind: Kind, columns: Vec<String>) -> Difference {
    Difference { table: of.db_name.clone(), key: key_of(of, row), kind, columns }
}

fn differing(of: &Table, theirs: &[Cell], ours: &[Cell]) -> Vec<String> {
    let columns = of.columns.iter().zip(theirs.iter().zip(ours));
    let differ = columns.filter(|(_, (a, b))| values::text(a) != values::text(b));
    differ.map(|(column, _)| column.name.clone()).collect()
}

/// The row with the source's values where the store has sealed them anew: no two seals are alike.
fn without_resealed(
    of: &Table,
    theirs: &[Cell],
    mut ours: Vec<Cell>,
    counts: &mut BTreeMap<String, u64>,
) -> Vec<Cell> {
    for parts in triples(of).into_iter().map(|triple| triple.columns) {
        let is_resealed = ours[parts[0]].text().is_some_and(crate::crypto::is_sealed)
            && !theirs[parts[0]].text().is_some_and(crate::crypto::is_sealed);
        if is_resealed {
            *counts.entry(format!("{}.{}", of.db_name, of.columns[parts[0]].name)).or_default() +=
                1;
            parts.iter().for_each(|at| ours[*at] = theirs[*at].clone());
        }
    }
    ours
}

/// The digest of a row in its canonical form: the texts of its values, each behind its length.
fn digest(cells: &[Cell]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for cell in cells {
        let text = values::text(cell);
        let len = text.as_ref().map_or(u64::MAX, |text| text.len() as u64);
        hash.update(len.to_le_bytes());
        hash.update(text.unwrap_or_default().as_bytes());
    }
    hash.finalize().into()
}

fn key_digest(of: &Table, cells: &[Cell]) -> [u8; 16] {
    let key = of.keys().next().unwrap_or_default();
    let key: Vec<Cell> = key.iter().map(|at| cells[*at].clone()).collect();
    let mut half = [0; 16];
    half.copy_from_slice(&digest(&key)[..16]);
    half
}

/// How many rows there are, and the sum of their digests, which no order changes.
#[derive(Default, PartialEq, Eq)]
struct Sum {
    rows: u64,
    parts: [u64; 4],
}

impl Sum {
    fn add(&mut self, digest: [u8; 32]) {
        self.rows += 1;
        for (part, bytes) in self.parts.iter_mut().zip(digest.chunks_exact(8)) {
            let bytes: [u8; 8] = bytes.try_into().unwrap_or_default();
            *part = part.wrapping_add(u64::from_le_bytes(bytes));
        }
    }

    fn text(&self) -> String {
        self.parts.iter().map(|part| format!("{part:016x}")).collect()
    }
}
