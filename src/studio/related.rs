//! Who refers to a record: how many at once, and the records themselves a page at a time.

use serde_json::{Value, json};

use super::short::{self, model_of};
use crate::calls::{Args, Reply};
use crate::catalogue::{Access, Link, ModelId, Place, key_of};
use crate::engine::View;
use crate::error::{Error, Issue, Result};

/// Rows of a page, unless the request says how many; and at most.
const PAGE: u64 = 20;
const LARGEST: u64 = 500;

/// Every relation by which somebody refers to a record, with how many do.
pub(super) fn counts(view: &View<'_>, model: ModelId, key: &str, text: &str) -> Value {
    let links = view.catalogue().referrers(model).iter();
    let told = links.filter_map(|(from, number)| {
        let declared = view.catalogue().model(*from);
        let link = &declared.links[*number];
        if matches!(declared.place, Place::Log { .. }) {
            return None;
        }
        let index_key = key_of(&declared.indexes[link.index], &[&*link.value_in(key, text)?]);
        let count = view.sizes(*from).under(link.index, &index_key);
        Some(json!({ "model": declared.name, "path": link.path.join("."), "count": count }))
    });
    told.collect()
}

pub(super) fn page(view: &View<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    let (to, from) = (model_of(view, args.text("model")?)?, model_of(view, args.text("from")?)?);
    let declared = view.catalogue().model(from);
    let path = args.text("path")?;
    let named = |link: &&Link| link.to == to && link.path.join(".") == path;
    let fault =
        || Error::validation("Arguments", vec![Issue::new("path", "that of a relation", path)]);
    let link = declared.links.iter().find(named).ok_or_else(fault)?;
    let options = args.options("options")?;
    let number =
        |name: &str, usual: u64| options.get(name).and_then(Value::as_u64).unwrap_or(usual);
    let (skip, take) = (number("skip", 0), number("take", PAGE).min(LARGEST));
    let target = view.get(to, args.text("key")?)?;
    let value = target.as_ref().and_then(|target| link.value_in(target.key(), target.text()));
    let Some(value) = value else { return Ok(Reply::Value(json!({ "rows": [] }))) };
    let key = key_of(&declared.indexes[link.index], &[&*value]);
    let access = Access::by_creation_of(Some((link.index, key)));
    let whole = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let wanted = whole(skip).saturating_add(whole(take));
    let found = view.walk(from, &access, Some(wanted))?.skip(whole(skip)).take(whole(take));
    let rows = found.map(|record| short::row(view, declared, &[], &record));
    Ok(Reply::Value(json!({ "rows": rows.collect::<Result<Value>>()? })))
}
