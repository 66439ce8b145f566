//! A plain file of `pg_dump`: where the rows of each table stand in it.

use std::collections::BTreeMap;
use std::path::Path;

use memchr::memchr;

use super::copy;
use super::origin::{Layout, Rows};
use crate::disk::SourceFile;
use crate::error::{Code, Error, Result};
use crate::prisma::Table;

/// So much is read at a time, in bytes.
const BUFFER: usize = 1 << 20;
/// The last words of every dump; one without them was cut.
const LAST_WORDS: &[u8] = b"-- PostgreSQL database dump complete";

/// The rows of a table: from which byte on.
struct Block {
    table: String,
    start: u64,
}

/// A plain file of `pg_dump`.
pub(super) struct Dump {
    file: SourceFile,
    shown: String,
    blocks: Vec<Block>,
    layouts: BTreeMap<String, Layout>,
}

impl Dump {
    /// Looks through a file for its tables.
    ///
    /// # Errors
    /// `IO` when it cannot be read; `VALIDATION` when it is no plain dump, or not a whole one.
    pub(super) fn open(path: &Path) -> Result<Dump> {
        let shown = path.display().to_string();
        let mut lines = Lines::of(SourceFile::open(path, None)?);
        let (mut blocks, mut layouts) = (Vec::new(), BTreeMap::<String, Layout>::new());
        let mut is_whole = false;
        let mut at = 0;
        while let Some(line) = lines.next()? {
            if at == 0 {
                check_head(line, &shown)?;
            }
            at += line.len() as u64 + 1;
            is_whole |= line.starts_with(LAST_WORDS);
            if line.starts_with(b"INSERT INTO ") {
                return Err(refused(&shown, "it holds INSERT commands; dump without --inserts"));
            }
            check_encoding(line, &shown)?;
            let Some((table, columns)) = copy_head(line) else { continue };
            let start = at;
            let rows = skip_rows(&mut lines, &mut at)?.ok_or_else(|| {
                refused(&shown, &format!("it ends in the middle of {table}; dump again"))
            })?;
            let layout = Layout { columns, rows, bytes: at - start };
            if layouts.insert(table.clone(), layout).is_some() {
                let why = format!("{table} is in it twice; dump one schema (pg_dump -n public)");
                return Err(refused(&shown, &why));
            }
            blocks.push(Block { table, start });
        }
        if !is_whole {
            return Err(refused(&shown, "its last lines are missing, so it was cut; dump again"));
        }
        Ok(Dump { file: SourceFile::open(path, None)?, shown, blocks, layouts })
    }
}

impl Rows for Dump {
    fn layouts(&self) -> &BTreeMap<String, Layout> {
        &self.layouts
    }

    fn can_group(&self) -> bool {
        false
    }

    fn read(
        &mut self,
        table: &Table,
        _: bool,
        each: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        let Some(block) = self.blocks.iter().find(|block| block.table == table.db_name) else {
            return Ok(());
        };
        let mut lines = Lines::of(self.file.again(block.start)?);
        while let Some(line) = lines.next()? {
            if line == copy::END {
                return Ok(());
            }
            each(line)?;
        }
        Err(refused(&self.shown, "it was changed while it was read; run again"))
    }
}

fn check_head(line: &[u8], shown: &str) -> Result<()> {
    if line.starts_with(b"PGDMP") {
        let why = "it is in pg_dump's custom format; make it plain: pg_restore -f dump.sql FILE";
        return Err(refused(shown, why));
    }
    if line.starts_with(&[0x1f, 0x8b]) {
        return Err(refused(shown, "it is compressed; unpack it first (gunzip)"));
    }
    Ok(())
}

fn check_encoding(line: &[u8], shown: &str) -> Result<()> {
    let sets = line.strip_prefix(b"SET client_encoding = ");
    if sets.is_some_and(|encoding| encoding != b"'UTF8';") {
        return Err(refused(shown, "it is not in UTF-8; dump with pg_dump -E UTF8"));
    }
    Ok(())
}

/// Skips the rows of a table; how many there are, where they have an end.
fn skip_rows(lines: &mut Lines, at: &mut u64) -> Result<Option<u64>> {
    let mut rows = 0;
    while let Some(line) = lines.next()? {
        *at += line.len() as u64 + 1;
        if line == copy::END {
            return Ok(Some(rows));
        }
        rows += 1;
    }
    Ok(None)
}

/// The table and columns of `COPY public.users (id, "emailVerified") FROM stdin;`.
fn copy_head(line: &[u8]) -> Option<(String, Vec<String>)> {
    let text = std::str::from_utf8(line).ok()?.strip_prefix("COPY ")?;
    let text = text.strip_suffix(" FROM stdin;")?.strip_suffix(')')?;
    let (table, columns) = text.split_once(" (")?;
    let table = names(table, '.').pop()?;
    Some((table, names(columns, ',')))
}

/// Names, with or without quotes, between separators.
fn names(text: &str, separator: char) -> Vec<String> {
    let (mut found, mut name, mut quoted) = (Vec::new(), String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => name.extend(chars.next()),
            '"' => quoted = !quoted,
            c if c == separator && !quoted => found.push(std::mem::take(&mut name)),
            ' ' if !quoted => {}
            c => name.push(c),
        }
    }
    found.push(name);
    found
}

fn refused(shown: &str, why: &str) -> Error {
    Error::new(Code::Validation, format!("cannot import {shown}: {why}")).path(shown)
}

/// The lines of a file.
struct Lines {
    file: SourceFile,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl Lines {
    fn of(file: SourceFile) -> Lines {
        Lines { file, buffer: vec![0; BUFFER], start: 0, end: 0 }
    }

    /// The next line without its line feed, if there is one with a line feed.
    fn next(&mut self) -> Result<Option<&[u8]>> {
        let mut looked = 0;
        loop {
            let unread = &self.buffer[self.start..self.end];
            if let Some(at) = memchr(b'\n', &unread[looked..]) {
                let (start, len) = (self.start, looked + at);
                self.start += len + 1;
                return Ok(Some(&self.buffer[start..start + len]));
            }
            looked = unread.len();
            if !self.fill()? {
                return Ok(None);
            }
        }
    }

    /// Reads more behind what is not used yet; `false` at the end of the file.
    fn fill(&mut self) -> Result<bool> {
        self.buffer.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        if self.end == self.buffer.len() {
            if self.end > copy::LONGEST_ROW {
                return Err(copy::too_long("the dump"));
            }
            self.buffer.resize(self.end * 2, 0);
        }
        let read = self.file.read(&mut self.buffer[self.end..])?;
        self.end += read;
        Ok(read > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads() {
        let head = |line: &str| copy_head(line.as_bytes());
        let users = head("COPY public.users (id, \"emailVerified\", \"a\"\",b\") FROM stdin;");
        let columns = ["id", "emailVerified", "a\",b"].map(str::to_owned).to_vec();
        assert_eq!(users, Some(("users".to_owned(), columns)));
        let odd = head("COPY \"my.schema\".\"a b\" (x) FROM stdin;");
        assert_eq!(odd, Some(("a b".to_owned(), vec!["x".to_owned()])));
        assert_eq!(head("COPY (SELECT 1) TO stdout;"), None);
    }
}
