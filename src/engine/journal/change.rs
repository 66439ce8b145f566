//! What a commit changes, and its form in the journal.
//!
//! A change says the outcome, never how it came about, so that applying it twice, or over files
//! that show it in part, gives the same state.

use std::borrow::Cow;
use std::fmt::Write;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::catalogue::{Catalogue, ModelId};
use crate::json;

use crate::engine::memory::Record;

/// What a change does to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Effect {
    /// It is new.
    Create,
    /// It was there.
    Update,
    /// It is gone.
    Delete,
}

impl Effect {
    /// The effect's name in the journal and in change events.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Effect::Create => "create",
            Effect::Update => "update",
            Effect::Delete => "delete",
        }
    }
}

/// One outcome of a commit.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    /// The record is now this; `new` tells that it comes last in creation order.
    Put { model: ModelId, record: Arc<Record>, new: bool },
    /// The record is gone (with its log, where it owns one).
    Remove { model: ModelId, key: Box<str> },
    /// These lines stand in the owner's log.
    Lines(LogLines),
    /// The owner's log was edited by hand.
    Edited(LogEdit),
}

/// An edit of a log by hand. The file has it already; who follows the journal hears of it.
#[derive(Debug, Clone)]
pub(crate) struct LogEdit {
    pub(crate) model: ModelId,
    pub(crate) owner: Box<str>,
    /// What happened to which rows; empty where nobody knows what the log was before.
    pub(crate) rows: Vec<(Box<str>, Effect)>,
    /// Does the owner's record say something else of its log?
    pub(crate) has_new_counts: bool,
    /// The number of counted rows now.
    pub(crate) count: u64,
    /// The latest time of a counted row now.
    pub(crate) last: Option<Box<str>>,
}

impl LogEdit {
    /// An edit of a log of which nobody knows what it was before.
    pub(crate) fn of_unknown(model: ModelId, owner: &str) -> LogEdit {
        let (rows, owner) = (Vec::new(), owner.into());
        LogEdit { model, owner, rows, has_new_counts: false, count: 0, last: None }
    }
}

/// Lines of a log, and what the owner knows of it afterwards.
#[derive(Debug, Clone)]
pub(crate) struct LogLines {
    pub(crate) model: ModelId,
    pub(crate) owner: Box<str>,
    /// Byte at which the first line starts; 0 with `fresh`.
    pub(crate) offset: u64,
    /// Does the log start anew with these lines?
    pub(crate) fresh: bool,
    /// What happened to the rows that these lines name.
    pub(crate) effect: Effect,
    /// Whole lines, each with its line feed; a line feed comes first where the file (edited by
    /// hand) ended without one.
    pub(crate) bytes: Arc<str>,
    /// The number of counted rows afterwards.
    pub(crate) count: u64,
    /// The latest time of a counted row afterwards.
    pub(crate) last: Option<Box<str>>,
    /// The owner's record afterwards, where this process has made it already; it follows from
    /// the rest and is not written.
    pub(crate) owner_record: Option<Arc<Record>>,
}

/// All that one call or transaction changed.
#[derive(Debug, Clone)]
pub(crate) struct Commit {
    /// When, as ISO-8601.
    pub(crate) at: String,
    pub(crate) changes: Vec<Change>,
}

impl Commit {
    /// The JSON text of the commit for its line in the journal.
    pub(crate) fn encode(&self, catalogue: &Catalogue) -> String {
        let mut text = String::with_capacity(1024);
        push_all(&mut text, &["{\"at\":\"", &self.at, "\",\"changes\":["]);
        for (number, change) in self.changes.iter().enumerate() {
            if number > 0 {
                text.push(',');
            }
            encode_change(&mut text, change, catalogue);
        }
        text.push_str("]}");
        text
    }

    /// The commit that a journal line's text holds, in a journal for records of a version.
    ///
    /// # Errors
    /// A sentence when the text is not one, or names a collection that does not exist.
    pub(crate) fn decode(
        text: &str,
        catalogue: &Catalogue,
        version: u64,
    ) -> std::result::Result<Commit, String> {
        catalogue.migrations.check(version, "journal").map_err(|e| e.message().to_owned())?;
        let line: LineText<'_> = serde_json::from_str(text).map_err(|e| e.to_string())?;
        let changes = line.changes.into_iter().map(|c| decode_change(c, catalogue, version));
        Ok(Commit {
            at: line.at.into_owned(),
            changes: changes.collect::<std::result::Result<_, _>>()?,
        })
    }
}

/// Why writing cannot fail.
const WRITTEN: &str = "a String takes any text";

fn push_all(text: &mut String, parts: &[&str]) {
    parts.iter().for_each(|part| text.push_str(part));
}

fn encode_change(text: &mut String, change: &Change, catalogue: &Catalogue) {
    let name = |model: &ModelId| catalogue.model(*model).collection.as_str();
    match change {
        Change::Put { model, record, new } => {
            let new = if *new { "\"new\":true," } else { "" };
            let record = record.text();
            push_all(text, &["{\"put\":\"", name(model), "\",", new, "\"record\":", record, "}"]);
        }
        Change::Remove { model, key } => {
            push_all(text, &["{\"delete\":\"", name(model), "\",\"key\":", &json::quote(key), "}"]);
        }
        Change::Lines(lines) => encode_lines(text, lines, name(&lines.model)),
        Change::Edited(edit) => encode_edit(text, edit, name(&edit.model)),
    }
}

fn encode_edit(text: &mut String, edit: &LogEdit, collection: &str) {
    let rows: Vec<[&str; 2]> =
        edit.rows.iter().map(|(id, effect)| [&**id, effect.name()]).collect();
    let edit = serde_json::json!({
        "edited": collection, "owner": edit.owner, "rows": rows, "recounted": edit.has_new_counts,
        "count": edit.count, "last": edit.last,
    });
    text.push_str(&json::compact(&edit));
}

fn encode_lines(text: &mut String, lines: &LogLines, collection: &str) {
    write!(
        text,
        "{{\"log\":\"{collection}\",\"owner\":{},\"offset\":{},\"fresh\":{},\"effect\":\"{}\",\"count\":{},",
        json::quote(&lines.owner),
        lines.offset,
        lines.fresh,
        lines.effect.name(),
        lines.count
    )
    .expect(WRITTEN);
    if let Some(last) = &lines.last {
        write!(text, "\"last\":{},", json::quote(last)).expect(WRITTEN);
    }
    if lines.bytes.starts_with('\n') {
        text.push_str("\"mended\":true,");
    }
    text.push_str("\"lines\":[");
    for (number, line) in lines.bytes.trim_matches('\n').split('\n').enumerate() {
        if number > 0 {
            text.push(',');
        }
        text.push_str(line);
    }
    text.push_str("]}");
}

#[derive(Deserialize)]
struct LineText<'a> {
    #[serde(borrow)]
    at: Cow<'a, str>,
    #[serde(borrow)]
    changes: Vec<ChangeText<'a>>,
}

#[derive(Deserialize)]
struct ChangeText<'a> {
    #[serde(borrow)]
    put: Option<Cow<'a, str>>,
    #[serde(default)]
    new: bool,
    #[serde(borrow)]
    record: Option<&'a RawValue>,
    #[serde(borrow)]
    delete: Option<Cow<'a, str>>,
    #[serde(borrow)]
    key: Option<Cow<'a, str>>,
    #[serde(borrow)]
    log: Option<Cow<'a, str>>,
    #[serde(borrow)]
    owner: Option<Cow<'a, str>>,
    #[serde(default)]
    offset: u64,
    #[serde(default)]
    fresh: bool,
    #[serde(default)]
    mended: bool,
    effect: Option<Effect>,
    #[serde(default)]
    count: u64,
    #[serde(borrow)]
    last: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    lines: Vec<&'a RawValue>,
    #[serde(borrow)]
    edited: Option<Cow<'a, str>>,
    #[serde(default)]
    recounted: bool,
    #[serde(default)]
    rows: Vec<(Box<str>, Effect)>,
}

fn decode_change(
    change: ChangeText<'_>,
    catalogue: &Catalogue,
    version: u64,
) -> std::result::Result<Change, String> {
    let find = |name: &str| {
        catalogue.by_collection(name).ok_or_else(|| format!("there is no collection {name}"))
    };
    if let (Some(name), Some(record)) = (&change.put, change.record) {
        let model = find(name)?;
        let key = json::text_field(record.get(), &catalogue.model(model).key)
            .ok_or("a record without its key")?;
        let declared = catalogue.model(model);
        let record = if catalogue.migrations.concern(model, version) {
            let mut map = json::parse_object(record.get()).map_err(|fault| fault.message)?;
            catalogue.migrations.migrate(model, version, &mut map);
            Record::from_map(declared, &key, &map)
        } else {
            Record::from_text(declared, &key, record.get()).ok_or("a broken record")?
        };
        return Ok(Change::Put { model, record: Arc::new(record), new: change.new });
    }
    if let (Some(name), Some(key)) = (&change.delete, &change.key) {
        return Ok(Change::Remove { model: find(name)?, key: key.as_ref().into() });
    }
    if let (Some(name), Some(owner)) = (&change.log, &change.owner) {
        let model = find(name)?;
        return Ok(Change::Lines(decode_lines(&change, model, owner)));
    }
    if let (Some(name), Some(owner)) = (&change.edited, &change.owner) {
        let (model, owner) = (find(name)?, owner.as_ref().into());
        let (count, last) = (change.count, change.last.as_deref().map(Into::into));
        let (rows, has_new_counts) = (change.rows, change.recounted);
        return Ok(Change::Edited(LogEdit { model, owner, rows, has_new_counts, count, last }));
    }
    Err("a change of no known kind".to_owned())
}

fn decode_lines(change: &ChangeText<'_>, model: ModelId, owner: &str) -> LogLines {
    let mut bytes = String::from(if change.mended { "\n" } else { "" });
    for line in &change.lines {
        bytes.push_str(line.get());
        bytes.push('\n');
    }
    LogLines {
        model,
        owner: owner.into(),
        offset: change.offset,
        fresh: change.fresh,
        effect: change.effect.unwrap_or(Effect::Update),
        bytes: bytes.into(),
        count: change.count,
        last: change.last.as_deref().map(Into::into),
        owner_record: None,
    }
}
