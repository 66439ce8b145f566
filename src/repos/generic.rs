//! The calls that every repository has.

use serde_json::Value;

use super::{find, rules};
use crate::calls::{
    Args, Call, Form, Keys, Narrows, Others, RECORD, RECORD_OR_NULL, RECORDS, Reply, TEXT_OR_NULL,
    Type, Whose, flag, keys, new, param, patch, read, text, write,
};
use crate::catalogue::{Catalogue, Kind, Model, ModelId};
use crate::engine::{Record, Tx, View};
use crate::error::{Code, Error, Issue, Issues, Result};
use crate::json::Object;
use crate::query::Query;
use crate::secrets;
use std::sync::Arc;

/// Is a call offered for a model?
pub(crate) fn applies(call: &Call, catalogue: &Catalogue, model: ModelId) -> bool {
    let model = catalogue.model(model);
    match call.name {
        "findByUserId" => model.field("userId").is_some(),
        "findByTag" | "addTag" | "removeTag" => has_tags(model),
        "reveal" => model.may_seal(),
        _ => true,
    }
}

fn has_tags(model: &Model) -> bool {
    model.field("tags").is_some_and(|field| matches!(field.kind, Kind::List(_)))
}

pub(super) const FIND_MANY: Type = Type::Generic("FindMany", &[RECORD]);
pub(super) const COUNT: Keys = Keys {
    name: None,
    keys: &[param("where", Type::Generic("Where", &[RECORD])).optional()],
    others: Others::Refused,
};
const NEW: Type = Type::Model(Form::New, Whose::Own);
const PATCH: Type = Type::Model(Form::Patch, Whose::Own);
const UNIQUE: Type = Type::Model(Form::Unique, Whose::Own);
pub(super) const NEW_ONES: Type = Type::List(&NEW);
pub(super) const CREATE_MANY: Keys =
    Keys { name: None, keys: &[flag("skipDuplicates").optional()], others: Others::Refused };
pub(super) const UPSERT: Keys = Keys {
    name: Some(Type::Generic("Upsert", &[NEW, PATCH, UNIQUE])),
    keys: &[param("where", UNIQUE).narrows(Narrows::Whole), new("create"), patch("update")],
    others: Others::Refused,
};

/// The calls, in the order of the documentation.
pub(crate) const CALLS: &[Call] = &[
    read("findById", &[text("id")], RECORD_OR_NULL, "The record with this id.", find_by_id),
    read("findAll", &[], RECORDS, "All records, in creation order.", find_all),
    read(
        "findByUserId",
        &[text("userId")],
        RECORDS,
        "A user's records, in creation order.",
        find_by_user,
    ),
    read(
        "findByTag",
        &[text("tagId")],
        RECORDS,
        "The records with a tag, in creation order.",
        find_by_tag,
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
    read(
        "explain",
        &[param("options", FIND_MANY).narrows(Narrows::Key("where")).optional()],
        Type::Named("Explanation"),
        "How `findMany` finds its answer: by which index, and how many records it looks into.",
        explain,
    ),
    write("create", &[new("data")], RECORD, "Creates a record.", create),
    write(
        "createMany",
        &[param("data", NEW_ONES), keys("options", &CREATE_MANY).optional()],
        RECORDS,
        "Creates records, all or none; with `skipDuplicates`, those whose unique fields are free.",
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
        "Changes the record that `where` names by its id or a unique combination, or creates it.",
        upsert,
    ),
    write(
        "delete",
        &[text("id")],
        Type::Flag,
        "Deletes a record and what follows from it; false when there is none.",
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
    read(
        "reveal",
        &[text("id"), text("field")],
        TEXT_OR_NULL,
        "The clear text of a secret field, which records hold sealed.",
        reveal,
    )
    .secret(),
];

fn find_by_id(view: &View<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    Ok(Reply::Record(view.get(model, args.text("id")?)?))
}

fn find_all(view: &View<'_>, model: ModelId, _args: &Args) -> Result<Reply> {
    Ok(Reply::Records(view.all(model)?))
}

fn find_by_user(view: &View<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    Ok(Reply::Records(view.find(model, &["userId"], &[args.text("userId")?])?))
}

fn find_by_tag(view: &View<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    Ok(Reply::Records(view.find(model, &["tags"], &[args.text("tagId")?])?))
}

fn find_many(view: &View<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    let options = args.given("options").then(|| args.value("options"));
    let query = Query::parse(view.catalogue().model(model), options)?;
    Ok(Reply::Records(find::select(view, model, &query)?.records))
}

fn count(view: &View<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    let options = args.options("options")?;
    let query = Query::parse(view.catalogue().model(model), Some(&Value::Object(options)))?;
    Ok(Reply::Count(find::count(view, model, &query)?))
}

fn explain(view: &View<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    let options = args.given("options").then(|| args.value("options"));
    let query = Query::parse(view.catalogue().model(model), options)?;
    Ok(Reply::Value(find::explain(view, model, &query)?))
}

fn create(tx: &mut Tx<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    Ok(Reply::Record(Some(rules::create(tx, model, args.object("data")?)?)))
}

fn create_many(tx: &mut Tx<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    let skip = skips_duplicates(args)?;
    let (mut made, mut issues) = (Vec::new(), Issues::default());
    for (number, data) in args.objects("data")?.into_iter().enumerate() {
        match rules::create(tx, model, data) {
            Ok(record) => made.push(record),
            Err(error) if skip && error.code() == Code::Unique => {}
            Err(error) if error.code() == Code::Validation => {
                issues.append(error.inside(&format!("[{number}]")).into_issues());
            }
            Err(error) => return Err(error.inside(&format!("[{number}]"))),
        }
    }
    if issues.is_empty() {
        return Ok(Reply::Records(made));
    }
    Err(Error::validation(&tx.view().catalogue().model(model).name, issues))
}

pub(super) fn skips_duplicates(args: &Args) -> Result<bool> {
    Ok(args.options("options")?.get("skipDuplicates") == Some(&Value::Bool(true)))
}

fn update(tx: &mut Tx<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    Ok(Reply::Record(rules::update(tx, model, args.text("id")?, args.object("data")?)?))
}

fn upsert(tx: &mut Tx<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    let [wanted, create, update] = upsert_parts(args.object("options")?);
    match unique_record(&tx.view(), model, &wanted)? {
        Some(record) => Ok(Reply::Record(rules::update(tx, model, record.key(), update)?)),
        None => Ok(Reply::Record(Some(rules::create(tx, model, create)?))),
    }
}

/// What stands under `where`, `create` and `update`.
pub(super) fn upsert_parts(mut options: Object) -> [Object; 3] {
    ["where", "create", "update"].map(|name| match options.shift_remove(name) {
        Some(Value::Object(map)) => map,
        _ => Object::new(),
    })
}

/// The record that `where` names: by its key, or by all fields of one unique, which may stand
/// in an object under their names joined by `_`, as Prisma has it. Nothing more may stand
/// there: `{ id, userId }` would look as if it asked whose the record is.
fn unique_record(view: &View<'_>, model: ModelId, wanted: &Object) -> Result<Option<Arc<Record>>> {
    let declared = view.catalogue().model(model);
    if let Some(key) = values_of(wanted, &[&declared.key]) {
        return view.get(model, key[0]);
    }
    for unique in &declared.uniques {
        let fields: Vec<&str> = unique.fields.iter().map(String::as_str).collect();
        if let Some(values) = values_of(wanted, &fields) {
            return Ok(view.find(model, &fields, &values)?.into_iter().next());
        }
    }
    let mut ways = vec![declared.key.clone()];
    ways.extend(declared.uniques.iter().map(|unique| unique.fields.join(" and ")));
    let issue = Issue::new(
        "where",
        format!("one of: {}", ways.join("; ")),
        wanted.keys().cloned().collect::<Vec<_>>().join(" and "),
    );
    Err(Error::validation(&declared.name, vec![issue]))
}

/// The values of exactly these fields, of which no other stands there.
fn values_of<'m>(wanted: &'m Object, fields: &[&str]) -> Option<Vec<&'m str>> {
    let joined = wanted.get(&fields.join("_")).and_then(Value::as_object);
    let inner = joined.filter(|_| wanted.len() == 1).unwrap_or(wanted);
    if inner.len() != fields.len() {
        return None;
    }
    fields.iter().map(|field| inner.get(*field).and_then(Value::as_str)).collect()
}

fn delete(tx: &mut Tx<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    Ok(Reply::Flag(tx.delete(model, args.text("id")?)?))
}

fn add_tag(tx: &mut Tx<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    edit_list(tx, model, args.text("id")?, "tags", args.text("tagId")?, true)
}

fn remove_tag(tx: &mut Tx<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    edit_list(tx, model, args.text("id")?, "tags", args.text("tagId")?, false)
}

/// Adds an id to a list of a record, or takes it out; what is so already changes nothing.
pub(super) fn edit_list(
    tx: &mut Tx<'_>,
    model: ModelId,
    key: &str,
    field: &str,
    id: &str,
    add: bool,
) -> Result<Reply> {
    let Some(record) = tx.view().get(model, key)? else { return Ok(Reply::Record(None)) };
    let map = record.map();
    let mut list = map.get(field).and_then(Value::as_array).cloned().unwrap_or_default();
    let there = list.iter().any(|item| item == id);
    if there == add {
        return Ok(Reply::Record(Some(record)));
    }
    if add {
        list.push(id.into());
    } else {
        list.retain(|item| item != id);
    }
    let mut patch = Object::from_iter([(field.to_owned(), Value::Array(list))]);
    if !add && field == "tags" {
        forget_link(&map, id, &mut patch);
    }
    Ok(Reply::Record(tx.update(model, key, patch)?))
}

/// What was kept beside a tag goes with it.
fn forget_link(map: &Object, tag: &str, patch: &mut Object) {
    let Some(links) = map.get("tagLinks").and_then(Value::as_array) else { return };
    let rest = links.iter().filter(|link| link.get("tagId").is_none_or(|id| id != tag));
    patch.insert("tagLinks".into(), rest.cloned().collect());
}

fn reveal(view: &View<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    let clear = secrets::reveal(view, model, args.text("id")?, args.text("field")?)?;
    clear.map_or(Ok(Reply::Record(None)), |clear| Reply::secret(&clear))
}
