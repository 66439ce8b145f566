//! All that a table has, a portion at a time, so that none of it need be in memory as a whole.
//!
//! How a question is asked is the caller's: within what a transaction sees, or on a connection of its own.

use tokio_postgres::Row;

use super::link::Param;

/// So many rows are read at a time.
const PORTION: usize = 500;

/// Reads the records of a table by their keys: each row's `key`, and the other columns that are `wanted`.
///
/// # Errors
/// Those of asking, and of `take`.
pub(super) fn each_of_records<E>(
    records: &str,
    wanted: &str,
    mut ask: impl FnMut(&str, &[Param<'_>]) -> Result<Vec<Row>, E>,
    mut take: impl FnMut(&[Row]) -> Result<(), E>,
) -> Result<(), E> {
    let question =
        format!("SELECT key, {wanted} FROM {records} WHERE key > $1 ORDER BY key LIMIT {PORTION}");
    let mut behind = String::new();
    loop {
        let rows = ask(&question, &[&behind])?;
        let Some(last) = rows.last() else { return Ok(()) };
        behind = last.get("key");
        take(&rows)?;
    }
}

/// Reads the rows of all logs of a name: each one's `owner`, `id` and `text`.
///
/// # Errors
/// Those of asking, and of `take`.
pub(super) fn each_of_rows<E>(
    log: &str,
    mut ask: impl FnMut(&str, &[Param<'_>]) -> Result<Vec<Row>, E>,
    mut take: impl FnMut(&[Row]) -> Result<(), E>,
) -> Result<(), E> {
    let question = format!(
        "SELECT owner, id, text FROM \".rows\" WHERE log = $1 AND (owner, id) > ($2, $3)
         ORDER BY owner, id LIMIT {PORTION}"
    );
    let mut behind = (String::new(), String::new());
    loop {
        let rows = ask(&question, &[&log, &behind.0, &behind.1])?;
        let Some(last) = rows.last() else { return Ok(()) };
        behind = (last.get("owner"), last.get("id"));
        take(&rows)?;
    }
}
