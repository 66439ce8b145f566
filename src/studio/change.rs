//! What the page changes: by the functions that an app's calls run, told before it is done, and refused
//! where the record is not any more what the page has shown.

use std::sync::Arc;

use serde_json::{Value, json};

use super::describe;
use super::record::{self, Found};
use super::short::{label, model_of};
use super::undo::{self, GoneLog, RowTouch, Undo};
use crate::calls::{Args, Reply};
use crate::catalogue::{Catalogue, ModelId, Place, models::API_KEY};
use crate::engine::{LogBound, LogQuery, Record, Touch, Tx, View};
use crate::error::{Error, Issue, Result};
use crate::json::{self, Object};
use crate::repos::{connections, rules};

/// So many changes are told one by one, up to so many bytes of text; the others are counted.
const TOLD: usize = 100;
const TOLD_BYTES: usize = 1 << 20;

/// How a request ends that changes nothing.
enum Ended {
    Told(Value),
    Failed(Error),
}

impl From<Error> for Ended {
    fn from(error: Error) -> Ended {
        Ended::Failed(error)
    }
}

type Outcome<T> = std::result::Result<T, Ended>;

/// What a change did, in records and in rows.
#[derive(Default)]
pub(super) struct Done {
    pub(super) key: String,
    pub(super) touched: Vec<Touch>,
    pub(super) rows: Vec<RowTouch>,
    pub(super) logs: Vec<GoneLog>,
    /// Why it cannot be taken back.
    pub(super) final_because: Option<String>,
}

pub(super) fn answer(tx: &mut Tx<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    let rehearsed = args.value("rehearse") == true;
    let made = tx.whole(|tx| {
        let done = perform(tx, args)?;
        let told = report(tx, done);
        if rehearsed { Err(Ended::Told(told)) } else { Ok(told) }
    });
    match made {
        Ok(told) | Err(Ended::Told(told)) => Ok(Reply::clear(told)),
        Err(Ended::Failed(error)) => Err(error),
    }
}

fn perform(tx: &mut Tx<'_>, args: &Args) -> Outcome<Done> {
    let change = args.object("change")?;
    let asked = args.text("do")?;
    if asked == "undo" {
        let undo = change.get("undo").map_or(Value::Null, Value::clone);
        return match undo::apply(tx, &undo)? {
            Some(done) => Ok(done),
            None => Err(Ended::Told(json!({ "conflict": { "undo": true } }))),
        };
    }
    let text = |name: &str| change.get(name).and_then(Value::as_str).unwrap_or_default();
    let model = model_of(&tx.view(), text("model"))?;
    describe::refusal(tx.view().catalogue(), model)?;
    if asked == "create" {
        return create(tx, model, parsed(text("text"))?, text("owner"));
    }
    let unchanged = |tx: &Tx<'_>| unchanged(&tx.view(), model, text("key"), text("stamp"));
    match asked {
        "update" => {
            let new = parsed(text("text"))?;
            let found = unchanged(tx)?;
            update(tx, model, text("key"), &found, new)
        }
        "delete" => {
            let found = unchanged(tx)?;
            delete(tx, model, text("key"), &found)
        }
        other => {
            let issue = Issue::new("do", "create, update, delete or undo", other);
            Err(Error::validation("Arguments", vec![issue]).into())
        }
    }
}

/// The object that a text is, or where it is none.
fn parsed(text: &str) -> Outcome<Object> {
    json::parse_object(text).map_err(|fault| {
        let json::Fault { line, column, path, message } = fault;
        Ended::Told(json!({ "fault": { "line": line, "column": column, "path": path, "message": message } }))
    })
}

/// The record, while it is what whoever changes it has seen.
fn unchanged(view: &View<'_>, model: ModelId, key: &str, stamp: &str) -> Outcome<Found> {
    let Some(found) = record::find(view, model, key)? else {
        return Err(Ended::Told(json!({ "conflict": { "gone": true } })));
    };
    let now = found.stamp(view.catalogue(), model);
    if now == stamp {
        return Ok(found);
    }
    let text = json::pretty(&Value::Object(found.map()));
    Err(Ended::Told(json!({ "conflict": { "text": text, "stamp": now } })))
}

fn create(tx: &mut Tx<'_>, model: ModelId, map: Object, owner: &str) -> Outcome<Done> {
    if let Place::Log { owner_field, .. } = tx.view().catalogue().model(model).place.clone() {
        let named = map.get(&owner_field).and_then(Value::as_str).unwrap_or(owner).to_owned();
        let (rows, touched) = tx.traced(|tx| tx.log_append(model, &named, vec![map]))?;
        let row = rows.first().map(|row| row.to_string()).unwrap_or_default();
        let key = json::text_field(&row, "id").unwrap_or_default().into_owned();
        let rows = vec![RowTouch {
            model,
            owner: named,
            key: key.clone(),
            before: None,
            after: Some(row),
            behind: None,
        }];
        return Ok(Done { key, touched, rows, ..Done::default() });
    }
    let (record, touched) = tx.traced(|tx| match model {
        API_KEY => connections::create_api_key(tx, map),
        _ => rules::create(tx, model, map),
    })?;
    Ok(Done { key: record.key().to_owned(), touched, ..Done::default() })
}

fn update(tx: &mut Tx<'_>, model: ModelId, key: &str, found: &Found, new: Object) -> Outcome<Done> {
    let (patch, dropped) = difference(tx.view().catalogue(), model, &found.map(), new)?;
    if let Some(owner) = &found.owner {
        return update_row(tx, (model, owner, key), found, patch, &dropped);
    }
    let ((), touched) = tx.traced(|tx| {
        let updated = match model {
            API_KEY => connections::update_api_key(tx, key, patch)?,
            _ => rules::update(tx, model, key, patch)?,
        };
        let Some(record) = updated.filter(|_| !dropped.is_empty()) else { return Ok(()) };
        let mut map = record.map();
        map.retain(|name, _| !dropped.contains(name));
        tx.replace(model, key, map).map(drop)
    })?;
    Ok(Done { key: key.to_owned(), touched, ..Done::default() })
}

fn update_row(
    tx: &mut Tx<'_>,
    (model, owner, key): (ModelId, &String, &str),
    found: &Found,
    mut patch: Object,
    dropped: &[String],
) -> Outcome<Done> {
    patch.extend(dropped.iter().map(|name| (name.clone(), Value::Null)));
    let (row, touched) = tx.traced(|tx| tx.log_update(model, owner, key, patch))?;
    let touch = RowTouch {
        model,
        owner: owner.clone(),
        key: key.to_owned(),
        before: Some(found.text.clone()),
        after: row.map(|row| row.to_string()),
        behind: None,
    };
    Ok(Done { key: key.to_owned(), touched, rows: vec![touch], ..Done::default() })
}

/// What is other in `new`, as a patch; and the keys that go, where nothing, or a default, may stand in
/// their place.
fn difference(
    catalogue: &Catalogue,
    model: ModelId,
    old: &Object,
    new: Object,
) -> Result<(Object, Vec<String>)> {
    let declared = catalogue.model(model);
    let may_go = |name: &str| {
        declared.field(name).is_none_or(|field| field.optional || field.default.is_some())
    };
    let gone = || old.keys().filter(|name| !new.contains_key(*name));
    let dropped: Vec<String> = gone().filter(|name| may_go(name)).cloned().collect();
    let cleared: Vec<String> = gone().filter(|name| !may_go(name)).cloned().collect();
    let other = new.into_iter().filter(|(name, value)| old.get(name) != Some(value));
    let mut patch: Object = other.collect();
    patch.extend(cleared.into_iter().map(|name| (name, Value::Null)));
    let is_kept = |name: &&String| describe::is_kept_by_store(model, name);
    if let Some(name) = patch.keys().chain(&dropped).find(is_kept) {
        let issue = Issue::new(name.as_str(), "what the store keeps there", "a change");
        return Err(Error::validation(&declared.name, vec![issue]));
    }
    Ok((patch, dropped))
}

fn delete(tx: &mut Tx<'_>, model: ModelId, key: &str, found: &Found) -> Outcome<Done> {
    if let Some(owner) = &found.owner {
        return delete_row(tx, (model, owner, key), found);
    }
    // Done once to see what goes: a log must be read while its owner is there.
    let seen = tx.whole(|tx| {
        let (_, touched) = tx.traced(|tx| tx.delete(model, key))?;
        Err::<(), Ended>(Ended::Told(owners_of_logs(&tx.view(), &touched)))
    });
    let Err(Ended::Told(owners)) = seen else { return seen.map(|()| Done::default()) };
    let (logs, mut final_because) = undo::gone_logs(&tx.view(), &owners)?;
    let (_, touched) = tx.traced(|tx| tx.delete(model, key))?;
    let payloads = lost_payloads(&tx.view(), &touched)?;
    if payloads > 0 {
        final_because = Some(format!("the bytes of {payloads} of them go for good"));
    }
    Ok(Done { key: key.to_owned(), touched, logs, final_because, ..Done::default() })
}

/// Those that are gone and have logs: `[[model, key], …]`.
fn owners_of_logs(view: &View<'_>, touched: &[Touch]) -> Value {
    let gone = touched.iter().filter(|touch| touch.after.is_none());
    let owners = gone.filter(|touch| view.logs_of(touch.model).next().is_some());
    owners.map(|touch| json!([touch.model.0, touch.key])).collect()
}

fn delete_row(
    tx: &mut Tx<'_>,
    (model, owner, key): (ModelId, &String, &str),
    found: &Found,
) -> Outcome<Done> {
    let before = tx.view().log(
        model,
        owner,
        &LogQuery {
            before: Some(LogBound::Id(key.to_owned())),
            limit: Some(1),
            ..LogQuery::default()
        },
    )?;
    let behind = before.first().and_then(|row| json::text_field(row, "id")).map(Into::into);
    let (_, touched) = tx.traced(|tx| tx.log_delete(model, owner, &[key.to_owned()]))?;
    let touch = RowTouch {
        model,
        owner: owner.clone(),
        key: key.to_owned(),
        before: Some(found.text.clone()),
        after: None,
        behind,
    };
    Ok(Done { key: key.to_owned(), touched, rows: vec![touch], ..Done::default() })
}

/// Of how many of the records that are gone the bytes go too, for nobody else has them.
fn lost_payloads(view: &View<'_>, touched: &[Touch]) -> Result<usize> {
    let Some((model, payload)) = view.catalogue().payload() else { return Ok(0) };
    let mut lost = 0;
    for touch in touched.iter().filter(|touch| touch.model == model && touch.after.is_none()) {
        let content = touch
            .before
            .as_ref()
            .and_then(|record| json::text_field(record.text(), &payload.field));
        let Some(content) = content else { continue };
        let is_last = view.find(model, &[&payload.field], &[&content])?.is_empty();
        lost += usize::from(is_last && view.has_payload(&content)?);
    }
    Ok(lost)
}

/// What the page is told of a change, and what takes it back.
fn report(tx: &Tx<'_>, done: Done) -> Value {
    let view = tx.view();
    let catalogue = view.catalogue();
    let mut counts = Object::new();
    let (mut told, mut bytes) = (Vec::new(), 0);
    let text =
        |record: &Option<Arc<Record>>| record.as_ref().map(|record| record.text().to_owned());
    let texts = |touch: &Touch| (text(&touch.before), text(&touch.after));
    let records =
        done.touched.iter().filter(|touch| !undo::is_count_only(catalogue, touch)).map(|touch| {
            let (before, after) = texts(touch);
            let named = touch.before.as_ref().or(touch.after.as_ref());
            let name = named.map(|record| label(catalogue.model(touch.model), record));
            (touch.model, touch.key.to_string(), name.unwrap_or_default(), before, after)
        });
    let rows = done.rows.iter().map(|row| {
        (row.model, row.key.clone(), row.key.clone(), row.before.clone(), row.after.clone())
    });
    for (model, key, name, before, after) in rows.chain(records) {
        count(&mut counts, &catalogue.model(model).name, before.is_some(), after.is_some());
        bytes += before.as_ref().map_or(0, String::len) + after.as_ref().map_or(0, String::len);
        if told.len() < TOLD && (bytes < TOLD_BYTES || told.is_empty()) {
            told.push(json!({
                "model": catalogue.model(model).name, "key": key, "label": name,
                "before": before.as_deref().map(pretty), "after": after.as_deref().map(pretty),
            }));
        }
    }
    let logs: Vec<Value> = done.logs.iter().map(|log| {
        json!({ "model": catalogue.model(log.model).name, "owner": log.owner, "rows": log.rows.len() })
    }).collect();
    let undo = Undo::of(catalogue, &done);
    json!({
        "key": done.key, "changes": told, "counts": counts, "logs": logs,
        "undo": undo.as_ref().ok(), "final": undo.as_ref().err(),
    })
}

fn pretty(text: &str) -> String {
    json::parse(text).map_or_else(|_| text.to_owned(), |value| json::pretty(&value))
}

fn count(counts: &mut Object, model: &str, was: bool, is: bool) {
    let word = match (was, is) {
        (false, _) => "created",
        (true, true) => "changed",
        (true, false) => "deleted",
    };
    let of = counts.entry(model).or_insert_with(|| json!({}));
    of[word] = (of[word].as_u64().unwrap_or(0) + 1).into();
}
