//! Reads a file of rows: a row whose key was seen before replaces the earlier one.

use std::sync::Arc;

use serde_json::Value;

use crate::error::{Error, Result};
use crate::{json, jsonl};

use super::layout::RowsPlace;
use super::load::{Loader, note_broken, read_stored};
use crate::engine::memory::Record;
use crate::engine::memory::State;
use crate::engine::par_map::par_map;

/// One line of the file.
struct Line<'a> {
    offset: u64,
    number: usize,
    text: &'a [u8],
}

/// What a line says.
enum Row {
    Header {
        version: u64,
    },
    Deleted(String),
    Record(Record),
    /// It cannot be read, and is the record with this key, where that is known; with what it says.
    Broken(Option<String>, Error, Option<Value>),
}

/// Reads all rows of a file.
pub(super) fn load_rows(
    loader: &mut Loader<'_>,
    state: &mut State,
    place: &RowsPlace,
) -> Result<()> {
    let bytes = match loader.read(&place.path) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Ok(()),
        Err(error) if error.is_of_content() => {
            let collection = state.collection_mut(place.model);
            collection.faults.push(error);
            collection.is_unreadable = true;
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    let ours_from = loader.checkpoint_rows.get(place.path.as_str()).copied();
    let (migrations, path) = (state.catalogue.migrations, place.path.as_str());
    let version = jsonl::first_version(&bytes);
    migrations.check(version, path)?;
    if version < migrations.version() {
        state.outdated.insert(place.model);
    }
    let parsed = par_map(lines(&bytes), |line| (line.offset, row_of(state, place, &line, version)));
    for (at, row) in parsed {
        match row {
            Row::Header { version } => migrations.check(version, path)?,
            Row::Broken(..) if ours_from.is_some_and(|from| at >= from) => {
                loader.torn.insert(place.model);
                break;
            }
            row => {
                if let Row::Broken(_, error, _) = &row {
                    state.collection_mut(place.model).lines.push(error.clone());
                }
                take_row(state, place, row)?;
            }
        }
    }
    Ok(())
}

fn lines(bytes: &[u8]) -> Vec<Line<'_>> {
    let mut offset = 0;
    let lines = bytes.split_inclusive(|byte| *byte == b'\n').enumerate().map(|(at, line)| {
        offset += line.len() as u64;
        let text = jsonl::trimmed(line).1;
        Line { offset: offset - line.len() as u64, number: at + 1, text }
    });
    lines.filter(|line| !line.text.is_empty()).collect()
}

fn row_of(state: &State, place: &RowsPlace, line: &Line<'_>, version: u64) -> Row {
    let path = place.path.as_str();
    match jsonl::read(line.text, &state.catalogue.model(place.model).key) {
        Ok(jsonl::Line::Header { version }) => Row::Header { version },
        Ok(jsonl::Line::Deleted(key)) => Row::Deleted(key.into_owned()),
        Ok(jsonl::Line::Row(key, map)) => {
            let at = format!("{path}:{}:1", line.number);
            match read_stored(state, place.model, (&at, version), map) {
                Ok(record) => Row::Record(record),
                Err(error) => {
                    let value = json::parse_bytes(line.text).ok();
                    Row::Broken(Some(key.into_owned()), error, value)
                }
            }
        }
        Err(fault) => Row::Broken(fault.key.clone(), fault.error(path, line.number), None),
    }
}

fn take_row(state: &mut State, place: &RowsPlace, row: Row) -> Result<()> {
    match row {
        Row::Header { .. } => {}
        Row::Deleted(key) => {
            state.remove(place.model, &key);
            state.dirty.needs_compaction.rows.insert(place.model);
        }
        Row::Record(record) => {
            if state.put(place.model, Arc::new(record)).is_some() {
                state.dirty.needs_compaction.rows.insert(place.model);
            }
        }
        // What an earlier line says of the record is no longer so.
        Row::Broken(Some(key), error, value) => {
            state.remove(place.model, &key);
            note_broken(state, place.model, &key, error, value.as_ref())?;
        }
        Row::Broken(None, error, _) => state.collection_mut(place.model).faults.push(error),
    }
    Ok(())
}
