//! The calls on tags.

use serde_json::Value;

use crate::calls::{Args, Call, RECORD_OR_NULL, Reply, read, text};
use crate::catalogue::ModelId;
use crate::engine::View;
use crate::error::Result;

pub(crate) const CALLS: &[Call] = &[read(
    "findByName",
    &[text("userId"), text("name")],
    RECORD_OR_NULL,
    "A user's tag with this name, compared without case.",
    find_by_name,
)];

fn find_by_name(view: &View<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    let (user, name) = (args.text("userId")?, args.text("name")?.to_lowercase());
    let mut tags = view.find(model, &["userId"], &[user])?;
    tags.retain(|tag| {
        let map = tag.map();
        let is = |field: &str| {
            map.get(field).and_then(Value::as_str).is_some_and(|t| t.to_lowercase() == name)
        };
        is("nameLower") || is("name")
    });
    Ok(Reply::Record(tags.into_iter().next()))
}
