//! The calls on the rows of images and files.

use serde_json::Value;

use super::payloads;
use crate::calls::{Args, Call, Reply, payload, read, write};
use crate::catalogue::{Kind, Model, ModelId};
use crate::engine::{Tx, View};
use crate::error::{Error, Issue, Result};
use crate::json;

pub(crate) const CALLS: &[Call] = &[
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
    payload(
        "put",
        "source: ByteSource, data: BinaryPut",
        "$",
        "Stores bytes, once for each content, and creates their row.",
    ),
    payload(
        "read",
        "id: string",
        "Uint8Array | null",
        "The bytes of a row, checked; null for no row.",
    ),
    payload(
        "stream",
        "id: string, range?: ByteRange",
        "ByteStream | null",
        "The bytes of a row, or a range of them; null for no row.",
    ),
    payload(
        "pathOf",
        "id: string",
        "string | null",
        "The absolute path of a row's bytes, for reading only; null for no row.",
    ),
    read(
        "servingOf",
        "id: string",
        "Serving | null",
        "How a web server may give a row's bytes; SVG, HTML and the like only as a download.",
        payloads::serving_of,
    ),
    payload(
        "putDerived",
        "id: string, name: string, source: ByteSource",
        "boolean",
        "Stores a file beside a row's bytes, such as a thumbnail, in place of one with this name, at once and for good, in a transaction too; false for no row.",
    ),
    payload(
        "readDerived",
        "id: string, name: string",
        "Uint8Array | null",
        "A file beside a row's bytes; null when there is none.",
    ),
    payload(
        "streamDerived",
        "id: string, name: string, range?: ByteRange",
        "ByteStream | null",
        "A file beside a row's bytes, or a range of it; null when there is none.",
    ),
];

fn find_by_type(view: &View<'_>, model: ModelId, args: &Args<'_>) -> Result<Reply> {
    let kind = args.text(0)?;
    check_type(view.catalogue().model(model), kind)?;
    let mut rows = match args.optional_text(1)? {
        Some(user) => view.find(model, &["userId"], &[user])?,
        None => view.all(model)?,
    };
    rows.retain(|row| json::text_field(row.text(), "type").as_deref() == Some(kind));
    Ok(Reply::Records(rows))
}

/// Refuses a word that no row can have.
fn check_type(declared: &Model, word: &str) -> Result<()> {
    let words = match declared.field("type").map(|field| &field.kind) {
        Some(Kind::Enum(words)) if words.iter().all(|known| known != word) => words,
        _ => return Ok(()),
    };
    let came = json::describe(&Value::from(word));
    let issue = Issue::new("type", format!("one of {}", words.join(", ")), came);
    Err(Error::validation("Arguments", vec![issue]))
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
