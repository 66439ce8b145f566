//! Reads a file of rows: a row whose key was seen before replaces the earlier one.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::disk::read_all;
use crate::error::{Code, Error, Result};
use crate::json;

use super::layout::RowsPlace;
use super::load::{Loader, read_stored, version_of};
use crate::engine::logs::{DELETED, HEADER};
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
    Header,
    Deleted(String),
    Record(Record),
    /// A record that did not pass the checks, by its key.
    Broken(String, Error),
}

/// Reads all rows of a file.
pub(super) fn load_rows(
    loader: &mut Loader<'_>,
    state: &mut State,
    place: &RowsPlace,
) -> Result<()> {
    let Some(bytes) = read_all(loader.disk, &place.path)? else { return Ok(()) };
    let ours_from = loader.checkpoint_rows.get(place.path.as_str()).copied();
    let lines = lines(&bytes);
    let version = match lines.first().map(|line| header_of(state, place, line)) {
        Some(Ok(Some(version))) => version,
        Some(Err(error)) => return Err(error),
        _ => 1,
    };
    if version < state.catalogue.migrations.version() {
        state.outdated.insert(place.model);
    }
    let parsed = par_map(lines, |line| (line.offset, row_of(state, place, &line, version)));
    for (at, row) in parsed {
        let error = match row {
            Ok(row) => take_row(state, place, row).err(),
            Err(error) => Some(error),
        };
        let Some(error) = error else { continue };
        if error.code() == Code::UnsupportedVersion {
            return Err(error);
        }
        if ours_from.is_some_and(|from| at >= from) {
            loader.torn.insert(place.model);
            break;
        }
        state.collection_mut(place.model).faults.push(error);
    }
    Ok(())
}

fn lines(bytes: &[u8]) -> Vec<Line<'_>> {
    let mut offset = 0;
    let lines = bytes.split_inclusive(|byte| *byte == b'\n').enumerate().map(|(at, line)| {
        offset += line.len() as u64;
        Line { offset: offset - line.len() as u64, number: at + 1, text: line.trim_ascii() }
    });
    lines.filter(|line| !line.text.is_empty()).collect()
}

/// The version that the first line of a file says; `None` when it is no header.
fn header_of(state: &State, place: &RowsPlace, line: &Line<'_>) -> Result<Option<u64>> {
    match json::parse_bytes(line.text) {
        Ok(Value::Object(map)) if is_header(&map) => {
            version_of(state.catalogue.migrations, &place.path, &map).map(Some)
        }
        _ => Ok(None),
    }
}

fn is_header(map: &Map<String, Value>) -> bool {
    map.get("type").and_then(Value::as_str) == Some(HEADER) && map.contains_key("schema")
}

fn row_of(state: &State, place: &RowsPlace, line: &Line<'_>, version: u64) -> Result<Row> {
    let number = line.number;
    let value = json::parse_bytes(line.text).map_err(|fault| {
        let at = format!("{}:{number}:{}", place.path, fault.column);
        let message = format!("{at}: {}; mend the line or remove it", fault.message);
        Error::new(Code::Corrupt, message).path(at)
    })?;
    let at = format!("{}:{number}:1", place.path);
    let Value::Object(map) = value else {
        let message = format!("{at}: expected a JSON object; mend the line or remove it");
        return Err(Error::new(Code::Corrupt, message).path(at));
    };
    let key_field = &state.catalogue.model(place.model).key;
    let key = map.get(key_field).and_then(Value::as_str).unwrap_or_default().to_owned();
    if is_header(&map) {
        return version_of(state.catalogue.migrations, &place.path, &map).map(|_| Row::Header);
    }
    if map.get("type").and_then(Value::as_str) == Some(DELETED) && map.len() == 2 {
        return Ok(Row::Deleted(key));
    }
    Ok(match read_stored(state, place.model, (&at, version), map) {
        Ok(record) => Row::Record(record),
        Err(error) => Row::Broken(key, error),
    })
}

fn take_row(state: &mut State, place: &RowsPlace, row: Row) -> Result<()> {
    match row {
        Row::Header => {}
        Row::Deleted(key) => {
            state.remove(place.model, &key);
            state.dirty.needs_compaction.rows.insert(place.model);
        }
        Row::Record(record) => {
            if state.put(place.model, Arc::new(record)).is_some() {
                state.dirty.needs_compaction.rows.insert(place.model);
            }
        }
        Row::Broken(key, error) => {
            state.collection_mut(place.model).broken.insert(key, error.clone());
            return Err(error);
        }
    }
    Ok(())
}
