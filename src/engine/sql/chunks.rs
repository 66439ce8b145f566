//! The bytes of payloads: rows of a bounded length, under the name of the upload that brought them.
//!
//! An upload is no part of the transaction that puts it in its place: that only says which upload a content is.
//! So what takes long holds up nobody, and is not done again where the transaction is.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio_postgres::types::ToSql;

use super::database::Database;
use super::link::{Bound, Param};
use super::pool::Pool;
use crate::error::Result;

/// A chunk has so many bytes, but for the last.
pub(super) const CHUNK: usize = 256 << 10;

/// The bytes of an upload. They stay readable for a while after they have lost their place.
pub(crate) struct Chunks {
    pool: Arc<Pool>,
    upload: String,
}

fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl Chunks {
    pub(super) fn new(pool: Arc<Pool>, upload: String) -> Chunks {
        Chunks { pool, upload }
    }

    pub(super) fn upload(&self) -> &str {
        &self.upload
    }

    /// Reads at an offset, as many bytes as there are and fit.
    ///
    /// # Errors
    /// `IO` where the database cannot be reached.
    pub(crate) fn read(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        let end = offset.saturating_add(buffer.len() as u64);
        if end == offset {
            return Ok(0);
        }
        let (first, last) = (offset / CHUNK as u64, (end - 1) / CHUNK as u64);
        let question = "SELECT number, bytes FROM \".chunks\"
             WHERE upload = $1 AND number BETWEEN $2 AND $3 ORDER BY number";
        let params: [Param<'_>; 3] = [&self.upload, &number(first), &number(last)];
        let rows = self.pool.with(|link| link.ask(None, question, &params))?;
        let mut read = 0;
        for row in rows {
            let (at, bytes): (i64, &[u8]) = (row.get(0), row.get(1));
            let start = u64::try_from(at).unwrap_or_default() * CHUNK as u64;
            // What is missing ends what can be read.
            let from = (offset + read as u64).checked_sub(start).map(usize::try_from);
            let Some(part) = from.and_then(|from| bytes.get(from.ok()?..)) else { break };
            let len = part.len().min(buffer.len() - read);
            buffer[read..read + len].copy_from_slice(&part[..len]);
            read += len;
        }
        Ok(read)
    }

    /// Writes the chunk of a number.
    ///
    /// # Errors
    /// As for [`Chunks::read`].
    pub(super) fn write(&self, at: u64, bytes: &[u8]) -> Result<()> {
        // Whoever sweeps takes what nobody has named: its name comes with its first chunk.
        let upload = || Box::new(self.upload.clone()) as Box<dyn ToSql + Sync>;
        let named = "INSERT INTO \".uploads\" (id) VALUES ($1) ON CONFLICT DO NOTHING";
        let chunk = "INSERT INTO \".chunks\" (upload, number, bytes) VALUES ($1, $2, $3)
             ON CONFLICT (upload, number) DO UPDATE SET bytes = excluded.bytes";
        let params: Vec<Box<dyn ToSql + Sync>> =
            vec![upload(), Box::new(number(at)), Box::new(bytes.to_vec())];
        let mut work = vec![Bound::new(chunk.to_owned(), params)];
        if at == 0 {
            work.insert(0, Bound::new(named.to_owned(), vec![upload()]));
        }
        self.pool.with(|link| link.commit(Some("BEGIN"), &work)).map(drop)
    }

    /// Removes them, which have no place.
    ///
    /// # Errors
    /// As for [`Chunks::read`].
    pub(super) fn remove(&self) -> Result<()> {
        let text = "DELETE FROM \".uploads\" WHERE id = $1".to_owned();
        let work = Bound::new(text, vec![Box::new(self.upload.clone())]);
        self.pool.with(|link| link.run(&work)).map(drop)
    }
}

impl Database<'_> {
    /// The bytes of a content, or of what has a name beside it, and how many there are.
    ///
    /// # Errors
    /// As for every question.
    pub(crate) fn payload(&self, content: &str, name: &str) -> Result<Option<(Chunks, u64)>> {
        let question = "SELECT upload, size FROM \".payloads\" WHERE content = $1 AND name = $2";
        let rows = self.ask(question, &[&content, &name])?;
        Ok(rows.first().map(|row| {
            let size: i64 = row.get(1);
            (
                Chunks::new(Arc::clone(self.pool), row.get(0)),
                u64::try_from(size).unwrap_or_default(),
            )
        }))
    }

    /// The names of what is beside a content.
    ///
    /// # Errors
    /// As for every question.
    pub(crate) fn derived_names(&self, content: &str) -> Result<Vec<String>> {
        let question = "SELECT name FROM \".payloads\" WHERE content = $1 AND name <> ''";
        Ok(self.ask(question, &[&content])?.iter().map(|row| row.get(0)).collect())
    }

    /// Says that a content is in an upload. One that is there already stays.
    ///
    /// # Errors
    /// As for every question.
    pub(crate) fn place(&self, content: &str, upload: &str, size: u64) -> Result<()> {
        // Asked first: who removes it meanwhile collides with whoever has seen it.
        if self.payload(content, "")?.is_some() {
            return Ok(());
        }
        let text =
            "INSERT INTO \".payloads\" (content, name, upload, size) VALUES ($1, '', $2, $3)";
        self.ask(text, &[&content, &upload, &number(size)]).map(drop)
    }

    /// Says that what has a name beside a content is in an upload, whatever it was in before.
    ///
    /// # Errors
    /// As for every question.
    pub(crate) fn place_derived(
        &self,
        (content, name): (&str, &str),
        upload: &str,
        size: u64,
    ) -> Result<()> {
        let text = "WITH old AS (
               UPDATE \".uploads\" u SET at = now() FROM \".payloads\" p
               WHERE p.content = $1 AND p.name = $2 AND u.id = p.upload)
             INSERT INTO \".payloads\" (content, name, upload, size) VALUES ($1, $2, $3, $4)
             ON CONFLICT (content, name) DO UPDATE SET upload = excluded.upload, size = excluded.size";
        self.ask(text, &[&content, &name, &upload, &number(size)]).map(drop)
    }
}

/// Takes from contents their place that no record has any more, whose keys are in `keys` under `index`.
pub(super) fn let_go(contents: BTreeSet<String>, keys: &str, index: String) -> Bound {
    let text = format!(
        "WITH gone AS (
           DELETE FROM \".payloads\" p WHERE p.content = ANY($1) AND NOT EXISTS (
             SELECT 1 FROM {keys} k WHERE k.index = $2 AND k.value = p.content)
           RETURNING p.upload)
         UPDATE \".uploads\" u SET at = now() FROM gone WHERE u.id = gone.upload"
    );
    let contents: Vec<String> = contents.into_iter().collect();
    Bound::new(text, vec![Box::new(contents), Box::new(index)])
}

/// Removes bytes that have had no place for so long that nobody reads or places them any more.
pub(super) const SWEEP: &str = "DELETE FROM \".uploads\" u WHERE u.at < now() - interval '1 hour'
     AND NOT EXISTS (SELECT 1 FROM \".payloads\" p WHERE p.upload = u.id)";
