//! The calls on the rows of images and files.

use super::args::Args;
use super::reply::Reply;
use super::{Call, read, write};
use crate::catalogue::ModelId;
use crate::engine::{Tx, View};
use crate::error::{Error, Issue, Result};
use crate::json;

/// What a row can be of.
const TYPES: &[&str] = &["image", "chat_file", "avatar"];

pub(super) const CALLS: &[Call] = &[
    read(
        "findByType",
        "type: Binary['type'], userId?: string",
        "Binary[]",
        "The rows of one kind.",
        find_by_type,
    ),
    read("findByChatId", "chatId: string", "Binary[]", "The rows of a chat.", find_by_chat),
    read(
        "findByMessageId",
        "messageId: string",
        "Binary[]",
        "The rows of a message.",
        find_by_message,
    ),
    read(
        "findBySha256",
        "sha256: string",
        "Binary[]",
        "The rows with one content.",
        find_by_sha256,
    ),
    write(
        "deleteBySha256",
        "sha256: string",
        "number",
        "Deletes the rows with one content; gives how many.",
        delete_by_sha256,
    ),
];

fn find_by_type(view: &View<'_>, model: ModelId, args: &Args<'_>) -> Result<Reply> {
    let kind = args.text(0)?;
    if !TYPES.contains(&kind) {
        let issue = Issue::new(
            "type",
            format!("one of {}", TYPES.join(", ")),
            json::describe(args.value(0)),
        );
        return Err(Error::validation("Arguments", vec![issue]));
    }
    let mut rows = match args.optional_text(1)? {
        Some(user) => view.find(model, &["userId"], &[user])?,
        None => view.all(model)?,
    };
    rows.retain(|row| json::text_field(row.text(), "type").as_deref() == Some(kind));
    Ok(Reply::Records(rows))
}

fn find_by_chat(view: &View<'_>, model: ModelId, args: &Args<'_>) -> Result<Reply> {
    Ok(Reply::Records(view.find(model, &["chatId"], &[args.text(0)?])?))
}

fn find_by_message(view: &View<'_>, model: ModelId, args: &Args<'_>) -> Result<Reply> {
    Ok(Reply::Records(view.find(model, &["messageId"], &[args.text(0)?])?))
}

fn find_by_sha256(view: &View<'_>, model: ModelId, args: &Args<'_>) -> Result<Reply> {
    Ok(Reply::Records(view.find(model, &["sha256"], &[args.text(0)?])?))
}

fn delete_by_sha256(tx: &mut Tx<'_>, model: ModelId, args: &Args<'_>) -> Result<Reply> {
    let rows = tx.view().find(model, &["sha256"], &[args.text(0)?])?;
    for row in &rows {
        tx.delete(model, row.key())?;
    }
    Ok(Reply::Count(rows.len()))
}
