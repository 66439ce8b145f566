//! Rows and the bytes that they stand for: what a row says of them, and how they may be served.

use std::sync::Arc;

use serde_json::{Value, json};

use super::rules;
use crate::calls::{Args, Reply};
use crate::catalogue::{ModelId, models};
use crate::engine::{Arrived, Record, Tx, View};
use crate::error::{Error, Issue, Result};
use crate::json::{self, Object};

/// What a browser shows without running anything. All else is a download.
const INLINE: &[&str] = &[
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "image/avif",
    "image/bmp",
    "image/vnd.microsoft.icon",
    "audio/mpeg",
    "audio/m4a",
    "audio/mp4",
    "audio/ogg",
    "audio/x-flac",
    "audio/x-wav",
    "audio/wav",
    "video/mp4",
    "video/webm",
    "video/quicktime",
];
/// Kinds whose files all begin with a mark of their own: who claims one without it is not
/// believed.
const MARKED: &[&str] = &["image/", "audio/", "video/", "font/"];
const UNKNOWN: &str = "application/octet-stream";

/// Where the bytes of a row are.
pub(crate) struct Where {
    pub(crate) sha256: String,
    pub(crate) size: Option<u64>,
}

/// Where the bytes of a row are; `None` when there is no such row.
///
/// # Errors
/// `CORRUPT` when the row cannot be read.
pub(crate) fn locate(view: &View<'_>, id: &str) -> Result<Option<Where>> {
    let row = view.get(models::BINARY, id)?;
    Ok(row.map(|row| {
        let sha256 = json::text_field(row.text(), "sha256").unwrap_or_default().into_owned();
        Where { sha256, size: row.map().get("size").and_then(Value::as_u64) }
    }))
}

/// Creates the row of bytes that have arrived, and puts them in their place; `name` is what
/// their source is called, where it has a name.
///
/// # Errors
/// Those of creating a record, and those of the disk.
pub(crate) fn put(
    tx: &mut Tx<'_>,
    data: &str,
    arrived: &Arrived,
    name: Option<&str>,
) -> Result<Arc<Record>> {
    let Ok(Value::Object(mut row)) = json::parse(data) else {
        let issue = Issue::new("data", "an object", "something else");
        return Err(Error::validation("Arguments", vec![issue]));
    };
    check_claims(&row, arrived)?;
    if let Some(payload) = tx.catalogue().model(models::BINARY).payload.as_ref() {
        row.insert("relativePath".to_owned(), payload.file_of(&arrived.sha256).into());
    }
    describe(&mut row, arrived, name);
    let record = rules::create_vouched(tx, models::BINARY, row)?;
    tx.place_payload(arrived)?;
    Ok(record)
}

/// Who says what the content is must be right: it may have been cut on the way.
fn check_claims(row: &Object, arrived: &Arrived) -> Result<()> {
    let is = [("sha256", Value::from(arrived.sha256.as_str())), ("size", arrived.size.into())];
    let wrong = is.iter().filter_map(|(field, value)| {
        let claim = row.get(*field).filter(|claim| !claim.is_null() && *claim != value)?;
        Some(Issue::new(*field, format!("{value}, as the bytes have it"), json::describe(claim)))
    });
    let issues: Vec<Issue> = wrong.collect();
    if issues.is_empty() { Ok(()) } else { Err(Error::validation("Binary", issues)) }
}

fn describe(row: &mut Object, arrived: &Arrived, name: Option<&str>) {
    let mime = mime_type(row.get("mimeType").and_then(Value::as_str), arrived);
    let is_image = mime.starts_with("image/");
    let set = |row: &mut Object, key: &str, value: Value| {
        row.insert(key.to_owned(), value);
    };
    if !row.contains_key("type") {
        set(row, "type", if is_image { "image" } else { "chat_file" }.into());
    }
    if !row.contains_key("filename") {
        set(row, "filename", name.unwrap_or(&arrived.sha256[..12]).into());
    }
    set(row, "sha256", arrived.sha256.as_str().into());
    set(row, "size", arrived.size.into());
    set(row, "mimeType", mime.into());
    for key in ["width", "height"] {
        row.shift_remove(key);
    }
    if let Some((width, height)) = arrived.dimensions {
        set(row, "width", width.into());
        set(row, "height", height.into());
    }
}

/// What the bytes say that they are; where they say nothing, what the caller says, unless the
/// bytes would then have had to say it.
fn mime_type(claim: Option<&str>, arrived: &Arrived) -> String {
    if let Some(mime) = arrived.mime_type {
        return mime.to_owned();
    }
    let claim = claim.map(str::trim).map(str::to_ascii_lowercase);
    let bare = |claim: &String| claim.split(';').next().unwrap_or_default().trim().to_owned();
    let claim = claim.map(|claim| bare(&claim));
    let marked = |claim: &String| MARKED.iter().any(|kind| claim.starts_with(kind));
    match claim.filter(|claim| is_mime_type(claim) && !marked(claim)) {
        Some(claim) => claim,
        None if arrived.is_text && arrived.size > 0 => "text/plain".to_owned(),
        None => UNKNOWN.to_owned(),
    }
}

fn is_mime_type(text: &str) -> bool {
    let token = |part: &str| {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&b);
        (1..=64).contains(&part.len()) && part.bytes().all(allowed)
    };
    text.split_once('/').is_some_and(|(kind, sub)| token(kind) && token(sub))
}

/// Puts a derived file beside the bytes of a row; `false` when there is no such row.
///
/// # Errors
/// `VALIDATION` for a name that is none, `CORRUPT` when the bytes are missing, those of the disk.
pub(crate) fn derive(tx: &mut Tx<'_>, id: &str, name: &str, file: &Arrived) -> Result<bool> {
    let Some(at) = locate(&tx.view(), id)? else { return Ok(false) };
    tx.place_derived(&at.sha256, name, file)?;
    Ok(true)
}

/// What a web server may say of a row's bytes. Nothing of it relies on the bytes being what the
/// row says: a browser that is told `nosniff` shows them as that, or not at all.
pub(super) fn serving_of(view: &View<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    let Some(row) = view.get(model, args.text("id")?)? else { return Ok(Reply::Record(None)) };
    let row = row.map();
    let text = |key: &str| row.get(key).and_then(Value::as_str).unwrap_or_default();
    let mime = text("mimeType").to_ascii_lowercase();
    let mime = if is_mime_type(&mime) { mime.as_str() } else { UNKNOWN };
    let safe = INLINE.contains(&mime);
    let disposition = if safe { "inline" } else { "attachment" };
    let name = encoded(text("filename"));
    Ok(Reply::Value(json!({
        "inlineSafe": safe,
        "contentType": mime,
        "contentLength": row.get("size"),
        "disposition": disposition,
        "headers": {
            "content-type": mime,
            "content-disposition": format!("{disposition}; filename*=UTF-8''{name}"),
            "x-content-type-options": "nosniff",
            "content-security-policy": "default-src 'none'; sandbox",
            "etag": format!("\"{}\"", encoded(text("sha256"))),
        },
    })))
}

/// A file's name in a header: RFC 8187.
fn encoded(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    name.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
