//! The calls on a declared collection whose records are the lines of logs: the same as on any
//! other, and one that reads a part of a log.
//!
//! A row names its owner, after whom its file is named. Rows are not held in memory: a question
//! that names the owner reads one log, any other reads them all.

use serde_json::Value;

use super::chats::{LOG_OPTIONS, query as log_options};
use super::generic::{
    COUNT, CREATE_MANY, FIND_MANY, NEW_ONES, UPSERT, skips_duplicates, upsert_parts,
};
use crate::calls::{
    Args, Call, Narrows, RECORD, RECORD_OR_NULL, RECORDS, Reply, Type, keys, new, param, patch,
    read, text, write,
};
use crate::catalogue::{ModelId, Place};
use crate::engine::{LogQuery, Tx, View};
use crate::error::{Code, Error, Issue, Result};
use crate::json::{self, Object};
use crate::query::{Plan, Query};

pub(crate) const CALLS: &[Call] = &[
    read("findById", &[text("id")], RECORD_OR_NULL, "The record with this id.", find_by_id),
    read("findAll", &[], RECORDS, "All records, log by log.", find_all),
    read("findByUserId", &[text("userId")], RECORDS, "A user's records.", find_by_user),
    read("findByTag", &[text("tagId")], RECORDS, "The records with a tag.", find_by_tag),
    read(
        "findByOwner",
        &[text("ownerId"), keys("options", &LOG_OPTIONS).optional()],
        RECORDS,
        "The records of one log, oldest first; with `limit` the newest ones, or with `after` the next ones.",
        find_by_owner,
    ),
    read(
        "findMany",
        &[param("options", FIND_MANY).narrows(Narrows::Key("where")).optional()],
        RECORDS,
        "The records that match, in the wanted order.",
        find_many,
    ),
    read(
        "count",
        &[keys("options", &COUNT).narrows(Narrows::Key("where")).optional()],
        Type::Number,
        "How many records match.",
        count,
    ),
    write("create", &[new("data")], RECORD, "Adds a record to its log.", create),
    write(
        "createMany",
        &[param("data", NEW_ONES), keys("options", &CREATE_MANY).optional()],
        RECORDS,
        "Adds records, all or none; with `skipDuplicates`, those whose ids are free.",
        create_many,
    ),
    write(
        "update",
        &[text("id"), patch("data")],
        RECORD_OR_NULL,
        "Changes a record: an absent key stays, `null` clears.",
        update,
    ),
    write(
        "upsert",
        &[keys("options", &UPSERT).narrows(Narrows::Key("where"))],
        RECORD,
        "Changes the record that `where` names by its id, or adds it.",
        upsert,
    ),
    write(
        "delete",
        &[text("id")],
        Type::Flag,
        "Deletes a record; false when there is none.",
        delete,
    ),
    write(
        "addTag",
        &[text("id"), text("tagId")],
        RECORD_OR_NULL,
        "Adds a tag; one that is there stays.",
        add_tag,
    ),
    write("removeTag", &[text("id"), text("tagId")], RECORD_OR_NULL, "Removes a tag.", remove_tag),
];

/// Whose logs they are, and the field that names the owner: the one after which files are named.
fn owner_of(view: &View<'_>, model: ModelId) -> Result<(ModelId, String)> {
    let declared = view.catalogue().model(model);
    match &declared.place {
        Place::Log { owner, owner_field, .. } => Ok((*owner, owner_field.clone())),
        _ => Err(Error::validation(&declared.name, vec![Issue::new("", "a log", "none")])),
    }
}

/// The rows that a look must go through: of one log where `query` names it.
fn candidates(view: &View<'_>, model: ModelId, query: Option<&Query>) -> Result<Vec<Object>> {
    let (owner_model, field) = owner_of(view, model)?;
    let owners: Vec<String> = match query.and_then(|query| query.texts(&field)) {
        Some(owners) => owners.into_iter().map(str::to_owned).collect(),
        None => view.all(owner_model)?.iter().map(|owner| owner.key().to_owned()).collect(),
    };
    let mut rows = Vec::new();
    for owner in owners {
        let found = view.log(model, &owner, &LogQuery::default())?;
        rows.extend(found.iter().map(|row| json::parse_object(row).unwrap_or_default()));
    }
    Ok(rows)
}

fn reply(rows: Vec<Object>) -> Reply {
    Reply::Value(rows.into_iter().map(Value::Object).collect())
}

fn row(view: &View<'_>, model: ModelId, id: &str) -> Result<Option<(String, Object)>> {
    let Some(owner) = view.log_owner_of(model, id)? else { return Ok(None) };
    let text = view.log_row(model, &owner, id)?;
    Ok(text.map(|text| (owner, json::parse_object(&text).unwrap_or_default())))
}

fn find_by_id(view: &View<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    let row = row(view, model, args.text("id")?)?;
    Ok(Reply::Value(row.map_or(Value::Null, |(_, row)| Value::Object(row))))
}

fn find_all(view: &View<'_>, model: ModelId, _args: &Args) -> Result<Reply> {
    Ok(reply(candidates(view, model, None)?))
}

fn find_by_user(view: &View<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    let user = args.text("userId")?;
    let mut rows = candidates(view, model, None)?;
    rows.retain(|row| row.get("userId").and_then(Value::as_str) == Some(user));
    Ok(reply(rows))
}

fn find_by_tag(view: &View<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    let tag = Value::from(args.text("tagId")?);
    let mut rows = candidates(view, model, None)?;
    rows.retain(|row| row.get("tags").and_then(Value::as_array).is_some_and(|t| t.contains(&tag)));
    Ok(reply(rows))
}

fn find_by_owner(view: &View<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    let query = log_options(&args.options("options")?, None);
    Ok(Reply::Listed(view.log_list(model, args.text("ownerId")?, &query)?))
}

fn select(view: &View<'_>, model: ModelId, options: Option<&Value>) -> Result<Vec<Object>> {
    let query = Query::parse(view.catalogue().model(model), options)?;
    let rows = candidates(view, model, Some(&query))?;
    query.select(&Plan::scan(&query, rows.len()), rows, |row| Ok(row.clone()))
}

fn find_many(view: &View<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    Ok(reply(select(view, model, args.given("options").then(|| args.value("options")))?))
}

fn count(view: &View<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    let options = Value::Object(args.options("options")?);
    Ok(Reply::Count(select(view, model, Some(&options))?.len()))
}

fn add(tx: &mut Tx<'_>, model: ModelId, data: Object) -> Result<Value> {
    let (_, field) = owner_of(&tx.view(), model)?;
    let declared = tx.view().catalogue().model(model).clone();
    let owner = data.get(&field).and_then(Value::as_str).map(str::to_owned);
    let row_type = declared.counted.as_ref().map_or("", |counted| &counted.row_type);
    let fault = |path: &str, expected: String, value: Option<&Value>| {
        let came = value.map_or("nothing".to_owned(), json::describe);
        Err(Error::validation(&declared.name, vec![Issue::new(path, expected, came)]))
    };
    let kind = data.get("type").filter(|kind| !kind.is_null());
    if kind.is_some_and(|kind| kind != row_type) {
        return fault("type", format!("{row_type}, or nothing"), kind);
    }
    let Some(owner) = owner else {
        return fault(&field, "an id".to_owned(), data.get(&field));
    };
    let added = tx.log_append(model, &owner, vec![data])?;
    let text = added.into_iter().next().unwrap_or_default();
    Ok(Value::Object(json::parse_object(&text).unwrap_or_default()))
}

fn create(tx: &mut Tx<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    Ok(Reply::Value(add(tx, model, args.object("data")?)?))
}

fn create_many(tx: &mut Tx<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    let skip = skips_duplicates(args)?;
    let mut made = Vec::new();
    for (number, data) in args.objects("data")?.into_iter().enumerate() {
        match add(tx, model, data) {
            Ok(row) => made.push(row),
            Err(error) if skip && error.code() == Code::Unique => {}
            Err(error) => return Err(error.inside(&format!("[{number}]"))),
        }
    }
    Ok(Reply::Value(Value::Array(made)))
}

fn change(tx: &mut Tx<'_>, model: ModelId, id: &str, data: Object) -> Result<Option<Object>> {
    let Some((owner, old)) = row(&tx.view(), model, id)? else { return Ok(None) };
    let (_, field) = owner_of(&tx.view(), model)?;
    if let Some(value) = data.get(&field).filter(|value| Some(*value) != old.get(&field)) {
        let name = &tx.view().catalogue().model(model).name.clone();
        let issue = Issue::new(&field, "the value that it has", json::describe(value));
        return Err(Error::validation(name, vec![issue]));
    }
    let text = tx.log_update(model, &owner, id, data)?;
    Ok(text.map(|text| json::parse_object(&text).unwrap_or_default()))
}

fn update(tx: &mut Tx<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    let changed = change(tx, model, args.text("id")?, args.object("data")?)?;
    Ok(Reply::Value(changed.map_or(Value::Null, Value::Object)))
}

fn upsert(tx: &mut Tx<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    let [wanted, create, update] = upsert_parts(args.object("options")?);
    let Some(id) = wanted.get("id").and_then(Value::as_str).filter(|_| wanted.len() == 1) else {
        let came = wanted.keys().cloned().collect::<Vec<_>>().join(" and ");
        return Err(Error::validation("Arguments", vec![Issue::new("where", "id", came)]));
    };
    match change(tx, model, id, update)? {
        Some(row) => Ok(Reply::Value(Value::Object(row))),
        None => Ok(Reply::Value(add(tx, model, create)?)),
    }
}

fn delete(tx: &mut Tx<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    let id = args.text("id")?;
    let Some(owner) = tx.view().log_owner_of(model, id)? else { return Ok(Reply::Flag(false)) };
    Ok(Reply::Flag(tx.log_delete(model, &owner, &[id.to_owned()])? > 0))
}

fn add_tag(tx: &mut Tx<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    edit_tags(tx, model, args, true)
}

fn remove_tag(tx: &mut Tx<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    edit_tags(tx, model, args, false)
}

fn edit_tags(tx: &mut Tx<'_>, model: ModelId, args: &Args, adds: bool) -> Result<Reply> {
    let (id, tag) = (args.text("id")?, Value::from(args.text("tagId")?));
    let Some((_, row)) = row(&tx.view(), model, id)? else { return Ok(Reply::Row(None)) };
    let mut tags = row.get("tags").and_then(Value::as_array).cloned().unwrap_or_default();
    if tags.contains(&tag) == adds {
        return Ok(Reply::Value(Value::Object(row)));
    }
    if adds {
        tags.push(tag);
    } else {
        tags.retain(|other| *other != tag);
    }
    let patch = Object::from_iter([("tags".to_owned(), Value::Array(tags))]);
    let changed = change(tx, model, id, patch)?;
    Ok(Reply::Value(changed.map_or(Value::Null, Value::Object)))
}
