//! The way back: every row as the database has it, in a file for `psql`, or as a line of JSON.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde::Serialize;
use serde_json::{Map, Value};

use super::folder::{each_row, has_place, push_line};
use super::origin::in_order;
use crate::disk::NewFile;
use crate::error::{Code, Error, Result};
use crate::postgres::quoted;
use crate::prisma::{Row, Table, description};
use crate::progress::{Progress, Unit};
use crate::store::Store;

/// So much is written at a time, in bytes.
const BUFFER: usize = 256 << 10;

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A file for `psql`, in one transaction.
    Postgres {
        /// Does it empty the app's tables first?
        replace: bool,
    },
    /// An object a line: `{"table": …, "row": {…}}`.
    Ndjson,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Exported {
    /// How many rows of which table.
    pub tables: Map<String, Value>,
    /// How many rows in all.
    pub rows: u64,
    /// How many rows of which table stay behind, for the database would refuse them: they lack what it demands.
    pub left_out: Map<String, Value>,
}

/// Writes every row of a store at one moment. The order is that of the references, so each row finds what it refers to.
///
/// # Errors
/// `CORRUPT` where something cannot be read, `LOCKED` where somebody wrote meanwhile, those of the disk;
/// `CLOSED` when it is given up.
pub fn export(
    store: &Store,
    format: Format,
    out: &mut dyn Write,
    progress: &dyn Progress,
) -> Result<Exported> {
    let mut exported = Exported { tables: Map::new(), rows: 0, left_out: Map::new() };
    progress.begin("Exporting", Unit::Things, None);
    // What is swept on opening is a change like any other.
    store.flush_now()?;
    let before = store.committed()?;
    let written = |done: io::Result<()>| done.map_err(|error| failed(&error));
    written(out.write_all(head(format).as_bytes()))?;
    for number in in_order() {
        let table = &description().tables[number];
        written(out.write_all(table_head(format, table).as_bytes()))?;
        let (mut rows, mut left_out) = (0_u64, 0_u64);
        let mut line = Vec::new();
        each_row(store, number, &mut |row| {
            if format != Format::Ndjson && !has_place(table, &row.cells) {
                left_out += 1;
                return Ok(());
            }
            line.clear();
            push_row(&mut line, format, table, row);
            rows += 1;
            progress.advance(1)?;
            written(out.write_all(&line))
        })?;
        written(out.write_all(table_end(format)))?;
        exported.tables.insert(table.db_name.clone(), rows.into());
        exported.rows += rows;
        if left_out > 0 {
            exported.left_out.insert(table.db_name.clone(), left_out.into());
        }
    }
    if store.committed()? != before {
        let message = "the store was changed while it was exported, so this is not one moment of it: stop the \
                       app, or export a snapshot of the folder (store.snapshot)";
        return Err(Error::new(Code::Locked, message));
    }
    // Only now: without its end the file loads nothing.
    written(out.write_all(end(format).as_bytes()))?;
    written(out.flush())?;
    Ok(exported)
}

fn head(format: Format) -> String {
    let Format::Postgres { replace } = format else { return String::new() };
    let mut text = String::from(
        "--\n-- PostgreSQL database dump, written by quilltap-store export\n--\n\n\
         -- Load it into the app's schema: psql -v ON_ERROR_STOP=1 DATABASE_URL -f this-file\n\n\
         SET client_encoding = 'UTF8';\nSET standard_conforming_strings = on;\n\
         SET DateStyle = 'ISO';\nBEGIN;\n",
    );
    if replace {
        let names = description().tables.iter().map(table_name);
        text += &format!("TRUNCATE {};\n", names.collect::<Vec<_>>().join(", "));
    }
    text
}

fn table_name(table: &Table) -> String {
    format!("public.{}", quoted(&table.db_name))
}

fn table_head(format: Format, table: &Table) -> String {
    if format == Format::Ndjson {
        return String::new();
    }
    let columns = table.columns.iter().map(|column| quoted(&column.name));
    let columns = columns.collect::<Vec<_>>().join(", ");
    format!("\nCOPY {} ({columns}) FROM stdin;\n", table_name(table))
}

fn table_end(format: Format) -> &'static [u8] {
    if format == Format::Ndjson { b"" } else { b"\\.\n" }
}

fn end(format: Format) -> &'static str {
    if format == Format::Ndjson {
        return "";
    }
    "\nCOMMIT;\n\n--\n-- PostgreSQL database dump complete\n--\n\n"
}

fn push_row(line: &mut Vec<u8>, format: Format, table: &Table, row: &Row) {
    if format == Format::Ndjson {
        let columns = table.columns.iter().zip(&row.cells);
        let row: Map<String, Value> =
            columns.map(|(column, cell)| (column.name.clone(), cell.to_value())).collect();
        let object = Map::from_iter([
            ("table".to_owned(), Value::from(table.db_name.as_str())),
            ("row".to_owned(), row.into()),
        ]);
        line.extend_from_slice(crate::json::compact_object(&object).as_bytes());
    } else {
        push_line(line, &row.cells);
    }
    line.push(b'\n');
}

/// Exports into a new file, which is there when it is whole and not before.
///
/// # Errors
/// As for [`export`]; `VALIDATION` when there is such a file.
pub fn export_to(
    store: &Store,
    format: Format,
    file: &Path,
    progress: &dyn Progress,
) -> Result<Exported> {
    let mut out = BufWriter::with_capacity(BUFFER, NewFile::begin(file)?);
    let exported = export(store, format, &mut out, progress)?;
    let file = out.into_inner().map_err(|error| failed(error.error()))?;
    file.finish()?;
    Ok(exported)
}

fn failed(error: &io::Error) -> Error {
    Error::io("write", "the export", error)
}
