//! What a change does to records, told before and after it; and the way back.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::catalogue::{self, IndexKey, ModelId, OnDelete};
use crate::error::{Code, Error, Result};

use super::overlay::Before;
use super::relations;
use super::tx::Tx;
use crate::engine::committed::Committed;
use crate::engine::memory::Record;

/// A record that a change touches: `None` where it is not there.
pub(crate) struct Touch {
    pub(crate) model: ModelId,
    pub(crate) key: Box<str>,
    pub(crate) before: Option<Arc<Record>>,
    pub(crate) after: Option<Arc<Record>>,
}

/// What a record is to be again; nothing where it is to go.
pub(crate) struct Former {
    pub(crate) model: ModelId,
    pub(crate) key: String,
    pub(crate) map: Option<Map<String, Value>>,
}

impl Tx<'_> {
    /// Makes a change, and tells every record that it touches, in the order of their first change.
    ///
    /// # Errors
    /// Those of the change, of which then nothing stays.
    pub(crate) fn traced<T>(
        &mut self,
        change: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<(T, Vec<Touch>)> {
        let mark = self.overlay.mark();
        let done = self.whole(change)?;
        let touch = |((model, key), slot): Before| {
            let before = slot.map_or_else(|| self.base.get(model, &key), Ok)?;
            let after =
                self.overlay.get(model, &key).flatten().map(|(_, record)| Arc::clone(record));
            Ok(Touch { model, key, before, after })
        };
        let touched = self.overlay.records_before(mark).into_iter().map(touch);
        let mut touched = touched.collect::<Result<Vec<Touch>>>()?;
        touched.retain(|touch| touch.before != touch.after);
        Ok((done, touched))
    }

    /// Makes records what they were, and then what belongs into their logs. Unlike a change this fills
    /// nothing in and follows no relation: the other side of each is among the records too.
    ///
    /// # Errors
    /// `UNIQUE` and `FOREIGN_KEY` where others have come to stand in the way; those of `then`.
    pub(crate) fn restore(
        &mut self,
        former: &[Former],
        then: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<()> {
        // What goes is told by what it was.
        let now = |one: &Former| self.view().get(one.model, &one.key);
        let going = former.iter().filter(|one| one.map.is_none()).map(now);
        let going = going.collect::<Result<Vec<_>>>()?;
        let mut going = going.into_iter();
        self.whole(|tx| {
            for Former { model, key, map } in former {
                match map {
                    Some(map) => drop(tx.put(*model, key, map)?),
                    None => tx.remove(*model, key),
                }
            }
            then(tx)?;
            // Only once all are back: they refer to each other, and to rows.
            former.iter().try_for_each(|one| match &one.map {
                Some(map) => tx.check_restored(one, map),
                None => going
                    .next()
                    .flatten()
                    .map_or(Ok(()), |was| tx.check_unreferred(one.model, &was)),
            })
        })
    }

    fn check_restored(&self, former: &Former, map: &Map<String, Value>) -> Result<()> {
        let (model, key) = (former.model, former.key.as_str());
        let declared = self.catalogue().model(model);
        catalogue::validate_stored(declared, map.clone())
            .map_err(|issues| Error::validation(&declared.name, issues))?;
        let record = Record::from_map(declared, key, map);
        relations::check_uniques(self, model, &record, key)?;
        relations::check_references(self, model, map, record.index_keys(), None)
    }

    /// Refuses to let go what somebody has come to refer to.
    fn check_unreferred(&self, model: ModelId, was: &Record) -> Result<()> {
        for &(referring, number) in self.catalogue().referrers(model) {
            let declared = self.catalogue().model(referring);
            let link = &declared.links[number];
            let is_followed = link.on_delete != OnDelete::NoAction;
            let Some(value) = link.value_in(was.key(), was.text()) else { continue };
            let found = || self.view().lookup(referring, link.index, IndexKey::of(&value));
            if is_followed && let Some(other) = found()?.first() {
                let message = format!(
                    "{} {} refers to it by now: change or delete that first",
                    declared.name,
                    declared.named(other.key())
                );
                return Err(Error::new(Code::ForeignKey, message).model(&declared.name));
            }
        }
        Ok(())
    }
}
