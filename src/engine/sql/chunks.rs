//! The bytes of uploads as rows of a bounded length.

use std::sync::Arc;

use tokio_postgres::types::ToSql;

use super::link::{Bound, Param};
use super::pool::Pool;
use crate::error::Result;

/// A chunk has so many bytes, but for the last.
pub(super) const CHUNK: usize = 256 << 10;

/// The bytes of an upload.
pub(super) struct Chunks {
    pool: Arc<Pool>,
    upload: String,
}

pub(super) fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl Chunks {
    pub(super) fn new(pool: Arc<Pool>, upload: String) -> Chunks {
        Chunks { pool, upload }
    }

    /// Reads at an offset, as many bytes as there are and fit.
    ///
    /// # Errors
    /// `IO` where the database cannot be reached.
    pub(super) fn read(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
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
}
