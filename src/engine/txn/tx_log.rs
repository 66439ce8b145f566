//! What a writing call may do to a log.

use std::borrow::Cow;
use std::sync::Arc;

use hashbrown::HashSet;
use serde_json::{Map, Value};

use crate::catalogue::{self, Counted, IndexKeys, ModelId, Place};
use crate::error::{Code, Error, Issue, Result};
use crate::{json, jsonl};

use super::log_event::{is_usual, validate_event_patch};
use super::log_row::{CheckedRow, complete, not_in_logs};
use super::relations;
use super::tx::Tx;
use crate::engine::clock;
use crate::engine::committed::{Committed, LogEnd};
use crate::engine::journal::{Effect, LogLines};
use crate::engine::logs::{KEY, LogKey, LogQuery};
use crate::engine::memory::Record;

type Object = Map<String, Value>;

/// A row's id and its text; no text where it is removed.
type Row = (Arc<str>, Option<Arc<str>>);

impl Tx<'_> {
    /// Adds rows to a log; gives them as they are kept.
    ///
    /// # Errors
    /// `FOREIGN_KEY` when the owner is missing, `VALIDATION`, `UNIQUE`, `TOO_LARGE`.
    pub fn log_append(
        &mut self,
        model: ModelId,
        owner: &str,
        rows: Vec<Object>,
    ) -> Result<Vec<Arc<str>>> {
        let record = self.log_owner(model, owner)?;
        let counted = self.counted(model)?;
        let mut ready: Vec<Row> = Vec::with_capacity(rows.len());
        let mut count = self.count_of(model, &record, &counted)?;
        let several = rows.len() > 1;
        let mut ids: HashSet<String> = HashSet::new();
        for (number, row) in rows.into_iter().enumerate() {
            let completed = self.new_row(model, owner, &counted, row, &ids);
            let map = completed
                .map_err(|e| if several { e.inside(&format!("[{number}]")) } else { e })?;
            count_row(&map, &counted, &mut count);
            let text = self.row_text(model, &map)?;
            let id = text_of(&map, "id");
            ready.push((id.as_str().into(), Some(text)));
            if several {
                ids.insert(id);
            }
        }
        self.write_lines(model, &record, &ready, Effect::Create, false, count)?;
        Ok(ready.into_iter().filter_map(|(_, text)| text).collect())
    }

    /// Adds rows that were checked beforehand.
    ///
    /// # Errors
    /// `FOREIGN_KEY` when the owner, or what a row refers to, is missing; `UNIQUE`.
    pub(crate) fn log_append_checked(
        &mut self,
        model: ModelId,
        owner: &str,
        rows: &[&CheckedRow],
    ) -> Result<()> {
        let record = self.log_owner(model, owner)?;
        let counted = self.counted(model)?;
        let (mut count, last) = self.count_of(model, &record, &counted)?;
        let mut last = last.as_deref().and_then(clock::parse_ms);
        // A log that begins with these has no others.
        let is_empty = self.end_of(model, owner)?.fresh;
        let mut ids: HashSet<&str> = HashSet::with_capacity(rows.len());
        for row in rows {
            if !ids.insert(&row.id) || (!is_empty && self.has_row(model, owner, &row.id)?) {
                return Err(is_there(&self.catalogue().model(model).name, &row.id));
            }
            self.check_references_of(model, row)?;
            count += u64::from(row.counted_at.is_some());
            last = last.max(row.counted_at);
        }
        let line = |row: &&CheckedRow| (Arc::clone(&row.id), Some(Arc::clone(&row.text)));
        let rows: Vec<Row> = rows.iter().map(line).collect();
        let count = (count, last.map(clock::format_ms));
        self.write_lines(model, &record, &rows, Effect::Create, false, count)
    }

    fn check_references_of(&self, model: ModelId, row: &CheckedRow) -> Result<()> {
        let declared = self.catalogue().model(model);
        if !declared.links.iter().any(relations::is_checked) {
            return Ok(());
        }
        let map = json::parse_object(&row.text).unwrap_or_default();
        relations::check_references(self, model, &map, &IndexKeys::of(declared, &map), None)
    }

    /// Changes a row; `None` when there is none.
    ///
    /// # Errors
    /// As for [`Tx::log_append`].
    pub fn log_update(
        &mut self,
        model: ModelId,
        owner: &str,
        id: &str,
        patch: Object,
    ) -> Result<Option<Arc<str>>> {
        let Some(text) = self.view().log_row(model, owner, id)? else { return Ok(None) };
        let counted = self.counted(model)?;
        let old = json::parse_object(&text).unwrap_or_default();
        let declared = self.catalogue().model(model);
        let map = if is_usual(&old, &counted) {
            catalogue::validate_patch(declared, &old, patch, self.context.now)
                .map_err(|issues| Error::validation(&declared.name, issues))?
        } else {
            validate_event_patch(declared, &old, patch)?
        };
        self.exchange_row(model, owner, &old, &map).map(Some)
    }

    /// Puts other content into a row, as it is given: what is absent goes, the time too is the
    /// caller's; `None` when there is none.
    ///
    /// # Errors
    /// As for [`Tx::log_append`].
    pub(crate) fn log_replace(
        &mut self,
        model: ModelId,
        owner: &str,
        id: &str,
        map: Object,
    ) -> Result<Option<Arc<str>>> {
        let Some(text) = self.view().log_row(model, owner, id)? else { return Ok(None) };
        let old = json::parse_object(&text).unwrap_or_default();
        let declared = self.catalogue().model(model);
        let map = catalogue::validate_stored(declared, map)
            .map_err(|issues| Error::validation(&declared.name, issues))?;
        self.exchange_row(model, owner, &old, &map).map(Some)
    }

    /// Puts checked content into the place of a row.
    fn exchange_row(
        &mut self,
        model: ModelId,
        owner: &str,
        old: &Object,
        map: &Object,
    ) -> Result<Arc<str>> {
        let record = self.log_owner(model, owner)?;
        let counted = self.counted(model)?;
        let declared = self.catalogue().model(model);
        let (after, before) = (IndexKeys::of(declared, map), IndexKeys::of(declared, old));
        relations::check_references(self, model, map, &after, Some(&before))?;
        let text = self.row_text(model, map)?;
        let id = text_of(map, "id");
        let count = if map.get("createdAt") == old.get("createdAt") {
            self.count_of(model, &record, &counted)?
        } else {
            let mut count = self.count_without(model, &record, std::slice::from_ref(&id))?;
            count_row(map, &counted, &mut count);
            count
        };
        let rows = [(id.into(), Some(Arc::clone(&text)))];
        self.write_lines(model, &record, &rows, Effect::Update, false, count)?;
        Ok(text)
    }

    /// Removes rows; gives how many there were.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn log_delete(&mut self, model: ModelId, owner: &str, ids: &[String]) -> Result<usize> {
        let Some(record) = self.view().get(self.owner_model(model)?, owner)? else { return Ok(0) };
        let mut gone: Vec<String> = Vec::new();
        for id in ids {
            if !gone.contains(id) && self.view().log_row(model, owner, id)?.is_some() {
                gone.push(id.clone());
            }
        }
        if gone.is_empty() {
            return Ok(0);
        }
        let count = self.count_without(model, &record, &gone)?;
        let rows: Vec<Row> = gone.iter().map(|id| (id.as_str().into(), None)).collect();
        self.whole(|tx| {
            tx.write_lines(model, &record, &rows, Effect::Delete, false, count)?;
            relations::forget_rows(tx, model, &gone)
        })?;
        Ok(gone.len())
    }

    /// Removes all rows; gives how many there were.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn log_clear(&mut self, model: ModelId, owner: &str) -> Result<usize> {
        let Some(record) = self.view().get(self.owner_model(model)?, owner)? else { return Ok(0) };
        let rows = self.view().log(model, owner, &LogQuery::default())?;
        let ids: Vec<String> =
            rows.iter().filter_map(|row| json::text_field(row, KEY)).map(Cow::into_owned).collect();
        if ids.is_empty() {
            return Ok(0);
        }
        self.whole(|tx| {
            tx.write_lines(model, &record, &[], Effect::Delete, true, (0, None))?;
            relations::forget_rows(tx, model, &ids)
        })?;
        Ok(ids.len())
    }

    /// Gives the logs of a record to the one that takes its place, line by line as they are.
    pub(super) fn move_logs(&mut self, model: ModelId, old: &Record, new: &Record) -> Result<()> {
        let logs: Vec<ModelId> = self.catalogue().logs_of(model).collect();
        for log in logs {
            let texts = self.view().log(log, old.key(), &LogQuery::default())?;
            if texts.is_empty() {
                continue;
            }
            let count = self.count_of(log, old, &self.counted(log)?)?;
            let id = |text: &str| json::text_field(text, KEY).unwrap_or_default().into_owned();
            let rows: Vec<Row> =
                texts.into_iter().map(|text| (id(&text).into(), Some(text))).collect();
            self.write_lines(log, new, &rows, Effect::Create, false, count)?;
        }
        Ok(())
    }

    /// Puts these rows in the place of all that a log has; what refers to one of them goes on doing so.
    ///
    /// # Errors
    /// As for [`Tx::log_append`].
    pub(crate) fn log_rewrite(
        &mut self,
        model: ModelId,
        owner: &str,
        rows: Vec<Object>,
    ) -> Result<()> {
        let record = self.log_owner(model, owner)?;
        self.whole(|tx| {
            tx.write_lines(model, &record, &[], Effect::Delete, true, (0, None))?;
            tx.log_append(model, owner, rows).map(drop)
        })
    }

    fn owner_model(&self, model: ModelId) -> Result<ModelId> {
        self.catalogue().owner_of_log(model)
    }

    fn counted(&self, model: ModelId) -> Result<Counted> {
        let found = self.catalogue().counted(model).map(|(_, counted)| counted.clone());
        found.ok_or_else(not_in_logs)
    }

    fn log_owner(&self, model: ModelId, owner: &str) -> Result<Arc<Record>> {
        let owner_model = self.owner_model(model)?;
        if let Some(record) = self.view().get(owner_model, owner)? {
            return Ok(record);
        }
        let name = &self.catalogue().model(owner_model).name;
        let message = format!("there is no {name} {owner}");
        let issue = Issue::new(
            "",
            format!("the id of a {name}"),
            format!("{owner} (no {name} has this id)"),
        );
        Err(Error::new(Code::ForeignKey, message).model(name).issues(vec![issue]))
    }

    fn new_row(
        &self,
        model: ModelId,
        owner: &str,
        counted: &Counted,
        row: Object,
        before: &HashSet<String>,
    ) -> Result<Object> {
        let declared = self.catalogue().model(model);
        let given_id = row.get("id").is_some_and(|id| !id.is_null());
        let map = complete(declared, counted, row, self.context.now)?;
        let id = text_of(&map, "id");
        if given_id && (before.contains(&id) || self.has_row(model, owner, &id)?) {
            return Err(is_there(&declared.name, &id));
        }
        let keys = IndexKeys::of(declared, &map);
        relations::check_references(self, model, &map, &keys, None)?;
        Ok(map)
    }

    fn has_row(&self, model: ModelId, owner: &str, id: &str) -> Result<bool> {
        let key: LogKey = (model, owner.into());
        match self.overlay.log(&key) {
            Some(log) if log.row(id).is_some() => Ok(log.row(id).flatten().is_some()),
            Some(log) if log.fresh => Ok(false),
            _ => self.base.has_row(&key, id),
        }
    }

    fn row_text(&self, model: ModelId, map: &Object) -> Result<Arc<str>> {
        let text = json::compact_object(map);
        self.check_size(model, &text)?;
        Ok(text.into())
    }

    /// What an owner counts: as its record says, or anew where its log was edited by hand.
    fn count_of(
        &self,
        model: ModelId,
        owner: &Record,
        counted: &Counted,
    ) -> Result<(u64, Option<String>)> {
        let key: LogKey = (model, owner.key().into());
        if self.overlay.log(&key).is_some() {
            return Ok(owner.counts(counted));
        }
        match self.base.counts_of(&key, owner, counted)? {
            Some(counts) => Ok(counts),
            None => self.count_without(model, owner, &[]),
        }
    }

    /// The count and the latest time of the counted rows, without those of some ids.
    fn count_without(
        &self,
        model: ModelId,
        owner: &Record,
        gone: &[String],
    ) -> Result<(u64, Option<String>)> {
        let counted = self.counted(model)?;
        if counted.fields.is_none() {
            return Ok((0, None));
        }
        let key: LogKey = (model, owner.key().into());
        let rows = self.base.count_rows(&key, self.overlay.log(&key), gone)?;
        if rows.is_whole {
            return Ok((rows.staying, rows.last_ms.map(clock::format_ms)));
        }
        // What cannot be read cannot be counted: it stays in what was known.
        let (known, last) = owner.counts(&counted);
        Ok((known.saturating_sub(rows.all - rows.staying), last))
    }

    fn write_lines(
        &mut self,
        model: ModelId,
        owner: &Record,
        rows: &[Row],
        effect: Effect,
        anew: bool,
        count: (u64, Option<String>),
    ) -> Result<()> {
        let end = self.end_of(model, owner.key())?;
        let fresh = anew || end.fresh;
        let len = |row: &Row| row.1.as_deref().map_or(0, str::len) + 1;
        let mut bytes = String::with_capacity(256 + rows.iter().map(len).sum::<usize>());
        if end.unfinished && !fresh {
            bytes.push('\n');
        }
        if fresh || end.older {
            bytes += &self.header(model);
            bytes.push('\n');
        }
        for (id, text) in rows {
            bytes += text.as_deref().unwrap_or(&jsonl::deleted(KEY, id));
            bytes.push('\n');
        }
        let offset = if fresh { 0 } else { end.offset };
        let (count, last) = count;
        let counted = self.counted(model)?;
        let owner_model = self.owner_model(model)?;
        let declared = self.catalogue().model(owner_model);
        let record = Arc::new(owner.with_counts(declared, &counted, count, last.as_deref()));
        self.set(owner_model, &record)?;
        let (owner, last) = (owner.key().into(), last.map(Into::into));
        let bytes = bytes.into();
        let owner_record = Some(record);
        let lines =
            LogLines { model, owner, offset, fresh, effect, bytes, count, last, owner_record };
        self.overlay.add_lines(lines, rows);
        Ok(())
    }

    fn header(&self, model: ModelId) -> String {
        let schema = match &self.catalogue().model(model).place {
            Place::Log { schema, .. } => schema,
            _ => "",
        };
        jsonl::header(schema, self.catalogue().migrations.version())
    }

    fn end_of(&self, model: ModelId, owner: &str) -> Result<LogEnd> {
        let key: LogKey = (model, owner.into());
        match self.overlay.log(&key) {
            Some(log) => Ok(LogEnd::whole(log.end)),
            None => self.base.log_end(&key),
        }
    }
}

fn is_there(model: &str, id: &str) -> Error {
    let message = format!("there is a {model} with the id {id} in this log already");
    Error::new(Code::Unique, message).model(model)
}

fn text_of(map: &Object, field: &str) -> String {
    map.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn count_row(map: &Object, counted: &Counted, count: &mut (u64, Option<String>)) {
    if is_usual(map, counted) {
        count.0 += 1;
        let time = Some(text_of(map, "createdAt"));
        let ms = |time: &Option<String>| time.as_deref().and_then(clock::parse_ms);
        count.1 = if ms(&count.1) < ms(&time) { time } else { count.1.take() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::OnDelete;

    #[test]
    fn links_of_messages_are_not_followed_on_delete() {
        let catalogue = catalogue::Catalogue::builtin();
        let logs = catalogue.ids().filter(|id| catalogue.counted(*id).is_some());
        for id in logs {
            let links = &catalogue.model(id).links;
            assert!(links.iter().all(|link| link.on_delete == OnDelete::NoAction));
        }
    }
}
