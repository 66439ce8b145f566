//! The calls that every repository has.

use serde_json::Value;

use super::{find, rules};
use crate::calls::{Args, Call, Reply, came, read, write};
use crate::catalogue::{Catalogue, Kind, Model, ModelId};
use crate::engine::{Record, Tx, View};
use crate::error::{Code, Error, Issue, Result};
use crate::json::{self, Object};
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

/// The calls, in the order of the documentation. `$` stands for the model's name.
pub(crate) const CALLS: &[Call] = &[
    read("findById", "id: string", "$ | null", "The record with this id.", find_by_id),
    read("findAll", "", "$[]", "All records, in creation order.", find_all),
    read(
        "findByUserId",
        "userId: string",
        "$[]",
        "A user's records, in creation order.",
        find_by_user,
    ),
    read(
        "findByTag",
        "tagId: string",
        "$[]",
        "The records with a tag, in creation order.",
        find_by_tag,
    ),
    read(
        "findMany",
        "options?: FindMany<$>",
        "$[]",
        "The records that match, in the wanted order.",
        find_many,
    ),
    read("count", "options?: { where?: Where<$> }", "number", "How many records match.", count),
    read(
        "explain",
        "options?: FindMany<$>",
        "Explanation",
        "How `findMany` finds its answer: by which index, and how many records it looks into.",
        explain,
    ),
    write("create", "data: $Create", "$", "Creates a record.", create),
    write(
        "createMany",
        "data: $Create[], options?: { skipDuplicates?: boolean }",
        "$[]",
        "Creates records, all or none; with `skipDuplicates`, those whose unique fields are free.",
        create_many,
    ),
    write(
        "update",
        "id: string, data: $Update",
        "$ | null",
        "Changes a record: an absent key stays, `null` clears.",
        update,
    ),
    write(
        "upsert",
        "options: Upsert<$Create, $Update>",
        "$",
        "Changes the record that `where` names by its id or a unique combination, or creates it.",
        upsert,
    ),
    write(
        "delete",
        "id: string",
        "boolean",
        "Deletes a record and what follows from it; false when there is none.",
        delete,
    ),
    write(
        "addTag",
        "id: string, tagId: string",
        "$ | null",
        "Adds a tag; one that is there stays.",
        add_tag,
    ),
    write("removeTag", "id: string, tagId: string", "$ | null", "Removes a tag.", remove_tag),
    read(
        "reveal",
        "id: string, field: string",
        "string | null",
        "The clear text of a secret field, which records hold sealed.",
        reveal,
    )
    .secret(),
];

fn find_by_id(view: &View<'_>, model: ModelId, args: &Args<'_>) -> Result<Reply> {
    Ok(Reply::Record(view.get(model, args.text(0)?)?))
}

fn find_all(view: &View<'_>, model: ModelId, _args: &Args<'_>) -> Result<Reply> {
    Ok(Reply::Records(view.all(model)?))
}

fn find_by_user(view: &View<'_>, model: ModelId, args: &Args<'_>) -> Result<Reply> {
    Ok(Reply::Records(view.find(model, &["userId"], &[args.text(0)?])?))
}

fn find_by_tag(view: &View<'_>, model: ModelId, args: &Args<'_>) -> Result<Reply> {
    Ok(Reply::Records(view.find(model, &["tags"], &[args.text(0)?])?))
}

fn find_many(view: &View<'_>, model: ModelId, args: &Args<'_>) -> Result<Reply> {
    let options = args.given(0).then(|| args.value(0));
    let query = Query::parse(view.catalogue().model(model), options)?;
    Ok(Reply::Records(find::select(view, model, &query)?.records))
}

fn count(view: &View<'_>, model: ModelId, args: &Args<'_>) -> Result<Reply> {
    let options = args.options(0)?;
    if options.keys().any(|key| key != "where") {
        let issue = Issue::new("options", "only where", "more than that");
        return Err(Error::validation("Arguments", vec![issue]));
    }
    let query = Query::parse(view.catalogue().model(model), Some(&Value::Object(options)))?;
    Ok(Reply::Count(find::count(view, model, &query)?))
}

fn explain(view: &View<'_>, model: ModelId, args: &Args<'_>) -> Result<Reply> {
    let options = args.given(0).then(|| args.value(0));
    let query = Query::parse(view.catalogue().model(model), options)?;
    Ok(Reply::Value(find::explain(view, model, &query)?))
}

fn create(tx: &mut Tx<'_>, model: ModelId, args: &Args<'_>) -> Result<Reply> {
    Ok(Reply::Record(Some(rules::create(tx, model, args.object(0)?)?)))
}

fn create_many(tx: &mut Tx<'_>, model: ModelId, args: &Args<'_>) -> Result<Reply> {
    let skip = skips_duplicates(&args.options(1)?)?;
    let (mut made, mut issues) = (Vec::new(), Vec::new());
    for (number, data) in args.objects(0)?.into_iter().enumerate() {
        match rules::create(tx, model, data) {
            Ok(record) => made.push(record),
            Err(error) if skip && error.code() == Code::Unique => {}
            Err(error) if error.code() == Code::Validation => {
                issues.extend_from_slice(error.inside(&format!("[{number}]")).all_issues());
            }
            Err(error) => return Err(error.inside(&format!("[{number}]"))),
        }
    }
    if issues.is_empty() {
        return Ok(Reply::Records(made));
    }
    Err(Error::validation(&tx.view().catalogue().model(model).name, issues))
}

pub(super) fn skips_duplicates(options: &Object) -> Result<bool> {
    let mut skip = false;
    let mut issues = Vec::new();
    for (name, value) in options {
        match (name.as_str(), value) {
            ("skipDuplicates", Value::Null) => {}
            ("skipDuplicates", Value::Bool(flag)) => skip = *flag,
            ("skipDuplicates", _) => {
                issues.push(Issue::new(name, "true or false", json::describe(value)));
            }
            _ => issues.push(Issue::new(name, "skipDuplicates", "an unknown option")),
        }
    }
    if issues.is_empty() { Ok(skip) } else { Err(Error::validation("Arguments", issues)) }
}

fn update(tx: &mut Tx<'_>, model: ModelId, args: &Args<'_>) -> Result<Reply> {
    Ok(Reply::Record(rules::update(tx, model, args.text(0)?, args.object(1)?)?))
}

fn upsert(tx: &mut Tx<'_>, model: ModelId, args: &Args<'_>) -> Result<Reply> {
    let [wanted, create, update] = upsert_parts(args.object(0)?)?;
    match unique_record(&tx.view(), model, &wanted)? {
        Some(record) => Ok(Reply::Record(rules::update(tx, model, record.key(), update)?)),
        None => Ok(Reply::Record(Some(rules::create(tx, model, create)?))),
    }
}

/// What stands under `where`, `create` and `update`.
pub(super) fn upsert_parts(mut options: Object) -> Result<[Object; 3]> {
    let mut issues = Vec::new();
    let parts = ["where", "create", "update"].map(|name| match options.shift_remove(name) {
        Some(Value::Object(map)) => map,
        other => {
            issues.push(Issue::new(name, "an object", came(&other.unwrap_or_default())));
            Object::new()
        }
    });
    let unknown = options.keys();
    issues.extend(unknown.map(|name| Issue::new(name, "where, create, update", "more than that")));
    if issues.is_empty() { Ok(parts) } else { Err(Error::validation("Arguments", issues)) }
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

fn delete(tx: &mut Tx<'_>, model: ModelId, args: &Args<'_>) -> Result<Reply> {
    Ok(Reply::Flag(tx.delete(model, args.text(0)?)?))
}

fn add_tag(tx: &mut Tx<'_>, model: ModelId, args: &Args<'_>) -> Result<Reply> {
    edit_list(tx, model, args.text(0)?, "tags", args.text(1)?, true)
}

fn remove_tag(tx: &mut Tx<'_>, model: ModelId, args: &Args<'_>) -> Result<Reply> {
    edit_list(tx, model, args.text(0)?, "tags", args.text(1)?, false)
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

fn reveal(view: &View<'_>, model: ModelId, args: &Args<'_>) -> Result<Reply> {
    let clear = secrets::reveal(view, model, args.text(0)?, args.text(1)?)?;
    clear.map_or(Ok(Reply::Record(None)), |clear| Reply::secret(&clear))
}
