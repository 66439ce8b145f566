//! The calls on the rows of images and files.

use serde_json::Value;

use super::payloads;
use crate::calls::{
    Args, Call, RECORDS, Reply, TEXT_OR_NULL, Type, object, owner, param, payload, read, text,
    write,
};
use crate::catalogue::{Kind, Model, ModelId};
use crate::engine::{Tx, View};
use crate::error::{Error, Issue, Result};
use crate::json;

pub(crate) const CALLS: &[Call] = &[
    read(
        "findByType",
        &[param("type", Type::Word("Binary", "type")), owner()],
        RECORDS,
        "The rows of one kind.",
        find_by_type,
    ),
    read("findByChatId", &[text("chatId")], RECORDS, "The rows of a chat.", find_by_chat),
    read(
        "findByMessageId",
        &[text("messageId")],
        RECORDS,
        "The rows of a message.",
        find_by_message,
    ),
    read("findBySha256", &[text("sha256")], RECORDS, "The rows with one content.", find_by_sha256),
    write(
        "deleteBySha256",
        &[text("sha256")],
        Type::Number,
        "Deletes the rows with one content; gives how many.",
        delete_by_sha256,
    ),
    payload(
        "put",
        &[object("source", "ByteSource"), object("data", "BinaryPut")],
        Type::Named("StoredBinary"),
        "Stores bytes, once for each content, and creates their row.",
    ),
    payload(
        "read",
        &[text("id")],
        Type::OrNull(&Type::Named("Uint8Array")),
        "The bytes of a row, checked; null for no row.",
    ),
    payload(
        "stream",
        &[text("id"), object("range", "ByteRange").optional()],
        Type::OrNull(&Type::Named("ByteStream")),
        "The bytes of a row, or a range of them; null for no row.",
    ),
    payload(
        "pathOf",
        &[text("id")],
        TEXT_OR_NULL,
        "The absolute path of a row's bytes, for reading only; null for no row.",
    ),
    read(
        "servingOf",
        &[text("id")],
        Type::OrNull(&Type::Named("Serving")),
        "How a web server may give a row's bytes; SVG, HTML and the like only as a download.",
        payloads::serving_of,
    ),
    payload(
        "putDerived",
        &[text("id"), text("name"), object("source", "ByteSource")],
        Type::Flag,
        "Stores a file beside a row's bytes, such as a thumbnail, in place of one with this name, at once and for good, in a transaction too; false for no row.",
    ),
    payload(
        "readDerived",
        &[text("id"), text("name")],
        Type::OrNull(&Type::Named("Uint8Array")),
        "A file beside a row's bytes; null when there is none.",
    ),
    payload(
        "streamDerived",
        &[text("id"), text("name"), object("range", "ByteRange").optional()],
        Type::OrNull(&Type::Named("ByteStream")),
        "A file beside a row's bytes, or a range of it; null when there is none.",
    ),
];

fn find_by_type(view: &View<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    let kind = args.text("type")?;
    check_type(view.catalogue().model(model), kind)?;
    let mut rows = match args.optional_text("userId")? {
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

fn find_by_chat(view: &View<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    Ok(Reply::Records(view.find(model, &["chatId"], &[args.text("chatId")?])?))
}

fn find_by_message(view: &View<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    Ok(Reply::Records(view.find(model, &["messageId"], &[args.text("messageId")?])?))
}

fn find_by_sha256(view: &View<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    Ok(Reply::Records(view.find(model, &["sha256"], &[args.text("sha256")?])?))
}

fn delete_by_sha256(tx: &mut Tx<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    let rows = tx.view().find(model, &["sha256"], &[args.text("sha256")?])?;
    for row in &rows {
        tx.delete(model, row.key())?;
    }
    Ok(Reply::Count(rows.len()))
}
