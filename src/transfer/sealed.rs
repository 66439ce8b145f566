//! The values that the app encrypted itself: which columns hold their three parts, and how they become
//! the store's own seals.

use std::collections::HashMap;

use super::origin::key_of;
use super::report::Problem;
use crate::crypto::{LegacyKey, Secret, is_sealed};
use crate::engine::View;
use crate::error::{Code, Error, Result};
use crate::prisma::{Cell, Column, Given, Place, Table, description, find_row};
use crate::repos::legacy_secrets::{prepared, reseal};
use crate::store::{Store, Waiting};

/// Three parts of one value.
pub(super) struct Triple {
    /// The columns of the ciphertext, the nonce and the tag.
    pub(super) columns: [usize; 3],
    /// The secret field that they stand for.
    field: String,
}

/// The sealed values that a row of a table may hold.
pub(super) fn triples(table: &Table) -> Vec<Triple> {
    let triple = |column: &Column| {
        let Place::Path(path) = &column.place else { return None };
        let (last, above) = path.split_last()?;
        let beside = |name: &str| {
            let path: Vec<String> = above.iter().cloned().chain([name.to_owned()]).collect();
            table.column_at(&path)
        };
        if last != "ciphertext" {
            return None;
        }
        let field = above.first().map_or("key", String::as_str).to_owned();
        Some(Triple { columns: [beside("ciphertext")?, beside("iv")?, beside("authTag")?], field })
    };
    table.columns.iter().filter_map(triple).collect()
}

/// Opens what the app encrypted, by a key for each user.
pub(super) struct Opening<'p> {
    pepper: &'p Secret,
    keys: HashMap<String, LegacyKey>,
}

impl Opening<'_> {
    pub(super) fn new(pepper: &Secret) -> Opening<'_> {
        Opening { pepper, keys: HashMap::new() }
    }

    /// The clear value of three parts of a row; none where a part is missing, or another seals it.
    ///
    /// # Errors
    /// `TAMPERED` with another pepper.
    fn open(&mut self, table: &Table, row: &[Cell], triple: &Triple) -> Result<Option<Secret>> {
        let [Some(ciphertext), Some(iv), Some(tag)] = triple.columns.map(|at| row[at].text())
        else {
            return Ok(None);
        };
        if is_sealed(ciphertext) {
            return Ok(None);
        }
        let owner = table.column("userId").or(table.id.first().copied()).unwrap_or_default();
        let user = row[owner].text().unwrap_or_default();
        if !self.keys.contains_key(user) {
            self.keys.insert(user.to_owned(), LegacyKey::derive(user, self.pepper)?);
        }
        let key = self.keys.get(user).ok_or_else(|| Error::new(Code::Io, "no key was derived"))?;
        key.open(ciphertext, iv, tag).map(Some)
    }

    /// What of a row does not open.
    ///
    /// # Errors
    /// `NO_PASSPHRASE` for an empty pepper.
    pub(super) fn check(&mut self, table: &Table, row: &[Cell]) -> Result<Vec<Problem>> {
        let mut problems = Vec::new();
        for triple in triples(table) {
            match self.open(table, row, &triple) {
                Ok(_) => {}
                Err(error) if error.code() == Code::Tampered => {
                    let message = "does not open with this pepper";
                    let mend =
                        "give the app's ENCRYPTION_MASTER_PEPPER, or import with --secrets keep";
                    let column = &table.columns[triple.columns[0]].name;
                    let problem = Problem::of_table(table, message, mend).of_column(column);
                    problems.push(problem.of_key(&key_of(table, row)));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(problems)
    }

    /// Seals the values of a row anew.
    ///
    /// # Errors
    /// `NO_PASSPHRASE`, `TAMPERED`; those of the store.
    pub(super) fn reseal(
        &mut self,
        store: &Store,
        table: &Table,
        row: &[Cell],
    ) -> Result<Vec<Waiting<bool>>> {
        let mut under_way = Vec::new();
        for triple in triples(table) {
            let Some(clear) = self.open(table, row, &triple)? else { continue };
            let model = table.source.model();
            let id = table.id.first().copied().unwrap_or_default();
            let (id, field) = (row[id].kept(&table.columns[id]).into_owned(), triple.field);
            if is_resealed(store, table, row, triple.columns[0])? {
                continue;
            }
            let clear = prepared(&field, clear)?;
            under_way.push(store.change(None, move |tx| reseal(tx, model, &id, &field, &clear)));
        }
        Ok(under_way)
    }
}

/// Gives rows the seals that the store has in their place already: what was sealed anew is not another
/// value.
///
/// # Errors
/// Those of the view.
pub(super) fn keep_seals(view: &View<'_>, number: usize, rows: &mut [Given]) -> Result<()> {
    let triples = triples(&description().tables[number]);
    for row in rows.iter_mut().filter(|_| !triples.is_empty()) {
        let Some(found) = find_row(view, number, &row.cells)? else { continue };
        for triple in &triples {
            if found.cells[triple.columns[0]].text().is_some_and(is_sealed) {
                triple.columns.iter().for_each(|at| row.cells[*at] = found.cells[*at].clone());
            }
        }
    }
    Ok(())
}

/// Backup codes take long to prepare: not again for those that are sealed.
fn is_resealed(store: &Store, table: &Table, row: &[Cell], column: usize) -> Result<bool> {
    let number = description().by_name(&table.name).unwrap_or_default();
    let found = store.look(|view| find_row(view, number, row))?;
    Ok(found.is_some_and(|found| found.cells[column].text().is_some_and(is_sealed)))
}
