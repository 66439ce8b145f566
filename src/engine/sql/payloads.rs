//! Which upload the bytes of a content are in, as a transaction sees and changes it.

use std::collections::BTreeSet;

use super::chunks::number;
use super::database::Database;
use super::link::Bound;
use super::uploads::Stored;
use crate::error::Result;

impl Database<'_> {
    /// The bytes of a content, or of what has a name beside it.
    ///
    /// # Errors
    /// As for every question.
    pub(crate) fn payload(&self, content: &str, name: &str) -> Result<Option<Stored>> {
        let question = "SELECT p.upload, p.size, u.object FROM \".payloads\" p JOIN \".uploads\" u ON u.id = p.upload
             WHERE p.content = $1 AND p.name = $2";
        let rows = self.ask(question, &[&content, &name])?;
        let stored = rows.first().map(|row| {
            let size: i64 = row.get(1);
            self.uploads.stored(row.get(0), row.get(2), u64::try_from(size).unwrap_or_default())
        });
        stored.transpose()
    }

    /// The names of what is beside a content.
    ///
    /// # Errors
    /// As for every question.
    pub(crate) fn derived_names(&self, content: &str) -> Result<Vec<String>> {
        let question = "SELECT name FROM \".payloads\" WHERE content = $1 AND name <> ''";
        Ok(self.ask(question, &[&content])?.iter().map(|row| row.get(0)).collect())
    }

    /// Says that a content is in an upload. One that is there already stays, unless its object was found broken: then
    /// this is another one.
    ///
    /// # Errors
    /// As for every question.
    pub(crate) fn place(&self, content: &str, upload: &str, size: u64) -> Result<()> {
        // Asked first: who removes it meanwhile collides with whoever has seen it.
        match self.payload(content, "")? {
            Some(found) if found.object().is_none() || found.upload == upload => Ok(()),
            _ => self.place_derived((content, ""), upload, size),
        }
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
