//! The catalogue as the page needs it: for lists, for forms, for the way to a file.

use serde_json::{Value, json};

use super::short::name_field;
use crate::calls::{Args, Reply};
use crate::catalogue::{Catalogue, Field, Kind, Model, ModelId, OnDelete, Place, models};
use crate::engine::View;
use crate::error::{Code, Error, Result};

/// So many columns are shown at first.
const COLUMNS: usize = 6;

pub(super) fn models(view: &View<'_>, _model: ModelId, _args: &Args) -> Result<Reply> {
    let all = view.catalogue().ids().map(|id| describe(view, id));
    Ok(Reply::Value(all.collect()))
}

fn describe(view: &View<'_>, id: ModelId) -> Value {
    let (catalogue, model) = (view.catalogue(), view.catalogue().model(id));
    let owner = match &model.place {
        Place::Log { owner, owner_field, .. } => {
            json!({ "model": catalogue.model(*owner).name, "field": owner_field })
        }
        _ => Value::Null,
    };
    let is_log = !owner.is_null();
    json!({
        "name": model.name,
        "collection": model.collection,
        "doc": model.doc,
        "key": model.key,
        "keyIsPrivate": model.private.contains(&model.key),
        "place": place(model, catalogue),
        "owner": owner,
        "single": matches!(model.place, Place::Single { .. }),
        "readOnly": refusal(catalogue, id).is_err(),
        "count": if is_log { Value::Null } else { view.sizes(id).all().into() },
        "unreadable": if is_log { 0 } else { view.unreadable(id) },
        "nameField": name_field(model).map(|field| &field.name),
        "columns": columns(model),
        "sorted": sorted(model),
        "sealedAs": model.sealed_as,
        "payload": model.payload.as_ref().map(|payload| &payload.field),
        "fields": top_fields(catalogue, model),
    })
}

/// Refuses to change what only apps change, by their declarations.
///
/// # Errors
/// `READ_ONLY`.
pub(super) fn refusal(catalogue: &Catalogue, id: ModelId) -> Result<()> {
    if id != catalogue.declaring() {
        return Ok(());
    }
    let message = "declarations are changed by the app that declares them: see docs/collections.md";
    Err(Error::new(Code::ReadOnly, message).model(&catalogue.model(id).name))
}

/// Fields that only the store itself writes, though nobody else's record is theirs.
pub(super) fn is_kept_by_store(id: ModelId, field: &str) -> bool {
    id == models::SETTINGS && field == "encryption"
}

/// Where the records stand, for a person to read.
fn place(model: &Model, catalogue: &Catalogue) -> String {
    match &model.place {
        Place::Directory { dir } => format!("{dir}/{{{}}}.json", model.key),
        Place::Document { file, .. } | Place::Rows { file, .. } | Place::Single { file } => {
            file.clone()
        }
        Place::Owner { first, dir, .. } => format!("{first}, {dir}/{{{}}}.json", model.key),
        Place::Beside { of, .. } => place(catalogue.model(*of), catalogue),
        Place::Log { dir, owner_field, .. } => format!("{dir}/{{{owner_field}}}.jsonl"),
    }
}

/// What a list shows at first: the name, then what tells most in little room.
fn columns(model: &Model) -> Vec<&str> {
    let shown = |field: &&Field| field.name != model.key && !field.private;
    let of = |fits: fn(&Kind) -> bool, most: usize| {
        model.fields.iter().filter(shown).filter(move |field| fits(&field.kind)).take(most)
    };
    let name = name_field(model);
    let mut found: Vec<&str> = name.into_iter().map(|field| field.name.as_str()).collect();
    let parts = of(|kind| *kind == Kind::Text, 3)
        .chain(of(|kind| matches!(kind, Kind::Enum(_)), 1))
        .chain(of(|kind| matches!(kind, Kind::Integer | Kind::Number | Kind::Flag), 1))
        .chain(of(|kind| matches!(kind, Kind::Link(..)), 2));
    for field in parts {
        if found.len() < COLUMNS - 1 && !found.contains(&field.name.as_str()) {
            found.push(&field.name);
        }
    }
    let time = ["updatedAt", "createdAt", "expires", "expiresAt"];
    found.extend(time.into_iter().find(|name| model.field(name).is_some()));
    found
}

/// The fields by which lists of all records are kept in order.
fn sorted(model: &Model) -> Vec<&str> {
    let all = model.sortings.iter().filter(|sorting| sorting.under.is_empty());
    let times = model.times.fields().iter().filter(|name| **name == "createdAt").copied();
    all.map(|sorting| sorting.by.as_str()).chain(times).collect()
}

/// The fields of a model; one that refers by something else than the key is a text to whoever looks at it.
fn top_fields(catalogue: &Catalogue, model: &Model) -> Value {
    let mut all = fields(catalogue, &model.fields);
    for (field, told) in model.fields.iter().zip(all.as_array_mut().into_iter().flatten()) {
        if !is_by_key(model, &field.name) {
            told["kind"] = json!({ "is": "text" });
        }
    }
    all
}

/// Does a field, if it refers to something, do so by its key?
pub(super) fn is_by_key(model: &Model, field: &str) -> bool {
    let mut links = model.links.iter().filter(|link| link.path == [field]);
    links.all(|link| link.by.is_none())
}

fn fields(catalogue: &Catalogue, fields: &[Field]) -> Value {
    fields.iter().map(|field| describe_field(catalogue, field)).collect()
}

fn describe_field(catalogue: &Catalogue, field: &Field) -> Value {
    json!({
        "name": field.name,
        "kind": kind(catalogue, &field.kind),
        "optional": field.optional,
        "default": field.default.as_deref().and_then(|text| crate::json::parse(text).ok()),
        "given": field.derived || field.filled || field.lower_case_of.is_some(),
        "derived": field.derived,
        "private": field.private,
        "sealed": field.sealing.is_some(),
        "least": field.least,
        "most": field.most,
        "doc": field.doc,
    })
}

fn kind(catalogue: &Catalogue, kind_of: &Kind) -> Value {
    let plain = |word: &str| json!({ "is": word });
    match kind_of {
        Kind::Text => plain("text"),
        Kind::Id => plain("id"),
        Kind::Integer => plain("integer"),
        Kind::Number => plain("number"),
        Kind::Flag => plain("flag"),
        Kind::Time => plain("time"),
        Kind::Json | Kind::Any => plain("json"),
        Kind::Enum(words) => json!({ "is": "enum", "words": words }),
        Kind::Link(to, on_delete) => json!({
            "is": "link", "to": catalogue.model(*to).name, "onDelete": on_delete_word(*on_delete),
        }),
        Kind::List(inner) => json!({ "is": "list", "of": kind(catalogue, inner) }),
        Kind::Object(inner) => json!({ "is": "object", "fields": fields(catalogue, inner) }),
    }
}

fn on_delete_word(on_delete: OnDelete) -> &'static str {
    match on_delete {
        OnDelete::Cascade => "cascade",
        OnDelete::SetNull => "set null",
        OnDelete::Restrict => "restrict",
        OnDelete::NoAction => "nothing",
    }
}
