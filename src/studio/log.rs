//! Parts of logs, from their ends, and rows with a text in them.

use serde_json::{Value, json};

use super::list::Search;
use super::short::{cut, label, model_of};
use crate::calls::{Args, Reply};
use crate::catalogue::{ModelId, Place};
use crate::engine::{LogBound, LogQuery, View};
use crate::error::{Code, Error, Issue, Result};
use crate::json::{self, Object};

/// Rows of a part, unless the request says how many; and at most.
const PART: u64 = 50;
const LARGEST: u64 = 500;
/// So much of a long text of a row is given, in characters; the record itself has it whole.
const LONG: usize = 20_000;
/// A search stops after so many bytes of logs, or so many rows: whoever asks goes on from there.
const SEARCHED: u64 = 8 << 20;
const FOUND: usize = 20;

/// The log model that is asked about, and the model that owns its logs.
fn log_model(view: &View<'_>, args: &Args) -> Result<(ModelId, ModelId)> {
    let model = model_of(view, args.text("model")?)?;
    match &view.catalogue().model(model).place {
        Place::Log { owner, .. } => Ok((model, *owner)),
        _ => Err(Error::validation(
            "Arguments",
            vec![Issue::new("model", "one that is kept in logs", "another")],
        )),
    }
}

pub(super) fn part(view: &View<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    let (model, _) = log_model(view, args)?;
    let options = args.options("options")?;
    let bound = |name: &str| {
        let id = options.get(name).and_then(Value::as_str);
        id.map(|id| LogBound::Id(id.to_owned()))
    };
    let take = options.get("take").and_then(Value::as_u64).unwrap_or(PART).min(LARGEST);
    let take = usize::try_from(take).unwrap_or(usize::MAX);
    let query = LogQuery {
        // One more tells whether there is more.
        limit: Some(take + 1),
        before: bound("before"),
        after: bound("after"),
        ..LogQuery::default()
    };
    let is_forward = query.after.is_some();
    let mut rows = view.log(model, args.text("owner")?, &query)?;
    let more = rows.len() > take;
    if more {
        rows.remove(if is_forward { rows.len() - 1 } else { 0 });
    }
    let rows: Value = rows.iter().map(|row| shortened(row)).collect();
    Ok(Reply::Value(json!({ "rows": rows, "more": more })))
}

/// A row whose long texts are cut, with the lengths of those.
fn shortened(row: &str) -> Value {
    let mut map = json::parse_object(row).unwrap_or_default();
    let mut lengths = Object::new();
    for (name, value) in &mut map {
        let Value::String(text) = value else { continue };
        if let Some((end, _)) = text.char_indices().nth(LONG) {
            lengths.insert(name.clone(), text.chars().count().into());
            text.truncate(end);
        }
    }
    json!({ "row": map, "lengths": lengths })
}

pub(super) fn search(view: &View<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    let (model, owner_model) = log_model(view, args)?;
    let owners = view.all(owner_model)?;
    let from = args.value("from").as_u64().and_then(|from| usize::try_from(from).ok()).unwrap_or(0);
    let Some(search) = Search::of(args.text("text")?) else {
        return Ok(Reply::Value(json!({ "rows": [], "next": null })));
    };
    let (mut found, mut bytes) = (Vec::new(), 0);
    let mut next = from;
    // The newest first, for they are the likeliest to be looked for.
    for owner in owners.iter().rev().skip(from) {
        if found.len() >= FOUND || bytes >= SEARCHED {
            break;
        }
        next += 1;
        bytes += view.log_len(model, owner.key())?;
        let named = label(view.catalogue().model(owner_model), owner);
        let rows = match view.log(model, owner.key(), &LogQuery::default()) {
            // It is among the faults.
            Err(error) if error.code() == Code::Corrupt => continue,
            other => other?,
        };
        let fitting = rows.iter().filter(|row| search.finds(row)).take(FOUND);
        found.extend(fitting.map(|row| hit(row, owner.key(), &named)));
    }
    let next = (next < owners.len()).then_some(next);
    Ok(Reply::Value(json!({ "rows": found, "next": next, "of": owners.len() })))
}

fn hit(row: &str, owner: &str, named: &str) -> Value {
    let text = |name| json::text_field(row, name).unwrap_or_default();
    json!({
        "key": text("id"), "owner": owner, "ownerLabel": named,
        "label": cut(&text("content")), "at": text("createdAt"),
    })
}
