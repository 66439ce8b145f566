//! What is declared unique must be so already.

use super::failure::Failure;
use super::link::Link;
use super::tables::{Table, name_of_index};
use crate::catalogue::{Catalogue, Index, Model, not_unique};

/// So many pairs of records are looked for, at most.
const MOST_DOUBLES: i64 = 1000;

/// Refuses a unique that the records do not keep; those that were declared before do. The keys are those of `coming`.
///
/// # Errors
/// `UNIQUE`, with the records that have the same.
pub(super) fn check_new(link: &Link, known: &Catalogue, coming: &Catalogue) -> Result<(), Failure> {
    for id in known.ids() {
        let before = known.model(id);
        let Some(model) = coming.by_name(&before.name).map(|id| coming.model(id)) else { continue };
        let is_new = |index: &Index| index.unique && !before.indexes.contains(index);
        for (number, index) in model.indexes.iter().enumerate().filter(|(_, i)| is_new(i)) {
            let doubles = doubles(link, model, number)?;
            if !doubles.is_empty() {
                return Err(not_unique(model, index, &doubles).into());
            }
        }
    }
    Ok(())
}

/// Records with the same key: each with the one before it.
fn doubles(link: &Link, model: &Model, number: usize) -> Result<Vec<(String, String)>, Failure> {
    let Table { keys, .. } = Table::of(model);
    let question = format!(
        "SELECT first, record FROM (
           SELECT record, first_value(record) OVER same AS first, row_number() OVER same AS number
           FROM {keys} WHERE index = $1 WINDOW same AS (PARTITION BY value ORDER BY created_ms, seq)) k
         WHERE number > 1 ORDER BY first, record LIMIT {MOST_DOUBLES}"
    );
    let rows = link.ask(None, &question, &[&name_of_index(model, number)])?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}
